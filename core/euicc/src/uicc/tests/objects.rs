//! BER-TLV files: data objects in one and in several blocks.

use super::Card;
use crate::uicc::Change;

fn card() -> Card {
    let mut card = Card::new();
    card.expect_ok(&["00A4040C0CA0000000871002FF49FF0589", "00A4000C026F4D"]);
    card
}

#[test]
fn store_read_replace_delete() {
    let mut card = card();
    card.talk(&[
        ("80CB00800180 00", "6A88"),
        ("80DB008004 8002AABB", "9000"),
        ("80DB008005 5F370112 ", "6700"),
        ("80DB008004 5F370112", "9000"),
        ("80CB008001 80 00", "8002AABB 9000"),
        ("80CB008002 5F37 00", "5F370112 9000"),
        ("80CB008001 5C 00", "5C03805F37 9000"),
        ("80DB008003 8001CC", "9000"),
        ("80CB008001 80 00", "8001CC 9000"),
        ("80DB008001 80", "9000"),
        ("80CB008001 80 00", "6A88"),
        ("80DB008001 80", "6A88"),
        ("80CB008001 5C 00", "5C025F37 9000"),
        ("80CB008601 5C 00", "5C025F37 9000"),
        // Without Le, as T=0 has it: the card makes 61xx of it.
        ("80CB008001 5C", "5C025F37 9000"),
    ]);
    assert_eq!(card.uicc.take_changes(), [Change::File(13)]);
}

#[test]
fn several_blocks() {
    let mut card = card();
    let value = "5A".repeat(300);
    let first = alloc::format!("80DB0080C880820 12C{}", &value[..196 * 2]).replace(' ', "");
    let second = alloc::format!("80DB000068{}", &value[196 * 2..]);
    card.talk(&[
        (&first, "63F1"),
        ("80DB000069", "6700"),
        (&second, "9000"),
        ("80CB008001 80 04", "8082012C 62F1"),
        ("80CB000003", "5A5A5A 62F1"),
        ("80CB004003", "5A5A5A 62F1"),
    ]);
    assert_eq!(card.send("80CB000000").len(), (256 + 2) * 2);
    assert!(card.send("80CB000000").ends_with("5A9000"));
    assert_eq!(card.send("80CB00800180").len(), (256 + 2) * 2, "a block is what one GET RESPONSE brings");
    assert!(card.send("80CB0000").ends_with("5A9000"));
    card.talk(&[("80CB000000", "6985"), ("80CB008001 80 04", "8082012C 62F1"), ("00A4000C026F38", "9000")]);
    card.talk(&[("80CB000000", "6981"), ("00A4000C026F4D", "9000"), ("80CB000000", "6985")]);
}

#[test]
fn status_words() {
    let mut card = card();
    card.talk(&[
        ("80CB008000", "6A80"),
        ("80CB0080015F00", "6A80"),
        ("80CB01800180 00", "6A86"),
        ("80CB00A00180 00", "6A86"),
        ("80CB0000", "6985"),
        ("80DB00000180", "6985"),
        ("80DB0080", "6700"),
        ("80DB0080048001AABB", "6A80"),
        ("80DB00800480 82025A", "6A84"),
        ("80B0000000", "6E00"),
        ("00B0000000", "6981"),
        ("00B2010400", "6981"),
    ]);
    assert_eq!(card.uicc.take_changes(), []);
}
