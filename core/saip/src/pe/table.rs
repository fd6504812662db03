//! Which tag is which element.

use alloc::vec::Vec;

use rasn::{Decode, Encode};

use super::{End, PeHeader, ProfileElement, TemplateInstance};
use crate::tlv;

/// Name of a profile element in the ASN.1 module.
pub type ElementName = &'static str;

/// Elements by context tag; a template element also names its kind.
const ELEMENTS: &[(u16, ElementName)] = &[
    (0, "header"),
    (1, "genericFileManagement"),
    (2, "pinCodes"),
    (3, "pukCodes"),
    (4, "akaParameter"),
    (5, "cdmaParameter"),
    (6, "securityDomain"),
    (7, "rfm"),
    (8, "application"),
    (9, "nonStandard"),
    (10, "end"),
    (16, "mf"),
    (17, "cd"),
    (18, "telecom"),
    (19, "usim"),
    (20, "opt-usim"),
    (21, "isim"),
    (22, "opt-isim"),
    (23, "phonebook"),
    (24, "gsm-access"),
    (25, "csim"),
    (26, "opt-csim"),
    (27, "eap"),
    (28, "df-5gs"),
    (29, "df-saip"),
    (30, "df-snpn"),
    (31, "df-5gprose"),
    (32, "iot"),
    (33, "opt-iot"),
];

/// An element that makes files from a template. The discriminant is its context tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the elements")]
#[repr(u16)]
pub enum TemplateKind {
    Mf = 16,
    Cd,
    Telecom,
    Usim,
    OptUsim,
    Isim,
    OptIsim,
    Phonebook,
    GsmAccess,
    Csim,
    OptCsim,
    Eap,
    Df5gs,
    DfSaip,
    DfSnpn,
    Df5gProse,
    Iot,
    OptIot,
}

const TEMPLATE_KINDS: [TemplateKind; 18] = [
    TemplateKind::Mf,
    TemplateKind::Cd,
    TemplateKind::Telecom,
    TemplateKind::Usim,
    TemplateKind::OptUsim,
    TemplateKind::Isim,
    TemplateKind::OptIsim,
    TemplateKind::Phonebook,
    TemplateKind::GsmAccess,
    TemplateKind::Csim,
    TemplateKind::OptCsim,
    TemplateKind::Eap,
    TemplateKind::Df5gs,
    TemplateKind::DfSaip,
    TemplateKind::DfSnpn,
    TemplateKind::Df5gProse,
    TemplateKind::Iot,
    TemplateKind::OptIot,
];

impl TemplateKind {
    /// ASN.1 name of the element.
    pub fn name(self) -> ElementName {
        element_name(self as u16)
    }

    fn from_number(number: u16) -> Option<Self> {
        TEMPLATE_KINDS.into_iter().find(|kind| *kind as u16 == number)
    }
}

/// Name of the element with a context tag; `unknown` if it has none.
pub fn element_name(number: u16) -> ElementName {
    ELEMENTS.iter().find(|(known, _)| *known == number).map_or("unknown", |(_, name)| name)
}

/// Context tag of a value; `None` for an unknown one.
pub(super) fn number(value: &ProfileElement) -> Option<u16> {
    Some(match value {
        ProfileElement::Header(_) => 0,
        ProfileElement::GenericFileManagement(_) => 1,
        ProfileElement::PinCodes(_) => 2,
        ProfileElement::PukCodes(_) => 3,
        ProfileElement::AkaParameter(_) => 4,
        ProfileElement::SecurityDomain(_) => 6,
        ProfileElement::Rfm(_) => 7,
        ProfileElement::Application(_) => 8,
        ProfileElement::NonStandard(_) => 9,
        ProfileElement::End(_) => 10,
        ProfileElement::Template(template) => template.kind as u16,
        ProfileElement::Unknown(_) => return None,
    })
}

/// Reads the value of an element; `None` if it is malformed.
pub(super) fn decode(number: u16, contents: &[u8]) -> Option<ProfileElement> {
    if let Some(kind) = TemplateKind::from_number(number) {
        return TemplateInstance::from_contents(kind, contents).map(ProfileElement::Template);
    }
    match number {
        0 => sequence(contents).map(ProfileElement::Header),
        1 => sequence(contents).map(ProfileElement::GenericFileManagement),
        2 => sequence(contents).map(ProfileElement::PinCodes),
        3 => sequence(contents).map(ProfileElement::PukCodes),
        4 => sequence(contents).map(ProfileElement::AkaParameter),
        6 => sequence(contents).map(ProfileElement::SecurityDomain),
        7 => sequence(contents).map(ProfileElement::Rfm),
        8 => sequence(contents).map(ProfileElement::Application),
        9 => sequence(contents).map(ProfileElement::NonStandard),
        10 => sequence::<End>(contents).map(ProfileElement::End),
        _ => Some(ProfileElement::Unknown(leading_header(contents))),
    }
}

/// The value of an element, without its tag; `None` for an unknown one.
pub(super) fn encode(value: &ProfileElement) -> Option<Vec<u8>> {
    match value {
        ProfileElement::Header(element) => contents(element),
        ProfileElement::GenericFileManagement(element) => contents(element),
        ProfileElement::PinCodes(element) => contents(element),
        ProfileElement::PukCodes(element) => contents(element),
        ProfileElement::AkaParameter(element) => contents(element),
        ProfileElement::SecurityDomain(element) => contents(element),
        ProfileElement::Rfm(element) => contents(element),
        ProfileElement::Application(element) => contents(element),
        ProfileElement::NonStandard(element) => contents(element),
        ProfileElement::End(element) => contents(element),
        ProfileElement::Template(element) => element.to_contents(),
        ProfileElement::Unknown(_) => None,
    }
}

fn sequence<T: Decode>(contents: &[u8]) -> Option<T> {
    rasn::ber::decode(&tlv::make(0x30, contents)).ok()
}

fn contents<T: Encode>(value: &T) -> Option<Vec<u8>> {
    let der = rasn::der::encode(value).ok()?;
    Some(tlv::first(&der).ok()??.contents.to_vec())
}

/// Every element of every version so far starts with its header.
pub(super) fn leading_header(contents: &[u8]) -> Option<PeHeader> {
    let first = tlv::first(contents).ok()??;
    if first.tag != 0xA0 {
        return None;
    }
    sequence(first.contents)
}
