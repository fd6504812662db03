//! What can only be settled once every element is there.

use alloc::format;
use alloc::string::String;

use super::requirement::Requirement;
use super::{Installer, Stage};
use crate::coding;
use crate::error::{ElementError, Status};
use crate::image::{File, FileKind, Image, MF, NaaKind};
use crate::pe::Service;

const END: Requirement = Requirement::of(
    Status::InvalidRequestFormat,
    "TCA profile package 8.10",
    "the last element of the package is its end",
);
const UNBLOCKING: Requirement = Requirement::of(
    Status::PinCodeMissing,
    "TCA profile package 8.5.1",
    "the unblocking code of each PIN is defined",
);
const SHARED_PINS: Requirement =
    Requirement::values("TCA profile package 8.5.1", "PINs are shared with a directory that exists");
const LINK: Requirement = Requirement::values("TCA profile package 8.3.5", "a link leads to a file");
const ICCID: Requirement =
    Requirement::values("TCA profile package", "EF.ICCID has the digits of iccid in the header");

/// Links lead to links; more than this is a circle.
const MAX_LINKS: usize = 8;

/// Services of EF.UST that need something of the eUICC: the eUICC clears the bit of those it lacks, unless the header
/// demands them (then it has already refused).
const PLATFORM_SERVICES: &[(u16, Service)] =
    &[(68, Service::GbaUsim), (69, Service::Mbms), (125, Service::GetIdentity)];

pub(super) fn finish(mut installer: Installer) -> Result<Image, ElementError> {
    if installer.stage != Stage::Ended {
        return Err(fault(&END, "end", None, String::from("missing")));
    }
    if let Some(index) = installer.orphans().first() {
        let reference = installer.image.pins[*index].reference;
        let reason = format!("the unblocking code of PIN {reference:02X} is not defined");
        return Err(fault(&UNBLOCKING, "pinCodes", installer.element_of_pin(*index), reason));
    }
    for sharing in &installer.image.shared_pins {
        if installer.image.file(&sharing.owner).is_none() {
            let reason = format!("PINs shared with {:04X?}, which does not exist", sharing.owner);
            return Err(fault(&SHARED_PINS, "pinCodes", None, reason));
        }
    }
    resolve_links(&mut installer.image)?;
    clear_platform_services(&mut installer);
    take_iccid(&mut installer.image)?;
    Ok(installer.image)
}

fn fault(
    broken: &Requirement,
    element: &'static str,
    identification: Option<u16>,
    reason: String,
) -> ElementError {
    let Requirement { rule, status, .. } = *broken;
    ElementError { status, identification, element, offset: None, reason, rule }
}

/// Gives every link the structure and content of its target.
fn resolve_links(image: &mut Image) -> Result<(), ElementError> {
    for index in 0..image.files.len() {
        if image.files[index].linked_to.is_none() {
            continue;
        }
        let Some(target) = target(image, &image.files[index]) else {
            let path = &image.files[index].path;
            let reason = format!("the link {path:04X?} leads nowhere");
            return Err(fault(&LINK, "genericFileManagement", None, reason));
        };
        let (path, kind) = (target.path.clone(), target.kind.clone());
        let link = &mut image.files[index];
        link.kind = match (&link.kind, kind) {
            // A linked directory keeps its own name and PIN status.
            (FileKind::Df { .. }, FileKind::Df { .. }) => link.kind.clone(),
            (_, kind) => kind,
        };
        link.linked_to = Some(path);
    }
    Ok(())
}

fn target<'a>(image: &'a Image, link: &'a File) -> Option<&'a File> {
    let mut file = link;
    for _ in 0..MAX_LINKS {
        match &file.linked_to {
            None => return Some(file),
            Some(path) => file = image.file(path)?,
        }
    }
    None
}

fn clear_platform_services(installer: &mut Installer) {
    let usims = installer.image.naas.iter().filter(|naa| naa.kind == NaaKind::Usim);
    let tables: alloc::vec::Vec<_> = usims.map(|naa| [&naa.adf[..], &[0x6F38]].concat()).collect();
    for file in installer.image.files.iter_mut().filter(|file| tables.contains(&file.path)) {
        let FileKind::Transparent { data } = &mut file.kind else {
            continue;
        };
        for (number, service) in PLATFORM_SERVICES {
            if !installer.capabilities.services.contains(*service) {
                coding::set_service(data, *number, false);
            }
        }
    }
}

/// EF.ICCID is what the network and the phone see, so it counts. The header names the same profile, in reading order or,
/// as some tools write it, in the nibble order of the file; other digits are those of another profile.
fn take_iccid(image: &mut Image) -> Result<(), ElementError> {
    let content = image.file(&[MF, 0x2FE2]).and_then(|file| <[u8; 10]>::try_from(file.data()).ok());
    let Some(content) = content else { return Ok(()) };
    let announced = image.iccid;
    if content != announced && content != coding::swap_nibbles(announced) {
        let digits = coding::decode_iccid;
        let reason = format!("the header says ICCID {}, EF.ICCID {}", digits(&announced), digits(&content));
        return Err(fault(&ICCID, "header", None, reason));
    }
    image.iccid = content;
    Ok(())
}
