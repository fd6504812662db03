//! The octets in which a memory is kept elsewhere, in a file or a page's database, with a checksum over each record
//! and one over all: damage is found, and so is a record that was removed, renamed, or put back from an earlier copy.
//!
//! | octets | |
//! |---|---|
//! | 8 | `FF FF "eUICC"`, version `01` |
//! | 4 | number of records |
//! | each record | length of the name (2), name, length (4), octets, SHA-256 of all these |
//! | 32 | SHA-256 of the first 12 octets and of the checksums of all records |
//!
//! Numbers are big-endian, records in the order of their names: there is one way to write a memory. The checksums
//! find accidents, no forgery: the card's keys lie beside them. An earlier copy of the whole is a valid memory, too.
//!
//! Before there was a version, a memory was a bare postcard map. It is still read; the next write brings it into this
//! form.

use crate::nvm::{MemoryNvm, NvmError};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::sha256;

const FAMILY: [u8; 7] = *b"\xFF\xFFeUICC";
const VERSION: u8 = 1;
/// Octets before the first record.
const HEADER: usize = 12;
const CHECKSUM: usize = 32;

type Records = BTreeMap<String, Vec<u8>>;

impl MemoryNvm {
    /// All records as octets, to be kept elsewhere: with a version, and a checksum over each record and over all.
    pub fn export(&self) -> Vec<u8> {
        write(&self.records)
    }

    /// What [`MemoryNvm::export`] made, or a build from before there were checksums.
    ///
    /// # Errors
    /// [`NvmError`] if it is anything else, or damaged in any octet.
    pub fn import(octets: &[u8]) -> Result<Self, NvmError> {
        let records = read(octets)?.into_iter().map(|(name, octets)| (name, octets.into()));
        Ok(Self { records: records.collect() })
    }
}

/// A memory as octets.
fn write<T: AsRef<[u8]>>(records: &BTreeMap<String, T>) -> Vec<u8> {
    let size: usize =
        records.iter().map(|(name, octets)| name.len() + octets.as_ref().len() + 6 + CHECKSUM).sum();
    let mut kept = Vec::with_capacity(HEADER + size + CHECKSUM);
    kept.extend(FAMILY);
    kept.push(VERSION);
    kept.extend((records.len() as u32).to_be_bytes());
    let mut checksums = kept.clone();
    for (name, octets) in records {
        let octets = octets.as_ref();
        let start = kept.len();
        kept.extend((name.len() as u16).to_be_bytes());
        kept.extend(name.as_bytes());
        kept.extend((octets.len() as u32).to_be_bytes());
        kept.extend(octets);
        let checksum = sha256(&[&kept[start..]]);
        kept.extend(checksum);
        checksums.extend(checksum);
    }
    kept.extend(sha256(&[&checksums]));
    kept
}

/// What [`write`] made, or a build from before it.
///
/// # Errors
/// [`NvmError`] that says what is wrong, for anything else.
fn read(kept: &[u8]) -> Result<Records, NvmError> {
    match kept.strip_prefix(&FAMILY) {
        Some([VERSION, ..]) => read_records(kept),
        Some([version, ..]) => Err(NvmError(format!(
            "the memory is of format {version}, which this build does not know: use the esim-lab that wrote it, or a later one"
        ))),
        _ => read_former(kept),
    }
}

fn read_records(kept: &[u8]) -> Result<Records, NvmError> {
    let (header, mut rest) = kept.split_at_checked(HEADER).ok_or_else(|| damaged("it is cut off"))?;
    let mut checksums = header.to_vec();
    let mut records = Records::new();
    let count = u32::from_be_bytes(*header.last_chunk().unwrap_or(&[0; 4]));
    for number in 0..count {
        let cut_off = || damaged(&format!("it is cut off at record {} of {count}", number + 1));
        let (name, octets, checksum, after) = split_record(rest).ok_or_else(cut_off)?;
        let checked = &rest[..rest.len() - after.len() - CHECKSUM];
        let shown = String::from_utf8_lossy(name);
        if sha256(&[checked]) != *checksum {
            return Err(damaged(&format!("record {shown} does not match its checksum")));
        }
        if records.last_key_value().is_some_and(|(last, _)| last.as_bytes() >= name) {
            return Err(damaged(&format!("record {shown} is out of order")));
        }
        records.insert(shown.into_owned(), octets.to_vec());
        checksums.extend(checksum);
        rest = after;
    }
    if sha256(&[&checksums]) != *rest {
        return Err(damaged("its records do not belong together"));
    }
    Ok(records)
}

type Record<'a> = (&'a [u8], &'a [u8], &'a [u8; CHECKSUM], &'a [u8]);

/// Name, octets and checksum of the first record, and what follows it.
fn split_record(rest: &[u8]) -> Option<Record<'_>> {
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (name, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (octets, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let (checksum, rest) = rest.split_first_chunk::<CHECKSUM>()?;
    Some((name, octets, checksum, rest))
}

/// A postcard map, and nothing behind it, of names that a card gives.
fn read_former(kept: &[u8]) -> Result<Records, NvmError> {
    let is_ours = |name: &String| {
        matches!(name.as_str(), "personal" | "state")
            || name.starts_with("notification/")
            || name.starts_with("profile/")
    };
    match postcard::take_from_bytes::<Records>(kept) {
        Ok((records, [])) if records.keys().all(is_ours) => Ok(records),
        _ => Err(NvmError(
            "this is no memory of an eUICC, or it is damaged: put a copy in its place, or make a new card"
                .to_string(),
        )),
    }
}

fn damaged(how: &str) -> NvmError {
    NvmError(format!("the memory is damaged, {how}: put a copy in its place, or make a new card"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        let each = [
            ("personal", &b"keys"[..]),
            ("profile/16/pins", &[3, 0, 0xFF]),
            ("state", &[]),
            ("notification/0", &[7; 40]),
        ];
        each.into_iter().map(|(name, octets)| (name.to_string(), octets.to_vec())).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&write(&records())), Ok(records()));
        assert_eq!(read(&write(&Records::new())), Ok(Records::new()));
    }

    #[test]
    fn every_bit_and_every_octet_counts() {
        let kept = write(&records());
        for bit in 0..kept.len() * 8 {
            let mut flipped = kept.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = read(&flipped).expect_err("damage is found").0;
            assert!(error.contains("memory"), "{error}");
        }
        for length in 0..kept.len() {
            assert!(read(&kept[..length]).is_err(), "{length} octets");
        }
        assert!(read(&[&kept[..], &[0]].concat()).is_err());
        assert!(read(&[]).is_err());
    }

    /// A record whose checksum is right, but that is not of this memory.
    #[test]
    fn records_belong_together() {
        let kept = write(&records());
        let mut fewer = records();
        fewer.remove("profile/16/pins");
        let mut earlier = records();
        earlier.insert("profile/16/pins".to_string(), Vec::from([3, 3, 0xFF]));
        let whole = &kept[kept.len() - CHECKSUM..];
        for other in [fewer, earlier] {
            let mut other = write(&other);
            let end = other.len() - CHECKSUM;
            other[end..].copy_from_slice(whole);
            let error = read(&other).expect_err("another memory's").0;
            assert!(error.contains("do not belong together"), "{error}");
        }
        let mut pins = kept.clone();
        let at = kept.windows(3).position(|it| it == [3, 0, 0xFF]).unwrap();
        pins[at + 1] = 3;
        assert!(read(&pins).expect_err("damage").0.contains("record profile/16/pins does not match"));
    }

    #[test]
    fn the_form_of_before_is_read_and_nothing_like_it() {
        let former = postcard::to_allocvec(&records()).unwrap();
        assert_eq!(read(&former), Ok(records()));
        assert!(read(&[&former[..], &[0]].concat()).is_err());
        assert!(read(&former[..former.len() - 1]).is_err());
        let foreign = Records::from([("shopping".to_string(), Vec::new())]);
        assert!(read(&postcard::to_allocvec(&foreign).unwrap()).is_err());
        let mut later = write(&records());
        later[7] = 9;
        assert!(read(&later).unwrap_err().0.contains("format 9"));
    }
}
