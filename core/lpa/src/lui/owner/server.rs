//! What the codes of servers mean to the owner of a phone (SGP.22 5.2.6, 5.6.1 to 5.6.5, 5.8.1, 5.8.2).

use super::words::{
    AGAIN, ASK_OPERATOR, Both, ESIM_IS_TO_BLAME, NEW_CODE, OPERATOR_MENDS, OTHER_WORLD, SAME_CODE, Words,
};
use esim_rsp::Code;

/// Of a code that is not in the table.
pub(super) const OTHER: Words = Words {
    why: ("The operator's server refused it.", "通信事業者のサーバーが拒否しました。"),
    remedy: ASK_OPERATOR,
};

/// Of a refusal without a code.
pub(super) const NO_CODE: Words = Words {
    why: (
        "The operator's server refused it and did not say why.",
        "通信事業者のサーバーが理由を示さずに拒否しました。",
    ),
    remedy: ASK_OPERATOR,
};

/// Why a server says this to an LPA, and what its user can do; of pairs that operators alone meet, none.
pub(super) fn words(code: Code) -> Option<Words> {
    let mut rows = [REQUESTERS, ESIMS, ORDERS, CONFIRMATION, SERVERS].into_iter().flatten();
    rows.find(|(codes, ..)| codes.contains(&code))
        .map(|(_, why, remedy)| Words { why: *why, remedy: *remedy })
}

/// Pairs that are told alike, why, and what to do.
type Row = (&'static [Code], Both, Both);

/// Who asks.
const REQUESTERS: &[Row] = &[
    (
        &[Code::FunctionRequesterUnknown],
        (
            "The operator's server serves only apps that it knows, and this one has shown nothing it knows.",
            "通信事業者のサーバーは登録済みのアプリだけに応答します。このアプリは登録されていません。",
        ),
        ASK_OPERATOR,
    ),
    (
        &[Code::FunctionRequesterNotAllowed],
        (
            "The operator's server does not admit this app.",
            "このアプリは通信事業者のサーバーで許可されていません。",
        ),
        ASK_OPERATOR,
    ),
];

/// The eUICC and its certificates.
const ESIMS: &[Row] = &[
    (
        &[Code::EuiccInsufficientMemory],
        ("There is not enough room on this eSIM.", "このeSIMの空き容量が足りません。"),
        (
            "Delete a profile that you do not need, then try again with the same code.",
            "使わないプロファイルを削除してから、同じコードでもう一度お試しください。",
        ),
    ),
    (
        &[Code::EuiccVerificationFailed],
        (
            "The operator's server could not verify the signature of this eSIM.",
            "通信事業者のサーバーがこのeSIMの署名を確認できませんでした。",
        ),
        (
            "Try once more. If it comes back, ask whoever made this eSIM.",
            "もう一度お試しください。繰り返す場合は、このeSIMの製造元にお問い合わせください。",
        ),
    ),
    (
        &[Code::EidRefused],
        (
            "This profile was ordered for another device.",
            "このプロファイルは別の端末用に申し込まれています。",
        ),
        (
            "Use the device that it was ordered for, or ask your operator to order it for this one: they need its EID.",
            "申し込み時の端末を使うか、この端末のEIDを通信事業者に伝えて変更を依頼してください。",
        ),
    ),
    (
        &[Code::EumCertificateVerificationFailed, Code::CiPublicKeyUnknown],
        (
            "The operator's server does not know the maker of this eSIM.",
            "通信事業者のサーバーは、このeSIMの製造元を確認できません。",
        ),
        OTHER_WORLD,
    ),
    (
        &[Code::EumCertificateExpired],
        (
            "The certificate of this eSIM's maker has expired.",
            "このeSIMの製造元の証明書は有効期限が切れています。",
        ),
        ESIM_IS_TO_BLAME,
    ),
    (
        &[Code::EuiccCertificateVerificationFailed],
        (
            "The certificate of this eSIM is not one of its maker.",
            "このeSIMの証明書は、製造元のものと確認できません。",
        ),
        ESIM_IS_TO_BLAME,
    ),
    (
        &[Code::EuiccCertificateExpired],
        ("The certificate of this eSIM has expired.", "このeSIMの証明書は有効期限が切れています。"),
        (
            "Profiles that are on it go on working; new ones need another eSIM. Ask whoever made it.",
            "入っているプロファイルは引き続き使えますが、追加には別のeSIMが必要です。製造元にお問い合わせください。",
        ),
    ),
];

/// What was ordered.
const ORDERS: &[Row] = &[
    (
        &[Code::ProfileNotAllowed],
        (
            "Your operator has not released this profile yet.",
            "このプロファイルは、通信事業者の準備がまだ終わっていません。",
        ),
        (
            "Try again later with the same code. If it takes longer than your operator said, ask them.",
            "後で同じコードでもう一度お試しください。案内された時間を過ぎている場合は、通信事業者にお問い合わせください。",
        ),
    ),
    (
        &[Code::ProfileUnavailable],
        (
            "This profile was prepared before and cannot be prepared again.",
            "このプロファイルは一度発行されており、再発行できません。",
        ),
        NEW_CODE,
    ),
    (
        &[Code::ProfileTypeStoppedOnWarning],
        (
            "Your operator has no profile that suits this device.",
            "この端末に適したプロファイルがありません。",
        ),
        (
            "Ask your operator whether this device is supported.",
            "この端末に対応しているか、通信事業者に確認してください。",
        ),
    ),
    (
        &[Code::MatchingIdRefused],
        (
            "Nothing waits under this code. A code works once, and letters count.",
            "このコードの申し込みが見つかりません。コードは一度だけ使えます。入力の誤りにもご注意ください。",
        ),
        (
            "Compare it with the one that you were given, or scan it again. If it was used before, ask your operator for a new one.",
            "渡されたコードと見比べるか、もう一度読み取ってください。使用済みの場合は、通信事業者に新しいコードを依頼してください。",
        ),
    ),
    (
        &[Code::DownloadOrderExpired],
        ("This code has expired.", "このコードは有効期限が切れています。"),
        NEW_CODE,
    ),
    (
        &[Code::DownloadOrderMaximumExceeded],
        (
            "This code was tried too often and is locked.",
            "このコードは試行回数の上限に達したため、使えなくなりました。",
        ),
        NEW_CODE,
    ),
    (
        &[Code::PprNotAllowed],
        (
            "This eSIM does not allow the rules that your operator has set for the profile.",
            "通信事業者がプロファイルに設定した制限を、このeSIMは許可していません。",
        ),
        (
            "Ask your operator for a profile without them.",
            "制限のないプロファイルを通信事業者に依頼してください。",
        ),
    ),
    (
        &[Code::EventRecordUnknown],
        (
            "What waited for this eSIM has been fetched or withdrawn meanwhile.",
            "このeSIM宛てのプロファイルは、すでに取得されたか、取り下げられました。",
        ),
        (
            "Look at the list of profiles; if nothing has come, ask your operator.",
            "プロファイルの一覧を確認してください。届いていない場合は、通信事業者にお問い合わせください。",
        ),
    ),
];

/// The confirmation code.
const CONFIRMATION: &[Row] = &[
    (
        &[Code::ConfirmationCodeMandatoryElementMissing],
        (
            "Your operator wants a confirmation code, and none was given.",
            "確認コードが必要ですが、入力されていません。",
        ),
        (
            "Try again and enter the code that came with the contract, by letter or by mail.",
            "契約書類やメールに記載の確認コードを用意して、もう一度お試しください。",
        ),
    ),
    (
        &[Code::ConfirmationCodeRefused],
        ("The confirmation code is not the right one.", "確認コードが違います。"),
        (
            "Try again with care: after a few wrong ones the profile is locked.",
            "よく確認してもう一度入力してください。続けて間違えると、プロファイルは使えなくなります。",
        ),
    ),
    (
        &[Code::ConfirmationCodeMaximumExceeded],
        (
            "The confirmation code was wrong too often; the profile is locked.",
            "確認コードを続けて間違えたため、このプロファイルは使えなくなりました。",
        ),
        NEW_CODE,
    ),
];

const NOTHING_IN_COMMON: Both = (
    "This eSIM and the operator's server trust nobody in common.",
    "このeSIMと通信事業者のサーバーに、共通して信頼する認証局がありません。",
);
const OTHER_VERSION: Both = (
    "The operator's server does not serve eSIMs of this version.",
    "通信事業者のサーバーは、このバージョンのeSIMに対応していません。",
);
const OTHER_ADDRESS: Both = (
    "The server that answered is not the one of this code.",
    "応答したサーバーは、このコードのサーバーではありません。",
);

/// The server itself.
const SERVERS: &[Row] = &[
    (
        &[Code::FunctionProviderUnknown],
        (
            "At this address is a server that cannot hand out profiles.",
            "このアドレスのサーバーはプロファイルを提供していません。",
        ),
        ("Compare the code with the one that you were given.", "渡されたコードと見比べてください。"),
    ),
    (
        &[Code::FunctionProviderUnavailable],
        (
            "The operator's server has too much to do, or was asked too often.",
            "サーバーが混み合っているか、要求が多すぎます。",
        ),
        (
            "Wait a few minutes, then try again with the same code.",
            "数分待ってから、同じコードでもう一度お試しください。",
        ),
    ),
    (
        &[Code::FunctionInvalid],
        (
            "The operator's server did not understand this app.",
            "通信事業者のサーバーがこのアプリの要求を理解できませんでした。",
        ),
        ASK_OPERATOR,
    ),
    (
        &[Code::RspExecutionError],
        ("Something went wrong at the operator's server.", "通信事業者のサーバーで問題が発生しました。"),
        SAME_CODE,
    ),
    (
        &[Code::SmdpInvalidAssociation, Code::SmdpAddressRefused],
        OTHER_ADDRESS,
        (
            "Scan the code again, or type its address as it is.",
            "コードをもう一度読み取るか、アドレスをそのまま入力してください。",
        ),
    ),
    (&[Code::SmdsAddressRefused], OTHER_ADDRESS, ASK_OPERATOR),
    (
        &[
            Code::SmdpSecurityConfigurationUnsupported,
            Code::SmdpCertificateUnavailable,
            Code::SmdsSecurityConfigurationUnsupported,
            Code::SmdsCertificateUnavailable,
        ],
        NOTHING_IN_COMMON,
        OTHER_WORLD,
    ),
    (&[Code::SmdpSvnUnsupported, Code::SmdsSvnUnsupported], OTHER_VERSION, ASK_OPERATOR),
    (
        &[Code::TransactionIdUnknown],
        (
            "The operator's server has forgotten this download; it took too long, or two ran at once.",
            "時間がかかりすぎたか、二つのダウンロードが重なったため、サーバーとのやり取りが無効になりました。",
        ),
        SAME_CODE,
    ),
    (
        &[Code::BppExecutionError, Code::ProfileMetadataValueHasChanged],
        (
            "The profile that the server has for you is damaged.",
            "サーバーにあるプロファイルに問題があります。",
        ),
        OPERATOR_MENDS,
    ),
    (
        &[Code::SmdsInaccessible, Code::SmdsExecutionError],
        ("A server that was needed cannot be reached.", "必要なサーバーに接続できません。"),
        AGAIN,
    ),
];
