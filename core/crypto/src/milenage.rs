//! MILENAGE (3GPP TS 35.206).

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

/// The functions f1 to f5* with one subscriber's key and constants.
#[derive(Clone)]
pub struct Milenage {
    cipher: Aes128,
    opc: [u8; 16],
    rotation: [u8; 5],
    xoring: [[u8; 16]; 5],
}

/// Outputs of f2 to f5 for one challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Outputs {
    /// f2: response.
    pub res: [u8; 8],
    /// f3: cipher key.
    pub ck: [u8; 16],
    /// f4: integrity key.
    pub ik: [u8; 16],
    /// f5: anonymity key.
    pub ak: [u8; 6],
}

/// r1 to r5 of the standard, in bits.
pub const ROTATION: [u8; 5] = [64, 0, 32, 64, 96];

/// c1 to c5 of the standard.
pub const XORING: [[u8; 16]; 5] = {
    let mut constants = [[0; 16]; 5];
    constants[1][15] = 1;
    constants[2][15] = 2;
    constants[3][15] = 4;
    constants[4][15] = 8;
    constants
};

/// OPc: OP enciphered with K.
pub fn opc(k: &[u8; 16], op: &[u8; 16]) -> [u8; 16] {
    xor(encrypt(&Aes128::new(k.into()), *op), op)
}

impl Milenage {
    /// With the constants of the standard.
    pub fn new(k: &[u8; 16], opc: &[u8; 16]) -> Self {
        Self::with_constants(k, opc, ROTATION, XORING)
    }

    /// With an operator's own constants; rotations in bits, multiples of 8.
    pub fn with_constants(k: &[u8; 16], opc: &[u8; 16], rotation: [u8; 5], xoring: [[u8; 16]; 5]) -> Self {
        Self { cipher: Aes128::new(k.into()), opc: *opc, rotation, xoring }
    }

    /// f1: MAC-A.
    pub fn f1(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 8] {
        half(&self.out1(rand, sqn, amf), 0)
    }

    /// f1*: MAC-S.
    pub fn f1_star(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 8] {
        half(&self.out1(rand, sqn, amf), 8)
    }

    /// f2 to f5.
    pub fn f2345(&self, rand: &[u8; 16]) -> Outputs {
        let temp = self.temp(rand);
        let out2 = self.out(&temp, 1);
        let mut ak = [0; 6];
        ak.copy_from_slice(&out2[..6]);
        Outputs { res: half(&out2, 8), ck: self.out(&temp, 2), ik: self.out(&temp, 3), ak }
    }

    /// f5*: anonymity key for resynchronisation.
    pub fn f5_star(&self, rand: &[u8; 16]) -> [u8; 6] {
        let mut ak = [0; 6];
        ak.copy_from_slice(&self.out(&self.temp(rand), 4)[..6]);
        ak
    }

    fn temp(&self, rand: &[u8; 16]) -> [u8; 16] {
        encrypt(&self.cipher, xor(*rand, &self.opc))
    }

    fn out1(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 16] {
        let mut in1 = [0; 16];
        for half in [0, 8] {
            in1[half..half + 6].copy_from_slice(sqn);
            in1[half + 6..half + 8].copy_from_slice(amf);
        }
        let rotated = rotate(xor(in1, &self.opc), self.rotation[0]);
        let block = xor(xor(self.temp(rand), &rotated), &self.xoring[0]);
        xor(encrypt(&self.cipher, block), &self.opc)
    }

    fn out(&self, temp: &[u8; 16], k: usize) -> [u8; 16] {
        let rotated = rotate(xor(*temp, &self.opc), self.rotation[k]);
        xor(encrypt(&self.cipher, xor(rotated, &self.xoring[k])), &self.opc)
    }
}

impl core::fmt::Debug for Milenage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Milenage(..)")
    }
}

/// c3: the GSM cipher key Kc (TS 33.102 6.8.1.2).
pub fn c3(ck: &[u8; 16], ik: &[u8; 16]) -> [u8; 8] {
    core::array::from_fn(|i| ck[i] ^ ck[i + 8] ^ ik[i] ^ ik[i + 8])
}

/// c2: the GSM response SRES from RES of 4 to 16 octets, padded with zeros.
pub fn c2(res: &[u8]) -> [u8; 4] {
    let mut sres = [0; 4];
    for (i, octet) in res.iter().take(16).enumerate() {
        sres[i % 4] ^= octet;
    }
    sres
}

fn encrypt(cipher: &Aes128, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    cipher.encrypt_block(&mut block);
    block.into()
}

fn xor(a: [u8; 16], b: &[u8; 16]) -> [u8; 16] {
    core::array::from_fn(|i| a[i] ^ b[i])
}

fn rotate(block: [u8; 16], bits: u8) -> [u8; 16] {
    u128::from_be_bytes(block).rotate_left(u32::from(bits)).to_be_bytes()
}

fn half(block: &[u8; 16], at: usize) -> [u8; 8] {
    core::array::from_fn(|i| block[at + i])
}
