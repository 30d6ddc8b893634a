//! The read-out line: what the colours stand for at its left, what is under the pointer, in words, at its right.

use crate::app::{Guide, Show};
use crate::trace::Depth;
use crate::ui::{
    blocks::filters_of,
    theme::{self, space},
    view::{Legend, View},
    widgets::legend::{paint_legend, scale_ui, wedge_width},
};
use egui::{
    Align, Align2, Color32, Label, Layout, Popup, Rect, Role, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};

/// The length of a legend's bar where there is room, and where there is not.
const BARS: [f32; 2] = [96.0, 70.0];
/// The height of a bar.
const BAR: f32 = 12.0;

/// What the line leaves out for want of room, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fold {
    Nothing,
    /// The words behind the legends.
    Words,
    /// The second half of the read-out; bars are shorter.
    Rest,
    /// The legends.
    Legends,
}

/// Draws the read-out line: the legends at the left, what is under the pointer or the newcomer's hint at the
/// right.
pub fn readout_ui(ui: &mut Ui, view: &View) {
    let rect = ui.max_rect();
    let (front, mut rest) = match view.room.is_picture {
        // Nothing is under a pointer, and there is nothing to click.
        true => Default::default(),
        false => view.reads_out(),
    };
    if front.is_empty() && rest.is_empty() {
        rest = guide(view);
    }
    let legends = view.legends();
    let width = |fold: Fold| {
        let rest = if fold < Fold::Rest || front.is_empty() { rest.as_str() } else { "" };
        let words = ui.painter().layout_job(job(view, &front, rest)).size().x;
        let legends = legends.iter().map(|legend| legend_width(ui, legend, fold) + space::L).sum::<f32>();
        words + if fold < Fold::Legends { legends } else { 0.0 }
    };
    let folds = [Fold::Nothing, Fold::Words, Fold::Rest];
    let fold = folds.into_iter().find(|&fold| width(fold) <= rect.width()).unwrap_or(Fold::Legends);
    let mut left = rect.left();
    if fold < Fold::Legends {
        for (number, legend) in legends.iter().enumerate() {
            let at = Rect::from_min_max(pos2(left, rect.top()), rect.max);
            left += legend_ui(ui, view, number, legend, at, fold) + space::L;
        }
    }
    let words = Rect::from_min_max(pos2(left, rect.top()), rect.max);
    let layout = Layout::right_to_left(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(words).layout(layout), |ui| {
        let rest = if fold < Fold::Rest || front.is_empty() { rest.as_str() } else { "" };
        ui.add(Label::new(job(view, &front, rest)).truncate());
    });
}

/// The hint of what to do next for a newcomer, while nothing is under the pointer.
fn guide(view: &View) -> String {
    let depth = Depth::new(&view.state.look());
    if view.state.lesson().is_some_and(|lesson| lesson.is_experiment()) {
        return String::new();
    }
    match view.state.view().guide {
        Guide::Point if depth == Depth::Layer => view.text(guide_of_layer(view)),
        Guide::Point if depth < Depth::Layer => view.text("guide.point"),
        Guide::Step => view.text("guide.step"),
        Guide::Point | Guide::Done => String::new(),
    }
}

/// The hint for a layer, by what is shown of it: filters, neurons or maps.
fn guide_of_layer(view: &View) -> &'static str {
    let (plan, look) = (view.state.plan(), view.state.look());
    let Some((tensor, ..)) = view.state.trace().tensor_cell(&look.whole_cell()) else { return "guide.point" };
    let has_filters = filters_of(view, &look).is_some();
    match (has_filters && view.state.view().show == Show::Filters, plan.shape_of(tensor).plane()) {
        (true, _) => "guide.point_filter",
        (false, 1) => "guide.point_neuron",
        (false, _) => "guide.point",
    }
}

/// The half-bold front and the rest as one line.
pub fn job(view: &View, front: &str, rest: &str) -> LayoutJob {
    let mut job = LayoutJob::default();
    let format = |font_id, color| TextFormat { font_id, color, ..TextFormat::default() };
    job.append(front, 0.0, format(theme::strong_font(), view.theme.text_strong));
    if !rest.is_empty() {
        let gap = if front.is_empty() { 0.0 } else { space::S };
        job.append(rest, gap, format(theme::body_font(), view.theme.text));
    }
    job
}

fn bar_length(fold: Fold) -> f32 {
    BARS[usize::from(fold >= Fold::Rest)]
}

/// The texts of a legend before and behind its bar.
fn texts(legend: &Legend, fold: Fold) -> [String; 2] {
    let (name, [least, most]) = (&legend.name.0, &legend.ends);
    let front = if name.is_empty() { least.clone() } else { format!("{name} {least}") };
    let has_words = fold < Fold::Words && !legend.words.is_empty();
    let back = match (most.is_empty(), has_words) {
        (_, false) => most.clone(),
        (true, true) => legend.words.clone(),
        (false, true) => format!("{most} · {}", legend.words),
    };
    [front, back]
}

fn legend_width(ui: &Ui, legend: &Legend, fold: Fold) -> f32 {
    let width =
        |text: String| ui.painter().layout_no_wrap(text, theme::small_font(), Color32::PLACEHOLDER).size().x;
    let words: f32 = texts(legend, fold).into_iter().map(width).sum();
    words + bar_length(fold) + 2.0 * space::XS + wedge_width(legend)
}

/// Draws a legend at the left of a rectangle and answers its width; a click offers the scale of the colours.
fn legend_ui(ui: &mut Ui, view: &View, number: usize, legend: &Legend, rect: Rect, fold: Fold) -> f32 {
    let theme = view.theme;
    let whole = Rect::from_min_size(rect.min, vec2(legend_width(ui, legend, fold), rect.height()));
    let response = ui.interact(whole, ui.scope_id().with(("legend", number)), Sense::click());
    let [front, back] = texts(legend, fold);
    let full = texts(legend, Fold::Nothing).join(" … ");
    let name = view.fill("readout.colours", &[("legend", full.trim())]);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let painter = ui.painter();
    let color = legend.name.1.map_or(theme.text_weak, |pass| theme.pass(pass).strong);
    let y = rect.center().y;
    let font = theme::small_font();
    let taken = painter.text(pos2(rect.left(), y), Align2::LEFT_CENTER, front, font.clone(), color);
    let bar =
        Rect::from_min_size(pos2(taken.right() + space::XS, y - 0.5 * BAR), vec2(bar_length(fold), BAR));
    paint_legend(painter, view, legend, bar);
    let right = bar.right() + wedge_width(legend);
    painter.text(pos2(right + space::XS, y), Align2::LEFT_CENTER, back, font, theme.text_weak);
    if response.hovered() || response.has_focus() {
        painter.hline(whole.x_range(), y + 10.0, Stroke::new(1.0, theme.line_strong));
    }
    let response = response.on_hover_text(view.text("readout.colours_tip"));
    Popup::menu(&response).show(|ui| scale_ui(ui, view));
    whole.width()
}
