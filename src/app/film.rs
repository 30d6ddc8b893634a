//! The steps of a film, each a state that shows the stage alone.

use super::action::Action;
use super::{
    apply::{apply, run_tasks_here},
    state::{AppState, Draw, Figure, FilmOrder, FilmRange, Framing, Guide, Page, ViewState},
};
use crate::export::film::{Frames, LIMIT, check_size, estimate, film};
use crate::model_io::presets;
use crate::nn::Execution;
use crate::trace::{Address, Cursor, Grain, Move, Place};
use image::RgbaImage;

/// The most steps that a film has.
pub const MOST_STEPS: usize = 5000;

/// A film's states, one at a time.
#[derive(Clone, Debug)]
pub struct FilmSteps {
    state: AppState,
    cursors: Vec<Cursor>,
}

impl FilmSteps {
    /// The steps of a range, from a state that stays as it is.
    ///
    /// # Errors
    /// Where an address does not fit, the range is empty, or there are more than [`MOST_STEPS`].
    pub fn new(state: &AppState, range: &FilmRange) -> Result<Self, String> {
        let cursors = cursors(state, range)?;
        let mut state = state.clone();
        let view = &state.view;
        state.view = ViewState {
            page: Page::Network,
            presenting: true,
            still: true,
            guide: Guide::Done,
            drawer: None,
            timeline: false,
            notes: false,
            spotlight: false,
            palette: false,
            help: false,
            sheet: None,
            pad: false,
            adjust: false,
            typing_path: false,
            blank: false,
            typing_address: false,
            ..*view
        };
        (state.lesson, state.draft) = (None, None);
        state.files.asked = None;
        state.notices.clear();
        state.playback.playing = false;
        Ok(Self { state, cursors })
    }

    /// Shows the window that slides, where the network is one of convolution arithmetic and no other figure is shown.
    pub fn with_own_figure(mut self) -> Self {
        let name = &self.state.inputs.model.name;
        if self.state.view.figure.is_none() && presets::arithmetic().iter().any(|preset| preset.name == name)
        {
            self.state.view.figure = Some(Figure::Slide);
        }
        self
    }

    /// How many steps.
    pub const fn len(&self) -> usize {
        self.cursors.len()
    }

    /// Never: there is at least one step.
    pub const fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    /// The state after step `n`.
    ///
    /// # Errors
    /// Where its values cannot be computed.
    pub fn state(&mut self, n: usize) -> Result<&AppState, String> {
        let Some(cursor) = self.cursors.get(n) else {
            return Err(format!("expected one of {} steps, got {n}", self.len()));
        };
        let place = cursor.text(self.state.plan());
        let effects = apply(&mut self.state, Action::GoTo(place));
        run_tasks_here(&mut self.state, effects, Execution::SERIAL, &());
        match self.state.notices.pop() {
            Some(notice) => Err(notice.text),
            None => Ok(&self.state),
        }
    }
}

/// The cursor after each step.
fn cursors(state: &AppState, range: &FilmRange) -> Result<Vec<Cursor>, String> {
    let (plan, grain) = (state.plan(), range.grain);
    let parse = |text: &str| match plan.parse(text) {
        Ok(address) if matches!(address.place(), Place::Given(_)) => Err(format!(
            "{text}: expected the address of a step, got given values; begin at a layer, as in fwd/conv1"
        )),
        Ok(address) => Ok(address),
        Err(error) => Err(error.to_string()),
    };
    let asked = range.from.as_deref().map(parse).transpose()?.unwrap_or(Address::whole_stage(0, 0, 0));
    let first = if grain > asked.grain() { asked.refine(grain) } else { plan.widen(&asked, grain) };
    let last = match (range.to.as_deref(), range.steps) {
        (Some(to), _) => Some(parse(to)?),
        (None, Some(_)) => None,
        (None, None) if grain > asked.grain() => Some(asked),
        // An example of a batch leaves out the update.
        (None, None) if grain == Grain::Pass => Some(plan.widen(&asked, Grain::Batch)),
        (None, None) => Some(plan.widen(&asked, grain.coarser())),
    };
    let end = last.and_then(|last| plan.steps(&last)).map_or(plan.run_len(), |steps| steps.end);
    let most = range.steps.unwrap_or(usize::MAX);
    let mut cursor = Cursor::after(plan, &first);
    let mut cursors = Vec::new();
    while cursors.len() < most && (cursor.at() <= end || cursors.is_empty()) {
        if cursors.len() == MOST_STEPS {
            return Err(format!(
                "expected a film of at most {MOST_STEPS} steps, got more; choose a nearer end, or larger steps"
            ));
        }
        cursors.push(cursor);
        let before = cursor;
        cursor.go(plan, Move::Next);
        if cursor == before {
            break;
        }
    }
    match cursors.first() {
        Some(first) if first.at() <= end => Ok(cursors),
        Some(_) | None => {
            Err("expected an end behind the beginning, got one before it; exchange them".into())
        }
    }
}

/// A film as it is drawn.
pub struct DrawnFilm<'a> {
    /// The steps.
    pub steps: FilmSteps,
    /// What draws them.
    pub draw: &'a dyn Draw,
    /// How large, and in which colours.
    pub framing: Framing,
}

impl Frames for DrawnFilm<'_> {
    fn count(&self) -> usize {
        self.steps.len()
    }

    fn frame(&mut self, n: usize) -> Result<RgbaImage, String> {
        let state = self.steps.state(n)?;
        Ok(self.draw.pixels(state, &self.framing))
    }
}

impl FilmOrder {
    /// The film as a file; `None` if it was cancelled. `on_progress` gets the part that is drawn, from 0 to 1, and returns
    /// whether to go on.
    ///
    /// # Errors
    /// Where a step cannot be computed, or the film would be larger than [`LIMIT`].
    pub fn draw(
        &self,
        draw: &dyn Draw,
        on_progress: &(dyn Fn(f32) -> bool + Sync),
    ) -> Result<Option<Vec<u8>>, String> {
        let steps = FilmSteps::new(&self.state, &self.range)?.with_own_figure();
        let framing = Framing::window(self.size_px, 1.0, self.is_dark);
        let mut frames = DrawnFilm { steps, draw, framing };
        let of_size = estimate(&mut frames, self.form).and_then(|size| check_size(size, LIMIT));
        of_size.and_then(|()| film(&mut frames, self.form, self.pace, on_progress)).map_err(|error| error.0)
    }
}
