//! Records in [`Nvm`]: their names, their octets, and the files of a profile, which lie in several.

use crate::apdu::Status;
use crate::nvm::{Nvm, NvmError, Write};
use crate::uicc::Change;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::Error;
use esim_saip::Image;
use serde::{Serialize, de::DeserializeOwned};

pub(crate) fn notification_name(sequence_number: u32) -> String {
    format!("notification/{sequence_number}")
}

pub(crate) fn profile_name(number: u16, part: &str) -> String {
    format!("profile/{number}/{part}")
}

/// Reads a stored notification: the octets to pass on.
pub(crate) fn read_notification(nvm: &dyn Nvm, sequence_number: u32) -> Option<Vec<u8>> {
    nvm.read(&notification_name(sequence_number))
}

/// A profile's files as they stand: those installed, with all that was changed since.
///
/// # Errors
/// A sentence that names the record, if one is missing or damaged: never a file as it was installed in its place.
pub(crate) fn read_image(nvm: &dyn Nvm, number: u16) -> Result<Image, Error> {
    let missing = || Error::text(format!("the files of profile {number} are missing from the card's memory"));
    let mut image: Image = read(nvm, &profile_name(number, "image"))?.ok_or_else(missing)?;
    for (i, file) in image.files.iter_mut().enumerate() {
        read_over(nvm, number, &format!("file/{i}"), file)?;
    }
    read_over(nvm, number, "pins", &mut image.pins)?;
    read_over(nvm, number, "puks", &mut image.puks)?;
    for (i, naa) in image.naas.iter_mut().enumerate() {
        read_over(nvm, number, &format!("aka/{i}"), &mut naa.aka)?;
    }
    for (i, application) in image.applications.iter_mut().enumerate() {
        read_over(nvm, number, &format!("application/{i}"), application)?;
    }
    Ok(image)
}

/// Puts what was changed in the place of what was installed, if anything was.
fn read_over<T: DeserializeOwned>(
    nvm: &dyn Nvm,
    number: u16,
    part: &str,
    installed: &mut T,
) -> Result<(), Error> {
    if let Some(changed) = read(nvm, &profile_name(number, part))? {
        *installed = changed;
    }
    Ok(())
}

/// The writes that keep what a command changed in the enabled profile.
pub(crate) fn image_writes(number: u16, image: &Image, changes: &[Change]) -> Result<Vec<Write>, NvmError> {
    let mut writes = Vec::new();
    for change in changes {
        let (part, octets) = match *change {
            Change::File(i) => (format!("file/{i}"), image.files.get(i).map(to_octets)),
            Change::Pins => ("pins".to_string(), Some(to_octets(&image.pins))),
            Change::Puks => ("puks".to_string(), Some(to_octets(&image.puks))),
            Change::Application(i) => (format!("application/{i}"), image.applications.get(i).map(to_octets)),
            Change::Sqn(i) => (format!("aka/{i}"), image.naas.get(i).map(|naa| to_octets(&naa.aka))),
        };
        if let Some(octets) = octets {
            writes.push(Write::Put(profile_name(number, &part), octets?));
        }
    }
    Ok(writes)
}

/// Writes what a command changed in the enabled profile, at once or not at all.
///
/// # Errors
/// 6581 if the memory does not take it.
pub(crate) fn keep_changes(
    nvm: &mut dyn Nvm,
    profile: Option<u16>,
    image: &Image,
    changes: &[Change],
) -> Result<(), Status> {
    let Some(number) = profile.filter(|_| !changes.is_empty()) else { return Ok(()) };
    let committed = image_writes(number, image, changes).and_then(|writes| nvm.commit(&writes));
    committed.map_err(|_| Status::MEMORY_PROBLEM)
}

/// A record, if it is there.
///
/// # Errors
/// A sentence that names the record, if it is not what was written under this name.
pub(crate) fn read<T: DeserializeOwned>(nvm: &dyn Nvm, name: &str) -> Result<Option<T>, Error> {
    let Some(octets) = nvm.read(name) else { return Ok(None) };
    whole(&octets).map(Some).ok_or_else(|| damaged(name))
}

/// A value of which nothing is left over.
pub(crate) fn whole<T: DeserializeOwned>(octets: &[u8]) -> Option<T> {
    postcard::take_from_bytes(octets).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

pub(crate) fn damaged(name: &str) -> Error {
    Error::text(format!(
        "record {name} of the card's memory is damaged: put a copy in its place, or make a new card"
    ))
}

pub(crate) fn to_octets<T: Serialize>(value: &T) -> Result<Vec<u8>, NvmError> {
    postcard::to_allocvec(value).map_err(|error| NvmError(error.to_string()))
}
