//! Other ways to show a place than by its maps: how often each pixel is read, the block beside the vector, the filter
//! turned, all derivatives by their names, what is kept for the way back, and the sizes of all layers' numbers.

mod coverage;
mod derivatives;
mod kept;
mod sizes;
mod turned;
mod vector;

use crate::app::Figure;
use crate::tensor::Shape;
use crate::trace::TensorId;
use crate::ui::{
    colormap::Mapping,
    tensor_plane::{TensorPlane, mapping},
    theme::{self, space},
    view::View,
};
use egui::{Align, Color32, FontId, Label, Rect, RichText, Ui, UiBuilder};

/// Draws the place in the way that was chosen.
pub fn figure_ui(ui: &mut Ui, view: &View, figure: Figure) {
    match figure {
        Figure::Coverage => coverage::coverage_ui(ui, view),
        Figure::Vector => vector::vector_ui(ui, view),
        Figure::Turned => turned::turned_ui(ui, view),
        Figure::Derivatives => derivatives::derivatives_ui(ui, view),
        Figure::Kept => kept::kept_ui(ui, view),
        Figure::Sizes => sizes::sizes_ui(ui, view),
        // A close-up in another form, drawn with the close-ups.
        Figure::Slide => {}
    }
}

/// Draws words into a rectangle, broken into lines; answers what is left below them.
fn words_ui(ui: &mut Ui, rect: Rect, words: &str, font: FontId, color: Color32) -> Rect {
    let text = RichText::new(words).font(font).color(color);
    let label = Label::new(text).wrap().halign(Align::Min);
    let drawn = ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| ui.add(label).rect).inner;
    rect.with_min_y((drawn.bottom() + space::S).min(rect.bottom()))
}

/// What is seen, in a sentence; answers what is left below it.
fn says_ui(ui: &mut Ui, view: &View, rect: Rect, words: &str) -> Rect {
    let rest = words_ui(ui, rect, words, theme::body_font(), view.theme.text);
    rest.with_min_y((rest.top() + space::XS).min(rest.bottom()))
}

/// A name above a part; answers what is left below it.
fn part_ui(ui: &mut Ui, view: &View, rect: Rect, words: &str) -> Rect {
    words_ui(ui, rect, words, theme::strong_font(), view.theme.text_strong)
}

/// Weaker words; answers what is left below them.
fn weak_ui(ui: &mut Ui, view: &View, rect: Rect, words: &str) -> Rect {
    words_ui(ui, rect, words, theme::small_font(), view.theme.text_weak)
}

/// A count with its thousands apart; "?" where it is covered.
fn count(n: u64, is_covered: bool) -> String {
    if is_covered { "?".into() } else { crate::ui::number::thousands(n) }
}

/// The colours of a plane of a tensor: of a colour picture its own, red, green or blue.
fn plane_mapping(view: &View, tensor: TensorId, map: usize) -> Mapping {
    let is_values = matches!(view.state.inputs().picture.content, crate::data::Content::Values(_));
    let channels = view.state.model().network.input[0];
    if tensor != TensorId::INPUT || channels != 3 || is_values {
        return mapping(view, tensor, view.state.image(), Some(map));
    }
    let preprocess = &view.state.model().architecture.preprocess;
    let [lo, hi] = [0.0, 255.0].map(|level| preprocess.value(map, level));
    Mapping::tinted(map, lo, hi, view.theme.dark)
}

/// A plane of a tensor, and the tensor's extents.
fn plane_of<'a>(view: &'a View<'a>, tensor: TensorId, map: usize) -> (TensorPlane<'a>, [usize; 3]) {
    let Shape([_, c, h, w]) = view.state.plan().shape_of(tensor);
    (TensorPlane::new(view, tensor, view.state.image(), map), [c, h, w])
}
