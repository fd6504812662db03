extern crate std;

use proptest::prelude::*;

use super::*;

#[test]
fn iccid() {
    // The digits, then EF.ICCID.
    for (digits, content) in
        [("8988211000000430010", "988812010000400310f0"), ("89000123456789012341", "98001032547698103214")]
    {
        let coded = encode_iccid(digits).unwrap();
        assert_eq!(hex::encode(coded), content);
        assert_eq!(decode_iccid(&coded), digits);
    }
    assert_eq!(hex::encode(iccid_in_header("89000123456789012341").unwrap()), "89000123456789012341");
    assert_eq!(encode_iccid("12345"), Err(Invalid("has not 18 to 20 digits")));
    assert_eq!(encode_iccid("8900012345678901234x"), Err(Invalid("has more than digits")));
    assert!(luhn_is_valid("8988211000000430010"));
    assert!(!luhn_is_valid("8988211000000430011"));
    assert_eq!(luhn_digit("7992739871"), Ok(3));
    assert!(!luhn_is_valid("") && !luhn_is_valid("é"));
}

#[test]
fn imsi() {
    assert_eq!(hex::encode(encode_imsi("001010123456789").unwrap()), "080910101032547698");
    assert_eq!(hex::encode(encode_imsi("00101012345678").unwrap()), "0801101010325476f8");
    assert_eq!(encode_imsi("00101"), Err(Invalid("has not 6 to 15 digits")));
    assert_eq!(decode_imsi(&[]), None);
    assert_eq!(decode_imsi(&[0xFF; 9]), None);
    assert_eq!(access_class("001010123456789"), Ok([0x02, 0x00]));
    assert_eq!(access_class("001010123456780"), Ok([0x00, 0x01]));
}

#[test]
fn plmn() {
    assert_eq!(encode_plmn("00101"), Ok([0x00, 0xF1, 0x10]));
    assert_eq!(encode_plmn("310410"), Ok([0x13, 0x00, 0x14]));
    assert_eq!(decode_plmn([0xFF; 3]), None);
    assert_eq!(encode_plmn("0010"), Err(Invalid("has neither 5 nor 6 digits")));
}

#[test]
fn numbers() {
    let record = encode_number("Me", "+15555", 24).unwrap();
    assert_eq!(hex::encode(&record), "4d65ffffffffffffffff04915155f5ffffffffffffffffff");
    assert_eq!(decode_number(&record).unwrap(), ("Me".into(), "+15555".into()));
    assert_eq!(decode_number(&[0xFF; 24]), None);
    assert_eq!(decode_number(&[0xFF; 3]), None);
    assert_eq!(encode_emergency_number("112", 0), Ok([0x11, 0xF2, 0xFF, 0]));
}

#[test]
fn names() {
    // EF.SPN of the published packages.
    let published = hex::decode("0147534d411154455354ffffffffffffff").unwrap();
    assert_eq!(decode_spn(&published).unwrap(), ("GSMA_TEST".into(), 1));
    assert_eq!(encode_spn("GSMA_TEST", 1).unwrap()[..], published);
    assert_eq!(hex::encode(encode_alpha("a€", 4).unwrap()), "611b65ff");
    assert_eq!(hex::encode(encode_alpha("Ж", 4).unwrap()), "800416ff");
    assert_eq!(encode_spn("Жжжжжжжж", 0), Err(Invalid("is too long for its place")));
    assert_eq!(encode_spn("😀", 0), Err(Invalid("has a character beyond UCS2")));
    // TS 102 221 annex A, the forms with a base.
    assert_eq!(decode_alpha(&hex::decode("810513 53 95A6A6FF".replace(' ', "")).unwrap()), "Sকদদ\u{9FF}");
    assert_eq!(decode_alpha(&hex::decode("820505302D82D32D31").unwrap()), "-\u{532}\u{583}-1");
}

#[test]
fn service_tables() {
    let mut table = [0u8; 2];
    set_service(&mut table, 1, true);
    set_service(&mut table, 9, true);
    set_service(&mut table, 17, true);
    set_service(&mut table, 0, true);
    assert_eq!((table, services(&table)), ([1, 1], vec![1, 9]));
    set_service(&mut table, 9, false);
    assert!(!has_service(&table, 9) && !has_service(&table, 0) && !has_service(&table, 100));
}

#[test]
fn directory_entries() {
    // EF.DIR of the published packages.
    let record = hex::decode("61144F0CA0000000871002FF49FF058950045553494DFFFF").unwrap();
    let (aid, label) = decode_dir(&record).unwrap();
    assert_eq!(label, "USIM");
    assert_eq!(encode_dir(&aid, &label), record[..22]);
    assert_eq!(decode_dir(&[0xFF; 24]), None);
}

proptest! {
    #[test]
    fn iccids_round_trip(digits in "[0-9]{18,20}") {
        prop_assert_eq!(decode_iccid(&encode_iccid(&digits).unwrap()), digits);
    }

    #[test]
    fn imsis_round_trip(digits in "[0-9]{6,15}") {
        prop_assert_eq!(decode_imsi(&encode_imsi(&digits).unwrap()).unwrap(), digits);
    }

    #[test]
    fn plmns_round_trip(digits in "[0-9]{5,6}") {
        prop_assert_eq!(decode_plmn(encode_plmn(&digits).unwrap()).unwrap(), digits);
    }

    #[test]
    fn numbers_round_trip(number in "[+]?[0-9*#]{1,20}", name in "[a-zA-Z ]{0,10}") {
        prop_assert_eq!(decode_number(&encode_number(&name, &number, 24).unwrap()).unwrap(), (name, number));
    }

    #[test]
    fn names_round_trip(name in "\\PC{0,7}") {
        if let Ok(content) = encode_spn(&name, 1) {
            prop_assert_eq!(decode_spn(&content).unwrap().0, name);
        }
    }

    #[test]
    fn decoders_take_any_octets(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = (decode_imsi(&octets), decode_number(&octets), decode_spn(&octets), decode_dir(&octets));
    }
}
