//! What of a download outlasts its process: which card, which order, and how far it was.

use super::{Agreed, Loaded, Resumable, Stage, Then};
use crate::download::{Download, DownloadParams, Outcome};
use crate::lui::Lang;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::Eid;
use serde::{Deserialize, Serialize};

/// The form that this version writes, and the only one that it reads.
const VERSION: u32 = 1;

/// A download as it is put away. It has neither the package nor the confirmation code: what another process can go on
/// with is the order, what the user has agreed to, and whether the card may have the profile already (SGP.22 3.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    version: u32,
    /// The card that it was begun with.
    pub eid: Option<Eid>,
    /// What it downloads; without the confirmation code.
    pub params: DownloadParams,
    agreed: Option<Agreed>,
    at: At,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum At {
    /// The card has not been given the package.
    Before,
    /// It was being given it.
    Loading(Loaded),
    /// It has the profile.
    Reporting { outcome: Box<Outcome> },
}

/// Why what was put away cannot be taken up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    /// Another version of the program has written it.
    #[error("{}", self.text(Lang::En))]
    Version(u32),
    /// It is damaged, or something else.
    #[error("{}", self.text(Lang::En))]
    Damaged(String),
}

impl KeptError {
    /// Cause and remedy.
    pub fn text(&self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, Self::Version(version)) => alloc::format!(
                "The unfinished download was put away by another version of this program (form {version}, this one reads \
                 {VERSION}). Start again with the same activation code; nothing was used up."
            ),
            (Lang::En, Self::Damaged(detail)) => alloc::format!(
                "The unfinished download cannot be read ({detail}). Start again with the same activation code; nothing \
                 was used up."
            ),
            (Lang::Ja, Self::Version(version)) => alloc::format!(
                "中断したダウンロードは、このプログラムの別のバージョンで保存されています(形式{version}、対応している形式は{VERSION})。同じアクティベーションコードで最初からお試しください。コードは引き続き使えます。"
            ),
            (Lang::Ja, Self::Damaged(detail)) => alloc::format!(
                "中断したダウンロードの記録を読み取れません({detail})。同じアクティベーションコードで最初からお試しください。コードは引き続き使えます。"
            ),
        }
    }
}

impl Kept {
    /// As JSON.
    pub fn to_octets(&self) -> Vec<u8> {
        esim_rsp::json::to_vec(self)
    }

    /// From JSON.
    ///
    /// # Errors
    /// [`KeptError`], if another version has written it, or nobody.
    pub fn read(octets: &[u8]) -> Result<Self, KeptError> {
        #[derive(Deserialize)]
        struct Form {
            version: u32,
        }
        let damaged = |error: esim_rsp::Error| KeptError::Damaged(error.to_string());
        match esim_rsp::json::parse::<Form>(octets).map_err(damaged)?.version {
            VERSION => esim_rsp::json::parse(octets).map_err(damaged),
            version => Err(KeptError::Version(version)),
        }
    }

    /// Whether it is of the same order: the same server and matchingId.
    pub fn is_of(&self, params: &DownloadParams) -> bool {
        let (own, other) = (&self.params, params);
        esim_rsp::address::same_address(&own.smdp_address, &other.smdp_address)
            && own.matching_id == other.matching_id
    }

    /// The download, to go on. The confirmation code is given again, if it is known; whether to agree without asking is
    /// what `auto_consent` says now.
    pub fn resume(self, confirmation_code: Option<String>, auto_consent: bool) -> Resumable {
        let then = match self.at {
            At::Before => Then::Anew,
            At::Loading(loaded) => Then::Look { loaded },
            At::Reporting { outcome } => Then::Deliver { outcome },
        };
        let params = DownloadParams { confirmation_code, auto_consent, ..self.params };
        Resumable::that(params, self.eid, self.agreed, then)
    }
}

impl Resumable {
    /// What another process needs to go on from here; none where there is nothing to go on with: it has come to its
    /// end, or is being called off.
    pub fn kept(&self) -> Option<Kept> {
        let at = match &self.stage {
            Stage::Begin { then }
            | Stage::ExpectEid { then }
            | Stage::Waiting { then }
            | Stage::Over { then: Some(then) } => at(then)?,
            Stage::Downloading { download } => at_of(download)?,
            Stage::ExpectResults { loaded } | Stage::ExpectProfiles { loaded } => At::Loading(loaded.clone()),
            Stage::Delivering { outcome, .. } => At::Reporting { outcome: outcome.clone() },
            Stage::Over { then: None } => return None,
        };
        let params = DownloadParams { confirmation_code: None, ..self.params.clone() };
        Some(Kept { version: VERSION, eid: self.eid, params, agreed: self.agreed.clone(), at })
    }
}

fn at(then: &Then) -> Option<At> {
    Some(match then {
        Then::Anew => At::Before,
        Then::Repeat { download } => return at_of(download),
        Then::Look { loaded } => At::Loading(loaded.clone()),
        Then::Deliver { outcome } => At::Reporting { outcome: outcome.clone() },
    })
}

fn at_of(download: &Download) -> Option<At> {
    if let Some(outcome) = download.settled() {
        return Some(At::Reporting { outcome: Box::new(outcome.clone()) });
    }
    if download.cancelling().is_some() {
        return None;
    }
    Some(match download.loading() {
        Some((transaction, profile)) => At::Loading(Loaded { transaction, profile: profile.map(Box::new) }),
        None => At::Before,
    })
}
