//! The devices of a serving node: who is here, as whom, and with which sessions. MME and SGSN keep them alike.

use crate::cell::{Cell, Link};
use crate::epc::{Core, Known};
use crate::hss::Rat;
use crate::id::{Imsi, Plmn};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What a kind of node keeps of a device beside the rest: how far its registration has come.
pub(crate) trait Progress {
    /// The technology of the node.
    const RAT: Rat;

    /// Whether the device is registered, and not on its way to it.
    fn is_registered(&self) -> bool;
}

/// A device that has asked to be registered.
#[derive(Clone)]
pub(crate) struct Device<P> {
    pub imsi: Imsi,
    pub cell: Cell,
    /// Whether it asks for calls and short messages too.
    pub is_combined: bool,
    /// Once its location is updated.
    pub known: Option<Known>,
    /// M-TMSI or P-TMSI; 0 until it is given.
    pub tmsi: u32,
    pub sessions: Vec<Session>,
    pub progress: P,
}

/// A bearer or PDP context that is open.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    /// EPS bearer identity, or NSAPI.
    pub id: u8,
    pub teid: u32,
}

/// The devices of a node.
#[derive(Clone)]
pub(crate) struct Registrations<P> {
    devices: BTreeMap<Link, Device<P>>,
    by_imsi: BTreeMap<Imsi, Link>,
    last_tmsi: u32,
}

impl<P> Default for Registrations<P> {
    fn default() -> Self {
        Self { devices: BTreeMap::new(), by_imsi: BTreeMap::new(), last_tmsi: 0 }
    }
}

impl<P> Device<P> {
    /// One that begins, as whom and where.
    pub fn new(imsi: Imsi, cell: &Cell, is_combined: bool, progress: P) -> Self {
        Self { imsi, cell: *cell, is_combined, known: None, tmsi: 0, sessions: Vec::new(), progress }
    }
}

impl<P: Progress> Registrations<P> {
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    pub fn get(&self, link: Link) -> Option<&Device<P>> {
        self.devices.get(&link)
    }

    pub fn get_mut(&mut self, link: Link) -> Option<&mut Device<P>> {
        self.devices.get_mut(&link)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Link, &Device<P>)> {
        self.devices.iter().map(|(link, device)| (*link, device))
    }

    pub fn insert(&mut self, link: Link, device: Device<P>) {
        self.devices.insert(link, device);
    }

    /// Takes a device out that was not registered yet.
    pub fn remove(&mut self, link: Link) -> Option<Device<P>> {
        self.devices.remove(&link)
    }

    /// A device, if it is registered.
    pub fn registered(&self, link: Link) -> Option<&Device<P>> {
        self.get(link).filter(|device| device.progress.is_registered())
    }

    /// As [`Self::registered`], to be changed.
    pub fn registered_mut(&mut self, link: Link) -> Option<&mut Device<P>> {
        self.get_mut(link).filter(|device| device.progress.is_registered())
    }

    /// What is known of the subscriber of a registered device.
    pub fn known(&self, link: Link) -> Option<(Imsi, &Known)> {
        let device = self.registered(link)?;
        Some((device.imsi, device.known.as_ref()?))
    }

    /// The device with which a subscriber is registered.
    pub fn link_of(&self, imsi: &Imsi) -> Option<Link> {
        let link = *self.by_imsi.get(imsi)?;
        self.registered(link).map(|_| link)
    }

    /// The tunnel of a session of a registered device in this network.
    pub fn tunnel(&self, link: Link, plmn: Plmn, id: u8) -> Option<u32> {
        let device = self.registered(link).filter(|device| device.cell.plmn == plmn)?;
        device.sessions.iter().find(|session| session.id == id).map(|session| session.teid)
    }

    /// Whether a subscriber is by now registered in another network than this one.
    pub fn is_elsewhere(&self, imsi: &Imsi, plmn: Plmn) -> bool {
        let device = self.by_imsi.get(imsi).and_then(|link| self.get(*link));
        device.is_none_or(|device| device.cell.plmn != plmn)
    }

    /// A temporary identity that no device has.
    pub fn next_tmsi(&mut self) -> u32 {
        self.last_tmsi = self.last_tmsi.wrapping_add(1);
        0xC000_0000 | self.last_tmsi
    }

    /// One subscriber, one device: whoever was here with this IMSI is forgotten without a word.
    pub fn supersede(&mut self, link: Link, imsi: &Imsi, core: &mut Core<'_>) {
        if let Some(other) = self.by_imsi.insert(*imsi, link).filter(|other| *other != link) {
            self.release(other, core);
            self.devices.remove(&other);
        }
    }

    /// The subscription is withdrawn, or the subscriber has moved. One that has moved is forgotten; the device of a
    /// subscription that is withdrawn is to be told, and its sessions are to be released.
    pub fn cancel(&mut self, imsi: &Imsi, is_withdrawn: bool, core: &mut Core<'_>) -> Option<Link> {
        let link = self.by_imsi.get(imsi).copied()?;
        if !is_withdrawn {
            self.forget(link, core);
            return None;
        }
        Some(link)
    }

    /// Closes a device's sessions.
    pub fn release(&mut self, link: Link, core: &mut Core<'_>) {
        let sessions = self.get_mut(link).map(|device| core::mem::take(&mut device.sessions));
        for session in sessions.into_iter().flatten() {
            core.delete_session(session.teid, session.id, P::RAT);
        }
    }

    /// Closes a device's sessions and takes it out.
    pub fn forget(&mut self, link: Link, core: &mut Core<'_>) {
        self.release(link, core);
        if let Some(device) = self.devices.remove(&link)
            && self.by_imsi.get(&device.imsi) == Some(&link)
        {
            self.by_imsi.remove(&device.imsi);
        }
    }
}
