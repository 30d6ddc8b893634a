//! The window's contents: what keys do, and which view draws into which region.

use super::{
    keys,
    room::{Alone, BeatHas, LessonForm, Presenting, Room, Wants, Width},
    theme::{self, Theme},
    view::{Memory, View},
    views,
};
use crate::app::{Action, AppState, Drawer, Figure, Page, Sheet};
use crate::trace::Depth;
use egui::{Align, CentralPanel, Color32, Frame, Layout, Rect, RichText, Stroke, Ui, UiBuilder, vec2};

/// Draws the stage alone with its lines, for a picture, on no ground.
pub fn alone_ui(ui: &mut Ui, state: &AppState, memory: &Memory, alone: Alone) {
    let theme = Theme::from_ui(ui);
    let screen = ui.ctx().content_rect();
    ui.set_clip_rect(screen);
    let room = Room::new(screen.size(), &Wants { alone: Some(alone), ..wants(ui, state) });
    let view = View::new(state, theme, memory, room);
    region_ui(ui, room.stage, "stage", None, |ui| stage_ui(ui, &view));
    lines_ui(ui, &view);
    if let Some(rect) = room.caption {
        let font = theme::small_font();
        let at = rect.left_center();
        ui.painter().text(at, egui::Align2::LEFT_CENTER, state.caption(), font, theme.text_weak);
    }
}

/// Draws the whole window and returns what the user asked for.
pub fn window_ui(ui: &mut Ui, state: &AppState, memory: &mut Memory) -> Vec<Action> {
    let ground = Theme::from_ui(ui).ground;
    window_on_ui(ui, state, memory, Some(ground))
}

/// The same on another ground, or on none.
pub fn window_on_ui(
    ui: &mut Ui,
    state: &AppState,
    memory: &mut Memory,
    ground: Option<Color32>,
) -> Vec<Action> {
    let theme = Theme::from_ui(ui);
    let mut actions = keys::pressed(ui, state);
    let screen = ui.ctx().content_rect();
    ui.set_clip_rect(screen);
    let room = Room::new(screen.size(), &wants(ui, state));
    let view = View::new(state, theme, memory, room);
    if state.view().blank {
        CentralPanel::default().frame(Frame::new().fill(Color32::BLACK)).show(ui, |_| {});
    } else {
        if state.draft().is_some() {
            views::builder::builder_ui(ui, &view);
        } else {
            regions_ui(ui, &view, ground);
        }
        if view.state.data().asking {
            views::open_data::open_data_ui(ui, &view);
        }
        if let Some(question) = &view.state.data().parts_question {
            views::open_data::parts_question_ui(ui, &view, question);
        }
        if let Some(question) = view.state.files().size_question() {
            views::open_size::size_question_ui(ui, &view, question);
        }
        if view.state.view().typing_path {
            views::open_path::open_path_ui(ui, &view);
        }
        if let Some(film) = view.state.files().film {
            views::film::film_ui(ui, &view, film);
        }
        views::files::files_ui(ui, &view);
        if state.view().help {
            views::help::help_ui(ui, &view);
        }
        match state.view().sheet {
            Some(Sheet::Lessons) => views::lesson::list_ui(ui, &view),
            Some(Sheet::Picture) => views::picture_sheet::picture_sheet_ui(ui, &view),
            Some(sheet) => views::sheet::sheet_ui(ui, &view, sheet),
            None => {}
        }
        if state.view().palette {
            views::palette::palette_ui(ui, &view);
        } else {
            views::palette::forget(ui);
        }
    }
    if state.view().notes && state.lesson().is_some() {
        notes_ui(ui, &view);
    }
    let (asked, hovered, pointed_out) = view.finish();
    actions.extend(asked);
    if memory.hovered != hovered || memory.pointed_out != pointed_out {
        (memory.hovered, memory.pointed_out) = (hovered, pointed_out);
        ui.ctx().request_repaint();
    }
    actions
}

/// The teacher's window; within this one where the system has no second one.
fn notes_ui(ui: &Ui, view: &View) {
    let id = egui::ViewportId::from_hash_of("the teacher's notes");
    let title = view.text("lesson.notes_window");
    let builder = egui::ViewportBuilder::default().with_title(title).with_inner_size([560.0, 640.0]);
    ui.ctx().show_viewport_immediate(id, builder, |ui, _| {
        let keys = keys::pressed(ui, view.state);
        keys.into_iter().for_each(|action| view.push(action));
        views::lesson::notes_ui(ui, view);
        if ui.input(|input| input.viewport().close_requested()) {
            view.push(Action::ShowNotes(false));
        }
    });
}

/// What the regions are made for.
fn wants(ui: &Ui, state: &AppState) -> Wants {
    let view = state.view();
    Wants {
        page: view.page,
        depth: Depth::new(&state.look()),
        notice: views::notices::is_needed(state),
        drawer: view.drawer,
        timeline: view.timeline.then(|| views::timeline::height(state)),
        presenting: view.presenting.then(|| presenting(ui)),
        lesson: state.lesson().map(|lesson| match lesson.item() {
            Some(_) => BeatHas::Question,
            None => BeatHas::Text,
        }),
        alone: None,
    }
}

/// Seconds for which the buttons to step stay after the pointer has moved.
const SHOWN: f32 = 2.0;

/// What is shown beside a presented stage: the buttons while the pointer moves, the strip while Tab is held.
fn presenting(ui: &Ui) -> Presenting {
    let (since, strip) =
        ui.input(|input| (input.pointer.time_since_last_movement(), input.key_down(egui::Key::Tab)));
    let has_pointer = ui.input(|input| input.pointer.has_pointer());
    let transport = has_pointer && since < SHOWN;
    if transport {
        ui.ctx().request_repaint_after_secs(SHOWN - since);
    }
    Presenting { transport, strip }
}

/// A ring around the pointer, which dims nothing; with the spotlight on, all but its surroundings is dark.
fn pointer_ui(ui: &Ui, view: &View) {
    /// Points from the pointer to the ring, and to the edge of the spotlight.
    const RING: f32 = 13.0;
    const SPOT: f32 = 110.0;
    let Some(pos) = ui.input(|input| input.pointer.hover_pos()) else { return };
    let painter =
        ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("ring")));
    if view.state.view().spotlight {
        let far = view.room.window.width() + view.room.window.height();
        let shade = Stroke::new(far, Color32::from_black_alpha(170));
        painter.circle_stroke(pos, SPOT + 0.5 * far, shade);
    }
    painter.circle_stroke(pos, RING, Stroke::new(4.0, view.theme.halo));
    painter.circle_stroke(pos, RING, Stroke::new(2.5, view.theme.bad));
}

/// A region: its ground, and the views that draw into it and nowhere else.
fn region_ui(ui: &mut Ui, rect: Rect, name: &str, ground: Option<Color32>, add: impl FnOnce(&mut Ui)) {
    if let Some(ground) = ground {
        ui.painter().rect_filled(rect, 0.0, ground);
    }
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        add(ui);
    });
}

/// A bar whose contents stand on one line, `margin` from its ends.
fn bar_ui(ui: &mut Ui, rect: Rect, name: &str, ground: Option<Color32>, add: impl FnOnce(&mut Ui)) {
    const MARGIN: f32 = 10.0;
    region_ui(ui, rect, name, ground, |ui| {
        let inner = rect.shrink2(vec2(MARGIN, 0.0));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), add);
    });
}

fn regions_ui(ui: &mut Ui, view: &View, ground: Option<Color32>) {
    let (room, theme) = (view.room, view.theme);
    if let Some(ground) = ground {
        ui.painter().rect_filled(room.window, 0.0, ground);
    }
    let line = Stroke::new(1.0, theme.line);
    if let Some(rect) = room.top {
        bar_ui(ui, rect, "top", Some(theme.panel), |ui| views::top::top_ui(ui, view));
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
    }
    if let Some(rect) = room.strip {
        region_ui(ui, rect, "strip", Some(theme.panel), |ui| views::strip::strip_ui(ui, view));
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
    }
    if let Some(rect) = room.place {
        bar_ui(ui, rect, "place", None, |ui| match is_beat_shown(view) {
            true => heading_ui(ui, view),
            false => views::place::place_ui(ui, view),
        });
    }
    if let Some(rect) = room.notice {
        bar_ui(ui, rect, "notice", Some(theme.raised), |ui| views::notices::notices_ui(ui, view));
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
    }
    if let Some(rect) = room.title {
        region_ui(ui, rect, "title", None, |ui| title_ui(ui, view));
    }
    let covered = room.width == Width::Narrow && room.drawer.is_some();
    if !covered {
        region_ui(ui, room.stage, "stage", None, |ui| stage_ui(ui, view));
        lines_ui(ui, view);
    }
    if let Some((form, rect)) = room.lesson {
        region_ui(ui, rect, "lesson", Some(theme.raised), |ui| views::lesson::lesson_ui(ui, view, form));
        match form {
            LessonForm::Panel => ui.painter().vline(rect.right() - 0.5, rect.y_range(), line),
            LessonForm::Sheet | LessonForm::Lines => {
                ui.painter().hline(rect.x_range(), rect.top() + 0.5, line)
            }
        };
    }
    if let Some((drawer, rect)) = room.drawer {
        region_ui(ui, rect, "drawer", Some(theme.panel), |ui| drawer_ui(ui, view, drawer, rect));
        ui.painter().vline(rect.left() + 0.5, rect.y_range(), line);
    }
    if let Some(rect) = room.timeline {
        bar_ui(ui, rect, "timeline", Some(theme.panel), |ui| {
            ui.vertical(|ui| views::timeline::timeline_ui(ui, view));
        });
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, line);
    }
    if let Some(rect) = room.transport {
        bar_ui(ui, rect, "transport", Some(theme.panel), |ui| {
            let free = views::transport::transport_ui(ui, view);
            views::timeline::bar_ui(ui, view, free);
        });
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, line);
    }
    if view.state.view().pad {
        views::pad::pad_ui(ui, view);
    }
    if view.state.view().adjust {
        views::adjust::adjust_ui(ui, view);
    }
    views::adjust::drop_ui(ui, view);
    if view.state.view().presenting {
        pointer_ui(ui, view);
        echo_ui(ui, view);
    }
}

/// The page, into the stage.
fn stage_ui(ui: &mut Ui, view: &View) {
    if let Some(lesson) = view.state.lesson().filter(|lesson| lesson.is_experiment() && is_beat_shown(view)) {
        return views::lesson::experiment_ui(ui, view, lesson);
    }
    let figure = view.state.figure().filter(|figure| *figure != Figure::Slide);
    if let Some(figure) = figure.filter(|_| view.state.view().page == Page::Network) {
        return views::figure::figure_ui(ui, view, figure);
    }
    match view.state.view().page {
        Page::Home => views::home::home_ui(ui, view),
        Page::Network => match Depth::new(&view.state.look()) {
            Depth::Pass => views::overview::overview_ui(ui, view),
            Depth::Layer => views::layer::layer_ui(ui, view),
            Depth::Map => views::map::map_ui(ui, view),
            Depth::Cell | Depth::Term => views::closeup::closeup_ui(ui, view),
        },
        Page::Training => views::training::training_ui(ui, view),
        Page::Data => views::data::data_ui(ui, view),
        Page::Attribution => views::evidence::evidence_ui(ui, view),
        Page::Compare => views::compare::compare_ui(ui, view),
    }
}

/// The lines below the stage.
fn lines_ui(ui: &mut Ui, view: &View) {
    let room = view.room;
    if let Some(rect) = room.read_out {
        region_ui(ui, rect, "read-out", None, |ui| views::readout::readout_ui(ui, view));
    }
    if let Some(rect) = room.equation {
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, view.theme.line));
        region_ui(ui, rect, "equation", None, |ui| views::closeup::equation_line_ui(ui, view));
    }
    if let Some(rect) = room.legend {
        region_ui(ui, rect, "legend", None, |ui| views::closeup::legend_line_ui(ui, view));
    }
}

/// Whether the stage shows what the beat of a lesson shows: its heading stands in the place row.
fn is_beat_shown(view: &View) -> bool {
    view.state.lesson().is_some() && !view.state.is_aside() && !view.state.view().typing_address
}

/// What the beat of a lesson shows, in words.
fn heading_ui(ui: &mut Ui, view: &View) {
    let is_experiment = view.state.lesson().is_some_and(|lesson| lesson.is_experiment());
    let (front, rest) = match is_experiment {
        true => (view.text("lesson.experiment.heading"), String::new()),
        false => views::place::title(view),
    };
    let font = egui::FontId::new(theme::text_size::HEADING, super::fonts::strong());
    ui.spacing_mut().item_spacing.x = theme::space::M;
    ui.label(RichText::new(front).font(font).color(view.theme.text_strong));
    let rest = RichText::new(rest).font(theme::body_font()).color(view.theme.text_weak);
    ui.add(egui::Label::new(rest).truncate());
}

/// The key that was pressed a moment ago, for a class that watches.
fn echo_ui(ui: &Ui, view: &View) {
    let Some((keys, id)) = keys::pressed_lately(ui) else { return };
    let painter =
        ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("echo")));
    let words = format!("{keys}   {}", view.text(&format!("cmd.{id}")));
    let galley = painter.layout_no_wrap(words, theme::title_font(), view.theme.on_accent);
    let at = view.room.window.right_bottom() - vec2(16.0, 16.0) - galley.size();
    let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(12.0, 6.0));
    painter.rect_filled(ground, 8.0, view.theme.accent);
    painter.galley(at, galley, view.theme.on_accent);
}

/// What is presented: the layer, and the rest of the place after it.
fn title_ui(ui: &mut Ui, view: &View) {
    let layout = Layout::left_to_right(Align::Center);
    let rect = ui.max_rect();
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(layout), |ui| {
        let (front, rest) = views::place::title(view);
        let font = egui::FontId::new(theme::text_size::TITLE_PRESENTED[0], super::fonts::strong());
        ui.label(RichText::new(front).font(font).color(view.theme.text_strong));
        ui.label(RichText::new(rest).size(theme::text_size::TITLE_PRESENTED[1]).color(view.theme.text));
    });
}

/// The panel beside the stage, with its name and a button to close it.
fn drawer_ui(ui: &mut Ui, view: &View, drawer: Drawer, rect: Rect) {
    let inner = rect.shrink2(vec2(14.0, 8.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        ui.horizontal(|ui| {
            let name = view.text(drawer.key());
            ui.label(RichText::new(name).font(theme::title_font()).color(view.theme.text_strong));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let close = view.text("drawer.close");
                let sign = super::widgets::sign::Sign::Close;
                if super::widgets::sign::sign_button_ui(ui, view.theme, sign, &close).clicked() {
                    view.push(Action::SetDrawer(None));
                }
            });
        });
        match drawer {
            Drawer::Why => views::inspector::inspector_ui(ui, view, &views::closeup::notes(ui, view)),
            Drawer::Time => views::time::time_ui(ui, view),
        }
    });
}
