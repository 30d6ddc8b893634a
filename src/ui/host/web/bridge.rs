//! What the page's script does for the program: `convstepHost` in `assets/web/host.js`.

use crate::app::{Action, Message};
use js_sys::{Array, Promise, Uint8Array};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = convstepHost, js_name = pick)]
    fn js_pick(folder: bool) -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = save)]
    fn js_save(name: &str, bytes: &[u8]);
    #[wasm_bindgen(js_namespace = convstepHost, js_name = get)]
    fn js_get(store: &str, key: &str) -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = put)]
    fn js_put(store: &str, key: &str, bytes: &[u8]) -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = keys)]
    fn js_keys(store: &str) -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = begin)]
    fn js_begin() -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = restore)]
    fn js_restore() -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = discard)]
    fn js_discard() -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = removeRestored)]
    pub(super) fn remove_restored();
    #[wasm_bindgen(js_namespace = convstepHost, js_name = keep)]
    fn js_keep(bytes: &[u8]) -> Promise;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = startWork)]
    pub(super) fn start_work(id: u32);
    #[wasm_bindgen(js_namespace = convstepHost, js_name = canSuspend)]
    pub(super) fn can_suspend() -> bool;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = suspend)]
    pub(super) fn suspend();
    #[wasm_bindgen(js_namespace = convstepHost, js_name = setLink)]
    pub(in crate::ui) fn set_link(fragment: &str);
    #[wasm_bindgen(js_namespace = convstepHost, js_name = link)]
    pub(in crate::ui) fn link() -> String;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = setTitle)]
    pub(in crate::ui) fn set_title(title: &str);
    #[wasm_bindgen(js_namespace = convstepHost, js_name = language)]
    pub(in crate::ui) fn language() -> String;
    #[wasm_bindgen(js_namespace = convstepHost, js_name = flag)]
    pub(in crate::ui) fn flag(name: &str) -> bool;
}

/// What came from outside of a frame.
pub(in crate::ui) enum Came {
    /// Files that were dropped or pasted: names and bytes.
    Files(Vec<(String, Vec<u8>)>),
    /// Another link in the address bar.
    Link(String),
    /// Something for the program.
    Action(Action),
}

thread_local! {
    static CAME: RefCell<Vec<Came>> = const { RefCell::new(Vec::new()) };
}

/// What has come since the last call.
pub(in crate::ui) fn came() -> Vec<Came> {
    CAME.take()
}

/// Leaves something for the next frame.
pub(in crate::ui) fn leave(came: Came) {
    CAME.with_borrow_mut(|all| all.push(came));
}

/// A line for the user.
pub(super) fn say(line: String) {
    leave(Came::Action(Action::Fail(Message::as_it_is(line))));
}

/// Bytes that the page's script gave; `None` where it gave nothing.
pub(in crate::ui) fn bytes_of(value: &JsValue) -> Option<Vec<u8>> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
}

/// A text that the page's script gave.
pub(in crate::ui) fn text_of(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

/// Names and bytes of files: [[name, bytes], ..].
pub(in crate::ui) fn files_of(value: &JsValue) -> Vec<(String, Vec<u8>)> {
    let pair = |pair: JsValue| {
        let pair: Array = pair.dyn_into().ok()?;
        Some((text_of(&pair.get(0)), bytes_of(&pair.get(1))?))
    };
    Array::from(value).iter().filter_map(pair).collect()
}

/// Calls `then` with what a promise gives; with `undefined` where it fails.
fn on(promise: Promise, then: impl FnOnce(JsValue) + 'static) {
    spawn_local(async move { then(JsFuture::from(promise).await.unwrap_or(JsValue::UNDEFINED)) });
}

pub(super) fn pick(folder: bool, then: impl FnOnce(Vec<(String, Vec<u8>)>) + 'static) {
    on(js_pick(folder), move |files| then(files_of(&files)));
}

pub(super) fn save(name: &str, bytes: &[u8]) {
    js_save(name, bytes);
}

pub(super) fn put(store: &str, key: &str, bytes: &[u8]) {
    on(js_put(store, key, bytes), |_| {});
}

pub(super) fn get(store: &str, key: &str, then: impl FnOnce(Option<Vec<u8>>) + 'static) {
    on(js_get(store, key), move |bytes| then(bytes_of(&bytes)));
}

pub(super) fn keys(store: &str, then: impl FnOnce(Vec<String>) + 'static) {
    on(js_keys(store), move |keys| {
        let keys = keys.dyn_into::<Array>().map(|keys| keys.iter().map(|key| text_of(&key)).collect());
        then(keys.unwrap_or_default());
    });
}

/// `None`: nothing can be kept. `Some(Some(age))`: a session was left so many seconds ago.
pub(super) fn begin(then: impl FnOnce(Option<Option<f64>>) + 'static) {
    on(js_begin(), move |age| then(age.as_f64().map(|age| (age >= 0.0).then_some(age))));
}

pub(super) fn restore(then: impl FnOnce(Option<Vec<u8>>) + 'static) {
    on(js_restore(), move |bytes| then(bytes_of(&bytes)));
}

pub(super) fn discard(then: impl FnOnce(Option<f64>) + 'static) {
    on(js_discard(), move |age| then(age.as_f64().filter(|age| *age >= 0.0)));
}

pub(super) fn keep(bytes: &[u8], reply: super::Reply<Result<(), String>>) {
    let promise = js_keep(bytes);
    spawn_local(async move {
        let kept = JsFuture::from(promise).await;
        let line = |error: JsValue| js_sys::Object::from(error).to_string().as_string().unwrap_or_default();
        reply(kept.map(|_| ()).map_err(line));
    });
}
