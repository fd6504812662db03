//! Where the modem is registered, or tries to be, and what was settled with the network there.

use crate::cause::Cause;
use crate::cell::Cell;
use crate::id::Guti;
use crate::nas::security::Context;
use alloc::string::String;
use alloc::vec::Vec;

/// A network, from the moment that the modem asks it for service.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub cell: Cell,
    /// What the network was told of the card's answer, if it was not RES.
    pub reported: Option<Cause>,
    /// LTE: settled by the challenge; the network's SECURITY MODE COMMAND takes it into use.
    pub kasme: Option<[u8; 32]>,
    /// LTE: keys in use.
    pub security: Option<Context>,
    pub registration: Option<Registration>,
}

/// The network has taken the device in.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    pub identity: Identity,
    /// For calls and short messages too.
    pub calls: bool,
    /// The default one first.
    pub bearers: Vec<Bearer>,
}

/// What the network calls the device, by technology.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity {
    /// LTE.
    Guti {
        guti: Guti,
        /// Procedure transaction identity of the session asked for last.
        transaction: u8,
    },
    /// 3G.
    PTmsi(u32),
}

/// A bearer with its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// EPS bearer identity, or NSAPI.
    pub id: u8,
    /// APN that the network told, or that was asked for.
    pub apn: String,
    /// IPv4 address.
    pub address: [u8; 4],
}

impl Access {
    /// A cell that is asked for service.
    pub fn new(cell: Cell) -> Self {
        Self { cell, reported: None, kasme: None, security: None, registration: None }
    }

    /// Nothing that was settled holds any more; the cell is still where messages go.
    pub fn lose(&mut self) {
        (self.kasme, self.security, self.registration) = (None, None, None);
    }
}
