//! One file: from the parameters of its creation to structure and content.

use alloc::format;
use alloc::vec::Vec;

use super::requirement::{Outcome, Requirement};
use crate::error::Status;
use crate::image::{ArrReference, File, FileKind, MF, Path};
use crate::pe::{Fcp, FileElement, ProprietaryInfo};
use crate::templates::{self, Fill, Row, Shape};

/// Largest file; a wrong length field must not allocate gigabytes.
const MAX_FILE: usize = 256 * 1024;

const FILE_ID: Requirement =
    Requirement::values("TCA profile package 8.3.5", "fileID is there where no template has it");
const FILE_ID_LENGTH: Requirement = Requirement::values("TCA profile package 8.3.2", "fileID has two octets");
const DESCRIPTOR: Requirement =
    Requirement::values("TCA profile package 8.3.5", "fileDescriptor is there where no template has it");
const STRUCTURE: Requirement =
    Requirement::values("TS 102 221 11.1.1.4.3", "fileDescriptor is of a structure that the standard has");
const RECORD_LENGTH: Requirement =
    Requirement::values("TS 102 222 6.3.2.2", "a file of records has a record length");
const RECORD_MAX: Requirement = Requirement::values("TS 102 221", "a record has 255 octets at most");
const RECORDS: Requirement =
    Requirement::values("TS 102 221", "a file of records has 1 to 254 whole records");
const SIZE: Requirement =
    Requirement::values("TCA profile package 8.3.5", "efFileSize is there where no template has it");
const SIZE_LENGTH: Requirement =
    Requirement::values("TCA profile package 8.3.2", "the size of a file has four octets at most");
const LARGEST: Requirement = Requirement::of(
    Status::NotEnoughMemory,
    "TCA profile package 8.11",
    "a file is no larger than the eUICC can make one",
);
const ACCESS_RULE: Requirement =
    Requirement::values("TCA profile package 8.3.2", "securityAttributesReferenced has one or three octets");
const SHORT_ID: Requirement =
    Requirement::values("TS 102 222 6.3.2.2", "shortEFID is empty or one of 1 to 30");
const PATH: Requirement =
    Requirement::values("TCA profile package 8.3.5", "a path consists of file identifiers");
const CONTENT_OF_FILE: Requirement =
    Requirement::values("TCA profile package 8.3.5", "content comes after the file that it is of");
const OWN_CONTENT: Requirement =
    Requirement::values("TCA profile package 8.3.5", "content is for a file that has content of its own");
const CONTENT_END: Requirement =
    Requirement::values("TCA profile package 8.3.5", "content ends within its file");

/// Everything that decides how a file starts out.
pub(super) struct Blueprint<'a> {
    /// Its directory; empty for the MF.
    pub parent: &'a Path,
    /// Row of a template with the structure of its version.
    pub row: Option<(&'a Row, Shape)>,
    /// What the package says.
    pub fcp: Option<&'a Fcp>,
}

/// Structure and size.
enum Layout {
    Directory,
    Transparent(usize),
    Records { cyclic: bool, len: u8, count: usize },
    BerTlv { max: usize },
}

impl<'a> Blueprint<'a> {
    /// What a template says, with what the package changes.
    pub fn of_row(row: &'a Row, shape: Shape, parent: &'a Path, fcp: Option<&'a Fcp>) -> Self {
        Self { parent, row: Some((row, shape)), fcp }
    }

    /// What a CREATE FILE command says.
    pub fn of_fcp(parent: &'a Path, fcp: &'a Fcp) -> Self {
        Self { parent, row: None, fcp: Some(fcp) }
    }

    /// The file with its default content.
    pub fn file(&self) -> Outcome<File> {
        let mut path = self.parent.clone();
        path.push(self.fid()?);
        let linked_to = self.link()?;
        let layout = self.layout(linked_to.is_some()).map_err(|mut fail| {
            fail.reason = format!("{}: {}", self.name(), fail.reason);
            fail
        })?;
        Ok(File {
            kind: self.kind(&layout),
            lcs: octet(self.fcp.and_then(|fcp| fcp.lcsi.as_deref())).unwrap_or(0x05),
            arr: self.rule(&path)?,
            sfi: self.short_id(&path)?,
            special: self.special(),
            linked_to,
            path,
        })
    }

    fn name(&self) -> &str {
        self.row.map_or("file", |(row, _)| row.name)
    }

    fn fid(&self) -> Outcome<u16> {
        match self.fcp.and_then(|fcp| fcp.file_id.as_deref()) {
            Some([high, low]) => Ok(u16::from_be_bytes([*high, *low])),
            Some(_) => FILE_ID_LENGTH.refuse(format!("{}: fileID has not two octets", self.name())),
            None => match self.row {
                Some((row, _)) if row.fid != 0 => Ok(row.fid),
                _ => FILE_ID.refuse(format!("{}: fileID missing", self.name())),
            },
        }
    }

    fn link(&self) -> Outcome<Option<Path>> {
        match self.fcp.and_then(|fcp| fcp.link_path.as_deref()) {
            // An empty path makes a link file of the template independent.
            None | Some([]) => Ok(None),
            Some(path) => absolute(path).map(Some),
        }
    }

    fn layout(&self, linked: bool) -> Outcome<Layout> {
        let default = self.row.map(|(_, shape)| shape);
        let (kind, record_len) = match self.fcp.and_then(|fcp| fcp.file_descriptor.as_deref()) {
            Some(descriptor) => descriptor_of(descriptor)?,
            None => match default {
                Some(Shape::Directory) => (Kind::Directory, None),
                Some(Shape::Transparent(_)) => (Kind::Transparent, None),
                Some(Shape::Linear(..)) => (Kind::Linear, None),
                Some(Shape::Cyclic(..)) => (Kind::Cyclic, None),
                Some(Shape::BerTlv(_)) => (Kind::BerTlv, None),
                None => return DESCRIPTOR.refuse("fileDescriptor missing"),
            },
        };
        match kind {
            Kind::Directory => Ok(Layout::Directory),
            Kind::Transparent if linked => Ok(Layout::Transparent(0)),
            Kind::Transparent => {
                let default =
                    if let Some(Shape::Transparent(size)) = default { usize::from(size) } else { 0 };
                Ok(Layout::Transparent(self.size(default)?))
            }
            Kind::Linear | Kind::Cyclic => self.records(kind == Kind::Cyclic, record_len, linked),
            Kind::BerTlv => {
                let maximum = self.proprietary().and_then(|info| info.maximum_size.as_deref());
                let reserved = self.size(usize::MAX)?;
                let max = number(maximum)?.unwrap_or(reserved);
                Ok(Layout::BerTlv { max: if max == usize::MAX { MAX_FILE } else { max } })
            }
        }
    }

    fn records(&self, cyclic: bool, record_len: Option<u8>, linked: bool) -> Outcome<Layout> {
        let (default_count, default_len) = match self.row {
            Some((_, Shape::Linear(count, len) | Shape::Cyclic(count, len))) => (usize::from(count), len),
            _ => (0, 0),
        };
        let len = record_len.unwrap_or(default_len);
        if len == 0 {
            return RECORD_LENGTH.refuse("record length missing");
        }
        if linked {
            return Ok(Layout::Records { cyclic, len, count: 0 });
        }
        let size = self.size(default_count * usize::from(len))?;
        if size % usize::from(len) != 0 || size / usize::from(len) > 254 {
            return RECORDS.refuse(format!("{size} octets are not 1 to 254 records of {len}"));
        }
        Ok(Layout::Records { cyclic, len, count: size / usize::from(len) })
    }

    fn size(&self, default: usize) -> Outcome<usize> {
        let given = number(self.fcp.and_then(|fcp| fcp.size.as_deref()))?;
        match given.unwrap_or(default) {
            0 => SIZE.refuse("efFileSize missing"),
            usize::MAX => Ok(usize::MAX),
            size if size > MAX_FILE => LARGEST.refuse(format!("{size} octets")),
            size => Ok(size),
        }
    }

    fn kind(&self, layout: &Layout) -> FileKind {
        match *layout {
            Layout::Directory => FileKind::Df {
                aid: self.fcp.and_then(|fcp| fcp.df_name.as_ref()).map(|name| name.to_vec()),
                pin_status: key_references(
                    self.fcp.and_then(|fcp| fcp.pin_status.as_deref()).unwrap_or_default(),
                ),
            },
            Layout::Transparent(size) => FileKind::Transparent { data: self.fill(size) },
            Layout::Records { cyclic, len, count } => {
                let data = self.fill(usize::from(len)).repeat(count);
                if cyclic {
                    FileKind::Cyclic { record_len: len, data }
                } else {
                    FileKind::LinearFixed { record_len: len, data }
                }
            }
            Layout::BerTlv { max } => FileKind::BerTlv { data: Vec::new(), max: max as u32 },
        }
    }

    /// Default content of a transparent file or of one record.
    fn fill(&self, len: usize) -> Vec<u8> {
        if let Some(info) = self.proprietary() {
            if let Some(pattern) = &info.fill_pattern {
                return templates::fill_pattern(pattern, len);
            }
            if let Some(pattern) = &info.repeat_pattern {
                return templates::repeat_pattern(pattern, len);
            }
        }
        self.row.map_or(Fill::Required, |(row, _)| row.fill).octets(len)
    }

    fn rule(&self, path: &[u16]) -> Outcome<Option<ArrReference>> {
        let is_adf = self.fcp.is_some_and(|fcp| fcp.df_name.is_some());
        let implied = if path.len() <= 2 || is_adf { 0x2F06 } else { 0x6F06 };
        match self.fcp.and_then(|fcp| fcp.security_attributes.as_deref()) {
            Some([record]) => Ok(Some(ArrReference { fid: implied, record: *record })),
            Some([high, low, record]) => {
                Ok(Some(ArrReference { fid: u16::from_be_bytes([*high, *low]), record: *record }))
            }
            Some(_) => ACCESS_RULE
                .refuse(format!("{}: securityAttributesReferenced has neither 1 nor 3 octets", self.name())),
            None => Ok(self.row.map(|(row, _)| ArrReference { fid: implied, record: row.rule })),
        }
    }

    fn short_id(&self, path: &[u16]) -> Outcome<Option<u8>> {
        match (self.fcp.and_then(|fcp| fcp.short_id.as_deref()), self.row) {
            (Some([]), _) => Ok(None),
            (Some([coded]), _) if matches!(coded >> 3, 1..=30) => Ok(Some(coded >> 3)),
            (Some(_), _) => SHORT_ID.refuse(format!("{}: shortEFID is not one of 1 to 30", self.name())),
            (None, Some((row, _))) => Ok(Some(row.sfi).filter(|sfi| *sfi != 0)),
            (None, None) if self.is_directory() => Ok(None),
            (None, None) => Ok(path.last().map(|fid| (fid & 0x1F) as u8).filter(|sfi| matches!(sfi, 1..=30))),
        }
    }

    fn is_directory(&self) -> bool {
        let descriptor = self.fcp.and_then(|fcp| fcp.file_descriptor.as_deref());
        descriptor.is_some_and(|octets| matches!(descriptor_of(octets), Ok((Kind::Directory, _))))
    }

    fn special(&self) -> u8 {
        let given = octet(self.proprietary().and_then(|info| info.special.as_deref()));
        given.unwrap_or(self.row.map_or(0, |(row, _)| row.special))
    }

    fn proprietary(&self) -> Option<&ProprietaryInfo> {
        self.fcp.and_then(|fcp| fcp.proprietary.as_ref())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    Transparent,
    Linear,
    Cyclic,
    BerTlv,
}

/// File descriptor (TS 102 221 11.1.1.4.3): kind and record length.
fn descriptor_of(octets: &[u8]) -> Outcome<(Kind, Option<u8>)> {
    // Bit 7 says shareable, which every file here is.
    let kind = match octets.first().map(|octet| octet & 0xBF) {
        Some(0x38) => Kind::Directory,
        Some(0x01) => Kind::Transparent,
        Some(0x02) => Kind::Linear,
        Some(0x06) => Kind::Cyclic,
        Some(0x39) => Kind::BerTlv,
        _ => return STRUCTURE.refuse("fileDescriptor of no known structure"),
    };
    let record_len = match octets.get(2..).unwrap_or_default() {
        [] | [0, 0] => None,
        [len] | [0, len] => Some(*len),
        _ => return RECORD_MAX.refuse("records of more than 255 octets"),
    };
    Ok((kind, record_len))
}

/// Key references of a directory: as a plain list, or as the template that SELECT returns (`90 …, 83 01 ref …`).
fn key_references(octets: &[u8]) -> Vec<u8> {
    if octets.first() != Some(&0x90) {
        return octets.to_vec();
    }
    let objects = crate::tlv::all(octets).unwrap_or_default();
    objects
        .iter()
        .filter(|object| object.tag == 0x83)
        .flat_map(|object| object.contents.iter().copied())
        .collect()
}

/// A path from below the MF (`7FD06F07`, empty for the MF) as a path with the MF.
pub(super) fn absolute(octets: &[u8]) -> Outcome<Path> {
    let (pairs, rest) = octets.as_chunks::<2>();
    if !rest.is_empty() {
        return PATH.refuse("path with half a file identifier");
    }
    let steps = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).filter(|fid| *fid != MF);
    Ok(core::iter::once(MF).chain(steps).collect())
}

fn octet(octets: Option<&[u8]>) -> Option<u8> {
    octets.and_then(|octets| octets.first().copied())
}

fn number(octets: Option<&[u8]>) -> Outcome<Option<usize>> {
    match octets {
        None => Ok(None),
        Some(octets) if octets.len() <= 4 => {
            Ok(Some(octets.iter().fold(0, |value, octet| value << 8 | usize::from(*octet))))
        }
        Some(_) => SIZE_LENGTH.refuse("a size of more than four octets"),
    }
}

/// Writes content linearly, across records.
pub(super) struct Writer {
    /// The file so far.
    pub file: File,
    position: usize,
}

/// The file that content goes to.
pub(super) fn opened(writer: &mut Option<Writer>) -> Outcome<&mut Writer> {
    writer.as_mut().map_or_else(|| CONTENT_OF_FILE.refuse("content without a file"), Ok)
}

impl Writer {
    pub fn new(file: File) -> Self {
        Self { file, position: 0 }
    }

    /// Applies an offset or content.
    pub fn apply(&mut self, element: &FileElement) -> Outcome<()> {
        match element {
            FileElement::Offset(gap) => self.skip(*gap),
            FileElement::Content(octets) => self.write(octets),
            FileElement::DoNotCreate(()) | FileElement::Descriptor(_) => Ok(()),
        }
    }

    /// Leaves a gap after what was written last.
    pub fn skip(&mut self, gap: u16) -> Outcome<()> {
        self.position += usize::from(gap);
        if self.position > MAX_FILE {
            return CONTENT_END.refuse(format!(
                "a gap of {:04X} ends at {}, beyond the file",
                self.file.fid(),
                self.position
            ));
        }
        Ok(())
    }

    /// Writes at the current position.
    pub fn write(&mut self, octets: &[u8]) -> Outcome<()> {
        let end = self.position + octets.len();
        let fid = self.file.fid();
        let too_long = || CONTENT_END.refuse(format!("content of {fid:04X} ends at {end}, beyond the file"));
        match &mut self.file.kind {
            FileKind::Df { .. } => return OWN_CONTENT.refuse(format!("content for directory {fid:04X}")),
            _ if self.file.linked_to.is_some() => {
                return OWN_CONTENT.refuse(format!("content for link {fid:04X}"));
            }
            FileKind::BerTlv { max, .. } if end > *max as usize => return too_long(),
            FileKind::BerTlv { data, .. } => {
                data.resize(self.position, 0xFF);
                data.extend_from_slice(octets);
            }
            FileKind::Transparent { data }
            | FileKind::LinearFixed { data, .. }
            | FileKind::Cyclic { data, .. } => {
                let Some(place) = data.get_mut(self.position..end) else {
                    return too_long();
                };
                place.copy_from_slice(octets);
            }
        }
        self.position = end;
        Ok(())
    }
}
