//! Short messages from the device (TS 24.011, TS 23.040): the relay layer and what it carries.

use crate::id::tbcd;
use alloc::vec::Vec;

/// RP-DATA with an SMS-SUBMIT in the GSM alphabet; `None` if the text is longer than 160 characters
/// or has others than those which ASCII and the alphabet share.
pub fn rp_data(reference: u8, to: &str, text: &str) -> Option<Vec<u8>> {
    let septets = septets(text)?;
    let digits = to.bytes().filter(u8::is_ascii_digit).count();
    let mut submit =
        alloc::vec![0x01, reference, digits as u8, if to.starts_with('+') { 0x91 } else { 0x81 }];
    submit.extend(tbcd(to));
    submit.extend([0x00, 0x00, septets.len() as u8]);
    submit.extend(pack(&septets));
    // No originator address; the service centre's number is the network's own matter here.
    let mut out = alloc::vec![0x00, reference, 0x00];
    let centre = [0x91, 0x00, 0x01, 0x01];
    out.push(centre.len() as u8);
    out.extend(centre);
    out.push(submit.len() as u8);
    out.extend(submit);
    Some(out)
}

/// RP-ACK of the network (TS 24.011 7.3.3).
pub fn rp_ack(reference: u8) -> Vec<u8> {
    alloc::vec![0x03, reference]
}

/// RP-ERROR of the network (TS 24.011 7.3.4).
pub fn rp_error(reference: u8, cause: u8) -> Vec<u8> {
    alloc::vec![0x05, reference, 0x01, cause]
}

/// The message reference of an RPDU from the device, if it is RP-DATA.
pub fn is_rp_data(rpdu: &[u8]) -> Option<u8> {
    match rpdu {
        [0x00, reference, ..] => Some(*reference),
        _ => None,
    }
}

/// What the relay layer of the network said: `Ok` for RP-ACK, the cause of RP-ERROR.
pub fn relay_answer(rpdu: &[u8]) -> Option<Result<(), u8>> {
    match rpdu {
        [0x03, ..] => Some(Ok(())),
        [0x05, _, length, cause, ..] if *length >= 1 => Some(Err(cause & 0x7F)),
        _ => None,
    }
}

/// The characters that have one code in ASCII and the GSM alphabet (TS 23.038 6.2.1).
fn septets(text: &str) -> Option<Vec<u8>> {
    let same = |c: &u8| matches!(c, b' '..=b'#' | b'%'..=b'?' | b'A'..=b'Z' | b'a'..=b'z' | b'\n');
    (text.len() <= 160 && text.bytes().all(|c| same(&c))).then(|| text.bytes().collect())
}

/// Septets into octets (TS 23.038 6.1.2.1).
fn pack(septets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(septets.len());
    let (mut bits, mut held) = (0u16, 0);
    for septet in septets {
        bits |= u16::from(*septet) << held;
        held += 7;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        out.push(bits as u8);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The packing that every description of the GSM alphabet shows.
    #[test]
    fn hello_is_packed() {
        assert_eq!(hex::encode(pack(&septets("hellohello").unwrap())), "e8329bfd4697d9ec37");
        assert_eq!(septets("日本"), None);
        assert_eq!(relay_answer(&rp_error(7, 50)), Some(Err(50)));
    }
}
