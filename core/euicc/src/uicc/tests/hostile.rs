//! Whatever octets come, the UICC answers.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::Card;
use crate::apdu::{Command, Status};
use crate::uicc::Uicc;

/// Commands that have a chance to reach deep: known instructions, parameters and lengths at their edges.
fn command() -> impl Strategy<Value = Vec<u8>> {
    let ins =
        prop::sample::select(crate::uicc::INSTRUCTIONS.iter().map(|(ins, ..)| *ins).collect::<Vec<_>>());
    let edge = prop_oneof![Just(0u8), Just(1), Just(4), Just(0x81), Just(0xFF), any::<u8>()];
    let class = prop_oneof![Just(0x00u8), Just(0x80), Just(0x41), any::<u8>()];
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::sample::select(alloc::vec![
            0x3F00u16, 0x7FFF, 0x2F06, 0x6F06, 0x6F07, 0x6F39, 0x6F3A, 0x6F4D, 0x5FC0
        ])
        .prop_map(|fid| fid.to_be_bytes().to_vec()),
    ];
    (class, ins, edge.clone(), edge, data, any::<Option<u8>>()).prop_map(|(cla, ins, p1, p2, data, le)| {
        let mut octets = alloc::vec![cla, ins, p1, p2];
        if !data.is_empty() {
            octets.push(data.len() as u8);
            octets.extend(data);
        }
        octets.extend(le);
        octets
    })
}

/// Executes what parses; every answer has a status word of a known family.
fn run(card: &mut Card, octets: &[u8]) {
    let Ok(command) = Command::parse(octets) else { return };
    let status = match card.uicc.command(&mut card.channel, &command, &mut |_, _| Ok(())) {
        Ok(response) => response.status,
        Err(status) => status,
    };
    assert!(status.text().is_some(), "{status:?} for {octets:02X?}");
    assert_ne!(status, Status::TECHNICAL_PROBLEM);
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(commands in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..20)) {
        let mut card = Card::new();
        for octets in commands {
            run(&mut card, &octets);
        }
    }

    #[test]
    fn likely_commands_never_panic(commands in prop::collection::vec(command(), 1..60)) {
        let mut card = Card::new();
        card.expect_ok(&["00A4040C07A0000000871002", "002000010831323334FFFFFFFF", "0020000A084141414141414141"]);
        for octets in commands {
            run(&mut card, &octets);
        }
        let again = Uicc::new(card.uicc.image().clone());
        prop_assert_eq!(again.image(), card.uicc.image());
    }

    /// Also with access rules, files and counters that no profile should have.
    #[test]
    fn odd_images_never_panic(rules in prop::collection::vec(any::<u8>(), 350), commands in prop::collection::vec(command(), 1..30)) {
        let mut image = super::profile::image();
        for file in [1, 8] {
            image.files[file].kind = esim_saip::image::FileKind::LinearFixed { record_len: 50, data: rules.clone() };
        }
        image.files[4].kind = esim_saip::image::FileKind::LinearFixed { record_len: 0, data: Vec::new() };
        image.files[11].kind = esim_saip::image::FileKind::Cyclic { record_len: 9, data: rules[..5].to_vec() };
        image.files[18].linked_to = Some(image.files[18].path.clone());
        image.files.remove(7);
        image.naas[0].aka = None;
        image.pins[0].max_attempts = 0;
        let mut card = Card::of(image);
        for octets in commands {
            run(&mut card, &octets);
        }
    }
}
