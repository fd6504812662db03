//! Time in a page: instants, and how long somebody waits.

use js_sys::{Function, Promise};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(then: &Function, milliseconds: f64) -> f64;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: f64);
}

/// Milliseconds on a clock that is never set back.
pub fn now() -> u64 {
    performance_now() as u64
}

/// A timer, which is gone with its owner: commands have minutes, and most take milliseconds.
struct Timer(f64);

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(self.0);
    }
}

/// What a future gives within so many milliseconds; it goes on to be awaited if that is nothing.
pub async fn within<F: Future + Unpin>(future: &mut F, milliseconds: u64) -> Option<F::Output> {
    let mut timer = None;
    let promise = Promise::new(&mut |resolve, _| {
        timer = Some(Timer(set_timeout(&resolve, milliseconds as f64)));
    });
    let mut over = pin!(JsFuture::from(promise));
    poll_fn(|context| match pin!(&mut *future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => over.as_mut().poll(context).map(|_| None),
    })
    .await
}
