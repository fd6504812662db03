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
use core::cell::RefCell;
use esim_rsp::check::{Check, Checks, Observer};
use esim_saip::Image;

/// Whether each thing holds that was verified for a command.
#[derive(Default)]
struct Heard(RefCell<Vec<(&'static str, bool)>>);

impl Observer for Heard {
    fn check(&self, check: &Check<'_>) {
        self.0.borrow_mut().push((check.what, check.passed));
    }
}

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

    /// Data and status word as hexadecimal digits. Nothing is verified after what has failed, and what has failed is no
    /// success.
    fn send(&mut self, apdu: &str) -> String {
        let octets = unhex(apdu);
        let Self { uicc, channel, kept, refuses } = self;
        let mut keep = |_: &Image, changes: &[Change]| {
            kept.extend(changes);
            if *refuses { Err(Status::MEMORY_PROBLEM) } else { Ok(()) }
        };
        let heard = Heard::default();
        uicc.begin_checks(Checks::told_to(&heard));
        let result = Command::parse(&octets).and_then(|command| uicc.command(channel, &command, &mut keep));
        uicc.end_checks(Checks::told_to(&heard));
        let answer = hex::encode_upper(Response::from(result).to_bytes());
        let heard = heard.0.into_inner();
        if let Some(at) = heard.iter().position(|(_, passed)| !passed) {
            assert_eq!(at, heard.len() - 1, "{apdu}: {heard:?}");
            // A sequence number of before is answered with AUTS.
            assert!(!answer.ends_with("9000") || answer.starts_with("DC"), "{apdu}: {answer}, {heard:?}");
        }
        answer
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
