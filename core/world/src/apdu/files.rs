//! What files and applications are called.

use esim_saip::image::{Naa, NaaKind};
use esim_saip::templates;

const MF: u16 = 0x3F00;
const ADF: u16 = 0x7FFF;

/// Application of an AID, or empty (TS 101 220 annex E, SGP.02 annex H).
pub(super) fn aid_name(aid: &[u8]) -> &'static str {
    const NAMES: &[(&[u8], &str)] = &[
        (
            &[0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x00, 0x00, 0x01],
            "ISD-R",
        ),
        (
            &[0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x00, 0x00, 0x02],
            "ECASD",
        ),
        (&[0xA0, 0x00, 0x00, 0x05, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89], "ISD-P"),
        (&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02], "USIM"),
        (&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04], "ISIM"),
        (&[0xA0, 0x00, 0x00, 0x03, 0x43, 0x10, 0x02], "CSIM"),
        (&[0xA0, 0x00, 0x00, 0x01, 0x51], "GlobalPlatform security domain"),
    ];
    NAMES.iter().find(|(prefix, _)| aid.starts_with(prefix)).map_or("", |(_, name)| name)
}

/// Where a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directory {
    /// Below the MF.
    Mf,
    /// Below a directory of the MF.
    Under(u16),
    /// In an ADF of this kind.
    Adf(NaaKind),
    /// In a directory of such an ADF.
    AdfUnder(NaaKind, u16),
}

impl Directory {
    fn path(self, fid: u16) -> Vec<u16> {
        match self {
            Self::Mf => vec![MF, fid],
            Self::Under(directory) => vec![MF, directory, fid],
            Self::Adf(_) => vec![MF, ADF, fid],
            Self::AdfUnder(_, directory) => vec![MF, ADF, directory, fid],
        }
    }
}

/// The file's field in the templates, `ef-imsi`; empty where none has it.
pub(super) fn template_name(directory: Directory, fid: u16) -> &'static str {
    let kind = match directory {
        Directory::Adf(kind) | Directory::AdfUnder(kind, _) => kind,
        _ => NaaKind::Usim,
    };
    let naa = Naa { adf: vec![MF, ADF], aid: Vec::new(), kind, aka: None };
    templates::name(&directory.path(fid), &[naa])
}

/// `ef-imsi` as people write it: `EF.IMSI`.
pub(super) fn written(name: &str) -> String {
    match name.split_once('-') {
        Some((kind @ ("ef" | "df" | "adf"), rest)) => {
            format!("{}.{}", kind.to_uppercase(), rest.to_uppercase())
        }
        _ => name.to_uppercase(),
    }
}

/// Name of a file whose directory is not known: that of the first directory that has it.
pub(super) fn file_name(fid: u16) -> String {
    match fid {
        MF => return "MF".into(),
        ADF => return "current ADF".into(),
        _ => {}
    }
    let directories = [
        Directory::Mf,
        Directory::Adf(NaaKind::Usim),
        Directory::Adf(NaaKind::Isim),
        Directory::Under(0x7F10),
    ];
    let names = directories.into_iter().map(|directory| template_name(directory, fid));
    names.into_iter().find(|name| !name.is_empty()).map(written).unwrap_or_default()
}
