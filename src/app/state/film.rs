//! What a film is to show, and how.

use super::AppState;
use crate::export::film::{Form, Pace};
use crate::trace::Grain;

/// Which steps a film shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FilmRange {
    /// The address to begin at; without one the first unit of the run. Of a larger unit the first is taken.
    pub from: Option<String>,
    /// The address to end with; without one, and without a number of steps, the end of where it begins, and of a single
    /// step the end of the unit around it: of a term's cell, a cell's map, a map's layer, a layer's pass.
    pub to: Option<String>,
    /// How many steps.
    pub steps: Option<usize>,
    /// What a step is.
    pub grain: Grain,
}

/// The film that is being asked about: so many steps from here.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FilmQuestion {
    /// How many steps.
    pub steps: usize,
    /// What a step is.
    pub grain: Grain,
    /// How long each frame stays.
    pub pace: Pace,
    /// What it is written as.
    pub form: Form,
}

impl FilmQuestion {
    /// A film of the rest of the layer, a cell a step.
    pub const fn new(grain: Grain) -> Self {
        Self { steps: 25, grain, pace: Pace::USUAL, form: Form::Gif }
    }
}

/// A film to be drawn.
#[derive(Clone, Debug)]
pub struct FilmOrder {
    /// The program as it was when the film was asked for.
    pub state: Box<AppState>,
    /// Which steps.
    pub range: FilmRange,
    /// How long each frame stays.
    pub pace: Pace,
    /// What it is written as.
    pub form: Form,
    /// Width and height in pixels.
    pub size_px: [u32; 2],
    /// Light ink on a dark ground.
    pub is_dark: bool,
}

impl FilmOrder {
    /// Width and height of a film, in pixels, unless others are asked for.
    pub const SIZE: [u32; 2] = [720, 540];
}
