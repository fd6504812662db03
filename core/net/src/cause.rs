//! Causes by which the nodes refuse, with their names in the standards.

use core::fmt;
use serde::{Serialize, Serializer};

/// Whose numbering a cause has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// EPS mobility management.
    Emm,
    /// EPS session management.
    Esm,
    /// GPRS mobility management.
    Gmm,
    /// GPRS session management.
    Sm,
    /// Mobility management of the circuit-switched domain.
    Mm,
    /// Relay layer of short messages.
    Rp,
    /// S6a and S6d.
    Diameter,
    /// S11 and S4.
    Gtp,
    /// What a router answers to a packet.
    Icmp,
}

/// A refusal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(as = "CauseView"))]
pub struct Cause {
    /// Numbering.
    pub domain: Domain,
    /// Number.
    pub number: u16,
}

use Domain::{Diameter, Emm, Esm, Gmm, Gtp, Icmp, Mm, Rp, Sm};

impl Domain {
    /// Name of the information element or field, and its clause.
    pub fn describe(self) -> (&'static str, &'static str) {
        match self {
            Emm => ("EMM cause", "TS 24.301 9.9.3.9"),
            Esm => ("ESM cause", "TS 24.301 9.9.4.4"),
            Gmm => ("GMM cause", "TS 24.008 10.5.5.14"),
            Sm => ("SM cause", "TS 24.008 10.5.6.6"),
            Mm => ("Reject cause", "TS 24.008 10.5.3.6"),
            Rp => ("RP-Cause", "TS 24.011 8.2.5.4"),
            Diameter => ("Experimental-Result-Code", "TS 29.272 7.4"),
            Gtp => ("GTPv2 Cause", "TS 29.274 8.4"),
            Icmp => ("ICMP Destination Unreachable code", "RFC 1812 5.2.7.1"),
        }
    }
}

/// Every cause that this network gives or a modem reports, with its name.
pub const NAMES: &[(Domain, u16, &str)] = &[
    (Emm, 3, "Illegal UE"),
    (Emm, 8, "EPS services and non-EPS services not allowed"),
    (Emm, 9, "UE identity cannot be derived by the network"),
    (Emm, 10, "Implicitly detached"),
    (Emm, 11, "PLMN not allowed"),
    (Emm, 15, "No suitable cells in tracking area"),
    (Emm, 17, "Network failure"),
    (Emm, 18, "CS domain not available"),
    (Emm, 19, "ESM failure"),
    (Emm, 20, "MAC failure"),
    (Emm, 21, "Synch failure"),
    (Emm, 23, "UE security capabilities mismatch"),
    (Emm, 24, "Security mode rejected, unspecified"),
    (Emm, 96, "Invalid mandatory information"),
    (Emm, 97, "Message type non-existent or not implemented"),
    (Emm, 98, "Message type not compatible with the protocol state"),
    (Emm, 111, "Protocol error, unspecified"),
    (Esm, 26, "Insufficient resources"),
    (Esm, 27, "Missing or unknown APN"),
    (Esm, 33, "Requested service option not subscribed"),
    (Esm, 36, "Regular deactivation"),
    (Esm, 38, "Network failure"),
    (Esm, 54, "PDN connection does not exist"),
    (Gmm, 3, "Illegal MS"),
    (Gmm, 8, "GPRS services and non-GPRS services not allowed"),
    (Gmm, 9, "MS identity cannot be derived by the network"),
    (Gmm, 10, "Implicitly detached"),
    (Gmm, 11, "PLMN not allowed"),
    (Gmm, 17, "Network failure"),
    (Gmm, 20, "MAC failure"),
    (Gmm, 21, "Synch failure"),
    (Gmm, 96, "Invalid mandatory information"),
    (Gmm, 97, "Message type non-existent or not implemented"),
    (Gmm, 98, "Message type not compatible with the protocol state"),
    (Sm, 26, "Insufficient resources"),
    (Sm, 27, "Missing or unknown APN"),
    (Sm, 33, "Requested service option not subscribed"),
    (Sm, 36, "Regular deactivation"),
    (Sm, 38, "Network failure"),
    (Mm, 4, "IMSI unknown in VLR"),
    (Mm, 33, "Requested service option not subscribed"),
    (Rp, 8, "Operator determined barring"),
    (Rp, 50, "Requested facility not subscribed"),
    (Diameter, 3002, "DIAMETER_UNABLE_TO_DELIVER"),
    (Diameter, 5001, "DIAMETER_ERROR_USER_UNKNOWN"),
    (Diameter, 5004, "DIAMETER_ERROR_ROAMING_NOT_ALLOWED"),
    (Diameter, 4181, "DIAMETER_AUTHENTICATION_DATA_UNAVAILABLE"),
    (Gtp, 16, "Request accepted"),
    (Gtp, 64, "Context not found"),
    (Gtp, 84, "All dynamic addresses are occupied"),
    (Gtp, 100, "Remote peer not responding"),
    (Icmp, 0, "Network unreachable"),
    (Icmp, 1, "Host unreachable"),
    (Icmp, 13, "Communication administratively prohibited"),
];

impl Cause {
    /// A cause.
    pub const fn new(domain: Domain, number: u16) -> Self {
        Self { domain, number }
    }

    /// Its name in the standard; `unspecified` for a number that is in no table here.
    pub fn name(&self) -> &'static str {
        let row = NAMES.iter().find(|(domain, number, _)| *domain == self.domain && *number == self.number);
        row.map_or("unspecified", |(_, _, name)| name)
    }

    /// Clause of the standard that lists it.
    pub fn clause(&self) -> &'static str {
        self.domain.describe().1
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (element, clause) = self.domain.describe();
        write!(f, "{element} #{} {} ({clause})", self.number, self.name())
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a reader is told of a cause.
#[derive(Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
struct CauseView {
    /// `EMM cause`, `RP-Cause`, …
    element: &'static str,
    number: u16,
    name: &'static str,
    clause: &'static str,
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (element, clause) = self.domain.describe();
        CauseView { element, number: self.number, name: self.name(), clause }.serialize(serializer)
    }
}
