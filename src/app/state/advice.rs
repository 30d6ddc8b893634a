//! What the program advises, on the current picture and network.

use super::AppState;
use crate::data::{Content, Picture, digits, paint::DRAWING, shapes};
use crate::model_io::{Model, presets};
use crate::nn::{Op, Part};
use crate::tensor::Tensor;
use crate::trace::TensorId;

/// A piece of advice.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Advice {
    /// A picture of something else meets a network that knows only the eight shapes.
    OnlyShapes,
    /// A colourful picture meets a network that knows only digits.
    OnlyDigits,
    /// Dark digits on a bright ground meet a network that learned bright ones on a dark ground.
    DarkOnBright,
    /// No class has a probability of one half.
    NotSure {
        /// The largest probability.
        probability: f32,
    },
}

impl Advice {
    /// Whether both are the same advice, whatever the numbers.
    pub(in crate::app) fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// Whether a network's classes are the digits 0 to 9.
pub fn reads_digits(model: &Model) -> bool {
    model.architecture.classes == digits::CLASSES
}

/// Whether a network's classes are the eight bundled shapes.
fn knows_only_shapes(model: &Model) -> bool {
    model.architecture.classes == shapes::CLASSES
}

impl AppState {
    /// Whether the network's outputs are classes with names. If not they are numbers, and the largest is no answer.
    pub fn names_classes(&self) -> bool {
        !self.model().architecture.classes.is_empty()
    }

    /// Whether the outputs, or what the loss makes of them, are probabilities of classes that exclude one another. If
    /// not they are scores, of which several can be high at once.
    pub fn gives_probabilities(&self) -> bool {
        let last = self.plan().network().layers.last().map(|layer| &layer.op);
        self.plan().stage_of(TensorId::loss(Part::Prob)).is_some() || matches!(last, Some(Op::Softmax))
    }

    /// Whether the class with the highest score is the network's answer.
    pub fn names_answer(&self) -> bool {
        self.names_classes() && self.gives_probabilities()
    }

    /// At most one piece of advice on the picture and the network, where the user has not put it away.
    pub fn advice(&self) -> Option<Advice> {
        if self.inputs.training.is_some() || !self.names_classes() {
            return None;
        }
        let advice = self.advice_on_picture().or_else(|| self.advice_on_answer())?;
        (!self.dismissed_advice.iter().any(|&dismissed| dismissed.is_like(advice))).then_some(advice)
    }

    fn advice_on_picture(&self) -> Option<Advice> {
        let (model, loaded) = (self.model(), &self.inputs.picture);
        let Content::Picture(picture) = &loaded.content else { return None };
        let is_known = loaded.label.as_ref().is_some_and(|label| model.architecture.classes.contains(label));
        let is_foreign = !is_known && loaded.name != DRAWING;
        if is_foreign && knows_only_shapes(model) {
            return Some(Advice::OnlyShapes);
        }
        if !reads_digits(model) {
            return None;
        }
        if is_foreign && is_colourful(picture) {
            return Some(Advice::OnlyDigits);
        }
        // Shuffled pixels have no border.
        let is_shuffled = model.architecture.preprocess.shuffle().is_some();
        (!is_shuffled && has_bright_border(&self.fitted.tensor)).then_some(Advice::DarkOnBright)
    }

    fn advice_on_answer(&self) -> Option<Advice> {
        let is_probability = self.gives_probabilities();
        // One that starts from random weights has no reason to be sure.
        let is_untrained = presets::find(&self.model().name).is_some();
        // A lesson asks about its answers itself.
        if !is_probability || is_untrained || self.lesson().is_some() || !self.knows_scores() {
            return None;
        }
        let (_, probability) = self.prediction();
        (probability < 0.5).then_some(Advice::NotSure { probability })
    }
}

/// Whether more than a seventh of a picture is clearly coloured: more than a red pen on paper.
fn is_colourful(picture: &Picture) -> bool {
    /// Pixels that are sampled, in each direction.
    const SIDE: usize = 48;
    /// From the smallest to the largest of red, green and blue.
    const COLOURED: u8 = 48;
    // The same as a small picture of it, but without reading all of a large one.
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let pixels = (0..SIDE * SIDE).filter_map(|k| {
        let (i, j) = (k / SIDE, k % SIDE);
        picture.pixel(((2 * j + 1) * w / (2 * SIDE)) as u32, ((2 * i + 1) * h / (2 * SIDE)) as u32)
    });
    let is_coloured =
        |[r, g, b, alpha]: &[u8; 4]| *alpha > 127 && r.max(g).max(b) - r.min(g).min(b) >= COLOURED;
    pixels.filter(is_coloured).count() * 7 > SIDE * SIDE
}

/// Whether what is seen is clearly brighter along its border than within. (1, C, H, W)
fn has_bright_border(seen: &Tensor) -> bool {
    /// The threshold, of 255.
    const CLEARLY: f32 = 8.0;
    let (_, _, h, w) = seen.dim();
    let border = (h.min(w) / 10).max(1);
    let (mut sums, mut cells) = ([0.0, 0.0], [0.0, 0.0]);
    for ((_, _, i, j), &value) in seen.indexed_iter() {
        let is_within = (border..h.saturating_sub(border)).contains(&i)
            && (border..w.saturating_sub(border)).contains(&j);
        sums[usize::from(is_within)] += value;
        cells[usize::from(is_within)] += 1.0;
    }
    cells[1] > 0.0 && sums[0] / cells[0] - sums[1] / cells[1] > CLEARLY
}
