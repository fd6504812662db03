//! APDUs: their names in the trace, and each octet of them in words (ISO/IEC 7816-4, TS 102 221, TS 31.102,
//! GlobalPlatform Card Specification, SGP.22 5.7.2).

mod command;
pub(crate) mod context;
mod data;
mod files;
mod parameters;
mod status_word;

use command::{command, response};
pub(crate) use status_word::status_word;

/// What instructions there are, by their octet.
const INSTRUCTIONS: &[(u8, &str)] = &[
    (0x04, "DEACTIVATE FILE"),
    (0x10, "TERMINAL PROFILE"),
    (0x12, "FETCH"),
    (0x14, "TERMINAL RESPONSE"),
    (0x20, "VERIFY PIN"),
    (0x24, "CHANGE PIN"),
    (0x26, "DISABLE PIN"),
    (0x28, "ENABLE PIN"),
    (0x2C, "UNBLOCK PIN"),
    (0x32, "INCREASE"),
    (0x44, "ACTIVATE FILE"),
    (0x70, "MANAGE CHANNEL"),
    (0x76, "SUSPEND UICC"),
    (0x78, "GET IDENTITY"),
    (0x88, "AUTHENTICATE"),
    (0x89, "AUTHENTICATE"),
    (0xA2, "SEARCH RECORD"),
    (0xA4, "SELECT"),
    (0xAA, "TERMINAL CAPABILITY"),
    (0xB0, "READ BINARY"),
    (0xB2, "READ RECORD"),
    (0xC0, "GET RESPONSE"),
    (0xC2, "ENVELOPE"),
    (0xCA, "GET DATA"),
    (0xCB, "RETRIEVE DATA"),
    (0xD6, "UPDATE BINARY"),
    (0xDB, "SET DATA"),
    (0xDC, "UPDATE RECORD"),
    (0xE2, "STORE DATA"),
    (0xF2, "STATUS"),
];

/// The command's name in TS 102 221 or GlobalPlatform, by its instruction.
pub(crate) fn apdu_name(apdu: &[u8]) -> &'static str {
    known_instruction(apdu).unwrap_or("command")
}

/// Name of a command's instruction, if it is known.
pub(crate) fn known_instruction(apdu: &[u8]) -> Option<&'static str> {
    let own = apdu.get(1)?;
    INSTRUCTIONS.iter().find(|(octet, _)| octet == own).map(|(_, name)| *name)
}

/// The status word of a response, such as `9000`.
pub(crate) fn status(response: &[u8]) -> String {
    let at = response.len().saturating_sub(2);
    hex::encode_upper(&response[at..])
}

/// Logical channel of a class (TS 102 221 10.1.1); `None` for a class that codes none.
pub(crate) fn channel(cla: u8) -> Option<u8> {
    match cla {
        0x00..=0x1F | 0x80..=0x9F | 0xA0..=0xAF => Some(cla & 0x03),
        0x40..=0x7F | 0xC0..=0xFE => Some(4 + (cla & 0x0F)),
        _ => None,
    }
}
