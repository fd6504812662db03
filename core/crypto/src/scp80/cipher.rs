//! Ciphers and checksums of secured packets: CBC with a zero initial vector, its last block or CMAC as a checksum.

use aes::{Aes128, Aes192, Aes256};
use alloc::vec::Vec;
use cbc::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, InnerIvInit,
    Iv, KeyInit,
};
use cmac::{Cmac, Mac};
use des::{TdesEde2, TdesEde3};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Octets of a cryptographic checksum.
pub(super) const CHECKSUM_LENGTH: usize = 8;

/// What a key is a key of (GlobalPlatform card specification, table 11-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `80`: two or three keys of DES.
    TripleDes,
    /// `88`.
    Aes,
}

/// A key has no length that its kind knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a triple DES key has 16 or 24 octets, an AES key 16, 24 or 32")]
pub struct KeyError;

/// A key of secured packets. `Debug` does not show it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key {
    #[zeroize(skip)]
    algorithm: Algorithm,
    octets: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    TripleDes2,
    TripleDes3,
    Aes128,
    Aes192,
    Aes256,
}

impl Algorithm {
    pub fn is_aes(self) -> bool {
        !matches!(self, Self::TripleDes2 | Self::TripleDes3)
    }
}

/// Runs a generic function with the cipher of a key.
macro_rules! with_cipher {
    ($key:expr, $function:ident($($argument:expr),*)) => {
        match $key.algorithm {
            Algorithm::TripleDes2 => $function::<TdesEde2>(&$key.octets, $($argument),*),
            Algorithm::TripleDes3 => $function::<TdesEde3>(&$key.octets, $($argument),*),
            Algorithm::Aes128 => $function::<Aes128>(&$key.octets, $($argument),*),
            Algorithm::Aes192 => $function::<Aes192>(&$key.octets, $($argument),*),
            Algorithm::Aes256 => $function::<Aes256>(&$key.octets, $($argument),*),
        }
    };
}

impl Key {
    /// From octets in clear.
    ///
    /// # Errors
    /// [`KeyError`] for a length that the kind does not know. Single DES is not among them.
    pub fn new(kind: KeyKind, octets: &[u8]) -> Result<Self, KeyError> {
        let algorithm = match (kind, octets.len()) {
            (KeyKind::TripleDes, 16) => Algorithm::TripleDes2,
            (KeyKind::TripleDes, 24) => Algorithm::TripleDes3,
            (KeyKind::Aes, 16) => Algorithm::Aes128,
            (KeyKind::Aes, 24) => Algorithm::Aes192,
            (KeyKind::Aes, 32) => Algorithm::Aes256,
            _ => return Err(KeyError),
        };
        Ok(Self { algorithm, octets: octets.to_vec() })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Octets of a block: 8 or 16.
    pub(super) fn block(&self) -> usize {
        if self.algorithm.is_aes() { 16 } else { 8 }
    }

    /// Whole blocks only; what is left over stays as it is.
    pub(super) fn encrypt(&self, data: &mut [u8]) {
        with_cipher!(self, encrypt(data));
    }

    /// As [`Key::encrypt`].
    pub(super) fn decrypt(&self, data: &mut [u8]) {
        with_cipher!(self, decrypt(data));
    }

    /// CMAC for AES; for triple DES the last block of CBC, over zero padding that is not sent.
    pub(super) fn checksum(&self, data: &[u8]) -> Vec<u8> {
        let mut mac = match self.algorithm {
            Algorithm::Aes128 => cmac::<Cmac<Aes128>>(&self.octets, data),
            Algorithm::Aes192 => cmac::<Cmac<Aes192>>(&self.octets, data),
            Algorithm::Aes256 => cmac::<Cmac<Aes256>>(&self.octets, data),
            Algorithm::TripleDes2 | Algorithm::TripleDes3 => self.last_block(data),
        };
        mac.truncate(CHECKSUM_LENGTH);
        mac
    }

    fn last_block(&self, data: &[u8]) -> Vec<u8> {
        let mut blocks = data.to_vec();
        blocks.resize(blocks.len().next_multiple_of(self.block()), 0);
        self.encrypt(&mut blocks);
        blocks.split_off(blocks.len().saturating_sub(self.block()))
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Key({:?})", self.algorithm)
    }
}

fn encrypt<C: BlockCipherEncrypt + KeyInit>(key: &[u8], data: &mut [u8]) {
    // The length was checked when the key was made.
    let Ok(cipher) = C::new_from_slice(key) else { return };
    let mut cipher = cbc::Encryptor::<C>::inner_iv_init(cipher, &Iv::<cbc::Encryptor<C>>::default());
    for block in data.chunks_exact_mut(C::block_size()) {
        if let Ok(block) = block.try_into() {
            cipher.encrypt_block(block);
        }
    }
}

fn decrypt<C: BlockCipherDecrypt + KeyInit + BlockSizeUser>(key: &[u8], data: &mut [u8]) {
    let Ok(cipher) = C::new_from_slice(key) else { return };
    let mut cipher = cbc::Decryptor::<C>::inner_iv_init(cipher, &Iv::<cbc::Decryptor<C>>::default());
    for block in data.chunks_exact_mut(C::block_size()) {
        if let Ok(block) = block.try_into() {
            cipher.decrypt_block(block);
        }
    }
}

fn cmac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// CRC 16 of ISO/IEC 13239 (polynomial 1021), most significant octet first (TS 102 225 5.1.3.2).
pub(super) fn crc16(data: &[u8]) -> Vec<u8> {
    let crc = reflected_crc(data, 0x8408, 0xFFFF) ^ 0xFFFF;
    (crc as u16).to_be_bytes().to_vec()
}

/// CRC 32 of ISO/IEC 13239 (polynomial 04C11DB7), most significant octet first.
pub(super) fn crc32(data: &[u8]) -> Vec<u8> {
    let crc = reflected_crc(data, 0xEDB8_8320, u32::MAX) ^ u32::MAX;
    crc.to_be_bytes().to_vec()
}

fn reflected_crc(data: &[u8], polynomial: u32, start: u32) -> u32 {
    data.iter().fold(start, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| crc >> 1 ^ if crc & 1 == 1 { polynomial } else { 0 })
    })
}
