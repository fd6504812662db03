//! The core's own cases in a browser: the very code that the native tests run, and not a copy of it.
#![cfg(target_arch = "wasm32")]

#[path = "../../core/crypto/tests/aka_vectors.rs"]
mod aka_vectors;
#[path = "../../core/rsp/tests/encoding.rs"]
mod encoding;
#[path = "../../core/rsp/tests/explain.rs"]
mod explain;
#[path = "../../core/crypto/tests/scp80.rs"]
mod scp80;
#[path = "../../core/rsp/tests/status.rs"]
mod status;
#[path = "../../core/crypto/tests/vectors.rs"]
mod vectors;

use esim_sm_lab::cases;
use esim_tests::faults::Story;
use esim_tests::{conformance, isdr, power_cut};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

// Not in the page itself: that must answer the driver meanwhile.
wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
fn every_answer_of_the_isd_r() {
    let rows = isdr::rows();
    isdr::assert_complete(&rows);
    console_log!("{} answers of the ISD-R", conformance::show(&rows));
}

#[wasm_bindgen_test]
fn power_may_go_at_any_time() {
    power_cut::power_may_go_at_any_time();
}

/// A sample of what the native tests do; here a fault that brings anybody down brings the page down.
#[wasm_bindgen_test]
fn whatever_happens_to_a_message_can_be_mended() {
    let mut story = Story::tell(7);
    let sample: Vec<_> = story.plan(50).into_iter().step_by(9).collect();
    for (message, fault) in &sample {
        let told = story.with_fault(*message, fault);
        assert!(told.is_ok(), "{}", told.unwrap_err());
    }
    console_log!("{} messages with a fault", sample.len());
}

#[wasm_bindgen_test]
fn every_answer_of_es9p() {
    console_log!("{} cases of ES9+", cases::each_in_memory("es9p"));
}

#[wasm_bindgen_test]
fn every_answer_of_es2p() {
    console_log!("{} cases of ES2+", cases::each_in_memory("es2p"));
}

#[wasm_bindgen_test]
fn every_answer_of_es11() {
    console_log!("{} cases of ES11", cases::each_in_memory("es11"));
}

#[wasm_bindgen_test]
fn every_answer_of_es12_and_es15() {
    let cases = ["es12", "es15"].map(cases::each_in_memory);
    console_log!("{} cases of ES12 and ES15", cases[0] + cases[1]);
}
