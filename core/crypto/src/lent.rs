//! P-256 by the runtime around this code, where it has it in assembly and lends it. What is accepted and what is
//! signed stay the same, octet for octet: signing is deterministic (RFC 6979), and only the point comes from there.

use crate::SignatureError;
use ecdsa::Signature;
use p256::NistP256;
use zeroize::Zeroizing;

/// What is lent. It may decline any of it, which is then done here.
pub trait Machine: Sync {
    /// Whether r‖s is a signature of the SHA-256 of `message`; `key` is `04‖X‖Y`, on the curve, r and s are in their range.
    fn verify(&self, key: &[u8; 65], message: &[u8], signature: &[u8; 64]) -> Option<bool>;

    /// The point `scalar`·G as `04‖X‖Y`.
    fn multiple_of_base(&self, scalar: &[u8; 32]) -> Option<[u8; 65]>;

    /// The x-coordinate of `scalar`·`peer`, which is `04‖X‖Y`, on the curve.
    fn agree(&self, scalar: &[u8; 32], peer: &[u8; 65]) -> Option<Zeroizing<[u8; 32]>>;
}

/// What has been lent, for the rest of this crate.
#[cfg(feature = "lent")]
mod used {
    use super::{Machine, is_sound, verify_by};
    use crate::SignatureError;
    use crate::nonce::sign_deterministically;
    use p256::NonZeroScalar;
    use std::sync::OnceLock;
    use zeroize::Zeroizing;

    static LENT: OnceLock<&'static dyn Machine> = OnceLock::new();

    /// Has P-256 done by `machine` from now on, unless it fails a trial or another one is used already; whether it is.
    pub fn lend(machine: &'static dyn Machine) -> bool {
        is_sound(machine) && LENT.set(machine).is_ok()
    }

    fn machine() -> Option<&'static dyn Machine> {
        LENT.get().copied()
    }

    pub(crate) fn verify_p256(
        key: &[u8; 65],
        parts: &[&[u8]],
        signature: &[u8],
    ) -> Option<Result<(), SignatureError>> {
        verify_by(machine()?, key, parts, signature)
    }

    pub(crate) fn multiple_of_base(scalar: &[u8; 32]) -> Option<[u8; 65]> {
        machine()?.multiple_of_base(scalar)
    }

    pub(crate) fn agree_p256(scalar: &[u8; 32], peer: &[u8; 65]) -> Option<Zeroizing<[u8; 32]>> {
        machine()?.agree(scalar, peer)
    }

    pub(crate) fn sign_p256(key: &NonZeroScalar, digest: &[u8; 32]) -> Option<[u8; 64]> {
        let machine = machine()?;
        sign_deterministically(key, digest, |scalar| machine.multiple_of_base(scalar))
    }
}
#[cfg(feature = "lent")]
pub use used::lend;
#[cfg(feature = "lent")]
pub(crate) use used::{agree_p256, multiple_of_base, sign_p256, verify_p256};

fn verify_by(
    machine: &dyn Machine,
    key: &[u8; 65],
    parts: &[&[u8]],
    signature: &[u8],
) -> Option<Result<(), SignatureError>> {
    let (Ok(octets), Ok(_)) = (signature.try_into(), Signature::<NistP256>::from_slice(signature)) else {
        return Some(Err(SignatureError));
    };
    let verified = match parts {
        [message] => machine.verify(key, message, octets),
        parts => machine.verify(key, &parts.concat(), octets),
    };
    Some(if verified? { Ok(()) } else { Err(SignatureError) })
}

/// Whether it knows the signature of RFC 6979, A.2.5, for one, a changed one for none, and multiplies rightly.
fn is_sound(machine: &dyn Machine) -> bool {
    let changed = |mut octets: [u8; 64], at: usize| {
        octets[at] ^= 1;
        octets
    };
    machine.multiple_of_base(&SCALAR) == Some(POINT)
        && machine.agree(&SCALAR, &BASE).is_some_and(|secret| secret[..] == POINT[1..33])
        && machine.verify(&POINT, b"sample", &SIGNATURE) == Some(true)
        && machine.verify(&POINT, b"sampl", &SIGNATURE) == Some(false)
        && machine.verify(&BASE, b"sample", &SIGNATURE) == Some(false)
        && (0..64)
            .step_by(21)
            .all(|at| machine.verify(&POINT, b"sample", &changed(SIGNATURE, at)) == Some(false))
}

const SCALAR: [u8; 32] = octets("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
const POINT: [u8; 65] = octets(
    "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
     7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
);
/// Of "sample", with SHA-256.
const SIGNATURE: [u8; 64] = octets(
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
     F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
);
/// G.
const BASE: [u8; 65] = octets(
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296\
     4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
);

const fn octets<const N: usize>(hex: &str) -> [u8; N] {
    const fn digit(digit: u8) -> u8 {
        if digit <= b'9' { digit - b'0' } else { digit - b'A' + 10 }
    }
    let mut octets = [0; N];
    let mut at = 0;
    while at < N {
        octets[at] = digit(hex.as_bytes()[2 * at]) << 4 | digit(hex.as_bytes()[2 * at + 1]);
        at += 1;
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nonce::sign_deterministically;
    use crate::{Curve, PrivateKey, PublicKey};
    use core::cell::Cell;
    use core::sync::atomic::{AtomicU8, Ordering};
    use p256::NonZeroScalar;

    /// The portable code, of which one thing is wrong.
    struct Bent(AtomicU8);

    impl Bent {
        fn at(at: u8) -> Self {
            Self(AtomicU8::new(at))
        }

        fn is(&self, at: u8) -> bool {
            self.0.load(Ordering::Relaxed) == at
        }
    }

    impl Machine for Bent {
        fn verify(&self, key: &[u8; 65], message: &[u8], signature: &[u8; 64]) -> Option<bool> {
            let key = PublicKey::from_sec1(Curve::P256, key).ok()?;
            let verified = key.verify_portably(&[message], signature).is_ok();
            (!self.is(1)).then_some((verified || self.is(2)) && !self.is(3))
        }

        fn multiple_of_base(&self, scalar: &[u8; 32]) -> Option<[u8; 65]> {
            let mut point = PrivateKey::from_bytes(Curve::P256, scalar).ok()?.public_key_portably().to_sec1();
            point[64] ^= u8::from(self.is(4));
            Some(point)
        }

        fn agree(&self, scalar: &[u8; 32], peer: &[u8; 65]) -> Option<Zeroizing<[u8; 32]>> {
            let peer = PublicKey::from_sec1(Curve::P256, peer).ok()?;
            let mut secret = PrivateKey::from_bytes(Curve::P256, scalar).ok()?.agree_portably(&peer).ok()?;
            secret[0] ^= u8::from(self.is(5));
            Some(secret)
        }
    }

    #[test]
    fn a_machine_that_is_wrong_in_anything_is_not_used() {
        assert!(is_sound(&Bent::at(0)));
        for at in 1..=5 {
            assert!(!is_sound(&Bent::at(at)), "{at}");
        }
    }

    #[test]
    fn what_a_machine_says_of_signatures_counts_where_they_are_some() {
        let (yes, no, silent) = (Bent::at(2), Bent::at(3), Bent::at(1));
        let verify =
            |machine: &Bent, signature: &[u8]| verify_by(machine, &POINT, &[b"sam", b"ple"], signature);
        assert_eq!(verify(&Bent::at(0), &SIGNATURE), Some(Ok(())));
        assert_eq!(verify(&yes, &SIGNATURE), Some(Ok(())));
        assert_eq!(verify(&no, &SIGNATURE), Some(Err(SignatureError)));
        assert_eq!(verify(&silent, &SIGNATURE), None);
        let mut zero = SIGNATURE;
        zero[32..].fill(0);
        for wrong in [&zero[..], &SIGNATURE[..63], &[0xFF; 64], &[]] {
            assert_eq!(verify(&yes, wrong), Some(Err(SignatureError)));
        }
    }

    #[test]
    fn signatures_are_those_of_the_portable_code() {
        let key = NonZeroScalar::try_from(&SCALAR[..]).unwrap();
        let asked = Cell::new(0);
        let signed = sign_deterministically(&key, &crate::sha256(&[b"sample"]), |scalar| {
            asked.set(asked.get() + 1);
            Bent::at(0).multiple_of_base(scalar)
        });
        assert_eq!((signed, asked.get()), (Some(SIGNATURE), 1));
        assert_eq!(sign_deterministically(&key, &[7; 32], |_| None), None);
    }
}
