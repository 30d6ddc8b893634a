//! Ctrl+C: the first asks the work to stop at a good place, the second ends the program at once.

use super::CliError;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status of a program that Ctrl+C ended, as shells have it: 128 + SIGINT.
pub const STATUS: u8 = 130;

static WANTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl+C is heard; call once.
///
/// # Errors
/// Where the system does not let it be heard.
#[cfg(not(target_arch = "wasm32"))]
pub fn listen() -> Result<(), CliError> {
    let heard = || {
        if WANTED.swap(true, Ordering::SeqCst) {
            crate::files::abandon();
            std::process::exit(i32::from(STATUS));
        }
    };
    ctrlc::set_handler(heard)
        .map_err(|error| CliError(format!("expected to hear Ctrl+C, got {error}; start the program again")))
}

/// There is no Ctrl+C.
#[cfg(target_arch = "wasm32")]
pub fn listen() -> Result<(), CliError> {
    Ok(())
}

/// Whether the work is to stop.
pub fn wanted() -> bool {
    WANTED.load(Ordering::SeqCst)
}
