//! Sealing of records at rest: AES-256-CCM (NIST SP 800-38C) under a nonce that
//! is derived from what is sealed, so that no nonce serves for two texts and
//! nothing random is needed.

use crate::hash::sha256;
use crate::kdf::x963_sha256;
use aes::Aes256;
use alloc::vec::Vec;
use ccm::Ccm;
use ccm::aead::{Aead, Payload};
use ccm::consts::{U12, U16};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

type Cipher = Ccm<Aes256, U16, U12>;

/// First octet of what is sealed: the form described at [`SealKey::seal`].
const FORM: u8 = 1;
const ID: usize = 4;
const NONCE: usize = 12;

/// A key that seals. `Debug` shows its identifier alone.
#[derive(Clone)]
pub struct SealKey {
    id: [u8; ID],
    cipher: Cipher,
    nonces: Zeroizing<Vec<u8>>,
    disguises: Zeroizing<Vec<u8>>,
    audit: MacKey,
    sessions: MacKey,
}

/// A key of MACs for one purpose: derived from that of the seal, and of no use for another. `Debug` does not show it.
#[derive(Clone)]
pub struct MacKey(Zeroizing<Vec<u8>>);

impl core::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MacKey(hidden)")
    }
}

impl MacKey {
    /// HMAC-SHA-256 over the parts, each with its length before it; the first 16 octets (RFC 2104, 5).
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut tag = [0; 16];
        tag.copy_from_slice(&self.over(parts).finalize().into_bytes()[..16]);
        tag
    }

    /// Whether a tag is what [`MacKey::mac`] of the parts begins with; no time tells how much of it is right. An empty tag is
    /// none.
    pub fn fits(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.over(parts).verify_truncated_left(tag).is_ok()
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = keyed(&self.0);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// Why something cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short, or of no known form.
    #[error("the octets are not sealed")]
    NotSealed,
    /// By its identifier.
    #[error("sealed with the key {0:02x?}, which is not at hand")]
    OtherKey([u8; ID]),
    /// Altered, or moved from another name.
    #[error("what is sealed has been altered")]
    Altered,
    /// More than the cipher takes under one nonce.
    #[error("more than 16 MB cannot be sealed")]
    TooLong,
}

impl core::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SealKey({:02x?})", self.id)
    }
}

impl SealKey {
    /// From 32 octets of a random generator.
    pub fn new(secret: &[u8; 32]) -> Self {
        let keys = x963_sha256(secret, b"esim-lab seal", 96);
        let (encryption, rest) = keys.split_at(32);
        let (nonces, disguises) = rest.split_at(32);
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(encryption);
        let digest = sha256(&[b"esim-lab seal id", secret]);
        let id = [digest[0], digest[1], digest[2], digest[3]];
        let kept = |key: &[u8]| Zeroizing::new(key.to_vec());
        let audit = MacKey(x963_sha256(secret, b"esim-lab audit", 32));
        let sessions = MacKey(x963_sha256(secret, b"esim-lab sessions", 32));
        Self {
            id,
            cipher: Cipher::new(&(*key).into()),
            nonces: kept(nonces),
            disguises: kept(disguises),
            audit,
            sessions,
        }
    }

    /// The key under which the entries of a history are chained to each other.
    pub fn audit(&self) -> &MacKey {
        &self.audit
    }

    /// The key of what this server gives away to begin a session, and keeps nowhere.
    pub fn sessions(&self) -> &MacKey {
        &self.sessions
    }

    /// HMAC-SHA-256 of a token that this server gives away and takes back, under a key of its own (RFC 2104).
    pub fn mac_token(&self, token: &[u8]) -> [u8; 32] {
        self.token_mac(token).finalize().into_bytes().into()
    }

    /// Whether a MAC is that of [`SealKey::mac_token`]; the time says nothing of how much is right.
    pub fn is_mac_of_token(&self, token: &[u8], mac: &[u8]) -> bool {
        self.token_mac(token).verify_slice(mac).is_ok()
    }

    fn token_mac(&self, token: &[u8]) -> Hmac<Sha256> {
        let mut mac = keyed(&x963_sha256(&self.disguises, b"esim-lab token", 32));
        mac.update(token);
        mac
    }

    /// 4 octets by which everything sealed names its key.
    pub fn id(&self) -> [u8; ID] {
        self.id
    }

    /// Form (1) ‖ key identifier (4) ‖ nonce (12) ‖ ciphertext ‖ tag (16), bound to `name`: elsewhere it does not
    /// open. The same text under the same name gives the same octets.
    ///
    /// # Errors
    /// [`SealError::TooLong`] from 16 MB on.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce = self.nonce(name, plain);
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let encrypted = self.cipher.encrypt(&nonce.into(), payload).map_err(|_| SealError::TooLong)?;
        Ok([&[FORM][..], &self.id, &nonce, &encrypted].concat())
    }

    /// What was sealed under `name`.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        if key_of(sealed)? != self.id {
            return Err(SealError::OtherKey(key_of(sealed)?));
        }
        let rest = sealed.get(1 + ID..).ok_or(SealError::NotSealed)?;
        let (nonce, encrypted) = rest.split_first_chunk::<NONCE>().ok_or(SealError::NotSealed)?;
        let payload = Payload { msg: encrypted, aad: name.as_bytes() };
        self.cipher.decrypt(&(*nonce).into(), payload).map_err(|_| SealError::Altered)
    }

    /// 16 octets in place of a text that must be found again, but not be read: the same for the same text.
    pub fn disguise(&self, text: &str) -> [u8; 16] {
        let mut mac = keyed(&self.disguises);
        mac.update(text.as_bytes());
        let mut disguised = [0; 16];
        disguised.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        disguised
    }

    fn nonce(&self, name: &str, plain: &[u8]) -> [u8; NONCE] {
        let mut mac = keyed(&self.nonces);
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(plain);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&mac.finalize().into_bytes()[..NONCE]);
        nonce
    }
}

/// HMAC with a key of 32 octets, which is filled up to a block with zeros.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    Hmac::new(&(*block).into())
}

/// Identifier of the key that something is sealed with.
///
/// # Errors
/// [`SealError::NotSealed`].
pub fn key_of(sealed: &[u8]) -> Result<[u8; ID], SealError> {
    match sealed {
        [FORM, a, b, c, d, ..] => Ok([*a, *b, *c, *d]),
        _ => Err(SealError::NotSealed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_name_and_key_alone() {
        let (key, other) = (SealKey::new(&[1; 32]), SealKey::new(&[2; 32]));
        for plain in [&b""[..], b"ki", &[7; 100_000]] {
            let sealed = key.seal("order/1", plain).unwrap();
            assert_eq!(sealed.len(), 1 + ID + NONCE + plain.len() + 16);
            assert_eq!(key.open("order/1", &sealed).unwrap(), plain);
            assert_eq!(key.open("order/2", &sealed), Err(SealError::Altered));
            assert_eq!(other.open("order/1", &sealed), Err(SealError::OtherKey(key.id())));
            assert_eq!(key_of(&sealed), Ok(key.id()));
        }
    }

    #[test]
    fn every_altered_octet_is_noticed() {
        let key = SealKey::new(&[1; 32]);
        let sealed = key.seal("order/1", b"subscriber key").unwrap();
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(key.open("order/1", &bent).is_err(), "octet {at}");
            assert!(key.open("order/1", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn what_the_cipher_does_not_take_is_refused_and_not_stored_empty() {
        let long = alloc::vec![0; 1 << 24];
        assert_eq!(SealKey::new(&[1; 32]).seal("order/1", &long), Err(SealError::TooLong));
    }

    #[test]
    fn another_text_has_another_nonce() {
        let key = SealKey::new(&[1; 32]);
        let nonce = |name, plain: &[u8]| key.seal(name, plain).unwrap()[1 + ID..1 + ID + NONCE].to_vec();
        assert_eq!(nonce("a", b"b"), nonce("a", b"b"));
        assert_ne!(nonce("a", b"b"), nonce("a", b"c"));
        assert_ne!(nonce("a", b"b"), nonce("ab", b""));
    }

    #[test]
    fn a_disguise_tells_neither_text_nor_key() {
        let (key, other) = (SealKey::new(&[1; 32]), SealKey::new(&[2; 32]));
        assert_eq!(key.disguise("001010123456789"), key.clone().disguise("001010123456789"));
        assert_ne!(key.disguise("001010123456789"), key.disguise("001010123456788"));
        assert_ne!(key.disguise("001010123456789"), other.disguise("001010123456789"));
    }

    #[test]
    fn a_mac_holds_every_part_in_its_place() {
        let key = SealKey::new(&[1; 32]);
        let mac = key.audit().mac(&[b"ab", b"c"]);
        assert_eq!(mac, key.audit().mac(&[b"ab", b"c"]));
        assert_ne!(mac, key.audit().mac(&[b"a", b"bc"]));
        assert!(key.audit().fits(&[b"ab", b"c"], &mac) && key.audit().fits(&[b"ab", b"c"], &mac[..6]));
        assert!(!key.audit().fits(&[b"a", b"bc"], &mac[..6]) && !key.audit().fits(&[b"ab", b"c"], &[]));
        assert_ne!(mac, key.audit().mac(&[b"ab", b"c", b""]));
        assert_ne!(mac, SealKey::new(&[2; 32]).audit().mac(&[b"ab", b"c"]));
        assert_ne!(mac, key.sessions().mac(&[b"ab", b"c"]));
    }

    #[test]
    fn debug_shows_no_key() {
        assert!(!alloc::format!("{:?}", SealKey::new(&[0xAB; 32])).contains("abab"));
    }
}
