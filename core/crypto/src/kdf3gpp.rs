//! Keys of LTE and 5G made from CK and IK: the key derivation function of 3GPP
//! TS 33.220 annex B, what TS 33.401 and TS 33.501 make of it, and the
//! integrity of NAS messages (128-EIA2).

use aes::Aes128;
use cmac::{Cmac, KeyInit, Mac};
use hmac::Hmac;
use sha2::Sha256;

/// Direction bit of an uplink message (TS 33.401 B.2.1).
pub const UPLINK: u8 = 0;
/// Direction bit of a downlink message.
pub const DOWNLINK: u8 = 1;

/// HMAC-SHA-256 over FC ‖ P0 ‖ L0 ‖ P1 ‖ L1 … (TS 33.220 B.2.0). A parameter has at most 65,535 octets.
pub fn kdf(key: &[u8], fc: u8, parameters: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(&[fc]);
    for parameter in parameters {
        mac.update(parameter);
        mac.update(&(parameter.len() as u16).to_be_bytes());
    }
    mac.finalize().into_bytes().into()
}

fn ck_ik(ck: &[u8; 16], ik: &[u8; 16]) -> [u8; 32] {
    core::array::from_fn(|i| if i < 16 { ck[i] } else { ik[i - 16] })
}

/// KASME for the serving network whose PLMN is coded as in TS 24.301 9.9.3.32 (TS 33.401 A.2).
pub fn kasme(ck: &[u8; 16], ik: &[u8; 16], plmn: &[u8; 3], sqn_xor_ak: &[u8; 6]) -> [u8; 32] {
    kdf(&ck_ik(ck, ik), 0x10, &[plmn, sqn_xor_ak])
}

/// KNASint for an integrity algorithm, 2 for 128-EIA2: the last 16 octets (TS 33.401 A.7).
pub fn nas_integrity_key(kasme: &[u8; 32], algorithm: u8) -> [u8; 16] {
    let long = kdf(kasme, 0x15, &[&[0x02], &[algorithm]]);
    core::array::from_fn(|i| long[i + 16])
}

/// KAUSF for a serving network name such as `5G:mnc001.mcc001.3gppnetwork.org` (TS 33.501 A.2).
pub fn kausf(ck: &[u8; 16], ik: &[u8; 16], network: &str, sqn_xor_ak: &[u8; 6]) -> [u8; 32] {
    kdf(&ck_ik(ck, ik), 0x6A, &[network.as_bytes(), sqn_xor_ak])
}

/// RES* and XRES*: the last 16 octets (TS 33.501 A.4).
pub fn res_star(ck: &[u8; 16], ik: &[u8; 16], network: &str, rand: &[u8; 16], res: &[u8]) -> [u8; 16] {
    let long = kdf(&ck_ik(ck, ik), 0x6B, &[network.as_bytes(), rand, res]);
    core::array::from_fn(|i| long[i + 16])
}

/// MAC of 128-EIA2 over a message; `bearer` has 5 bits, `direction` one (TS 33.401 B.2.3).
pub fn eia2(key: &[u8; 16], count: u32, bearer: u8, direction: u8, message: &[u8]) -> [u8; 4] {
    let mut mac = Cmac::<Aes128>::new(key.into());
    mac.update(&count.to_be_bytes());
    mac.update(&[bearer << 3 | direction << 2, 0, 0, 0]);
    mac.update(message);
    let full = mac.finalize().into_bytes();
    core::array::from_fn(|i| full[i])
}
