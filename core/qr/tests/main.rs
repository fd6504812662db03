//! Codes in pictures that a phone would take, which the tests draw. One program for all of them.

mod pictures;
mod reading;
