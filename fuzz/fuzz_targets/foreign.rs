//! What people bring from elsewhere: any octets are read, or refused with a sentence, in bounded room.
#![no_main]

use esim_world::read_foreign;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(read) = read_foreign(input, None) {
        assert!(read.records.len() <= 50_002 && read.notes.len() <= 52);
        assert!(read.records.iter().enumerate().all(|(n, record)| record.n as usize == n));
    }
});
