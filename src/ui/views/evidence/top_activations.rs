//! The pictures of the data that excite a unit most, each with the patch that does, framed and enlarged; a click steps
//! through one.

use super::push;
use crate::app::{Action, ActivationSearch, AttributionAction, DataAction, JobKind, set_to_search};
use crate::attribution::{TopActivation, Unit};
use crate::data::{Dataset, Split};
use crate::ui::{
    names, number, theme,
    theme::space,
    view::View,
    widgets::thumbnail::{Budget, Thumbnail, from_example},
};
use egui::{
    Align, Button, Color32, Id, ProgressBar, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

/// The least and the greatest side of a picture, in points.
const SIDE: [f32; 2] = [72.0, 140.0];

/// The button that begins.
pub fn button_ui(ui: &mut Ui, view: &View) {
    let (data, part) = set_to_search(view.state);
    let tip = view.fill("evidence.top_tip", &[("set", &set(view, &data)), ("part", &part_name(view, part))]);
    if ui.add(Button::new(view.text("evidence.top"))).on_hover_text(tip).clicked() {
        push(view, AttributionAction::Search);
        ui.data_mut(|data| data.insert_temp(asked(), true));
    }
}

/// Under this id egui's memory holds whether the page scrolls to the results.
fn asked() -> Id {
    Id::unique("number of top activations")
}

fn set(view: &View, data: &Dataset) -> String {
    match data.generator() {
        Some(generated) => view.text(&format!("data.{}", generated.name())),
        None => data.name().to_owned(),
    }
}

fn part_name(view: &View, part: Split) -> String {
    view.text(&format!("evidence.top_{}", part.name()))
}

/// Draws what has been found, where there was a search.
pub fn top_activations_ui(ui: &mut Ui, view: &View) {
    let Some(search) = &view.state.attribution().search else { return };
    ui.add_space(space::M);
    if ui.data_mut(|data| data.remove_temp::<bool>(asked())).is_some() {
        ui.scroll_to_cursor(Some(Align::TOP));
    }
    let unit = names::unit(view, search.unit);
    ui.label(RichText::new(view.fill("evidence.top_title", &[("unit", &unit)])).font(theme::strong_font()));
    state_ui(ui, view, search);
    if search.best().is_empty() && !is_running(view) {
        ui.label(view.text("evidence.top_none"));
        return;
    }
    tiles_ui(ui, view, search);
    let key = match search.unit {
        Unit::Score(_) | Unit::Probability(_) => "evidence.top_whole",
        Unit::Channel { .. } => "evidence.top_map",
        Unit::Cell { .. } => "evidence.top_cell",
    };
    let words = format!("{} {}", view.text(key), view.text("evidence.top_click"));
    ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.text_weak));
    let source = view.fill("evidence.source", &[("source", "Zeiler & Fergus 2014, section 4")]);
    ui.label(RichText::new(source).font(theme::small_font()).color(view.theme.text_weak));
}

/// Whether a search is running.
fn is_running(view: &View) -> bool {
    view.state.jobs().of_kind(JobKind::TopActivations).is_some()
}

/// How far it is, and whether that is still what is asked for.
fn state_ui(ui: &mut Ui, view: &View, search: &ActivationSearch) {
    let (done, all) = (search.seen().to_string(), search.all.to_string());
    let (set, part) = (set(view, &search.data), part_name(view, search.part));
    let parts = [("done", done.as_str()), ("all", &all), ("set", &set), ("part", &part)];
    let words = view.fill("evidence.top_progress", &parts);
    let is_stale = search.is_stale(view.state);
    ui.horizontal_wrapped(|ui| {
        if is_running(view) {
            let share = search.seen() as f32 / search.all.max(1) as f32;
            let bar = ui.add(ProgressBar::new(share).desired_width(160.0));
            bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, &words));
            if ui.button(view.text("evidence.top_stop")).clicked() {
                view.push(Action::Cancel(JobKind::TopActivations));
            }
        }
        ui.label(RichText::new(&words).color(view.theme.text_weak));
        let is_broken_off = !is_running(view) && search.seen() < search.all;
        if (is_stale || is_broken_off) && ui.button(view.text("evidence.top_again")).clicked() {
            push(view, AttributionAction::Search);
        }
    });
    if let Some(error) = &search.error {
        ui.label(RichText::new(format!("✗ {error}")).color(view.theme.bad));
    }
    if is_stale {
        let words = format!("! {}", view.text("evidence.top_stale"));
        ui.label(RichText::new(words).color(view.theme.warn));
    }
}

/// How the tiles stand.
struct Layout {
    columns: usize,
    side: f32,
    /// The patch stands beside the picture: it is not the whole of it.
    has_patches: bool,
}

impl Layout {
    fn new(ui: &Ui, search: &ActivationSearch) -> Self {
        // Nine in rows that are full, or all but one.
        const COLUMNS: [usize; 5] = [9, 5, 3, 2, 1];
        let [_, h, w] = search.data.shape();
        let has_patches = match search.unit {
            Unit::Score(_) | Unit::Probability(_) => false,
            Unit::Channel { .. } | Unit::Cell { .. } => {
                let best = search.best();
                best.is_empty() || best.iter().any(|excited| excited.patch.size != [h, w])
            }
        };
        // Beside the bar that scrolls.
        let room = ui.available_width() - 10.0;
        let side = |columns: usize| {
            let tile = (room + space::M) / columns as f32 - space::M;
            (if has_patches { (tile - space::XS) / 2.0 } else { tile }).floor()
        };
        let columns = COLUMNS.into_iter().find(|&columns| side(columns) >= SIDE[0]).unwrap_or(1);
        Self { columns, side: side(columns).clamp(SIDE[0], SIDE[1]), has_patches }
    }

    fn tile(&self) -> Vec2 {
        let row = theme::text_size::SMALL + space::XS;
        if self.has_patches {
            vec2(2.0 * self.side + space::XS, self.side + row)
        } else {
            vec2(self.side, self.side + 2.0 * row)
        }
    }
}

fn tiles_ui(ui: &mut Ui, view: &View, search: &ActivationSearch) {
    let layout = Layout::new(ui, search);
    let mut budget = Budget::for_one_frame();
    let is_stale = search.is_stale(view.state);
    ui.spacing_mut().item_spacing = vec2(space::M, space::S);
    // While it runs there is room for all that it may find, so that nothing below jumps.
    let found = search.best();
    let places = if is_running(view) { ActivationSearch::KEPT.min(search.all as usize) } else { found.len() };
    for first in (0..places).step_by(layout.columns) {
        ui.horizontal(|ui| {
            for k in first..(first + layout.columns).min(places) {
                match found.get(k) {
                    Some(excited) => tile_ui(ui, view, search, excited, &layout, is_stale, &mut budget),
                    None => waiting_ui(ui, view, &layout),
                }
            }
        });
    }
}

/// The place of a picture that has not been found.
fn waiting_ui(ui: &mut Ui, view: &View, layout: &Layout) {
    let (rect, _) = ui.allocate_exact_size(layout.tile(), Sense::hover());
    ui.painter().rect_filled(rect.with_max_y(rect.top() + layout.side), 0.0, view.theme.hatch_ground);
}

fn tile_ui(
    ui: &mut Ui,
    view: &View,
    search: &ActivationSearch,
    excited: &TopActivation,
    layout: &Layout,
    is_stale: bool,
    budget: &mut Budget,
) {
    let ActivationSearch { data, part, .. } = search;
    let thumbnail = from_example(ui.ctx(), data, *part, (excited.index, search.shuffle()), budget);
    let class = thumbnail.as_ref().and_then(|thumbnail| thumbnail.class);
    let name = class.and_then(|class| names::class_in(view.words, data.classes(), class)).unwrap_or_default();
    let value = number::four_digits(excited.value);
    let span =
        |d: usize| format!("{}–{}", excited.patch.at[d], excited.patch.at[d] + excited.patch.size[d] - 1);
    let (index, rows, columns) = (excited.index.to_string(), span(0), span(1));
    let parts =
        [("n", index.as_str()), ("class", &name), ("value", &value), ("rows", &rows), ("columns", &columns)];
    let words = view.fill("evidence.top_one", &parts);

    let (rect, response) = ui.allocate_exact_size(layout.tile(), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    if ui.is_rect_visible(rect) {
        let square = Rect::from_min_size(rect.min, Vec2::splat(layout.side));
        let beside = square.translate(vec2(layout.side + space::XS, 0.0));
        match &thumbnail {
            Some(thumbnail) => pictures_ui(ui, view, search, excited, layout, thumbnail, [square, beside]),
            None => {
                ui.painter().rect_filled(square, 0.0, view.theme.hatch_ground);
            }
        }
        if is_stale {
            let tint = view.theme.stale_tint.gamma_multiply(view.theme.stale_amount);
            ui.painter().rect_filled(rect.with_max_y(square.bottom()), 0.0, tint);
        }
        if response.hovered() || response.has_focus() {
            let color = if response.has_focus() { view.theme.accent } else { view.theme.hover };
            let around = rect.with_max_y(square.bottom()).expand(1.0);
            ui.painter().rect_stroke(around, 0.0, Stroke::new(2.0, color), StrokeKind::Outside);
        }
        let under = square.bottom() + space::XS / 2.0;
        caption_ui(ui, &name, pos2(square.left(), under), layout.side, view.theme.text_weak);
        let below = theme::text_size::SMALL + space::XS;
        let at =
            if layout.has_patches { pos2(beside.left(), under) } else { pos2(square.left(), under + below) };
        caption_ui(ui, &value, at, layout.side, view.theme.text);
    }
    let response = match thumbnail.as_ref().and_then(|thumbnail| thumbnail.error()) {
        Some(error) => response.on_hover_text(error),
        None => response.on_hover_text(words),
    };
    if response.clicked() {
        let (data, part, index) = (data.clone(), *part, excited.index);
        view.push(Action::Data(DataAction::StepThrough { data, part, index }));
    }
}

/// The picture with the patch framed, and the patch.
fn pictures_ui(
    ui: &Ui,
    view: &View,
    search: &ActivationSearch,
    excited: &TopActivation,
    layout: &Layout,
    thumbnail: &Thumbnail,
    [square, beside]: [Rect; 2],
) {
    let whole = thumbnail.paint(ui, view.theme, square);
    let Some(whole) = whole.filter(|_| layout.has_patches) else { return };
    let [_, h, w] = search.data.shape().map(|size| size as f32);
    let [i, j] = excited.patch.at.map(|at| at as f32);
    let [rows, cols] = excited.patch.size.map(|size| size as f32);
    let part = Rect::from_min_size(pos2(j / w, i / h), vec2(cols / w, rows / h));
    let frame = Rect::from_min_max(
        whole.min + part.min.to_vec2() * whole.size(),
        whole.min + part.max.to_vec2() * whole.size(),
    );
    for stroke in [Stroke::new(4.0, view.theme.halo), Stroke::new(2.0, view.theme.cursor)] {
        ui.painter().rect_stroke(frame, 1.5, stroke, StrokeKind::Middle);
    }
    thumbnail.paint_part(ui, part, beside);
}

/// A line of words no wider than `side`.
fn caption_ui(ui: &Ui, text: &str, at: egui::Pos2, side: f32, color: Color32) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::small_font(), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(side);
    let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
    ui.painter().galley(at, galley, color);
}
