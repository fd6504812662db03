//! What a host keeps, out of it and into another one that has nothing yet, page by page and as it lies there, sealed: whoever
//! has the pages and not the seal key has ICCIDs, and EIDs of events. The house gets `/esim-lab/backup`, and again with
//! `after` as long as a page has a `next`; each page is posted as it came to `/esim-lab/restore`.
//!
//! An order comes whole, with its package and the end of its history, as all of it was at one moment; the pages together are
//! not of one moment, since the host goes on serving. Orders, events and settings are kept; sessions are not (a download that
//! was under way begins anew), nor how often somebody has called.
//!
//! A page is read whole before anything of it is written: what does not open, or is no record, has all of it refused. Records
//! are written as if they were made anew, sealed with the first key, under second names and times that stand in themselves,
//! with revisions that begin anew; histories stay what they were. What is there already, as it was or gone on since, is left
//! alone, and what is there as something else is named and left alone, too.

use crate::admit::Requester;
use crate::outcome::{Note, Rejection, Served};
use crate::read::{method_is, read_json};
use crate::{CommitError, Fault, Host, HttpRequest, HttpResponse, Store, Vault, settings};
use esim_rsp::json::Base64;
use esim_rsp::{Code, Error, Refusal};
use esim_smdp::store::{Kind, Lookup, Row};
use esim_smdp::{Key, Order, Records, Write, audit};
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where pages are put back: what a host has read of its settings before is outdated then.
pub const RESTORE: &str = "/esim-lab/restore";
/// The form of a page.
const FORM: u32 = 1;
/// How many orders or events one page has at most.
const PAGE: u32 = 25;
/// How many octets it has about, unless one order alone has more.
const ROOM: usize = HttpRequest::BODY_LIMIT;
/// How often one record is tried against others.
const TRIES: u32 = 4;
/// What is kept, in the order of the pages.
const KINDS: [Kind; 3] = [Kind::Config, Kind::Order, Kind::Event];

/// Some of what is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// [`FORM`].
    backup: u32,
    /// Those of an order stand together.
    rows: Vec<Kept>,
    /// Names of rows that do not open where they lie: they, and what belongs to them, are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    damaged: Vec<String>,
    /// To go on with, in `after`; there is nothing more where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A row as it lies there. Whatever else a store knows of it stands in its body.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    /// Sealed under the name.
    body: Base64,
}

impl Kept {
    /// Octets in a page, about.
    fn length(&self) -> usize {
        const AROUND: usize = 32;
        self.name.len() + self.body.0.len().div_ceil(3) * 4 + AROUND
    }
}

/// What has been put back.
#[derive(Default, Serialize)]
struct Restored {
    /// Orders, events and settings that were not there.
    restored: usize,
    /// Those that were.
    known: usize,
    /// Those that were not put back.
    refused: Vec<Refused>,
}

/// What was not put back, and why.
#[derive(Serialize)]
struct Refused {
    name: String,
    reason: String,
}

/// What becomes of a record that is put back; the error is why it is not.
type Outcome = Result<settings::PutBack, String>;

fn is_for_house(requester: &Requester) -> Result<(), Rejection> {
    match requester {
        Requester::House => Ok(()),
        _ => {
            let detail = "Records are copied by the house alone";
            Err(Rejection::new(403, Refusal::of(Code::FunctionRequesterNotAllowed).because(detail)))
        }
    }
}

fn malformed(why: impl core::fmt::Display) -> Rejection {
    Rejection::malformed(Error::text(format!("{why}; nothing of this page has been written")))
}

/// Gives the house a page.
pub(crate) async fn backup<H: Host>(
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    is_for_house(requester)?;
    method_is(request, "GET", host.checks())?;
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let after = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "after");
    let after = after.map_or_else(String::new, |(_, after)| after.into_owned());
    if !after.is_empty() && !KINDS.iter().any(|kind| kind.has(&after)) {
        return Err(Rejection::malformed(Error::text("after is what a page had for next, or absent")));
    }
    let page = page(&after, host).await?;
    let outcome = Some(format!("{} rows, {} damaged", page.rows.len(), page.damaged.len()));
    Ok(Served { response: HttpResponse::json(200, &page), note: Note { outcome, ..Note::default() } })
}

async fn page<H: Host>(after: &str, host: &H) -> Result<Page, Fault> {
    let mut page = Page { backup: FORM, rows: Vec::new(), damaged: Vec::new(), next: None };
    let (mut room, mut last) = (ROOM, after.to_string());
    let first = KINDS.iter().position(|kind| kind.has(after)).unwrap_or(0);
    for kind in &KINDS[first..] {
        let found = whole(*kind, if kind.has(after) { after } else { "" }, host).await?;
        // One whose rows are lost is found no more, so that fewer than asked for are not the last ones.
        let is_end = found.is_empty() || *kind == Kind::Config;
        for (name, rows) in found {
            match kept(rows, host) {
                Ok(rows) => {
                    let length = rows.iter().map(Kept::length).sum();
                    if length > room && !page.rows.is_empty() {
                        return Ok(Page { next: Some(last), ..page });
                    }
                    room = room.saturating_sub(length);
                    page.rows.extend(rows);
                }
                Err(damaged) => page.damaged.push(damaged),
            }
            last = name;
        }
        if !is_end {
            return Ok(Page { next: Some(last), ..page });
        }
    }
    Ok(page)
}

/// The first records of a kind behind `after`, [`PAGE`] at most, each with all that belongs to it, by name.
async fn whole<H: Host>(kind: Kind, after: &str, host: &H) -> Result<BTreeMap<String, Vec<Row>>, Fault> {
    let store = host.store();
    let by_itself = |row: Row| (row.name.clone(), vec![row]);
    if kind == Kind::Config {
        let names = settings::kept().into_iter().filter(|name| host.keeps_settings() && **name > *after);
        let lookups: Vec<_> = names.map(Lookup::Name).collect();
        return Ok(store.load(&lookups).await?.into_iter().map(by_itself).collect());
    }
    let range = Lookup::Range { prefix: kind.prefix().into(), after: after.into(), limit: PAGE };
    let rows = store.load(&[range]).await?;
    if kind == Kind::Event {
        return Ok(rows.into_iter().map(by_itself).collect());
    }
    let mut orders: BTreeMap<_, _> = rows.into_iter().map(|row| (row.name, Vec::new())).collect();
    let beside = orders.keys().filter_map(|name| name.strip_prefix(kind.prefix())).flat_map(names_of_order);
    let lookups: Vec<_> = beside.map(Lookup::Name).collect();
    for row in store.load(&lookups).await? {
        let order = Kind::of(&row.name).map(|(_, iccid)| format!("{}{iccid}", kind.prefix()));
        if let Some(rows) = order.and_then(|order| orders.get_mut(&order)) {
            rows.push(row);
        }
    }
    Ok(orders)
}

fn names_of_order(iccid: &str) -> [String; 3] {
    [Kind::Order, Kind::Package, Kind::Head].map(|kind| format!("{}{iccid}", kind.prefix()))
}

/// Rows that belong together, as they lie there; the name of one that does not open, if there is any.
fn kept<H: Host>(rows: Vec<Row>, host: &H) -> Result<Vec<Kept>, String> {
    rows.into_iter()
        .map(|row| match host.vault().open(row.clone()) {
            Ok(_) => Ok(Kept { name: row.name, body: Base64(row.body) }),
            Err(fault) => {
                host.damaged(&row.name, &fault);
                Err(row.name)
            }
        })
        .collect()
}

/// Puts a page back that the house has posted.
pub(crate) async fn restore<H: Host>(
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    is_for_house(requester)?;
    let page: Page = read_json(request, host.checks())?;
    if page.backup != FORM {
        return Err(malformed(format!("a page of form {}, and not of {FORM}", page.backup)));
    }
    let opened = open(page.rows, host.vault()).map_err(malformed)?;
    let mut done = Restored::default();
    let tried = stream::iter(opened).map(async |(name, opened)| match opened {
        Opened::Setting(value) => (settings::put_back(&name, &value, host).await, name),
        Opened::Records(records) => (put_back(records, host).await, name),
    });
    let mut tried = tried.buffered(H::Store::COMMITS_AT_ONCE);
    while let Some((outcome, name)) = tried.next().await {
        match outcome? {
            Ok(settings::PutBack::New) => done.restored += 1,
            Ok(settings::PutBack::Known) => done.known += 1,
            Err(reason) => done.refused.push(Refused { name, reason }),
        }
    }
    let Restored { restored, known, refused } = &done;
    let outcome = Some(format!("{restored} restored, {known} known, {} refused", refused.len()));
    Ok(Served::success(done, Note { outcome, ..Note::default() }))
}

/// What belongs together, in clear.
enum Opened {
    Setting(Vec<u8>),
    Records(Box<Records>),
}

/// Everything in a page, by the name of the setting, the order or the event.
///
/// # Errors
/// What cannot be put back, by name, and why.
fn open(rows: Vec<Kept>, vault: &Vault) -> Result<BTreeMap<String, Opened>, String> {
    let (mut names, mut opened) = (BTreeSet::new(), BTreeMap::<_, Opened>::new());
    for Kept { name, body } in rows {
        if !names.insert(name.clone()) {
            return Err(format!("{name:?} is there twice"));
        }
        let whole = match Kind::of(&name) {
            Some((Kind::Config, _)) if settings::kept().contains(&name) => name.clone(),
            Some((Kind::Event, _)) => name.clone(),
            Some((Kind::Order | Kind::Package | Kind::Head, iccid)) => {
                format!("{}{iccid}", Kind::Order.prefix())
            }
            _ => return Err(format!("{name:?} is nothing that a backup has")),
        };
        let row = vault.open(Row { name: name.clone(), revision: 0, body: body.0 }).map_err(|fault| {
            format!(
                "SEAL_KEY does not open a row ({fault}): it was sealed with another key, or has been altered"
            )
        })?;
        if Kind::Config.has(&name) {
            opened.insert(whole, Opened::Setting(row.body));
            continue;
        }
        let records = opened.entry(whole).or_insert_with(|| Opened::Records(Box::default()));
        if let Opened::Records(records) = records {
            records
                .add(row)
                .map_err(|error| format!("{name:?} is no record of this version: {}", error.kind))?;
        }
    }
    let without = opened.iter().find(|(name, opened)| {
        Kind::Order.has(name)
            && matches!(opened, Opened::Records(records) if records.orders().next().is_none())
    });
    match without {
        Some((name, _)) => Err(format!("{name:?} is not there, and what belongs to it is")),
        None => Ok(opened),
    }
}

/// Puts an order back with what is beside it, or an event.
async fn put_back<H: Host>(mut kept: Box<Records>, host: &H) -> Result<Outcome, Fault> {
    let vault = host.vault();
    let keys = vault.audit_keys().collect::<Vec<_>>();
    if let Err(why) = kept.begin_histories_anew(&keys, vault.audit_key()) {
        return Ok(Err(format!("its history does not hold: {why}")));
    }
    let changes = kept.rewrite().map_err(|error| Fault::new(error.kind))?;
    let changes = changes.into_iter().map(|change| vault.seal(change)).collect::<Result<Vec<_>, _>>()?;
    let orders = kept.orders().flat_map(|order| [Key::Order(order.iccid), Key::Package(order.iccid)]);
    let keys = orders.chain(kept.events().map(|event| Key::Event(event.name())));
    let lookups: Vec<_> = keys.flat_map(|key| vault.lookups(key.lookup())).collect();
    for _ in 0..TRIES {
        let there = host.store().load(&lookups).await?;
        if !there.is_empty() {
            return Ok(compare(there, &kept, vault));
        }
        match host.store().commit(&changes).await {
            Ok(()) => {
                let written: Vec<_> = kept.orders().cloned().map(Write::from).collect();
                host.committed(&Records::default(), &written);
                return Ok(Ok(settings::PutBack::New));
            }
            Err(CommitError::Conflict) => {}
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Ok(Err("its matchingId or its subscriber is another order's here".into()))
}

/// Whether what is there is what is to be put back, or has gone on from it.
fn compare(there: Vec<Row>, kept: &Records, vault: &Vault) -> Outcome {
    let mut found = Records::default();
    for row in there {
        let row =
            vault.open(row).map_err(|fault| format!("it is there already, and does not open: {fault}"))?;
        found.add(row).map_err(|_| "it is there already, and no record of this version".to_string())?;
    }
    let order = |order: &Order| {
        // A package stays what it is, as long as there is one.
        let packages = found.package(&order.iccid).zip(kept.package(&order.iccid));
        let is_same = packages.is_none_or(|(there, kept)| there == kept);
        is_same && found.order(&order.iccid).is_some_and(|there| audit::goes_on(there, order))
    };
    match kept.orders().all(order) && kept.events().all(|event| found.event(&event.name()) == Some(event)) {
        true => Ok(settings::PutBack::Known),
        false => Err("it is there already, and not as it was kept".into()),
    }
}
