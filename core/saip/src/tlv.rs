//! Tag, length, value: just enough BER for the borders of elements and for data objects inside files.

use alloc::vec::Vec;

use crate::error::{Error, ErrorKind};

/// One data object.
#[derive(Clone, Copy)]
pub(crate) struct Tlv<'a> {
    /// Tag octets, big-endian: `0x80`, `0xBF1F`.
    pub tag: u16,
    /// Value.
    pub contents: &'a [u8],
    /// Tag, length and value.
    pub raw: &'a [u8],
}

/// Splits the first data object off; `None` if more bytes could complete it.
pub(crate) fn first(bytes: &[u8]) -> Result<Option<Tlv<'_>>, Error> {
    let Some((tag, tag_len)) = tag(bytes)? else {
        return Ok(None);
    };
    let Some((len, len_len)) = length(&bytes[tag_len..]).map_err(|kind| Error::new(kind, tag_len))? else {
        return Ok(None);
    };
    let start = tag_len + len_len;
    let Some(contents) = bytes.get(start..start + len) else {
        return Ok(None);
    };
    Ok(Some(Tlv { tag, contents, raw: &bytes[..start + len] }))
}

fn tag(bytes: &[u8]) -> Result<Option<(u16, usize)>, Error> {
    match bytes {
        [] => Ok(None),
        [low, ..] if low & 0x1F != 0x1F => Ok(Some((u16::from(*low), 1))),
        [_] => Ok(None),
        [first, second, ..] if second & 0x80 == 0 => Ok(Some((u16::from_be_bytes([*first, *second]), 2))),
        _ => Err(Error::new(ErrorKind::Tag, 0)),
    }
}

/// Definite lengths of at most three octets: 16 MB are more than any eUICC holds.
fn length(bytes: &[u8]) -> Result<Option<(usize, usize)>, ErrorKind> {
    let Some(first) = bytes.first() else {
        return Ok(None);
    };
    let count = match first {
        0..=0x7F => return Ok(Some((usize::from(*first), 1))),
        0x81..=0x83 => usize::from(first & 0x7F),
        _ => return Err(ErrorKind::Length),
    };
    let Some(octets) = bytes.get(1..1 + count) else {
        return Ok(None);
    };
    let len = octets.iter().fold(0, |len, octet| len << 8 | usize::from(*octet));
    Ok(Some((len, 1 + count)))
}

/// The data objects of a value, one after the other; the first that is not whole ends them.
pub(crate) struct Objects<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// All data objects of a value.
pub(crate) fn objects(bytes: &[u8]) -> Objects<'_> {
    Objects { bytes, at: 0 }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<Tlv<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let at = self.at;
        let found = first(rest).map_err(|error| error.within(0, at));
        let found = found.and_then(|tlv| tlv.ok_or(Error::new(ErrorKind::Truncated, at)));
        self.at = found.as_ref().map_or(self.bytes.len(), |tlv| at + tlv.raw.len());
        Some(found)
    }
}

/// The same, once all of them are known to be whole.
pub(crate) fn all(bytes: &[u8]) -> Result<Vec<Tlv<'_>>, Error> {
    objects(bytes).collect()
}

/// Checks that every constructed object below holds whole objects, and says where one does not.
pub(crate) fn check(bytes: &[u8], depth: usize) -> Result<(), Error> {
    let mut at = 0;
    // A level first, then what is below it: the error is that of the outermost border.
    objects(bytes).try_for_each(|tlv| tlv.map(drop))?;
    for tlv in objects(bytes) {
        let tlv = tlv?;
        let constructed = if tlv.tag > 0xFF { tlv.tag & 0x2000 } else { tlv.tag & 0x20 };
        if constructed != 0 {
            let deeper = depth.checked_sub(1).ok_or(Error::new(ErrorKind::Content, at))?;
            let start = at + tlv.raw.len() - tlv.contents.len();
            check(tlv.contents, deeper).map_err(|error| error.within(0, start))?;
        }
        at += tlv.raw.len();
    }
    Ok(())
}

/// Makes a data object. The value must be shorter than 16 MB.
pub(crate) fn make(tag: u16, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(contents.len() + 6);
    if tag > 0xFF {
        out.push((tag >> 8) as u8);
    }
    out.push(tag as u8);
    match contents.len() {
        len @ 0..=0x7F => out.push(len as u8),
        len @ 0x80..=0xFF => out.extend([0x81, len as u8]),
        len @ 0x100..=0xFFFF => out.extend([0x82, (len >> 8) as u8, len as u8]),
        len => out.extend([0x83, (len >> 16) as u8, (len >> 8) as u8, len as u8]),
    }
    out.extend_from_slice(contents);
    out
}
