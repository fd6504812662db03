//! What the nodes say to each other, in order.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use esim_crypto::check::{Rule, Verdict};
use serde::Serialize;

/// A party on the network's side of the radio, and the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// The device's modem.
    Modem,
    /// Mobility management entity of LTE.
    Mme,
    /// Serving GPRS support node of 3G.
    Sgsn,
    /// Home subscriber server with the authentication centre.
    Hss,
    /// S-GW and P-GW in one.
    Gateway,
    /// Traffic policy platform.
    Policy,
    /// The circuit-switched domain of 3G.
    Msc,
    /// The SM.
    Sm,
    /// Everything else.
    Internet,
}

/// A message between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Sender.
    pub from: Node,
    /// Receiver.
    pub to: Node,
    /// `NAS`, `S6a`, `S11`, `S1-U`, `SGi`, `policy`, ….
    pub interface: &'static str,
    /// Name of the message.
    pub function: String,
    /// Octets as in the field; of `policy`, JSON text.
    pub bytes: Vec<u8>,
}

/// Carries messages between nodes: whether one arrives, by its place in the log, from 0.
pub type Carrier = Box<dyn FnMut(usize, &Entry) -> bool>;

/// A verification that a node has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who has made it.
    pub node: Node,
    /// How many messages had been noted before it.
    pub after: usize,
    /// What must hold, and where it is asked for.
    pub rule: Rule,
    /// The octets judged.
    pub input: Vec<u8>,
    /// Whether it holds.
    pub passed: bool,
}

/// Takes messages and verifications, or, where nobody reads them, nothing.
#[derive(Default)]
pub struct Log {
    entries: Vec<Entry>,
    verified: Vec<Verified>,
    silent: bool,
    carrier: Option<Carrier>,
}

impl core::fmt::Debug for Log {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Log({} messages)", self.entries.len())
    }
}

impl Log {
    /// A log that takes nothing, and for which no message of the core is encoded.
    pub fn silent() -> Self {
        Self { silent: true, ..Self::default() }
    }

    /// A log of messages that may get lost on their way.
    pub fn carried(carrier: Carrier) -> Self {
        Self { carrier: Some(carrier), ..Self::default() }
    }

    /// Notes a message; its octets are made only if somebody reads them. Whether it arrives.
    pub fn note(
        &mut self,
        (from, to): (Node, Node),
        interface: &'static str,
        function: &str,
        bytes: impl FnOnce() -> Vec<u8>,
    ) -> bool {
        if self.silent {
            return true;
        }
        let entry = Entry { from, to, interface, function: function.into(), bytes: bytes() };
        let arrives = self.carrier.as_mut().is_none_or(|carries| carries(self.entries.len(), &entry));
        self.entries.push(entry);
        arrives
    }

    /// Whether a rule holds for `input`: the verdict comes back as it was given.
    pub fn that<V: Verdict, I: AsRef<[u8]>>(
        &mut self,
        node: Node,
        rule: &Rule,
        input: impl FnOnce() -> I,
        verdict: V,
    ) -> V {
        if !self.silent {
            let (after, input, passed) = (self.entries.len(), input().as_ref().to_vec(), verdict.passed());
            self.verified.push(Verified { node, after, rule: *rule, input, passed });
        }
        verdict
    }

    /// Takes what was verified, before the messages are taken.
    pub fn take_verified(&mut self) -> Vec<Verified> {
        core::mem::take(&mut self.verified)
    }

    /// Takes what was noted.
    pub fn take(&mut self) -> Vec<Entry> {
        core::mem::take(&mut self.entries)
    }
}
