//! Keeping the session against a crash: some seconds after a change; offered again at the next start.

use super::writer::Writer;
use crate::app::{Action, AppState, FileAction, Offer, Stamp};
use crate::files::{Keeper, Left, write_atomically};
use crate::model_io::session::ENDING;
use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

/// The least time between two writings.
const BETWEEN: Duration = Duration::from_secs(5);

/// Nor does it write more than this part of the time, however large the session is.
const SHARE: u32 = 10;

/// What is kept, and what was left by programs that crashed.
pub struct Rescue {
    keeper: Option<Keeper>,
    /// Latest first; the first is offered.
    left: Vec<Left>,
    /// What the user went on with: it is removed when it is kept anew.
    restored: Option<Left>,
    /// The state as it was kept last.
    kept: Stamp,
    /// No earlier than this is it kept again.
    due: Instant,
    under_way: bool,
    done: Receiver<Kept>,
    tell: Sender<Kept>,
    /// Why the last one was not kept: told once.
    failed: Option<String>,
}

/// Whether what a crash left behind is in use, whole.
fn is_in_use(state: &AppState) -> bool {
    state.files().is_restored && state.files().absent.is_none()
}

/// One writing.
struct Kept {
    took: Duration,
    result: Result<(), String>,
}

impl Rescue {
    /// Takes a place in a folder; without one nothing is kept. The actions tell what there is to restore, or why
    /// nothing can be kept.
    pub fn new(folder: Option<&Path>, state: &AppState) -> (Self, Vec<Action>) {
        let (tell, done) = channel();
        let keeper = folder.map(|folder| Keeper::begin(folder, ENDING)).transpose();
        let (keeper, error) = match keeper {
            Ok(keeper) => (keeper, None),
            Err(error) => (None, Some(Action::Fail(error.0))),
        };
        let left = keeper.as_ref().map(Keeper::left).unwrap_or_default();
        let rescue = Self {
            keeper,
            left,
            restored: None,
            kept: Stamp::of(state),
            due: Instant::now() + BETWEEN,
            under_way: false,
            done,
            tell,
            failed: None,
        };
        let actions = rescue.offer().into_iter().chain(error).collect();
        (rescue, actions)
    }

    fn offer(&self) -> Option<Action> {
        let minutes = self.left.first()?.age().as_secs() / 60;
        Some(FileAction::Offer(Some(Offer { minutes })).into())
    }

    /// The bytes of what was offered.
    pub fn restore(&mut self) -> Option<Action> {
        let left = (!self.left.is_empty()).then(|| self.left.remove(0))?;
        match left.read() {
            Ok(bytes) => {
                self.restored = Some(left);
                Some(FileAction::Rescued(Arc::new(bytes)).into())
            }
            Err(error) => Some(Action::Fail(error.0)),
        }
    }

    /// Removes what was offered; what else there is.
    pub fn discard(&mut self) -> Option<Action> {
        if !self.left.is_empty() {
            self.left.remove(0).remove();
        }
        self.offer()
    }

    /// Keeps the state where it has changed and it is time; when to look again, and what is to be told.
    pub fn tick(&mut self, state: &AppState, writer: &Writer) -> (Option<Duration>, Option<Action>) {
        let mut told = None;
        for Kept { took, result } in self.done.try_iter() {
            self.under_way = false;
            self.due = Instant::now() + BETWEEN.max(took * SHARE);
            match result {
                Ok(()) => {
                    self.failed = None;
                    // What could not be restored, or not whole, stays where it is.
                    if is_in_use(state) {
                        self.restored.take().into_iter().for_each(Left::remove);
                    }
                }
                Err(error) if self.failed.as_ref() != Some(&error) => {
                    told = Some(Action::Fail(error.clone()));
                    self.failed = Some(error);
                }
                Err(_) => {}
            }
        }
        let Some(keeper) = self.keeper.as_ref().filter(|_| !self.under_way) else { return (None, told) };
        let now = Stamp::of(state);
        if now.is_same(&self.kept) {
            return (None, told);
        }
        let wait = self.due.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            return (Some(wait), told);
        }
        (self.kept, self.under_way) = (now, true);
        let (session, path, tell) = (state.rescue(), keeper.path().to_owned(), self.tell.clone());
        writer.push(move || {
            let start = Instant::now();
            let bytes = session.to_bytes();
            let result = bytes.and_then(|bytes| write_atomically(&path, &bytes).map_err(|error| error.0));
            // Where the window is gone, nobody waits for the answer.
            let _ = tell.send(Kept { took: start.elapsed(), result });
        });
        (Some(BETWEEN), told)
    }

    /// The window is closed in good order: nothing is left of it but work that was not saved, which the next start
    /// offers. What was never decided about stays.
    pub fn end(&mut self, state: &AppState, writer: &Writer) {
        let restored = self.restored.take().filter(|_| is_in_use(state));
        let keeper = self.keeper.take();
        let unsaved = state.has_unsaved_work().then(|| state.rescue());
        // Behind what is still being kept.
        writer.push(move || {
            let Some(keeper) = keeper else { return };
            let is_safe = match unsaved.map(|session| session.to_bytes()) {
                // Where it cannot be written, what was kept last stays.
                Some(bytes) => bytes.is_ok_and(|bytes| write_atomically(keeper.path(), &bytes).is_ok()),
                None => {
                    keeper.end();
                    true
                }
            };
            restored.filter(|_| is_safe).into_iter().for_each(Left::remove);
        });
    }
}
