//! How deep in the network an address lies.

use super::address::{Address, Grain};

/// What an address names, from the whole network down to one operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Depth {
    /// A pass, or more than one: the whole network.
    Pass,
    /// A layer's stage: all maps of one tensor.
    Layer,
    /// One map; of a weight, one slice.
    Map,
    /// One number.
    Cell,
    /// One operation.
    Term,
}

impl Depth {
    /// The depth of an address.
    pub const fn new(address: &Address) -> Self {
        match address.grain() {
            Grain::Run | Grain::Epoch | Grain::Batch | Grain::Example | Grain::Pass => Self::Pass,
            Grain::Layer => Self::Layer,
            Grain::Channel => Self::Map,
            Grain::Cell => Self::Cell,
            Grain::Term => Self::Term,
        }
    }

    /// The grain that addresses of this depth have; of a pass, the pass itself.
    pub const fn grain(self) -> Grain {
        match self {
            Self::Pass => Grain::Pass,
            Self::Layer => Grain::Layer,
            Self::Map => Grain::Channel,
            Self::Cell => Grain::Cell,
            Self::Term => Grain::Term,
        }
    }
}
