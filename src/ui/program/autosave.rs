//! When the session is saved against a crash: some seconds after a change.

use crate::app::{AppState, Stamp};
use crate::ui::host::{Clock, Host};
use std::sync::{
    Arc, OnceLock,
    mpsc::{Receiver, Sender, channel},
};

/// The least number of seconds between two saves.
pub const INTERVAL: f64 = 5.0;

/// Saving takes at most this fraction of the time, as its reciprocal, however large the session is.
const SHARE: f64 = 10.0;

/// What was saved, and when it will be again.
pub(super) struct Autosave {
    /// The state as it was last saved.
    saved: Stamp,
    /// The earliest time of the next save, in seconds.
    due: f64,
    is_saving: bool,
    done: Receiver<Saved>,
    sender: Sender<Saved>,
    /// Why the last save failed: reported once.
    failed: Option<String>,
}

/// A save that is over.
struct Saved {
    /// Seconds that it took.
    took: f64,
    result: Result<(), String>,
}

/// Whether a session that was restored is in use, as a whole.
fn uses_restored(state: &AppState) -> bool {
    state.files().is_restored && state.files().absent.is_none()
}

impl Autosave {
    /// Nothing has changed yet.
    pub(super) fn new(state: &AppState, now: f64) -> Self {
        let (sender, done) = channel();
        let saved = Stamp::from_state(state);
        Self { saved, due: now + INTERVAL, is_saving: false, done, sender, failed: None }
    }

    /// The next save is due now.
    pub(super) const fn hurry(&mut self) {
        self.due = f64::NEG_INFINITY;
    }

    /// Saves the state if it has changed and it is time. Returns the seconds until this is to be called again, and
    /// why the last save failed if that has not been reported yet.
    pub(super) fn poll(
        &mut self,
        state: &AppState,
        host: &mut impl Host,
        clock: &Clock,
    ) -> (Option<f64>, Option<String>) {
        let mut failed = None;
        for Saved { took, result } in self.done.try_iter() {
            self.is_saving = false;
            self.due = clock() + INTERVAL.max(took * SHARE);
            match result {
                Ok(()) => {
                    self.failed = None;
                    // One that could not be restored as a whole stays in its place.
                    if uses_restored(state) {
                        host.remove_restored_session();
                    }
                }
                Err(error) if self.failed.as_ref() != Some(&error) => {
                    failed = Some(error.clone());
                    self.failed = Some(error);
                }
                Err(_) => {}
            }
        }
        if !host.keeps_sessions() || self.is_saving {
            return (None, failed);
        }
        let now = Stamp::from_state(state);
        if now.is_same(&self.saved) {
            return (None, failed);
        }
        let wait = self.due - clock();
        if wait > 0.0 {
            return (Some(wait), failed);
        }
        (self.saved, self.is_saving) = (now, true);
        self.save(state, host, clock);
        (Some(INTERVAL), failed)
    }

    fn save(&self, state: &AppState, host: &mut impl Host, clock: &Clock) {
        let (session, sender) = (state.rescue(), self.sender.clone());
        let started = Arc::new(OnceLock::new());
        let (its, its_clock) = (Arc::clone(&started), Arc::clone(clock));
        let content = move || {
            its.get_or_init(|| its_clock());
            session.to_bytes()
        };
        let clock = Arc::clone(clock);
        let reply = move |result| {
            let took = started.get().map_or(0.0, |started| clock() - started);
            // If the window is gone, nobody waits for it.
            let _ = sender.send(Saved { took, result });
        };
        host.keep_session(Box::new(content), Box::new(reply));
    }

    /// The window closes: nothing is left but work that is not saved. What a crash left stays until the user has
    /// decided about it.
    pub(super) fn end(&self, state: &AppState, host: &mut impl Host) {
        let unsaved = state.has_unsaved_work().then(|| state.rescue());
        let content = unsaved.map(|session| Box::new(move || session.to_bytes()) as _);
        host.end_session(content, uses_restored(state));
    }
}
