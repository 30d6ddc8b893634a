//! Starts films and takes them when they are drawn.

use super::notice::fail;
use crate::app::{
    effect::Effect,
    state::{AppState, FileContent, FilmOrder, FilmRange, JobKind, Stamp, ThemeChoice, Work},
};
use crate::data::Location;
use crate::export::film::Form;
use crate::trace::{AddressText, Grain};
use std::sync::Arc;

/// The unit that the steps of a film from here have: that of what is shown.
pub(in crate::app) fn grain_of(state: &AppState) -> Grain {
    state.look().grain().max(Grain::Pass)
}

/// Has the film drawn that was asked about; it is written when it is there.
pub(in crate::app) fn start(
    state: &mut AppState,
    form: Form,
    location: Location,
    replace: bool,
) -> Vec<Effect> {
    let Some(asked) = state.files.film_asked else { return Vec::new() };
    let place = state.look();
    let from = place.stage().map(|_| AddressText::new(state.plan(), &place).to_string());
    let film = FilmOrder {
        range: FilmRange { from, to: None, steps: Some(asked.steps), grain: asked.grain },
        pace: asked.pace,
        form,
        size_px: FilmOrder::SIZE,
        is_dark: state.view.theme == ThemeChoice::Dark,
        state: Box::new(state.clone()),
    };
    (state.files.asked, state.files.film_asked) = (None, None);
    let (job, cancel) = state.jobs.start(JobKind::Filming, location.name());
    vec![Effect::Film { job, film: Box::new(film), location, replace, cancel }]
}

/// Writes a film that was drawn; a cancelled one is forgotten.
pub(in crate::app) fn finish(
    state: &mut AppState,
    job: u64,
    location: Location,
    replace: bool,
    result: Result<(Form, Arc<Vec<u8>>), String>,
) -> Vec<Effect> {
    if state.jobs.finish(job).is_none() {
        return Vec::new();
    }
    match result {
        Ok((form, bytes)) => {
            let stamp = Box::new(Stamp::from_state(state));
            let content = FileContent::Film(form, bytes);
            vec![Effect::Write { location, content, stamp, replace }]
        }
        Err(error) => {
            fail(state, Work::Save.failed(error));
            Vec::new()
        }
    }
}
