//! SCP03t, the secure channel of ES8+ (SGP.22 2.6.4, 5.5; BSP in SGP.22 v3).
//!
//! One MAC chain and one block counter run through all segments in the order
//! of the wire, those that are only authenticated included.

use crate::check::{Checks, Secret};
use crate::kdf::x963_sha256;
use crate::tlv::header;
use aes::Aes128;
use alloc::vec::Vec;
use cbc::cipher::{Block, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use cmac::{Cmac, Mac};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Most octets of plaintext in an encrypted segment of 1,020 octets.
pub const MAX_PLAINTEXT: usize = 1007;
/// Most octets of data in a segment of 1,020 octets that is only authenticated.
pub const MAX_DATA: usize = 1008;

const KEY_TYPE_AES: u8 = 0x88;
const KEY_LENGTH: u8 = 0x10;
const MAC_LENGTH: usize = 8;

/// Keys of one session: initial MAC chaining value, S-ENC, S-MAC.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct BspKeys {
    mcv: [u8; 16],
    s_enc: [u8; 16],
    s_mac: [u8; 16],
}

impl BspKeys {
    /// Keys as they are, such as profile protection keys.
    pub fn new(mcv: [u8; 16], s_enc: [u8; 16], s_mac: [u8; 16]) -> Self {
        Self { mcv, s_enc, s_mac }
    }

    /// Session keys from the shared secret. `host_id` is 1 to 16 octets as in
    /// the control reference template; `eid` is the 16 octets, not swapped.
    pub fn derive(z: &[u8], host_id: &[u8], eid: &[u8; 16]) -> Self {
        let mut info = Vec::with_capacity(4 + host_id.len() + eid.len());
        info.extend([KEY_TYPE_AES, KEY_LENGTH, host_id.len() as u8]);
        info.extend(host_id);
        info.push(eid.len() as u8);
        info.extend(eid);
        let octets = x963_sha256(z, &info, 48);
        let part = |i: usize| {
            let mut key = [0; 16];
            key.copy_from_slice(&octets[16 * i..16 * (i + 1)]);
            key
        };
        Self { mcv: part(0), s_enc: part(1), s_mac: part(2) }
    }

    /// Tells whoever may hear them.
    pub fn tell(&self, checks: Checks<'_>) {
        checks.secret(Secret::Mcv, || &self.mcv);
        checks.secret(Secret::SEnc, || &self.s_enc);
        checks.secret(Secret::SMac, || &self.s_mac);
    }

    /// The three values, for ReplaceSessionKeys: chaining value, S-ENC, S-MAC.
    pub fn parts(&self) -> [&[u8; 16]; 3] {
        [&self.mcv, &self.s_enc, &self.s_mac]
    }
}

impl core::fmt::Debug for BspKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BspKeys(..)")
    }
}

/// Why a segment is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BspError {
    /// Not a segment: scp03tStructureError.
    #[error("the segment is malformed")]
    Structure,
    /// MAC or padding is wrong: scp03tSecurityError.
    #[error("the segment's MAC is wrong")]
    Security,
}

/// What the next segment is opened with, for whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// MAC chaining value before the segment.
    pub mcv: [u8; 16],
    /// The whole MAC: its first 8 octets are those that a sound segment ends with, all of it is the chaining value of the
    /// next.
    pub mac: [u8; 16],
    /// Block counter, from 1.
    pub counter: u128,
    /// The counter, encrypted with S-ENC: initial chaining vector of AES-CBC.
    pub icv: [u8; 16],
}

/// One end of the channel; the two ends must see the same segments in the same order.
#[derive(Clone)]
pub struct Bsp {
    keys: BspKeys,
    encrypt: Aes128,
    mac: Cmac<Aes128>,
    counter: u128,
}

impl Bsp {
    /// A fresh channel.
    pub fn new(keys: BspKeys) -> Self {
        Self {
            encrypt: Aes128::new(&keys.s_enc.into()),
            mac: <Cmac<Aes128> as KeyInit>::new(&keys.s_mac.into()),
            keys,
            counter: 1,
        }
    }

    /// New keys and chaining value; the counter starts over.
    pub fn replace_keys(&mut self, keys: BspKeys) {
        *self = Self::new(keys);
    }

    /// One encrypted segment: the whole TLV.
    pub fn encrypt(&mut self, tag: u8, plain: &[u8]) -> Vec<u8> {
        let mut data = plain.to_vec();
        data.push(0x80);
        data.resize(data.len().next_multiple_of(16), 0);
        let iv = self.next_iv();
        let (blocks, _) = Block::<Aes128>::slice_as_chunks_mut(&mut data);
        cbc::Encryptor::<Aes128>::new(&self.keys.s_enc.into(), &iv).encrypt_blocks(blocks);
        self.seal(tag, &data)
    }

    /// As many encrypted segments as `plain` needs.
    pub fn encrypt_all(&mut self, tag: u8, plain: &[u8]) -> Vec<Vec<u8>> {
        plain.chunks(MAX_PLAINTEXT).map(|part| self.encrypt(tag, part)).collect()
    }

    /// One segment that is only authenticated. It advances the counter all the same.
    pub fn mac_only(&mut self, tag: u8, data: &[u8]) -> Vec<u8> {
        self.counter += 1;
        self.seal(tag, data)
    }

    /// As many authenticated segments as `data` needs.
    pub fn mac_only_all(&mut self, tag: u8, data: &[u8]) -> Vec<Vec<u8>> {
        data.chunks(MAX_DATA).map(|part| self.mac_only(tag, part)).collect()
    }

    /// What `segment`, the whole TLV, is opened with if it comes next; none if it has no room for a MAC.
    pub fn steps(&self, segment: &[u8]) -> Option<Steps> {
        let (covered, _) = segment.split_at_checked(segment.len().checked_sub(MAC_LENGTH)?)?;
        let mut icv: Block<Aes128> = self.counter.to_be_bytes().into();
        self.encrypt.encrypt_block(&mut icv);
        Some(Steps { mcv: self.keys.mcv, mac: self.mac_of(covered), counter: self.counter, icv: icv.into() })
    }

    /// Verifies and decrypts a segment.
    ///
    /// # Errors
    /// [`BspError`]; the channel is of no use after one.
    pub fn open(&mut self, segment: &[u8]) -> Result<Vec<u8>, BspError> {
        let mut data = self.check(segment)?.to_vec();
        if data.is_empty() || data.len() % 16 != 0 {
            return Err(BspError::Structure);
        }
        let iv = self.next_iv();
        let (blocks, _) = Block::<Aes128>::slice_as_chunks_mut(&mut data);
        cbc::Decryptor::<Aes128>::new(&self.keys.s_enc.into(), &iv).decrypt_blocks(blocks);
        let end = data.iter().rposition(|octet| *octet != 0).filter(|i| data[*i] == 0x80);
        data.truncate(end.ok_or(BspError::Security)?);
        Ok(data)
    }

    /// Verifies a segment that is only authenticated.
    ///
    /// # Errors
    /// As for [`Bsp::open`].
    pub fn open_mac_only(&mut self, segment: &[u8]) -> Result<Vec<u8>, BspError> {
        let data = self.check(segment)?.to_vec();
        self.counter += 1;
        Ok(data)
    }

    fn next_iv(&mut self) -> Block<Aes128> {
        let mut iv: Block<Aes128> = self.counter.to_be_bytes().into();
        self.encrypt.encrypt_block(&mut iv);
        self.counter += 1;
        iv
    }

    fn seal(&mut self, tag: u8, data: &[u8]) -> Vec<u8> {
        let mut segment = header(tag, data.len() + MAC_LENGTH);
        segment.extend_from_slice(data);
        self.keys.mcv = self.mac_of(&segment);
        segment.extend_from_slice(&self.keys.mcv[..MAC_LENGTH]);
        segment
    }

    /// Checks the MAC and moves the chain on; the data between header and MAC.
    fn check<'a>(&mut self, segment: &'a [u8]) -> Result<&'a [u8], BspError> {
        let start = value_start(segment).ok_or(BspError::Structure)?;
        let end = segment.len().checked_sub(MAC_LENGTH).filter(|end| *end >= start);
        let end = end.ok_or(BspError::Structure)?;
        let mac = self.mac_of(&segment[..end]);
        if !bool::from(mac[..MAC_LENGTH].ct_eq(&segment[end..])) {
            return Err(BspError::Security);
        }
        self.keys.mcv = mac;
        Ok(&segment[start..end])
    }

    fn mac_of(&self, octets: &[u8]) -> [u8; 16] {
        let mut mac = self.mac.clone();
        mac.update(&self.keys.mcv);
        mac.update(octets);
        mac.finalize().into_bytes().into()
    }
}

/// Where the value starts, if the segment is one DER TLV with a tag of one octet.
fn value_start(segment: &[u8]) -> Option<usize> {
    let start = match *segment.get(1)? {
        0..=0x7F => 2,
        0x81 => 3,
        0x82 => 4,
        _ => return None,
    };
    let length = segment.len().checked_sub(start)?;
    (segment.get(..start)? == &header(segment[0], length)[..start]).then_some(start)
}
