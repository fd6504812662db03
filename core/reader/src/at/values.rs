//! What the answers of TS 27.007 hold: response APDUs, session ids, results of restricted access. Read tolerantly where
//! one reading alone is possible, and refused where two are.

use alloc::string::String;
use alloc::vec::Vec;

/// Characters of the longest session id that is kept.
pub const MAX_HANDLE: usize = 64;

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The length fits neither the digits nor the octets that they make.
    #[error("a length of {announced} is announced, and {digits} hexadecimal digits follow")]
    Length {
        /// As it came.
        announced: usize,
        /// Hexadecimal digits, two an octet.
        digits: usize,
    },
    /// What should be hexadecimal is not, or is half an octet.
    #[error("no whole octets in hexadecimal digits: {0:?}")]
    NotHex(String),
    /// A number is none, or a member is missing.
    #[error("not of the form that TS 27.007 gives it: {0:?}")]
    Form(String),
}

/// A response APDU as `+CSIM` (TS 27.007 8.17) and `+CGLA` (8.43) give it: `<length>,<response>`.
///
/// The length counts digits; where it counts octets, it is taken as that. Quotes, blanks, case and the length itself
/// may differ or be missing.
///
/// # Errors
/// [`ValueError`]; less than a status word is [`ValueError::NotHex`].
pub fn apdu(value: &str) -> Result<Vec<u8>, ValueError> {
    let plain = plain(value);
    let (announced, digits) = match plain.split_once(',') {
        Some((length, digits)) => {
            let length: usize = length.parse().map_err(|_| ValueError::Form(excerpt(value)))?;
            (Some(length), digits)
        }
        None => (None, plain.as_str()),
    };
    let octets = hex::decode(digits).map_err(|_| ValueError::NotHex(excerpt(digits)))?;
    match announced {
        Some(length) if length != digits.len() && length != octets.len() => {
            Err(ValueError::Length { announced: length, digits: digits.len() })
        }
        _ if octets.len() < 2 => Err(ValueError::NotHex(excerpt(digits))),
        _ => Ok(octets),
    }
}

/// The session id of `+CCHO` (TS 27.007 8.45): text that means something to the modem alone and is given back as it came,
/// with leading zeros and quotes. None if it is empty, longer than [`MAX_HANDLE`], or would end a command.
pub fn handle(value: &str) -> Option<String> {
    let text = value.split(',').next().unwrap_or_default().trim();
    let fits = !text.is_empty() && text.len() <= MAX_HANDLE;
    let harmless = text.bytes().all(|octet| octet.is_ascii_graphic() && octet != b';');
    (fits && harmless).then(|| text.into())
}

/// The answer of `+CRSM` (TS 27.007 8.18), `<sw1>,<sw2>[,<response>]`, as the response APDU that it stands for.
///
/// # Errors
/// [`ValueError`].
pub fn crsm(value: &str) -> Result<Vec<u8>, ValueError> {
    let plain = plain(value);
    let mut fields = plain.splitn(3, ',');
    let mut number = || fields.next().and_then(|field| field.parse::<u8>().ok());
    let (Some(sw1), Some(sw2)) = (number(), number()) else {
        return Err(ValueError::Form(excerpt(value)));
    };
    let digits = fields.next().unwrap_or_default();
    let mut octets = hex::decode(digits).map_err(|_| ValueError::NotHex(excerpt(digits)))?;
    octets.extend([sw1, sw2]);
    Ok(octets)
}

/// Whether quotes that were opened are closed.
pub(super) fn quotes_are_closed(value: &str) -> bool {
    value.matches('"').count().is_multiple_of(2)
}

/// Without quotes and blanks.
fn plain(value: &str) -> String {
    value.chars().filter(|c| !c.is_ascii_whitespace() && *c != '"').collect()
}

/// Enough of a text to recognise it.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
