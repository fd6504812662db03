//! What the nodes say to each other, in order.

use alloc::string::String;
use alloc::vec::Vec;
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

/// Takes messages, or, where nobody reads them, nothing.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    silent: bool,
}

impl Log {
    /// A log that takes nothing, and for which no message of the core is encoded.
    pub fn silent() -> Self {
        Self { entries: Vec::new(), silent: true }
    }

    /// Notes a message; its octets are made only if somebody reads them.
    pub fn note(
        &mut self,
        (from, to): (Node, Node),
        interface: &'static str,
        function: &str,
        bytes: impl FnOnce() -> Vec<u8>,
    ) {
        if !self.silent {
            self.entries.push(Entry { from, to, interface, function: function.into(), bytes: bytes() });
        }
    }

    /// Takes what was noted.
    pub fn take(&mut self) -> Vec<Entry> {
        core::mem::take(&mut self.entries)
    }
}
