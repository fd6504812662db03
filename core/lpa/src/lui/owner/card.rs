//! What the codes of the eUICC mean to the owner of a phone: results of functions, of an installation, status words
//! (SGP.22 2.5.6, 5.7; ISO/IEC 7816-4 5.6).

use super::words::{
    AGAIN, ASK_OPERATOR, Both, ESIM_IS_TO_BLAME, LOOK, NEW_CODE, NOTHING_TO_DO, OPERATOR_MENDS, OTHER_WORLD,
    RESTART, SAME_CODE, SAME_CODE_OR_NEW, Words,
};
use esim_rsp::es10::Function;

/// Why the eUICC did not install the package, by errorReason (SGP.22 2.5.6).
pub(super) fn installation(reason: u32) -> Words {
    let known = INSTALLATIONS.iter().find(|(reasons, ..)| reasons.contains(&reason));
    let (why, remedy) = known.map_or(
        (("The eSIM does not say why.", "eSIMは理由を示していません。"), NEW_CODE),
        |(_, why, remedy)| (*why, *remedy),
    );
    Words { why, remedy }
}

/// Reasons that are told alike, why, and what to do.
const INSTALLATIONS: &[(&[u32], Both, Both)] = &[
    (
        &[9],
        ("This profile is on the eSIM already.", "このプロファイルはすでにeSIMに入っています。"),
        (
            "Look at the list of profiles. To install it anew, delete it first and ask your operator for a new code.",
            "プロファイルの一覧を確認してください。入れ直す場合は、削除してから通信事業者に新しいコードを依頼してください。",
        ),
    ),
    (
        &[10],
        ("There is not enough room on this eSIM.", "このeSIMの空き容量が足りません。"),
        (
            "Delete a profile that you do not need, then try again; if the code is not taken any more, ask for a new one.",
            "使わないプロファイルを削除してから、もう一度お試しください。コードが使えない場合は、新しいコードを依頼してください。",
        ),
    ),
    (&[11], ("Installing was interrupted.", "インストールが中断されました。"), SAME_CODE_OR_NEW),
    (
        &[15],
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
        &[6, 4, 5],
        (
            "The profile is of a kind that this eSIM does not take.",
            "このeSIMが対応していない種類のプロファイルです。",
        ),
        (
            "Ask your operator for a profile for this device.",
            "この端末用のプロファイルを通信事業者に依頼してください。",
        ),
    ),
    (
        &[12],
        (
            "Something in the profile is not accepted by this eSIM.",
            "プロファイルの一部を、このeSIMが受け付けませんでした。",
        ),
        (
            "Trying again does not help. Show your operator the details: they name the part.",
            "もう一度試しても解決しません。詳細に該当箇所が出ていますので、通信事業者に伝えてください。",
        ),
    ),
    (
        &[2, 7, 8],
        (
            "The profile was damaged or altered on its way.",
            "プロファイルが途中で破損したか、改変されました。",
        ),
        SAME_CODE_OR_NEW,
    ),
    (
        &[3],
        ("The profile was made for another download.", "別のダウンロード用のプロファイルです。"),
        SAME_CODE_OR_NEW,
    ),
    (
        &[13],
        ("Another profile came than was announced.", "案内と異なるプロファイルが届きました。"),
        OPERATOR_MENDS,
    ),
    (
        &[14],
        ("It is a test profile with a secret key.", "テスト用プロファイルに本番用の鍵が入っています。"),
        OPERATOR_MENDS,
    ),
    (
        &[1],
        ("The profile has a value that is not allowed.", "プロファイルに使えない値があります。"),
        OPERATOR_MENDS,
    ),
];

/// Why the eUICC did not carry a function out, by the name of its result; none of a name that is in no table.
pub(super) fn result(function: Option<Function>, name: &str) -> Option<Words> {
    let (why, remedy) = match function? {
        Function::AuthenticateServer | Function::PrepareDownload | Function::CancelSession => session(name)?,
        function => management(function, name)?,
    };
    Some(Words { why, remedy })
}

fn management(function: Function, name: &str) -> Option<(Both, Both)> {
    const MADE_UP_ITS_MIND: Both = ("The eSIM does not say why.", "eSIMは理由を示していません。");
    Some(match (function, name) {
        (_, "iccidOrAidNotFound" | "iccidNotFound") => {
            (("This profile is not on the eSIM.", "このプロファイルはeSIMにありません。"), LOOK)
        }
        (Function::EnableProfile, "profileNotInDisabledState") => {
            (("It is switched on already.", "すでに有効になっています。"), NOTHING_TO_DO)
        }
        (Function::DisableProfile, "profileNotInEnabledState") => {
            (("It is switched off already.", "すでに無効になっています。"), NOTHING_TO_DO)
        }
        (Function::DeleteProfile, "profileNotInDisabledState") => (
            ("It is in use.", "使用中です。"),
            ("Switch it off first, then delete it.", "先に無効にしてから削除してください。"),
        ),
        (Function::EnableProfile, "disallowedByPolicy") => (
            (
                "The operator of the profile in use forbids switching it off, so no other can be switched on.",
                "使用中のプロファイルは、通信事業者の制限により無効にできません。そのため、ほかのプロファイルに切り替えられません。",
            ),
            ASK_OPERATOR,
        ),
        (Function::DisableProfile, "disallowedByPolicy") => (
            ("Its operator forbids switching it off.", "通信事業者の制限により、無効にできません。"),
            ASK_OPERATOR,
        ),
        (Function::DeleteProfile, "disallowedByPolicy") => {
            (("Its operator forbids deleting it.", "通信事業者の制限により、削除できません。"), ASK_OPERATOR)
        }
        (_, "wrongProfileReenabling") => (
            (
                "A test profile is in use; only the profile that was in use before it may come back.",
                "テスト用プロファイルを使用中のため、その前に使っていたプロファイルにだけ戻せます。",
            ),
            ("Switch the test profile off.", "テスト用プロファイルを無効にしてください。"),
        ),
        (_, "catBusy") => (
            ("The eSIM is busy with something of its own.", "eSIMが別の処理をしています。"),
            (
                "Wait a moment and try again. If it stays so, switch the device off and on.",
                "少し待ってからもう一度お試しください。続く場合は、端末の電源を入れ直してください。",
            ),
        ),
        (Function::EuiccMemoryReset, "nothingToDelete") => {
            (("There is nothing to delete.", "削除するものがありません。"), NOTHING_TO_DO)
        }
        (_, "nothingToDelete") => {
            (("It is not on the eSIM any more.", "すでにeSIMにありません。"), NOTHING_TO_DO)
        }
        (_, "incorrectInputValues") => (
            ("The eSIM did not understand the question.", "eSIMが要求を理解できませんでした。"),
            ESIM_IS_TO_BLAME,
        ),
        (_, "noResultAvailable") => (
            ("There is nothing of this kind on the eSIM.", "該当するものがeSIMにありません。"),
            NOTHING_TO_DO,
        ),
        (_, "undefinedError") => (MADE_UP_ITS_MIND, RESTART),
        _ => return None,
    })
}

fn session(name: &str) -> Option<(Both, Both)> {
    Some(match name {
        "invalidCertificate" => (
            (
                "The eSIM does not accept the certificate of the operator's server.",
                "eSIMが通信事業者のサーバーの証明書を受け入れません。",
            ),
            OTHER_WORLD,
        ),
        "invalidSignature" => (
            (
                "The signature of the operator's server is wrong; something on the way may have altered what it said.",
                "通信事業者のサーバーの署名が正しくありません。途中で改変された可能性があります。",
            ),
            (
                "Try again over another connection. If it comes back, quote the error code to your operator.",
                "別の回線でもう一度お試しください。繰り返す場合は、通信事業者にエラーコードを伝えてください。",
            ),
        ),
        "unsupportedCurve" => (
            (
                "The operator's server uses a kind of key that this eSIM does not know.",
                "通信事業者のサーバーの鍵の種類に、このeSIMが対応していません。",
            ),
            ASK_OPERATOR,
        ),
        "noSessionContext" => {
            (("The eSIM was restarted in between.", "途中でeSIMが再起動しました。"), SAME_CODE)
        }
        "invalidOid" => (
            (
                "The server that answered may not hand out profiles.",
                "応答したサーバーには、プロファイルを提供する資格がありません。",
            ),
            (
                "Do not use this code until your operator has confirmed it.",
                "通信事業者に確認するまで、このコードは使わないでください。",
            ),
        ),
        "euiccChallengeMismatch" => (
            (
                "The server's answer belongs to another download; two may have run at once.",
                "サーバーの応答が別のダウンロードのものです。二つが重なった可能性があります。",
            ),
            SAME_CODE,
        ),
        "ciPKUnknown" => (
            (
                "This eSIM has no certificate that the operator's server accepts.",
                "このeSIMには、通信事業者のサーバーが受け入れる証明書がありません。",
            ),
            OTHER_WORLD,
        ),
        "invalidTransactionId" => {
            (("Two downloads were mixed up.", "別のダウンロードと混同されました。"), SAME_CODE)
        }
        "undefinedError" => (("The eSIM does not say why.", "eSIMは理由を示していません。"), SAME_CODE),
        _ => return None,
    })
}

/// Why a card answers a status word in place of a result.
pub(super) fn status_word(sw: u16) -> Words {
    let (why, remedy) = match sw {
        0x6581 => (("The eSIM's memory failed.", "eSIMのメモリに障害があります。"), ESIM_IS_TO_BLAME),
        0x6700 => (
            (
                "The eSIM takes its messages in other pieces than these.",
                "eSIMに送るデータの区切り方が合っていません。",
            ),
            ("Choose smaller pieces in the settings.", "設定で一度に送るデータを小さくしてください。"),
        ),
        0x6881 | 0x6882 => (
            (
                "The eSIM was reset, or another program uses it.",
                "eSIMが再起動したか、別のアプリが使用しています。",
            ),
            RESTART,
        ),
        0x6982 => (
            (
                "The eSIM demands a right that this app does not have.",
                "eSIMが求める権限が、このアプリにはありません。",
            ),
            ESIM_IS_TO_BLAME,
        ),
        0x6985 | 0x6A88 => (("The eSIM was restarted in between.", "途中でeSIMが再起動しました。"), AGAIN),
        0x6A80 => (
            ("The eSIM could not read what it was sent.", "eSIMが送られたデータを読み取れませんでした。"),
            RESTART,
        ),
        0x6A81 | 0x6D00 | 0x6E00 => (
            (
                "This eSIM cannot be managed from a phone; it may be one for machines, which its operator manages.",
                "このeSIMは端末から管理できません。機器向け(M2M)のeSIMは、通信事業者が遠隔で管理します。",
            ),
            ("Use another eSIM.", "別のeSIMをお使いください。"),
        ),
        0x6A82 => (
            ("This card is no eSIM.", "このカードはeSIMではありません。"),
            ("Use a card that is one.", "eSIM対応のカードをお使いください。"),
        ),
        0x6A84 => (
            ("There is not enough room on this eSIM.", "このeSIMの空き容量が足りません。"),
            (
                "Delete a profile that you do not need, then try again.",
                "使わないプロファイルを削除してから、もう一度お試しください。",
            ),
        ),
        _ => (("The eSIM refused and does not say why.", "eSIMが理由を示さずに拒否しました。"), RESTART),
    };
    Words { why, remedy }
}
