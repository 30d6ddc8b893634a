//! The close-up of a stage: one file per layer family, all drawn with one kit.
//!
//! A family builds its close-up from parts side by side (`parts`), a table (`table`) or a sum of windows
//! times filter slices (`conv`), with a caption (`caption`). The ladder (`ladder`) chooses its size for the
//! available room.

#![deny(clippy::wildcard_enum_match_arm)]

mod activation;
mod arithmetic;
mod batchnorm;
mod boxes;
mod caption;
mod computed;
mod conv;
mod dense;
mod dropout;
mod flatten;
mod focused_cell;
mod given;
mod group_norm;
mod join;
mod ladder;
mod local_response_norm;
mod loss;
mod norm;
mod numbers;
mod part;
mod parts;
mod pool;
mod prelu;
mod resample;
mod softmax;
mod table;
mod update;

use crate::app::{Drawer, Figure};
use crate::nn::{Op, Part};
use crate::trace::{Address, Depth, Grain, Owner, Pass};
use crate::ui::view::{Legend, View};
use caption::Caption;
use egui::{Align, Id, Layout, Rect, Ui, UiBuilder, vec2};
use parts::{Extra, Item};
use std::sync::Arc;

/// What a close-up shows.
enum Body<'a> {
    /// Parts side by side, and what stands beside them.
    Parts(Vec<Item<'a>>, Option<Extra<'a>>),
    /// A table with a row per class or map.
    Table(table::Table<'a>),
    /// A sum of windows times filter slices.
    Sum(Box<conv::ConvCell<'a>>),
    /// The same sum as a window on what it slides over.
    Slide(Box<conv::ConvCell<'a>>),
}

/// A close-up: its body and its caption.
struct Closeup<'a> {
    body: Body<'a>,
    caption: Caption,
}

impl<'a> Closeup<'a> {
    fn of_parts(items: Vec<Item<'a>>, extra: Option<Extra<'a>>, caption: Caption) -> Self {
        Self { body: Body::Parts(items, extra), caption }
    }

    /// The close-up of the shown place; `None` if that is not a cell.
    fn new(view: &'a View<'a>) -> Option<Self> {
        let focus = looked(view);
        let plan = view.state.plan();
        let Some(stage) = plan.stage_at(&focus) else { return given::given(view, &focus) };
        if stage.pass == Pass::Update {
            return update::update(view, &focus, stage);
        }
        if stage.tensor.part == Part::Dy {
            return join::sum(view, &focus, stage);
        }
        let l = match stage.tensor.owner {
            Owner::Input | Owner::Loss => return loss::loss(view, &focus, stage),
            Owner::Layer(l) => l as usize,
        };
        match &plan.layer(l).op {
            Op::Conv2d(spec) => conv::conv(view, &focus, stage, l, spec.into()),
            Op::ConvTranspose2d(spec) => conv::conv(view, &focus, stage, l, spec.into()),
            Op::MaxPool2d(spec) | Op::AvgPool2d(spec) => pool::pool(view, &focus, stage, l, spec),
            Op::Resample2d(spec) => resample::resample(view, &focus, stage, l, spec),
            Op::Activation(function) => activation::activation(view, &focus, stage, l, *function),
            Op::PRelu(spec) => prelu::prelu(view, &focus, stage, l, spec),
            Op::Dense(spec) => dense::dense(view, &focus, stage, l, spec),
            Op::Softmax => softmax::softmax(view, &focus, stage, l),
            Op::LocalResponseNorm(_) => local_response_norm::local_response_norm(view, &focus, stage, l),
            Op::BatchNorm2d(_) => batchnorm::batchnorm(view, &focus, stage, l),
            Op::GroupNorm(spec) => group_norm::group_norm(view, &focus, stage, l, spec),
            Op::Flatten => flatten::flatten(view, &focus, stage, l),
            Op::Add | Op::Multiply | Op::Concat => join::join(view, &focus, stage, l),
            Op::Dropout { p } => dropout::dropout(view, &focus, stage, l, *p),
        }
    }
}

/// The shown cell or term; within more than a cell, the cell that the cursor is at, or the first.
fn looked(view: &View) -> Address {
    let look = view.state.look();
    match Depth::new(&look) {
        Depth::Cell | Depth::Term => look,
        Depth::Pass | Depth::Layer | Depth::Map => view.state.focus(),
    }
}

/// The term that an address names, if it names one.
fn looked_term(address: &Address) -> Option<u32> {
    (address.grain() == Grain::Term).then(|| address.term())
}

/// Whether the window is shown to a class.
fn is_presenting(view: &View) -> bool {
    view.state.view().presenting
}

/// The legends of the parts of a row.
fn legends(items: &[Item]) -> Vec<Legend> {
    let legend = |item: &Item| match item {
        Item::Part(part) => part.legend(),
        Item::Sign(_) | Item::Arrow(_) => None,
    };
    items.iter().filter_map(legend).collect()
}

/// Whether the place is shown as a window that slides.
fn slides(view: &View) -> bool {
    view.state.figure() == Some(Figure::Slide)
}

/// Draws the close-up of the shown place into the room of `ui`.
pub fn closeup_ui(ui: &mut Ui, view: &View) {
    let Some(closeup) = Closeup::new(view) else { return };
    let stage = ui.max_rect();
    stage_ui(ui, view, &closeup, stage);
    let caption = (ui.ctx().cumulative_pass_nr(), Arc::new(closeup.caption));
    ui.data_mut(|data| data.insert_temp(caption_id(), caption));
}

/// Where egui keeps the caption between the stage and the lines below it.
fn caption_id() -> Id {
    Id::unique("closeup caption")
}

/// The caption: the one built for the stage in this frame, or one built for the lines alone.
fn caption(ui: &Ui, view: &View) -> Option<Arc<Caption>> {
    let kept: Option<(u64, Arc<Caption>)> = ui.data(|data| data.get_temp(caption_id()));
    let now = ui.ctx().cumulative_pass_nr();
    match kept {
        Some((pass, caption)) if pass == now => Some(caption),
        Some(_) | None => Closeup::new(view).map(|closeup| Arc::new(closeup.caption)),
    }
}

/// Draws the parts, the table or the sum into `stage`, below them a sentence that is too long for the equation's line.
fn stage_ui(ui: &mut Ui, view: &View, closeup: &Closeup, stage: Rect) {
    let is_low = stage.height() < caption::LOW;
    let mut rect = stage;
    rect.min.y += 2.0;
    rect.max.y -= if is_low { 6.0 } else { 8.0 };
    if has_choices(view) {
        let line = Rect::from_min_size(rect.min, vec2(rect.width(), 30.0));
        let layout = Layout::left_to_right(Align::Center);
        let mut child = ui.new_child(UiBuilder::new().max_rect(line).layout(layout).id_salt("choices"));
        choices_ui(&mut child, view);
        rect.min.y += 32.0;
    }
    if let Some(words) = caption::long_words(ui, view, &closeup.caption) {
        rect = caption::note_ui(ui, view, words, rect);
    }
    match &closeup.body {
        Body::Parts(items, extra) => parts::parts_ui(ui, view, items, extra.as_ref(), rect),
        Body::Table(table) => table::table_ui(ui, view, table, rect),
        Body::Sum(conv_cell) => conv::sum_ui(ui, conv_cell, rect),
        Body::Slide(conv_cell) => conv::slide_ui(ui, conv_cell, rect),
    }
}

/// Whether the close-up of the shown place has choices of its own: those of [`choices_ui`].
pub fn has_choices(view: &View) -> bool {
    let plan = view.state.plan();
    let Some(stage) = plan.stage_at(&view.state.focus()) else { return false };
    let Owner::Layer(l) = stage.tensor.owner else { return false };
    match &plan.layer(l as usize).op {
        Op::Conv2d(_) => stage.tensor.part == Part::Dx,
        Op::ConvTranspose2d(_) => stage.tensor.part == Part::Out && !slides(view),
        Op::MaxPool2d(_) | Op::AvgPool2d(_) => stage.pass == Pass::Fwd,
        Op::Resample2d(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::Dense(_)
        | Op::Softmax
        | Op::LocalResponseNorm(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::Flatten
        | Op::Dropout { .. }
        | Op::Add
        | Op::Multiply
        | Op::Concat => false,
    }
}

/// The choices of the close-up: which way a gathered sum is seen; the kind, size and stride of a pool.
pub fn choices_ui(ui: &mut Ui, view: &View) {
    let plan = view.state.plan();
    let Some(stage) = plan.stage_at(&view.state.focus()).filter(|_| has_choices(view)) else { return };
    let Owner::Layer(l) = stage.tensor.owner else { return };
    let is_transposed = matches!(plan.layer(l as usize).op, Op::ConvTranspose2d(_));
    if is_transposed || stage.tensor.part == Part::Dx {
        conv::ways_ui(ui, view, is_transposed);
    } else {
        pool::choices_ui(ui, view, l as usize);
    }
}

/// Whether the panel "Why?" is open and high enough to have the close-up's sentences, so that the lines have none.
fn has_captions_beside(view: &View) -> bool {
    view.room.drawer.is_some_and(|(drawer, rect)| drawer == Drawer::Why && rect.height() >= 400.0)
}

/// The close-up's sentences for the panel "Why?"; none where the lines below the stage have them.
pub fn notes(ui: &Ui, view: &View) -> Vec<String> {
    let caption = if has_captions_beside(view) { caption(ui, view) } else { None };
    caption.map_or(Vec::new(), |caption| caption.words.clone())
}

/// Draws the equation of the shown place into the room of `ui`, with its meaning at the right end.
pub fn equation_line_ui(ui: &mut Ui, view: &View) {
    if let Some(caption) = caption(ui, view) {
        caption::equation_ui(ui, view, &caption);
    }
}

/// Draws the legends of the close-up in one line into the room of `ui`, with the list of all of them.
pub fn legend_line_ui(ui: &mut Ui, view: &View) {
    if let Some(caption) = caption(ui, view) {
        caption::legends_ui(ui, view, &caption);
    }
}
