//! File control parameters, tag `62` (TS 102 221 11.1.1.3).

use alloc::vec::Vec;

use esim_rsp::tlv::wrap;
use esim_saip::image::{File, FileKind, pin_status_template};

use super::Uicc;
use super::fs::CURRENT_ADF;

/// Value of tag `A5` of the MF: clock stop allowed in any state, TERMINAL CAPABILITY understood.
const UICC_CHARACTERISTICS: [u8; 6] = [0x80, 0x01, 0x71, 0x87, 0x01, 0x01];

impl Uicc {
    /// The FCP template of a file, as SELECT and STATUS return it.
    pub(super) fn fcp(&self, index: usize) -> Vec<u8> {
        let file = self.fs.file(index);
        let fid = if file.aid().is_some() { CURRENT_ADF } else { file.fid() };
        let name = file.aid().map(|aid| wrap(0x84, &[aid])).unwrap_or_default();
        let rule = file.arr.map(|arr| {
            let [high, low] = arr.fid.to_be_bytes();
            wrap(0x8B, &[&[high, low, arr.record]])
        });
        wrap(
            0x62,
            &[
                &wrap(0x82, &[&descriptor(file)]),
                &wrap(0x83, &[&fid.to_be_bytes()]),
                &name,
                &proprietary(file, index == 0),
                &wrap(0x8A, &[&[file.lcs]]),
                &rule.unwrap_or_default(),
                &self.size_or_pins(index, file),
            ],
        )
    }

    /// What ends the template: for a directory the PIN status, for an EF size and short identifier.
    fn size_or_pins(&self, index: usize, file: &File) -> Vec<u8> {
        if let FileKind::Df { pin_status, .. } = &file.kind {
            return wrap(
                0xC6,
                &[&pin_status_template(pin_status, |reference| self.is_pin_enabled(reference, index))],
            );
        }
        let size = size(self.fs.data(index).len());
        // An empty value says that no short identifier reaches the file; absence would mean "the low bits of the FID".
        let sfi = file.sfi.map(|sfi| [sfi << 3]);
        let sfi = sfi.as_ref().map_or(&[][..], |octet| &octet[..]);
        [wrap(0x80, &[&size]), wrap(0x88, &[sfi])].concat()
    }
}

/// File descriptor: type with the shareable bit, data coding `21`, and for records their length and number.
fn descriptor(file: &File) -> Vec<u8> {
    let (kind, record_len) = match file.kind {
        FileKind::Df { .. } => (0x78, None),
        FileKind::Transparent { .. } => (0x41, None),
        FileKind::LinearFixed { record_len, .. } => (0x42, Some(record_len)),
        FileKind::Cyclic { record_len, .. } => (0x46, Some(record_len)),
        FileKind::BerTlv { .. } => (0x79, None),
    };
    let mut octets = alloc::vec![kind, 0x21];
    if let Some(len) = record_len {
        let records = file.data().len() / usize::from(len.max(1));
        octets.extend([0, len, records as u8]);
    }
    octets
}

/// Tag `A5`, where a file has something to put into it.
fn proprietary(file: &File, is_mf: bool) -> Vec<u8> {
    let mut value = Vec::new();
    if is_mf {
        value.extend(UICC_CHARACTERISTICS);
    }
    if let FileKind::BerTlv { max, .. } = file.kind {
        let max = max.to_be_bytes();
        let skip = max.iter().take_while(|octet| **octet == 0).count().min(2);
        // File details: DER coding of the data objects; then the largest size.
        value.extend(wrap(0x84, &[&[0x01]]));
        value.extend(wrap(0x86, &[&max[skip..]]));
    }
    if file.special != 0 {
        value.extend(wrap(0xC0, &[&[file.special]]));
    }
    if value.is_empty() { value } else { wrap(0xA5, &[&value]) }
}

/// At least two octets, more where the size needs them.
fn size(octets: usize) -> Vec<u8> {
    let all = (octets as u32).to_be_bytes();
    let skip = all.iter().take_while(|octet| **octet == 0).count().min(2);
    all[skip..].to_vec()
}
