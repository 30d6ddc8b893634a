//! The table of layers: one row each, the picked one with its card below it.

use super::{card, columns::Columns, push};
use crate::app::{BuildAction, Draft, Work};
use crate::nn::Layer;
use crate::nn::hyperparameter::{Hyperparameter, Value};
use crate::nn::spec::{Kind, LayerSpec, Pair};
use crate::ui::{
    names::hyperparameter_key,
    number,
    number::thousands,
    theme,
    theme::{Theme, space},
    told,
    view::View,
    widgets::icon::{Icon, icon_ui},
};
use egui::{
    Align2, Color32, CornerRadius, EventFilter, FontId, Id, Key, Painter, Pos2, Rect, Response, RichText,
    Role, Sense, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

/// The height of a row.
const ROW: f32 = 32.0;

/// The titles of the columns.
pub fn titles_ui(ui: &mut Ui, view: &View, columns: &Columns) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let at = |x: f32| pos2(x, rect.center().y);
    let words = [
        (columns.name, Align2::LEFT_CENTER, "build.col.name"),
        (columns.kind, Align2::LEFT_CENTER, "build.col.kind"),
        (columns.numbers, Align2::LEFT_CENTER, "build.col.numbers"),
        (columns.output, Align2::RIGHT_CENTER, "build.col.output"),
        (columns.parameters, Align2::RIGHT_CENTER, "build.col.parameters"),
        (columns.multiply_adds, Align2::RIGHT_CENTER, "build.col.multiply_adds"),
    ];
    for (x, align, key) in words {
        ui.painter().text(at(x), align, view.text(key), theme::small_font(), view.theme.text_weak);
    }
}

/// All rows.
pub fn rows_ui(ui: &mut Ui, view: &View, draft: &Draft, columns: &Columns) {
    ui.spacing_mut().item_spacing.y = 2.0;
    if draft.specs().is_empty() {
        ui.add_space(60.0);
        ui.vertical_centered(|ui| {
            ui.label(RichText::new(view.text("build.no_layer")).size(17.0).color(view.theme.text_weak));
        });
    }
    let misfit = draft.misfit().and_then(|misfit| Some((misfit.layer?, &misfit.error.0)));
    for (l, spec) in draft.specs().iter().enumerate() {
        row_ui(ui, view, draft, columns, l, spec);
        if let Some((_, error)) = misfit.filter(|(at, _)| *at == l) {
            card::indented_ui(ui, columns, |ui| {
                let why = told::failed(view.words, Work::Build, error);
                ui.label(RichText::new(format!("✗ {why}")).color(view.theme.bad));
            });
        }
        if draft.selected == Some(l) {
            card::card_ui(ui, view, draft, columns, l, spec);
        }
    }
    ui.add_space(space::S);
}

fn row_ui(ui: &mut Ui, view: &View, draft: &Draft, columns: &Columns, l: usize, spec: &LayerSpec) {
    let theme = view.theme;
    let width = columns.right - ui.max_rect().left();
    let id = Id::unique(("builder row", l));
    let (rect, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    let response = ui.interact(rect, id, Sense::click());
    let is_picked = draft.selected == Some(l);
    let layer = draft.layers().get(l);
    let is_misfit = draft.misfit().is_some_and(|misfit| misfit.layer == Some(l));

    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    ground_ui(&painter, theme, rect, &response, (is_picked, l));
    let (strong, ink) = match (layer.is_some(), is_misfit) {
        (true, _) => (theme.text_strong, theme.text),
        (false, true) => (theme.bad, theme.bad),
        (false, false) => (theme.text_weak, theme.text_weak),
    };
    let body = TextStyle::Body.resolve(ui.style());
    let middle = rect.center().y;
    let number = pos2(columns.icon - 10.0, middle);
    painter.text(number, Align2::RIGHT_CENTER, l, theme::small_font(), theme.text_weak);
    let square = Rect::from_center_size(pos2(columns.icon + 8.0, middle), vec2(14.0, 14.0));
    icon_ui(&painter, square, Icon::Layer(&spec.kind), ink);
    let kind = kind_name(view, &spec.kind);
    let numbers = [spec.inputs.join(", "), summary(view, &spec.kind)];
    let numbers = numbers.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let cell = |from: f32, to: f32, text: &str, font: FontId, color: Color32| {
        cut_text(ui, &painter, pos2(from, middle), to - from - space::S, text, font, color);
    };
    cell(columns.name, columns.kind, &spec.name, theme::strong_font(), strong);
    cell(columns.kind, columns.numbers, &kind, body.clone(), ink);
    let output_room = columns.output - 104.0;
    cell(columns.numbers, output_room, &numbers, body.clone(), ink);
    let [output, parameters, multiply_adds] = counts(layer.filter(|_| !view.state.covers_layers()));
    for (x, text) in [
        (columns.output, &output),
        (columns.parameters, &parameters),
        (columns.multiply_adds, &multiply_adds),
    ] {
        painter.text(pos2(x, middle), Align2::RIGHT_CENTER, text, body.clone(), ink);
    }
    response.widget_info(|| {
        let words = format!("{}: {kind}, {numbers}, {output}", spec.name);
        WidgetInfo::selected(Role::Button, true, is_picked, words)
    });
    // The arrow keys pick the next row; they are not for leaving this one.
    ui.memory_mut(|memory| {
        memory.set_focus_lock_filter(id, EventFilter { vertical_arrows: true, ..EventFilter::default() });
    });
    let entered = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if response.clicked() || entered {
        response.request_focus();
        push(view, BuildAction::Select((!is_picked).then_some(l)));
    }
    bring_into_view(ui, draft, l, rect);
}

/// The background of row `l`, and a frame if it has the keyboard.
fn ground_ui(
    painter: &Painter,
    theme: &Theme,
    rect: Rect,
    response: &Response,
    (is_picked, l): (bool, usize),
) {
    let ground = match (is_picked, response.hovered(), l.is_multiple_of(2)) {
        (true, _, _) => theme.accent_soft,
        (false, true, _) => theme.button_hover,
        (false, false, true) => theme.panel,
        (false, false, false) => Color32::TRANSPARENT,
    };
    let corner = CornerRadius::same(space::RADIUS);
    painter.rect_filled(rect, corner, ground);
    if response.has_focus() {
        painter.rect_stroke(rect, corner, Stroke::new(1.5, theme.accent), StrokeKind::Inside);
    }
}

/// The output shape, the parameters and the multiply-adds of a layer, in words; question marks without one.
fn counts(layer: Option<&Layer>) -> [String; 3] {
    let Some(layer) = layer else { return ["?", "?", "?"].map(str::to_owned) };
    let [c, h, w] = layer.output;
    let or_dash = |n: u64| if n == 0 { "–".to_owned() } else { thousands(n) };
    [format!("{c}×{h}×{w}"), or_dash(layer.parameter_count() as u64), or_dash(layer.multiply_adds())]
}

/// A row that was picked otherwise than by the pointer may be out of sight.
fn bring_into_view(ui: &Ui, draft: &Draft, l: usize, rect: Rect) {
    let id = Id::unique("builder picked");
    let picked = draft.selected.zip(draft.specs().get(draft.selected.unwrap_or(0)).map(|s| s.name.clone()));
    if draft.selected == Some(l) && ui.data(|data| data.get_temp(id)) != Some(picked.clone()) {
        ui.data_mut(|data| data.insert_temp(id, picked));
        // With room for its card.
        ui.scroll_to_rect(rect.with_max_y(rect.bottom() + 190.0), None);
    }
}

/// A text cut at a width.
fn cut_text(
    ui: &Ui,
    painter: &egui::Painter,
    at: Pos2,
    width: f32,
    text: &str,
    font: FontId,
    color: Color32,
) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(8.0));
    let galley = ui.painter().layout_job(job);
    painter.galley(at - vec2(0.0, 0.5 * galley.size().y), galley, color);
}

/// A kind's name: an activation's own, else in the language of the window.
pub fn kind_name(view: &View, kind: &Kind) -> String {
    match kind {
        Kind::Activation(activation) => activation.title().to_owned(),
        Kind::Conv2d(_)
        | Kind::ConvTranspose2d(_)
        | Kind::MaxPool2d(_)
        | Kind::AvgPool2d(_)
        | Kind::GlobalAvgPool2d
        | Kind::GlobalMaxPool2d
        | Kind::AdaptiveAvgPool2d(_)
        | Kind::AdaptiveMaxPool2d(_)
        | Kind::Upsample2d(_)
        | Kind::Pad2d(_)
        | Kind::PRelu(_)
        | Kind::Crop2d(_)
        | Kind::SliceChannels(_)
        | Kind::ChannelShuffle(_)
        | Kind::Flatten
        | Kind::Dense(_)
        | Kind::BatchNorm2d(_)
        | Kind::GroupNorm(_)
        | Kind::LocalResponseNorm(_)
        | Kind::Dropout(_)
        | Kind::Softmax
        | Kind::Add
        | Kind::Multiply
        | Kind::Concat => view.text(&format!("build.kind.{}", kind.name())),
    }
}

/// The numbers of a layer in one line: those that it always has, and those that are not as usual.
fn summary(view: &View, kind: &Kind) -> String {
    let usual = Kind::starters().into_iter().find(|usual| usual.name() == kind.name());
    let usual = usual.map(|usual| usual.hyperparameters()).unwrap_or_default();
    let always = [
        "out_channels",
        "kernel",
        "out_features",
        "slope",
        "alpha",
        "limit",
        "threshold",
        "p",
        "output_size",
        "scale",
        "size",
        "count",
    ];
    let all = kind.hyperparameters();
    // The padding of the other sides follows that of the first ones until it is set.
    let follows = |field: &Hyperparameter| {
        field.name == "padding_end"
            && all.iter().any(|other| other.name == "padding" && other.value == field.value)
    };
    let is_own = |field: &Hyperparameter| {
        always.contains(&field.name) || field.name == "groups" && matches!(kind, Kind::GroupNorm(_))
    };
    let shown = |field: &Hyperparameter| is_own(field) || !(usual.contains(field) || follows(field));
    let parts = all.iter().filter(|field| shown(field)).map(|field| {
        let name = view.text(&hyperparameter_key(kind, field.name));
        match field.value {
            Value::Count(n) => format!("{name} {n}"),
            Value::Pair(Pair([a, b])) => format!("{name} {a}×{b}"),
            Value::Number(x) => format!("{name} {}", number::full(x as f32)),
            Value::Flag(on) => {
                view.text(&format!("build.flag.{}_{}", field.name, if on { "on" } else { "off" }))
            }
        }
    });
    parts.collect::<Vec<_>>().join(" · ")
}
