//! `tests/cases/sm/INTERFACE/FUNCTION/CODE-NAME/case.toml`: what must come out of each case.

use super::files::{self, folders};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use super::files::root;

/// What a folder expects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The situation, in a sentence.
    pub title: String,
    /// Where the standard asks for the answer.
    pub clause: String,
    /// On which hosts it runs.
    #[serde(default)]
    pub hosts: Hosts,
    /// Why not all hosts.
    pub because: Option<String>,
    /// What must come out.
    pub outcome: Outcome,
    /// `es9p`, as the path says.
    #[serde(skip)]
    pub interface: String,
    /// `AuthenticateClient`, as the path says.
    #[serde(skip)]
    pub function: String,
    /// `unknown-matching-id`, as the path says.
    #[serde(skip)]
    pub name: String,
    /// The folder, below [`root`].
    #[serde(skip)]
    pub path: PathBuf,
}

/// On which hosts a case runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hosts {
    /// On every one.
    #[default]
    All,
    /// Where there is an SM-DS beside the SM-DP+.
    SmDs,
    /// In memory alone.
    Memory,
}

/// What comes out. What a case does not look at is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// HTTP status.
    pub http: u16,
    /// `status` of functionExecutionStatus; absent where there is no body.
    pub status: Option<String>,
    /// subjectCode.
    pub subject: Option<String>,
    /// reasonCode.
    pub reason: Option<String>,
    /// State of the order afterwards.
    pub order: Option<String>,
    /// State of the profile on the eUICC afterwards, as far as its notifications tell.
    pub card: Option<String>,
    /// How many events the SM-DS gives.
    pub events: Option<usize>,
    /// notificationPointId that the operator is told.
    pub point: Option<u64>,
    /// `X-Admin-Protocol` of the answer.
    pub protocol: Option<String>,
}

impl Outcome {
    /// Status and codes of a functionExecutionStatus.
    pub fn of(status: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_string);
        let data = &status["statusCodeData"];
        Self {
            status: text(&status["status"]),
            subject: text(&data["subjectCode"]),
            reason: text(&data["reasonCode"]),
            ..Self::default()
        }
    }

    /// What a folder's name begins with: `8.2.6-3.8`, `http-401-1.1-1.1`, `ok`.
    fn slug(&self) -> String {
        let http = (self.http != 200 && self.point.is_none()).then(|| format!("http-{}", self.http));
        let point = self.point.map(|point| format!("point-{point}"));
        let pair = self.subject.as_ref().zip(self.reason.as_ref());
        let pair = pair.map(|(subject, reason)| format!("{subject}-{reason}"));
        let ok = self.status.as_ref().filter(|_| pair.is_none()).map(|_| "ok".to_string());
        [http, point, ok, pair].into_iter().flatten().collect::<Vec<_>>().join("-")
    }
}

/// `8.2.6/3.8`, `HTTP 401 1.1/1.1`, `Executed-Success, Released`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = Vec::new();
        if let Some(point) = self.point {
            head.push(format!("point {point}:"));
        } else if self.http != 200 {
            head.push(format!("HTTP {}", self.http));
        }
        match (&self.subject, &self.reason) {
            (Some(subject), Some(reason)) => head.push(format!("{subject}/{reason}")),
            _ => head.extend(self.status.clone()),
        }
        write!(f, "{}", head.join(" "))?;
        let events = self.events.map(|number| format!("{number} events"));
        let after = [&self.order, &self.card, &events, &self.protocol];
        after.into_iter().flatten().try_for_each(|what| write!(f, ", {what}"))
    }
}

impl Expected {
    /// # Errors
    /// What has come out instead.
    pub fn holds(&self, seen: &Outcome) -> Result<(), String> {
        if self.outcome == *seen { Ok(()) } else { Err(seen.to_string()) }
    }

    /// What is to be known of where it runs.
    pub fn note(&self) -> Option<String> {
        let because = self.because.as_deref().unwrap_or_default();
        match self.hosts {
            Hosts::All => None,
            Hosts::SmDs => Some("hosts with an SM-DS".into()),
            Hosts::Memory => Some(format!("in memory: {because}")),
        }
    }

    fn read(path: &Path) -> Self {
        let file = path.join("case.toml");
        let text = files::read(&file).unwrap_or_else(|| panic!("there is no {}", file.display()));
        let mut case: Self = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut parts = path.iter().rev().map(|part| part.to_string_lossy().into_owned());
        let mut part = || parts.next().unwrap();
        let (folder, function, interface) = (part(), part(), part());
        let begin = format!("{}-", case.outcome.slug());
        let name = folder.strip_prefix(&begin).map(str::to_string);
        case.name = name.unwrap_or_else(|| panic!("{}: its name must begin with {begin}", path.display()));
        (case.function, case.interface) = (pascal(&function), interface);
        assert_eq!(case.hosts == Hosts::Memory, case.because.is_some(), "{}: because", file.display());
        assert!(!case.title.is_empty() && !case.clause.is_empty(), "{}", file.display());
        case.path = path.into();
        case
    }
}

/// Every folder there is.
///
/// # Panics
/// At a folder that cannot be read, naming it.
pub fn all() -> &'static [Expected] {
    static ALL: OnceLock<Vec<Expected>> = OnceLock::new();
    ALL.get_or_init(|| {
        let functions = folders(&root()).into_iter().flat_map(|interface| folders(&interface));
        functions.flat_map(|function| folders(&function)).map(|path| Expected::read(&path)).collect()
    })
}

/// A line of the document without a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blank {
    /// `8.8.4/3.7`.
    pub code: String,
    /// Why there is no case.
    pub why: String,
}

/// Answers that no case shows, by interface and function.
pub fn blanks() -> BTreeMap<String, BTreeMap<String, Vec<Blank>>> {
    let text = files::read(&root().join("blanks.toml")).expect("blanks.toml");
    toml::from_str(&text).unwrap_or_else(|e| panic!("blanks.toml: {e}"))
}

/// `authenticate-client` of `AuthenticateClient`.
pub fn kebab(name: &str) -> String {
    let dashed = name.char_indices().map(|(at, c)| {
        let dash = if at > 0 && c.is_ascii_uppercase() { "-" } else { "" };
        format!("{dash}{}", c.to_ascii_lowercase())
    });
    dashed.collect()
}

fn pascal(name: &str) -> String {
    let capital = |word: &str| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]);
    name.split('-').map(capital).collect()
}
