//! Two operators at one SM: whatever one of them sends, at every function and in both encodings, nothing is read or
//! changed that is another's.
#![no_main]

use esim_fuzz::operators::Operators;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static OPERATORS: Operators = Operators::new();
}

fuzz_target!(|input: &[u8]| {
    OPERATORS.with(|operators| operators.check(input));
});
