//! Rules of the network as a person writes them: TOML, or the same as JSON.

use crate::words::Words;
use crate::written::{self, Mistake};
use esim_net::Rules;

/// The default rules with what each of them means, as a file to begin with.
pub const DEFAULT_RULES: &str = include_str!("rules.toml");

/// Why a rules file is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesMistake {
    /// Line, from 1, if it has one.
    pub line: Option<usize>,
    /// The cause, for a person.
    pub reason: Words,
}

impl core::fmt::Display for RulesMistake {
    /// English, of [`RulesMistake::words`].
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.words().en)
    }
}

impl core::error::Error for RulesMistake {}

impl RulesMistake {
    /// Line and cause.
    pub fn words(&self) -> Words {
        let Words { en, ja } = &self.reason;
        match self.line {
            Some(line) => Words::new(format!("line {line}: {en}"), format!("{line}行目: {ja}")),
            None => self.reason.clone(),
        }
    }
}

/// Reads a rules file: TOML, or JSON if it begins with a brace.
///
/// # Errors
/// Line and cause.
pub fn read_rules(text: &str) -> Result<Rules, RulesMistake> {
    let read = match text.trim_start().starts_with('{') {
        true => written::read_json(text),
        false => written::read_toml(text),
    };
    let rules: Rules =
        read.map_err(|Mistake { line, reason }| RulesMistake { line, reason: parser(&reason) })?;
    rules.validate().map_err(|error| RulesMistake {
        line: line_of(text, &error.at),
        reason: Words::new(error.to_string(), format!("{}: {}", error.at, sense(error.reason))),
    })?;
    Ok(rules)
}

/// The line of a TOML file on which `table[n].key` or `table.key` stands; that of the table if the key has none.
fn line_of(text: &str, at: &str) -> Option<usize> {
    let (table, key) = at.split_once('.').unwrap_or((at, ""));
    let (header, skip) = match table.split_once('[') {
        Some((table, rest)) => (format!("[[{table}]]"), rest.trim_end_matches(']').parse().ok()?),
        None => (format!("[{table}]"), 0),
    };
    let mut lines = text.lines().enumerate();
    let is_header = |line: &str| line.split('#').next().is_some_and(|line| line.trim() == header);
    let (start, _) = lines.by_ref().filter(|(_, line)| is_header(line)).nth(skip)?;
    let mut inside = lines.take_while(|(_, line)| !line.trim_start().starts_with('['));
    let found = inside.find(|(_, line)| line.split('=').next().is_some_and(|name| name.trim() == key));
    Some(found.map_or(start, |(n, _)| n) + 1)
}

/// What a parser of TOML or JSON complains of: its most frequent sentences in Japanese, the others as they are.
fn parser(en: &str) -> Words {
    let quoted: Vec<&str> = en.split('`').skip(1).step_by(2).collect();
    let (first, others) = quoted
        .split_first()
        .map_or(("", ""), |(first, _)| (*first, en.split_once("expected ").map_or("", |(_, others)| others)));
    let others = others.trim_start_matches("one of ");
    let ja = match en {
        _ if en.starts_with("unknown field") => {
            format!("「{first}」という項目はありません。使えるのは{others}")
        }
        _ if en.starts_with("unknown variant") => {
            format!("「{first}」という値はありません。使えるのは{others}")
        }
        _ if en.starts_with("missing field") => format!("項目「{first}」がありません"),
        _ if en.starts_with("duplicate") => format!("重複しています({en})"),
        _ if en.starts_with("invalid type") || en.starts_with("invalid value") => {
            format!("値の型または内容が違います({en})")
        }
        _ if en.starts_with("invalid") || en.contains("expected") => format!("書式の誤り({en})"),
        _ => en.to_string(),
    };
    Words::new(en, ja)
}

/// What [`Rules::validate`] complains of, in Japanese.
fn sense(reason: &str) -> &str {
    match reason {
        "is no IPv4 prefix of 8 to 30 bits, such as 10.64.0.0/10" => {
            "8〜30ビットのIPv4プレフィックス(例: 10.64.0.0/10)ではありません"
        }
        "a prefix has 5 to 15 digits" => "プレフィックスは5〜15桁の数字です",
        "a range is either a prefix, or a first IMSI and a last one not before it" => {
            "範囲はprefixか、firstとそれより前でないlastの組で書きます"
        }
        "is neither an APN nor *" => "APNでも*でもありません",
        "is no APN" => "APNではありません",
        "is neither a host name, an address, @sm nor *" => "ホスト名、アドレス、@sm、*のどれでもありません",
        "is no host name" => "ホスト名ではありません",
        "is no IPv4 address" => "IPv4アドレスではありません",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_to_begin_with_has_the_defaults() {
        assert_eq!(read_rules(DEFAULT_RULES), Ok(Rules::default()));
    }

    #[test]
    fn a_mistake_has_its_line_and_its_cause() {
        let wrong = |from: &str, to: &str| {
            let text = DEFAULT_RULES.replace(from, to);
            assert_ne!(text, DEFAULT_RULES);
            let line = text.lines().position(|line| line.contains(to)).unwrap() + 1;
            let mistake = read_rules(&text).unwrap_err();
            assert_eq!(mistake.line, Some(line), "{mistake}");
            mistake.words()
        };
        for (from, to, en, ja) in [
            ("pool = \"10.64.0.0/10\"", "pool = \"10.64.0.1/10\"", "is no IPv4 prefix", "プレフィックス"),
            (
                "prefix = \"0010199\"",
                "prefixes = \"0010199\"",
                "unknown field `prefixes`",
                "という項目はありません",
            ),
            (
                "use = \"sm.provisioning\"",
                "use = \"sm provisioning\"",
                "apn[0].use: is no APN",
                "APNではありません",
            ),
            ("action = \"allow\"", "action = \"permit\"", "unknown variant `permit`", "という値はありません"),
            ("host = \"@sm\"", "host = 7", "invalid type", "型"),
            ("address = \"203.0.113.80\"", "address = \"203.0.113\"", "is no IPv4 address", "IPv4アドレス"),
            ("operational = []", "operational = ]", "", "誤り"),
        ] {
            let words = wrong(from, to);
            assert!(words.en.contains(en), "{}", words.en);
            assert!(words.ja.contains(ja), "{}", words.ja);
        }
    }

    #[test]
    fn every_complaint_about_sense_is_told_in_both_languages() {
        let english = |text: &str| text.is_ascii();
        for text in [
            "[network]\npool = \"x\"",
            "[[provisioning]]\nprefix = \"1\"",
            "[[provisioning]]\n",
            "[[apn]]\nrequested = \"a b\"\nuse = \"a\"",
            "[[apn]]\nrequested = \"a\"\nuse = \"a b\"",
            "[[traffic]]\nhost = \"a b\"\naction = \"deny\"",
            "[[host]]\nname = \"a b\"\naddress = \"1.2.3.4\"",
            "[[host]]\nname = \"a\"\naddress = \"1.2.3\"",
        ] {
            let mistake = read_rules(text).unwrap_err();
            assert!(english(&mistake.reason.en) && !english(&mistake.reason.ja), "{text}: {mistake}");
        }
    }
}
