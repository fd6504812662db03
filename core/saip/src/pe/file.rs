//! Files: made from a template, or one by one.

use alloc::vec::Vec;

use rasn::types::{ObjectIdentifier, OctetString};
use rasn::{AsnType, Decode, Decoder, Encode};

use super::{PeHeader, Rest, TemplateKind};
use crate::tlv;

/// An element that makes the files of a template: `SEQUENCE { header [0], templateID [1] OBJECT IDENTIFIER, file [2] File
/// OPTIONAL, file [3] File OPTIONAL, … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateInstance {
    /// Which element.
    pub kind: TemplateKind,
    /// Element header.
    pub header: PeHeader,
    /// OID of the template in its version.
    pub template: ObjectIdentifier,
    /// The files that are given, in order.
    pub files: Vec<TemplateFile>,
}

/// A file of a template element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// Row of the template table, from 0: tag less 2.
    pub field: u16,
    /// `File ::= SEQUENCE OF CHOICE`.
    pub elements: Vec<FileElement>,
}

/// `CHOICE { doNotCreate [0] NULL, fileDescriptor [1] Fcp, fillFileOffset [2] INTEGER, fillFileContent [3] OCTET STRING }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(choice, automatic_tags)]
#[allow(clippy::large_enum_variant, reason = "most variants of a list are the large one")]
pub enum FileElement {
    /// Leave a file out that the template makes by default.
    DoNotCreate(()),
    /// What differs from the template.
    Descriptor(Fcp),
    /// Gap before the next content, counted from where the last one ended.
    Offset(u16),
    /// Content from the current position on.
    Content(OctetString),
}

/// `Fcp`, the parameters of CREATE FILE (TS 102 222 6.3.2).
#[derive(AsnType, Clone, Debug, Default, Decode, Encode, PartialEq, Eq)]
pub struct Fcp {
    /// Descriptor octet, `21`, record length of two octets for record files.
    #[rasn(tag(context, 2))]
    pub file_descriptor: Option<OctetString>,
    /// Two octets; of an ADF the temporary one.
    #[rasn(tag(context, 3))]
    pub file_id: Option<OctetString>,
    /// AID of an ADF.
    #[rasn(tag(context, 4))]
    pub df_name: Option<OctetString>,
    /// Life cycle status; `05` if absent.
    #[rasn(tag(context, 10))]
    pub lcsi: Option<OctetString>,
    /// Record, or FID and record.
    #[rasn(tag(context, 11))]
    pub security_attributes: Option<OctetString>,
    /// Size of an EF, big-endian.
    #[rasn(tag(context, 0))]
    pub size: Option<OctetString>,
    /// Key references of a directory.
    #[rasn(tag(private, 6))]
    pub pin_status: Option<OctetString>,
    /// Empty, or the identifier in the five high bits.
    #[rasn(tag(context, 8))]
    pub short_id: Option<OctetString>,
    /// Fill patterns and the like.
    #[rasn(tag(context, 5))]
    pub proprietary: Option<ProprietaryInfo>,
    /// Path of the file whose content this one shares.
    #[rasn(tag(private, 7))]
    pub link_path: Option<OctetString>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `ProprietaryInfo ::= SEQUENCE { specialFileInformation [PRIVATE 0] DEFAULT '00'H, fillPattern [PRIVATE 1] OPTIONAL,
/// repeatPattern [PRIVATE 2] OPTIONAL, maximumFileSize [6] OPTIONAL, fileDetails [4] DEFAULT '01'H }`
#[derive(AsnType, Clone, Debug, Default, Decode, Encode, PartialEq, Eq)]
pub struct ProprietaryInfo {
    /// One octet: `80` high update activity, `40` usable while deactivated.
    #[rasn(tag(private, 0))]
    pub special: Option<OctetString>,
    /// Start of every record, or of the file; its last octet repeats.
    #[rasn(tag(private, 1))]
    pub fill_pattern: Option<OctetString>,
    /// Repeats as a whole.
    #[rasn(tag(private, 2))]
    pub repeat_pattern: Option<OctetString>,
    /// Limit of a BER-TLV file.
    #[rasn(tag(context, 6))]
    pub maximum_size: Option<OctetString>,
    /// One octet; `01` DER coding.
    #[rasn(tag(context, 4))]
    pub details: Option<OctetString>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `PE-GenericFileManagement ::= SEQUENCE { gfm-header [0], fileManagementCMD [1] SEQUENCE OF FileManagement }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct GenericFileManagement {
    /// Element header.
    pub header: PeHeader,
    /// Sequences of commands; each starts at the MF.
    pub commands: Vec<Vec<FileManagement>>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `CHOICE { filePath [0] OCTET STRING, createFCP [APPLICATION 2] Fcp, fillFileOffset INTEGER, fillFileContent [1] OCTET
/// STRING }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(choice)]
#[allow(clippy::large_enum_variant, reason = "most variants of a list are the large one")]
pub enum FileManagement {
    /// Directory for what follows: FIDs from below the MF, empty for the MF.
    #[rasn(tag(context, 0))]
    Path(OctetString),
    /// Makes a file.
    #[rasn(tag(application, 2))]
    Create(Fcp),
    /// Gap before the next content.
    Offset(u16),
    /// Content of the file made last.
    #[rasn(tag(context, 1))]
    Content(OctetString),
}

impl TemplateInstance {
    /// Reads the value of an element.
    pub(super) fn from_contents(kind: TemplateKind, contents: &[u8]) -> Option<Self> {
        let mut fields = tlv::all(contents).ok()?.into_iter();
        let header = fields.next().filter(|field| field.tag == 0xA0)?;
        let template = fields.next().filter(|field| field.tag == 0x81)?;
        Some(Self {
            kind,
            header: rasn::ber::decode(&tlv::make(0x30, header.contents)).ok()?,
            template: rasn::ber::decode(&tlv::make(0x06, template.contents)).ok()?,
            files: fields.map(|field| TemplateFile::from_tlv(&field)).collect::<Option<_>>()?,
        })
    }

    /// The value of an element.
    pub(super) fn to_contents(&self) -> Option<Vec<u8>> {
        let header = rasn::der::encode(&self.header).ok()?;
        let template = rasn::der::encode(&self.template).ok()?;
        let mut contents = retag(0xA0, &header)?;
        contents.extend(retag(0x81, &template)?);
        for file in &self.files {
            contents.extend(file.to_tlv()?);
        }
        Some(contents)
    }

    /// What the package says about one row of the template.
    pub fn file(&self, field: usize) -> Option<&[FileElement]> {
        self.files.iter().find(|file| usize::from(file.field) == field).map(|file| &file.elements[..])
    }
}

impl TemplateFile {
    fn from_tlv(field: &tlv::Tlv<'_>) -> Option<Self> {
        let number = match field.tag {
            0xA2..=0xBE => field.tag & 0x1F,
            0xBF1F..=0xBF7F => field.tag & 0x7F,
            _ => return None,
        };
        let elements = tlv::objects(field.contents);
        let elements =
            elements.map(|element| rasn::ber::decode(element.ok()?.raw).ok()).collect::<Option<_>>()?;
        Some(Self { field: number - 2, elements })
    }

    fn to_tlv(&self) -> Option<Vec<u8>> {
        let number = self.field + 2;
        let mut contents = Vec::new();
        for element in &self.elements {
            contents.extend(rasn::der::encode(element).ok()?);
        }
        Some(tlv::make(if number < 31 { 0xA0 | number } else { 0xBF00 | number }, &contents))
    }
}

/// The same value under another tag.
pub(super) fn retag(tag: u16, der: &[u8]) -> Option<Vec<u8>> {
    Some(tlv::make(tag, tlv::first(der).ok()??.contents))
}
