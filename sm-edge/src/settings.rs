//! Settings that lie with the records, for hosts where their operator cannot put a file anywhere: the operators and the
//! revocation lists, sealed as records are. The house puts and reads them at `/esim-lab/settings/NAME`, as JSON:
//!
//! | name | what |
//! |---|---|
//! | `operators` | what [`crate::read_operators`] takes |
//! | `revocation-lists` | an array of revocation lists, DER in base64 |
//!
//! Beside them lies a mark, by which a seal key that does not open the records is found before anything is written
//! with it.

use crate::admit::Requester;
use crate::outcome::{Note, Rejection, Served};
use crate::read::json_of;
use crate::shard::{Layout, Network, ShardedStore, Stage, halves};
use crate::{CommitError, Fault, Host, HttpRequest, HttpResponse, Store, Vault, read_operators};
use esim_rsp::json::{self, Base64};
use esim_rsp::{Code, Error, Refusal};
use esim_smdp::store::{Change, Kind, Lookup, Name, Row};
use esim_smdp::{Config, Operator, Revocations};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where settings are put and seen, before their names.
pub const PATH: &str = "/esim-lab/settings/";
/// The mark: whichever key opens it opens the records.
const MARK: Name = Name::Config("seal");
/// The mark of a store in which no earlier version has left orders in objects of their own.
const LAYOUT: Name = Name::Config("layout");
/// The name of the last order that was moved from where an earlier version has kept it, all before it being moved.
const MOVED: Name = Name::Config("moved");
/// Names of the shares of the orders that have split, with commas between.
const SHARES: Name = Name::Config("shares");
/// How often a change is tried against others.
const TRIES: u32 = 4;

/// What can be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Who may call ES2+, and is told how his orders go on.
    Operators,
    /// Certificates that are not good any more.
    RevocationLists,
}

impl Setting {
    /// From the last part of a path.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "operators" => Some(Self::Operators),
            "revocation-lists" => Some(Self::RevocationLists),
            _ => None,
        }
    }

    fn row(self) -> Name {
        match self {
            Self::Operators => Name::Config("operators"),
            Self::RevocationLists => Name::Config("revocation-lists"),
        }
    }

    /// How many entries a value has.
    ///
    /// # Errors
    /// The value is none of this setting: which entry, and what belongs there.
    pub fn check(self, value: &[u8], config: &Config) -> Result<usize, String> {
        match self {
            Self::Operators => Ok(read_operators(value)?.len()),
            Self::RevocationLists => {
                let lists = read_lists(value)?;
                Revocations::new(&lists, &config.trusted).map_err(|error| error.to_string())?;
                Ok(lists.len())
            }
        }
    }
}

/// What lies with the records, as it was put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    operators: Option<Vec<u8>>,
    revocation_lists: Option<Vec<u8>>,
    /// Whether an earlier version may have left orders in objects of their own.
    pub has_earlier: bool,
    /// The shares of the orders.
    pub layout: Layout,
}

/// Why nothing can be done with the records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The seal key is another, or what lies there has been altered.
    #[error("the seal key does not open the records ({0}): set the one that they were sealed with")]
    Sealed(Fault),
    /// The store has failed; it may be better later.
    #[error("the records cannot be read: {0}")]
    Fault(#[from] Fault),
}

impl Stored {
    /// Reads what is there, and makes sure that this vault opens the records. The first time it leaves the mark.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub async fn load<S: Store>(store: &S, vault: &Vault) -> Result<Self, Unusable> {
        let names = [MARK, LAYOUT, SHARES, Setting::Operators.row(), Setting::RevocationLists.row()];
        let lookups = names.map(|name| Lookup::Name(name.to_string()));
        let mut rows = BTreeMap::new();
        for row in store.load(&lookups).await? {
            let Row { name, body, .. } = vault.open(row).map_err(Unusable::Sealed)?;
            rows.insert(name, body);
        }
        let mut has_earlier = !rows.contains_key(&LAYOUT.to_string());
        if !rows.contains_key(&MARK.to_string()) {
            has_earlier &= leave_mark(store, vault).await?;
        }
        let mut take = |name: Name| rows.remove(&name.to_string());
        let layout = read_layout(&take(SHARES).unwrap_or_default())?;
        let (operators, lists) = (take(Setting::Operators.row()), take(Setting::RevocationLists.row()));
        Ok(Self { operators, revocation_lists: lists, has_earlier, layout })
    }

    /// The value of a setting, if it has been put.
    pub fn get(&self, setting: Setting) -> Option<&[u8]> {
        match setting {
            Setting::Operators => self.operators.as_deref(),
            Setting::RevocationLists => self.revocation_lists.as_deref(),
        }
    }

    /// The operators, if any have been put.
    ///
    /// # Errors
    /// They are none of this version.
    pub fn operators(&self) -> Result<Option<Vec<Operator>>, String> {
        self.operators.as_deref().map(read_operators).transpose()
    }

    /// The revocation lists that have been put, DER each.
    ///
    /// # Errors
    /// They are none of this version.
    pub fn revocation_lists(&self) -> Result<Vec<Vec<u8>>, String> {
        self.revocation_lists.as_deref().map(read_lists).transpose().map(Option::unwrap_or_default)
    }
}

/// Moves the next orders that an earlier version has kept in objects of their own, `limit` at most; whether there may be more.
/// How far it has come lies with the records, so that none is passed over, whoever calls and however often; when there are no
/// more, that is noted and nobody looks for them.
///
/// # Errors
/// An object does not answer, or what is noted does not open.
pub async fn move_in<N: Network>(store: &ShardedStore<N>, vault: &Vault, limit: u32) -> Result<bool, Fault> {
    let noted = store.load(&[Lookup::Name(MOVED.to_string())]).await?.pop();
    let (after, expected) = match noted {
        None => (String::new(), 0),
        Some(row) => {
            let row = vault.open(row)?;
            (String::from_utf8(row.body).map_err(Fault::new)?, row.revision)
        }
    };
    let last = store.move_in(&after, limit).await?;
    let note = match &last {
        Some(last) => change(&MOVED, expected, last.as_bytes()),
        None => change(&LAYOUT, 0, b"esim-lab"),
    };
    match store.commit(&[vault.seal(note)?]).await {
        // Somebody else has come as far, or further.
        Ok(()) | Err(CommitError::Conflict) => Ok(last.is_some()),
        Err(CommitError::Fault(fault)) => Err(fault),
    }
}

/// Has a share of the orders that has begun to split go on with it, by `steps` at most; whether there is more to do. When it
/// has, the layout says so before the share forgets what it had.
///
/// # Errors
/// An object does not answer, or what is noted does not open.
pub async fn grow<N: Network>(
    store: &ShardedStore<N>,
    vault: &Vault,
    share: &str,
    steps: u32,
) -> Result<bool, Fault> {
    match store.split(share, steps).await? {
        Stage::Whole | Stage::Filling | Stage::Noted => return Ok(false),
        Stage::Copying | Stage::Frozen => return Ok(true),
        Stage::Moved => {}
    }
    for _ in 0..TRIES {
        let noted = store.load(&[Lookup::Name(SHARES.to_string())]).await?.pop();
        let (mut layout, expected) = match noted {
            None => (Layout::default(), 0),
            Some(row) => {
                let row = vault.open(row)?;
                (read_layout(&row.body)?, row.revision)
            }
        };
        layout.learn(share);
        let names: Vec<_> = layout.split().collect();
        match store.commit(&[vault.seal(change(&SHARES, expected, names.join(",").as_bytes()))?]).await {
            Ok(()) => {
                store.note_split(share).await?;
                return Ok(false);
            }
            Err(CommitError::Conflict) => {}
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::new("the layout changes faster than it can be noted"))
}

fn read_layout(noted: &[u8]) -> Result<Layout, Fault> {
    let mut layout = Layout::default();
    for share in std::str::from_utf8(noted).map_err(Fault::new)?.split(',').filter(|share| !share.is_empty())
    {
        if halves(share).is_none() {
            return Err(Fault::new(format!("{share} is no share that can have split")));
        }
        layout.learn(share);
    }
    Ok(layout)
}

/// What a setting has been replaced by.
#[derive(Serialize)]
struct Replaced {
    entries: usize,
}

/// Answers for one setting, the house alone: seen by GET, replaced by POST.
pub(crate) async fn serve<H: Host>(
    name: &str,
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    let setting = Setting::of(name).filter(|_| host.keeps_settings()).ok_or_else(Rejection::unknown)?;
    if *requester != Requester::House {
        let detail = "The settings of this server are for the house alone";
        return Err(Rejection::new(403, Refusal::of(Code::FunctionRequesterNotAllowed).because(detail)));
    }
    match &*request.method {
        "GET" => see(setting, host).await,
        _ => replace(setting, request, host).await,
    }
}

async fn see<H: Host>(setting: Setting, host: &H) -> Result<Served, Rejection> {
    let stored = Stored::load(host.store(), host.vault()).await.map_err(Fault::new)?;
    let body = stored.get(setting).unwrap_or(b"[]").to_vec();
    let response = HttpResponse { body, ..HttpResponse::empty(200) };
    Ok(response.with_header("Content-Type", "application/json").into())
}

async fn replace<H: Host>(setting: Setting, request: &HttpRequest, host: &H) -> Result<Served, Rejection> {
    let value = json_of(request, host.checks())?;
    let entries = setting.check(value, host.config());
    let entries = entries.map_err(|reason| Rejection::malformed(Error::text(reason)))?;
    put(setting, value, host.store(), host.vault()).await?;
    let outcome = Some(format!("{entries} entries"));
    Ok(Served::success(Replaced { entries }, Note { outcome, ..Note::default() }))
}

/// Puts a value, which has been checked, in the place of whatever is there.
///
/// # Errors
/// The store has failed, or others put theirs all the time.
async fn put<S: Store>(setting: Setting, value: &[u8], store: &S, vault: &Vault) -> Result<(), Fault> {
    for _ in 0..TRIES {
        let rows = store.load(&[Lookup::Name(setting.row().to_string())]).await?;
        let expected = rows.first().map_or(0, |row| row.revision);
        match store.commit(&[vault.seal(change(&setting.row(), expected, value))?]).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Conflict) => {}
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::new("the settings change faster than they can be put"))
}

/// Seals what lies here with the first key: how much was not.
///
/// # Errors
/// The store has failed, something does not open, or others put theirs all the time.
pub(crate) async fn reseal<S: Store>(store: &S, vault: &Vault) -> Result<usize, Fault> {
    let settings = [Setting::Operators.row(), Setting::RevocationLists.row()];
    let names = [MARK, LAYOUT, MOVED, SHARES].into_iter().chain(settings);
    let lookups: Vec<_> = names.map(|name| Lookup::Name(name.to_string())).collect();
    for _ in 0..TRIES {
        let older = store.load(&lookups).await?.into_iter().filter(|row| !vault.is_current(&row.body));
        let changes = older.map(|row| {
            let Row { name, revision, body } = vault.open(row)?;
            let (aliases, expires, due) = (Vec::new(), None, None);
            vault.seal(Change::Put { name, expected: revision, body, aliases, expires, due })
        });
        let changes = changes.collect::<Result<Vec<_>, Fault>>()?;
        match store.commit(&changes).await {
            Ok(()) => return Ok(changes.len()),
            Err(CommitError::Conflict) => {}
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::new("the settings change faster than they can be sealed anew"))
}

#[cfg(feature = "copies")]
/// Names of what a backup has, by name. The mark is among it, by which the key of a backup can be told.
pub(crate) fn kept() -> [String; 3] {
    [Setting::Operators.row(), Setting::RevocationLists.row(), MARK].map(|name| name.to_string())
}

#[cfg(feature = "copies")]
/// What becomes of something that a backup has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PutBack {
    /// It was not there, and is now.
    New,
    /// It was there.
    Known,
}

#[cfg(feature = "copies")]
/// Puts a setting back that a backup has, by the name of its row; the inner error is why it is not put back.
///
/// # Errors
/// The store has failed, or what is there does not open.
pub(crate) async fn put_back<H: Host>(
    name: &str,
    value: &[u8],
    host: &H,
) -> Result<Result<PutBack, String>, Fault> {
    // Each store has a mark of its own, and that of the backup has been opened.
    if name == MARK.to_string() {
        return Ok(Ok(PutBack::Known));
    }
    let setting = name.strip_prefix(Kind::Config.prefix()).and_then(Setting::of);
    let Some(setting) = setting.filter(|_| host.keeps_settings()) else {
        return Ok(Err("this host has its settings from elsewhere".into()));
    };
    if let Err(reason) = setting.check(value, host.config()) {
        return Ok(Err(reason));
    }
    let (store, vault) = (host.store(), host.vault());
    for _ in 0..TRIES {
        if let Some(row) = store.load(&[Lookup::Name(name.into())]).await?.pop() {
            let is_same = vault.open(row)?.body == value;
            let other = || "it is there already, and not as it was kept".to_string();
            return Ok(is_same.then_some(PutBack::Known).ok_or_else(other));
        }
        match store.commit(&[vault.seal(change(&setting.row(), 0, value))?]).await {
            Ok(()) => return Ok(Ok(PutBack::New)),
            Err(CommitError::Conflict) => {}
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::new("the settings change faster than they can be put"))
}

/// Records of before there was a mark must open, too; whether there are any.
async fn leave_mark<S: Store>(store: &S, vault: &Vault) -> Result<bool, Unusable> {
    let any = Lookup::Range { prefix: Kind::Order.prefix().into(), after: String::new(), limit: 1 };
    let before = store.load(&[any]).await?;
    let has_earlier = !before.is_empty();
    for row in before {
        vault.open(row).map_err(Unusable::Sealed)?;
    }
    let marks = [Some(MARK), Some(LAYOUT).filter(|_| !has_earlier)];
    let changes = marks.into_iter().flatten().map(|mark| vault.seal(change(&mark, 0, b"esim-lab")));
    match store.commit(&changes.collect::<Result<Vec<_>, _>>()?).await {
        // Somebody else has left it: the next who reads opens it.
        Ok(()) | Err(CommitError::Conflict) => Ok(has_earlier),
        Err(CommitError::Fault(fault)) => Err(fault.into()),
    }
}

fn change(name: &Name, expected: u64, body: &[u8]) -> Change {
    let (name, body) = (name.to_string(), body.into());
    Change::Put { name, expected, body, aliases: Vec::new(), expires: None, due: None }
}

fn read_lists(value: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let lists: Vec<Base64> = json::parse(value).map_err(|error| {
        format!("revocation lists are an array of strings, DER in base64 each: {}", error.kind)
    })?;
    Ok(lists.into_iter().map(|list| list.0).collect())
}
