//! The one trace record: the page's timeline, the golden file, the log and
//! the bug report.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Who sends and who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Party {
    /// The operator's customer system.
    Operator,
    /// SM-DP+.
    Sm,
    /// LPA.
    Lpa,
    /// The eUICC, as ISD-R or as UICC.
    Euicc,
    /// The baseband.
    Modem,
    /// Mobility management entity: LTE.
    Mme,
    /// Serving GPRS support node: 3G packets.
    Sgsn,
    /// The circuit-switched domain and the short message service centre.
    Msc,
    /// Home subscriber server with the authentication centre.
    Hss,
    /// S-GW and P-GW in one.
    Gateway,
    /// Traffic policy platform.
    Policy,
    /// Servers that are no SM.
    Internet,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "TraceRecord"))]
pub struct Record {
    /// 0 for the first.
    pub n: u32,
    /// Unix time, in seconds, by the world's clock.
    pub at: u64,
    /// Sender.
    pub from: Party,
    /// Receiver.
    pub to: Party,
    /// `ES2+`, `ES9+`, `ES10b`, `APDU`, `NAS`, `S6a`, `S11`, `S1-U`, `policy`, …
    pub interface: String,
    /// The function, `initiateAuthentication`, or `… response`.
    pub function: String,
    /// The message as sent: JSON text, DER, APDU.
    #[serde(with = "hex_octets")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub bytes: Vec<u8>,
}

impl Record {
    /// The canonical octets of this record, of which a trace digest is made:
    /// a JSON object and a line feed.
    pub fn canonical(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

mod hex_octets {
    use alloc::string::String;
    use alloc::vec::Vec;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(octets))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
