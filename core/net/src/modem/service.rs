//! What the device's owner sees of the modem: bars, name, service.

use super::{Modem, ModemError, UsimError};
use crate::cause::Cause;
use crate::cell::Cell;
use crate::gateway::dotted;
use crate::hss::Rat;
use crate::id::Plmn;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;

/// How the device stands with the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum ServiceState {
    /// Switched off.
    Off,
    /// No profile is enabled.
    NoUsim,
    /// Cells are heard, none of them serves: emergency calls only.
    Limited,
    /// No cell is heard.
    NoService,
    /// Registered.
    InService,
}

/// What the device's owner sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ServiceView {
    /// How the device stands with the network.
    pub state: ServiceState,
    /// Name to be shown: the USIM's at home, the network's number elsewhere.
    pub operator: Option<String>,
    /// Subscriber.
    pub imsi: Option<String>,
    /// Own number.
    pub msisdn: Option<String>,
    /// Network of the cell.
    pub plmn: Option<Plmn>,
    /// Technology of the cell.
    pub rat: Option<Rat>,
    /// Whether the network is not the USIM's own.
    pub roaming: bool,
    /// 0 to 4.
    pub bars: u8,
    /// Received power in dBm.
    pub level: Option<i16>,
    /// Whether the network has registered it for calls and short messages too.
    pub calls: bool,
    /// Connections to packet networks.
    pub bearers: Vec<BearerView>,
    /// Why there is no service.
    pub cause: Option<Cause>,
    /// The same in words.
    pub error: Option<String>,
}

/// A connection for a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Bearer"))]
pub struct BearerView {
    /// EPS bearer identity, or NSAPI.
    pub id: u8,
    /// APN as the device knows it.
    pub apn: String,
    /// IPv4 address, dotted.
    pub address: String,
}

/// Bars of a cell's level.
pub fn bars(cell: &Cell) -> u8 {
    let steps: [i16; 4] = match cell.rat {
        Rat::Lte => [-115, -105, -95, -85],
        Rat::Umts => [-105, -95, -85, -75],
    };
    steps.iter().filter(|step| cell.level >= **step).count() as u8
}

impl Modem {
    /// Why there is no service, if it is switched on and there is none.
    pub fn error(&self) -> Option<&ModemError> {
        self.error.as_ref().filter(|_| self.is_on)
    }

    /// What the device's owner sees.
    pub fn service(&self) -> ServiceView {
        let registered = self.registered().filter(|_| self.is_on).map(|(cell, _)| cell);
        let best = self.cells.iter().max_by_key(|cell| cell.level);
        let cell = registered.or(best.copied());
        let state = match (self.is_on, registered, &self.error) {
            (false, ..) => ServiceState::Off,
            (_, Some(_), _) => ServiceState::InService,
            (_, None, Some(ModemError::Usim(UsimError::NoUsim))) => ServiceState::NoUsim,
            (_, None, _) if cell.is_none() => ServiceState::NoService,
            _ => ServiceState::Limited,
        };
        let cell = cell.filter(|_| self.is_on);
        let usim = self.usim.as_ref();
        let roaming = registered.is_some_and(|cell| !self.is_home(cell.plmn));
        let operator = registered.map(|cell| {
            let own = usim.and_then(|usim| usim.spn.clone()).filter(|_| !roaming);
            own.unwrap_or_else(|| cell.plmn.to_string())
        });
        let error = self.error();
        ServiceView {
            state,
            operator,
            imsi: usim.map(|usim| usim.imsi.clone()),
            msisdn: usim.and_then(|usim| usim.msisdn.clone()),
            plmn: cell.map(|cell| cell.plmn),
            rat: cell.map(|cell| cell.rat),
            roaming,
            bars: cell.map_or(0, |cell| bars(&cell)),
            level: cell.map(|cell| cell.level),
            calls: registered.and(self.registration()).is_some_and(|registration| registration.calls),
            bearers: self
                .bearers()
                .iter()
                .map(|bearer| BearerView {
                    id: bearer.id,
                    apn: bearer.apn.clone(),
                    address: dotted(bearer.address),
                })
                .collect(),
            cause: error.and_then(ModemError::cause),
            error: error.map(ToString::to_string),
        }
    }
}

impl ModemError {
    /// The cause, if a node gave one.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Refused { cause, .. } => Some(*cause),
            Self::AuthenticationRejected { reported } => *reported,
            _ => None,
        }
    }
}
