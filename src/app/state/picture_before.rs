//! The picture before its last change, with the network's outputs for it: the effect of a change of the
//! picture.

use super::{
    AppState,
    compare::{Kept, Sides},
    inputs::Inputs,
};
use crate::data::{Adjustment, Fit, paint::DRAWING};
use crate::trace::TensorId;
use std::sync::Arc;

/// What was there before the picture, or its adjustment, was changed last.
#[derive(Clone, Debug)]
pub struct PictureBefore {
    /// The inputs.
    pub(in crate::app) inputs: Inputs,
    /// What the network made of it; `None` where the weights have changed since and computing it anew takes long.
    pub(in crate::app) kept: Option<Arc<Kept>>,
}

/// What was done to the picture.
#[derive(Clone, PartialEq, Debug)]
pub enum PictureChange {
    /// It was moved by pixels of the network's input.
    Moved {
        /// Columns to the right.
        right: i32,
        /// Down.
        down: i32,
    },
    /// Another part of it is taken.
    Framed,
    /// It was turned by quarter turns, clockwise: 1 to 3.
    Turned(u8),
    /// It was turned by an angle in degrees, clockwise.
    TurnedBy(f32),
    /// It was mirrored.
    Mirrored,
    /// Its colours were inverted.
    Inverted,
    /// It was made grey, or has its colours back.
    Grey(bool),
    /// It is fitted in another way.
    Fitted(Fit),
    /// What lies beside it has another colour.
    Background,
    /// It was painted on, or drawn.
    Painted,
    /// It is another picture.
    Another,
    /// More than one of these.
    Several,
}

/// The effect of a change of the picture.
#[derive(Clone, PartialEq, Debug)]
pub struct PictureEffect {
    /// What was done.
    pub change: PictureChange,
    /// The maps of the tensor, or its cells where each is a map.
    pub maps: usize,
    /// How many of them changed.
    pub changed: usize,
    /// What was the answer before.
    pub class: usize,
    /// Its probability, or its score, before.
    pub before: f32,
    /// The score now.
    pub now: f32,
}

impl PictureChange {
    /// What lies between two inputs; `None` where they have the same picture.
    pub(in crate::app) fn between(before: &Inputs, after: &Inputs) -> Option<Self> {
        let is_same_picture = Arc::ptr_eq(&before.picture, &after.picture) || before.picture == after.picture;
        let is_drawing = [before, after].iter().all(|inputs| inputs.picture.name == DRAWING);
        let (old, new) = (before.adjustment, after.adjustment);
        Some(match (is_same_picture, old == new, before.ground == after.ground) {
            (true, true, true) if before.painted == after.painted => return None,
            (true, true, true) => Self::Painted,
            (false, true, true) if is_drawing => Self::Painted,
            (false, ..) => Self::Another,
            (true, false, true) => Self::of_adjustments(old, new),
            (true, true, false) => Self::Background,
            (true, false, false) => Self::Several,
        })
    }

    fn of_adjustments(old: Adjustment, new: Adjustment) -> Self {
        let [right, down] = [0, 1].map(|axis| new.shift[axis] - old.shift[axis]);
        let quarters = [(1, old.turned()), (2, old.turned().turned()), (3, old.turned().turned().turned())];
        if let Some(&(quarters, _)) = quarters.iter().find(|(_, turned)| *turned == new) {
            return Self::Turned(quarters);
        }
        let with = |adjustment: Adjustment| adjustment == new;
        if with(old.shifted(right, down)) {
            Self::Moved { right, down }
        } else if with(old.mirrored()) {
            Self::Mirrored
        } else if with(Adjustment { inverted: new.inverted, ..old }) {
            Self::Inverted
        } else if with(Adjustment { grey: new.grey, ..old }) {
            Self::Grey(new.grey)
        } else if with(Adjustment { frame: new.frame, ..old }) {
            Self::Framed
        } else if with(Adjustment { degrees: new.degrees, ..old }) {
            Self::TurnedBy(new.degrees - old.degrees)
        } else if with(Adjustment { fit: new.fit, frame: new.frame, ..old }) {
            Self::Fitted(new.fit)
        } else {
            Self::Several
        }
    }
}

impl AppState {
    /// What the network, with the weights of the selected step, made of the picture before its last change;
    /// `None` where nothing was changed or it is not computed.
    pub fn picture_before(&self) -> Option<&Arc<Kept>> {
        self.picture_before.as_ref()?.kept.as_ref().filter(|kept| kept.is_comparable(self.trace()))
    }

    /// What was done to the picture last.
    pub fn picture_change(&self) -> Option<PictureChange> {
        PictureChange::between(&self.picture_before.as_ref()?.inputs, &self.inputs)
    }

    /// A tensor before the picture was changed last, side A, and now.
    pub fn sides_before(&self, tensor: TensorId) -> Option<Sides> {
        Sides::new(self.picture_before()?, self, tensor, 0)
    }

    /// The effect of the last change of the picture on a tensor.
    pub fn picture_effect(&self, tensor: TensorId) -> Option<PictureEffect> {
        let (kept, change) = (self.picture_before()?, self.picture_change()?);
        let sides = self.sides_before(tensor)?;
        let before = sides.a.as_ref()?;
        let each = (sides.size[0] * sides.size[1]).max(1);
        let maps = sides.b.chunks(each).zip(before.chunks(each));
        let changed = maps.filter(|(now, before)| now != before).count();
        let scores = kept.scores();
        let (class, before) = crate::tensor::argmax(scores.iter().copied());
        let now = self.scores().get(class).copied()?;
        Some(PictureEffect { change, maps: sides.planes, changed, class, before, now })
    }
}
