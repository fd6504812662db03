//! Cutting a bound profile package into the pieces that the eUICC is fed
//! (SGP.22 2.5.5).

use crate::{Error, ErrorKind, tlv};
use alloc::vec::Vec;

/// Cuts a bound profile package into STORE DATA chains, on raw octets:
/// `BF36` header with `BF23`, `A0` header with the first `87`, `A1` header
/// alone, each `88`, `A2` header with its first `87` if present, `A3` header
/// alone, each `86`.
///
/// # Errors
/// [`Error`] if the package is not TLVs all the way to the segments, or a
/// part is missing or out of order.
pub fn segments(package: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let outer = tlv::read_only(package)?;
    if outer.tag != 0xBF36 {
        return Err(wrong("a bound profile package has tag BF36", 0));
    }
    let mut parts = tlv::read_all(package, outer.value.clone())?.into_iter().peekable();
    let mut out = Vec::new();
    let first = parts.next().filter(|part| part.tag == 0xBF23);
    let first = first.ok_or_else(|| wrong("BF23 does not come first", outer.value.start))?;
    out.push(&package[..first.whole.end]);
    for (tag, child, with_header) in LAYOUT {
        let Some(part) = parts.next_if(|part| part.tag == tag) else {
            if tag == 0xA2 {
                continue;
            }
            let at = parts.peek().map_or(package.len(), |part| part.whole.start);
            return Err(wrong(&alloc::format!("part {tag:X} is missing"), at));
        };
        let children = tlv::read_all(package, part.value.clone())?;
        if let Some(odd) = children.iter().find(|segment| segment.tag != child) {
            return Err(wrong(&alloc::format!("not a segment of part {tag:X}"), odd.whole.start));
        }
        let mut children = children.into_iter();
        if with_header {
            let end = children.next().map_or(part.value.start, |segment| segment.whole.end);
            out.push(&package[part.whole.start..end]);
        } else {
            out.push(&package[part.whole.start..part.value.start]);
        }
        out.extend(children.map(|segment| &package[segment.whole]));
    }
    match parts.next() {
        Some(extra) => Err(wrong("an unknown part follows", extra.whole.start)),
        None => Ok(out),
    }
}

/// Part, its segments' tag, whether its header travels with the first of them.
const LAYOUT: [(u32, u32, bool); 4] =
    [(0xA0, 0x87, true), (0xA1, 0x88, false), (0xA2, 0x87, true), (0xA3, 0x86, false)];

fn wrong(reason: &str, at: usize) -> Error {
    Error::new(ErrorKind::Message(reason.into()), at)
}
