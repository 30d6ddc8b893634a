//! Sentences on the picture: its right answer, its last change, and the effect of that change.

use super::view::View;
use crate::app::{Advice, PictureChange, PictureEffect, Target};

/// A class with an article where its name takes one: "a cat", "an airplane", "7", “猫”.
pub fn a_class(view: &View, class: usize) -> String {
    let name = crate::ui::names::class(view, class);
    if !view.state.names_classes() {
        return name;
    }
    let key = match name.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u') => "right.an",
        Some(first) if first.is_ascii_lowercase() => "right.a",
        Some(_) | None => return name,
    };
    view.fill(key, &[("class", &name)])
}

/// The name of the loss while the right answer is not given: "loss if it is a cat"; `None` where it is the
/// loss.
pub fn loss_if(view: &View) -> Option<String> {
    match view.state.target() {
        Target::Given(_) => None,
        Target::Assumed(class) => Some(view.fill("right.loss_if", &[("class", &a_class(view, class))])),
    }
}

/// A probability in per cent, or a score.
pub fn score(view: &View, score: f32) -> String {
    if view.state.gives_probabilities() {
        format!("{:.1} %", score * 100.0)
    } else {
        super::number::four_digits(score)
    }
}

/// What was done to the picture: "The picture moved one pixel to the right".
pub fn change(view: &View, change: &PictureChange) -> String {
    let degrees = |degrees: f32| format!("{}", (degrees.abs() * 10.0).round() / 10.0);
    match *change {
        PictureChange::Moved { right, down } => moved(view, right, down),
        PictureChange::Framed => view.text("effect.framed"),
        PictureChange::Turned(2) => view.text("effect.turned_2"),
        PictureChange::Turned(3) => view.text("effect.turned_3"),
        PictureChange::Turned(_) => view.text("effect.turned_1"),
        PictureChange::TurnedBy(by) if by < 0.0 => {
            view.fill("effect.anticlockwise", &[("degrees", &degrees(by))])
        }
        PictureChange::TurnedBy(by) => view.fill("effect.clockwise", &[("degrees", &degrees(by))]),
        PictureChange::Mirrored => view.text("effect.mirrored"),
        PictureChange::Inverted => view.text("effect.inverted"),
        PictureChange::Grey(true) => view.text("effect.grey"),
        PictureChange::Grey(false) => view.text("effect.coloured"),
        PictureChange::Fitted(_) => view.text("effect.fitted"),
        PictureChange::Background => view.text("effect.ground"),
        PictureChange::Painted => view.text("effect.painted"),
        PictureChange::Another => view.text("effect.another"),
        PictureChange::Several => view.text("effect.several"),
    }
}

fn moved(view: &View, right: i32, down: i32) -> String {
    let along = |by: i32, [ahead, back]: [&str; 2]| {
        let key = if by < 0 { back } else { ahead };
        match by.unsigned_abs() {
            1 => view.text(&format!("effect.{key}_one")),
            n => view.fill(&format!("effect.{key}"), &[("n", &n.to_string())]),
        }
    };
    let (x, y) = (along(right, ["right", "left"]), along(down, ["down", "up"]));
    match (right, down) {
        (_, 0) => view.fill("effect.by", &[("by", &x)]),
        (0, _) => view.fill("effect.by", &[("by", &y)]),
        (..) => view.fill("effect.by_both", &[("x", &x), ("y", &y)]),
    }
}

/// The effect of a change of the picture: "The picture moved one pixel to the right: 30 of 32 maps changed;
/// cat went from 82.6 % to 80.7 %."
pub fn effect(view: &View, effect: &PictureEffect) -> String {
    let what = change(view, &effect.change);
    let (changed, maps) = (effect.changed.to_string(), effect.maps.to_string());
    let class = crate::ui::names::class(view, effect.class);
    let (before, now) = (score(view, effect.before), score(view, effect.now));
    // Numbers that stand for no class are no answer.
    let key = if view.state.names_classes() { "effect.maps" } else { "effect.only_maps" };
    view.fill(
        key,
        &[
            ("what", &what),
            ("changed", &changed),
            ("maps", &maps),
            ("class", &class),
            ("before", &before),
            ("now", &now),
        ],
    )
}

/// The words of a piece of advice.
pub fn advice(view: &View, advice: Advice) -> String {
    match advice {
        Advice::OnlyShapes | Advice::OnlyDigits | Advice::DarkOnBright => view.text(advice.key()),
        Advice::NotSure { probability } => {
            view.fill(advice.key(), &[("percent", &format!("{:.0}", probability * 100.0))])
        }
    }
}
