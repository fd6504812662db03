//! What the commands of the LPA print for a person: lines.

use esim_lpa::lui::{Preview, Told, readable_size};
use esim_lpa::manage::ChipInfo;
use esim_lpa::notify::Notification;
use esim_lpa::profile::PolicyRules;
use esim_lpa::{Lang, Profile};

/// A failure, for whoever owns the phone: what happened, why, what to do, the code, and the details beneath.
pub(super) fn failure(told: &Told, lang: Lang) {
    say!("✗ {}", told.what);
    for line in [&told.why, &told.remedy].into_iter().filter(|line| !line.is_empty()) {
        say!("  {line}");
    }
    let (code, details) = match lang {
        Lang::En => ("Error code", "Details"),
        Lang::Ja => ("エラーコード", "詳細"),
    };
    say!("  {code}: {}", told.code);
    say!("  {details}: {}", told.details.join(" · "));
}

/// What is told of a profile before it is fetched, in lines.
pub(super) fn preview(preview: &Preview, lang: Lang) -> Vec<String> {
    let line = |(name, value): (&str, String)| match name.is_empty() {
        true => value,
        false => format!("{name:<12}  {value}"),
    };
    preview.rows(lang).into_iter().map(line).collect()
}

/// A line for each thing, the name first.
pub(super) fn print_info(info: &ChipInfo) {
    let chip = &info.info;
    let memory = |octets: Option<u32>| octets.map(|octets| readable_size(octets.into())).unwrap_or_default();
    let rules = |rules: PolicyRules| {
        let names = [(rules.cannot_disable, "PPR1"), (rules.cannot_delete, "PPR2")];
        names.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    };
    let addresses = info.addresses.as_ref();
    let allowed = info.rat.iter().flatten().map(|rule| {
        let consent = if rule.consent_required { ", with the user's consent" } else { "" };
        let operators = rule.operators.iter().map(|owner| format!("{} {}", owner.mcc, owner.mnc));
        format!("{} by {}{consent}", rules(rule.rules), operators.collect::<Vec<_>>().join(", "))
    });
    let lines = [
        ("EID", info.eid.clone()),
        ("ISD-R", format!("{} ({})", info.isdr_aid, info.isdr_variant)),
        ("default SM-DP+", addresses.and_then(|it| it.default_smdp.clone()).unwrap_or_default()),
        ("root SM-DS", addresses.map(|it| it.root_smds.clone()).unwrap_or_default()),
        ("SGP.22", chip.svn.clone()),
        ("profile packages", chip.profile_version.clone()),
        ("firmware", chip.firmware.clone()),
        ("free memory", memory(chip.resources.free_non_volatile)),
        ("free RAM", memory(chip.resources.free_volatile)),
        ("applications", chip.resources.applications.map(|count| count.to_string()).unwrap_or_default()),
        ("UICC", chip.uicc_capabilities.join(", ")),
        ("RSP", chip.rsp_capabilities.join(", ")),
        ("UICC API", chip.ts102241_version.clone().unwrap_or_default()),
        ("GlobalPlatform", chip.globalplatform_version.clone().unwrap_or_default()),
        ("category", chip.category.clone().unwrap_or_default()),
        ("CIs trusted", chip.ci_keys_for_verification.join(", ")),
        ("CIs above it", chip.ci_keys_for_signing.join(", ")),
        ("forbidden rules", rules(chip.forbidden_rules)),
        ("allowed rules", allowed.collect::<Vec<_>>().join("; ")),
        ("protection profile", chip.pp_version.clone()),
        ("SAS", chip.sas_accreditation_number.clone()),
        ("certification", chip.certification.iter().map(|(label, at)| format!("{label} ({at})")).collect()),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        say!("{name:<18}  {value}");
    }
}

pub(super) fn print_profiles(profiles: &[Profile]) {
    profiles.iter().for_each(print_profile);
    if profiles.is_empty() {
        say!("no profiles");
    }
}

pub(super) fn print_waiting(it: &Notification) {
    let iccid = it.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
    let event = it.event.map(|event| format!("{event:?}")).unwrap_or_default();
    say!("{:>4}  {event:<8} {iccid:<20} {}", it.sequence_number, it.address);
}

fn print_profile(profile: &Profile) {
    let iccid = profile.metadata.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
    let state = if profile.enabled { "enabled" } else { "disabled" };
    let operator = profile.metadata.service_provider_name.as_deref().unwrap_or_default();
    say!("{iccid:<20} {state:<8} {} ({operator})", profile.display_name());
}
