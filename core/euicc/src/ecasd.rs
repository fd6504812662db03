//! ECASD: what can be asked of it from outside, the EID (SGP.22 2.4.2).

use crate::apdu::{Command, Status};
use alloc::vec::Vec;

pub(crate) const AID: [u8; 16] = [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 2, 0];

/// GET DATA `80 CA 00 5A 00`.
pub(crate) fn command(command: &Command<'_>, eid: &[u8; 16]) -> Result<Vec<u8>, Status> {
    if !command.is_proprietary() {
        return Err(Status::CLASS_NOT_SUPPORTED);
    }
    if command.ins != 0xCA {
        return Err(Status::INS_NOT_SUPPORTED);
    }
    match (command.p1, command.p2) {
        (0, 0x5A) => Ok(esim_rsp::tlv::wrap(0x5A, &[eid])),
        _ => Err(Status::REFERENCED_DATA_NOT_FOUND),
    }
}
