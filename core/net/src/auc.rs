//! Authentication centre (3GPP TS 33.102 6.3, TS 33.401 6.1, TS 33.501 6.1): keys, sequence numbers, vectors,
//! resynchronisation.

use crate::id::Plmn;
use alloc::boxed::Box;
use alloc::vec::Vec;
use esim_crypto::kdf3gpp;
use esim_crypto::milenage::Milenage;
use esim_crypto::tuak::{self, Tuak};
use esim_crypto::usim_test;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::ZeroizeOnDrop;

/// Bits of SQN that name a slot of the card's array (TS 33.102 annex C.1.2).
const IND_BITS: u32 = 5;
/// The separation bit of AMF: 1 for vectors of EPS and 5G, 0 for those of 3G (TS 33.102 annex H).
const SEPARATION: u8 = 0x80;

/// Algorithm and keys of a subscriber. `Debug` shows none.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// TS 35.206.
    Milenage {
        /// Subscriber key.
        k: [u8; 16],
        /// OP enciphered with it.
        opc: [u8; 16],
    },
    /// TS 35.231, results as long as Milenage's.
    Tuak(
        /// Wiped by their own drop.
        #[zeroize(skip)]
        Box<TuakKeys>,
    ),
    /// The XOR algorithm of test networks (TS 34.108 8.1.2).
    UsimTest {
        /// Subscriber key.
        k: [u8; 16],
    },
}

/// Keys of TUAK.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct TuakKeys {
    /// Subscriber key of 16 or 32 octets.
    pub k: Vec<u8>,
    /// TOP enciphered with it.
    pub topc: [u8; 32],
    /// Keccak permutations, from 1.
    pub iterations: u8,
}

impl core::fmt::Debug for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Milenage { .. } => "Milenage(..)",
            Self::Tuak(_) => "Tuak(..)",
            Self::UsimTest { .. } => "UsimTest(..)",
        })
    }
}

/// The functions with one subscriber's keys, for one vector.
#[allow(clippy::large_enum_variant, reason = "lives for one vector")]
enum Functions {
    Milenage(Milenage),
    Tuak(Tuak),
    UsimTest([u8; 16]),
}

struct Outputs {
    res: Vec<u8>,
    ck: [u8; 16],
    ik: [u8; 16],
    ak: [u8; 6],
}

impl Keys {
    /// Whether the key lengths are of the algorithm.
    pub fn are_sound(&self) -> bool {
        self.functions().is_some()
    }

    fn functions(&self) -> Option<Functions> {
        Some(match self {
            Self::Milenage { k, opc } => Functions::Milenage(Milenage::new(k, opc)),
            Self::Tuak(keys) => {
                Functions::Tuak(Tuak::new(&keys.k, &keys.topc, keys.iterations, tuak::Lengths::default())?)
            }
            Self::UsimTest { k } => Functions::UsimTest(*k),
        })
    }
}

impl Functions {
    fn f1(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 8] {
        match self {
            Self::Milenage(milenage) => milenage.f1(rand, sqn, amf),
            Self::Tuak(tuak) => first(&tuak.f1(rand, sqn, amf)),
            Self::UsimTest(k) => usim_test::f1(k, rand, sqn, amf),
        }
    }

    fn f1_star(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 8] {
        match self {
            Self::Milenage(milenage) => milenage.f1_star(rand, sqn, amf),
            Self::Tuak(tuak) => first(&tuak.f1_star(rand, sqn, amf)),
            Self::UsimTest(k) => usim_test::f1(k, rand, sqn, amf),
        }
    }

    fn f5_star(&self, rand: &[u8; 16]) -> [u8; 6] {
        match self {
            Self::Milenage(milenage) => milenage.f5_star(rand),
            Self::Tuak(tuak) => tuak.f5_star(rand),
            Self::UsimTest(k) => usim_test::f5_star(k, rand),
        }
    }

    fn f2345(&self, rand: &[u8; 16]) -> Outputs {
        match self {
            Self::Milenage(milenage) => {
                let out = milenage.f2345(rand);
                Outputs { res: out.res.to_vec(), ck: out.ck, ik: out.ik, ak: out.ak }
            }
            Self::Tuak(tuak) => {
                let (out, lengths) = (tuak.f2345(rand), tuak.lengths());
                let res = out.res.iter().take(lengths.res).copied().collect();
                Outputs { res, ck: first(&out.ck), ik: first(&out.ik), ak: out.ak }
            }
            Self::UsimTest(k) => {
                let out = usim_test::f2345(k, rand);
                Outputs { res: out.res.to_vec(), ck: out.ck, ik: out.ik, ak: out.ak }
            }
        }
    }
}

fn first<const N: usize>(octets: &[u8; 32]) -> [u8; N] {
    core::array::from_fn(|i| octets[i])
}

/// What the authentication centre holds of a subscriber.
#[derive(Clone, Debug)]
pub struct Authentication {
    keys: Keys,
    amf: [u8; 2],
    /// The last SQN used, 48 bits, IND included.
    sqn: u64,
}

/// A vector of 3G (TS 33.102 6.3.2).
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct UmtsVector {
    /// Random challenge.
    pub rand: [u8; 16],
    /// Authentication token: SQN⊕AK ‖ AMF ‖ MAC.
    pub autn: [u8; 16],
    /// Expected response, 4 to 16 octets.
    pub xres: Vec<u8>,
    /// Cipher key.
    pub ck: [u8; 16],
    /// Integrity key.
    pub ik: [u8; 16],
}

/// A vector of EPS (TS 33.401 6.1.2).
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct EpsVector {
    /// Random challenge.
    pub rand: [u8; 16],
    /// Authentication token.
    pub autn: [u8; 16],
    /// Expected response, 4 to 16 octets.
    pub xres: Vec<u8>,
    /// The key that the serving network gets in place of CK and IK.
    pub kasme: [u8; 32],
}

/// A vector of the home environment for 5G AKA (TS 33.501 6.1.3.2).
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct HomeVector {
    /// Random challenge.
    pub rand: [u8; 16],
    /// Authentication token.
    pub autn: [u8; 16],
    /// Expected response, bound to the serving network.
    pub xres_star: [u8; 16],
    /// The key of the authentication server.
    pub kausf: [u8; 32],
}

impl Authentication {
    /// A subscriber whose first vector has SEQ 1, with an AMF of zeros but for the separation bit.
    pub fn new(keys: Keys) -> Self {
        Self { keys, amf: [0, 0], sqn: 0 }
    }

    /// With another AMF; its separation bit is the network's own matter.
    pub fn with_amf(mut self, amf: [u8; 2]) -> Self {
        self.amf = amf;
        self
    }

    /// Algorithm and keys, to be kept.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The AMF without its separation bit.
    pub fn amf(&self) -> [u8; 2] {
        self.amf
    }

    /// The last sequence number used, IND included.
    pub fn sqn(&self) -> u64 {
        self.sqn
    }

    /// Sets the last sequence number used: a restored backup, or a test.
    pub fn set_sqn(&mut self, sqn: u64) {
        self.sqn = sqn & 0xFFFF_FFFF_FFFF;
    }

    /// Other keys for the same subscriber: a mistake in provisioning, or a test.
    pub fn set_keys(&mut self, keys: Keys) {
        self.keys = keys;
    }

    /// The next vector of 3G.
    pub fn umts(&mut self, rng: &mut dyn CryptoRng) -> Option<UmtsVector> {
        let amf = [self.amf[0] & !SEPARATION, self.amf[1]];
        self.next(amf, rng)
    }

    /// The next vector of EPS, for a serving network.
    pub fn eps(&mut self, plmn: Plmn, rng: &mut dyn CryptoRng) -> Option<EpsVector> {
        let own = self.next([self.amf[0] | SEPARATION, self.amf[1]], rng)?;
        let kasme = kdf3gpp::kasme(&own.ck, &own.ik, &plmn.octets(), &hidden_sqn(&own.autn));
        Some(EpsVector { rand: own.rand, autn: own.autn, xres: own.xres.clone(), kasme })
    }

    /// The next vector of 5G AKA, for a serving network.
    pub fn home(&mut self, plmn: Plmn, rng: &mut dyn CryptoRng) -> Option<HomeVector> {
        let own = self.next([self.amf[0] | SEPARATION, self.amf[1]], rng)?;
        let network = plmn.serving_network_name();
        Some(HomeVector {
            rand: own.rand,
            autn: own.autn,
            xres_star: kdf3gpp::res_star(&own.ck, &own.ik, &network, &own.rand, &own.xres),
            kausf: kdf3gpp::kausf(&own.ck, &own.ik, &network, &hidden_sqn(&own.autn)),
        })
    }

    /// SEQ and IND go up by one each, as TS 33.102 C.3.2 suggests.
    fn next(&mut self, amf: [u8; 2], rng: &mut dyn CryptoRng) -> Option<UmtsVector> {
        let functions = self.keys.functions()?;
        let mut rand = [0; 16];
        rng.fill_bytes(&mut rand);
        let seq = (self.sqn >> IND_BITS) + 1;
        let ind = (self.sqn + 1) & ((1 << IND_BITS) - 1);
        self.sqn = (seq << IND_BITS | ind) & 0xFFFF_FFFF_FFFF;
        let sqn = sqn_octets(self.sqn);
        let out = functions.f2345(&rand);
        let mac = functions.f1(&rand, &sqn, &amf);
        let autn = core::array::from_fn(|i| match i {
            0..6 => sqn[i] ^ out.ak[i],
            6 | 7 => amf[i - 6],
            _ => mac[i - 8],
        });
        Some(UmtsVector { rand, autn, xres: out.res, ck: out.ck, ik: out.ik })
    }

    /// Takes the card's SQN over from AUTS, SQN⊕AK* ‖ MAC-S (TS 33.102 6.3.5); false if MAC-S is wrong.
    pub fn resynchronise(&mut self, rand: &[u8; 16], auts: &[u8; 14]) -> bool {
        let Some(functions) = self.keys.functions() else { return false };
        let ak = functions.f5_star(rand);
        let sqn: [u8; 6] = core::array::from_fn(|i| auts[i] ^ ak[i]);
        // AMF is all zeros in a resynchronisation.
        if functions.f1_star(rand, &sqn, &[0, 0])[..] != auts[6..] {
            return false;
        }
        self.sqn = sqn.iter().fold(0, |value, octet| value << 8 | u64::from(*octet));
        true
    }
}

/// SQN⊕AK of an authentication token.
pub fn hidden_sqn(autn: &[u8; 16]) -> [u8; 6] {
    core::array::from_fn(|i| autn[i])
}

fn sqn_octets(sqn: u64) -> [u8; 6] {
    let octets = sqn.to_be_bytes();
    core::array::from_fn(|i| octets[i + 2])
}
