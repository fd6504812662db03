//! The gateway, S-GW and P-GW in one: sessions, forced APN conversion, addresses, usage.

use crate::cause::{Cause, Domain};
use crate::id::Imsi;
use crate::rules::{Class, Rules, parse_pool};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use serde::Serialize;

/// Charging characteristics (TS 32.251 annex A) by which an HSS marks an ordinary subscriber …
pub const NORMAL: u16 = 0x0800;
/// … and a provisioning profile: one of the behaviours that are the operator's own.
pub const PROVISIONING: u16 = 0x0810;

/// APN names that are kept once for all sessions.
const APNS: usize = 1_000;

/// No address is left.
pub const NO_ADDRESS: Cause = Cause::new(Domain::Gtp, 84);
/// No such session.
pub const NOT_FOUND: Cause = Cause::new(Domain::Gtp, 64);
/// Says that the gateway has not answered.
pub const NOT_RESPONDING: Cause = Cause::new(Domain::Gtp, 100);

/// A session: one PDN connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub imsi: Imsi,
    /// What the subscriber is.
    pub class: Class,
    /// EPS bearer identity, or NSAPI.
    pub bearer: u8,
    /// What the device asked for.
    pub requested: Arc<str>,
    /// What it got.
    pub apn: Arc<str>,
    /// The device's IPv4 address.
    pub address: [u8; 4],
    /// Octets from the device.
    pub up: u64,
    /// Octets to the device.
    pub down: u64,
}

/// A session for a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Session"))]
pub struct SessionView {
    /// Tunnel endpoint of the gateway.
    pub teid: u32,
    /// Whose.
    pub imsi: Imsi,
    /// What the subscriber is.
    pub class: Class,
    /// What the device asked for.
    pub requested: String,
    /// What it got.
    pub apn: String,
    /// The device's IPv4 address, dotted.
    pub address: String,
    /// Octets from the device.
    pub up: u64,
    /// Octets to the device.
    pub down: u64,
}

/// What a serving node asks for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Subscriber.
    pub imsi: Imsi,
    /// Charging characteristics of the subscription.
    pub characteristics: u16,
    /// EPS bearer identity, or NSAPI.
    pub bearer: u8,
    /// What the device asked for.
    pub apn: &'a str,
}

/// The gateway.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    sessions: BTreeMap<u32, Session>,
    last_teid: u32,
    /// Addresses given so far, counted from the pool's first.
    given: u32,
    free: VecDeque<u32>,
    apns: BTreeSet<Arc<str>>,
}

impl Gateway {
    /// Opens a session; its TEID and the number of the rule that has converted the APN.
    ///
    /// # Errors
    /// [`NO_ADDRESS`].
    pub fn create(&mut self, rules: &Rules, wanted: &Wanted<'_>) -> Result<(u32, Option<usize>), Cause> {
        let subscribed = match wanted.characteristics {
            PROVISIONING => Class::Provisioning,
            _ => Class::Operational,
        };
        let class = rules.class(&wanted.imsi, subscribed);
        let converted = rules.convert(class, wanted.apn);
        let apn = self.intern(converted.map_or(wanted.apn, |(_, apn)| apn));
        let requested = self.intern(wanted.apn);
        let address = self.address(rules)?;
        self.last_teid = self.last_teid.wrapping_add(1).max(1);
        let session = Session {
            imsi: wanted.imsi,
            class,
            bearer: wanted.bearer,
            requested,
            apn,
            address: address.to_be_bytes(),
            up: 0,
            down: 0,
        };
        self.sessions.insert(self.last_teid, session);
        Ok((self.last_teid, converted.map(|(number, _)| number)))
    }

    /// Closes a session; what it was.
    pub fn delete(&mut self, teid: u32) -> Option<Session> {
        let session = self.sessions.remove(&teid)?;
        self.free.push_back(u32::from_be_bytes(session.address));
        Some(session)
    }

    /// A session.
    pub fn session(&self, teid: u32) -> Option<&Session> {
        self.sessions.get(&teid)
    }

    /// Counts octets of a session.
    pub fn count(&mut self, teid: u32, up: u64, down: u64) {
        if let Some(session) = self.sessions.get_mut(&teid) {
            session.up = session.up.saturating_add(up);
            session.down = session.down.saturating_add(down);
        }
    }

    /// Number of sessions.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// All sessions for a reader.
    pub fn views(&self) -> impl Iterator<Item = SessionView> {
        self.sessions.iter().map(|(teid, session)| SessionView {
            teid: *teid,
            imsi: session.imsi,
            class: session.class,
            requested: session.requested.to_string(),
            apn: session.apn.to_string(),
            address: dotted(session.address),
            up: session.up,
            down: session.down,
        })
    }

    /// The next address of the pool; its first and last are nobody's.
    fn address(&mut self, rules: &Rules) -> Result<u32, Cause> {
        let (first, size) = parse_pool(&rules.network.pool).ok_or(NO_ADDRESS)?;
        let pool = first + 1..first + size - 1;
        let fresh = first.wrapping_add(self.given + 1);
        if pool.contains(&fresh) {
            self.given += 1;
            return Ok(fresh);
        }
        // What was given back rests until all the others have had their turn.
        while let Some(address) = self.free.pop_front() {
            if pool.contains(&address) {
                return Ok(address);
            }
        }
        Err(NO_ADDRESS)
    }

    /// Kept once each, as far as a network has names; what devices make up beyond that is not kept.
    fn intern(&mut self, apn: &str) -> Arc<str> {
        if let Some(known) = self.apns.get(apn) {
            return known.clone();
        }
        let apn: Arc<str> = Arc::from(apn);
        if self.apns.len() < APNS {
            self.apns.insert(apn.clone());
        }
        apn
    }
}

/// An address in dotted form.
pub fn dotted([a, b, c, d]: [u8; 4]) -> String {
    alloc::format!("{a}.{b}.{c}.{d}")
}
