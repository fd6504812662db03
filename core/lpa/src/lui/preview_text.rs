//! A preview in words, English and Japanese.

use super::preview::{Concern, Fit, MemoryNeed, Preview};
use super::{Lang, readable_size};
use crate::profile::{Icon, NotificationReceiver, Owner};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Concern {
    /// What it means, and what to do.
    pub fn text(self, lang: Lang) -> &'static str {
        concern(self, lang)
    }
}

impl Preview {
    /// A line for each thing that is told, name and value; then what stands against it, without a name.
    pub fn rows(&self, lang: Lang) -> Vec<(&'static str, String)> {
        rows(self, lang)
    }
}

fn concern(concern: Concern, lang: Lang) -> &'static str {
    match (lang, concern) {
        (Lang::En, Concern::AlreadyInstalled) => {
            "A profile with this ICCID is on the card already; installing it again will fail."
        }
        (Lang::En, Concern::TooLarge) => {
            "It does not fit: delete a profile first. The activation code can still be used."
        }
        (Lang::En, Concern::NoTestProfiles) => {
            "It is a test profile, and this card takes none. Use a card for tests."
        }
        (Lang::En, Concern::MayNotFit) => {
            "It may not fit. If the card says that it is full, delete a profile and try again with the same code."
        }
        (Lang::En, Concern::CannotDisable) => "Once enabled, it cannot be disabled (PPR1).",
        (Lang::En, Concern::CannotDelete) => "It cannot be deleted (PPR2).",
        (Lang::Ja, Concern::AlreadyInstalled) => {
            "同じICCIDのプロファイルがすでにカードにあるため、インストールは失敗します。"
        }
        (Lang::Ja, Concern::TooLarge) => {
            "空き容量が足りません。先に他のプロファイルを削除してください。アクティベーションコードは引き続き使えます。"
        }
        (Lang::Ja, Concern::NoTestProfiles) => {
            "テスト用プロファイルですが、このカードは対応していません。テスト用のカードをお使いください。"
        }
        (Lang::Ja, Concern::MayNotFit) => {
            "空き容量が足りない可能性があります。容量不足になった場合は、他のプロファイルを削除して同じコードでもう一度お試しください。"
        }
        (Lang::Ja, Concern::CannotDisable) => "有効にした後は無効にできません(PPR1)。",
        (Lang::Ja, Concern::CannotDelete) => "削除できません(PPR2)。",
    }
}

fn rows(preview: &Preview, lang: Lang) -> Vec<(&'static str, String)> {
    let profile = &preview.profile;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let name = |en, ja| if lang == Lang::En { en } else { ja };
    let rows = [
        (name("operator", "通信事業者"), text(&profile.service_provider_name)),
        (name("profile", "プロファイル"), text(&profile.profile_name)),
        ("ICCID", profile.iccid.map(|iccid| iccid.to_string()).unwrap_or_default()),
        (name("class", "種類"), class(profile.class.as_deref(), lang)),
        (name("owner", "発行元"), profile.owner.as_ref().map(owner).unwrap_or_default()),
        (name("icon", "アイコン"), profile.icon.as_ref().map(icon).unwrap_or_default()),
        (name("reports to", "通知先"), receivers(&profile.notifications)),
        (name("server", "サーバー"), preview.smdp_address.clone()),
        (name("size", "サイズ"), size(preview.memory, lang)),
        (name("free memory", "空き容量"), free(preview.memory, lang)),
        (name("fits", "容量の判定"), fit(preview.memory.fit, lang).to_string()),
    ];
    let concerns = preview.concerns.iter().map(|concern| ("", concern.text(lang).to_string()));
    rows.into_iter().filter(|(_, value)| !value.is_empty()).chain(concerns).collect()
}

fn class(class: Option<&str>, lang: Lang) -> String {
    match (lang, class) {
        (Lang::Ja, Some("operational")) => "通常".into(),
        (Lang::Ja, Some("test")) => "テスト用".into(),
        (Lang::Ja, Some("provisioning")) => "プロビジョニング用".into(),
        (_, class) => class.unwrap_or_default().into(),
    }
}

fn owner(owner: &Owner) -> String {
    let groups = [&owner.gid1, &owner.gid2];
    let groups = groups.into_iter().flatten().filter(|group| !group.is_empty());
    core::iter::once(&owner.mcc).chain([&owner.mnc]).chain(groups).cloned().collect::<Vec<_>>().join(" ")
}

fn icon(icon: &Icon) -> String {
    format!("{}, {}", icon.media_type, readable_size(icon.data.0.len() as u64))
}

fn receivers(receivers: &[NotificationReceiver]) -> String {
    let one = |it: &NotificationReceiver| {
        let events: Vec<_> = it.events.iter().map(|event| format!("{event:?}").to_lowercase()).collect();
        format!("{} ({})", it.address, events.join(", "))
    };
    receivers.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn size(memory: MemoryNeed, lang: Lang) -> String {
    match (memory.estimated, lang) {
        (Some(octets), Lang::En) => format!("about {}", readable_size(octets.into())),
        (Some(octets), Lang::Ja) => format!("約{}", readable_size(octets.into())),
        (None, Lang::En) => "not told by the server".into(),
        (None, Lang::Ja) => "サーバーからの情報なし".into(),
    }
}

fn free(memory: MemoryNeed, lang: Lang) -> String {
    match (memory.free, lang) {
        (Some(octets), _) => readable_size(octets.into()),
        (None, Lang::En) => "not told by the card".into(),
        (None, Lang::Ja) => "カードからの情報なし".into(),
    }
}

fn fit(fit: Fit, lang: Lang) -> &'static str {
    match (lang, fit) {
        (Lang::En, Fit::Fits) => "yes",
        (Lang::En, Fit::Tight) => "perhaps; it is tight",
        (Lang::En, Fit::TooLarge) => "no",
        (Lang::En, Fit::Likely) => "very likely; few profiles take more than 65 kB",
        (Lang::En, Fit::Doubtful) => "perhaps; there is little room",
        (Lang::En, Fit::Unknown) => "not known",
        (Lang::Ja, Fit::Fits) => "収まります",
        (Lang::Ja, Fit::Tight) => "収まらない可能性があります",
        (Lang::Ja, Fit::TooLarge) => "収まりません",
        (Lang::Ja, Fit::Likely) => "おそらく収まります(65 kBを超えるプロファイルはまれです)",
        (Lang::Ja, Fit::Doubtful) => "空き容量が少なく、収まらない可能性があります",
        (Lang::Ja, Fit::Unknown) => "不明",
    }
}
