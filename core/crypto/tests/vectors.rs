//! Published vectors: RFC 5903, RFC 4493, public SCP03t test suites. Run in a browser, too
//! (`wasm/tests/cases.rs`).

use esim_crypto::bsp::{Bsp, BspError, BspKeys, MAX_PLAINTEXT};
use esim_crypto::suci::{self, Profile};
use esim_crypto::tuak::{Lengths, Tuak};
use esim_crypto::{
    Curve, PrivateKey, PublicKey, confirmation_code_hash, confirmation_code_hash_for, ecka, usim_test,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn h<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn ecdh_rfc_5903() {
    let i = h::<32>("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
    let r = h::<32>("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
    let shared = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
    let i = PrivateKey::from_bytes(Curve::P256, &i).unwrap();
    let r = PrivateKey::from_bytes(Curve::P256, &r).unwrap();
    assert_eq!(hex::encode(&ecka(&i, &r.public_key()).unwrap()[..]), shared);
    assert_eq!(hex::encode(&ecka(&r, &i.public_key()).unwrap()[..]), shared);
}

#[test]
fn signatures_on_both_curves() {
    for curve in [Curve::P256, Curve::BrainpoolP256r1] {
        let key = PrivateKey::from_bytes(curve, &[7; 32]).unwrap();
        let public = PublicKey::from_sec1(curve, &key.public_key().to_sec1()).unwrap();
        let signature = key.sign(&[b"one", b"two"]);
        public.verify(&[b"onetwo"], &signature).unwrap();
        assert_eq!(signature, key.sign(&[b"onetwo"]), "deterministic");
        assert!(public.verify(&[b"onetwp"], &signature).is_err());
        for i in 0..64 {
            let mut bad = signature;
            bad[i] ^= 1;
            assert!(public.verify(&[b"onetwo"], &bad).is_err(), "octet {i}");
        }
        assert!(public.verify(&[b"onetwo"], &signature[..63]).is_err());
        assert!(public.verify(&[b"onetwo"], &[0; 64]).is_err());
    }
    assert!(PrivateKey::from_bytes(Curve::P256, &[0; 32]).is_err());
    assert!(PrivateKey::from_bytes(Curve::P256, &[0xFF; 32]).is_err());
    assert!(PublicKey::from_sec1(Curve::P256, &[4; 65]).is_err());
    let other = PrivateKey::from_bytes(Curve::BrainpoolP256r1, &[7; 32]).unwrap();
    let key = PrivateKey::from_bytes(Curve::P256, &[7; 32]).unwrap();
    assert!(ecka(&key, &other.public_key()).is_err());
}

#[test]
fn confirmation_codes() {
    let stored = confirmation_code_hash("12345678");
    assert_eq!(hex::encode(stored), "ef797c8118f02dfb649607dd5d3f8c7623048c9c063d532cc95c5ed7a898a64f");
    let hash = confirmation_code_hash_for(&stored, &h::<16>("000102030405060708090a0b0c0d0e0f"));
    assert_eq!(hex::encode(hash), "ab311c0527db635c7bac464efc070d69afecbba55a894064b394c56165610ec0");
}

fn session_keys() -> BspKeys {
    let z = h::<32>("c9a993dd4879a8f7161f2085410edd4f9652f1df37be097ba96ba2ca6be528fe");
    BspKeys::derive(&z, &h::<8>("8080808080808080"), &h("89049032123451234512345678901235"))
}

#[test]
fn session_key_derivation() {
    let keys = session_keys();
    let parts = keys.parts().map(hex::encode);
    assert_eq!(
        parts,
        [
            "406d507b448a699e7a36a38494debbde",
            "472f5bfadd97f21d34f3ce9b51b92751",
            "9ec07f5b36a13e12a991d66e294e6242"
        ]
    );
}

#[test]
fn segments_of_one_channel() {
    let mut bsp = Bsp::new(session_keys());
    let configure = bsp.encrypt(0x87, &h::<3>("bf2400"));
    assert_eq!(hex::encode(&configure), "8718f6fe031e4b9cfe87c8e1e62f3fde85c49412d7722a6a2d89");
    let metadata = hex::decode(
        "bf252d5a0a98001032547698103214910947534d415f54455354921147534d415f544553545f50524f46494c45950100",
    )
    .unwrap();
    let stored = bsp.mac_only(0x88, &metadata);
    assert_eq!(hex::encode(&stored[..2]), "8838");
    assert_eq!(hex::encode(&stored[stored.len() - 8..]), "8a62cc9adbb5ccbc");

    let mut card = Bsp::new(session_keys());
    assert_eq!(card.open(&configure).unwrap(), [0xBF, 0x24, 0x00]);
    assert_eq!(card.open_mac_only(&stored).unwrap(), metadata);
}

#[test]
fn profile_protection_keys() {
    let mut bsp = Bsp::new(BspKeys::new([0x22; 16], [0; 16], [0x11; 16]));
    let segment = bsp.encrypt(0x86, &h::<9>("aa07a005800081011f"));
    assert_eq!(hex::encode(segment), "861835f4206ee751b87a3d663e7500ba966624b77c06c69cd8b5");
}

#[test]
fn every_changed_octet_is_noticed() {
    let sound = Bsp::new(session_keys()).encrypt(0x86, b"some profile element");
    for i in 0..sound.len() {
        let mut bad = sound.clone();
        bad[i] ^= 1;
        let error = Bsp::new(session_keys()).open(&bad).unwrap_err();
        let expected = if i == 1 { BspError::Structure } else { BspError::Security };
        assert_eq!(error, expected, "octet {i}");
    }
    for cut in 0..sound.len() {
        assert!(Bsp::new(session_keys()).open(&sound[..cut]).is_err());
    }
}

#[test]
fn segments_stay_within_1020_octets() {
    let plain = vec![0x5A; 3 * MAX_PLAINTEXT];
    let segments = Bsp::new(session_keys()).encrypt_all(0x86, &plain);
    assert_eq!(segments.len(), 3);
    let mut card = Bsp::new(session_keys());
    let mut opened = Vec::new();
    for segment in &segments {
        assert_eq!(segment.len(), 1020);
        opened.extend(card.open(segment).unwrap());
    }
    assert_eq!(opened, plain);
}

#[test]
fn usim_test_algorithm() {
    let k = h("000102030405060708090a0b0c0d0e0f");
    let out = usim_test::f2345(&k, &[0; 16]);
    assert_eq!(out.res, k);
    assert_eq!(hex::encode(out.ck), "0102030405060708090a0b0c0d0e0f00");
    assert_eq!(hex::encode(out.ik), "02030405060708090a0b0c0d0e0f0001");
    assert_eq!(hex::encode(out.ak), "030405060708");
    assert_eq!(hex::encode(usim_test::f1(&k, &[0; 16], &[0; 6], &[0; 2])), "0001020304050607");
}

#[test]
fn tuak_takes_only_the_standards_lengths() {
    assert!(Tuak::new(&[0; 15], &[0; 32], 1, Lengths::default()).is_none());
    assert!(Tuak::new(&[0; 33], &[0; 32], 1, Lengths::default()).is_none());
    assert!(Tuak::new(&[0; 16], &[0; 32], 0, Lengths::default()).is_none());
    assert!(Tuak::new(&[0; 16], &[0; 32], 1, Lengths { res: 5, ..Lengths::default() }).is_none());
}

/// TS 33.501 C.4: home network keys, one-time keys, and what comes out.
#[test]
fn concealed_identities_ts_33_501_c_4() {
    let plain = h::<5>("00012080f6");
    let table = [
        (
            Profile::A,
            "c53c22208b61860b06c62e5406a7b330c2b577aa5558981510d128247d38bd1d",
            "5a8d38864820197c3394b92613b20b91633cbd897119273bf8e4a6f4eec0a650",
            "c80949f13ebe61af4ebdbd293ea4f942696b9e815d7e8f0096bbf6ed7de62256",
            "b2e92f836055a255837debf850b528997ce0201cb82adfe4be1f587d07d8457dcb02352410cddd9e730ef3fa87",
        ),
        (
            Profile::B,
            "f1ab1074477ebcc7f554ea1c5fc368b1616730155e0041ac447d6301975fecda",
            "0272da71976234ce833a6907425867b82e074d44ef907dfb4b3e21c1c2256ebcd1",
            "99798858a1dc6a2c68637149a4b1dbfd1fdff5addd62a2142f06699ed7602529",
            "039aab8376597021e855679a9778ea0b67396e68c66df32c0f41e9acca2da9b9d146a33fc2716ac7dae96aa30a4d",
        ),
    ];
    for (profile, private, public, random, expected) in table {
        let public = hex::decode(public).unwrap();
        let concealed = suci::conceal(profile, &public, &plain, &h(random)).unwrap();
        assert_eq!(hex::encode(&concealed), expected, "{profile:?}");
        assert_eq!(suci::reveal(profile, &h(private), &concealed).as_deref(), Some(&plain[..]));
        for at in [40, concealed.len() - 1] {
            let mut bent = concealed.clone();
            bent[at] ^= 1;
            assert_eq!(suci::reveal(profile, &h(private), &bent), None, "{profile:?}, octet {at}");
        }
        assert_eq!(suci::conceal(profile, &[0; 32], &plain, &h(random)), None, "{profile:?}: no key");
        assert_eq!(suci::reveal(profile, &h(private), &concealed[..35]), None);
    }
}
