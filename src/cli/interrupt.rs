//! Ctrl+C: the first one asks the command to stop cleanly, the second one ends the program at once.

use super::CliError;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status after Ctrl+C, as in shells: 128 + SIGINT.
pub const STATUS: u8 = 130;

static WANTED: AtomicBool = AtomicBool::new(false);

/// Starts to handle Ctrl+C; call once.
///
/// # Errors
/// If the system refuses the handler.
#[cfg(not(target_arch = "wasm32"))]
pub fn listen() -> Result<(), CliError> {
    let heard = || {
        if WANTED.swap(true, Ordering::SeqCst) {
            crate::files::abandon();
            std::process::exit(i32::from(STATUS));
        }
    };
    ctrlc::set_handler(heard)
        .map_err(|error| CliError(format!("expected to handle Ctrl+C, got {error}; restart the program")))
}

/// This platform has no Ctrl+C.
#[cfg(target_arch = "wasm32")]
pub fn listen() -> Result<(), CliError> {
    Ok(())
}

/// Whether the command has been asked to stop.
pub fn wanted() -> bool {
    WANTED.load(Ordering::SeqCst)
}
