//! GET IDENTITY: only the home network reads what the card conceals.

use alloc::vec;

use esim_crypto::suci::{Profile, conceal, reveal};
use esim_crypto::{Curve, PrivateKey};
use esim_saip::coding;
use esim_saip::image::{File, FileKind, Image};

use super::Card;
use super::profile;

const SELECT_USIM: &str = "00A4040C0CA0000000871002FF49FF0589";
const PIN1: &str = "002000010831323334FFFFFFFF";
const GET_SUCI: &str = "8078000100";

/// A profile whose USIM conceals as this EF.SUCI_Calc_Info_USIM says.
fn card(calculation: &[u8]) -> Card {
    let mut image = profile::image();
    let adf = image.naas[0].adf.clone();
    let below = |more: &[u16]| [&adf[..], more].concat();
    let like = image.files.iter().find(|file| file.path == below(&[0x6F07])).unwrap().clone();
    let mut put = |path: &[u16], kind: FileKind| {
        let path = below(path);
        image.files.retain(|file| file.path != path);
        image.files.push(File { path, kind, sfi: None, ..like.clone() });
    };
    let mut ust = vec![0; 17];
    coding::set_service(&mut ust, 124, true);
    coding::set_service(&mut ust, 125, true);
    put(&[0x6F38], FileKind::Transparent { data: ust });
    put(&[0x6F07], FileKind::Transparent { data: coding::encode_imsi("001010123456789").unwrap().to_vec() });
    put(&[0x6FAD], FileKind::Transparent { data: vec![0, 0, 0, 2] });
    put(&[0x5FD0], FileKind::Df { aid: None, pin_status: vec![1] });
    put(&[0x5FD0, 0x4F01], FileKind::Transparent { data: calculation.to_vec() });
    with(image)
}

fn with(image: Image) -> Card {
    Card::of(image)
}

#[test]
fn null_scheme_tells_the_number_in_clear() {
    let mut card = card(&[0xA0, 0x02, 0x00, 0x00]);
    card.talk(&[
        (GET_SUCI, "6985"),
        (SELECT_USIM, "9000"),
        (GET_SUCI, "6982"),
        (PIN1, "9000"),
        // SUCI of an IMSI, PLMN 001 01, default routing, scheme 0, key 0, digits.
        (GET_SUCI, "A10D 01 00F110 F0FF 00 00 1032547698 9000"),
        ("8078000200", "6A86"),
        ("8078010100", "6A86"),
        ("0078000100", "6E00"),
    ]);
}

#[test]
fn the_home_network_reveals_what_the_card_conceals() {
    let scalar = [0x42; 32];
    let b = PrivateKey::from_bytes(Curve::P256, &scalar).unwrap().public_key().to_sec1();
    // The one-time public key of a concealment is the public key of its randomness.
    let base = hex::decode("5a8d38864820197c3394b92613b20b91633cbd897119273bf8e4a6f4eec0a650").unwrap();
    let a = conceal(Profile::A, &base, &[], &scalar).unwrap()[..32].to_vec();
    let b = [&[0x02 | b[64] & 1], &b[1..33]].concat();
    for (scheme, key, profile) in [(1, a, Profile::A), (2, b, Profile::B)] {
        let keys = [&[0x80, 1, 9, 0x81, key.len() as u8], &key[..]].concat();
        let calculation = [&[0xA0, 2, scheme, 1, 0xA1, keys.len() as u8], &keys[..]].concat();
        let mut card = card(&calculation);
        card.expect_ok(&[SELECT_USIM, PIN1]);
        card.uicc.set_entropy([7; 32]);
        let answer = hex::decode(card.send(GET_SUCI)).unwrap();
        let (suci, status) = answer[2..].split_at(answer.len() - 4);
        assert_eq!(status, [0x90, 0x00]);
        assert_eq!(suci[..8], [0x01, 0x00, 0xF1, 0x10, 0xF0, 0xFF, scheme, 9]);
        let digits = reveal(profile, &scalar, &suci[8..]).unwrap();
        assert_eq!(hex::encode(digits), "1032547698");
        card.uicc.set_entropy([8; 32]);
        assert_ne!(hex::decode(card.send(GET_SUCI)).unwrap(), answer, "never the same twice");
    }
}

#[test]
fn a_profile_that_lacks_something_is_told() {
    let mut ordinary = Card::new();
    ordinary.expect_ok(&[SELECT_USIM, PIN1]);
    ordinary.talk(&[(GET_SUCI, "6985")]);
    for calculation in
        [&[][..], &[0xFF; 8], &[0xA0, 2, 1, 1], &[0xA0, 2, 1, 2, 0xA1, 0], &[0xA0, 2, 7, 1, 0xA1, 0]]
    {
        let mut card = card(calculation);
        card.expect_ok(&[SELECT_USIM, PIN1]);
        card.talk(&[(GET_SUCI, "6985")]);
    }
}
