//! Power is lost at every point of a card's life. The same in a browser: `wasm/tests/cases.rs`.

#[test]
fn power_may_go_at_any_time() {
    esim_tests::power_cut::power_may_go_at_any_time();
}
