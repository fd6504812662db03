//! `chip`: what the eUICC tells of itself, its default SM-DP+, and its memory reset.

use super::euicc::Euicc;
use super::line::{Failed, success};
use super::raw::Raw;
use esim_lpa::manage::{CardResources, GetEid, Info2, MemoryReset, SetDefaultDpAddress};
use esim_rsp::BitString;
use esim_rsp::common::has_bit;
use esim_rsp::es10a::{EuiccConfiguredAddressesRequest, EuiccConfiguredAddressesResponse};
use esim_rsp::es10b::{
    EuiccInfo2, GetEuiccInfo2Request, GetRatRequest, GetRatResponse, ProfilePolicyAuthorisationRule,
};
use serde::Serialize;

/// Bits of PprIds by lpac's names.
const RULES: [&str; 4] = ["pprUpdateControl", "ppr1", "ppr2", "ppr3"];
/// Bits of pprFlags.
const FLAGS: [&str; 1] = ["consentRequired"];

#[derive(Serialize)]
struct Chip {
    #[serde(rename = "eidValue")]
    eid: String,
    #[serde(rename = "EuiccConfiguredAddresses", skip_serializing_if = "Option::is_none")]
    addresses: Option<Addresses>,
    #[serde(rename = "EUICCInfo2", skip_serializing_if = "Option::is_none")]
    info: Option<Info>,
    #[serde(rename = "rulesAuthorisationTable", skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<Rule>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Addresses {
    default_dp_address: Option<String>,
    root_ds_address: String,
}

/// The members are called as lpac calls them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    profile_version: String,
    svn: String,
    euicc_firmware_ver: String,
    ext_card_resource: Resources,
    uicc_capability: Vec<String>,
    ts102241_version: Option<String>,
    globalplatform_version: Option<String>,
    rsp_capability: Vec<String>,
    #[serde(rename = "euiccCiPKIdListForVerification")]
    verification: Vec<String>,
    #[serde(rename = "euiccCiPKIdListForSigning")]
    signing: Vec<String>,
    euicc_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forbidden_profile_policy_rules: Option<Vec<&'static str>>,
    pp_version: String,
    sas_acreditation_number: String,
    certification_data_object: Certification,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resources {
    installed_application: u32,
    free_non_volatile_memory: u32,
    free_volatile_memory: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certification {
    platform_label: Option<String>,
    #[serde(rename = "discoveryBaseURL")]
    discovery_base_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    ppr_ids: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_operators: Vec<Operator>,
    ppr_flags: Vec<&'static str>,
}

#[derive(Serialize)]
struct Operator {
    plmn: String,
    gid1: Option<String>,
    gid2: Option<String>,
}

/// `chip info`.
pub(super) async fn info(euicc: &mut Euicc) -> Result<(), Failed> {
    let eid = euicc.read("es10c_get_eid", &GetEid {}).await?;
    // What the card does not tell is left out.
    let addresses = Raw::<EuiccConfiguredAddressesResponse>::new(&EuiccConfiguredAddressesRequest {});
    let addresses = euicc.run(&addresses).await.ok();
    let rules = euicc.run(&Raw::<GetRatResponse>::new(&GetRatRequest {})).await.ok();
    let info = euicc.run(&Raw::<EuiccInfo2>::new(&GetEuiccInfo2Request {})).await.ok();
    success(Chip {
        eid,
        addresses: addresses.map(|it| Addresses {
            default_dp_address: it.default_dp_address,
            root_ds_address: it.root_ds_address,
        }),
        info: info.as_ref().map(Info::from),
        rules: rules.map(|it| it.rat.iter().map(Rule::from).collect()),
    });
    Ok(())
}

/// `chip defaultsmdp`.
pub(super) async fn default_smdp(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    let Some(address) = arguments.first() else {
        say!("Usage: defaultsmdp <smdp>");
        return Err(Failed);
    };
    euicc.read("es10a_set_default_dp_address", &SetDefaultDpAddress { address: address.clone() }).await?;
    success(());
    Ok(())
}

/// `chip purge`.
pub(super) async fn purge(euicc: &mut Euicc, arguments: &[String]) -> Result<(), Failed> {
    match arguments.first().map(String::as_str) {
        Some("yes") => {}
        Some(_) => {
            say!("Purge canceled");
            return Err(Failed);
        }
        None => {
            say!("Usage: purge [yes|other]");
            say!("\t\tDeletes all profiles and the default SM-DP+ of the eUICC, for good!");
            return Err(Failed);
        }
    }
    let all = MemoryReset { operational_profiles: true, test_profiles: true, default_smdp_address: true };
    euicc.change("es10c_euicc_memory_reset", &all, &[(1, "nothing to delete")]).await?;
    success(());
    Ok(())
}

impl From<&EuiccInfo2> for Info {
    fn from(info: &EuiccInfo2) -> Self {
        let known = Info2::from(info);
        let resources = CardResources::read(&info.ext_card_resource);
        let (label, url) = known.certification.unzip();
        let forbidden = info.forbidden_profile_policy_rules.as_ref();
        Self {
            profile_version: known.profile_version,
            svn: known.svn,
            euicc_firmware_ver: known.firmware,
            ext_card_resource: Resources {
                installed_application: resources.applications.unwrap_or(0),
                free_non_volatile_memory: resources.free_non_volatile.unwrap_or(0),
                free_volatile_memory: resources.free_volatile.unwrap_or(0),
            },
            uicc_capability: known.uicc_capabilities,
            ts102241_version: known.ts102241_version,
            globalplatform_version: known.globalplatform_version,
            rsp_capability: known.rsp_capabilities,
            verification: known.ci_keys_for_verification,
            signing: known.ci_keys_for_signing,
            euicc_category: known.category,
            forbidden_profile_policy_rules: forbidden.map(|rules| names(&rules.0, &RULES)),
            pp_version: known.pp_version,
            sas_acreditation_number: known.sas_accreditation_number,
            certification_data_object: Certification { platform_label: label, discovery_base_url: url },
        }
    }
}

impl From<&ProfilePolicyAuthorisationRule> for Rule {
    fn from(rule: &ProfilePolicyAuthorisationRule) -> Self {
        let operators = rule.allowed_operators.iter().map(|it| Operator {
            plmn: hex::encode(*it.mcc_mnc),
            gid1: it.gid1.as_ref().filter(|group| !group.is_empty()).map(hex::encode),
            gid2: it.gid2.as_ref().filter(|group| !group.is_empty()).map(hex::encode),
        });
        Self {
            ppr_ids: names(&rule.ppr_ids.0, &RULES),
            allowed_operators: operators.collect(),
            ppr_flags: names(&rule.ppr_flags, &FLAGS),
        }
    }
}

/// Names of the bits that are set.
fn names(bits: &BitString, names: &[&'static str]) -> Vec<&'static str> {
    names.iter().enumerate().filter(|(bit, _)| has_bit(bits, *bit)).map(|(_, name)| *name).collect()
}
