//! What the commands say. A reader that has gone (`| head`, a closed terminal) is no error and no reason to stop halfway
//! through something: what nobody reads is dropped, and the command comes to its end. The `print` macros of the standard
//! library panic there, and are denied in this crate.

use std::fmt::Arguments;
use std::io::{Error, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something could not be written for another reason than that nobody reads it: a full disk.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line on standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::out::line(std::format_args!($($text)*)) };
}

/// A line on standard error.
macro_rules! tell {
    ($($text:tt)*) => { $crate::out::aside(std::format_args!($($text)*)) };
}

/// [`say!`].
pub fn line(text: Arguments<'_>) {
    note(writeln!(std::io::stdout().lock(), "{text}"));
}

/// [`tell!`].
pub fn aside(text: Arguments<'_>) {
    // Where standard error is gone there is nowhere to complain.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Octets on standard output, as they are.
pub fn octets(octets: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    note(stdout.write_all(octets).and_then(|()| stdout.flush()));
}

/// A question on standard error, whose answer follows on the same line.
pub fn ask(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{text} ").and_then(|()| stderr.flush());
}

/// Whether all that was said is where it should be, or nobody wanted it.
pub fn is_complete() -> bool {
    note(std::io::stdout().flush());
    !LOST.load(Ordering::Relaxed)
}

fn note(written: Result<(), Error>) {
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}
