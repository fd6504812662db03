//! Sentences in both languages, and what to do in the cases that come up more than once.

use crate::lui::Lang;

/// A sentence in English and in Japanese.
pub(super) type Both = (&'static str, &'static str);

/// Why something came to nothing, and what to do.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) why: Both,
    pub(super) remedy: Both,
}

/// The one that is asked for.
pub(super) fn pick((en, ja): Both, lang: Lang) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

pub(super) const AGAIN: Both = ("Try again in a moment.", "しばらくしてからもう一度お試しください。");
pub(super) const SAME_CODE: Both = ("Try again with the same code.", "同じコードでもう一度お試しください。");
/// After a result of the eUICC, which the server may take for the end of the order (SGP.22 3.1.5).
pub(super) const SAME_CODE_OR_NEW: Both = (
    "Try again with the same code; if it is not taken any more, ask your operator for a new one.",
    "同じコードでもう一度お試しください。使えなくなっている場合は、通信事業者に新しいコードを依頼してください。",
);
pub(super) const NEW_CODE: Both =
    ("Ask your operator for a new code.", "通信事業者に新しいコードを依頼してください。");
pub(super) const ASK_OPERATOR: Both = (
    "Ask your operator, and quote the error code.",
    "通信事業者にエラーコードを伝えてお問い合わせください。",
);
pub(super) const OPERATOR_MENDS: Both = (
    "Trying again does not help. Quote the error code to your operator; their server has to be mended.",
    "もう一度試しても解決しません。通信事業者にエラーコードを伝えてください。サーバー側の修正が必要です。",
);
pub(super) const OTHER_WORLD: Both = (
    "An eSIM for tests needs a code of a test server, any other the code of a real operator. Check which one you were given.",
    "テスト用のeSIMにはテスト用サーバーのコードが、それ以外のeSIMには通信事業者のコードが必要です。どちらのコードか確認してください。",
);
pub(super) const ESIM_IS_TO_BLAME: Both =
    ("Ask whoever made or sold this eSIM.", "このeSIMの製造元または販売元にお問い合わせください。");
pub(super) const RESTART: Both = (
    "Switch the device off and on, or take the card out and put it back, then try again.",
    "端末の電源を入れ直すか、カードを抜き差ししてから、もう一度お試しください。",
);
pub(super) const LOOK: Both =
    ("Look at the list of profiles again.", "プロファイルの一覧をもう一度表示してください。");
pub(super) const NOTHING_TO_DO: Both = ("There is nothing to do.", "何もする必要はありません。");
