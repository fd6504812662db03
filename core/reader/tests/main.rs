//! Modems and readers, driven from outside: recorded lines, every dialect, quirks, faults, any octets at all.

mod ccid;
mod common;
mod dialects;
mod faults;
mod hostile;
mod recorded;
