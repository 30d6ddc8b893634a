//! A network as a graph: who reads what, and where the gradient of each output is found.

use super::{Edge, Gradient, Layer, Network, Part, Source};

impl Network {
    /// The readings of an output, or of the picture, in the order in which the backward pass makes their gradients; in a
    /// network that ends in an inner layer, those that lead to it.
    pub fn readers(&self, source: Source) -> &[Edge] {
        self.readers.get(source.place()).map_or(&[], Vec::as_slice)
    }

    /// Where the gradient of an output, or of the picture, is found; `None` where nothing that reads it leads to the loss.
    pub fn gradient_of(&self, source: Source) -> Option<Gradient> {
        if source.place() == self.layers.len() {
            return Some(Gradient::Loss);
        }
        match self.readers(source) {
            [] => None,
            [edge] => Some(Gradient::Edge(*edge)),
            [..] => Some(Gradient::Sum),
        }
    }

    /// The part that holds the gradient that a reader hands back.
    pub fn edge_part(&self, edge: Edge) -> Part {
        self.layers[edge.layer].input_gradient(edge.input)
    }

    /// The one reader of an output, or of the picture; `None` where it is read more than once, or by the loss.
    pub fn only_reader(&self, source: Source) -> Option<usize> {
        match self.gradient_of(source)? {
            Gradient::Edge(edge) => Some(edge.layer),
            Gradient::Loss | Gradient::Sum => None,
        }
    }

    /// For each layer's output the last layer that reads it; where none does, the layer itself.
    pub fn last_readings(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.layers.len()).collect();
        for (l, layer) in self.layers.iter().enumerate() {
            layer.sources.iter().filter_map(|source| source.layer()).for_each(|read| last[read] = l);
        }
        last
    }

    /// The extents [C, H, W] of what a layer reads.
    pub fn extents(&self, source: Source) -> [usize; 3] {
        source.layer().map_or(self.input, |l| self.layers[l].output)
    }

    /// What a layer's name, or `input`, stands for among a layer's inputs.
    pub fn source_name(&self, source: Source) -> &str {
        source.layer().map_or(super::spec::INPUT, |l| self.layers[l].name())
    }

    /// Whether each layer reads the one before it alone.
    pub fn is_chain(&self) -> bool {
        self.layers.iter().enumerate().all(|(l, layer)| layer.sources == [Source::before(l)])
    }

    /// The first layers, up to and with `last`, as a network that ends there.
    pub fn up_to(&self, last: usize) -> Self {
        Self::of_layers(self.input, self.layers[..=last].to_vec(), self.loss)
    }
}

impl Layer {
    /// The part that holds the gradient of an input.
    pub fn input_gradient(&self, input: usize) -> Part {
        match self.sources.len() {
            1 => Part::Dx,
            _ => Part::DxOf(u8::try_from(input).unwrap_or(u8::MAX)),
        }
    }

    /// Which input a part is the gradient of.
    pub const fn input_of_gradient(part: Part) -> Option<usize> {
        if let Part::DxOf(input) = part {
            return Some(input as usize);
        }
        if matches!(part, Part::Dx) { Some(0) } else { None }
    }
}
