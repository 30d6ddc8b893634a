//! The text of a close-up: the equation line and the line of legends.

use crate::trace::{Equation, Step, TermOp};
use crate::ui::{
    fonts, number,
    theme::{self, space, text_size},
    view::{Legend, View},
    widgets::{
        flow::small_width,
        legend::{paint_legend, scale_ui, wedge_width},
    },
};
use egui::{Align2, Color32, FontId, Galley, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// The text of a close-up: its equations, sentences and legends.
#[derive(Default)]
pub(super) struct Caption {
    /// The name before the equation, where the step is a mere copy.
    pub(super) name: String,
    /// The current cell or term in numbers; the first that fits.
    pub(super) equations: Vec<Equation>,
    /// Sentences on it: the first stands at the equation's end, the others with the legends; or all in the panel "Why?".
    pub(super) words: Vec<String>,
    /// The meaning of the colours.
    pub(super) legends: Vec<Legend>,
    /// The first sentence never has a line of its own: how the stage is laid out depends on it.
    pub(super) in_line: bool,
}

impl Caption {
    /// The caption for the last of a cell's done steps.
    pub(super) fn from_steps(view: &View, steps: &[Step]) -> Self {
        let Some(step) = steps.last() else { return Self::default() };
        let equation = Equation::from_step(step, view.state.view().digits.count());
        let is_copy = step.term.op == TermOp::Set;
        let name = if is_copy { crate::ui::names::cell(view, &step.address) } else { String::new() };
        Self { name, equations: vec![equation], ..Self::default() }
    }

    /// Adds sentences; drops empty ones.
    pub(super) fn with_words(mut self, words: impl IntoIterator<Item = String>) -> Self {
        self.words.extend(words.into_iter().filter(|words| !words.is_empty()));
        self
    }

    /// The sentences that stand below the stage: none where the panel "Why?" has them.
    pub(super) fn words_below(&self, view: &View) -> &[String] {
        if super::has_captions_beside(view) { &[] } else { &self.words }
    }

    /// Adds legends, one for each mapping.
    pub(super) fn with_legends(mut self, legends: impl IntoIterator<Item = Legend>) -> Self {
        for legend in legends {
            if !self.legends.iter().any(|kept| kept.mapping == legend.mapping || kept.name == legend.name) {
                self.legends.push(legend);
            }
        }
        self
    }
}

fn galley(ui: &Ui, text: &str, font: FontId) -> Arc<Galley> {
    ui.fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER))
}

/// The first sentence where it is too long for the end of the equation's line, and the stage has a line for it.
pub(super) fn long_words<'c>(ui: &Ui, view: &View, caption: &'c Caption) -> Option<&'c String> {
    let stage = view.room.stage;
    let is_short = |words: &String| words_width(ui, words) <= 0.6 * stage.width();
    let words = caption.words_below(view).first().filter(|words| !is_short(words));
    words.filter(|_| !caption.in_line && stage.height() >= LOW)
}

/// The least height of a stage that has a line for a sentence.
pub(super) const LOW: f32 = 300.0;

/// The width of a sentence at the end of a line.
fn words_width(ui: &Ui, text: &str) -> f32 {
    galley(ui, text, FontId::proportional(text_size::BODY)).size().x
}

/// Draws the equation into the remaining room, its result half-bold, and its meaning at the right end.
pub(super) fn equation_ui(ui: &mut Ui, view: &View, caption: &Caption) {
    let theme = view.theme;
    let rect = ui.max_rect();
    let size = text_size::equation(super::is_presenting(view));
    let (plain, strong) = (FontId::proportional(size), FontId::new(size, fonts::strong()));
    let drawn = |equation: &Equation| {
        let left = if caption.name.is_empty() { &equation.left } else { &caption.name };
        [
            galley(ui, left, plain.clone()),
            galley(ui, equation.sign(), plain.clone()),
            galley(ui, &equation.right, strong.clone()),
        ]
    };
    let width = |galleys: &[Arc<Galley>; 3]| {
        galleys.iter().map(|galley| galley.size().x).sum::<f32>() + 2.0 * space::S
    };
    let lines: Vec<_> = caption.equations.iter().map(|equation| (equation, drawn(equation))).collect();
    let fitting = lines.iter().find(|(_, galleys)| width(galleys) <= rect.width()).or(lines.last());
    let mut right = rect.left();
    if let Some((equation, galleys)) = fitting {
        let is_short = width(galleys) > rect.width();
        for (galley, ink) in galleys.iter().zip([theme.text, theme.text_weak, theme.text_strong]) {
            if is_short && !Arc::ptr_eq(galley, &galleys[2]) {
                continue;
            }
            let at = pos2(right, rect.center().y - 0.5 * galley.size().y).round();
            ui.painter().galley(at, galley.clone(), ink);
            right += galley.size().x + space::S;
        }
        let spoken = format!("{} {} {}", equation.left, equation.sign(), equation.right);
        let area = Rect::from_min_max(rect.min, pos2(right.min(rect.right()), rect.bottom()));
        let answer = ui.interact(area, ui.scope_id().with("equation"), Sense::hover());
        answer.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    }
    if let Some(words) = caption.words_below(view).first()
        && long_words(ui, view, caption).is_none()
    {
        words_ui(ui, view, words, rect, right + space::L);
    }
}

/// A sentence at the right end of a line; left out, but spoken, where it does not fit.
fn words_ui(ui: &mut Ui, view: &View, words: &str, rect: Rect, from: f32) -> f32 {
    let galley = galley(ui, words, FontId::proportional(text_size::BODY));
    let left = rect.right() - galley.size().x;
    let fits = left >= from;
    if fits {
        let at = pos2(left, rect.center().y - 0.5 * galley.size().y).round();
        ui.painter().galley(at, galley, view.theme.text_weak);
    }
    let left = if fits { left } else { rect.right() };
    let area = Rect::from_min_max(pos2(left.min(rect.right() - 1.0), rect.top()), rect.max);
    let answer = ui.interact(area, ui.scope_id().with(("words", words)), Sense::hover());
    answer.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    left
}

/// The width of a legend's bar.
const BAR: f32 = 84.0;

/// How wide a legend is, without the words behind it.
fn legend_width(ui: &Ui, legend: &Legend) -> f32 {
    let texts = [&legend.name.0, &legend.ends[0], &legend.ends[1]].map(|text| small_width(ui, text));
    texts.iter().sum::<f32>() + BAR + 3.0 * 6.0 + wedge_width(legend) + 18.0
}

/// Draws as many legends as fit on one line, then the list of all with the choice of the scale, then further sentences.
pub(super) fn legends_ui(ui: &mut Ui, view: &View, caption: &Caption) {
    let rect = ui.max_rect();
    let button = match view.room.is_picture {
        true => 0.0,
        false => galley(ui, &colours(view), FontId::proportional(text_size::SMALL)).size().x + 30.0,
    };
    let mut x = rect.left();
    for legend in &caption.legends {
        let width = legend_width(ui, legend);
        if x + width + button > rect.right() {
            break;
        }
        legend_ui(ui, view, legend, Rect::from_min_size(pos2(x, rect.top()), vec2(width, rect.height())));
        x += width;
    }
    let at = Rect::from_min_size(pos2(x, rect.top()), vec2(button, rect.height()));
    if !view.room.is_picture {
        colours_ui(ui, view, caption, at);
    }
    let mut right = rect;
    for words in caption.words_below(view).iter().skip(1) {
        let left = words_ui(ui, view, words, right, at.right() + space::L);
        if left < right.right() {
            right.max.x = left - space::L;
        }
    }
}

/// `Colours ▾`.
fn colours(view: &View) -> String {
    format!("{} ▾", view.text("closeup.colours"))
}

/// One legend in a line: name, least, bar, largest; and what lies beyond it where there is room.
fn legend_ui(ui: &mut Ui, view: &View, legend: &Legend, rect: Rect) {
    let (theme, mapping, middle) = (view.theme, &legend.mapping, rect.center().y);
    let legend = &view.covered(legend);
    let (name, [least, largest]) = (&legend.name.0, &legend.ends);
    let mut x = rect.left();
    let put = |ui: &Ui, x: f32, text: &str| {
        let galley = galley(ui, text, theme::small_font());
        let width = galley.size().x;
        ui.painter().galley(pos2(x, middle - 0.5 * galley.size().y).round(), galley, theme.text_weak);
        width + 6.0
    };
    x += put(ui, x, name);
    x += put(ui, x, least);
    let bar = Rect::from_min_size(pos2(x, middle - 6.0), vec2(BAR, 12.0));
    paint_legend(ui.painter(), view, legend, bar);
    x = bar.right() + 6.0 + wedge_width(legend);
    x += put(ui, x, largest);
    if x + small_width(ui, &legend.words) <= rect.right() {
        put(ui, x, &legend.words);
    }
    let log = if mapping.log { format!(" ({})", view.text("readout.log")) } else { String::new() };
    let words = format!("{name}: {least} … {largest}{log} {}", legend.words);
    let answer = ui.interact(rect, ui.scope_id().with(("legend", name)), Sense::hover());
    answer.widget_info(|| WidgetInfo::labeled(Role::Image, true, words.trim()));
    if let Some(pos) = answer.hover_pos().filter(|&pos| bar.contains(pos)) {
        let value = mapping.value_at((pos.x - bar.left()) / BAR);
        answer.on_hover_text_at_pointer(number::four_digits(value));
    }
}

/// All legends below one another, and over which values the colours stretch.
pub(super) fn colours_ui(ui: &mut Ui, view: &View, caption: &Caption, rect: Rect) {
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect).id_salt("colours"));
    child.spacing_mut().button_padding = vec2(6.0, 2.0);
    child.spacing_mut().interact_size.y = rect.height().min(24.0);
    let words = egui::RichText::new(colours(view)).font(theme::small_font());
    let menu = egui::containers::menu::MenuButton::new(words).ui(&mut child, |ui| {
        for legend in &caption.legends {
            let width = legend_width(ui, legend) + small_width(ui, &legend.words);
            let (rect, _) = ui.allocate_exact_size(vec2(width, 24.0), Sense::hover());
            legend_ui(ui, view, legend, rect);
        }
        ui.separator();
        scale_ui(ui, view);
    });
    let name = view.text("closeup.colours");
    menu.0.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
}

/// A sentence over its whole width, wrapped, at the bottom of a rectangle; returns the rectangle above it.
pub(super) fn note_ui(ui: &mut Ui, view: &View, words: &str, rect: Rect) -> Rect {
    let font = FontId::proportional(text_size::BODY);
    let galley =
        ui.fonts_mut(|fonts| fonts.layout(words.to_owned(), font, Color32::PLACEHOLDER, rect.width()));
    let at = Align2::LEFT_BOTTOM.anchor_size(rect.left_bottom(), galley.size()).min.round();
    ui.painter().galley(at, galley, view.theme.text_weak);
    rect.with_max_y(at.y - space::S)
}
