//! What a view gets: the state to read, the theme, the words, and a place for its actions.

use super::{
    colormap::{Mapping, ValueRange},
    lit::Lit,
    room::Room,
    strings::Words,
    summary::TensorSummary,
    theme::Theme,
};
use crate::app::{Action, AppState};
use crate::trace::{Address, AddressText, Pass, TensorId};
use std::{cell::RefCell, collections::HashMap, sync::Arc};

/// ValueRanges by tensor, image and plane; no plane means the whole tensor.
pub(super) type ValueRanges = HashMap<(TensorId, u32, Option<usize>), ValueRange>;

/// Summaries by tensor and image; of a parameter, before or after its update.
pub(super) type Summaries = HashMap<(TensorId, u32, bool), Arc<TensorSummary>>;

/// What the window remembers between frames that is not the program's state.
#[derive(Default)]
pub struct Memory {
    /// ValueRanges of tensors at a revision, for the colour scales.
    pub(super) value_ranges: RefCell<(u64, ValueRanges)>,
    /// Summaries of tensors at a revision.
    pub(super) summaries: RefCell<(u64, Summaries)>,
    /// What the pointer is over, from the last frame: views light up what belongs to it. By its names, since the
    /// next frame may show another plan.
    pub(super) hovered: Option<AddressText>,
    /// The places of the words under the pointer, from the last frame.
    pub(super) pointed_out: Vec<AddressText>,
}

/// What the colours of the stage stand for: one mapping, as the read-out line explains it at its left end.
#[derive(Clone, PartialEq, Debug)]
pub struct Legend {
    /// What is shown in these colours, and the pass whose colour the words have; empty where there is only one mapping.
    pub name: (String, Option<Pass>),
    /// The colours.
    pub mapping: Mapping,
    /// What stands at both ends of the bar: numbers, or words.
    pub ends: [String; 2],
    /// Values go beyond the last colour.
    pub goes_on: bool,
    /// Further words; left out first where there is no room.
    pub words: String,
}

impl Legend {
    /// A legend with the numbers of the mapping at its ends.
    pub fn new(mapping: Mapping, words: impl Into<String>) -> Self {
        let ends = [mapping.lo, mapping.hi].map(super::number::short);
        Self { name: Default::default(), mapping, ends, goes_on: false, words: words.into() }
    }

    /// Adds a name before the bar.
    pub fn named(self, name: impl Into<String>, pass: Option<Pass>) -> Self {
        Self { name: (name.into(), pass), ..self }
    }
}

/// What a view gets.
pub struct View<'a> {
    /// The program's state.
    pub state: &'a AppState,
    /// Colours.
    pub theme: &'static Theme,
    /// Words in the user's language.
    pub words: Words,
    /// What the window remembers; views only read it, the shell writes.
    pub memory: &'a Memory,
    /// Where the regions lie.
    pub room: Room,
    read_out: RefCell<(String, String)>,
    legends: RefCell<Vec<Legend>>,
    actions: RefCell<Vec<Action>>,
    hovered_before: Option<Address>,
    hovered: RefCell<Option<Address>>,
    lit: Lit,
    pointed_out: RefCell<Vec<AddressText>>,
}

impl<'a> View<'a> {
    /// A view of a state for one frame in a room.
    pub fn new(state: &'a AppState, theme: &'static Theme, memory: &'a Memory, room: Room) -> Self {
        let words = Words(state.view().lang);
        let hovered_before = memory.hovered.as_ref().and_then(|place| place.resolve(state.plan()));
        let points = state.lesson().map(|lesson| lesson.points()).unwrap_or_default();
        let lit = Lit::new(state, points.iter().chain(&memory.pointed_out));
        let (actions, hovered, read_out, legends) = Default::default();
        let pointed_out = RefCell::default();
        Self {
            state,
            theme,
            words,
            memory,
            room,
            read_out,
            legends,
            actions,
            hovered_before,
            hovered,
            lit,
            pointed_out,
        }
    }

    /// Sets the read-out line: the half-bold front, and what follows it.
    pub fn read_out(&self, front: impl Into<String>, rest: impl Into<String>) {
        *self.read_out.borrow_mut() = (front.into(), rest.into());
    }

    /// Sets the read-out line unless a view has set it in this frame.
    pub fn read_out_first(&self, front: impl Into<String>, rest: impl Into<String>) {
        if self.reads_out() == Default::default() {
            self.read_out(front, rest);
        }
    }

    /// The text of the read-out line.
    pub(super) fn reads_out(&self) -> (String, String) {
        self.read_out.borrow().clone()
    }

    /// Sets the legend of the stage's colours at the left end of the read-out line.
    pub fn set_legend(&self, legend: Legend) {
        self.set_legends(vec![legend]);
    }

    /// The same where the stage has more than one mapping: values first, gradients after them.
    pub fn set_legends(&self, legends: Vec<Legend>) {
        *self.legends.borrow_mut() = legends;
    }

    /// The legends of the stage's colours.
    pub(super) fn legends(&self) -> Vec<Legend> {
        self.legends.borrow().iter().map(|legend| self.covered(legend)).collect()
    }

    /// A legend without its numbers while they could tell what a lesson asks for.
    pub(super) fn covered(&self, legend: &Legend) -> Legend {
        if !self.state.covers_ranges() {
            return legend.clone();
        }
        Legend { ends: ["?".into(), "?".into()], words: String::new(), ..legend.clone() }
    }

    /// Asks for an action; it is applied after the frame.
    pub fn push(&self, action: Action) {
        self.actions.borrow_mut().push(action);
    }

    /// Asks for the cursor to go behind a place of the current plan, or for a given place to be selected.
    pub fn visit(&self, address: &Address) {
        self.push(Action::visit(self.state.plan(), address));
    }

    /// Asks for a place of the current plan to be shown, while the cursor stays.
    pub fn look(&self, address: &Address) {
        self.push(Action::look(self.state.plan(), address));
    }

    /// Marks a cell as under the pointer, for all views in the next frame.
    pub fn hover(&self, address: Address) {
        *self.hovered.borrow_mut() = Some(address);
    }

    /// The cell that the pointer was over in the last frame.
    pub fn hovered(&self) -> Option<Address> {
        self.hovered_before
    }

    /// What a lesson points at, and what the words under the pointer name.
    pub const fn lit(&self) -> &Lit {
        &self.lit
    }

    /// Lights places in the next frame: the pointer is over words that name them.
    pub fn point_out(&self, places: Vec<AddressText>) {
        *self.pointed_out.borrow_mut() = places;
    }

    /// The text with this key.
    pub fn text(&self, key: &str) -> String {
        self.words.text(key)
    }

    /// The text with this key and its `%{name}` filled in.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.fill(key, values)
    }

    /// What the views asked for, what the pointer is over, and the places of the words that it is over.
    pub(super) fn finish(self) -> (Vec<Action>, Option<AddressText>, Vec<AddressText>) {
        let hovered = self.hovered.into_inner();
        let hovered = hovered.map(|address| AddressText::new(self.state.plan(), &address));
        (self.actions.into_inner(), hovered, self.pointed_out.into_inner())
    }
}
