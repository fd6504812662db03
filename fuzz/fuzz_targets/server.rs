//! A hostile SM-DP+: one answer of a download is bent, and the LPA still comes to an end that the card agrees with.
#![no_main]

use esim_fuzz::hostile::Scene;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static SCENE: Scene = Scene::new();
}

fuzz_target!(|input: &[u8]| {
    SCENE.with(|scene| scene.download(input));
});
