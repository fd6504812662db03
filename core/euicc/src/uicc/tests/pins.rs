//! PINs from the first wrong try to the unblocking.

use alloc::vec;
use alloc::vec::Vec;

use esim_saip::image::{PinScope, SharedPins};

use super::Card;
use crate::uicc::{Change, Uicc};

const SELECT_USIM: &str = "00A4040C0CA0000000871002FF49FF0589";
const PIN1: &str = "002000010831323334FFFFFFFF";
const WRONG: &str = "002000010830303030FFFFFFFF";

#[test]
fn three_wrong_tries_block_and_ten_wrong_codes_end_it() {
    let mut card = Card::new();
    card.talk(&[
        ("00200001", "63C3"),
        ("0020000100", "63C3"),
        (WRONG, "63C2"),
        ("00200001", "63C2"),
        (PIN1, "9000"),
        ("00200001", "63C3"),
        (WRONG, "63C2"),
        (WRONG, "63C1"),
        (WRONG, "63C0"),
        (WRONG, "6983"),
        (PIN1, "6983"),
        ("00200001", "6983"),
        ("002400011031323334FFFFFFFF35353535FFFFFFFF", "6983"),
        ("002600010831323334FFFFFFFF", "6983"),
        ("002C0001", "63CA"),
        ("002C0001103030303030303030 35353535FFFFFFFF", "63C9"),
        ("002C0001", "63C9"),
        ("002C0001103132333435363738 35353535FFFFFFFF", "9000"),
        ("002C0001", "63CA"),
        ("00200001", "63C3"),
        (PIN1, "63C2"),
        ("002000010835353535FFFFFFFF", "9000"),
    ]);
    assert_eq!(card.uicc.take_changes(), [Change::Puks, Change::Pins]);
    for left in (0..10).rev() {
        assert_eq!(card.send("002C0001103030303030303030 35353535FFFFFFFF"), alloc::format!("63C{left:X}"));
    }
    card.talk(&[("002C0001103132333435363738 35353535FFFFFFFF", "6983"), ("002C0001", "6983")]);
}

/// A wrong value takes the verification back; counters outlive a reset, verifications do not.
#[test]
fn verification_ends_with_a_wrong_try_and_with_a_reset() {
    let mut card = Card::new();
    card.expect_ok(&[SELECT_USIM, PIN1, "00A4000C026F07", "00B0000001"]);
    card.talk(&[
        (WRONG, "63C2"),
        ("00B0000001", "6982"),
        (PIN1, "9000"),
        ("00B0000001", "08 9000"),
        (WRONG, "63C2"),
    ]);
    card.uicc.reset();
    card.talk(&[("00B0000001", "6982"), ("00200001", "63C2")]);
    let mut stored = Card::of(card.uicc.image().clone());
    assert_eq!(stored.send("00200001"), "63C2");
}

/// The try is used up in memory before the comparison; a wrong value leaves it at that, a right one gives it back.
#[test]
fn a_try_is_written_before_the_value_is_compared() {
    let mut card = Card::new();
    card.talk(&[("00200001", "63C3"), ("002C0001", "63CA")]);
    assert_eq!((card.kept.len(), card.uicc.take_changes()), (0, Vec::new()), "nothing was presented");
    card.talk(&[(WRONG, "63C2")]);
    assert_eq!((core::mem::take(&mut card.kept), card.uicc.take_changes()), (vec![Change::Pins], Vec::new()));
    card.talk(&[(PIN1, "9000")]);
    assert_eq!(
        (core::mem::take(&mut card.kept), card.uicc.take_changes()),
        (vec![Change::Pins], vec![Change::Pins])
    );
    card.talk(&[("002C0001103030303030303030 35353535FFFFFFFF", "63C9")]);
    assert_eq!((core::mem::take(&mut card.kept), card.uicc.take_changes()), (vec![Change::Puks], Vec::new()));
    card.talk(&[("002C0001103132333435363738 35353535FFFFFFFF", "9000")]);
    assert_eq!(card.kept, [Change::Puks]);
    assert_eq!(card.uicc.take_changes(), [Change::Puks, Change::Pins]);
}

/// Whatever is presented, the answer is the same: nothing is learnt of the value.
#[test]
fn memory_that_takes_no_writes_compares_nothing() {
    for command in [
        WRONG,
        PIN1,
        "002400011031323334FFFFFFFF35353535FFFFFFFF",
        "002600010831323334FFFFFFFF",
        "002C0001103132333435363738 35353535FFFFFFFF",
        "0020000A083132333435363738",
    ] {
        let mut card = Card { refuses: true, ..Card::new() };
        assert_eq!(card.send(command), "6581", "{command}");
        assert_eq!(card.uicc.verified, vec![false; card.uicc.verified.len()]);
    }
}

#[test]
fn change_pin() {
    let mut card = Card::new();
    card.talk(&[
        ("002400011030303030FFFFFFFF35353535FFFFFFFF", "63C2"),
        ("002400011031323334FFFFFFFF353535FFFFFFFFFF", "6A80"),
        ("002400011031323334FFFFFFFF35353535FFFFFF35", "6A80"),
        ("002400010831323334FFFFFFFF", "6700"),
        ("002400011031323334FFFFFFFF35353535FFFFFFFF", "9000"),
        (PIN1, "63C2"),
        ("002000010835353535FFFFFFFF", "9000"),
        // An administrative code may be any octets.
        ("0024000A10 4141414141414141 0001020304050607", "9000"),
        ("0020000A08 0001020304050607", "9000"),
    ]);
}

/// While PIN 1 is disabled, what it protects is open; the universal PIN may take its place.
#[test]
fn disable_and_enable() {
    let mut card = Card::new();
    card.talk(&[
        (SELECT_USIM, "9000"),
        ("002600010830303030FFFFFFFF", "63C2"),
        ("002600010831323334FFFFFFFF", "9000"),
        ("00A4000C026F07", "9000"),
        ("00B0000001", "08 9000"),
        (PIN1, "6984"),
        // The tries left are told whether or not the PIN is disabled (TS 102 221 11.1.9.1.2).
        ("00200001", "63C3"),
        ("002600010831323334FFFFFFFF", "6984"),
        ("002400011031323334FFFFFFFF35353535FFFFFFFF", "6984"),
    ]);
    assert!(card.send("80F2000000").contains("C60C900160"));
    card.talk(&[
        ("002800010830303030FFFFFFFF", "63C2"),
        ("002800010831323334FFFFFFFF", "9000"),
        ("002800010831323334FFFFFFFF", "6985"),
        ("00B0000001", "08 9000"),
    ]);
    card.uicc.reset();
    card.talk(&[("00B0000001", "6982")]);
    assert!(card.send("80F2000000").contains("C60C9001E0"));
    card.talk(&[
        ("0028001108 3939393939393939", "9000"),
        ("002691010831323334FFFFFFFF", "9000"),
        ("00B0000001", "08 9000"),
    ]);
    card.uicc.reset();
    card.talk(&[
        ("00B0000001", "6982"),
        ("0020001108 3939393939393939", "9000"),
        ("00B0000001", "08 9000"),
        // Unblocking enables again.
        ("002C0001103132333435363738 35353535FFFFFFFF", "9000"),
        ("00200001", "63C3"),
    ]);
}

#[test]
fn attributes_forbid() {
    let mut card = Card::new();
    let mut image = card.uicc.image().clone();
    image.pins[0].attributes = 0x01;
    card.uicc = Uicc::new(image);
    card.talk(&[
        ("002600010831323334FFFFFFFF", "6985"),
        ("002400011031323334FFFFFFFF35353535FFFFFFFF", "6985"),
        ("002C0001103132333435363738 35353535FFFFFFFF", "6985"),
        (PIN1, "9000"),
    ]);
}

/// Local PINs belong to a directory; those below it and those that share it see them.
#[test]
fn local_pins() {
    let mut card = Card::new();
    card.talk(&[
        ("00200081", "6A88"),
        (SELECT_USIM, "9000"),
        ("00200081", "63C3"),
        ("00A4000C025FC0", "9000"),
        ("00200081", "63C3"),
        ("002000810835363738FFFFFFFF", "9000"),
        ("002C00811038373635343332 31 35353535FFFFFFFF", "9000"),
        ("00A4040C07A0000000871004", "9000"),
        ("00200081", "6A88"),
    ]);
    let mut image = card.uicc.image().clone();
    image.shared_pins.push(SharedPins { directory: [0x3F00, 0x7FB0].into(), owner: [0x3F00, 0x7FD0].into() });
    assert!(matches!(image.pins[3].scope, PinScope::Local(_)));
    card.uicc = Uicc::new(image);
    card.talk(&[("00200081", "63C3")]);
}

#[test]
fn status_words() {
    let mut card = Card::new();
    card.talk(&[
        ("00200000", "6A86"),
        ("00200009", "6A86"),
        ("00200021", "6A86"),
        ("00200091", "6A86"),
        ("00200101", "6A86"),
        ("00200002", "6A88"),
        ("0020000107313233 34FFFFFF", "6700"),
        ("00260001", "6700"),
        ("00280001", "6700"),
        ("00240001", "6700"),
        ("002C00010831323334FFFFFFFF", "6700"),
        ("002C000A", "6A88"),
        ("002681010831323334FFFFFFFF", "6A86"),
        ("80200001", "6E00"),
    ]);
    assert_eq!(card.uicc.take_changes(), []);
}
