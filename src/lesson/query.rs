//! What can be asked: the functions of lesson files and their arguments.

use super::scene::Scene;
use crate::model_io::nearest;
use crate::nn::Layer;
use crate::trace::{Address, Pass};

/// Declares the functions with their names in files.
macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What can be asked about a network and its numbers.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Function {
            $($(#[$doc])* $variant,)*
        }

        impl Function {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in a lesson file.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

functions! {
    /// The number in a cell.
    Value = "value",
    /// How many terms a cell has.
    Terms = "terms",
    /// How many cells a place has.
    Count = "count",
    /// How many of its cells are not 0.
    Nonzero = "nonzero",
    /// How many terms of the next layer read a cell.
    Readers = "readers",
    /// How many windows of a layer read a cell of its input.
    Windows = "windows",
    /// Columns of a layer's output.
    Width = "width",
    /// Rows of a layer's output.
    Height = "height",
    /// Maps of a layer's output.
    Maps = "maps",
    /// Numbers in a layer's output, C · H · W.
    Length = "length",
    /// Numbers in a layer's input.
    LengthBefore = "length_before",
    /// Weights and biases of a layer.
    Params = "params",
    /// Weights of a layer.
    Weights = "weights",
    /// Weights of one filter, and its bias.
    FilterParams = "filter_params",
    /// Pixels of one filter, kh · kw · C.
    FilterPixels = "filter_pixels",
    /// Columns of a layer's window.
    FilterWidth = "filter_width",
    /// Columns by which a layer's window moves on.
    Stride = "stride",
    /// Columns of padding on each side.
    Padding = "padding",
    /// Rows of the picture that a cell depends on.
    Reads = "reads",
    /// The row-major number of a cell in its tensor.
    Index = "index",
    /// Rows of a layer's input that no window reads.
    Unseen = "unseen",
    /// Pixels of a window in which the signs of picture and filter differ.
    DifferInWindow = "differ_in_window",
    /// Numbers that a layer keeps for the way back.
    Kept = "kept",
    /// Terms of a cell that read padding.
    Padded = "padded",
    /// The loss.
    Loss = "loss",
    /// The loss after the update, or after plain gradient descent with another rate.
    LossAfter = "loss_after",
    /// The learning rate.
    Rate = "rate",
    /// The probability of a class, or of the right one.
    Prob = "prob",
    /// How many per cent of its input's cells a pool drops.
    ShareDropped = "share_dropped",
    /// The sum of all cells.
    Sum = "sum",
    /// The largest number of all cells.
    Max = "max",
    /// The smallest.
    Min = "min",
    /// The square root of the sum of squares.
    Norm = "norm",
    /// The largest magnitude.
    LargestAbs = "largest_abs",
    /// How many cells print otherwise than before, or otherwise than those of a second place.
    Differ = "differ",
    /// How many cells are the same as before, one step of the shift away.
    Moved = "moved",
    /// The cells with the largest number.
    Largest = "largest",
    /// The cells farthest from 0.
    Farthest = "farthest",
    /// The cell whose number is passed on unchanged.
    Source = "source",
    /// The cell that won a window.
    Winner = "winner",
    /// The first cell at which a gradient is stopped.
    FirstBlocked = "first_blocked",
    /// The first cell that is not finite.
    FirstNotFinite = "first_not_finite",
    /// Which place has the largest number.
    Which = "which",
    /// Which place has the smallest number.
    Smaller = "smaller",
    /// The class with the highest score.
    Answered = "answer",
    /// Whether an expression is less than 0, 0 or more.
    Signed = "sign",
    /// The way against a gradient.
    MinusSign = "minus_sign",
    /// Whether the loss falls, stays or rises with the update.
    SignOfChange = "sign_of_change",
    /// The order in which places are computed.
    Ordered = "order",
    /// The number in a cell with another bundled picture, and that picture's own class.
    ValueOf = "value_of",
    /// The mean of a cell's numbers with this picture and with another bundled one, and that one's own class.
    BatchMean = "batch_mean",
    /// The probability of the right class without a map.
    ProbWithout = "prob_without",
    /// Which map the probability of the right class needs most.
    Needed = "needed",
    /// The points of accuracy that a network loses by shuffled pixels.
    PointsLost = "points_lost",
    /// Which network suffers from shuffled pixels.
    WhichNetwork = "which_network",
}

impl Function {
    /// The function with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name() == name)
    }

    /// Whether its answer is one of the places that it is given, or their order.
    pub fn offers_places(self) -> bool {
        matches!(self, Self::Which | Self::Smaller | Self::Needed | Self::Ordered | Self::WhichNetwork)
    }

    /// What it gives away.
    pub const fn asks(self) -> Asks {
        use Function as F;
        match self {
            F::Value
            | F::Nonzero
            | F::Sum
            | F::Max
            | F::Min
            | F::Norm
            | F::LargestAbs
            | F::Largest
            | F::Farthest
            | F::Which
            | F::Smaller
            | F::Differ
            | F::Moved
            | F::FirstBlocked => Asks::Numbers,
            F::Width | F::Height | F::Maps | F::Length | F::LengthBefore | F::ShareDropped => Asks::Size,
            F::Params | F::Weights | F::FilterParams => Asks::Params,
            F::Loss | F::Prob => Asks::Pass(Pass::Loss),
            F::LossAfter | F::SignOfChange => Asks::Pass(Pass::Update),
            F::Terms | F::Readers | F::Windows | F::Index | F::Unseen | F::Kept | F::Padded | F::Source => {
                Asks::Counts
            }
            F::Count
            | F::FilterPixels
            | F::FilterWidth
            | F::Stride
            | F::Padding
            | F::Reads
            | F::DifferInWindow
            | F::Rate
            | F::Winner
            | F::FirstNotFinite
            | F::Answered
            | F::Signed
            | F::MinusSign
            | F::Ordered
            | F::ValueOf
            | F::BatchMean
            | F::ProbWithout
            | F::Needed
            | F::PointsLost
            | F::WhichNetwork => Asks::Nothing,
        }
    }

    /// The end of a message on a name that is none.
    pub fn hint(name: &str) -> String {
        let known: Vec<&str> = Self::ALL.iter().map(|function| function.name()).collect();
        match nearest(name, &known).filter(|_| !name.is_empty()) {
            Some(known) => format!(" (did you mean {known}?)"),
            None => "; docs/lessons.md lists them".into(),
        }
    }
}

/// What a quantity gives away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asks {
    /// The numbers of its places.
    Numbers,
    /// What a pass computes.
    Pass(Pass),
    /// The sizes of its layer.
    Size,
    /// The parameters of its layer.
    Params,
    /// How often cells are read, how many numbers are kept, and where they stand in a vector.
    Counts,
    /// Nothing that is shown.
    Nothing,
}

/// An argument of a quantity.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A place: a cell, a map, a tensor, a pass.
    Place(Address),
    /// A layer by its number.
    Layer(usize),
    /// The network's input as a layer.
    Input,
    /// A number.
    Number(f64),
    /// A word, as a network of an experiment.
    Word(String),
}

/// A quantity with its arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct Query {
    /// What is asked.
    pub function: Function,
    /// Of what.
    pub arguments: Vec<Value>,
}

impl Query {
    /// The first place among the arguments.
    pub fn place(&self) -> Option<Address> {
        self.arguments.iter().find_map(|value| match value {
            Value::Place(address) => Some(*address),
            Value::Layer(_) | Value::Input | Value::Number(_) | Value::Word(_) => None,
        })
    }

    /// All places among them.
    pub fn places(&self) -> Vec<Address> {
        let place = |value: &Value| match value {
            Value::Place(address) => Some(*address),
            Value::Layer(_) | Value::Input | Value::Number(_) | Value::Word(_) => None,
        };
        self.arguments.iter().filter_map(place).collect()
    }

    /// The first layer among them.
    pub fn layer<'a>(&self, scene: &'a Scene) -> Option<&'a Layer> {
        self.arguments.iter().find_map(|value| match value {
            Value::Layer(l) => scene.plan().network().layers.get(*l),
            Value::Place(_) | Value::Input | Value::Number(_) | Value::Word(_) => None,
        })
    }

    /// The first number among them.
    pub fn number(&self) -> Option<f64> {
        self.arguments.iter().find_map(|value| match value {
            Value::Number(number) => Some(*number),
            Value::Place(_) | Value::Layer(_) | Value::Input | Value::Word(_) => None,
        })
    }
}
