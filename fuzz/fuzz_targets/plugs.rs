//! Modems and readers that say anything, to the drivers and to whoever reads what they say; and a terminal that says anything
//! to a modem.
#![no_main]

use esim_fuzz::plugs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| plugs::check(input));
