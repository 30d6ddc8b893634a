//! What a layer reads: the picture or the output of another layer.

/// What a layer reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// The picture.
    Input,
    /// The output of the layer with this number.
    Layer(usize),
}

impl Source {
    /// Its place among what layers may read: 0 for the picture, then the layers.
    pub const fn place(self) -> usize {
        match self {
            Self::Input => 0,
            Self::Layer(l) => l + 1,
        }
    }

    /// The layer's number; `None` for the picture.
    pub const fn layer(self) -> Option<usize> {
        match self {
            Self::Input => None,
            Self::Layer(l) => Some(l),
        }
    }

    /// The layer before layer `l`, or the picture.
    pub const fn before(l: usize) -> Self {
        match l.checked_sub(1) {
            Some(before) => Self::Layer(before),
            None => Self::Input,
        }
    }
}
