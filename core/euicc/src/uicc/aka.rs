//! The authentication functions f1 to f5* of an application, whichever algorithm it has (TS 33.102 6.3).

use alloc::vec::Vec;

use esim_crypto::milenage::{self, Milenage};
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

/// f2 to f5. `None` if this card has no such algorithm.
pub(super) fn keys(aka: &Aka, rand: &[u8; 16]) -> Option<Keys> {
    match &aka.algorithm {
        Algorithm::UsimTest { key } => {
            let out = usim_test::f2345(key, rand);
            Some(Keys { res: out.res.to_vec(), ck: out.ck.to_vec(), ik: out.ik.to_vec(), ak: out.ak })
        }
        algorithm => {
            let out = milenage_of(algorithm)?.f2345(rand);
            Some(Keys { res: out.res.to_vec(), ck: out.ck.to_vec(), ik: out.ik.to_vec(), ak: out.ak })
        }
    }
}

/// f1: the MAC that AUTN must carry.
pub(super) fn mac(aka: &Aka, rand: &[u8; 16], sqn: &[u8; 6], amf: [u8; 2]) -> Option<[u8; 8]> {
    match &aka.algorithm {
        Algorithm::UsimTest { key } => Some(usim_test::f1(key, rand, sqn, &amf)),
        algorithm => Some(milenage_of(algorithm)?.f1(rand, sqn, &amf)),
    }
}

/// AUTS: SQN_MS under f5*, then MAC-S by f1*.
pub(super) fn auts(aka: &Aka, rand: &[u8; 16], sqn_ms: [u8; 6]) -> Option<[u8; 14]> {
    let (ak, mac) = match &aka.algorithm {
        Algorithm::UsimTest { key } => {
            (usim_test::f5_star(key, rand), usim_test::f1(key, rand, &sqn_ms, &AMF_STAR))
        }
        algorithm => {
            let milenage = milenage_of(algorithm)?;
            (milenage.f5_star(rand), milenage.f1_star(rand, &sqn_ms, &AMF_STAR))
        }
    };
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

fn milenage_of(algorithm: &Algorithm) -> Option<Milenage> {
    match algorithm {
        Algorithm::Milenage { key, opc, rotation, xoring } => {
            Some(Milenage::with_constants(key, opc, *rotation, *xoring))
        }
        _ => None,
    }
}
