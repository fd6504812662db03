//! ISD-R: each function of ES10a, ES10b, ES10c and ES8+ × each of its answers, as `docs/CONFORMANCE.md` has them. The
//! cases run in a browser, too (`wasm/tests/cases.rs`).

use esim_tests::conformance::hold_with_checks;
use esim_tests::isdr;

#[test]
fn every_answer_of_the_isd_r() {
    let rows = isdr::rows();
    isdr::assert_complete(&rows);
    hold_with_checks("isdr", &rows);
}
