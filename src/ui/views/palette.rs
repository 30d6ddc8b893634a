//! The palette: type some letters of a command's, a layer's, a model's or a picture's name, or an address; Enter does it.

use crate::app::{
    Action, Lang, ThemeChoice,
    palette::{Offer, is_address, offers},
};
use crate::ui::{keys, names, strings::Words, theme, theme::space, view::View};
use egui::{Button, Id, Key, Modal, Modifiers, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};

/// What is typed and chosen.
#[derive(Clone, Default)]
struct Typed {
    text: String,
    chosen: usize,
    has_focus: bool,
}

/// A line of the list.
struct Line {
    /// What it is called.
    name: String,
    /// What kind of thing it is.
    kind: String,
    keys: String,
    action: Action,
}

/// Draws the palette over the window: a field, and the commands, places and names that match it.
pub fn palette_ui(ui: &mut Ui, view: &View) {
    let id = Id::unique("palette");
    let mut typed: Typed = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let room = ui.ctx().content_rect().size();
    let mut done = false;
    let modal = Modal::new(id.with("modal")).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 80.0).min(600.0));
        let (up, down) = ui.input_mut(|input| {
            let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key);
            (count(Key::ArrowUp), count(Key::ArrowDown))
        });
        let before = typed.text.clone();
        let edit = TextEdit::singleline(&mut typed.text).id(id.with("edit")).desired_width(f32::INFINITY);
        let edit = ui.add(edit.hint_text(view.text("palette.hint")));
        if !std::mem::replace(&mut typed.has_focus, true) {
            edit.request_focus();
        }
        edit.widget_info(|| {
            let mut info = WidgetInfo::text_edit(true, "", &typed.text, "");
            info.label = Some(view.text("cmd.palette"));
            info
        });
        let lines = lines(ui, view, &typed.text);
        if typed.text != before {
            typed.chosen = 0;
        }
        let last = lines.len().saturating_sub(1);
        typed.chosen = (typed.chosen.min(last) + down).saturating_sub(up).min(last);
        ui.add_space(space::XS);
        let height = (room.y - 220.0).clamp(120.0, 380.0);
        let moved = up + down > 0;
        let clicked = lines_ui(ui, view, &lines, (typed.chosen, moved), height, edit.id);
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if let Some(line) = clicked.or(entered.then_some(typed.chosen)).and_then(|number| lines.get(number)) {
            view.push(Action::ShowPalette(false));
            view.push(line.action.clone());
            done = true;
        }
    });
    if modal.should_close() && !done {
        view.push(Action::ShowPalette(false));
        done = true;
    }
    ui.data_mut(|data| {
        if done {
            data.remove::<Typed>(id);
        } else {
            data.insert_temp(id, typed);
        }
    });
}

/// Draws the lines, `chosen` of them highlighted and, after it moved, in view; returns the one that was clicked.
fn lines_ui(
    ui: &mut Ui,
    view: &View,
    lines: &[Line],
    (chosen, moved): (usize, bool),
    height: f32,
    edit: Id,
) -> Option<usize> {
    let mut clicked = None;
    ScrollArea::vertical().auto_shrink(false).max_height(height).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for (number, line) in lines.iter().enumerate() {
            let is_chosen = number == chosen;
            let response = line_ui(ui, view, line, is_chosen);
            if is_chosen {
                // A screen reader hears the chosen line while the letters are typed.
                let row = response.id.accesskit_id();
                ui.ctx().accesskit_node_builder(edit, |node| node.set_active_descendant(row));
                if moved {
                    response.scroll_to_me(None);
                }
            }
            if response.clicked() {
                clicked = Some(number);
            }
        }
        if lines.is_empty() {
            ui.label(RichText::new(view.text("palette.nothing")).color(view.theme.text_weak));
        }
    });
    clicked
}

/// Forgets what was typed, once the palette is closed by a key.
pub fn forget(ui: &Ui) {
    ui.data_mut(|data| data.remove::<Typed>(Id::unique("palette")));
}

fn line_ui(ui: &mut Ui, view: &View, line: &Line, is_chosen: bool) -> egui::Response {
    let right =
        if line.keys.is_empty() { line.kind.clone() } else { format!("{}   {}", line.kind, line.keys) };
    let button = Button::selectable(is_chosen, line.name.as_str())
        .shortcut_text(RichText::new(right).font(theme::small_font()).color(view.theme.text_weak))
        .min_size(vec2(ui.available_width(), 26.0));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_chosen, &line.name));
    response
}

/// What fits to the letters, the best first; without letters all.
fn lines(ui: &Ui, view: &View, text: &str) -> Vec<Line> {
    /// The most lines that are listed.
    const MOST: usize = 80;
    let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let (mut matcher, mut letters) = (Matcher::new(Config::DEFAULT), Vec::new());
    let mut found: Vec<(u32, Line)> = Vec::new();
    for offer in offers(view.state) {
        let (name, kind, other) = words(view, &offer);
        // The English name too, whatever the language.
        let sought = format!("{name} {other}");
        if let Some(score) = pattern.score(Utf32Str::new(&sought, &mut letters), &mut matcher) {
            let keys = match offer {
                Offer::Command(command) => {
                    command.shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys))
                }
                Offer::Stage(_)
                | Offer::Bookmark(_)
                | Offer::Model(_)
                | Offer::Preset(_)
                | Offer::Sample(_)
                | Offer::Theme(_)
                | Offer::Lang(_) => None,
            };
            let keys = keys.unwrap_or_default();
            found.push((score, Line { name, kind, keys, action: offer.action(view.state) }));
        }
    }
    // Of equals the shorter name, of which the letters are more; then the commands.
    if !text.is_empty() {
        found.sort_by_key(|(score, line)| (std::cmp::Reverse(*score), line.name.chars().count()));
    }
    let address = is_address(view.state, text).then(|| Line {
        name: view.fill("palette.go", &[("address", text.trim())]),
        kind: view.text("group.follow"),
        keys: String::new(),
        action: Action::GoTo(text.trim().to_owned()),
    });
    address.into_iter().chain(found.into_iter().map(|(_, line)| line)).take(MOST).collect()
}

/// An offer's name, its kind, and another name by which it is found.
fn words(view: &View, offer: &Offer) -> (String, String, String) {
    let english = |key: &str| Words(Lang::En).text(key);
    match *offer {
        Offer::Command(command) => {
            let key = format!("cmd.{}", command.id);
            (view.text(&key), view.text(command.group.key()), english(&key))
        }
        Offer::Stage(address) => {
            let plan = view.state.plan();
            let pass = plan.stage_at(&address).map(|stage| stage.pass.name()).unwrap_or_default();
            (names::place(view, &address), view.text(&format!("pass.{pass}")), plan.text(&address))
        }
        Offer::Bookmark(number) => {
            let mark = &view.state.marks().bookmarks[number];
            let address = mark.place.to_string();
            let place = names::place_of_text(view, &address);
            let name = if mark.name.is_empty() { place } else { mark.name.clone() };
            (format!("★ {name}"), view.text("time.bookmarks"), address)
        }
        Offer::Model(name) => {
            let key = format!("model.{name}");
            (view.text(&key), view.text("menu.models"), format!("{} {name}", english(&key)))
        }
        Offer::Preset(name) => {
            let key = format!("preset.{name}");
            (view.text(&key), view.text("menu.presets"), format!("{} {name}", english(&key)))
        }
        Offer::Sample(name) => (name.to_owned(), view.text("menu.samples"), String::new()),
        Offer::Theme(theme) => {
            let key = match theme {
                ThemeChoice::Light => "menu.light",
                ThemeChoice::Dark => "menu.dark",
                ThemeChoice::System => "menu.system",
            };
            let other = format!("{} {}", english(key), english("menu.theme"));
            (view.text(key), view.text("menu.theme"), other)
        }
        Offer::Lang(lang) => {
            (lang.name().to_owned(), view.text("menu.language"), lang.foreign_name().to_owned())
        }
    }
}
