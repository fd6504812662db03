//! Tests of the UICC as a terminal sees it: APDUs in, APDUs out.

mod authentication;
mod content;
mod hostile;
mod identity;
mod objects;
mod pins;
mod profile;
mod selection;
mod toolkit;

use alloc::string::String;
use alloc::vec::Vec;

use super::{Change, ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};
use esim_saip::Image;

/// A card with a channel that the tests talk to.
struct Card {
    uicc: Uicc,
    channel: ChannelState,
    /// What was written before a command went on.
    kept: Vec<Change>,
    /// The memory takes no writes.
    refuses: bool,
}

impl Card {
    fn new() -> Self {
        Self::of(profile::image())
    }

    fn of(image: Image) -> Self {
        Self { uicc: Uicc::new(image), channel: ChannelState::default(), kept: Vec::new(), refuses: false }
    }

    /// Data and status word as hexadecimal digits.
    fn send(&mut self, apdu: &str) -> String {
        let octets = unhex(apdu);
        let Self { uicc, channel, kept, refuses } = self;
        let mut keep = |_: &Image, changes: &[Change]| {
            kept.extend(changes);
            if *refuses { Err(Status::MEMORY_PROBLEM) } else { Ok(()) }
        };
        let result = Command::parse(&octets).and_then(|command| uicc.command(channel, &command, &mut keep));
        hex::encode_upper(Response::from(result).to_bytes())
    }

    /// Sends each command and compares each answer.
    fn talk(&mut self, script: &[(&str, &str)]) {
        for (i, (apdu, expected)) in script.iter().enumerate() {
            assert_eq!(self.send(apdu), expected.replace(' ', ""), "line {i}: {apdu}");
        }
    }

    /// Sends each command, each must end with 9000.
    fn expect_ok(&mut self, apdus: &[&str]) {
        for apdu in apdus {
            let answer = self.send(apdu);
            assert!(answer.ends_with("9000"), "{apdu}: {answer}");
        }
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits.replace(' ', "")).unwrap()
}
