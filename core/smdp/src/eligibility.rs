//! Whether a profile suits an eUICC (SGP.22 5.6.3, eligibility check).

use crate::Order;
use crate::order::Access;
use alloc::collections::BTreeMap;
use alloc::format;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::common::{Version, has_bit};
use esim_rsp::es8p::ProfileClass;
use esim_rsp::es10b::{DeviceCapabilities, EuiccInfo2};
use esim_rsp::{Code, Refusal, tlv};
use esim_saip::pe::{Service, Services};

/// `rspCapability` bit testProfileSupport.
const TEST_PROFILE_SUPPORT: usize = 3;
/// `rspCapability` bit deviceInfoExtensibilitySupport.
const DEVICE_INFO_EXTENSIBILITY: usize = 4;
/// Free non-volatile memory in `extCardResource` (TS 102 226).
const FREE_NON_VOLATILE: u32 = 0x82;

const CLAUSE: &str = "SGP.22 5.6.3";
const VERSION: Rule = Rule::new(CLAUSE, "profileVersion of the eUICC is that of the profile, or later");
const SERVICES: Rule = Rule::new(CLAUSE, "uiccCapability has the services of the profile");
const ACCESS: Rule = Rule::new(CLAUSE, "deviceCapabilities has the access networks of the profile");
const TEST: Rule = Rule::new(CLAUSE, "rspCapability has testProfileSupport, if it is a test profile");
const RULES: Rule = Rule::new(CLAUSE, "forbiddenProfilePolicyRules has none of the profile's rules");
const MEMORY: Rule = Rule::new(CLAUSE, "extCardResource has free memory for the profile");

/// Compares what the profile needs with what the eUICC says of itself and of the device.
///
/// # Errors
/// 8.2.5/4.3 where it does not suit; 8.1/4.8 where it does not fit.
pub fn check(
    order: &Order,
    info: &EuiccInfo2,
    device: &DeviceCapabilities,
    checks: Checks<'_>,
) -> Result<(), Refusal> {
    let unsuitable =
        |why: &str| Refusal::of(Code::ProfileTypeStoppedOnWarning).because(why).about(order.iccid);
    let metadata = order.metadata().map_err(|_| unsuitable("Its metadata is damaged"))?;
    let version = info.profile_version;
    if !checks.that(&VERSION, || *version.0, order.needs.version <= version.major()) {
        return Err(unsuitable("The eUICC does not know this version of profile packages"));
    }
    let services = none_is_missing(missing_service(order, info));
    let services = checks.that(&SERVICES, || esim_rsp::encode(&info.uicc_capability), services);
    services.map_err(|it| unsuitable(&format!("The eUICC does not have {}", it.name())))?;
    let extensible = has_bit(&info.rsp_capability, DEVICE_INFO_EXTENSIBILITY);
    let access = none_is_missing(missing_access(&order.needs.device, device, extensible));
    let access = checks.that(&ACCESS, || esim_rsp::encode(device), access);
    access.map_err(|(access, release)| {
        unsuitable(&format!("The device does not support {access:?} of release {release}"))
    })?;
    let is_test = metadata.profile_class == ProfileClass::test;
    let takes_it = !is_test || has_bit(&info.rsp_capability, TEST_PROFILE_SUPPORT);
    if !checks.that(&TEST, || esim_rsp::encode(&info.rsp_capability), takes_it) {
        return Err(unsuitable("The eUICC takes no test profiles"));
    }
    let rules = metadata.profile_policy_rules.as_ref();
    let forbidden = info.forbidden_profile_policy_rules.as_ref();
    let clash = rules.zip(forbidden).is_some_and(|(rules, forbidden)| {
        rules.ppr1() && forbidden.ppr1() || rules.ppr2() && forbidden.ppr2()
    });
    if !checks.that(&RULES, || forbidden.map(esim_rsp::encode).unwrap_or_default(), !clash) {
        return Err(unsuitable("The eUICC forbids the profile's policy rules"));
    }
    let free = free_memory(&info.ext_card_resource);
    let fits = free.is_none_or(|free| free >= u64::from(order.needs.octets));
    if !checks.that(&MEMORY, || &info.ext_card_resource, fits) {
        return Err(Refusal::of(Code::EuiccInsufficientMemory));
    }
    Ok(())
}

fn none_is_missing<T>(missing: Option<T>) -> Result<(), T> {
    missing.map_or(Ok(()), Err)
}

/// A service that the profile demands and the eUICC does not name. Not asked for are the test algorithm, for which
/// eUICCs of version 2 have no bit, and Java Card, which profiles in the field demand and hardly use: there the eUICC
/// has the last word.
fn missing_service(order: &Order, info: &EuiccInfo2) -> Option<Service> {
    let demanded = Services(order.needs.services);
    let is_named = |service: Service| {
        let bit = Services::of(&[service]).uicc_capability().iter().position(|bit| *bit);
        bit.is_none_or(|bit| has_bit(&info.uicc_capability, bit))
    };
    let left_to_the_euicc = [Service::UsimTestAlgorithm, Service::Javacard];
    let asked_for = Service::ALL.iter().copied().filter(|service| !left_to_the_euicc.contains(service));
    asked_for.filter(|service| demanded.contains(*service)).find(|service| !is_named(*service))
}

/// An access network that the profile needs and the device does not support. Where the eUICC cannot take the newer
/// fields, the device could not send them: then their absence means nothing.
fn missing_access(
    needs: &BTreeMap<Access, u8>,
    device: &DeviceCapabilities,
    extensible: bool,
) -> Option<(Access, u8)> {
    let lacks = |(access, release): &(Access, u8)| {
        let newer = matches!(access, Access::NrEpc | Access::Nr5gc | Access::Eutran5gc);
        match supported(device, *access) {
            Some(version) => version.major() < *release,
            None => extensible || !newer,
        }
    };
    needs.iter().map(|(access, release)| (*access, *release)).find(lacks)
}

fn supported(device: &DeviceCapabilities, access: Access) -> Option<Version> {
    match access {
        Access::Gsm => device.gsm_supported_release,
        Access::Utran => device.utran_supported_release,
        Access::Cdma2000onex => device.cdma2000onex_supported_release,
        Access::Cdma2000hrpd => device.cdma2000hrpd_supported_release,
        Access::Cdma2000ehrpd => device.cdma2000ehrpd_supported_release,
        Access::EutranEpc => device.eutran_epc_supported_release,
        Access::Contactless => device.contactless_supported_release,
        Access::NrEpc => device.nr_epc_supported_release,
        Access::Nr5gc => device.nr5gc_supported_release,
        Access::Eutran5gc => device.eutran5gc_supported_release,
    }
}

/// Free octets; none if the eUICC does not say.
fn free_memory(resources: &[u8]) -> Option<u64> {
    let fields = tlv::read_all(resources, 0..resources.len()).ok()?;
    let field = fields.into_iter().find(|field| field.tag == FREE_NON_VOLATILE)?;
    let value = resources.get(field.value)?;
    let fits = !value.is_empty() && value.len() <= 8;
    fits.then(|| value.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet)))
}
