//! What files and applications are called.

use esim_rsp::explain::Node;
use esim_saip::explain::content;
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

/// A file of which it is known where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    directory: Directory,
    fid: u16,
}

impl File {
    /// As people write its name, or its identifier.
    pub(super) fn written(self) -> String {
        match template_name(self.directory, self.fid) {
            "" => format!("EF {:04X}", self.fid),
            name => written(name),
        }
    }

    /// What is in it.
    pub(super) fn content(self, octets: &[u8]) -> Vec<Node> {
        content(template_name(self.directory, self.fid), octets)
    }
}

/// What is selected on a logical channel, followed command by command (TS 102 221 8.4.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Selected {
    directory: Directory,
    /// The application of which `7FFF` is.
    adf: Option<NaaKind>,
    file: Option<File>,
}

impl Default for Selected {
    fn default() -> Self {
        Self { directory: Directory::Mf, adf: None, file: None }
    }
}

impl Selected {
    /// After a SELECT with this parameter and these octets.
    pub(super) fn after(self, p1: u8, data: &[u8]) -> Self {
        match (p1, data) {
            (0x04, aid) => match aid_name(aid) {
                "USIM" => self.in_adf(NaaKind::Usim),
                "ISIM" => self.in_adf(NaaKind::Isim),
                "CSIM" => self.in_adf(NaaKind::Csim),
                _ => Self { file: None, ..self },
            },
            (0x08, path) => path.chunks_exact(2).fold(Self { adf: self.adf, ..Self::default() }, Self::step),
            (0x00 | 0x01 | 0x02 | 0x09, path) => path.chunks_exact(2).fold(self, Self::step),
            (0x03, _) => Self { adf: self.adf, ..Self::default() },
            _ => self,
        }
    }

    fn in_adf(self, kind: NaaKind) -> Self {
        Self { directory: Directory::Adf(kind), adf: Some(kind), file: None }
    }

    fn step(self, fid: &[u8]) -> Self {
        let [high, low] = *fid else { return self };
        let fid = u16::from_be_bytes([high, low]);
        let directory = match (fid, self.directory) {
            (MF, _) => Directory::Mf,
            (ADF, _) => return self.adf.map_or(self, |kind| self.in_adf(kind)),
            (0x7F00..=0x7FFE, _) => Directory::Under(fid),
            (0x5F00..=0x5FFF, Directory::Adf(kind) | Directory::AdfUnder(kind, _)) => {
                Directory::AdfUnder(kind, fid)
            }
            (0x5F00..=0x5FFF, _) => Directory::Under(fid),
            // Files of the MF are found from wherever one is.
            (0x2F00..=0x2FFF, _) => {
                return Self {
                    directory: Directory::Mf,
                    file: Some(File { directory: Directory::Mf, fid }),
                    ..self
                };
            }
            _ => return Self { file: Some(File { directory: self.directory, fid }), ..self },
        };
        Self { directory, file: None, ..self }
    }

    /// The file that a command reads: the selected one, or one by its short identifier (TS 102 221 13, TS 31.102 4.2).
    pub(super) fn read_by(self, ins: u8, p1: u8, p2: u8) -> Option<File> {
        let short = match ins {
            0xB0 | 0xD6 => (p1 & 0x80 != 0).then_some(p1 & 0x1F),
            _ => Some(p2 >> 3).filter(|sfi| *sfi != 0),
        };
        let Some(short) = short else { return self.file };
        let directory = self.directory;
        let kind = match directory {
            Directory::Adf(kind) => Some(kind),
            _ => None,
        };
        let place = |template: &templates::Template| match kind {
            Some(kind) => {
                template.place == templates::Place::NewAdf(kind)
                    || template.place == templates::Place::InAdf(kind)
            }
            None => template.place == templates::Place::Mf,
        };
        let mut rows = templates::TEMPLATES.iter().filter(|template| place(template)).flat_map(|it| it.rows);
        rows.find(|row| row.sfi == short).map(|row| File { directory, fid: row.fid })
    }

    pub(super) fn file(self) -> Option<File> {
        self.file
    }
}
