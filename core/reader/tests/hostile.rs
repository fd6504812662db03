//! Any octets at all, in any pieces: nothing panics, nothing grows, and pieces make no difference.

use crate::common::{Fake, ISD_R, Port, es10};
use esim_reader::at::Driver;
use esim_reader::atr::Atr;
use esim_reader::ccid::{self, Descriptor, Device, slot_changes};
use esim_reader::modem::{DIALECTS, Modem, STANDARD};
use esim_reader::{Effect, Event, Plug, Request};
use proptest::prelude::*;
use std::fmt::Debug;

/// Feeds a driver with octets in pieces of `piece`, and lets time pass where it waits; what it has written, and whether it
/// came to an end.
fn feed<P: Plug>(driver: &mut P, request: Request, octets: &[u8], piece: usize) -> (Vec<Vec<u8>>, String)
where
    P::Opened: Debug,
    P::Error: Debug,
{
    let (mut now, mut written) = (0, Vec::new());
    let mut rest = octets;
    let mut effect = driver.begin(request, now);
    for _ in 0..octets.len() + 2_000 {
        effect = match effect {
            Effect::Done(result) => return (written, format!("{result:?}")),
            Effect::Write { octets, until } => {
                written.push(octets);
                Effect::Wait { until }
            }
            Effect::Wait { until } if rest.is_empty() => {
                assert!(until >= now, "time goes on");
                now = until;
                driver.step(Event::Elapsed, now)
            }
            Effect::Wait { .. } => {
                let (part, more) = rest.split_at(piece.min(rest.len()));
                rest = more;
                driver.step(Event::Received(part), now)
            }
        };
    }
    panic!("it does not end");
}

/// Octets that look like what modems say, and like nothing.
fn speech() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"\r\nOK\r\n",
        b"\r\nERROR\r\n",
        b"+CSIM: 4,\"9000\"\r\n",
        b"+CSIM: 6,\"01",
        b"9000\"\r\n",
        b"+CCHO: 1\r\n",
        b"1\r\n",
        b"+CGLA: 4,6102\r\n",
        b"+CME ERROR: 14\r\n",
        b"+CME ERROR: 10\r\n",
        b"+CPIN: READY\r\n",
        b"+CRSM: 144,0,\"00\"\r\n",
        b"RING\r\n",
        b"AT+CCHO=?\r",
    ];
    let word = prop_oneof![
        4 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

fn ready() -> Port<Driver, Modem<Fake>> {
    let mut port = Port::new(Driver::new(), Modem::new(STANDARD, Fake::new()));
    port.open().unwrap();
    port.apdu("0070000001").unwrap();
    port.apdu(&format!("01A4040010{ISD_R}")).unwrap();
    port
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_modem_may_say_anything(octets in speech(), apdu in prop::collection::vec(any::<u8>(), 0..40)) {
        for request in [Request::Open, Request::Transmit(apdu), Request::Close] {
            // All that a first piece brings after an answer is let go, so that a piece is an octet or all there is.
            feed(&mut ready().driver, request.clone(), &octets, usize::MAX);
            feed(&mut ready().driver, request, &octets, 1);
        }
    }

    /// With one answer for each command, it makes no difference where it is cut.
    #[test]
    fn pieces_make_no_difference(
        dialect in 0..DIALECTS.len(),
        piece in 1..200usize,
        payload in prop::collection::vec(any::<u8>(), 1..400),
    ) {
        let run = |piece| {
            let mut port = Port::new(Driver::new(), Modem::new(DIALECTS[dialect], Fake::new()));
            port.piece = piece;
            port.open().unwrap();
            let result = es10(&mut port, &payload).map_err(|error| error.to_string());
            (result, port.written)
        };
        prop_assert_eq!(run(usize::MAX), run(piece));
    }

    #[test]
    fn a_terminal_may_say_anything(octets in prop_oneof![speech(), prop::collection::vec(any::<u8>(), 0..4000)]) {
        for dialect in DIALECTS {
            let (mut whole, mut pieces) = (Modem::new(dialect, Fake::new()), Modem::new(dialect, Fake::new()));
            let said = whole.receive(&octets);
            let parts: Vec<u8> = octets.iter().flat_map(|octet| pieces.receive(&[*octet])).collect();
            prop_assert_eq!(said, parts);
        }
    }

    #[test]
    fn a_reader_may_say_anything(
        level in prop::sample::select(vec![0u32, 1, 2, 4]),
        t1 in any::<bool>(),
        kind in prop::sample::select(vec![0x80u8, 0x81, 0x82, 0x50]),
        noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..20),
        apdu in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let descriptor = Descriptor {
            release: 0x0110, last_slot: 0, voltages: 7, protocols: 3, ifsd: 254,
            features: level << 16, message_length: 271,
        };
        // Messages with a header that fits, so that what is in them is read.
        let messages = noise.iter().enumerate().map(|(at, data)| {
            [&[kind, data.len() as u8, 0, 0, 0, 0, at as u8 + 1, 0, 0, 0], data.as_slice()].concat()
        });
        let octets: Vec<u8> = messages.flatten().collect();
        let atr = if t1 { "3BF2180002C10A31FE58C80874" } else { "3B00" };
        let card = Fake { atr: hex::decode(atr).unwrap(), ..Fake::default() };
        let mut port = Port::new(ccid::Driver::new(descriptor, 0), Device::new(descriptor, Some(card)));
        let _nothing_at_character_level = port.open();
        for request in [Request::Transmit(apdu), Request::Open] {
            feed(&mut port.driver, request.clone(), &octets, usize::MAX);
            feed(&mut port.driver, request, &octets, 1);
        }
    }

    #[test]
    fn octets_of_any_kind_are_read(octets in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Atr::parse(&octets);
        let _ = Atr::parse(&[&[0x3B], octets.as_slice()].concat()).map(|atr| (atr.protocols(), atr.t1()));
        let _ = Descriptor::parse(&octets);
        let _ = slot_changes(&octets);
        let descriptor = Descriptor::parse(&[&[54, 0x21], octets.as_slice()].concat());
        if let Ok(descriptor) = descriptor {
            let mut device = Device::new(descriptor, Some(Fake::new()));
            device.receive(&octets);
            let mut driver = ccid::Driver::new(descriptor, 0);
            feed(&mut driver, Request::Open, &octets, usize::MAX);
        }
    }
}
