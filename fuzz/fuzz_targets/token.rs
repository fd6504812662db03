//! Tokens of operators: nobody gets in whom the claims, read by other means, do not let in.
#![no_main]

use esim_fuzz::tokens::Scene;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static SCENE: Scene = Scene::new();
}

fuzz_target!(|input: &[u8]| {
    SCENE.with(|scene| scene.check(input));
});
