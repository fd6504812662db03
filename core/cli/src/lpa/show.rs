//! What the commands of the LPA print for a person: lines.

use super::prompt::either;
use esim_lpa::lui::{Preview, Told, readable_size};
use esim_lpa::manage::ChipInfo;
use esim_lpa::notify::Notification;
use esim_lpa::profile::PolicyRules;
use esim_lpa::{Lang, Profile};
use esim_rsp::common::NotificationEvent;
use unicode_width::UnicodeWidthStr;

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
        false => format!("{}  {value}", wide(name, 12)),
    };
    preview.rows(lang).into_iter().map(line).collect()
}

/// A text, and blanks up to so many columns: a letter may take two.
fn wide(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// A line for each thing, the name first.
pub(super) fn print_info(info: &ChipInfo, lang: Lang) {
    let chip = &info.info;
    let memory = |octets: Option<u32>| octets.map(|octets| readable_size(octets.into())).unwrap_or_default();
    let rules = |rules: PolicyRules| {
        let names = [(rules.cannot_disable, "PPR1"), (rules.cannot_delete, "PPR2")];
        names.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    };
    let addresses = info.addresses.as_ref();
    let allowed = info.rat.iter().flatten().map(|rule| {
        let operators = rule.operators.iter().map(|owner| format!("{} {}", owner.mcc, owner.mnc));
        let (rules, operators) = (rules(rule.rules), operators.collect::<Vec<_>>().join(", "));
        match (lang, rule.consent_required) {
            (Lang::En, true) => format!("{rules} by {operators}, with the user's consent"),
            (Lang::En, false) => format!("{rules} by {operators}"),
            (Lang::Ja, true) => format!("{rules}({operators}、お客様の同意が必要)"),
            (Lang::Ja, false) => format!("{rules}({operators})"),
        }
    });
    let lines = [
        ("EID", info.eid.clone()),
        ("ISD-R", format!("{} ({})", info.isdr_aid, info.isdr_variant)),
        (
            either(lang, "default SM-DP+", "既定のSM-DP+"),
            addresses.and_then(|it| it.default_smdp.clone()).unwrap_or_default(),
        ),
        (
            either(lang, "root SM-DS", "ルートSM-DS"),
            addresses.map(|it| it.root_smds.clone()).unwrap_or_default(),
        ),
        ("SGP.22", chip.svn.clone()),
        (either(lang, "profile packages", "プロファイルの版"), chip.profile_version.clone()),
        (either(lang, "firmware", "ファームウェア"), chip.firmware.clone()),
        (either(lang, "free memory", "空き容量"), memory(chip.resources.free_non_volatile)),
        (either(lang, "free RAM", "空きRAM"), memory(chip.resources.free_volatile)),
        (
            either(lang, "applications", "アプリケーション数"),
            chip.resources.applications.map(|count| count.to_string()).unwrap_or_default(),
        ),
        ("UICC", chip.uicc_capabilities.join(", ")),
        ("RSP", chip.rsp_capabilities.join(", ")),
        ("UICC API", chip.ts102241_version.clone().unwrap_or_default()),
        ("GlobalPlatform", chip.globalplatform_version.clone().unwrap_or_default()),
        (either(lang, "category", "分類"), chip.category.clone().unwrap_or_default()),
        (either(lang, "CIs trusted", "信頼するCI"), chip.ci_keys_for_verification.join(", ")),
        (either(lang, "CIs above it", "署名に使うCI"), chip.ci_keys_for_signing.join(", ")),
        (either(lang, "forbidden rules", "禁止される制限"), rules(chip.forbidden_rules)),
        (either(lang, "allowed rules", "許可される制限"), allowed.collect::<Vec<_>>().join("; ")),
        (either(lang, "protection profile", "プロテクションプロファイル"), chip.pp_version.clone()),
        ("SAS", chip.sas_accreditation_number.clone()),
        (
            either(lang, "certification", "認証"),
            chip.certification.iter().map(|(label, at)| format!("{label} ({at})")).collect(),
        ),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        say!("{}  {value}", wide(name, 18));
    }
}

pub(super) fn print_profiles(profiles: &[Profile], lang: Lang) {
    profiles.iter().for_each(|profile| print_profile(profile, lang));
    if profiles.is_empty() {
        say!("{}", either(lang, "no profiles", "プロファイルはありません"));
    }
}

pub(super) fn print_waiting(it: &Notification, lang: Lang) {
    let iccid = it.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
    let event = it.event.map(|event| match event {
        NotificationEvent::Install => either(lang, "Install", "追加"),
        NotificationEvent::Enable => either(lang, "Enable", "有効化"),
        NotificationEvent::Disable => either(lang, "Disable", "無効化"),
        NotificationEvent::Delete => either(lang, "Delete", "削除"),
    });
    let event = wide(event.unwrap_or_default(), 8);
    say!("{:>4}  {event} {iccid:<20} {}", it.sequence_number, it.address);
}

fn print_profile(profile: &Profile, lang: Lang) {
    let iccid = profile.metadata.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
    let state = match profile.enabled {
        true => either(lang, "enabled", "有効"),
        false => either(lang, "disabled", "無効"),
    };
    let operator = profile.metadata.service_provider_name.as_deref().unwrap_or_default();
    say!("{iccid:<20} {} {} ({operator})", wide(state, 8), profile.display_name());
}
