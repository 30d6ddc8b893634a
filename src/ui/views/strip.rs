//! The network in one line: the picture, a tile per block, the answer.

use crate::app::Action;
use crate::trace::{Address, Depth, TensorId};
use crate::ui::{
    answer::Answer,
    atlas::tensor_atlas,
    blocks::{Block, block_of, blocks, with_gradient},
    fonts, lit, names,
    original::input_ui,
    receptive_field::receptive_fields,
    summary::summary,
    theme::{self, space, text_size},
    view::View,
    widgets::{flow::text_width, grid::CellSpan, hatch::hatched_ui},
};
use egui::{
    Align2, Color32, FontId, Painter, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};

/// The side of a thumbnail.
const THUMB: f32 = 42.0;
/// The width of the answer at the right end.
const ANSWER: f32 = 168.0;
/// The width of the picture at the left end.
const PICTURE: f32 = 54.0;
/// The least width of a tile with a thumbnail.
const WITH_THUMB: f32 = 84.0;
/// The least width of a tile: below it the strip scrolls.
const LEAST: f32 = 44.0;

/// Draws the strip: a click on a tile looks at its layer, one on the picture adjusts it, one on the answer
/// looks at the whole network.
pub fn strip_ui(ui: &mut Ui, view: &View) {
    let whole = ui.max_rect().shrink2(vec2(10.0, 0.0));
    let is_tall = whole.height() > 50.0;
    let plan = view.state.plan();
    let blocks = blocks(plan.network());
    let picture = Rect::from_min_max(whole.min, pos2(whole.left() + PICTURE, whole.bottom()));
    let answer = Rect::from_min_max(pos2(whole.right() - ANSWER, whole.top()), whole.max);
    let tiles = Rect::from_min_max(
        pos2(picture.right(), whole.top()),
        pos2(answer.left() - space::S, whole.bottom()),
    );
    let seen = Seen::under_pointer(view, &blocks);
    picture_ui(ui, view, picture, is_tall, seen.as_ref());
    answer_ui(ui, view, answer);
    let each = tiles.width() / blocks.len().max(1) as f32;
    // Thumbnails give way where a name has no room beside them.
    let names = blocks.iter().map(|block| text_width(ui.painter(), block.name(plan), theme::strong_font()));
    let widest = names.fold(0.0, f32::max);
    let with_thumb = WITH_THUMB.max(THUMB + widest + 15.0);
    let has_thumbs = is_tall && each >= with_thumb;
    if each >= LEAST.max(widest + 16.0) {
        for (k, block) in blocks.iter().enumerate() {
            let left = tiles.left() + each * k as f32;
            let rect = Rect::from_min_size(pos2(left, tiles.top()), vec2(each, tiles.height()));
            let seen = seen.as_ref().and_then(|seen| seen.of_block(k));
            tile_ui(ui, view, block, rect, [is_tall, has_thumbs], seen);
        }
        return;
    }
    let here = here(view, &blocks);
    ui.scope_builder(UiBuilder::new().max_rect(tiles), |ui| {
        ScrollArea::horizontal().id_salt("strip tiles").auto_shrink(false).show(ui, |ui| {
            let origin = ui.max_rect().min;
            let each = if is_tall { with_thumb } else { widest + 16.0 };
            ui.set_width(each * blocks.len() as f32);
            for (k, block) in blocks.iter().enumerate() {
                let rect =
                    Rect::from_min_size(origin + vec2(each * k as f32, 0.0), vec2(each, tiles.height()));
                let seen = seen.as_ref().and_then(|seen| seen.of_block(k));
                tile_ui(ui, view, block, rect, [is_tall, is_tall], seen);
                if here == Some(k) {
                    ui.scroll_to_rect(rect, Some(egui::Align::Center));
                }
            }
        });
    });
}

/// The number of the block that is shown.
fn here(view: &View, blocks: &[Block]) -> Option<usize> {
    let look = view.state.look();
    let (tensor, ..) = view.state.trace().tensor_cell(&look.whole_cell())?;
    block_of(blocks, tensor)
}

/// What the cell under the pointer is made of.
struct Seen {
    /// In the picture.
    picture: CellSpan,
    /// In each map of the blocks that its own reads, by their numbers.
    blocks: Vec<(usize, CellSpan)>,
}

impl Seen {
    /// What the cell of a layer's map that is under the pointer sees; of a gradient, the cell that it belongs to.
    fn under_pointer(view: &View, blocks: &[Block]) -> Option<Self> {
        let (plan, trace) = (view.state.plan(), view.state.trace());
        let (tensor, _, index) = trace.tensor_cell(&view.hovered()?)?;
        let (values, _) = with_gradient(plan, tensor)?;
        let own = block_of(blocks, values)?;
        let fields = receptive_fields(plan, values, index);
        let in_tensor =
            |tensor: TensorId| fields.iter().find(|field| field.tensor == tensor && !field.readers);
        let reads = plan.inputs_of(blocks[own].layers.start);
        let blocks = reads
            .filter_map(|tensor| block_of(blocks, tensor).zip(in_tensor(tensor).map(|field| field.span)));
        Some(Self { blocks: blocks.collect(), picture: in_tensor(TensorId::INPUT)?.span })
    }

    /// The cells of a block's maps.
    fn of_block(&self, block: usize) -> Option<CellSpan> {
        self.blocks.iter().find(|(at, _)| *at == block).map(|(_, cells)| *cells)
    }
}

/// Frames rows and columns of a map of `size` cells that is drawn in a rectangle.
fn seen_ui(ui: &Ui, view: &View, rect: Rect, size: [usize; 2], span: CellSpan) {
    let cell = rect.size() / vec2(size[1].max(1) as f32, size[0].max(1) as f32);
    let min = rect.min + vec2(span.left as f32, span.top as f32) * cell;
    let frame = Rect::from_min_size(min, vec2(span.cols as f32, span.rows as f32) * cell);
    let frame = Rect::from_center_size(frame.center(), frame.size().max(vec2(5.0, 5.0)));
    ui.painter().rect_stroke(frame, 0.0, Stroke::new(3.0, view.theme.halo), StrokeKind::Outside);
    ui.painter().rect_stroke(frame, 0.0, Stroke::new(1.5, view.theme.reads), StrokeKind::Outside);
}

/// What the network sees; a click adjusts it, or looks at it where it is of a batch.
fn picture_ui(ui: &mut Ui, view: &View, rect: Rect, is_tall: bool, seen: Option<&Seen>) {
    let input = TensorId::INPUT;
    let side = if is_tall { THUMB } else { 26.0 };
    let thumb =
        Rect::from_center_size(pos2(rect.left() + 0.5 * side + 2.0, rect.center().y), vec2(side, side));
    let look = Address::whole_given(view.state.trace().time(), view.state.image(), input);
    let response = ui.interact(rect, ui.scope_id().with("picture"), Sense::click());
    let is_batch = view.state.inputs().training.is_some();
    let words = view.text(if is_batch { "strip.picture" } else { "strip.adjust" });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    input_ui(ui, view, thumb);
    let frame =
        if view.state.look().place() == look.place() { view.theme.accent } else { view.theme.line_strong };
    ui.painter().rect_stroke(thumb, 0.0, Stroke::new(1.0, frame), StrokeKind::Outside);
    if let Some(seen) = seen {
        let [_, rows, cols] = view.state.plan().network().input;
        seen_ui(ui, view, thumb, [rows, cols], seen.picture);
    }
    if response.hovered() {
        view.read_out(words, String::new());
    }
    match (response.clicked(), is_batch) {
        (true, true) => view.look(&look),
        (true, false) => view.push(Action::ShowAdjust(!view.state.view().adjust)),
        (false, _) => {}
    }
}

/// A block: the strongest of its maps, its name and how many maps it has.
fn tile_ui(
    ui: &mut Ui,
    view: &View,
    block: &Block,
    rect: Rect,
    [is_tall, has_thumb]: [bool; 2],
    seen: Option<CellSpan>,
) {
    let (theme, plan) = (view.theme, view.state.plan());
    let output = block.output();
    let look = view.state.look();
    let shown = view.state.trace().tensor_cell(&look.whole_cell()).map(|(tensor, ..)| tensor);
    let is_here = shown.is_some_and(|tensor| block_of(std::slice::from_ref(block), tensor).is_some());
    let response = ui.interact(rect, ui.scope_id().with(("tile", block.shown)), Sense::click());
    let shape = plan.shape_of(output);
    let count = names::planes(view, shape);
    let name = block.name(plan).to_owned();
    let maps = names::maps(view, shape);
    let words = format!("{}: {maps}", format!("{name} {}", block.addition(view)).trim_end());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_here, &words));
    let ground = rect.shrink2(vec2(2.0, 2.0));
    if is_here {
        ui.painter().rect_filled(ground, space::RADIUS, theme.accent_soft);
        let stroke = Stroke::new(1.5, theme.accent);
        ui.painter().rect_stroke(ground, space::RADIUS, stroke, StrokeKind::Inside);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(ground, space::RADIUS, theme.button_hover);
    }
    let painter = ui.painter().with_clip_rect(rect.shrink2(vec2(2.0, 0.0)));
    let mut text_left = rect.left() + 8.0;
    if has_thumb {
        let thumb = Rect::from_center_size(
            pos2(rect.left() + 6.0 + 0.5 * THUMB, rect.center().y),
            vec2(THUMB, THUMB),
        );
        thumb_ui(ui, view, output, thumb);
        lit::frame_ui(ui.painter(), view, thumb, output, None);
        if let Some(cells) = seen {
            let stroke = Stroke::new(2.0, theme.reads);
            ui.painter().rect_stroke(thumb, 0.0, stroke, StrokeKind::Outside);
            if shape.plane() > 1 {
                seen_ui(ui, view, thumb, [shape.0[2], shape.0[3]], cells);
            }
        }
        text_left = thumb.right() + 6.0;
    }
    let ink = if is_here { theme.accent } else { theme.text_strong };
    let strong = FontId::new(text_size::BODY, fonts::strong());
    if is_tall {
        painter.text(pos2(text_left, rect.center().y), Align2::LEFT_BOTTOM, &name, strong, ink);
        let count = format!("× {count}");
        let at = pos2(text_left, rect.center().y + 2.0);
        painter.text(at, Align2::LEFT_TOP, count, theme::small_font(), theme.text_weak);
    } else {
        painter.text(pos2(text_left, rect.center().y), Align2::LEFT_CENTER, &name, strong, ink);
    }
    if response.hovered() {
        view.read_out(words, view.text("strip.opens"));
    }
    if response.clicked()
        && let Some(stage) = block.stage(view.state)
    {
        view.look(&stage);
    }
}

/// The map that is looked at where it is of this tensor, else the strongest; hatched before it is computed.
fn thumb_ui(ui: &Ui, view: &View, tensor: TensorId, rect: Rect) {
    let (state, image) = (view.state, view.state.image());
    let look = state.look();
    let shape = state.plan().shape_of(tensor);
    let own = state.trace().tensor_cell(&look.whole_cell()).filter(|(own, ..)| *own == tensor);
    let map = match own {
        Some((.., index)) if Depth::new(&look) >= Depth::Map => index as usize / shape.plane().max(1),
        Some(_) | None => summary(view, tensor, image)
            .and_then(|summary| summary.by_magnitude().first().copied())
            .unwrap_or(0),
    };
    let plane = crate::ui::tensor_plane::TensorPlane::new(view, tensor, image, map);
    if plane.is_begun() {
        let (rect, map) = if shape.plane() == 1 { (vector_rect(rect), map) } else { (rect, map) };
        if shape.plane() == 1 {
            vector_ui(ui, view, tensor, rect);
        } else {
            tensor_atlas(ui.ctx(), view, tensor, image).paint(ui.painter(), map, rect);
        }
        ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, view.theme.plane_frame), StrokeKind::Outside);
    } else {
        hatched_ui(ui, view.theme, rect);
    }
}

/// A vector stands upright.
fn vector_rect(rect: Rect) -> Rect {
    Rect::from_center_size(rect.center(), vec2(16.0, rect.height()))
}

/// The cells of a vector, one below the other, as many as can be told apart.
fn vector_ui(ui: &Ui, view: &View, tensor: TensorId, rect: Rect) {
    let image = view.state.image();
    let count = view.state.plan().shape_of(tensor).planes();
    let atlas = tensor_atlas(ui.ctx(), view, tensor, image);
    let shown = count.min(rect.height() as usize);
    let height = rect.height() / shown.max(1) as f32;
    for k in 0..shown {
        let cell = k * count / shown;
        let at = Rect::from_min_size(
            pos2(rect.left(), rect.top() + height * k as f32),
            vec2(rect.width(), height),
        );
        atlas.paint(ui.painter(), cell, at);
    }
}

/// What the network answers, and how sure it is; where its outputs exclude one another not, what the first ones are.
fn answer_ui(ui: &mut Ui, view: &View, rect: Rect) {
    let state = view.state;
    let response = ui.interact(rect, ui.scope_id().with("answer"), Sense::click());
    let words = if state.gives_probabilities() && state.names_classes() {
        format!("{}: {}", view.text("strip.answer"), best_ui(ui, view, rect))
    } else {
        format!("{}: {}", view.text("overview.output"), scores_ui(ui, view, rect))
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    if response.on_hover_text(words).clicked() {
        let stage = state.plan().pass_stages(crate::trace::Pass::Fwd).start;
        let forward = Address::whole_stage(state.trace().time(), state.image(), stage);
        view.look(&state.plan().widen(&forward, crate::trace::Grain::Pass));
    }
}

/// The likeliest class with its probability; answers what it says.
fn best_ui(ui: &Ui, view: &View, rect: Rect) -> String {
    let (state, theme) = (view.state, view.theme);
    let is_known = state.knows_scores();
    let (class, score) = state.prediction();
    let name = if is_known { names::class(view, class) } else { "?".into() };
    let number = if is_known { format!("{:.1} %", score * 100.0) } else { String::new() };
    let y = if rect.height() > 50.0 { rect.center().y - 8.0 } else { rect.center().y };
    let font = FontId::new(text_size::TITLE, fonts::strong());
    line_ui(ui.painter(), rect, y, [&name, &number], &font, theme.text_strong);
    if is_known && rect.height() > 50.0 {
        bar_ui(ui.painter(), rect, score, theme.pass(crate::trace::Pass::Fwd).fill, theme.line);
    }
    format!("{name} {number}")
}

/// As many outputs as fit; answers what it says.
fn scores_ui(ui: &Ui, view: &View, rect: Rect) -> String {
    const LINE: f32 = 20.0;
    let answer = Answer::new(view);
    let fits = ((rect.height() / LINE) as usize).clamp(1, answer.classes.len().max(1));
    let top = rect.center().y - 0.5 * LINE * (fits as f32 - 1.0);
    let lines = answer.classes.iter().take(fits).enumerate().map(|(k, &(class, score))| {
        let (name, number) = (names::class(view, class), answer.score(score));
        let y = top + LINE * k as f32;
        line_ui(ui.painter(), rect, y, [&name, &number], &theme::body_font(), view.theme.text_strong);
        format!("{name} {number}")
    });
    lines.collect::<Vec<_>>().join(", ")
}

/// A name on the left and its number on the right, which is never cut off.
fn line_ui(painter: &Painter, rect: Rect, y: f32, [name, number]: [&str; 2], font: &FontId, ink: Color32) {
    let right = pos2(rect.right(), y);
    let taken = painter.text(right, Align2::RIGHT_CENTER, number, font.clone(), ink);
    let names = painter.with_clip_rect(rect.with_max_x(taken.left() - 6.0));
    names.text(pos2(rect.left(), y), Align2::LEFT_CENTER, name, font.clone(), ink);
}

fn bar_ui(painter: &Painter, rect: Rect, share: f32, fill: Color32, ground: Color32) {
    let bar =
        Rect::from_min_max(pos2(rect.left(), rect.bottom() - 18.0), pos2(rect.right(), rect.bottom() - 11.0));
    painter.rect_filled(bar, 3.0, ground);
    let done = Rect::from_min_size(bar.min, vec2(bar.width() * share.clamp(0.0, 1.0), bar.height()));
    painter.rect_filled(done, 3.0, fill);
}
