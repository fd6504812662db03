//! AUTHENTICATE with published vectors, freshness, resynchronisation.

use alloc::format;

use esim_crypto::milenage::Milenage;
use esim_crypto::tuak::{Lengths, Tuak};
use esim_crypto::usim_test;
use esim_saip::image::Algorithm;

use super::Card;
use super::profile::{self, KEY};
use crate::uicc::{Change, Uicc};

const SELECT_USIM: &str = "00A4040C0CA0000000871002FF49FF0589";
const SELECT_ISIM: &str = "00A4040C0CA0000000871004FF49FF0589";
const PIN1: &str = "002000010831323334FFFFFFFF";
const RAND: [u8; 16] = [0; 16];

fn usim() -> Card {
    let mut card = Card::new();
    card.expect_ok(&[SELECT_USIM, PIN1]);
    card.uicc.take_changes();
    card
}

/// AUTHENTICATE in 3G context with what an authentication centre makes of a sequence number.
fn challenge(sqn: u64) -> alloc::string::String {
    let milenage = Milenage::new(&KEY, &KEY);
    let sqn: [u8; 6] = sqn.to_be_bytes()[2..].try_into().unwrap();
    let ak = milenage.f2345(&RAND).ak;
    let hidden: [u8; 6] = core::array::from_fn(|i| sqn[i] ^ ak[i]);
    let mac = milenage.f1(&RAND, &sqn, &[0, 0]);
    format!("0088008122 10{} 10{}0000{}", hex::encode(RAND), hex::encode(hidden), hex::encode(mac))
}

/// libosmocore, tests/auth/milenage_test.ok: SQN 34 accepted; a repetition answers with AUTS.
#[test]
fn libosmocore_vector() {
    let mut card = usim();
    let challenge = "0088008122 1000000000000000000000000000000000 10EC9320C2C2120000C8B7DE2A3449F1BD";
    let answer = [
        "DB 08E9FC88CCC8A35381",
        "107200A184D8F2C758FBDF87900DDBF275",
        "1012CB2DD3E0EC8378F6FC1D606C619F47",
        "086DE816A759A42912",
        "9000",
    ];
    card.talk(&[(challenge, &answer.concat())]);
    assert_eq!(card.uicc.take_changes(), [Change::Sqn(0)]);
    assert_eq!(card.uicc.image().naas[0].aka.as_ref().unwrap().sqn[2], [0, 0, 0, 0, 0, 1]);
    // A card whose highest number is 31 refuses 31 and says so.
    let mut fresh = usim();
    fresh.talk(&[(&self::challenge(31), "DC0E 8711A0EC9E1637DF17F80B384EE4 9000")]);
    assert_eq!(fresh.uicc.take_changes(), []);
}

/// TS 33.102 C.2: an array of 32, each accepts only what is above its own last.
#[test]
fn sequence_numbers() {
    let mut card = usim();
    let mut accepted = |sqn: u64| match &card.send(&challenge(sqn))[..2] {
        "DB" => true,
        "DC" => false,
        other => panic!("{other}"),
    };
    let table = [
        (0x20, true),
        (0x20, false),
        (0x21, true),
        (0x05, false),
        (0x400, true),
        (0x21 + 0x20, true),
        (0x41, false),
        (0x3E0, false),
        (0x3E1, true),
        // Delta: 0x10000000 above SEQ 0x20.
        ((0x1000_0021 << 5) | 7, false),
        ((0x1000_0020 << 5) | 7, true),
        // Age limit: SEQ 0x20 lies 0x10000000 below the highest one.
        ((0x20 << 5) | 9, false),
        ((0x21 << 5) | 9, true),
    ];
    for (sqn, expected) in table {
        assert_eq!(accepted(sqn), expected, "{sqn:X}");
    }
}

#[test]
fn status_words() {
    let mut card = Card::new();
    let good = challenge(0x20);
    card.talk(&[(&good, "6985"), (SELECT_USIM, "9000"), (&good, "6982"), (PIN1, "9000")]);
    let bad = good.replace("10000000000000", "10000000000001");
    let zeros = "00".repeat(16);
    card.talk(&[
        (&bad, "9862"),
        (&good.replace("00880081", "00880181"), "6A86"),
        (&good.replace("00880081", "00880083"), "6A86"),
        (&good.replace("00880081", "00880084"), "9864"),
        (&good.replace("00880081", "00890081"), "6A81"),
        (&good.replace("00880081", "80880081"), "6E00"),
        (&format!("008800812211{zeros}10{zeros}"), "6A80"),
        (&format!("008800812110{zeros}10{}", &zeros[2..]), "6700"),
        ("0088008100", "6700"),
        ("00880080020400", "6A80"),
        ("00A4000C025FC0", "9000"),
    ]);
    assert!(card.send(&good).starts_with("DB"));
    card.talk(&[("00A4000C023F00", "9000"), (&challenge(0x40), "6985")]);
}

#[test]
fn gsm_context_and_services() {
    let mut card = usim();
    let out = Milenage::new(&KEY, &KEY).f2345(&RAND);
    let kc = hex::encode_upper(esim_crypto::milenage::c3(&out.ck, &out.ik));
    let sres = hex::encode_upper(esim_crypto::milenage::c2(&out.res));
    let gsm = format!("0088008011 10{}", hex::encode(RAND));
    card.talk(&[(&gsm, &format!("04{sres}08{kc}9000"))]);
    // Without service 38 there is no GSM context, without 27 no Kc.
    let mut image = card.uicc.image().clone();
    let esim_saip::image::FileKind::Transparent { data } = &mut image.files[10].kind else { panic!() };
    *data = [0; 5].into();
    card.uicc = Uicc::new(image);
    card.expect_ok(&[PIN1]);
    card.talk(&[(&gsm, "9864")]);
    assert_eq!(card.send(&challenge(0x20)).len(), (1 + 9 + 17 + 17 + 2) * 2);
}

/// The ISIM maps to the keys of the USIM, sequence numbers included.
#[test]
fn mapped_application() {
    let mut card = usim();
    card.expect_ok(&[SELECT_ISIM]);
    assert!(card.send(&challenge(0x20)).starts_with("DB"));
    assert_eq!(card.uicc.take_changes(), [Change::Sqn(0)]);
    card.expect_ok(&[SELECT_USIM]);
    assert!(card.send(&challenge(0x20)).starts_with("DC"));
    card.expect_ok(&[SELECT_ISIM]);
    card.talk(&[(&format!("0088008011 10{}", hex::encode(RAND)), "9864")]);
}

/// TS 34.108 8.1.2: no freshness, AMF FFFF asks for a resynchronisation.
#[test]
fn test_algorithm() {
    let mut image = profile::image();
    image.naas[0].aka.as_mut().unwrap().algorithm = Algorithm::UsimTest { key: KEY };
    let mut card = Card::of(image);
    card.expect_ok(&[SELECT_USIM, PIN1]);
    card.uicc.take_changes();
    let rand = [0x5A; 16];
    let out = usim_test::f2345(&KEY, &rand);
    let challenge = |amf: [u8; 2]| {
        let mac = usim_test::f1(&KEY, &rand, &[0; 6], &amf);
        let parts = [&rand[..], &[16], &out.ak, &amf, &mac].concat();
        format!("008800812210{}", hex::encode(parts))
    };
    let expected = [&[0xDB, 16][..], &out.res, &[16], &out.ck, &[16], &out.ik].concat();
    for _ in 0..2 {
        assert!(card.send(&challenge([0x80, 0])).starts_with(&hex::encode_upper(&expected)));
    }
    assert!(card.send(&challenge([0xFF, 0xFF])).starts_with("DC0E"));
    assert_eq!(card.uicc.take_changes(), []);
}

#[test]
fn authentication_counter() {
    let mut image = profile::image();
    image.naas[0].aka.as_mut().unwrap().auth_counter_max = Some(1);
    let mut card = Card::of(image);
    card.expect_ok(&[SELECT_USIM, PIN1]);
    card.uicc.take_changes();
    card.kept.clear();
    assert!(card.send(&challenge(0x20)).starts_with("DB"));
    assert_eq!(card.kept, [Change::Sqn(0)], "counted before it is computed");
    card.talk(&[(&challenge(0x40), "6983")]);
    assert_eq!(card.uicc.take_changes(), [Change::Sqn(0)]);
}

/// TUAK with short and long keys and responses, as an authentication centre computes it; a MAC of 128 bits has no room
/// in AUTN.
#[test]
fn tuak() {
    let key = [0xAB; 32];
    let lengths = Lengths::default();
    let table = [
        (0x01, &key[..16], lengths),
        (0x00, &key[..], Lengths { res: 4, ..lengths }),
        (0x63, &key[..], Lengths { res: 32, ck: 32, ik: 32, ..lengths }),
    ];
    for (options, key, lengths) in table {
        let mut card = tuak_card(options, key);
        let tuak = Tuak::new(key, &[0x55; 32], 2, lengths).unwrap();
        let (out, sqn) = (tuak.f2345(&RAND), [0, 0, 0, 0, 0, 0x20]);
        let hidden: [u8; 6] = core::array::from_fn(|i| sqn[i] ^ out.ak[i]);
        let autn = |mac: &[u8]| format!("{}0000{}", hex::encode(hidden), hex::encode(&mac[..8]));
        let mac = tuak.f1(&RAND, &sqn, &[0, 0]);
        let ask = |autn: &str| format!("0088008122 10{} 10{autn}", hex::encode(RAND));
        assert_eq!(card.send(&ask(&autn(&[0; 8]))), "9862");
        let answer = card.send(&ask(&autn(&mac)));
        let start = format!("DB{:02X}{}", lengths.res, hex::encode_upper(&out.res[..lengths.res]));
        assert!(answer.starts_with(&start), "{options:02X}: {answer}");
        assert!(answer.contains(&hex::encode_upper(&out.ck[..lengths.ck])), "{options:02X}: {answer}");
        // Once more: AUTS holds the card's number under f5*, and f1* over it.
        let own = [0, 0, 0, 0, 0, 0x20];
        let ak = tuak.f5_star(&RAND);
        let hidden: [u8; 6] = core::array::from_fn(|i| own[i] ^ ak[i]);
        let mac_s = tuak.f1_star(&RAND, &own, &[0, 0]);
        let auts = format!("DC0E{}{}9000", hex::encode_upper(hidden), hex::encode_upper(&mac_s[..8]));
        assert_eq!(card.send(&ask(&autn(&mac))), auts);
    }
    let challenge = challenge(0x20);
    assert_eq!(tuak_card(0x09, &key).send(&challenge), "6985");
}

fn tuak_card(options: u8, key: &[u8]) -> Card {
    let mut image = profile::image();
    let aka = image.naas[0].aka.as_mut().unwrap();
    aka.algorithm = Algorithm::Tuak { key: key.to_vec(), topc: [0x55; 32], iterations: 2 };
    aka.options = options;
    let mut card = Card::of(image);
    card.expect_ok(&[SELECT_USIM, PIN1]);
    card.uicc.take_changes();
    card
}
