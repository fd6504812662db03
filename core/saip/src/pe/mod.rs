//! The profile package as typed elements that keep their exact bytes.
//!
//! A package is the plain concatenation of `ProfileElement` TLVs: header first, `end` last. Unknown elements and unknown
//! trailing fields survive, because every element keeps the octets it came from.

mod application;
pub(crate) mod codes;
mod file;
mod header;
mod rest;
mod table;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use rasn::{AsnType, Decode, Decoder, Encode};

use crate::error::{Error, ErrorKind};
use crate::tlv;

pub use application::{
    AdfRfmAccess, Application, ApplicationInstance, KeyComponent, KeyObject, LoadPackage, NonStandard, Rfm,
    SecurityDomain,
};
pub use codes::{
    AkaParameter, AlgoConfiguration, AlgoParameter, MappingParameter, PinCodes, PinConfiguration, PinList,
    PukCodes, PukConfiguration, Secret,
};
pub use file::{
    Fcp, FileElement, FileManagement, GenericFileManagement, ProprietaryInfo, TemplateFile, TemplateInstance,
};
pub use header::{MandatoryAid, PeHeader, ProfileHeader, Service, Services};
pub use rest::Rest;
pub use table::{ElementName, TemplateKind, element_name};

/// A parsed profile package.
///
/// ```
/// use esim_saip::Package;
/// use esim_saip::builder::{Subscriber, build};
///
/// let subscriber = Subscriber::new("8900101000000000009", "001010123456789", [1; 16], [2; 16], "Lab");
/// let octets = build(&subscriber)?.to_der();
/// let package = Package::parse(&octets)?;
/// let names: Vec<_> = package.elements.iter().map(|element| element.name()).collect();
/// assert_eq!((names[0], names[names.len() - 1]), ("header", "end"));
/// assert_eq!(package.to_der(), octets);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// The elements in order.
    pub elements: Vec<Element>,
}

/// A profile element with the octets it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    raw: Vec<u8>,
    /// Index in [`table::ELEMENTS`]'s numbering: `A0` → 0, `BF1F` → 31.
    number: u16,
    /// The typed content.
    value: ProfileElement,
}

/// Content of a profile element.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "held one at a time or in a short list")]
pub enum ProfileElement {
    /// `A0`.
    Header(ProfileHeader),
    /// `A1`.
    GenericFileManagement(GenericFileManagement),
    /// `A2`.
    PinCodes(PinCodes),
    /// `A3`.
    PukCodes(PukCodes),
    /// `A4`.
    AkaParameter(AkaParameter),
    /// `A6`.
    SecurityDomain(SecurityDomain),
    /// `A7`.
    Rfm(Rfm),
    /// `A8`.
    Application(Application),
    /// `A9`.
    NonStandard(NonStandard),
    /// `AA`.
    End(End),
    /// `B0` to `BF21`: files made from a template.
    Template(TemplateInstance),
    /// Any other; `A5` cdmaParameter is one. Holds the element header, if there is one to be read.
    Unknown(Option<PeHeader>),
}

/// `PE-End ::= SEQUENCE { end-header [0] PEHeader }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct End {
    /// Element header.
    pub header: PeHeader,
    /// Fields of later versions.
    pub unknown: Rest,
}

impl Package {
    /// Reads a whole package.
    ///
    /// # Errors
    /// The first malformed element, with its position.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut elements = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let locate = |error: Error| error.within(elements.len(), at);
            let (_, range) = next_element(&bytes[at..])
                .map_err(locate)?
                .ok_or_else(|| locate(Error::new(ErrorKind::Truncated, bytes.len() - at)))?;
            let element = Element::parse(&bytes[at..at + range.end]).map_err(locate)?;
            at += range.end;
            elements.push(element);
        }
        Ok(Self { elements })
    }

    /// The package as it came: the octets of its elements, joined.
    pub fn to_der(&self) -> Vec<u8> {
        self.elements.iter().flat_map(|element| element.raw.iter().copied()).collect()
    }

    /// The profile header, if it comes first.
    pub fn header(&self) -> Option<&ProfileHeader> {
        match self.elements.first()?.value() {
            ProfileElement::Header(header) => Some(header),
            _ => None,
        }
    }
}

/// Finds the border of the first element: its tag octets (`A0`, `BF1F`) and its range, which starts at 0.
/// `None` if more bytes are needed.
///
/// # Errors
/// If no continuation of these bytes can be a profile element.
pub fn next_element(bytes: &[u8]) -> Result<Option<(u16, Range<usize>)>, Error> {
    if let Some(first) = bytes.first() {
        // Context-specific and constructed, or nothing will ever fit.
        if first & 0xE0 != 0xA0 {
            return Err(Error::new(ErrorKind::Tag, 0));
        }
    }
    Ok(tlv::first(bytes)?.map(|tlv| (tlv.tag, 0..tlv.raw.len())))
}

/// Name of the element that these octets start.
pub(crate) fn name_of(raw: &[u8]) -> &'static str {
    match raw {
        [0xBF, low, ..] => element_name(u16::from(low & 0x7F)),
        [tag, ..] => element_name(u16::from(tag & 0x1F)),
        [] => "unknown",
    }
}

/// Identification number in these octets of an element, however little else of it can be read.
pub(crate) fn identification_of(raw: &[u8]) -> Option<u16> {
    let contents = tlv::first(raw).ok()??.contents;
    table::leading_header(contents).map(|header| header.identification)
}

/// Cuts a stream whose pieces have other borders than the elements, like decrypted segments of a bound profile package.
#[derive(Clone, Default)]
pub struct Splitter {
    pending: Vec<u8>,
    taken: usize,
    elements: usize,
}

impl Splitter {
    /// Adds the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Takes the next complete element out, as octets.
    ///
    /// # Errors
    /// If what follows cannot be an element; the position counts from the start of the stream.
    pub fn next_element(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let found = next_element(&self.pending).map_err(|error| error.within(self.elements, self.taken))?;
        let Some((_, range)) = found else {
            return Ok(None);
        };
        let rest = self.pending.split_off(range.end);
        self.taken += range.end;
        self.elements += 1;
        Ok(Some(core::mem::replace(&mut self.pending, rest)))
    }

    /// Octets that wait for the rest of their element. Not 0 at the end of a package means that it is cut.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

impl fmt::Debug for Splitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Splitter({} taken, {} pending)", self.taken, self.pending.len())
    }
}

impl Element {
    /// Reads one element from exactly its octets.
    ///
    /// # Errors
    /// If they are more or less than one element, or the content has another type.
    pub fn parse(raw: &[u8]) -> Result<Self, Error> {
        let (tag, range) = next_element(raw)?.ok_or(Error::new(ErrorKind::Truncated, raw.len()))?;
        if range.end != raw.len() {
            return Err(Error::new(ErrorKind::Content, range.end));
        }
        tlv::check(raw, MAX_DEPTH)?;
        let number = if tag > 0xFF { tag & 0x7F } else { tag & 0x1F };
        let contents = tlv::first(raw)?.map_or(&[][..], |tlv| tlv.contents);
        let value = table::decode(number, contents).ok_or(Error::new(ErrorKind::Content, 0))?;
        Ok(Self { raw: raw.to_vec(), number, value })
    }

    /// Encodes a value as an element. `None` for [`ProfileElement::Unknown`], which has no content to encode.
    pub fn new(value: ProfileElement) -> Option<Self> {
        let number = table::number(&value)?;
        let contents = table::encode(&value)?;
        let tag = if number < 31 { 0xA0 | number } else { 0xBF00 | number };
        Some(Self { raw: tlv::make(tag, &contents), number, value })
    }

    /// The octets, tag first.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The typed content.
    pub fn value(&self) -> &ProfileElement {
        &self.value
    }

    /// ASN.1 name: `usim`, `pinCodes`; `unknown` for a tag without one.
    pub fn name(&self) -> &'static str {
        element_name(self.number)
    }

    /// The element header with the identification number. The profile header has none.
    pub fn header(&self) -> Option<&PeHeader> {
        self.value.header()
    }
}

/// Nesting of the deepest known element is 7; more is an attack on the stack.
const MAX_DEPTH: usize = 12;

impl ProfileElement {
    /// The element header. The profile header has none.
    pub fn header(&self) -> Option<&PeHeader> {
        match self {
            Self::Header(_) => None,
            Self::GenericFileManagement(element) => Some(&element.header),
            Self::PinCodes(element) => Some(&element.header),
            Self::PukCodes(element) => Some(&element.header),
            Self::AkaParameter(element) => Some(&element.header),
            Self::SecurityDomain(element) => Some(&element.header),
            Self::Rfm(element) => Some(&element.header),
            Self::Application(element) => Some(&element.header),
            Self::NonStandard(element) => Some(&element.header),
            Self::End(element) => Some(&element.header),
            Self::Template(element) => Some(&element.header),
            Self::Unknown(header) => header.as_ref(),
        }
    }
}

impl fmt::Debug for Element {
    /// Without the octets: they hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({}, {} octets, {:?})", self.name(), self.raw.len(), self.value)
    }
}
