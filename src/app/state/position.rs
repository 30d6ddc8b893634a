//! Where the stepping stands in the run, and what is marked there.
//!
//! Cursors and addresses are numbers that mean a place in one plan only. All that the state holds lie in
//! [`Position`], beside the run whose plan they belong to; the run is replaced or changed through it alone,
//! and whatever it holds is then resolved against the current plan. What is kept longer is a [`PlaceText`].

use super::{
    breakpoint_search::StopReason,
    marks::Marks,
    run::{Need, Run},
};
use crate::trace::{Address, AddressText, Cursor, Grain, Move, Pass, Plan, Stop};
use std::sync::Arc;

/// The most places that the trail keeps.
const TRAIL: usize = 500;

/// A cursor and a selected cell by their names. It outlives the plan that it was taken from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlaceText {
    time: u32,
    cursor: String,
    grain: Grain,
    selected: Option<AddressText>,
}

impl PlaceText {
    /// Texts from outside, which need not name anything.
    pub(in crate::app) fn from_texts(
        time: u32,
        cursor: String,
        grain: Grain,
        selected: Option<AddressText>,
    ) -> Self {
        Self { time, cursor, grain, selected }
    }

    fn new(plan: &Plan, cursor: Cursor, selected: Option<&Address>) -> Self {
        Self {
            time: cursor.time(plan),
            cursor: cursor.text(plan),
            grain: cursor.grain(),
            selected: selected.map(|address| AddressText::new(plan, address)),
        }
    }

    /// The training step that the cursor is in.
    pub const fn time(&self) -> u32 {
        self.time
    }

    /// The text of the selected cell, or else of the cursor.
    pub fn text(&self) -> &str {
        self.selected.as_ref().map_or(&self.cursor, AddressText::as_str)
    }

    /// What it names in a plan; `None` where the cursor names nothing there.
    pub fn resolve(&self, plan: &Plan) -> Option<(Cursor, Option<Address>)> {
        let mut cursor = Cursor::parse(plan, &self.cursor).ok()?;
        if cursor.grain() != self.grain {
            cursor.go(plan, Move::Grain(self.grain));
        }
        Some((cursor, self.selected.as_ref().and_then(|selected| selected.resolve(plan))))
    }

    /// The same; where the cursor names nothing, the end of its training step or of the run's last.
    fn resolve_near(&self, plan: &Plan) -> (Cursor, Option<Address>) {
        self.resolve(plan).unwrap_or_else(|| {
            let step = Address::RUN.refine(Grain::Batch).at_time(self.time.min(plan.times() - 1));
            (Cursor::after(plan, &step), None)
        })
    }
}

/// A cursor and a selected cell with the plan that they belong to.
#[derive(Clone, Debug)]
pub(in crate::app) struct Located {
    plan: Arc<Plan>,
    cursor: Cursor,
    selected: Option<Address>,
}

impl Located {
    /// The values that it takes to show it.
    pub fn need(&self, run: &Run) -> Need {
        let (cursor, selected) = self.resolve_near(run.plan());
        run.need(&cursor, selected)
    }

    fn text(&self) -> PlaceText {
        PlaceText::new(&self.plan, self.cursor, self.selected.as_ref())
    }

    fn resolve_near(&self, plan: &Arc<Plan>) -> (Cursor, Option<Address>) {
        if self.plan.has_same_places(plan) {
            (self.cursor, self.selected)
        } else {
            self.text().resolve_near(plan)
        }
    }
}

/// The run with the cursor, the selected cell, the trail, the breakpoints and the last stop.
#[derive(Clone, Debug)]
pub(in crate::app) struct Position {
    run: Run,
    cursor: Cursor,
    selected: Option<Address>,
    marks: Marks,
    stopped: Option<StopReason>,
    /// Where the cursor and the selection were before, latest last.
    trail: Vec<PlaceText>,
    /// Where they were before going back along the trail.
    trail_ahead: Vec<PlaceText>,
    /// Where they will be once the replay of training steps arrives there.
    pending: Option<PlaceText>,
}

impl Position {
    /// Behind the forward pass of a run, with nothing selected, marked or remembered.
    pub fn new(run: Run) -> Self {
        Self {
            cursor: after_forward(run.plan(), 0),
            run,
            selected: None,
            marks: Marks::default(),
            stopped: None,
            trail: Vec::new(),
            trail_ahead: Vec::new(),
            pending: None,
        }
    }

    pub const fn run(&self) -> &Run {
        &self.run
    }

    pub fn plan(&self) -> &Arc<Plan> {
        self.run.plan()
    }

    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    pub const fn selected(&self) -> Option<Address> {
        self.selected
    }

    pub const fn marks(&self) -> &Marks {
        &self.marks
    }

    pub const fn stopped(&self) -> Option<StopReason> {
        self.stopped
    }

    pub fn trail(&self) -> &[PlaceText] {
        &self.trail
    }

    pub fn trail_ahead(&self) -> &[PlaceText] {
        &self.trail_ahead
    }

    pub const fn pending(&self) -> Option<&PlaceText> {
        self.pending.as_ref()
    }

    /// The selected place, or else the unit done last, at the cursor's grain; before the first step the first unit.
    pub fn look(&self) -> Address {
        let last = self.cursor.at().saturating_sub(1);
        self.selected.unwrap_or_else(|| self.plan().locate(last, self.cursor.grain()))
    }

    /// The selected place, or else the unit done last; `None` before the first step.
    pub fn address(&self) -> Option<Address> {
        self.selected.or_else(|| self.cursor.address(self.plan()))
    }

    /// The cursor and the selection by their names.
    pub fn text(&self) -> PlaceText {
        PlaceText::new(self.plan(), self.cursor, self.selected.as_ref())
    }

    /// The cursor and the selection with their plan.
    pub fn located(&self) -> Located {
        Located { plan: Arc::clone(self.plan()), cursor: self.cursor, selected: self.selected }
    }

    /// Takes another run and returns the one before.
    pub fn replace_run(&mut self, run: Run) -> Run {
        self.change_run(|own| std::mem::replace(own, run))
    }

    /// Changes the run. Where its plan is another one then, all that is held here is resolved against it: what it
    /// does not name is dropped, and the cursor goes to the end of its training step.
    pub fn change_run<T>(&mut self, change: impl FnOnce(&mut Run) -> T) -> T {
        let before = self.located();
        let result = change(&mut self.run);
        let now = Arc::clone(self.run.plan());
        if !before.plan.has_same_places(&now) {
            (self.cursor, self.selected) = before.resolve_near(&now);
            self.marks.keep_fitting(&now);
            self.stopped = self.stopped.and_then(|reason| reason.carried(&before.plan, &now));
        }
        result
    }

    /// Changes the marks; what the plan does not have is dropped.
    pub fn change_marks<T>(&mut self, change: impl FnOnce(&mut Marks, &Plan) -> T) -> T {
        let result = change(&mut self.marks, self.run.plan());
        self.marks.keep_fitting(self.run.plan());
        result
    }

    /// Moves the cursor; nothing stays selected.
    pub fn go(&mut self, go: impl FnOnce(&mut Cursor, &Plan)) {
        go(&mut self.cursor, self.run.plan());
        self.selected = None;
    }

    /// Goes to a place by its names, where the plan has it.
    pub fn go_to(&mut self, place: &PlaceText) -> bool {
        let found = place.resolve(self.run.plan());
        if let Some(found) = found {
            (self.cursor, self.selected) = found;
        }
        found.is_some()
    }

    /// Selects a place of the current plan, or none.
    pub fn select(&mut self, address: Option<Address>) {
        debug_assert!(address.is_none_or(|address| self.plan().has(&address)), "an address of another plan");
        self.selected = address;
    }

    /// Goes behind the forward pass of the first step, so that the answer is there.
    pub fn show_prediction(&mut self) {
        (self.cursor, self.selected) = (after_forward(self.run.plan(), 0), None);
    }

    /// Sets why the run stopped; `Stop` holds addresses of the current plan.
    pub fn set_stopped(&mut self, reason: Option<StopReason>) {
        self.stopped = reason;
    }

    /// Adds the place to the trail.
    pub fn remember(&mut self) {
        self.trail.push(self.text());
        self.trail_ahead.clear();
        self.trail.drain(..self.trail.len().saturating_sub(TRAIL));
    }

    /// Goes `back` places back along the trail, or, negative, ahead again; further where the plan does not have the
    /// place. Places that it does not have are forgotten on the way.
    pub fn follow_trail(&mut self, back: isize) {
        let mut left = back.unsigned_abs();
        let mut has_moved = left == 0;
        while left > 0 || !has_moved {
            let here = self.text();
            let (from, to) = match back > 0 {
                true => (&mut self.trail, &mut self.trail_ahead),
                false => (&mut self.trail_ahead, &mut self.trail),
            };
            let Some(place) = from.pop() else { break };
            if let Some(found) = place.resolve(self.run.plan()) {
                to.push(here);
                (self.cursor, self.selected) = found;
                has_moved = true;
            }
            left = left.saturating_sub(1);
        }
    }

    /// Forgets the trail, behind and ahead.
    pub fn clear_trail(&mut self) {
        self.trail.clear();
        self.trail_ahead.clear();
    }

    /// Whether the cursor or the selection is not what it was; another plan alone does not count.
    pub fn has_moved_from(&self, shown: &Located) -> bool {
        shown.resolve_near(self.plan()) != (self.cursor, self.selected)
    }

    /// Where the cursor and the selection are to be: where they wait to come, or where they are.
    pub fn target(&self) -> Located {
        let (cursor, selected) = match &self.pending {
            Some(pending) => pending.resolve_near(self.plan()),
            None => (self.cursor, self.selected),
        };
        Located { plan: Arc::clone(self.plan()), cursor, selected }
    }

    /// The values of a place are there: shows it.
    pub fn arrive_at(&mut self, target: &Located) {
        (self.cursor, self.selected) = target.resolve_near(self.run.plan());
        self.pending = None;
    }

    /// The values of a place are not there yet: what was shown stays until they are.
    pub fn wait_for(&mut self, target: &Located, shown: &Located) {
        if self.pending.is_none() {
            self.pending = Some(target.text());
            (self.cursor, self.selected) = shown.resolve_near(self.run.plan());
        }
        self.keep_to_values();
    }

    /// Waits for no other place.
    pub fn stop_waiting(&mut self) {
        self.pending = None;
    }

    /// Shows a previous place again.
    pub fn return_to(&mut self, shown: &Located) {
        self.pending = None;
        (self.cursor, self.selected) = shown.resolve_near(self.run.plan());
        self.keep_to_values();
    }

    /// Where the computed values are of another training step than the cursor's, goes to their prediction.
    fn keep_to_values(&mut self) {
        let (plan, time) = (self.run.plan(), self.run.trace().time());
        if self.cursor.time(plan) != time {
            (self.cursor, self.selected) = (after_forward(plan, time), None);
        }
    }
}

/// The cursor behind the forward pass of a training step, for its first image, at the grain of a pass.
pub(in crate::app) fn after_forward(plan: &Plan, time: u32) -> Cursor {
    let stage = Address::whole_stage(time, 0, plan.pass_stages(Pass::Fwd).start);
    Cursor::after(plan, &plan.widen(&stage, Grain::Pass))
}

/// The cursor behind the forward pass and the loss of a training step, for its first image.
pub(in crate::app) fn after_loss(plan: &Plan, time: u32) -> Cursor {
    Cursor::after(plan, &Address::whole_stage(time, 0, plan.pass_stages(Pass::Loss).end.saturating_sub(1)))
}

impl StopReason {
    /// The same in another plan; `None` where that does not have its cells.
    fn carried(self, from: &Plan, to: &Plan) -> Option<Self> {
        let carried = |address: &Address| AddressText::new(from, address).resolve(to);
        match self {
            Self::End { .. } | Self::StepDone { .. } => Some(self),
            Self::Hit(stop) => {
                let (address, cell) = (carried(&stop.address)?, carried(&stop.cell)?);
                stop.reason.fits(to).then_some(Self::Hit(Stop { address, cell, ..stop }))
            }
        }
    }
}
