//! The driver and a virtual reader: every level, every quirk, and what is said where nothing comes of it.

use crate::common::{Fake, Port, es10};
use esim_reader::ccid::{
    BlockError, Descriptor, DescriptorError, Device, Driver, Error, Level, Quirks, SlotChange, SlotError,
    slot_changes,
};
use esim_reader::{Effect, Event, Plug, Reply, Request};

const FEATURES: u32 = Descriptor::AUTO_VOLTAGE | Descriptor::AUTO_PARAMETERS;
const T1: &str = "3BF2180002C10A31FE58C80874";

fn descriptor(features: u32) -> Descriptor {
    Descriptor {
        release: 0x0110,
        last_slot: 0,
        voltages: 7,
        protocols: 3,
        ifsd: 254,
        features,
        message_length: 271,
    }
}

fn port(features: u32, card: Fake, quirks: Quirks) -> Port<Driver, Device<Fake>> {
    let descriptor = descriptor(features);
    Port::new(Driver::new(descriptor, 0), Device::new(descriptor, Some(card)).with_quirks(quirks))
}

fn card(atr: &str) -> Fake {
    Fake { atr: hex::decode(atr).unwrap(), ..Fake::default() }
}

const LEVELS: [(u32, &str, Level, u8); 8] = [
    (FEATURES | 0x1_0000, "3B00", Level::Tpdu, 0),
    (0x1_0000, "3B00", Level::Tpdu, 0),
    (FEATURES | 0x1_0000, T1, Level::Tpdu, 1),
    (0x1_0000, T1, Level::Tpdu, 1),
    (FEATURES | 0x2_0000, "3B00", Level::ShortApdu, 0),
    (FEATURES | 0x2_0000, T1, Level::ShortApdu, 1),
    (FEATURES | 0x4_0000, "3B00", Level::ExtendedApdu, 0),
    (0x4_0000, T1, Level::ExtendedApdu, 1),
];

#[test]
fn every_level_does_what_an_lpa_needs() {
    let payload: Vec<u8> = (0..700u16).map(|at| (at * 7) as u8).collect();
    let reversed: Vec<u8> = payload.iter().rev().copied().collect();
    for (features, atr, level, protocol) in LEVELS {
        let mut port = port(features, card(atr), Quirks::default());
        let opened = port.open().unwrap();
        assert_eq!(
            (opened.level, opened.protocol, hex::encode_upper(opened.atr)),
            (level, protocol, atr.into())
        );
        assert_eq!(es10(&mut port, &payload).unwrap(), reversed, "{level:?} T={protocol}");
        port.close().unwrap();
        assert_eq!(port.apdu("00A40004022FE2"), Err(Error::NotOpen));
        assert!(port.peer.card().unwrap().channels.is_empty());
    }
}

#[test]
fn every_quirk_is_borne_at_every_level() {
    let quirks = [
        Quirks { stale_answer: true, ..Quirks::default() },
        Quirks { time_extensions: 5, ..Quirks::default() },
        Quirks { packet: 1, ..Quirks::default() },
        Quirks { packet: 64, time_extensions: 1, stale_answer: true, ..Quirks::default() },
        Quirks { padding: 300, time_extensions: 1, ..Quirks::default() },
        Quirks { busy: 3, ..Quirks::default() },
        Quirks { wants_power: 2, ..Quirks::default() },
    ];
    for (features, atr, level, protocol) in LEVELS {
        for quirks in quirks {
            let mut port = port(features, card(atr), quirks);
            port.open().unwrap_or_else(|error| panic!("{level:?} T={protocol} {quirks:?}: {error}"));
            assert_eq!(es10(&mut port, &[7; 300]).unwrap(), [7; 300], "{level:?} T={protocol} {quirks:?}");
        }
    }
}

#[test]
fn what_is_wrong_has_its_name() {
    let features = FEATURES | 0x2_0000;
    let open = |quirks| port(features, card("3B00"), quirks).open().unwrap_err();
    assert_eq!(open(Quirks { is_mute: true, ..Quirks::default() }), Error::Slot(SlotError::Mute));
    assert_eq!(open(Quirks { is_dead: true, ..Quirks::default() }), Error::Timeout);
    assert_eq!(open(Quirks { busy: 255, ..Quirks::default() }), Error::Slot(SlotError::SlotBusy));
    assert_eq!(
        open(Quirks { wrong_sequence: true, ..Quirks::default() }),
        Error::Sequence { expected: 1, came: 8 }
    );
    let empty = descriptor(features);
    let mut empty = Port::new(Driver::new(empty, 0), Device::<Fake>::new(empty, None));
    assert_eq!(empty.open().unwrap_err(), Error::NoCard);
    let open = |features, atr| port(features, card(atr), Quirks::default()).open().unwrap_err().to_string();
    assert_eq!(open(FEATURES, "3B00"), "the reader exchanges single characters, which is not carried");
    assert_eq!(open(features, "00"), "an answer to reset begins with 3B or 3F, not with 00");
    // TC3 wants a CRC.
    assert_eq!(
        open(FEATURES | 0x1_0000, "3B80814101"),
        "the answer to reset ends before its check octet TCK"
    );
    assert_eq!(open(FEATURES | 0x1_0000, "3B8081410141"), Error::Block(BlockError::Crc).to_string());
    // T=14 alone: no reader speaks it untold.
    assert_eq!(open(0x2_0000, "3B800E8E"), "the reader does not speak the card's protocol, T=14");
}

#[test]
fn apdus_of_any_length_go_where_the_reader_takes_them() {
    let long = [hex::decode("80F200000003E8").unwrap(), vec![0x55; 1000]].concat();
    let mut fake = card("3B00");
    fake.long = 3000;
    let mut extended = port(FEATURES | 0x4_0000, fake, Quirks::default());
    extended.open().unwrap();
    let response = extended.transmit(&long).unwrap();
    assert_eq!((response.len(), extended.peer.card().unwrap().seen.last()), (3002, Some(&long)));
    // 1007 octets in messages of 261, and 3002 back.
    assert_eq!(extended.written.len(), 2 + 4 + 11);
    // A reader with room for sixteen octets takes them sixteen at a time, and blocks of twelve.
    for (features, atr) in [(FEATURES | 0x4_0000, "3B00"), (FEATURES | 0x1_0000, T1)] {
        let small = Descriptor { message_length: 26, ..descriptor(features) };
        let mut port = Port::new(Driver::new(small, 0), Device::new(small, Some(card(atr))));
        port.open().unwrap();
        assert_eq!(es10(&mut port, &[9; 200]).unwrap(), [9; 200]);
        assert!(port.written.iter().all(|message| message.len() <= 26));
    }
    let mut short = port(FEATURES | 0x2_0000, card("3B00"), Quirks::default());
    short.open().unwrap();
    assert_eq!(short.transmit(&long), Err(Error::Apdu(1007)));
    let mut t0 = port(FEATURES | 0x1_0000, card("3B00"), Quirks::default());
    t0.open().unwrap();
    assert_eq!(t0.transmit(&long), Err(Error::Apdu(1007)));
    assert_eq!(t0.transmit(&[0x00, 0xA4]), Err(Error::Apdu(2)));
    // Case 4 over T=0: who asks for data is given it.
    t0.apdu("0070000001").unwrap();
    assert_eq!(t0.apdu("01A4040010A0000005591010FFFFFFFF890000010000").unwrap(), "6F009000");
    // 6Cxx over T=0: asked once more, with the length that the card has named.
    assert_eq!(t0.apdu("00A40004022FE2").unwrap(), "9000");
    assert_eq!(t0.apdu("00B0000000").unwrap(), "980011223344556677F89000");
}

#[test]
fn a_card_that_needs_long_gets_its_time_but_not_for_ever() {
    let quirks = Quirks { time_extensions: 200, ..Quirks::default() };
    let mut port = port(FEATURES | 0x2_0000, card("3B00"), quirks);
    port.open().unwrap();
    assert_eq!(port.apdu("00A40004022FE2").unwrap(), "9000");
    // A reader that asks for time whenever it is nearly up.
    let apdu = vec![0x00, 0xA4, 0x00, 0x04];
    let Effect::Write { octets, until } = port.driver.begin(Request::Transmit(apdu), 0) else { panic!() };
    let more_time = [0x80, 0, 0, 0, 0, 0, octets[6], 0x80, 1, 0];
    let mut now = until;
    let end = loop {
        now -= 1;
        match port.driver.step(Event::Received(&more_time), now) {
            Effect::Wait { until } if until > now => now = until,
            other => break (other, port.driver.step(Event::Elapsed, 600_000)),
        }
        assert!(now <= 600_000);
        if now == 600_000 {
            break (Effect::Wait { until: now }, port.driver.step(Event::Elapsed, now));
        }
    };
    assert_eq!(end.1, Effect::Done(Err(Error::Timeout)));
}

/// ACS's ACR33U, as in acshk/acsccid issue 19: more zeros than the message has octets.
#[test]
fn acsccid_19_zeros_after_the_message() {
    let features = FEATURES | 0x2_0000;
    let mut port = port(features, card("3B00"), Quirks::default());
    port.open().unwrap();
    let apdu = hex::decode("A4090404 3F00D003".replace(' ', "")).unwrap();
    let Effect::Write { octets, until } = port.driver.begin(Request::Transmit(apdu), 0) else { panic!() };
    let sequence = octets[6];
    let mut answer = hex::decode("8002000000000000000061270000000000").unwrap();
    answer[6] = sequence;
    let (first, rest) = answer.split_at(7);
    assert_eq!(port.driver.step(Event::Received(first), 0), Effect::Wait { until });
    assert_eq!(port.driver.step(Event::Received(rest), 0), Effect::Done(Ok(Reply::Apdu(vec![0x61, 0x27]))));
}

#[test]
fn a_descriptor_is_read_as_it_is_written() {
    let known = descriptor(0x0001_0230);
    let octets = known.to_octets();
    assert_eq!(Descriptor::parse(&octets), Ok(known));
    assert_eq!(
        (known.level(), known.speaks(1), known.speaks(2), known.speaks(40)),
        (Level::Tpdu, true, false, false)
    );
    assert_eq!(Descriptor::parse(&octets[..53]), Err(DescriptorError::Short(53)));
    let mut other = octets;
    other[1] = 0x24;
    assert_eq!(Descriptor::parse(&other), Err(DescriptorError::Kind { length: 54, kind: 0x24 }));
}

#[test]
fn a_card_that_comes_and_goes_is_noticed() {
    let change = |is_present, has_changed| SlotChange { is_present, has_changed };
    let none = change(false, false);
    assert_eq!(slot_changes(&[0x50, 0x03]), Some(vec![change(true, true), none, none, none]));
    assert_eq!(slot_changes(&[0x50, 0x02]).unwrap()[0], change(false, true));
    assert_eq!(slot_changes(&[0x51, 0, 0, 0]), None);
    assert_eq!(slot_changes(&[]), None);
}

#[test]
fn the_descriptor_of_an_interface_is_found_in_a_configuration() {
    let reader = descriptor(FEATURES | 0x2_0000);
    let interface = |number: u8, class: u8| [9, 4, number, 0, 2, class, 0, 0, 0];
    let configuration = [9, 2, 95, 0, 2, 1, 0, 0x80, 50];
    let endpoint = [7, 5, 0x81, 2, 64, 0, 0];
    let all = [
        &configuration[..],
        &interface(0, 3),
        &endpoint,
        &interface(1, 0xFF),
        &reader.to_octets(),
        &endpoint,
    ]
    .concat();
    assert_eq!(Descriptor::find(&all, 1), Some(reader));
    assert_eq!(Descriptor::find(&all, 0), None, "another interface's");
    assert_eq!(Descriptor::find(&all, 2), None);
    // Cut anywhere, or with a length of none, it is none, and nothing is read for ever.
    let end = all.len() - endpoint.len();
    for cut in 0..end {
        assert_eq!(Descriptor::find(&all[..cut], 1), None, "{cut}");
    }
    let mut odd = all;
    odd[0] = 0;
    assert_eq!(Descriptor::find(&odd, 1), None);
}
