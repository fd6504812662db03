//! BER-TLV by hand, for what must be cut or joined on raw octets: BPP
//! segments, signed data, STORE DATA chains.

use crate::{Error, ErrorKind};
use alloc::vec::Vec;
use core::ops::Range;

/// One TLV inside a buffer. Offsets count from the start of that buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlv {
    /// Tag octets as a number: `0x30`, `0x5F37`, `0xBF36`.
    pub tag: u32,
    /// Octets of tag, length and value.
    pub whole: Range<usize>,
    /// Octets of the value.
    pub value: Range<usize>,
}

impl Tlv {
    /// Whether the value is made of TLVs (bit 6 of the first tag octet).
    pub fn is_constructed(&self) -> bool {
        let mut first = self.tag;
        while first > 0xFF {
            first >>= 8;
        }
        first & 0x20 != 0
    }

    /// The header (tag and length) as octets.
    pub fn header<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.whole.start..self.value.start).unwrap_or_default()
    }
}

/// Reads the TLV at `at`. Definite lengths only, as DER demands.
///
/// # Errors
/// [`ErrorKind::Truncated`] if the value does not end inside `buffer`;
/// [`ErrorKind::NotTlv`] for tags over 4 octets, indefinite or absurd lengths.
pub fn read(buffer: &[u8], at: usize) -> Result<Tlv, Error> {
    let (tag, length, value) = read_header(buffer, at)?;
    let end = value.checked_add(length).filter(|end| *end <= buffer.len());
    let end = end.ok_or(Error::new(ErrorKind::Truncated, at))?;
    Ok(Tlv { tag, whole: at..end, value: value..end })
}

/// Reads tag and length at `at`: `(tag, length of the value, offset of the value)`.
/// The value itself may still be missing.
#[inline]
pub fn read_header(buffer: &[u8], at: usize) -> Result<(u32, usize, usize), Error> {
    // Most fields have one octet of each: they are read where they are asked for, without a call.
    if let Some([tag, length @ 0..=0x7F]) = buffer.get(at..).and_then(<[u8]>::first_chunk)
        && tag & 0x1F != 0x1F
    {
        return Ok((u32::from(*tag), usize::from(*length), at + 2));
    }
    read_long_header(buffer, at)
}

/// The same in general.
fn read_long_header(buffer: &[u8], at: usize) -> Result<(u32, usize, usize), Error> {
    let octet = |i: usize| buffer.get(i).copied().ok_or(Error::new(ErrorKind::Truncated, at));
    let mut i = at;
    let mut tag = u32::from(octet(i)?);
    i += 1;
    if tag & 0x1F == 0x1F {
        loop {
            let next = octet(i)?;
            if tag > 0xFF_FFFF {
                return Err(Error::new(ErrorKind::NotTlv, at));
            }
            tag = tag << 8 | u32::from(next);
            i += 1;
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    let first = octet(i)?;
    i += 1;
    let length = match first {
        0..=0x7F => usize::from(first),
        0x81..=0x84 => {
            let mut length = 0usize;
            for _ in 0..first & 0x7F {
                length = length << 8 | usize::from(octet(i)?);
                i += 1;
            }
            length
        }
        _ => return Err(Error::new(ErrorKind::NotTlv, at)),
    };
    Ok((tag, length, i))
}

/// Reads exactly one TLV that fills the whole buffer.
pub fn read_only(buffer: &[u8]) -> Result<Tlv, Error> {
    let tlv = read(buffer, 0)?;
    if tlv.whole.end != buffer.len() {
        let rest = buffer.len() - tlv.whole.end;
        return Err(Error::new(ErrorKind::TrailingData(rest), tlv.whole.end));
    }
    Ok(tlv)
}

/// All TLVs in `range` of `buffer`, one after the other.
pub fn read_all(buffer: &[u8], range: Range<usize>) -> Result<Vec<Tlv>, Error> {
    let inside = buffer.get(..range.end).ok_or(Error::new(ErrorKind::Truncated, range.start))?;
    let mut all = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let tlv = read(inside, at)?;
        at = tlv.whole.end;
        all.push(tlv);
    }
    Ok(all)
}

/// The first child of `parent` that has `tag`.
pub fn find(buffer: &[u8], parent: &Tlv, tag: u32) -> Result<Option<Tlv>, Error> {
    Ok(read_all(buffer, parent.value.clone())?.into_iter().find(|child| child.tag == tag))
}

/// Appends tag and DER length to `out`.
pub fn put_header(out: &mut Vec<u8>, tag: u32, length: usize) {
    let bytes = tag.to_be_bytes();
    let skip = bytes.iter().take(3).take_while(|b| **b == 0).count();
    out.extend_from_slice(&bytes[skip..]);
    if length < 0x80 {
        out.push(length as u8);
        return;
    }
    let bytes = length.to_be_bytes();
    let skip = bytes.iter().take_while(|b| **b == 0).count();
    out.push(0x80 | (bytes.len() - skip) as u8);
    out.extend_from_slice(&bytes[skip..]);
}

/// One TLV around the concatenation of `parts`.
pub fn wrap(tag: u32, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|p| p.len()).sum();
    let mut out = Vec::with_capacity(length + 8);
    put_header(&mut out, tag, length);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}
