//! TUAK (3GPP TS 35.231): the authentication functions on Keccak.

use keccak::Keccak;
use zeroize::ZeroizeOnDrop;

/// Octets of the permutation's state.
const STATE: usize = 200;
const NAME: &[u8; 7] = b"TUAK1.0";

/// Lengths of the results in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// MAC-A and MAC-S: 8, 16 or 32.
    pub mac: usize,
    /// RES: 4, 8, 16 or 32.
    pub res: usize,
    /// Cipher key: 16 or 32.
    pub ck: usize,
    /// Integrity key: 16 or 32.
    pub ik: usize,
}

impl Default for Lengths {
    /// As Milenage has them.
    fn default() -> Self {
        Self { mac: 8, res: 8, ck: 16, ik: 16 }
    }
}

/// The functions f1 to f5* with one subscriber's key.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Tuak {
    /// K, followed by zeros.
    key: [u8; 32],
    topc: [u8; 32],
    #[zeroize(skip)]
    long_key: bool,
    #[zeroize(skip)]
    lengths: Lengths,
    #[zeroize(skip)]
    iterations: u8,
}

/// Outputs of f2 to f5 for one challenge; keys and response as long as [`Lengths`] says, zeros behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Outputs {
    /// f2: response.
    pub res: [u8; 32],
    /// f3: cipher key.
    pub ck: [u8; 32],
    /// f4: integrity key.
    pub ik: [u8; 32],
    /// f5: anonymity key.
    pub ak: [u8; 6],
}

impl Tuak {
    /// With TOPc; the key has 16 or 32 octets, `iterations` is at least 1.
    /// `None` for other lengths.
    pub fn new(key: &[u8], topc: &[u8; 32], iterations: u8, lengths: Lengths) -> Option<Self> {
        let fits = matches!(key.len(), 16 | 32)
            && matches!(lengths.mac, 8 | 16 | 32)
            && matches!(lengths.res, 4 | 8 | 16 | 32)
            && matches!(lengths.ck, 16 | 32)
            && matches!(lengths.ik, 16 | 32)
            && iterations > 0;
        let mut padded = [0; 32];
        padded.get_mut(..key.len())?.copy_from_slice(key);
        let tuak = Self { key: padded, topc: *topc, long_key: key.len() == 32, lengths, iterations };
        fits.then_some(tuak)
    }

    /// With the operator's TOP, from which TOPc is computed (TS 35.231 6.1).
    pub fn from_top(key: &[u8], top: &[u8; 32], iterations: u8, lengths: Lengths) -> Option<Self> {
        let mut tuak = Self::new(key, top, iterations, lengths)?;
        let out = tuak.permute(0, &[0; 16], &[0; 2], &[0; 6]);
        tuak.topc = taken(&out, 0, 32);
        Some(tuak)
    }

    /// TOPc.
    pub fn topc(&self) -> &[u8; 32] {
        &self.topc
    }

    /// How long the results are.
    pub fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// f1: MAC-A, [`Lengths::mac`] octets and zeros.
    pub fn f1(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 32] {
        self.mac(self.lengths.mac as u8, rand, sqn, amf)
    }

    /// f1*: MAC-S, [`Lengths::mac`] octets and zeros.
    pub fn f1_star(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 32] {
        self.mac(0x80 | self.lengths.mac as u8, rand, sqn, amf)
    }

    /// f2 to f5.
    pub fn f2345(&self, rand: &[u8; 16]) -> Outputs {
        let Lengths { res, ck, ik, .. } = self.lengths;
        // 32 bits of RES are coded as none.
        let res_code = if res == 4 { 0 } else { res as u8 };
        let instance = 0x40 | res_code | u8::from(ck == 32) << 2 | u8::from(ik == 32) << 1;
        let out = self.permute(instance, rand, &[0; 2], &[0; 6]);
        Outputs {
            res: taken(&out, 0, res),
            ck: taken(&out, 32, ck),
            ik: taken(&out, 64, ik),
            ak: taken(&out, 96, 6),
        }
    }

    /// f5*: anonymity key for resynchronisation.
    pub fn f5_star(&self, rand: &[u8; 16]) -> [u8; 6] {
        taken(&self.permute(0xC0, rand, &[0; 2], &[0; 6]), 96, 6)
    }

    fn mac(&self, instance: u8, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 32] {
        taken(&self.permute(instance, rand, amf, sqn), 0, self.lengths.mac)
    }

    /// One run of the permutation on the fields, each last octet first (TS 35.231 7.1).
    fn permute(&self, instance: u8, rand: &[u8; 16], amf: &[u8; 2], sqn: &[u8; 6]) -> [u8; STATE] {
        let mut block = [0; STATE];
        let instance = [instance | u8::from(self.long_key)];
        let key = &self.key[..if self.long_key { 32 } else { 16 }];
        let fields: [&[u8]; 7] = [&self.topc, &instance, NAME, rand, amf, sqn, key];
        let octets = fields.into_iter().flat_map(|field| field.iter().rev());
        for (place, octet) in block.iter_mut().zip(octets) {
            *place = *octet;
        }
        // Padding of a message of 96 octets at a rate of 136.
        block[96] = 0x1F;
        block[135] = 0x80;
        for _ in 0..self.iterations {
            block = keccak_f1600(&block);
        }
        block
    }
}

fn keccak_f1600(block: &[u8; STATE]) -> [u8; STATE] {
    let mut lanes = [0u64; 25];
    for (lane, octets) in lanes.iter_mut().zip(block.as_chunks().0) {
        *lane = u64::from_le_bytes(*octets);
    }
    Keccak::new().with_f1600(|permute| permute(&mut lanes));
    let mut out = [0; STATE];
    for (octets, lane) in out.as_chunks_mut().0.iter_mut().zip(lanes) {
        *octets = lane.to_le_bytes();
    }
    out
}

/// `length` octets from `at`, last one first.
fn taken<const N: usize>(out: &[u8; STATE], at: usize, length: usize) -> [u8; N] {
    let mut value = [0; N];
    for (place, octet) in value.iter_mut().zip(out.iter().skip(at).take(length).rev()) {
        *place = *octet;
    }
    value
}

impl core::fmt::Debug for Tuak {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Tuak({:?})", self.lengths)
    }
}
