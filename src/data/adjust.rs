//! What is done to a picture before a network sees it: how it is fitted, and what the user changed of that.

use serde::{Deserialize, Serialize};

/// How a picture of another shape fills the network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Crops the largest centred rectangle of the input's proportions.
    #[default]
    CenterCrop,
    /// Scales the whole picture without distortion and fills the bars beside it with the background.
    Pad,
    /// Stretches the whole picture over the input; its proportions change.
    Stretch,
}

impl Fit {
    /// All of them, in the order in which menus offer them.
    pub const ALL: [Fit; 3] = [Fit::CenterCrop, Fit::Pad, Fit::Stretch];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Fit::CenterCrop => "center-crop",
            Fit::Pad => "pad",
            Fit::Stretch => "stretch",
        }
    }

    /// The fit with this name.
    pub fn parse(name: &str) -> Option<Fit> {
        Fit::ALL.into_iter().find(|fit| fit.name() == name)
    }
}

/// Which part of the picture is taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The frame's centre, as shares of the picture's width and height.
    pub centre: [f32; 2],
    /// How many times smaller the frame is than the one that the fit takes by itself.
    pub zoom: f32,
}

impl Default for Frame {
    fn default() -> Self {
        Frame { centre: [0.5; 2], zoom: 1.0 }
    }
}

/// How a picture is fitted to a network, and what the user changed of it. The default crops the centre and changes
/// nothing.
///
/// Frame and turn act on the picture, in its own orientation; then it is fitted, mirrored and turned by quarters,
/// shifted by pixels of the network, and its colours are changed. Beyond the picture's edge the nearest pixel is
/// repeated, except where it is padded: there lies the background.
///
/// ```
/// use convstep::data::{Adjustment, Fit};
///
/// let moved = Adjustment::from(Fit::CenterCrop).shifted(1, 0);
/// assert_eq!(moved.shifted(-1, 0), Adjustment::default());
/// assert_eq!(moved.turned().turned().turned().turned(), moved);
/// assert_eq!(moved.mirrored().shift, [-1, 0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Adjustment {
    /// How it is fitted.
    pub fit: Fit,
    /// The part that is taken, where the user chose it.
    pub frame: Option<Frame>,
    /// By how many pixels of the network's input what is seen is moved to the right and down.
    pub shift: [i32; 2],
    /// Quarter turns, clockwise: 0 to 3.
    pub quarters: u8,
    /// A further turn, clockwise, in degrees from −180 to 180.
    pub degrees: f32,
    /// Whether it is mirrored left to right, before it is turned by quarters.
    pub mirrored: bool,
    /// Whether each value v is 255 − v.
    pub inverted: bool,
    /// Whether colours are grey.
    pub grey: bool,
}

impl From<Fit> for Adjustment {
    fn from(fit: Fit) -> Self {
        Adjustment { fit, ..Adjustment::default() }
    }
}

impl Adjustment {
    /// The furthest shift, in pixels of the network's input.
    pub const MAX_SHIFT: i32 = 4096;

    /// The strongest zoom.
    pub const MAX_ZOOM: f32 = 64.0;

    /// How far a padded picture shrinks.
    pub const MIN_ZOOM: f32 = 0.25;

    /// Whether the picture is only fitted.
    pub fn is_plain(&self) -> bool {
        *self == Adjustment::from(self.fit)
    }

    /// What is seen, turned by a quarter, clockwise.
    #[must_use]
    pub fn turned(self) -> Self {
        let [right, down] = self.shift;
        Adjustment { quarters: (self.quarters + 1) % 4, shift: [-down, right], ..self }
    }

    /// What is seen, mirrored left to right.
    #[must_use]
    pub fn mirrored(self) -> Self {
        let [right, down] = self.shift;
        // −0.0 would not be the 0.0 of a picture that was never turned.
        let degrees = if self.degrees == 0.0 { 0.0 } else { -self.degrees };
        let quarters = (4 - self.quarters % 4) % 4;
        Adjustment { quarters, mirrored: !self.mirrored, shift: [-right, down], degrees, ..self }
    }

    /// What is seen, moved by pixels of the network's input.
    #[must_use]
    pub fn shifted(self, right: i32, down: i32) -> Self {
        let moved = |at: i32, by: i32| at.saturating_add(by).clamp(-Self::MAX_SHIFT, Self::MAX_SHIFT);
        Adjustment { shift: [moved(self.shift[0], right), moved(self.shift[1], down)], ..self }
    }

    /// The same with another part of a picture: its frame stays within a picture that is cropped or stretched, and its
    /// centre within any. picture: width and height; input: rows and columns.
    #[must_use]
    pub fn framed(self, frame: Frame, picture: [usize; 2], input: [usize; 2]) -> Self {
        let least = if self.fit == Fit::Pad { Self::MIN_ZOOM } else { 1.0 };
        let zoom = if frame.zoom.is_finite() { frame.zoom.clamp(least, Self::MAX_ZOOM) } else { 1.0 };
        let size = self.frame_size(zoom, picture, input);
        let centre = [0, 1].map(|axis| {
            let half = match self.fit {
                Fit::Pad => 0.0,
                Fit::CenterCrop | Fit::Stretch => size[axis] / 2.0 / picture[axis].max(1) as f64,
            };
            let half = half.min(0.5) as f32;
            let at = frame.centre[axis];
            if at.is_finite() { at.clamp(half, 1.0 - half) } else { 0.5 }
        });
        let frame = Frame { centre, zoom };
        Adjustment { frame: (frame != Frame::default()).then_some(frame), ..self }
    }

    /// Width and height of a frame in pixels of the picture.
    fn frame_size(&self, zoom: f32, picture: [usize; 2], input: [usize; 2]) -> [f64; 2] {
        let [w, h] = picture.map(|side| side.max(1) as f64);
        let [rows, columns] = if self.quarters % 2 == 1 { [input[1], input[0]] } else { input };
        let proportions = columns.max(1) as f64 / rows.max(1) as f64;
        let is_wider = w / h > proportions;
        let zoom = f64::from(zoom);
        match (self.fit, is_wider) {
            (Fit::Stretch, _) => [w / zoom, h / zoom],
            (Fit::CenterCrop, true) | (Fit::Pad, false) => [h * proportions / zoom, h / zoom],
            (Fit::CenterCrop, false) | (Fit::Pad, true) => [w / zoom, w / proportions / zoom],
        }
    }

    /// The frame in pixels of the picture, before it is turned by degrees: left, top, width, height.
    pub(super) fn frame_in(&self, frame: Frame, picture: [usize; 2], input: [usize; 2]) -> [f64; 4] {
        let [w, h] = self.frame_size(frame.zoom, picture, input);
        let at = |axis: usize, size: f64| f64::from(frame.centre[axis]) * picture[axis] as f64 - size / 2.0;
        [at(0, w), at(1, h), w, h]
    }

    /// The same with numbers clamped to their ranges.
    #[must_use]
    pub fn in_range(self) -> Self {
        let degrees = if self.degrees.is_finite() { self.degrees.clamp(-180.0, 180.0) } else { 0.0 };
        let zoom =
            |zoom: f32| if zoom.is_finite() { zoom.clamp(Self::MIN_ZOOM, Self::MAX_ZOOM) } else { 1.0 };
        let share = |at: f32| if at.is_finite() { at.clamp(0.0, 1.0) } else { 0.5 };
        let frame = self.frame.map(|frame| Frame { centre: frame.centre.map(share), zoom: zoom(frame.zoom) });
        Adjustment { frame, quarters: self.quarters % 4, degrees, ..self }.shifted(0, 0)
    }

    /// The turn of the picture itself, clockwise, before it is mirrored; in degrees.
    pub(super) fn turn(&self) -> f32 {
        if self.mirrored { -self.degrees } else { self.degrees }
    }

    /// From a place in what is seen, rows and columns as in the network's input, to that in the fitted picture before
    /// it was shifted, turned by quarters and mirrored. `input`: rows and columns of the network's input.
    pub(super) fn upright(&self, [i, j]: [f64; 2], input: [usize; 2]) -> [f64; 2] {
        let [right, down] = self.shift.map(f64::from);
        let (mut i, mut j) = (i - down, j - right);
        let [mut rows, mut columns] = input.map(|side| side as f64);
        for _ in 0..self.quarters % 4 {
            // A quarter turn brought row i of `columns` rows to column rows − i.
            (i, j) = (columns - j, i);
            (rows, columns) = (columns, rows);
        }
        if self.mirrored { [i, columns - j] } else { [i, j] }
    }

    /// Rows and columns of the fitted picture before it is turned by quarters.
    pub(super) fn upright_size(&self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        if self.quarters % 2 == 1 { [columns, rows] } else { [rows, columns] }
    }
}
