//! Adjusts the picture: moves, turns, mirrors it and the like.

use super::{edit, inputs::set_inputs, notice::fail};
use crate::app::{
    action::AdjustAction,
    effect::Effect,
    state::{AppState, Change, Inputs, Message},
};
use crate::data::{Adjustment, Background, Content};
use crate::tensor::Tensor;
use std::sync::Arc;

/// Why nothing can be adjusted while a data set is trained on.
fn no_picture() -> Message {
    let text = "expected a picture to adjust, got a batch of the data set; go back to the picture first";
    Message::sentence(text.into(), "notice.no_picture_to_adjust", &[])
}

/// Applies an adjustment; with `more` it continues the previous drag.
pub(in crate::app) fn update(state: &mut AppState, adjust: AdjustAction, more: bool) -> Vec<Effect> {
    let change = Change::Stroke { more: more && state.in_stroke };
    match adjusted(state, adjust) {
        Ok(inputs) if inputs == state.inputs => Vec::new(),
        Ok(inputs) => set_inputs(state, inputs, change),
        Err(error) => {
            fail(state, error);
            Vec::new()
        }
    }
}

/// The inputs after an adjustment.
fn adjusted(state: &AppState, adjust: AdjustAction) -> Result<Inputs, Message> {
    let now = &state.inputs;
    let before = now.adjustment;
    // A setting for any picture that may come.
    if let (AdjustAction::Fit(fit), true) = (adjust, now.training.is_some()) {
        return Ok(Inputs { adjustment: Adjustment { fit, ..before }, ..now.clone() });
    }
    if now.training.is_some() {
        return Err(no_picture());
    }
    let picture = match (&now.picture.content, adjust) {
        (Content::Picture(picture), _) => [picture.width() as usize, picture.height() as usize],
        (Content::Values(_), AdjustAction::Fit(fit)) => {
            return Ok(Inputs { adjustment: Adjustment { fit, ..before }, ..now.clone() });
        }
        (Content::Values(_), _) => {
            let name = &now.picture.name;
            let text =
                format!("{name}: expected a picture to adjust, got an array of values; open a picture");
            return Err(Message::sentence(text, "notice.array_to_adjust", &[("name", name)]));
        }
    };
    let [_, rows, columns] = now.model.network.input;
    let after = match adjust {
        AdjustAction::Frame(frame) => before.framed(frame, picture, [rows, columns]),
        AdjustAction::Shift { right, down } => before.shifted(right, down),
        AdjustAction::Turn => before.turned(),
        AdjustAction::Degrees(degrees) => Adjustment { degrees, ..before }.in_range(),
        AdjustAction::Mirror => before.mirrored(),
        AdjustAction::Invert => Adjustment { inverted: !before.inverted, ..before },
        AdjustAction::Grey => Adjustment { grey: !before.grey, ..before },
        AdjustAction::Fit(fit) if fit == before.fit => before,
        // Another fit takes another part by itself.
        AdjustAction::Fit(fit) => Adjustment { fit, frame: None, ..before },
        AdjustAction::Reset => {
            let ground = if now.is_drawing() { now.ground } else { Background::default() };
            let adjustment = Adjustment::default();
            return Ok(Inputs { adjustment, ground, painted: None, ..now.clone() });
        }
    };
    let painted = now.painted.as_ref().filter(|_| after != before);
    let painted = painted.map(|painted| carried(now, painted, after, adjust)).transpose()?;
    let painted = if after == before { now.painted.clone() } else { painted.flatten().map(Arc::new) };
    Ok(Inputs { adjustment: after, painted, ..now.clone() })
}

/// What was painted, after an adjustment that moves pixels or changes their colours one by one; any other takes another
/// part of the picture, and what was painted has no place on it.
fn carried(
    now: &Inputs,
    painted: &Tensor,
    after: Adjustment,
    adjust: AdjustAction,
) -> Result<Option<Tensor>, String> {
    let (_, _, h, w) = painted.dim();
    let (rows, columns) = (h as i32, w as i32);
    // Where what is now in row i and column j was.
    let from: Box<dyn Fn(i32, i32) -> (i32, i32)> = match adjust {
        AdjustAction::Shift { right, down } => Box::new(move |i, j| (i - down, j - right)),
        AdjustAction::Turn if h == w => Box::new(move |i, j| (rows - 1 - j, i)),
        AdjustAction::Mirror => Box::new(move |i, j| (i, columns - 1 - j)),
        AdjustAction::Invert => Box::new(|i, j| (i, j)),
        AdjustAction::Turn
        | AdjustAction::Frame(_)
        | AdjustAction::Degrees(_)
        | AdjustAction::Grey
        | AdjustAction::Fit(_)
        | AdjustAction::Reset => return Ok(None),
    };
    let is_inverted = adjust == AdjustAction::Invert;
    let unpainted = edit::unpainted(now)?;
    let mut seen = edit::unpainted(&Inputs { adjustment: after, ..now.clone() })?;
    for ((_, c, i, j), value) in seen.indexed_iter_mut() {
        let (i, j) = from(i as i32, j as i32);
        if (0..rows).contains(&i) && (0..columns).contains(&j) {
            let at = [0, c, i as usize, j as usize];
            if painted[at] != unpainted[at] {
                *value = if is_inverted { 255.0 - painted[at] } else { painted[at] };
            }
        }
    }
    Ok(Some(seen))
}

/// Opens or closes what adjusts the picture; the answer follows what is done there.
pub(in crate::app) fn show(state: &mut AppState, adjust: bool) {
    if adjust && state.inputs.training.is_some() {
        return fail(state, no_picture());
    }
    (state.view.adjust, state.view.pad) = (adjust, false);
    if adjust {
        edit::show_answer(state);
    }
}
