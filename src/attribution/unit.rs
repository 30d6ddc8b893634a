//! Units: the values of a network that can be attributed, and their text form: `class:star`, `prob:star`,
//! `conv1:k3`, `conv1:k3:(5,5)`.

use crate::nn::Network;
use crate::tensor::ShapeError;

/// A value that a network computes for one picture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// A class's score: the input of the softmax, or the output if there is no softmax. Of two classes with one output, the output for
    /// the second and its negative for the first.
    Score(usize),
    /// A class's probability.
    Probability(usize),
    /// A channel of a layer's output: the mean over its positions.
    Channel {
        /// The layer.
        layer: usize,
        /// The channel.
        channel: usize,
    },
    /// A cell of a layer's output.
    Cell {
        /// The layer.
        layer: usize,
        /// The channel.
        channel: usize,
        /// Row and column.
        at: [usize; 2],
    },
}

impl Unit {
    /// Parses a unit; `class` finds a class by its name or number.
    ///
    /// # Errors
    /// If there is no such unit; the message lists what exists.
    pub fn parse(
        text: &str,
        network: &Network,
        class: impl Fn(&str) -> Result<usize, String>,
    ) -> Result<Self, ShapeError> {
        let text = text.trim();
        if let Some(name) = text.strip_prefix("class:") {
            return class(name).map(Self::Score).map_err(ShapeError);
        }
        if let Some(name) = text.strip_prefix("prob:") {
            return class(name).map(Self::Probability).map_err(ShapeError);
        }
        let wrong = || {
            ShapeError(format!(
                "expected a unit as class:NAME, prob:NAME, LAYER:kCHANNEL or LAYER:kCHANNEL:(ROW,COLUMN), got \
                 {text:?}; for example, write {}:k0",
                network.layers.first().map_or("conv1", |layer| layer.name())
            ))
        };
        // A layer's name may contain colons: parse from the end.
        let (rest, at) = match text.strip_suffix(')').and_then(|text| text.rsplit_once(":(")) {
            Some((rest, at)) => {
                let (i, j) = at.split_once(',').ok_or_else(wrong)?;
                let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
                (rest, Some([number(i)?, number(j)?]))
            }
            None => (text, None),
        };
        let (name, channel) = rest.rsplit_once(":k").ok_or_else(wrong)?;
        let channel = channel.parse().map_err(|_| wrong())?;
        let layer = network.layers.iter().position(|layer| layer.name() == name).ok_or_else(|| {
            let names: Vec<_> = network.layers.iter().map(|layer| layer.name()).collect();
            ShapeError(format!(
                "expected a layer of the network, got {name:?}; the layers are {}",
                names.join(", ")
            ))
        })?;
        Ok(match at {
            Some(at) => Self::Cell { layer, channel, at },
            None => Self::Channel { layer, channel },
        })
    }

    /// The text form of the unit; `class` gives a class's name.
    pub fn text(self, network: &Network, class: impl Fn(usize) -> String) -> String {
        let name = |layer: usize| network.layers.get(layer).map_or("?", |layer| layer.name());
        match self {
            Self::Score(index) => format!("class:{}", class(index)),
            Self::Probability(index) => format!("prob:{}", class(index)),
            Self::Channel { layer, channel } => format!("{}:k{channel}", name(layer)),
            Self::Cell { layer, channel, at: [i, j] } => format!("{}:k{channel}:({i},{j})", name(layer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::loss::Loss;
    use crate::nn::spec::{ConvSpec, Kind, LayerSpec};

    #[test]
    fn texts_parse_back() {
        let layers = vec![
            LayerSpec::new("a:b", Kind::Conv2d(ConvSpec::new(4, 3))),
            LayerSpec::new("flat", Kind::Flatten),
        ];
        let network = Network::build([1, 5, 5], layers, Loss::CrossEntropy).expect("builds");
        let class = |text: &str| text.parse().map_err(|_| "no class".to_owned());
        for unit in [
            Unit::Score(3),
            Unit::Probability(0),
            Unit::Channel { layer: 0, channel: 2 },
            Unit::Cell { layer: 0, channel: 3, at: [1, 2] },
            Unit::Cell { layer: 1, channel: 7, at: [0, 0] },
        ] {
            let text = unit.text(&network, |index| index.to_string());
            assert_eq!(Unit::parse(&text, &network, class), Ok(unit), "{text}");
        }
        for (text, expected) in [
            ("conv9:k1", "the layers are a:b, flat"),
            ("a:b:3", "LAYER:kCHANNEL"),
            ("a:b:k1:(2)", "LAYER:kCHANNEL"),
            ("class:x", "no class"),
            ("", "got \"\""),
        ] {
            let error = Unit::parse(text, &network, class).expect_err(text).0;
            assert!(error.contains(expected), "{error}");
        }
    }
}
