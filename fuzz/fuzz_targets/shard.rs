//! Messages between the objects of the worker's SM: of any octets, one after the other, at an object.
#![no_main]

use esim_fuzz::objects::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    Scene::new().check(input);
});
