//! Whether a profile suits an eUICC (SGP.22 5.6.3, eligibility check).

use crate::Order;
use esim_rsp::common::has_bit;
use esim_rsp::es8p::ProfileClass;
use esim_rsp::es10b::EuiccInfo2;
use esim_rsp::{Refusal, tlv};

/// `rspCapability` bit testProfileSupport.
const TEST_PROFILE_SUPPORT: usize = 3;
/// Free non-volatile memory in `extCardResource` (TS 102 226).
const FREE_NON_VOLATILE: u32 = 0x82;

/// Compares what the profile needs with what the eUICC says of itself.
///
/// # Errors
/// 8.2.5/4.3 where it does not suit; 8.1/4.8 where it does not fit.
pub fn check(order: &Order, info: &EuiccInfo2) -> Result<(), Refusal> {
    let unsuitable = |why: &str| Refusal::new("8.2.5", "4.3").because(why).about(order.iccid);
    let metadata = order.metadata().map_err(|_| unsuitable("Its metadata is damaged"))?;
    if order.needs.version > info.profile_version.major() {
        return Err(unsuitable("The eUICC does not know this version of profile packages"));
    }
    let is_test = metadata.profile_class == ProfileClass::test;
    if is_test && !has_bit(&info.rsp_capability, TEST_PROFILE_SUPPORT) {
        return Err(unsuitable("The eUICC takes no test profiles"));
    }
    let rules = metadata.profile_policy_rules.as_ref();
    let forbidden = info.forbidden_profile_policy_rules.as_ref();
    let clash = rules.zip(forbidden).is_some_and(|(rules, forbidden)| {
        rules.ppr1() && forbidden.ppr1() || rules.ppr2() && forbidden.ppr2()
    });
    if clash {
        return Err(unsuitable("The eUICC forbids the profile's policy rules"));
    }
    match free_memory(&info.ext_card_resource) {
        Some(free) if free < u64::from(order.needs.octets) => Err(Refusal::new("8.1", "4.8")),
        _ => Ok(()),
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
