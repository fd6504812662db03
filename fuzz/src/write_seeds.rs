//! Writes the seeds of every target into the folder that `ESIM_LAB_SEEDS` names. Built as the targets are, whose libraries
//! it shares: to build them once more without coverage counters would take minutes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;

fuzz_target!(
    init: {
        let folder = PathBuf::from(std::env::var_os("ESIM_LAB_SEEDS").expect("ESIM_LAB_SEEDS names a folder"));
        esim_fuzz::seeds::write(&folder).expect("the folder takes files");
        std::process::exit(0);
    },
    |_input: &[u8]| {}
);
