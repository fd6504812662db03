//! Lines that another program writes.

use std::io::{BufRead, Read, Result};

/// Longest line taken. A request carries a message of ES9+ in hexadecimal digits: a package with its segments.
const LONGEST: usize = 16 << 20;

/// The next line without its end; none when the stream has ended. Lines too long are passed over with a word, and so never
/// fill the memory.
pub(super) fn next_line(from: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        from.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line)?;
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(line));
        }
        if line.len() < LONGEST {
            return Ok((!line.is_empty()).then_some(line));
        }
        tell!("a line of more than {LONGEST} octets is dropped");
        from.skip_until(b'\n')?;
    }
}
