//! Transparent, linear fixed and cyclic files; life cycle; access rules.

use super::Card;
use crate::uicc::Change;

const SELECT_USIM: &str = "00A4040C0CA0000000871002FF49FF0589";
const PIN1: &str = "002000010831323334FFFFFFFF";
const PIN2: &str = "002000810835363738FFFFFFFF";
const ADM: &str = "0020000A084141414141414141";

fn usim() -> Card {
    let mut card = Card::new();
    card.expect_ok(&[SELECT_USIM]);
    card
}

#[test]
fn read_binary() {
    let mut card = Card::new();
    card.talk(&[
        ("00B000000A", "6986"),
        ("00A4000C022FE2", "9000"),
        ("00B000000A", "98001032547698103214 9000"),
        ("00B0000000", "98001032547698103214 9000"),
        ("00B00000000000", "98001032547698103214 9000"),
        ("00B0000802", "3214 9000"),
        ("00B0000803", "6C02"),
        ("00B000080000FF", "6C02"),
        ("00B00008000100", "3214 9000"),
        ("00B00008000101", "3214 6282"),
        ("00B0000A01", "6B00"),
        ("00B07FFF01", "6B00"),
        ("00B00000", "6700"),
        ("00A4000C023F00", "9000"),
        ("00B0820401", "54 9000"),
        ("00B0000401", "54 9000"),
        ("00B0830001", "6A82"),
        ("00B0A20001", "6A86"),
    ]);
}

#[test]
fn update_binary_changes_one_file() {
    let mut card = usim();
    card.expect_ok(&[PIN1, ADM, "00A4000C026F07"]);
    card.uicc.take_changes();
    card.talk(&[
        ("00D6000702AABB", "9000"),
        ("00B0000009", "08091010103254AABB 9000"),
        ("00D6000802AABB", "6700"),
        ("00D6000901AA", "6B00"),
        ("00D60000", "6700"),
        ("00D6870001FF", "9000"),
    ]);
    assert_eq!(card.uicc.take_changes(), [Change::File(9)]);
    card.talk(&[("00D6870001FF", "9000")]);
    assert_eq!(card.uicc.take_changes(), []);
    assert_eq!(card.uicc.image().files[9].data()[0], 0xFF);
}

/// Who may what: the rules refuse until the PIN they name was presented.
#[test]
fn access_rules() {
    let mut card = usim();
    card.talk(&[
        ("00A4000C026F07", "9000"),
        ("00B0000001", "6982"),
        (PIN1, "9000"),
        ("00B0000001", "08 9000"),
        ("00D600000108", "6982"),
        (ADM, "9000"),
        ("00D600000108", "9000"),
        // Rule 1: reading is free.
        ("00B0840001", "FF 9000"),
        // Rule 3: never.
        ("00A4000C026F06", "9000"),
        ("00B2010400", "6982"),
        ("00DC010401FF", "6982"),
    ]);
    let mut card = usim();
    card.talk(&[
        // Rule 7: read with PIN 1 or ADM, update with PIN 1 and PIN 2.
        ("00A4000C026F7F", "9000"),
        ("00B0000002", "6982"),
        (ADM, "9000"),
        ("00B0000002", "0102 9000"),
        ("00D600000103", "6982"),
        (PIN1, "9000"),
        ("00D600000103", "6982"),
        (PIN2, "9000"),
        ("00D600000103", "9000"),
    ]);
}

#[test]
fn records_of_a_linear_fixed_file() {
    let mut card = Card::new();
    card.expect_ok(&["00A4080C047F106F3A"]);
    card.talk(&[
        ("00B2000402", "6A83"),
        ("00B2000202", "41FF 9000"),
        ("00B2000202", "42FF 9000"),
        ("00B2000402", "42FF 9000"),
        ("00B2030402", "43FF 9000"),
        ("00B2000402", "42FF 9000"),
        ("00B2000200", "43FF 9000"),
        ("00B2000200", "6A83"),
        ("00B2000302", "42FF 9000"),
        ("00B2040402", "6A83"),
        ("00B2010403", "6C02"),
        ("00B2010401", "6C02"),
        ("00B2010202", "6A86"),
        ("00B2010502", "6A86"),
        ("00B20104", "6700"),
        ("00DC0104024455", "9000"),
        ("00B2010402", "4455 9000"),
        ("00DC010401FF", "6700"),
        ("00DC040402FFFF", "6A83"),
        ("00DC000302FFFF", "9000"),
        ("00B2010402", "FFFF 9000"),
        ("00B0000002", "6981"),
        ("00D6000001FF", "6981"),
        ("00A4000C026F3A", "9000"),
        ("00B2000302", "43FF 9000"),
    ]);
    assert_eq!(card.uicc.take_changes(), [Change::File(4)]);
}

/// The file of the ISIM shows what lies under DF.TELECOM.
#[test]
fn linked_file() {
    let mut card = Card::new();
    card.talk(&[
        ("00A4040C07A0000000871004", "9000"),
        ("00A4000C026F3A", "9000"),
        ("00DC0104025A5A", "9000"),
        ("00A4080C047F106F3A", "9000"),
        ("00B2010402", "5A5A 9000"),
    ]);
    assert_eq!(card.uicc.take_changes(), [Change::File(4)]);
}

#[test]
fn ring_of_records() {
    let mut card = usim();
    card.expect_ok(&[PIN1]);
    card.talk(&[
        ("00B2012C03", "000003 9000"),
        ("00B2000303", "000001 9000"),
        ("00B2000203", "000003 9000"),
        ("00DC010403000009", "6981"),
        ("00DC000203000009", "6981"),
        ("00DC000303000009", "9000"),
        ("00B2000403", "000009 9000"),
        ("00B2020403", "000003 9000"),
        ("00B2030403", "000002 9000"),
        ("8032000001FF", "00010 8FF 9000"),
        ("00B2010403", "000108 9000"),
        ("8032850003FFFF00", "9850"),
        ("8032850003FFFE00", "FFFF08 FFFE00 9000"),
        ("8032000004FFFF0000", "6700"),
        ("80320000", "6700"),
        ("80320001 0101", "6A86"),
        ("0032000001FF", "6E00"),
    ]);
}

#[test]
fn search_in_records() {
    let mut card = Card::new();
    card.expect_ok(&["00A4080C047F106F3A"]);
    card.talk(&[
        ("00A2010401FF00", "010203 9000"),
        ("00A2030501FF00", "030201 9000"),
        ("00A2010401FF01", "01 9000"),
        ("00A20104024 2FF00", "02 9000"),
        ("00B2000402", "42FF 9000"),
        ("00A2000401FF00", "0203 9000"),
        ("00A20104014400", "6282"),
        ("00A201040341424300", "6700"),
        ("00A2010400", "6700"),
        ("00A2040401FF00", "6A83"),
        ("00A2010601FF", "6700"),
        // Enhanced: offset 1; behind an octet; from the next record; backwards from the previous one.
        ("00A20106030401FF00", "010203 9000"),
        ("00A201060304014100", "6282"),
        ("00A20106030C42FF00", "02 9000"),
        ("00A20006030600FF00", "03 9000"),
        ("00A20006030700FF00", "0201 9000"),
        ("00A20106031400FF00", "6A80"),
        ("00A20107030400FF00", "6A81"),
        ("00A2010201FF00", "6A86"),
    ]);
}

#[test]
fn deactivated_file() {
    let mut card = usim();
    card.expect_ok(&[PIN1, "00A4000C026F38"]);
    card.talk(&[("00040000", "6982"), (ADM, "9000")]);
    card.uicc.take_changes();
    card.talk(&[
        ("00040000", "9000"),
        ("00B0000001", "6984"),
        ("00A40004026F3800", "6217 82024121 83026F38 8A0104 8B036F0601 80020005 880120 6283"),
        ("00A4000C026F38", "6283"),
        ("00440000", "9000"),
        ("00B0000001", "FF 9000"),
        ("00A4000C027FFF", "9000"),
        ("00040000", "6986"),
        ("00040000026F38", "9000"),
        ("004408000 47FFF6F38", "9000"),
        ("00040000025FC0", "6981"),
        ("00040000024F01", "6A82"),
        ("00040001", "6A86"),
        ("000400000 16F", "6A87"),
    ]);
    assert_eq!(card.uicc.take_changes(), [Change::File(10)]);
}

/// File special information 40: usable while deactivated.
#[test]
fn readable_while_deactivated() {
    let mut card = usim();
    let mut image = card.uicc.image().clone();
    image.files[10].special = 0x40;
    image.files[10].lcs = 0x04;
    card.uicc = crate::uicc::Uicc::new(image);
    card.talk(&[
        ("00A40004026F3800", "621C 82024121 83026F38 A503C00140 8A0104 8B036F0601 80020005 880120 6283"),
        ("00B0000001", "FF 9000"),
    ]);
}
