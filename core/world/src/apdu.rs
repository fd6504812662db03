//! Names of APDUs in the trace.

/// The command's name in TS 102 221 or GlobalPlatform, by its instruction.
pub(crate) fn apdu_name(apdu: &[u8]) -> &'static str {
    match apdu.get(1) {
        Some(0x10) => "TERMINAL PROFILE",
        Some(0x12) => "FETCH",
        Some(0x14) => "TERMINAL RESPONSE",
        Some(0x20) => "VERIFY PIN",
        Some(0x70) => "MANAGE CHANNEL",
        Some(0x88) => "AUTHENTICATE",
        Some(0xA4) => "SELECT",
        Some(0xAA) => "TERMINAL CAPABILITY",
        Some(0xB0) => "READ BINARY",
        Some(0xB2) => "READ RECORD",
        Some(0xC0) => "GET RESPONSE",
        Some(0xCA) => "GET DATA",
        Some(0xE2) => "STORE DATA",
        Some(0xF2) => "STATUS",
        _ => "command",
    }
}

/// The status word of a response, such as `9000`.
pub(crate) fn status(response: &[u8]) -> String {
    let at = response.len().saturating_sub(2);
    hex::encode_upper(&response[at..])
}
