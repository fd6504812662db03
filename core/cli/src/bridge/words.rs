//! What is said to whoever sits before the bridge, and to pages: English and Japanese.

use super::origin::Origin;
use crate::card::{Seen, Where};
use esim_lpa::Lang;
use esim_reader::bridge::{Failure, LONGEST_QUESTION, Refusal, SUBPROTOCOL};
use std::fmt::Display;
use std::net::SocketAddr;

/// The sentences in one language.
#[derive(Clone, Copy, Debug)]
pub struct Words(pub Lang);

impl Words {
    fn either(self, en: impl Into<String>, ja: impl Into<String>) -> String {
        match self.0 {
            Lang::En => en.into(),
            Lang::Ja => ja.into(),
        }
    }

    // To the terminal.

    pub fn listening(self, address: SocketAddr, origins: &[Origin]) -> String {
        let named: String = origins.iter().map(|origin| format!(", {origin}")).collect();
        self.either(
            format!(
                "bridge at ws://{address}/ for pages of http(s)://localhost, 127.0.0.1, [::1]{named}\nCtrl+C ends it"
            ),
            format!(
                "ブリッジ ws://{address}/ を開始しました。接続できるページ：http(s)://localhost, 127.0.0.1, [::1]{named}\n\
                 Ctrl+Cで終了します"
            ),
        )
    }

    pub fn code(self, code: &str) -> String {
        self.either(
            format!("pairing code: {code}   (type it into the page)"),
            format!("ペアリングコード: {code}   （ページに入力してください）"),
        )
    }

    pub fn connected(self, origin: Option<&str>) -> String {
        match origin {
            Some(origin) => self.either(
                format!("a page of {origin} is connected"),
                format!("{origin} のページが接続しました"),
            ),
            None => self.either("a program is connected", "プログラムが接続しました"),
        }
    }

    pub fn opened(self, card: &str) -> String {
        self.either(format!("{card} is open"), format!("{card} を開きました"))
    }

    pub fn disconnected(self) -> String {
        self.either("it is gone; another may connect", "接続が終了しました。ほかのページが接続できます")
    }

    pub fn turned_away(self, origin: &str) -> String {
        self.either(
            format!("a page of {origin} was turned away; if it shall connect, start the bridge with --origin {origin}"),
            format!(
                "{origin} のページからの接続を拒否しました。許可するには、--origin {origin} を付けてブリッジを起動してください"
            ),
        )
    }

    pub fn card_is_busy(self) -> String {
        self.either(
            "the card is still at work; it is left to itself",
            "カードの処理が終わらないため、そのまま終了します",
        )
    }

    // To whoever is not let in.

    pub fn foreign_host(self) -> String {
        self.either(
            "The bridge answers to 127.0.0.1, localhost and [::1] alone: call it by one of these.",
            "ブリッジには127.0.0.1、localhost、[::1]のいずれかの名前で接続してください。",
        )
    }

    pub fn foreign_origin(self) -> String {
        self.either(
            "Pages of this origin may not use the bridge; whoever runs it names them with --origin.",
            "このオリジンのページはブリッジを使えません。許可するには、ブリッジを--originを付けて起動してください。",
        )
    }

    pub fn no_upgrade(self) -> String {
        self.either(
            format!("This is the bridge of esim-lab: it speaks WebSocket, subprotocol {SUBPROTOCOL}, and nothing else."),
            format!("esim-labのブリッジです。WebSocket（サブプロトコル{SUBPROTOCOL}）で接続してください。"),
        )
    }

    pub fn other_subprotocol(self) -> String {
        self.either(
            format!("This bridge speaks the subprotocol {SUBPROTOCOL}: page and bridge are of different versions."),
            format!(
                "このブリッジのサブプロトコルは{SUBPROTOCOL}です。ページとブリッジのバージョンが合っていません。"
            ),
        )
    }

    pub fn busy(self) -> String {
        self.either(
            "Another page or program is connected to the bridge: close it, and try again.",
            "ほかのページまたはプログラムがブリッジに接続中です。そちらを閉じてから、もう一度お試しください。",
        )
    }

    // To whoever is.

    pub fn refusal(self, reason: Refusal) -> String {
        match reason {
            Refusal::Code => self.either(
                "This is not the code that the bridge shows: look there, and type it again.",
                "ペアリングコードが違います。ブリッジに表示されているコードを入力し直してください。",
            ),
            Refusal::Tries => self.either(
                "The code was wrong too often: the bridge shows a new one.",
                "コードの誤りが続いたため、ブリッジに新しいコードを表示しました。そちらを入力してください。",
            ),
            Refusal::Late => self.either(
                "No code has come within a minute: connect again.",
                "1分以内にコードが入力されませんでした。もう一度接続してください。",
            ),
        }
    }

    pub fn pair_first(self) -> String {
        self.either("The pairing code comes first.", "最初にペアリングコードを送ってください。")
    }

    pub fn paired_already(self) -> String {
        self.either("The pairing code has been taken already.", "ペアリングは完了しています。")
    }

    pub fn short_apdu(self, octets: usize) -> String {
        self.either(
            format!("A command APDU has 4 octets at least, and this one {octets}."),
            format!("コマンドAPDUは4オクテット以上必要です（受信したのは{octets}オクテット）。"),
        )
    }

    pub fn no_text(self) -> String {
        self.either("Messages are text: JSON.", "メッセージはテキスト（JSON）で送ってください。")
    }

    pub fn unread(self, why: &dyn Display) -> String {
        self.either(
            format!("The message was not understood: {why}. It may have {LONGEST_QUESTION} octets."),
            format!("メッセージを解釈できませんでした（{why}）。上限は{LONGEST_QUESTION}オクテットです。"),
        )
    }

    pub fn not_listed(self, card: &str) -> String {
        self.either(
            format!("{card} is not among the places of this bridge: plug it in, or name it with --card, and list again."),
            format!(
                "{card}はこのブリッジの一覧にありません。接続するか--cardで指定してから、一覧を更新してください。"
            ),
        )
    }

    pub fn nothing_open(self) -> String {
        self.either("No card is open.", "カードが開かれていません。")
    }

    pub fn thread_is_gone(self) -> String {
        self.either(
            "The bridge has lost its hold on the card: connect again.",
            "ブリッジ内部でカードの処理が中断しました。もう一度接続してください。",
        )
    }

    /// `detail` is in English: what the reader, the modem or the file says.
    pub fn failure(self, reason: Failure, detail: &str) -> String {
        let ja = match reason {
            Failure::NoCard => "カードがありません。",
            Failure::Busy => "ほかのプログラムがカードを使用中です。終了してから、もう一度お試しください。",
            Failure::Gone => "カードまたはリーダーが取り外されました。接続し直してください。",
            Failure::NoEuicc | Failure::Other | Failure::Message => "カードを使用できません。",
        };
        self.either(detail, format!("{ja}（{detail}）"))
    }

    // Of places.

    pub fn open_here(self) -> String {
        self.either("open, by this bridge", "このブリッジで使用中")
    }

    pub fn seen(self, seen: &Seen) -> String {
        match seen {
            Seen::Card(atr) => {
                let atr = hex::encode_upper(atr);
                self.either(format!("a card, ATR {atr}"), format!("カードあり（ATR {atr}）"))
            }
            Seen::Empty => self.either("no card", "カードなし"),
            Seen::Taken => {
                self.either("a card that another program has for itself", "ほかのプログラムがカードを使用中")
            }
            Seen::Mute => self.either(
                "a card that does not answer: turn it round",
                "カードが応答しません。向きを確かめて入れ直してください",
            ),
            Seen::Port => self.either("a serial port; nobody has asked it", "シリアルポート（未確認）"),
        }
    }

    /// What can be said of a place that nobody has looked at.
    pub fn unseen(self, place: &Where, present: bool) -> String {
        match (place, present) {
            (Where::File(_), true) => self.either("a software card", "ソフトウェアカード"),
            (Where::File(_), false) => self.either(
                "no card in this file; esim-lab euicc init makes one",
                "カードのファイルがありません。esim-lab euicc initで作成できます",
            ),
            (Where::Replay { .. }, true) => self.either("a recording of a card", "カードの記録"),
            (Where::Replay { .. }, false) => self.either("no such recording", "記録のファイルがありません"),
            (Where::Tcp(_), _) => {
                self.either("a program's card; nobody has asked it", "プログラムのカード（未確認）")
            }
            (Where::Reader(_) | Where::Modem(_), _) => {
                self.either("no such reader is plugged in", "該当するリーダーが接続されていません")
            }
        }
    }
}
