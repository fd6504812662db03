//! What a download needs to know beforehand.

use super::mutual::Dialled;
use alloc::string::{String, ToString};
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::common::{Version, has_bit};
use esim_rsp::es10b::{
    CtxParams1, CtxParamsForCommonAuthentication, DeviceCapabilities, DeviceInfo, EuiccInfo2,
};
use esim_rsp::json_binding::Interface;
use esim_rsp::tbcd;
use serde::{Deserialize, Serialize};

/// What to download, for whom, and what has been settled already.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownloadParams {
    /// SM-DP+ to dial: FQDN, with a port where it is not 443.
    pub smdp_address: String,
    /// Token of the order; empty when the order is found by EID (default SM-DP+).
    #[serde(default)]
    pub matching_id: String,
    /// OID that the server's certificate must carry.
    #[serde(default)]
    pub smdp_oid: Option<String>,
    /// The confirmation code, if the user has given it already.
    #[serde(default)]
    pub confirmation_code: Option<String>,
    /// The device.
    #[serde(default)]
    pub device: Device,
    /// The user has agreed beforehand. A Strong Confirmation is asked for all the same.
    #[serde(default)]
    pub auto_consent: bool,
    /// Whether to deliver notifications at the end.
    #[serde(default = "yes")]
    pub notify: bool,
}

fn yes() -> bool {
    true
}

impl core::fmt::Debug for DownloadParams {
    /// The confirmation code stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DownloadParams")
            .field("smdp_address", &self.smdp_address)
            .field("matching_id", &self.matching_id)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl DownloadParams {
    /// The order of an activation code.
    pub fn new(code: &ActivationCode) -> Self {
        Self {
            smdp_address: code.smdp_address.clone(),
            matching_id: code.matching_id.clone(),
            smdp_oid: code.smdp_oid.clone(),
            confirmation_code: None,
            device: Device::default(),
            auto_consent: false,
            notify: true,
        }
    }

    /// Whatever waits for this eUICC at a server: the default SM-DP+, or an
    /// address that the user typed.
    pub fn at(smdp_address: &str) -> Self {
        Self::new(&ActivationCode {
            smdp_address: smdp_address.into(),
            matching_id: String::new(),
            smdp_oid: None,
            confirmation_code_required: false,
        })
    }

    /// What an SM-DS has told of (SGP.22 3.6.2, 3.1.3): the event's id is the matchingId.
    pub fn of_event(rsp_server_address: &str, event_id: &str) -> Self {
        Self { matching_id: event_id.into(), ..Self::at(rsp_server_address) }
    }

    /// With a confirmation code.
    pub fn with_confirmation_code(mut self, code: impl ToString) -> Self {
        self.confirmation_code = Some(code.to_string());
        self
    }

    /// With the user's consent.
    pub fn with_consent(mut self) -> Self {
        self.auto_consent = true;
        self
    }

    /// For this device.
    pub fn with_device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// The SM-DP+ as it is dialled.
    pub(crate) fn dialled(&self) -> Dialled<'_> {
        Dialled { interface: Interface::Es9Plus, address: &self.smdp_address, oid: self.smdp_oid.as_ref() }
    }

    /// `ctxParams1` of AuthenticateServer.
    pub(crate) fn ctx_params1(&self, euicc: Option<&EuiccInfo2>) -> CtxParams1 {
        self.device.ctx_params1(&self.matching_id, euicc)
    }
}

/// The device that the eUICC sits in (SGP.22 4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Device {
    /// Type allocation code, 8 digits.
    pub tac: String,
    /// 15 digits, or 16 with software version; sent only if given.
    pub imei: Option<String>,
    /// What its radio can do.
    pub releases: Releases,
}

/// The 3GPP release that the device supports on each access network; absent
/// where it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Releases {
    /// GSM.
    pub gsm: Option<u8>,
    /// UMTS.
    pub utran: Option<u8>,
    /// CDMA2000 1x.
    pub cdma2000_onex: Option<u8>,
    /// CDMA2000 HRPD.
    pub cdma2000_hrpd: Option<u8>,
    /// CDMA2000 eHRPD.
    pub cdma2000_ehrpd: Option<u8>,
    /// LTE on EPC.
    pub eutran: Option<u8>,
    /// Contactless.
    pub contactless: Option<u8>,
    /// NR on EPC, to eUICCs that understand it.
    pub nr_epc: Option<u8>,
    /// NR on 5GC, to eUICCs that understand it.
    pub nr_5gc: Option<u8>,
    /// LTE on 5GC, to eUICCs that understand it.
    pub eutran_5gc: Option<u8>,
}

impl Default for Device {
    /// A 5G device of release 15 that does not tell its IMEI.
    fn default() -> Self {
        let releases = Releases {
            gsm: Some(15),
            utran: Some(15),
            eutran: Some(15),
            nr_epc: Some(15),
            nr_5gc: Some(15),
            eutran_5gc: Some(15),
            ..Releases::default()
        };
        Self { tac: "35290611".into(), imei: None, releases }
    }
}

impl Device {
    /// A device with this IMEI, whose first 8 digits are the TAC.
    pub fn with_imei(imei: &str) -> Self {
        let tac = imei.chars().filter(char::is_ascii_digit).take(8).collect();
        Self { tac, imei: Some(imei.into()), ..Self::default() }
    }

    /// `ctxParams1` of AuthenticateServer. Capabilities that SGP.22 added later
    /// are left out for an eUICC that could not echo them octet for octet.
    pub(crate) fn ctx_params1(&self, matching_id: &str, euicc: Option<&EuiccInfo2>) -> CtxParams1 {
        const DEVICE_INFO_EXTENSIBILITY: usize = 4;
        let extensible = euicc.is_some_and(|info| has_bit(&info.rsp_capability, DEVICE_INFO_EXTENSIBILITY));
        CtxParams1::CtxParamsForCommonAuthentication(CtxParamsForCommonAuthentication {
            matching_id: Some(matching_id).filter(|id| !id.is_empty()).map(String::from),
            device_info: self.info(extensible),
        })
    }

    fn info(&self, extensible: bool) -> DeviceInfo {
        let imei = self.imei.as_ref().filter(|imei| digits(imei).count() >= 15);
        DeviceInfo {
            tac: swapped(&self.tac).into(),
            device_capabilities: self.releases.capabilities(extensible),
            imei: imei.map(|imei| swapped(imei).into()),
        }
    }
}

impl Releases {
    fn capabilities(&self, extensible: bool) -> DeviceCapabilities {
        let version = |release: Option<u8>| release.map(|release| Version::new(release, 0, 0));
        let later = |release: Option<u8>| version(release.filter(|_| extensible));
        DeviceCapabilities {
            gsm_supported_release: version(self.gsm),
            utran_supported_release: version(self.utran),
            cdma2000onex_supported_release: version(self.cdma2000_onex),
            cdma2000hrpd_supported_release: version(self.cdma2000_hrpd),
            cdma2000ehrpd_supported_release: version(self.cdma2000_ehrpd),
            eutran_epc_supported_release: version(self.eutran),
            contactless_supported_release: version(self.contactless),
            rsp_crl_supported_version: None,
            nr_epc_supported_release: later(self.nr_epc),
            nr5gc_supported_release: later(self.nr_5gc),
            eutran5gc_supported_release: later(self.eutran_5gc),
        }
    }
}

fn digits(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().filter(u8::is_ascii_digit).map(|c| c - b'0')
}

/// As SGP.22 4.2 wants it.
fn swapped<const N: usize>(text: &str) -> [u8; N] {
    tbcd::padded(digits(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tac_and_imei_have_swapped_nibbles() {
        let info = Device::with_imei("352906110000013").info(false);
        assert_eq!(*info.tac, [0x53, 0x92, 0x60, 0x11]);
        assert_eq!(*info.imei.unwrap(), [0x53, 0x92, 0x60, 0x11, 0x00, 0x00, 0x10, 0xF3]);
    }

    #[test]
    fn later_capabilities_go_only_to_those_who_understand_them() {
        let releases = Device::default().releases;
        assert!(releases.capabilities(false).nr5gc_supported_release.is_none());
        assert!(releases.capabilities(true).nr5gc_supported_release.is_some());
    }
}
