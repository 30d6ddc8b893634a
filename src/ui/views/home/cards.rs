//! The contents of the three cards.

use super::{BUTTON, look_inside_ui, samples};
use crate::app::{Action, BuildAction};
use crate::model_io::bundled;
use crate::ui::{
    answer::{Answer, Row, best_ui, row_ui},
    names,
    original::{is_framed, original_size, original_ui},
    theme::{self, space, text_size},
    view::View,
};
use egui::{
    Align2, Button, FontId, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2,
    vec2,
};

/// The networks that a newcomer chooses from.
const NETWORKS: [&str; 3] = ["photos", "shapes", "digits"];
/// The side of a sample.
const SAMPLE: f32 = 44.0;

/// The picture, buttons for another one, and some samples.
pub fn picture_card_ui(ui: &mut Ui, view: &View) {
    let (rect, theme) = (ui.max_rect(), view.theme);
    let samples = Rect::from_min_max(pos2(rect.left(), rect.bottom() - SAMPLE - 20.0), rect.max);
    let is_framed = is_framed(view);
    let words = if is_framed { 52.0 } else { 34.0 };
    let side = (samples.top() - rect.top() - words).min(rect.width() - 162.0 - space::L).max(60.0);
    let size = original_size(view, vec2(side, side));
    let square = Rect::from_min_size(rect.min, vec2(side, side));
    let place = Rect::from_min_size(pos2(square.center().x - 0.5 * size.x, square.top()), size);
    original_ui(ui, view, place);
    let name = &view.state.inputs().picture.name;
    let mut job = egui::text::LayoutJob::simple_singleline(name.clone(), theme::body_font(), theme.text_weak);
    job.wrap = egui::text::TextWrapping::truncate_at_width(side);
    let galley = ui.painter().layout_job(job);
    let at = pos2(square.center().x - 0.5 * galley.size().x, place.bottom() + 6.0);
    let below = at.y + galley.size().y;
    ui.painter().galley(at, galley, theme.text_weak);
    if is_framed {
        let words = view.text("home.frame");
        // The buttons stand beside it, so it is no wider than the picture.
        let galley = ui.painter().layout(words.clone(), theme::small_font(), theme.text_weak, side);
        let at = pos2((square.center().x - 0.5 * galley.size().x).max(rect.left()), below);
        let line = Rect::from_min_size(at.round(), galley.size());
        ui.painter().galley(line.min, galley, theme.text_weak);
        let response = ui.interact(line, ui.scope_id().with("frame"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    }
    let right =
        Rect::from_min_max(pos2(square.right() + space::L, rect.top()), pos2(rect.right(), samples.top()));
    ui.scope_builder(UiBuilder::new().max_rect(right), |ui| {
        ui.spacing_mut().item_spacing.y = space::S;
        let width = ui.available_width();
        let button = |ui: &mut Ui, words: String| ui.add_sized(vec2(width, 44.0), Button::new(words));
        if button(ui, view.text("home.open")).clicked() {
            view.push(Action::AskForPicture);
        }
        if button(ui, view.text("home.draw")).clicked() {
            view.push(Action::ShowPad(true));
        }
        if button(ui, view.text("overview.adjust")).clicked() {
            view.push(Action::ShowAdjust(true));
        }
        ui.label(RichText::new(view.text("home.drop")).color(theme.text_weak));
    });
    samples::samples_ui(ui, view, samples, SAMPLE);
}

/// The networks, with what each knows; the one that is in use is chosen.
pub fn network_card_ui(ui: &mut Ui, view: &View) {
    let now = view.state.model().name.clone();
    ui.spacing_mut().item_spacing.y = space::S;
    let is_known = NETWORKS.contains(&now.as_str());
    if !is_known {
        let is_bundled = bundled::models().iter().any(|model| model.name == now);
        let words =
            if is_bundled { view.text(&format!("model.{now}")) } else { view.text("home.own_network") };
        let name = names::network(view.words, &now);
        network_ui(ui, view, &name, &words, true, None);
    }
    let fits = samples::network_for(view);
    for name in NETWORKS {
        let words = view.text(&format!("home.knows_{name}"));
        let title = view.text(&format!("network.{name}"));
        let fits = (fits == Some(name)).then(|| view.text("home.fits"));
        if network_ui(ui, view, &title, &words, name == now, fits.as_deref()) && name != now {
            view.push(Action::OpenBundled(name.to_owned()));
        }
    }
    let width = 0.5 * (ui.available_width() - space::S);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.spacing_mut().button_padding.x = 4.0;
        let button = |ui: &mut Ui, words: String| ui.add_sized(vec2(width, 36.0), Button::new(words));
        // Where there is less room, the title says of what.
        let [open, build] = match width > 125.0 {
            true => ["home.open_network", "home.build"],
            false => ["home.open_short", "home.build_short"],
        };
        if button(ui, view.text(open)).clicked() {
            view.push(Action::AskForModel);
        }
        if button(ui, view.text(build)).clicked() {
            view.push(Action::Build(BuildAction::New));
        }
    });
    // Which files can be opened, where there is room to say it.
    if width > 125.0 && ui.available_height() >= 20.0 {
        ui.label(
            RichText::new(view.text("home.formats")).font(theme::small_font()).color(view.theme.text_weak),
        );
    }
}

/// A network as a choice; answers whether it was clicked.
fn network_ui(
    ui: &mut Ui,
    view: &View,
    name: &str,
    words: &str,
    is_chosen: bool,
    fits: Option<&str>,
) -> bool {
    let theme = view.theme;
    let width = ui.available_width();
    let job = egui::text::LayoutJob::simple(words.to_owned(), theme::body_font(), theme.text, width - 50.0);
    let galley = ui.painter().layout_job(job);
    let (rect, response) = ui.allocate_exact_size(vec2(width, galley.size().y + 38.0), Sense::click());
    let label = format!("{name}: {words}");
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, &label));
    let (ground, line) = match (is_chosen, response.hovered() || response.has_focus()) {
        (true, _) => (theme.accent_soft, Stroke::new(1.5, theme.accent)),
        (false, true) => (theme.button_hover, Stroke::new(1.0, theme.line_strong)),
        (false, false) => (theme.raised, Stroke::new(1.0, theme.line)),
    };
    ui.painter().rect_filled(rect, space::RADIUS, ground);
    ui.painter().rect_stroke(rect, space::RADIUS, line, StrokeKind::Inside);
    let dot = rect.min + vec2(20.0, 20.0);
    let ring = if is_chosen { theme.accent } else { theme.line_strong };
    ui.painter().circle_stroke(dot, 8.0, Stroke::new(2.0, ring));
    if is_chosen {
        ui.painter().circle_filled(dot, 4.5, theme.accent);
    }
    let at = dot + vec2(18.0, 0.0);
    let taken = ui.painter().text(at, Align2::LEFT_CENTER, name, theme::strong_font(), theme.text_strong);
    if let Some(fits) = fits {
        let font = theme::small_font();
        let room = rect.right() - 12.0 - taken.right() - 8.0;
        if ui.painter().layout_no_wrap(fits.to_owned(), font.clone(), theme.text).size().x <= room {
            let at = pos2(rect.right() - 12.0, dot.y);
            ui.painter().text(at, Align2::RIGHT_CENTER, fits, font, theme.text);
        }
    }
    ui.painter().galley(pos2(at.x, rect.top() + 32.0), galley, theme.text);
    response.clicked()
}

/// The answer, the four best classes, and, unless it stands elsewhere, the way inside.
pub fn answer_card_ui(ui: &mut Ui, view: &View, has_button: bool) {
    let (rect, theme) = (ui.max_rect(), view.theme);
    let answer = Answer::new(view);
    let first = Rect::from_min_size(rect.min + vec2(0.0, 4.0), vec2(rect.width(), 40.0));
    let mut y = first.top();
    if view.state.names_answer() || answer.best().is_none() {
        y += best_ui(ui, view, &answer, first, text_size::ANSWER) + space::S;
    }
    let bottom = if has_button { rect.bottom() - BUTTON.y - 38.0 } else { rect.bottom() };
    let row = 34.0;
    let rows = (((bottom - y) / row).floor().max(1.0) as usize).min(4).min(answer.classes.len());
    for number in 0..rows {
        let place = Rect::from_min_size(pos2(rect.left(), y), vec2(rect.width(), row - 4.0));
        let (class, score) = answer.classes[number];
        let words = format!("{} {}", names::class(view, class), answer.score(score));
        let response = ui.interact(place, ui.scope_id().with(("class", number)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words.trim()));
        row_ui(ui, view, &answer, number, place, Row::Beside);
        y += row;
    }
    if let Some((n, score)) = answer.rest(rows).filter(|_| y + text_size::BODY <= bottom) {
        let words = view.fill("home.rest", &[("n", &n.to_string()), ("score", &score)]);
        let at = pos2(rect.left(), y + text_size::BODY / 2.0);
        ui.painter().text(at, Align2::LEFT_CENTER, words, theme::small_font(), theme.text_weak);
    }
    if has_button {
        let at = pos2(rect.left(), rect.bottom() - BUTTON.y - 18.0);
        let font = FontId::proportional(text_size::TITLE - 1.0);
        ui.painter().text(at, Align2::LEFT_CENTER, view.text("home.how_so"), font, theme.text);
        let button =
            Rect::from_min_max(pos2(rect.left(), rect.bottom() - BUTTON.y), rect.max).expand2(vec2(5.0, 0.0));
        look_inside_ui(ui, view, button);
    }
}
