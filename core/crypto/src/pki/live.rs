//! GSMA's live CIs, whose certificates have no place among test keys.

/// Public key identifiers (subjectKeyIdentifier) of the CIs that sign commercial
/// eSIMs under GSMA's PKI, with the names in their certificates.
const LIVE: [([u8; 20], &str); 2] = [
    (
        [
            0x81, 0x37, 0x0F, 0x51, 0x25, 0xD0, 0xB1, 0xD4, 0x08, 0xD4, 0xC3, 0xB2, 0x32, 0xE6, 0xD2, 0x5E,
            0x79, 0x5B, 0xEB, 0xFB,
        ],
        "GSM Association - RSP2 Root CI1",
    ),
    (
        [
            0x4C, 0x27, 0x96, 0x7A, 0xD2, 0x0C, 0x14, 0xB3, 0x91, 0xE9, 0x60, 0x1E, 0x41, 0xE6, 0x04, 0xAD,
            0x57, 0xC0, 0x22, 0x2F,
        ],
        "OISITE GSMA CI G1",
    ),
];

/// A key or certificate is of a CI that signs commercial eSIMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} signs commercial eSIMs; only certificates of a test CI are taken here")]
pub struct LiveCi(&'static str);

/// Refuses the key identifier of a live CI: nothing under it is taken, neither
/// as a trust anchor nor as an identity.
///
/// # Errors
/// [`LiveCi`], which names it.
pub fn refuse_live_ci(key_id: &[u8]) -> Result<(), LiveCi> {
    match LIVE.iter().find(|(live, _)| live[..] == *key_id) {
        Some((_, name)) => Err(LiveCi(name)),
        None => Ok(()),
    }
}
