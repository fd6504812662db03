//! Sentences in Japanese.

use super::{Concern, Lang, Preview, Question, owner, readable_size};
use crate::apdu::OpenError;
use crate::discover::{Discovery, DiscoveryEnding, Unfollowed, Unfollowing};
use crate::download::{Ending, InstallError, Misbehaviour, Peer, ServerRefusal, UntrustedServer, quotable};
use crate::policy::Forbidden;
use crate::transport::CertificateFault;
use alloc::format;
use alloc::string::String;

pub(super) fn question(question: &Question) -> String {
    match question {
        Question::Consent(consent) => {
            let profile = &consent.profile;
            let name = profile.profile_name.as_deref().unwrap_or_default();
            let provider = profile.service_provider_name.as_deref().unwrap_or_default();
            let mut text = format!("{provider}のプロファイル「{name}」をインストールしますか?");
            if profile.policy.cannot_disable {
                text.push_str("有効にした後は無効にできません(PPR1)。");
            }
            if profile.policy.cannot_delete {
                text.push_str("削除できません(PPR2)。");
            }
            if consent.strong {
                text.push_str("通信事業者のこれらの制限に同意する場合のみ続行してください。");
            }
            if consent.already_installed {
                text.push_str("同じICCIDのプロファイルがすでにカードにあるため、インストールは失敗します。");
            }
            if let Some(free) = consent.free_memory {
                text.push_str(&format!("カードの空き容量: {}。", readable_size(free.into())));
            }
            let told_already = [Concern::AlreadyInstalled, Concern::CannotDisable, Concern::CannotDelete];
            let preview = Preview::of(consent);
            let grave = preview.concerns.iter().filter(|it| it.is_fatal() && !told_already.contains(it));
            for concern in grave {
                text.push_str(concern.text(Lang::Ja));
            }
            text
        }
        Question::ConfirmationCode(request) => format!(
            "{}の「{}」には確認コードが必要です。通信事業者から受け取ったコードを入力してください。",
            request.service_provider_name, request.profile_name
        ),
    }
}

pub(super) fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Installed(_) => "プロファイルをインストールしました。まだ有効になっていません。".into(),
        Ending::NotInstalled(error) => not_installed(error),
        Ending::Refused(refusal) => refused(refusal),
        Ending::CardRefused(refusal) => format!(
            "{}({}, {})",
            owner::card_refused(refusal, owner::NOT_DOWNLOADED, Lang::Ja).text(Lang::Ja),
            refusal.function,
            refusal.code.name
        ),
        Ending::Declined { reason } => match reason.name.as_str() {
            "postponed" => "ダウンロードを後回しにしました。アクティベーションコードは引き続き使えます。".into(),
            "timeout" => "時間内に応答がありませんでした。アクティベーションコードは引き続き使えます。".into(),
            _ => "プロファイルを拒否しました。通信事業者に通知したため、アクティベーションコードは使えなくなることがあります。".into(),
        },
        Ending::PolicyForbids { why } => match why {
            Forbidden::Ppr1 => "このカードでは、無効化を禁止するプロファイル(PPR1)は許可されていません。".into(),
            Forbidden::Ppr2 => "このカードでは、削除を禁止するプロファイル(PPR2)は許可されていません。".into(),
            Forbidden::Ppr1BesideAnother => {
                "無効にできないプロファイル(PPR1)は、他のプロファイルがあるカードには追加できません。先に他のプロファイルを削除してください。".into()
            }
        },
        Ending::Misbehaved(what) => misbehaved(what),
        Ending::Lost(lost) => {
            let peer = if lost.peer == Peer::Card { "カード" } else { "サーバー" };
            format!(
                "{peer}から{}の応答がありません({})。同じアクティベーションコードでもう一度お試しください。",
                lost.function, lost.detail
            )
        }
        Ending::Untrusted(server) => untrusted(server),
        Ending::OtherCard { expected, found } => format!(
            "このダウンロードは別のカード({expected})で始めたもので、今のカードは{found}です。続けるには元のカードに戻してください。このカードには別のアクティベーションコードが必要です。"
        ),
        Ending::NoEuicc { error } => no_euicc(error),
    }
}

fn untrusted(server: &UntrustedServer) -> String {
    let (what, remedy) = match server.fault {
        CertificateFault::Expired => (
            "サーバーのTLS証明書の有効期限が切れています",
            "端末の日時が正しければ、サーバーの証明書の更新が必要です。通信事業者にお知らせください。",
        ),
        CertificateFault::NotYetValid => (
            "サーバーのTLS証明書はまだ有効ではありません",
            "端末の日時を合わせてください。日時が正しければ、通信事業者にお知らせください。",
        ),
        CertificateFault::UnknownIssuer => (
            "サーバーのTLS証明書は、このカードが信頼しない認証局のものです",
            "このカード用のサーバーのアクティベーションコードを通信事業者に依頼してください(テスト用カードと商用サーバーは組み合わせられません)。",
        ),
        CertificateFault::WrongName => (
            "サーバーのTLS証明書の名前が、アクティベーションコードのアドレスと一致しません",
            "アドレスを確認してください。正しければ、通信が傍受されているおそれがあるため、通信事業者にお知らせください。",
        ),
        CertificateFault::Unacceptable => (
            "サーバーのTLS証明書を受け入れられません",
            "サーバーの証明書の交換が必要です。通信事業者にお知らせください。",
        ),
    };
    format!("{what}({})。ダウンロードを中止しました。もう一度試しても解決しません。{remedy}", server.detail)
}

fn no_euicc(error: &OpenError) -> String {
    match error {
        OpenError::NoCard { detail } => format!("カードが応答しません({detail})。"),
        OpenError::NoChannel { sw } => {
            format!("カードの論理チャネルを開けません({})。カードをリセットしてください。", sw.name)
        }
        OpenError::NotEuicc { .. } => "このカードはeUICCではありません(ISD-Rが見つかりません)。".into(),
        OpenError::Refused { sw, .. } => format!("カードがISD-Rの選択を拒否しました({})。", sw.name),
    }
}

fn not_installed(error: &InstallError) -> String {
    let told = owner::not_installed(error, Lang::Ja).text(Lang::Ja);
    let element = error.sima_response.as_ref().map(super::element::element).unwrap_or_default();
    format!("{told}({}, {}){element}", error.bpp_command.name, error.reason.name)
}

fn refused(refusal: &ServerRefusal) -> String {
    let function = &refusal.function;
    let text = match refusal.code() {
        Some(code) => format!("{}({code}, {function})", owner::refused(refusal, Lang::Ja).text(Lang::Ja)),
        None => format!(
            "サーバーが{function}を拒否しましたが、理由コードがありません(statusCodeDataなし、SGP.22 6.5.1.4)。サーバーの管理者にお問い合わせください。"
        ),
    };
    match refusal.own_words() {
        Some(words) => format!("{text}サーバーからのメッセージ:「{words}」"),
        None => text,
    }
}

fn misbehaved(what: &Misbehaviour) -> String {
    match what {
        Misbehaviour::WrongServerAddress { dialled, signed } => {
            format!(
                "{dialled}に接続しましたが、サーバーは{signed}と名乗りました。アクティベーションコードのアドレスをお使いください。"
            )
        }
        Misbehaviour::WrongOid { expected, found } => format!(
            "アクティベーションコードのサーバー({expected})と証明書({})が一致しません。",
            found.as_deref().unwrap_or("OIDなし")
        ),
        Misbehaviour::TransactionMismatch => "サーバーが別のセッションと混同しています。".into(),
        Misbehaviour::MetadataMismatch => {
            "事前の情報と異なるプロファイルが届いたため、インストールしませんでした。".into()
        }
        Misbehaviour::Malformed { function, detail } => {
            format!("{function}の応答を読み取れません({detail})。")
        }
        Misbehaviour::NoResult => "カードからインストール結果が返りませんでした。".into(),
    }
}

pub(super) fn discovery(discovery: &Discovery) -> String {
    let smds = discovery.smds_address.as_deref().map(quotable).unwrap_or_default();
    match &discovery.ending {
        DiscoveryEnding::Found => {
            format!("このカード宛てのプロファイルが{}件あります。", discovery.events.len())
        }
        DiscoveryEnding::Nothing => format!(
            "{smds}には、このカード宛てのプロファイルはありません。注文済みの場合は、このカードのEIDで提供が開始されているか、どのSM-DSに登録されているかを通信事業者に確認してください。アクティベーションコードでもダウンロードできます。"
        ),
        DiscoveryEnding::NothingFollowed => {
            format!("{smds}にこのカード宛てのプロファイルが登録されていますが、いずれも取得できません。")
        }
        DiscoveryEnding::NoSmds => {
            "このカードにはSM-DSのアドレスが設定されていません。アドレスを指定するか、アクティベーションコードをお使いください。".into()
        }
        DiscoveryEnding::Failed { ending } => asking_failed(&smds, ending),
    }
}

fn asking_failed(server: &str, why: &Ending) -> String {
    match why {
        Ending::Lost(lost) if lost.peer == Peer::Server => format!(
            "{server}から{}の応答がありません({})。接続を確認してもう一度お試しください。使用済みになったものはありません。",
            lost.function, lost.detail
        ),
        Ending::Lost(lost) => format!(
            "カードから{}の応答がありません({})。カードを確認してもう一度お試しください。使用済みになったものはありません。",
            lost.function, lost.detail
        ),
        other => format!("{server}に問い合わせできませんでした。{}", ending(other)),
    }
}

pub(super) fn unfollowed(unfollowed: &Unfollowed) -> String {
    let event = &unfollowed.event;
    let (id, server) = (quotable(&event.event_id), quotable(&event.rsp_server_address));
    match &unfollowed.why {
        Unfollowing::NoAddress => format!(
            "イベント{id}のサーバー「{server}」はアドレスとして正しくありません。{}の管理者にお問い合わせください。",
            quotable(&event.smds_address)
        ),
        Unfollowing::Loop => {
            format!(
                "イベント{id}の転送先{server}は問い合わせ済みで、転送が循環しています。通信事業者にお知らせください。"
            )
        }
        Unfollowing::TooDeep => format!(
            "イベント{id}はSM-DSの間で何度も転送されているため、{server}には問い合わせませんでした。通信事業者にお知らせください。"
        ),
        Unfollowing::TooMany => format!(
            "イベントが多すぎるため、{server}のイベント{id}は確認しませんでした。他のプロファイルを取得してからもう一度お試しください。"
        ),
        Unfollowing::Gone => format!(
            "イベント{id}は{server}に転送されていますが、そこにはもうありません。取得済みか、取り消されたものです。"
        ),
        Unfollowing::Failed { ending } => format!("イベント{id}: {}", asking_failed(&server, ending)),
    }
}
