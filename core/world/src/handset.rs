//! A device, where it is, and whom the network knows.

use crate::device::Device;
use esim_net::{Cell, Class, Contract, Keys, Modem, Plmn, Rat};

/// A card with its modem: a device.
#[derive(Clone)]
pub struct Handset<N> {
    pub(crate) device: Device<N>,
    pub(crate) modem: Modem,
    /// Whether the LPA has another way to the SM than the radio.
    pub(crate) wifi: bool,
}

impl<N> Handset<N> {
    pub(crate) fn new(device: Device<N>) -> Self {
        Self { device, modem: Modem::new(), wifi: true }
    }
}

/// The cell at home: PLMN 001 01, LTE, a good level.
pub fn home_cell() -> Cell {
    Cell { plmn: Plmn::from_octets([0x00, 0xF1, 0x10]), rat: Rat::Lte, area: 1, level: -87 }
}

/// A subscriber as the operator's order describes one to the network.
#[derive(Clone, Debug)]
pub struct NetworkSubscriber<'a> {
    /// Digits.
    pub imsi: &'a str,
    /// Subscriber key, hexadecimal.
    pub ki: &'a str,
    /// OPc or TOPc, hexadecimal.
    pub opc: &'a str,
    /// `milenage`, `tuak` or `usim-test`.
    pub algorithm: &'a str,
    /// What the subscription is for.
    pub class: Class,
    /// What is paid for.
    pub contract: Contract,
    /// Telephone number.
    pub msisdn: Option<&'a str>,
}

impl NetworkSubscriber<'_> {
    pub(crate) fn keys(&self) -> Option<Keys> {
        let ki = hex::decode(self.ki).ok()?;
        let keys = match self.algorithm {
            "tuak" => Keys::Tuak(Box::new(esim_net::auc::TuakKeys {
                k: ki,
                topc: hex::decode(self.opc).ok()?.try_into().ok()?,
                iterations: 1,
            })),
            "usim-test" => Keys::UsimTest { k: ki.try_into().ok()? },
            _ => Keys::Milenage { k: ki.try_into().ok()?, opc: hex::decode(self.opc).ok()?.try_into().ok()? },
        };
        keys.are_sound().then_some(keys)
    }
}
