//! The authentication functions f1 to f5* of an application, whichever algorithm it has (TS 33.102 6.3).

use alloc::vec::Vec;

use esim_crypto::milenage::{self, Milenage};
use esim_crypto::tuak::{Lengths, Tuak};
use esim_crypto::usim_test;
use esim_saip::image::{Aka, Algorithm};

/// Outputs of f2 to f5 for one challenge.
pub(super) struct Keys {
    /// 4 to 16 octets.
    pub(super) res: Vec<u8>,
    /// 16 octets; 32 where TUAK is configured so.
    pub(super) ck: Vec<u8>,
    pub(super) ik: Vec<u8>,
    pub(super) ak: [u8; 6],
}

/// AMF in the computation of MAC-S (TS 33.102 6.3.3).
const AMF_STAR: [u8; 2] = [0x00, 0x00];

/// An algorithm with the keys of one application.
#[allow(clippy::large_enum_variant, reason = "lives for one command")]
enum Functions {
    Milenage(Milenage),
    Tuak(Tuak),
    UsimTest([u8; 16]),
}

impl Functions {
    /// `None` if this card has no such algorithm, or not with such lengths.
    fn of(aka: &Aka) -> Option<Self> {
        match &aka.algorithm {
            Algorithm::Milenage { key, opc, rotation, xoring } => {
                Some(Self::Milenage(Milenage::with_constants(key, opc, *rotation, *xoring)))
            }
            Algorithm::Tuak { key, topc, iterations } => {
                Tuak::new(key, topc, *iterations, tuak_lengths(aka.options)?).map(Self::Tuak)
            }
            Algorithm::UsimTest { key } => Some(Self::UsimTest(*key)),
            Algorithm::Mapping { .. } => None,
        }
    }

    fn f1(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 8] {
        match self {
            Self::Milenage(milenage) => milenage.f1(rand, sqn, amf),
            Self::Tuak(tuak) => first8(&tuak.f1(rand, sqn, amf)),
            Self::UsimTest(key) => usim_test::f1(key, rand, sqn, amf),
        }
    }

    fn f1_star(&self, rand: &[u8; 16], sqn: &[u8; 6], amf: &[u8; 2]) -> [u8; 8] {
        match self {
            Self::Milenage(milenage) => milenage.f1_star(rand, sqn, amf),
            Self::Tuak(tuak) => first8(&tuak.f1_star(rand, sqn, amf)),
            Self::UsimTest(key) => usim_test::f1(key, rand, sqn, amf),
        }
    }

    fn f5_star(&self, rand: &[u8; 16]) -> [u8; 6] {
        match self {
            Self::Milenage(milenage) => milenage.f5_star(rand),
            Self::Tuak(tuak) => tuak.f5_star(rand),
            Self::UsimTest(key) => usim_test::f5_star(key, rand),
        }
    }

    fn f2345(&self, rand: &[u8; 16]) -> Keys {
        match self {
            Self::Milenage(milenage) => {
                let out = milenage.f2345(rand);
                Keys { res: out.res.to_vec(), ck: out.ck.to_vec(), ik: out.ik.to_vec(), ak: out.ak }
            }
            Self::Tuak(tuak) => {
                let (out, lengths) = (tuak.f2345(rand), tuak.lengths());
                let first = |octets: &[u8; 32], length| octets.iter().take(length).copied().collect();
                Keys {
                    res: first(&out.res, lengths.res),
                    ck: first(&out.ck, lengths.ck),
                    ik: first(&out.ik, lengths.ik),
                    ak: out.ak,
                }
            }
            Self::UsimTest(key) => {
                let out = usim_test::f2345(key, rand);
                Keys { res: out.res.to_vec(), ck: out.ck.to_vec(), ik: out.ik.to_vec(), ak: out.ak }
            }
        }
    }
}

/// `algorithmOptions` of TUAK: bits 1 to 3 RES of 32, 64, 128 or 256 bits, bits 4 and 5 MAC of 64, 128 or 256, bit 6 CK
/// and bit 7 IK of 256 in place of 128. AUTN and AUTS of TS 33.102 have room for a MAC of 64 bits alone.
fn tuak_lengths(options: u8) -> Option<Lengths> {
    let res = *[4, 8, 16, 32].get(usize::from(options & 0x07))?;
    let key = |bit: u8| if options & bit != 0 { 32 } else { 16 };
    (options & 0x98 == 0).then(|| Lengths { mac: 8, res, ck: key(0x20), ik: key(0x40) })
}

fn first8(octets: &[u8; 32]) -> [u8; 8] {
    core::array::from_fn(|i| octets[i])
}

/// f2 to f5. `None` if this card has no such algorithm.
pub(super) fn keys(aka: &Aka, rand: &[u8; 16]) -> Option<Keys> {
    Some(Functions::of(aka)?.f2345(rand))
}

/// f1: the MAC that AUTN must carry.
pub(super) fn mac(aka: &Aka, rand: &[u8; 16], sqn: &[u8; 6], amf: [u8; 2]) -> Option<[u8; 8]> {
    Some(Functions::of(aka)?.f1(rand, sqn, &amf))
}

/// AUTS: SQN_MS under f5*, then MAC-S by f1*.
pub(super) fn auts(aka: &Aka, rand: &[u8; 16], sqn_ms: [u8; 6]) -> Option<[u8; 14]> {
    let functions = Functions::of(aka)?;
    let (ak, mac) = (functions.f5_star(rand), functions.f1_star(rand, &sqn_ms, &AMF_STAR));
    Some(core::array::from_fn(|i| if i < 6 { sqn_ms[i] ^ ak[i] } else { mac[i - 6] }))
}

/// SRES of a GSM network.
pub(super) fn c2(keys: &Keys) -> [u8; 4] {
    milenage::c2(&keys.res)
}

/// Kc of a GSM network.
pub(super) fn c3(keys: &Keys) -> [u8; 8] {
    let sixteen = |key: &[u8]| core::array::from_fn(|i| key.get(i).copied().unwrap_or(0));
    milenage::c3(&sixteen(&keys.ck), &sixteen(&keys.ik))
}
