//! Work on the page's one thread: in slices of some milliseconds, between which frames are drawn.
//!
//! Where the browser can suspend a call into the program (JavaScript Promise Integration), each work runs on a stack of
//! its own and [`pause`] leaves it in the midst of a step. Elsewhere a slice ends with a step, however long that is.

use super::{Work, bridge};
use crate::nn::Alone;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};
use wasm_bindgen::prelude::wasm_bindgen;
use web_time::Instant;

/// The longest slice that is meant.
const SLICE: Duration = Duration::from_millis(8);

/// Bytes of a work's stack.
const STACK: usize = 1 << 20;

thread_local! {
    static WORKS: RefCell<BTreeMap<u32, Box<dyn Work>>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT: Cell<u32> = const { Cell::new(0) };
    /// When the slice began that is being done in a suspendable call.
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Has the page do work.
pub(super) fn start(work: Box<dyn Work>) {
    let id = NEXT.get();
    NEXT.set(id.wrapping_add(1));
    WORKS.with_borrow_mut(|works| works.insert(id, work));
    bridge::start_work(id);
}

/// Lets frames through if the slice is used up.
pub(super) fn pause() {
    if SINCE.get().is_some_and(|since| since.elapsed() >= SLICE) {
        SINCE.set(None);
        bridge::suspend();
        SINCE.set(Some(Instant::now()));
    }
}

/// Does all of a work, in a call that can be suspended.
#[wasm_bindgen]
pub fn convstep_work(id: u32) {
    let Some(mut work) = WORKS.with_borrow_mut(|works| works.remove(&id)) else { return };
    SINCE.set(bridge::can_suspend().then(Instant::now));
    while work.step(&Alone) {
        pause();
    }
    SINCE.set(None);
}

/// Does a slice of a work; whether more is left.
#[wasm_bindgen]
pub fn convstep_slice(id: u32) -> bool {
    let Some(mut work) = WORKS.with_borrow_mut(|works| works.remove(&id)) else { return false };
    let since = Instant::now();
    while work.step(&Alone) {
        if since.elapsed() >= SLICE {
            WORKS.with_borrow_mut(|works| works.insert(id, work));
            return true;
        }
    }
    false
}

/// The upper end of a stack for a suspendable call.
#[wasm_bindgen]
pub fn convstep_stack() -> usize {
    let stack: &'static mut [u128] = vec![0u128; STACK / size_of::<u128>()].leak();
    stack.as_ptr_range().end as usize
}
