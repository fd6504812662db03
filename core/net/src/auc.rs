//! Authentication centre (3GPP TS 33.102 6.3): vectors and resynchronisation.

use esim_crypto::milenage::Milenage;
use rand_core::CryptoRng;
use zeroize::ZeroizeOnDrop;

/// Bits of SQN that name a slot of the card's array (TS 33.102 annex C.1.2).
const IND_BITS: u32 = 5;

/// A subscriber with keys. `Debug` shows none.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Subscriber {
    k: [u8; 16],
    opc: [u8; 16],
    #[zeroize(skip)]
    amf: [u8; 2],
    /// The last SQN used, 48 bits, IND included.
    #[zeroize(skip)]
    sqn: u64,
}

impl core::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Subscriber(SQN {:012X})", self.sqn)
    }
}

/// An authentication vector (TS 33.102 6.3.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Vector {
    /// Random challenge.
    pub rand: [u8; 16],
    /// Authentication token: SQN⊕AK ‖ AMF ‖ MAC.
    pub autn: [u8; 16],
    /// Expected response.
    pub xres: [u8; 8],
    /// Cipher key.
    pub ck: [u8; 16],
    /// Integrity key.
    pub ik: [u8; 16],
}

impl Subscriber {
    /// A subscriber of Milenage whose first vector has SEQ 1.
    pub fn new(k: [u8; 16], opc: [u8; 16]) -> Self {
        Self { k, opc, amf: [0x80, 0x00], sqn: 0 }
    }

    /// The next vector: SEQ and IND go up by one each, as TS 33.102 C.3.2 suggests.
    pub fn vector(&mut self, rng: &mut dyn CryptoRng) -> Vector {
        let mut rand = [0; 16];
        rng.fill_bytes(&mut rand);
        let seq = (self.sqn >> IND_BITS) + 1;
        let ind = (self.sqn + 1) & ((1 << IND_BITS) - 1);
        self.sqn = (seq << IND_BITS | ind) & 0xFFFF_FFFF_FFFF;
        self.vector_for(rand)
    }

    fn vector_for(&self, rand: [u8; 16]) -> Vector {
        let milenage = Milenage::new(&self.k, &self.opc);
        let out = milenage.f2345(&rand);
        let sqn = sqn_octets(self.sqn);
        let mac = milenage.f1(&rand, &sqn, &self.amf);
        let mut autn = [0; 16];
        for i in 0..6 {
            autn[i] = sqn[i] ^ out.ak[i];
        }
        autn[6..8].copy_from_slice(&self.amf);
        autn[8..].copy_from_slice(&mac);
        Vector { rand, autn, xres: out.res, ck: out.ck, ik: out.ik }
    }

    /// Takes the card's SQN over from AUTS, SQN⊕AK* ‖ MAC-S (TS 33.102 6.3.5);
    /// false if MAC-S is wrong.
    pub fn resynchronise(&mut self, rand: &[u8; 16], auts: &[u8; 14]) -> bool {
        let milenage = Milenage::new(&self.k, &self.opc);
        let ak = milenage.f5_star(rand);
        let sqn: [u8; 6] = core::array::from_fn(|i| auts[i] ^ ak[i]);
        // AMF is all zeros in a resynchronisation.
        if milenage.f1_star(rand, &sqn, &[0, 0])[..] != auts[6..] {
            return false;
        }
        self.sqn = sqn.iter().fold(0, |value, octet| value << 8 | u64::from(*octet));
        true
    }
}

fn sqn_octets(sqn: u64) -> [u8; 6] {
    let octets = sqn.to_be_bytes();
    core::array::from_fn(|i| octets[i + 2])
}
