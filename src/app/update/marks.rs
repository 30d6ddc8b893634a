//! Sets, changes and removes breakpoints and bookmarks.

use crate::app::{
    action::MarkAction,
    state::{AppState, Bookmark, Breakpoint, Edited, Marks},
};
use crate::trace::{AddressText, Plan};

/// Applies a change; one that changes nothing is not undone.
pub(in crate::app) fn update(state: &mut AppState, action: MarkAction) {
    let before = Edited::from_state(state);
    let goes_on = matches!(action, MarkAction::ChangeBreak { more: true, .. });
    let here = state.position.address().map(|address| AddressText::new(state.plan(), &address));
    state.position.change_marks(|marks, plan| change(marks, plan, action, here));
    if *state.position.marks() != before.marks && !goes_on {
        state.undo.record(before);
        state.in_stroke = false;
    }
}

fn change(marks: &mut Marks, plan: &Plan, action: MarkAction, here: Option<AddressText>) {
    let Marks { breaks, bookmarks } = marks;
    match action {
        MarkAction::ToggleBreak(kind) => match breaks.iter().position(|b| b.kind == kind) {
            Some(place) => drop(breaks.remove(place)),
            None => breaks.push(Breakpoint::new(kind)),
        },
        MarkAction::ChangeBreak { number, kind, .. } => {
            if let Some(breakpoint) = breaks.get_mut(number).filter(|_| kind.fits(plan)) {
                breakpoint.hits = if kind == breakpoint.kind { breakpoint.hits } else { 0 };
                breakpoint.kind = kind;
            }
        }
        MarkAction::Enable(number, enabled) => {
            if let Some(breakpoint) = breaks.get_mut(number) {
                breakpoint.enabled = enabled;
            }
        }
        MarkAction::Once(number, once) => {
            if let Some(breakpoint) = breaks.get_mut(number) {
                breakpoint.once = once;
            }
        }
        MarkAction::RemoveBreak(number) => {
            if number < breaks.len() {
                breaks.remove(number);
            }
        }
        MarkAction::ToggleBookmark => {
            if let Some(here) = here {
                match bookmarks.iter().position(|mark| mark.place == here) {
                    Some(number) => drop(bookmarks.remove(number)),
                    None => bookmarks.push(Bookmark { place: here, name: String::new() }),
                }
            }
        }
        MarkAction::Rename(number, name) => {
            /// Characters of a name; a panel has no room for more.
            const LONGEST: usize = 80;
            if let Some(bookmark) = bookmarks.get_mut(number) {
                bookmark.name = name.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            }
        }
        MarkAction::RemoveBookmark(number) => {
            if number < bookmarks.len() {
                bookmarks.remove(number);
            }
        }
    }
}

/// Brings back what was marked; breakpoints keep counting.
pub(in crate::app) fn restore(state: &mut AppState, mut marks: Marks) {
    for breakpoint in &mut marks.breaks {
        if let Some(now) = state.position.marks().breaks.iter().find(|now| now.kind == breakpoint.kind) {
            breakpoint.hits = now.hits;
        }
    }
    state.position.change_marks(|own, _| *own = marks);
}
