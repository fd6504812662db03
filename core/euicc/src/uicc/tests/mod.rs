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

use super::{ChannelState, Uicc};
use crate::apdu::{Command, Response};

/// A card with a channel that the tests talk to.
struct Card {
    uicc: Uicc,
    channel: ChannelState,
}

impl Card {
    fn new() -> Self {
        Self { uicc: Uicc::new(profile::image()), channel: ChannelState::default() }
    }

    /// Data and status word as hexadecimal digits.
    fn send(&mut self, apdu: &str) -> String {
        let octets = unhex(apdu);
        let result =
            Command::parse(&octets).and_then(|command| self.uicc.command(&mut self.channel, &command));
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
