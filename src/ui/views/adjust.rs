//! Adjusting the picture: which part of it the network sees, how it is turned, and what the network makes of it.

use crate::app::{Action, AdjustAction, Advice, command};
use crate::data::{Adjustment, Background, Content, Fit, Frame, Picture, preview};
use crate::ui::{
    picture_words,
    theme::{self, space},
    view::View,
    widgets::{
        segments::segments_ui,
        sign::{Sign, sign_button_ui},
    },
};
use egui::{
    Button, Color32, ColorImage, Id, Mesh, Modal, Painter, Pos2, Rect, Response, RichText, Role, Sense,
    Shape, Slider, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use std::sync::Arc;

/// The width of the whole where there is room.
const WIDTH: f32 = 892.0;
/// The original with its frame: width and height where there is room.
const ORIGINAL: Vec2 = vec2(456.0, 304.0);
/// The height of all but the original.
const REST: f32 = 290.0;
/// Between the two columns.
const GAP: f32 = 28.0;
/// The side of what the network sees.
const SEEN: f32 = 192.0;
/// The least width of that column, for its words.
const SEEN_WORDS: f32 = 132.0;
/// The height of a line of advice.
const ADVICE: f32 = 52.0;
/// How near to a corner of the frame a drag sizes it.
const NEAR: f32 = 16.0;

/// Draws it over the window.
pub fn adjust_ui(ui: &mut Ui, view: &View) {
    let window = view.room.window.size();
    let width = WIDTH.min(window.x - 72.0);
    let frame = egui::Frame::popup(ui.style()).inner_margin(space::L);
    let shown = Modal::new(Id::unique("adjust")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(width);
        head_ui(ui, view);
        let most = (window.y - 112.0).max(120.0);
        let scroll = egui::ScrollArea::vertical().max_height(most).min_scrolled_height(most);
        scroll.show(ui, |ui| {
            ui.set_width(width);
            match (&view.state.inputs().picture.content, &view.state.inputs().training) {
                (_, Some(_)) => drop(ui.label(view.text("adjust.batch"))),
                (Content::Values(_), None) => drop(ui.label(view.text("adjust.array"))),
                (Content::Picture(picture), None) => picture_ui(ui, view, picture, width),
            }
        });
    });
    if shown.backdrop_response.clicked() {
        view.push(Action::ShowAdjust(false));
    }
}

fn head_ui(ui: &mut Ui, view: &View) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(view.text("adjust.title")).font(theme::title_font()));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if sign_button_ui(ui, view.theme, Sign::Close, &view.text("notice.dismiss")).clicked() {
                view.push(Action::ShowAdjust(false));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let how = RichText::new(view.text("adjust.how")).color(view.theme.text_weak);
                ui.add(egui::Label::new(how).truncate());
            });
        });
    });
}

/// The original with its frame, beside it what the network sees and says; below them what can be done.
fn picture_ui(ui: &mut Ui, view: &View, picture: &Picture, width: f32) {
    let room = vec2(((width - GAP) / 2.0).min(ORIGINAL.x), view.room.window.height() - REST);
    let size = vec2(room.x, ORIGINAL.y.min(room.y).max(110.0));
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        original_ui(ui, view, picture, size);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            results_ui(ui, view, width - size.x - GAP, size.y);
        });
    });
    ui.add_space(space::M);
    ui.horizontal_wrapped(|ui| fit_ui(ui, view));
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| turn_ui(ui, view));
    ui.add_space(space::S);
    // Its room is kept, so that nothing moves under the pointer while advice comes and goes.
    ui.scope(|ui| {
        ui.set_min_size(vec2(width, ADVICE));
        if let Some(advice) = view.state.advice() {
            advice_ui(ui, view, advice);
        }
    });
    ui.add_space(space::XS);
    ui.label(RichText::new(view.text("adjust.undo")).font(theme::small_font()).color(view.theme.text_weak));
}

fn adjust(view: &View, adjust: AdjustAction, more: bool) {
    view.push(Action::Adjust { adjust, more });
}

/// Where the picture, as it is turned by quarters and mirrored, lies on the screen.
#[derive(Clone, Copy)]
struct Shown {
    /// The picture's size in its pixels.
    size: Vec2,
    middle: Pos2,
    /// Points per pixel.
    scale: f32,
    quarters: u8,
    mirrored: bool,
}

impl Shown {
    fn new(picture: &Picture, adjustment: Adjustment, input: [usize; 2], rect: Rect) -> Self {
        let size = vec2(picture.width() as f32, picture.height() as f32);
        // Bars stand beside a picture that is seen as a whole.
        let mut all = size;
        if adjustment.fit == Fit::Pad {
            let [rows, columns] = if adjustment.quarters % 2 == 1 { [input[1], input[0]] } else { input };
            let proportions = columns as f32 / rows as f32;
            all = vec2(size.x.max(size.y * proportions), size.y.max(size.x / proportions));
        }
        let turned = if adjustment.quarters % 2 == 1 { vec2(all.y, all.x) } else { all };
        let scale = (rect.width() / turned.x).min(rect.height() / turned.y);
        let Adjustment { quarters, mirrored, .. } = adjustment;
        Self { size, middle: rect.center(), scale, quarters, mirrored }
    }

    /// From the picture to the screen.
    fn to_screen(self, [x, y]: [f64; 2]) -> Pos2 {
        let mut at = vec2(x as f32, y as f32) - self.size / 2.0;
        if self.mirrored {
            at.x = -at.x;
        }
        for _ in 0..self.quarters {
            at = vec2(-at.y, at.x);
        }
        self.middle + at * self.scale
    }

    /// From the screen to the picture.
    fn picture_at(self, at: Pos2) -> Vec2 {
        let mut at = (at - self.middle) / self.scale;
        for _ in 0..self.quarters {
            at = vec2(at.y, -at.x);
        }
        if self.mirrored {
            at.x = -at.x;
        }
        at + self.size / 2.0
    }
}

/// A drag of the frame, from where it began.
#[derive(Clone, Copy)]
struct Drag {
    frame: Frame,
    /// In pixels of the picture.
    from: Vec2,
    is_sizing: bool,
}

/// The picture as it was opened, with a frame around what the network sees.
fn original_ui(ui: &mut Ui, view: &View, picture: &Picture, size: Vec2) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let inputs = view.state.inputs();
    let [_, rows, columns] = view.state.model().network.input;
    let shown = Shown::new(picture, inputs.adjustment, [rows, columns], rect);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
    let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]].map(|at| shown.to_screen(at));
    if inputs.adjustment.fit == Fit::Pad {
        let Background([r, g, b]) = inputs.ground;
        painter.rect_filled(rect, 0.0, Color32::from_rgb(r, g, b));
    }
    let texture = original_texture(ui, view, picture);
    let mut mesh = Mesh::with_texture(texture.id());
    for (at, uv) in corners.into_iter().zip([pos2(0.0, 0.0), pos2(1.0, 0.0), pos2(1.0, 1.0), pos2(0.0, 1.0)])
    {
        mesh.vertices.push(egui::epaint::Vertex { pos: at, uv, color: Color32::WHITE });
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    painter.add(mesh);
    let frame = view.state.fitted().corners(0..rows, 0..columns).map(|at| shown.to_screen(at));
    let whole = Rect::from_points(&corners).intersect(rect);
    frame_ui(&painter, if inputs.adjustment.fit == Fit::Pad { rect } else { whole }, frame);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, view.text("adjust.original")));
    drag_ui(ui, view, shown, &response, frame);
}

/// The frame: a white line within a dark one, so that it is seen on any picture; what lies outside is dimmed.
fn frame_ui(painter: &Painter, rect: Rect, frame: [Pos2; 4]) {
    let middle = frame.iter().fold(Vec2::ZERO, |sum, at| sum + at.to_vec2()) / 4.0;
    // In the order of the rectangle's corners, whichever way the picture is turned.
    let mut around = frame;
    around.sort_by(|a, b| {
        let angle = |at: &Pos2| (*at - middle.to_pos2()).angle();
        angle(a).total_cmp(&angle(b))
    });
    let outer = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
    let mut mesh = Mesh::default();
    for at in outer.into_iter().chain(around) {
        mesh.colored_vertex(at, Color32::from_black_alpha(120));
    }
    for k in 0..4u32 {
        let next = (k + 1) % 4;
        mesh.add_triangle(k, next, 4 + k);
        mesh.add_triangle(next, 4 + next, 4 + k);
    }
    painter.add(mesh);
    let dark = Color32::from_black_alpha(220);
    painter.add(Shape::closed_line(frame.to_vec(), Stroke::new(5.0, dark)));
    painter.add(Shape::closed_line(frame.to_vec(), Stroke::new(2.0, Color32::WHITE)));
    for at in frame {
        let handle = Rect::from_center_size(at, vec2(9.0, 9.0));
        painter.rect(handle, 2.0, Color32::WHITE, Stroke::new(1.5, dark), StrokeKind::Outside);
    }
}

/// A drag moves the frame, at a corner it sizes it, and the wheel zooms.
fn drag_ui(ui: &Ui, view: &View, shown: Shown, response: &Response, frame: [Pos2; 4]) {
    let now = view.state.inputs().adjustment.frame.unwrap_or_default();
    let id = response.id.with("drag");
    let near = |at: Pos2| frame.iter().any(|corner| corner.distance(at) < NEAR);
    if response.drag_started()
        && let Some(from) = ui.input(|input| input.pointer.press_origin())
    {
        let drag = Drag { frame: now, from: shown.picture_at(from), is_sizing: near(from) };
        ui.data_mut(|data| data.insert_temp(id, (drag, false)));
    }
    let drag: Option<(Drag, bool)> = ui.data(|data| data.get_temp(id));
    if let Some((drag, goes_on)) = drag.filter(|_| response.dragged())
        && let Some(at) = response.interact_pointer_pos().filter(|_| response.drag_delta() != Vec2::ZERO)
    {
        let at = shown.picture_at(at);
        let centre = vec2(drag.frame.centre[0], drag.frame.centre[1]) * shown.size;
        let frame = if drag.is_sizing {
            let zoom = drag.frame.zoom * (drag.from - centre).length() / (at - centre).length().max(1e-3);
            Frame { zoom, ..drag.frame }
        } else {
            let centre = (centre + at - drag.from) / shown.size;
            Frame { centre: [centre.x, centre.y], ..drag.frame }
        };
        adjust(view, AdjustAction::Frame(frame), goes_on);
        ui.data_mut(|data| data.insert_temp(id, (drag, true)));
    }
    if let Some(at) = response.hover_pos() {
        let cursor = if near(at) { egui::CursorIcon::Crosshair } else { egui::CursorIcon::Grab };
        ui.ctx().set_cursor_icon(if response.dragged() { egui::CursorIcon::Grabbing } else { cursor });
        wheel_ui(ui, view, response, now);
    }
}

/// The wheel: all that it turns without a pause is one step back.
fn wheel_ui(ui: &Ui, view: &View, response: &Response, now: Frame) {
    /// Seconds without turning after which a new step begins.
    const PAUSE: f64 = 0.6;
    let (delta, pinch, time) = ui.input_mut(|input| {
        let delta = input.smooth_scroll_delta().y;
        // What lies around must not scroll with it.
        input.smooth_scroll_delta = Vec2::ZERO;
        (delta, input.zoom_delta(), input.time)
    });
    let factor = (delta / 240.0).exp() * pinch;
    if factor == 1.0 {
        return;
    }
    let id = response.id.with("wheel");
    let last: Option<f64> = ui.data(|data| data.get_temp(id));
    let frame = Frame { zoom: now.zoom * factor, ..now };
    adjust(view, AdjustAction::Frame(frame), last.is_some_and(|last| time - last < PAUSE));
    ui.data_mut(|data| data.insert_temp(id, time));
}

/// The texture of the original, made once per picture.
fn original_texture(ui: &Ui, view: &View, picture: &Picture) -> TextureHandle {
    let ground = view.state.inputs().ground;
    let key = (Arc::as_ptr(&view.state.inputs().picture) as usize, ground.0);
    let made = || {
        let preview = preview(picture, 1024, ground);
        ColorImage::from_rgb([preview.width, preview.height], &preview.rgb)
    };
    kept_texture(ui, "adjusted picture", key, TextureOptions::LINEAR, made)
}

/// The texture of what the network sees.
fn seen_texture(ui: &Ui, view: &View) -> TextureHandle {
    let seen = &view.state.fitted().tensor;
    let key = (Arc::as_ptr(view.state.fitted()) as usize, [0, 0, 0]);
    let made = || {
        let (_, channels, h, w) = seen.dim();
        let rgb =
            (0..h * w).flat_map(|k| [0, 1, 2].map(|c| seen[[0, c.min(channels - 1), k / w, k % w]] as u8));
        ColorImage::from_rgb([w, h], &rgb.collect::<Vec<u8>>())
    };
    kept_texture(ui, "seen picture", key, TextureOptions::NEAREST, made)
}

fn kept_texture(
    ui: &Ui,
    name: &str,
    key: (usize, [u8; 3]),
    options: TextureOptions,
    made: impl FnOnce() -> ColorImage,
) -> TextureHandle {
    type Kept = ((usize, [u8; 3]), TextureHandle);
    let id = Id::unique(name);
    if let Some((_, texture)) = ui.data(|data| data.get_temp::<Kept>(id)).filter(|(kept, _)| *kept == key) {
        return texture;
    }
    let texture = ui.ctx().load_texture(name, made(), options);
    ui.data_mut(|data| data.insert_temp::<Kept>(id, (key, texture.clone())));
    texture
}

/// What the network sees, its answer, and the arrows.
fn results_ui(ui: &mut Ui, view: &View, width: f32, height: f32) {
    let side = SEEN.min(height - 100.0).min(width / 2.0 - space::M).max(48.0);
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            ui.label(RichText::new(view.text("adjust.seen")).font(theme::strong_font()));
            let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
            let [_, rows, columns] = view.state.model().network.input;
            let scale = side / rows.max(columns) as f32;
            let shown = Rect::from_center_size(rect.center(), vec2(columns as f32, rows as f32) * scale);
            let texture = seen_texture(ui, view);
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter().image(texture.id(), shown, uv, Color32::WHITE);
            ui.painter().rect_stroke(
                shown,
                0.0,
                Stroke::new(1.0, view.theme.line_strong),
                StrokeKind::Outside,
            );
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, view.text("adjust.seen")));
        });
        ui.vertical(|ui| {
            let room = (width - side.max(SEEN_WORDS) - space::XL).max(90.0);
            ui.set_max_width(room);
            answer_ui(ui, view, room, side);
        });
    });
    ui.add_space(space::S);
    ui.label(RichText::new(view.text("adjust.shift")).font(theme::strong_font()));
    ui.horizontal_wrapped(|ui| {
        for (sign, id) in [("◀", "shift_left"), ("▲", "shift_up"), ("▼", "shift_down"), ("▶", "shift_right")]
        {
            let Some(command) = command::command(id) else { continue };
            let words = view.text(&format!("adjust.{id}"));
            let button = ui.add(Button::new(sign).min_size(vec2(40.0, 34.0)));
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
            if button.on_hover_text(words).clicked() {
                view.push((command.action)(view.state));
            }
        }
        ui.label(RichText::new(shifted(view)).color(view.theme.text_weak));
    });
}

/// By how much the picture is shifted: "2 right, 0 down".
fn shifted(view: &View) -> String {
    let [right, down] = view.state.inputs().adjustment.shift;
    let along = |by: i32, [ahead, back]: [&str; 2]| {
        let key = format!("adjust.{}", if by < 0 { back } else { ahead });
        view.fill(&key, &[("n", &by.unsigned_abs().to_string())])
    };
    format!("{}{}{}", along(right, ["right", "left"]), view.text("adjust.and"), along(down, ["down", "up"]))
}

/// The likeliest classes with their bars.
fn answer_ui(ui: &mut Ui, view: &View, width: f32, height: f32) {
    ui.label(RichText::new(view.text("adjust.answer")).font(theme::strong_font()));
    let state = view.state;
    if !state.names_classes() {
        ui.label(RichText::new(view.text("right.no_classes")).color(view.theme.text_weak));
        return;
    }
    let scores = state.scores();
    let most = ((height / 38.0) as usize).clamp(1, 4);
    for (k, class) in state.likeliest().into_iter().take(most).enumerate() {
        let font = if k == 0 { theme::strong_font() } else { theme::body_font() };
        let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::hover());
        let (name, score) = (crate::ui::names::class(view, class), picture_words::score(view, scores[class]));
        let painter = ui.painter();
        let number = painter.text(
            rect.right_top(),
            egui::Align2::RIGHT_TOP,
            &score,
            theme::body_font(),
            view.theme.text,
        );
        painter.with_clip_rect(rect.with_max_x(number.left() - space::XS)).text(
            rect.left_top(),
            egui::Align2::LEFT_TOP,
            &name,
            font,
            view.theme.text_strong,
        );
        if state.gives_probabilities() {
            let bar = Rect::from_min_size(rect.left_top() + vec2(0.0, 22.0), vec2(rect.width(), 7.0));
            painter.rect_filled(bar, 3.0, view.theme.line);
            let share = scores[class].clamp(0.0, 1.0);
            let fill = view.theme.pass(crate::trace::Pass::Fwd).fill;
            painter.rect_filled(Rect::from_min_size(bar.min, vec2(bar.width() * share, 7.0)), 3.0, fill);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {score}")));
    }
}

/// How it is fitted, the colour of the bars, and what turns, mirrors and colours it.
fn fit_ui(ui: &mut Ui, view: &View) {
    let inputs = view.state.inputs();
    let adjustment = inputs.adjustment;
    let label = view.text("adjust.fit");
    ui.label(RichText::new(&label).color(view.theme.text_weak));
    let words = Fit::ALL.map(|fit| view.text(&format!("adjust.{}", fit.name())));
    let now = Fit::ALL.iter().position(|fit| *fit == adjustment.fit).unwrap_or(0);
    if let Some(chosen) = segments_ui(ui, view.theme, &label, &words, now) {
        adjust(view, AdjustAction::Fit(Fit::ALL[chosen]), false);
    }
    let caption = ui.label(RichText::new(view.text("adjust.bars")).color(view.theme.text_weak));
    let mut ground = inputs.ground.0;
    let bars = ui.color_edit_button_srgb(&mut ground).labelled_by(caption.id);
    if bars.on_hover_text(view.text("adjust.bars_tip")).changed() {
        view.push(Action::SetBackground(Background(ground)));
    }
    ui.add_space(space::M);
    for (key, action, is_on) in [
        ("adjust.turn", AdjustAction::Turn, false),
        ("adjust.mirror", AdjustAction::Mirror, adjustment.mirrored),
        ("adjust.invert", AdjustAction::Invert, adjustment.inverted),
        ("adjust.grey", AdjustAction::Grey, adjustment.grey),
    ] {
        let button = Button::new(view.text(key)).min_size(vec2(0.0, 30.0)).selected(is_on);
        if ui.add(button).clicked() {
            adjust(view, action, false);
        }
    }
}

/// The turn by degrees, and the way back to the file.
fn turn_ui(ui: &mut Ui, view: &View) {
    let inputs = view.state.inputs();
    let caption = ui.label(RichText::new(view.text("adjust.degrees")).color(view.theme.text_weak));
    let mut degrees = inputs.adjustment.degrees;
    let range = if degrees.abs() > 45.0 { -180.0..=180.0 } else { -45.0..=45.0 };
    ui.spacing_mut().slider_width = 220.0;
    let slider = Slider::new(&mut degrees, range).suffix("°").fixed_decimals(0).step_by(1.0);
    let slider = ui.add(slider).labelled_by(caption.id);
    let goes_on = slider.dragged() && !slider.drag_started();
    if slider.on_hover_text(view.text("adjust.degrees_tip")).changed() {
        adjust(view, AdjustAction::Degrees(degrees), goes_on);
    }
    ui.add_space(space::M);
    let is_changed =
        !inputs.adjustment.is_plain() || inputs.adjustment.fit != Fit::default() || inputs.painted.is_some();
    let reset = Button::new(view.text("adjust.reset")).min_size(vec2(0.0, 30.0));
    if ui.add_enabled(is_changed, reset).clicked() {
        adjust(view, AdjustAction::Reset, false);
    }
    for (key, action) in [("picture.open", Action::AskForPicture), ("pad.draw", Action::ShowPad(true))] {
        if ui.add(Button::new(view.text(key)).min_size(vec2(0.0, 30.0))).clicked() {
            view.push(Action::ShowAdjust(false));
            view.push(action);
        }
    }
}

fn advice_ui(ui: &mut Ui, view: &View, advice: Advice) {
    let theme = view.theme;
    let frame = egui::Frame::new().stroke(Stroke::new(1.0, theme.warn)).inner_margin(space::S);
    frame.corner_radius(space::RADIUS).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("⚠").color(theme.warn));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let offer = view.text(&format!("{}.offer", advice.key()));
                let words = RichText::new(offer).color(theme.on_accent);
                if ui.add(Button::new(words).fill(theme.accent).min_size(vec2(0.0, 34.0))).clicked() {
                    view.push(advice.action());
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(egui::Label::new(picture_words::advice(view, advice)).wrap());
                });
            });
        });
    });
}

/// While a file hovers over the window: a frame around it, and what dropping the file does.
pub fn drop_ui(ui: &Ui, view: &View) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, Id::unique("drop")));
    let (window, theme) = (view.room.window, view.theme);
    painter.rect_filled(window, 0.0, theme.ground.gamma_multiply(0.6));
    painter.rect_stroke(window, 0.0, Stroke::new(6.0, theme.accent), StrokeKind::Inside);
    let (font, words) = (egui::FontId::proportional(theme::text_size::HEADING), view.text("adjust.drop"));
    let words = painter.layout(words, font, theme.text_strong, window.width() - 64.0);
    let card = Rect::from_center_size(window.center(), words.size() + vec2(48.0, 32.0));
    painter.rect(card, 8.0, theme.raised, Stroke::new(2.0, theme.accent), StrokeKind::Inside);
    painter.galley(card.min + vec2(24.0, 16.0), words, theme.text_strong);
}
