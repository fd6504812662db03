//! Break points and tamperings for a person, in English and Japanese.

use super::filter::Filter;
use super::tampering::{Certificate, Edit, How, Other, Place, Put, Signer, Tampering};
use crate::words::{Words, party};

fn both(en: impl Into<String>, ja: impl Into<String>) -> Words {
    Words::new(en, ja)
}

impl Filter {
    /// Which messages are meant: `message 12`, `ES9+ authenticateClient from LPA`.
    pub fn words(&self) -> Words {
        let mut en = Vec::new();
        let mut ja = Vec::new();
        let mut add = |words: Words| {
            en.push(words.en);
            ja.push(words.ja);
        };
        match self.message {
            Some(n) => add(both(format!("message {n}"), format!("メッセージ{n}"))),
            None if *self == Self::default() => add(both("every message", "すべてのメッセージ")),
            None => {}
        }
        for name in [&self.interface, &self.function].into_iter().flatten() {
            add(Words::same(name));
        }
        if let Some(tag) = &self.tag {
            add(both(format!("tag {tag}"), format!("タグ{tag}")));
        }
        if let Some(status) = &self.status {
            add(both(format!("status {status}"), format!("ステータス{status}")));
        }
        if let Some(from) = self.from.map(party) {
            add(both(format!("from {}", from.en), format!("{}から", from.ja)));
        }
        if let Some(to) = self.to.map(party) {
            add(both(format!("to {}", to.en), format!("{}へ", to.ja)));
        }
        if self.skip > 0 {
            add(both(format!("after {} others", self.skip), format!("{}件の後", self.skip)));
        }
        both(en.join(" "), ja.join(" "))
    }
}

impl Tampering {
    /// What is done to which messages.
    pub fn words(&self) -> Words {
        let (at, how) = (self.at.words(), self.how.words());
        let (en, ja) = match self.times {
            0 => (" every time".to_string(), "毎回".to_string()),
            1 => (String::new(), String::new()),
            times => (format!(" {times} times"), format!("{times}回")),
        };
        both(format!("{} {}{en}", at.en, how.en), format!("{}{}", at.ja, sentence_of(&how.ja, &ja)))
    }
}

fn sentence_of(how: &str, times: &str) -> String {
    match times {
        "" => format!("は{how}"),
        times => format!("は{times}{how}"),
    }
}

impl How {
    /// As the rest of a sentence about a message: `is dropped`.
    pub fn words(&self) -> Words {
        match self {
            Self::Drop => both("is dropped", "届かない"),
            Self::Delay(seconds) => {
                both(format!("is {seconds} seconds late"), format!("{seconds}秒遅れて届く"))
            }
            Self::Duplicate => both("arrives twice", "2度届く"),
            Self::Replay => both("is replaced by the one before", "前回のものに置き換わる"),
            Self::Truncate(length) => {
                both(format!("is cut after {length} octets"), format!("{length}オクテットで切れる"))
            }
            Self::Flip { octet, mask } => both(
                format!("has bits {mask:02X} of octet {octet} turned over"),
                format!("オクテット{octet}のビット{mask:02X}が反転する"),
            ),
            Self::PowerCut(writes) => both(
                format!("is the last before the card's power fails, after {writes} writes"),
                format!("の処理中、{writes}回の書き込みの後でカードの電源が切れる"),
            ),
            Self::MemoryFull => {
                both("finds the card's memory full", "の処理中、カードのメモリに書き込めない")
            }
            Self::Edit(edit) => edit.words(),
            Self::Certificate(certificate) => certificate.words(),
        }
    }
}

impl Edit {
    fn words(&self) -> Words {
        let place = match &self.place {
            Place::Octet(at) => both(format!("octet {at}"), format!("オクテット{at}")),
            Place::Field(name) => Words::same(name),
        };
        let value = match &self.value {
            Put::Hex(digits) => digits.to_uppercase(),
            Put::Text(text) => format!("{text:?}"),
        };
        let (lengths, lengths_ja) = if self.keep_lengths {
            (", lengths left wrong", "、長さは誤ったまま")
        } else {
            ("", "")
        };
        let signed = match self.sign {
            None => both("", ""),
            Some(Signer::DpAuth) => both(", signed anew with SK.DPauth", "、SK.DPauthで署名し直す"),
            Some(Signer::DpPb) => both(", signed anew with SK.DPpb", "、SK.DPpbで署名し直す"),
            Some(Signer::Euicc) => both(", signed anew with SK.EUICC", "、SK.EUICCで署名し直す"),
            Some(Signer::Stranger) => both(", signed anew with a stranger's key", "、他人の鍵で署名し直す"),
        };
        both(
            format!("has {value} as {}{lengths}{}", place.en, signed.en),
            format!("{}が{value}になる{lengths_ja}{}", place.ja, signed.ja),
        )
    }
}

impl Certificate {
    fn words(&self) -> Words {
        let with = match self.with {
            Other::AnotherCi => both("one under another CI", "別のCIのもの"),
            Other::DpAuth => Words::same("CERT.DPauth"),
            Other::DpPb => Words::same("CERT.DPpb"),
            Other::DsAuth => Words::same("CERT.DSauth"),
        };
        let field = &self.field;
        both(format!("has {} as {field}", with.en), format!("{field}が{}になる", with.ja))
    }
}
