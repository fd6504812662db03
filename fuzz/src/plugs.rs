//! The two ends of modems and readers. An input begins with what is tried, which of its kind, and in how large pieces the
//! octets come that follow.

use esim_reader::at::{self, Lines};
use esim_reader::atr::Atr;
use esim_reader::ccid::{self, Descriptor, Device};
use esim_reader::modem::{DIALECTS, Modem};
use esim_reader::{Card, Effect, Event, Plug, Request};

/// Most steps of one request; a driver comes to an end before.
const MAX_STEPS: usize = 40_000;

/// A card that answers anything with a little data, and opens channels.
struct Yes {
    t1: bool,
}

impl Card for Yes {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        match apdu {
            [_, 0x70, 0x00, ..] => vec![0x01, 0x90, 0x00],
            [_, 0xE2, 0x91, ..] => vec![0x61, 0x20],
            [_, 0xC0, ..] => [vec![0x5A; 0x20], vec![0x90, 0x00]].concat(),
            _ => vec![0x90, 0x00],
        }
    }

    fn reset(&mut self) -> Vec<u8> {
        let t1 = [0x3B, 0xF2, 0x18, 0x00, 0x02, 0xC1, 0x0A, 0x31, 0xFE, 0x58, 0xC8, 0x08, 0x74];
        if self.t1 { t1.to_vec() } else { vec![0x3B, 0x00] }
    }
}

/// What an LPA asks of either.
fn requests() -> [Request; 6] {
    let isd_r = [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 1, 0];
    let select = [&[0x01, 0xA4, 0x04, 0x00, 0x10], &isd_r[..]].concat();
    [
        Request::Open,
        Request::Transmit(vec![0x00, 0x70, 0x00, 0x00, 0x01]),
        Request::Transmit(select),
        Request::Transmit(vec![0x81, 0xE2, 0x91, 0x00, 0x03, 0xBF, 0x2D, 0x00]),
        Request::Transmit(vec![0x01, 0xC0, 0x00, 0x00, 0x20]),
        Request::Close,
    ]
}

/// Puts one input to whom it is for.
pub fn check(input: &[u8]) {
    let &[what, which, piece, ref octets @ ..] = input else { return };
    let piece = usize::from(piece).max(1);
    match what % 4 {
        0 => hear(&mut at::Driver::new(), octets, piece),
        1 => hear(&mut ccid::Driver::new(descriptor(which), 0), octets, piece),
        2 => {
            let dialect = DIALECTS[usize::from(which) % DIALECTS.len()];
            let (mut whole, mut parts) =
                (Modem::new(dialect, Yes { t1: false }), Modem::new(dialect, Yes { t1: false }));
            let said: Vec<u8> = octets.chunks(piece).flat_map(|part| parts.receive(part)).collect();
            assert_eq!(whole.receive(octets), said);
        }
        _ => read(octets),
    }
}

/// All requests, one after the other, answered with these octets.
fn hear<P: Plug>(plug: &mut P, octets: &[u8], piece: usize) {
    let (mut now, mut rest) = (0, octets);
    for request in requests() {
        let mut effect = plug.begin(request, now);
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < MAX_STEPS, "it does not end");
            effect = match effect {
                Effect::Done(_) => break,
                Effect::Write { until, .. } => Effect::Wait { until },
                Effect::Wait { until } if rest.is_empty() => {
                    assert!(until >= now, "time goes on");
                    now = until;
                    plug.step(Event::Elapsed, now)
                }
                Effect::Wait { .. } => {
                    let (part, more) = rest.split_at(piece.min(rest.len()));
                    rest = more;
                    plug.step(Event::Received(part), now)
                }
            };
        }
    }
}

fn read(octets: &[u8]) {
    let mut lines = Lines::default();
    octets.iter().for_each(|octet| drop(lines.push(*octet)));
    if let Ok(atr) = Atr::parse(octets) {
        assert!(!atr.protocols().is_empty());
        assert!(octets.len() <= 2 + 15 + 1 + 4 * atr.interface.len());
    }
    if let Ok(descriptor) = Descriptor::parse(octets) {
        assert_eq!(Descriptor::parse(&descriptor.to_octets()), Ok(descriptor));
        Device::new(descriptor, Some(Yes { t1: true })).receive(octets);
    }
    ccid::slot_changes(octets);
}

fn descriptor(which: u8) -> Descriptor {
    let automatic = if which & 8 == 0 { Descriptor::AUTO_PARAMETERS } else { 0 };
    Descriptor {
        release: 0x0110,
        last_slot: 0,
        voltages: 7,
        protocols: 3,
        ifsd: 254,
        features: (u32::from(which & 7) << 16) | automatic,
        message_length: 271,
    }
}

/// What modems of every dialect, and readers of every level, say while these requests succeed.
pub fn conversations() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (at, dialect) in DIALECTS.into_iter().enumerate() {
        let mut modem = Modem::new(dialect, Yes { t1: false });
        let (asked, said) = talk(&mut at::Driver::new(), |octets| vec![modem.receive(octets)]);
        all.push([&[0, at as u8, 255], said.as_slice()].concat());
        all.push([&[2, at as u8, 255], asked.as_slice()].concat());
    }
    for which in [1, 2, 4, 9, 10, 12] {
        for t1 in [false, true] {
            let mut device = Device::new(descriptor(which), Some(Yes { t1 }));
            let (_, said) =
                talk(&mut ccid::Driver::new(descriptor(which), 0), |octets| device.receive(octets));
            all.push([&[1, which, 255], said.as_slice()].concat());
        }
    }
    let atr = Yes { t1: true }.reset();
    all.push([&[3, 0, 0], atr.as_slice()].concat());
    all.push([&[3, 0, 0], &descriptor(1).to_octets()[..]].concat());
    all.push(vec![3, 0, 0, 0x50, 0x03]);
    all
}

/// What a driver has written, and what has come back.
fn talk<P: Plug>(plug: &mut P, mut peer: impl FnMut(&[u8]) -> Vec<Vec<u8>>) -> (Vec<u8>, Vec<u8>) {
    let (mut now, mut asked, mut said) = (0, Vec::new(), Vec::new());
    for request in requests() {
        let mut effect = plug.begin(request, now);
        while !matches!(effect, Effect::Done(_)) {
            effect = match effect {
                Effect::Write { octets, until } => {
                    let answers = peer(&octets).concat();
                    asked.extend(octets);
                    said.extend_from_slice(&answers);
                    match answers.is_empty() {
                        true => Effect::Wait { until },
                        false => plug.step(Event::Received(&answers), now),
                    }
                }
                Effect::Wait { until } => {
                    now = until;
                    plug.step(Event::Elapsed, now)
                }
                done => done,
            };
        }
    }
    (asked, said)
}
