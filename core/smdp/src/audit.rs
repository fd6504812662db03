//! The history of an order, so that nobody changes it unnoticed.
//!
//! Every entry holds who called, and a MAC over itself, its number and the MAC of the entry before it, under a key that
//! is in no record. How many entries there have been, and the MAC of the last one, stand a second time in a record of
//! its own, the [`Head`], which is written with the order: whoever cuts entries off, or puts an earlier state of the
//! order back, would have to do the same to the other one.
//!
//! Entries from before there were MACs have none; the first one that has seals them.

use crate::Order;
pub use crate::history::{CalledBy, Chain, Credential};
use crate::order::HistoryEntry;
use crate::store::{Record, Records, Write};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::{MacKey, sha256};
use esim_rsp::Iccid;
use esim_rsp::json::Base64;
use serde::{Deserialize, Serialize};

/// How many entries an order remembers; the oldest go first.
const HISTORY_LIMIT: usize = 256;

/// The end of an order's history, kept apart from the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Of the order.
    pub iccid: Iccid,
    /// How many entries there have ever been.
    pub count: u64,
    /// MAC of the last one.
    pub mac: Base64,
    /// How often it has been written, which is the revision of its row: an order that was put back does not fit.
    pub heads: u64,
}

/// A history as it lies in the records.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// Of the order.
    pub iccid: &'a Iccid,
    /// What the order knows of its chain; absent where no entry has a MAC yet.
    pub chain: Option<&'a Chain>,
    /// Oldest first.
    pub entries: &'a [HistoryEntry],
    /// The end as kept apart.
    pub head: Option<&'a Head>,
}

/// Sixteen octets that hold everything up to an entry: its MAC, or a digest where it has none.
type Link = [u8; 16];

/// Signs with `by` what a decision adds to histories, and chains it to what was there. The heads are added to the
/// commit.
pub fn seal(commit: &mut Vec<Write>, records: &Records, by: Option<&CalledBy>, key: &MacKey) {
    let mut heads = Vec::new();
    for write in commit.iter_mut() {
        if let Write::Put(Record::Order(order)) = write {
            let known = records.order(&order.iccid).map_or(0, |known| known.history.len());
            heads.extend(seal_order(order, known, by, key));
        }
    }
    commit.extend(heads.into_iter().map(|head| Write::Put(Record::Head(head))));
}

/// The new head, if the history has grown; `known` entries were there before there was a chain.
fn seal_order(order: &mut Order, known: usize, by: Option<&CalledBy>, key: &MacKey) -> Option<Head> {
    let sealed = match &order.chain {
        Some(_) => order.history.iter().rposition(|entry| entry.mac.is_some()).map_or(0, |last| last + 1),
        None => known.min(order.history.len()),
    };
    if sealed == order.history.len() {
        return None;
    }
    let mut chain = order.chain.take().unwrap_or(Chain { count: sealed as u64, heads: 0, before: None });
    let (old, new) = order.history.split_at_mut(sealed);
    let mut link = walk(&order.iccid, &chain, old).last().unwrap_or_else(|| before(&chain));
    for entry in new {
        entry.by = by.cloned();
        chain.count += 1;
        link = mac(key, &order.iccid, chain.count, &link, entry);
        entry.mac = Some(Base64(link.to_vec()));
    }
    chain.heads += 1;
    if let Some(spare) = order.history.len().checked_sub(HISTORY_LIMIT).filter(|spare| *spare > 0) {
        let dropped = walk(&order.iccid, &chain, &order.history).nth(spare - 1);
        chain.before = dropped.map(|link| Base64(link.to_vec()));
        order.history.drain(..spare);
    }
    let head =
        Head { iccid: order.iccid, count: chain.count, mac: Base64(link.to_vec()), heads: chain.heads };
    order.chain = Some(chain);
    Some(head)
}

/// Seals a history that holds anew, under another key; as it is if it does not hold.
pub fn seal_anew(order: &mut Order, head: Option<&Head>, keys: &[&MacKey], key: &MacKey) -> Option<Head> {
    verify(&History::of(order, head), keys).ok()?;
    let chain = order.chain.as_mut()?;
    chain.heads += 1;
    let mut link = before(chain);
    let first = chain.count.saturating_sub(order.history.len() as u64);
    for (entry, number) in order.history.iter_mut().zip(first + 1..) {
        link = match entry.mac {
            None => digest(&order.iccid, &link, entry),
            Some(_) => mac(key, &order.iccid, number, &link, entry),
        };
        entry.mac = entry.mac.is_some().then(|| Base64(link.to_vec()));
    }
    let head = head?;
    Some(Head { mac: Base64(link.to_vec()), heads: head.heads + 1, ..head.clone() })
}

/// Seals a history anew for a store that has none of it, where its head is written for the first time: the head.
///
/// # Errors
/// As [`verify`].
pub fn begin_anew(
    order: &mut Order,
    head: Option<&Head>,
    keys: &[&MacKey],
    key: &MacKey,
) -> Result<Option<Head>, String> {
    verify(&History::of(order, head), keys)?;
    let head = seal_anew(order, head, keys, key);
    if let Some(chain) = &mut order.chain {
        chain.heads = 1;
    }
    Ok(head.map(|head| Head { heads: 1, ..head }))
}

/// Whether an order is what another one was, or has gone on from there: what both remember of its history is the same,
/// whatever it is sealed with, and nothing of it is gone; where nothing has come since, they are for the same.
pub fn goes_on(order: &Order, from: &Order) -> bool {
    let entries = |order: &Order| {
        let unsealed = |entry: &HistoryEntry| HistoryEntry { mac: None, ..entry.clone() };
        let entries: Vec<_> = order.history.iter().map(unsealed).collect();
        (History::of(order, None).first(), entries)
    };
    let ((first, entries), (number, before)) = (entries(order), entries(from));
    let skipped = usize::try_from(first.saturating_sub(number)).unwrap_or(usize::MAX);
    let shared = before.get(skipped..).filter(|shared| !shared.is_empty());
    let is_for = |order: &Order| (order.state, order.eid, order.matching_id.clone());
    first >= number
        && shared.is_some_and(|shared| {
            entries.starts_with(shared) && (entries != shared || is_for(order) == is_for(from))
        })
}

impl<'a> History<'a> {
    /// That of an order, with its head.
    pub fn of(order: &'a Order, head: Option<&'a Head>) -> Self {
        Self { iccid: &order.iccid, chain: order.chain.as_ref(), entries: &order.history, head }
    }

    /// Number of the first entry that is kept, from 1.
    pub fn first(&self) -> u64 {
        let ever = self.chain.map_or(self.entries.len() as u64, |chain| chain.count);
        ever.saturating_sub(self.entries.len() as u64) + 1
    }
}

/// Whether a history is as it was written, by any of the keys.
///
/// # Errors
/// A sentence with the entry that does not fit.
pub fn verify(history: &History<'_>, keys: &[&MacKey]) -> Result<(), String> {
    let History { iccid, chain, entries, head } = history;
    let Some(chain) = chain else {
        return match head {
            Some(head) => Err(format!("all {} sealed entries are gone", head.count)),
            None => Ok(()),
        };
    };
    let kept = entries.len() as u64;
    if chain.count < kept || (chain.count > kept) != chain.before.is_some() {
        return Err(format!("there have been {} entries, and {kept} are kept", chain.count));
    }
    let mut link = before(chain);
    let mut sealed = false;
    for (entry, number) in entries.iter().zip(history.first()..) {
        link = match &entry.mac {
            None if sealed => return Err(format!("entry {number} is not sealed")),
            None => digest(iccid, &link, entry),
            Some(given) => {
                sealed = true;
                let mut fits = keys.iter().map(|key| mac(key, iccid, number, &link, entry));
                fits.find(|mac| mac[..] == given.0[..]).ok_or_else(|| {
                    format!(
                        "entry {number} is not what was written, or not behind what it was written behind"
                    )
                })?
            }
        };
    }
    check_head(chain, &link, *head)
}

fn check_head(chain: &Chain, link: &Link, head: Option<&Head>) -> Result<(), String> {
    let Some(head) = head else {
        return Err("the end of the history, which is kept apart, is gone".into());
    };
    if head.count != chain.count {
        return Err(format!(
            "there have been {} entries, and the order has {}: the last ones were cut off, or an earlier state was \
             put back",
            head.count, chain.count
        ));
    }
    match head.mac.0[..] == link[..] && head.heads == chain.heads {
        true => Ok(()),
        false => Err("the last entry is not the one that was written last".into()),
    }
}

/// Links behind each of the entries, as they are.
fn walk(iccid: &Iccid, chain: &Chain, entries: &[HistoryEntry]) -> impl Iterator<Item = Link> {
    entries.iter().scan(before(chain), move |link, entry| {
        *link = entry.mac.as_ref().map_or_else(|| digest(iccid, link, entry), to_link);
        Some(*link)
    })
}

fn before(chain: &Chain) -> Link {
    chain.before.as_ref().map_or([0; 16], to_link)
}

/// Octets that are no link are damage, which no MAC fits.
fn to_link(octets: &Base64) -> Link {
    octets.0[..].try_into().unwrap_or_default()
}

fn mac(key: &MacKey, iccid: &Iccid, number: u64, before: &Link, entry: &HistoryEntry) -> Link {
    key.mac(&[iccid.to_string().as_bytes(), &number.to_be_bytes(), before, &octets(entry)])
}

/// For entries from before there were MACs.
fn digest(iccid: &Iccid, before: &Link, entry: &HistoryEntry) -> Link {
    let whole = sha256(&[iccid.to_string().as_bytes(), before, &octets(entry)]);
    let mut link = [0; 16];
    link.copy_from_slice(&whole[..16]);
    link
}

/// An entry without its MAC.
fn octets(entry: &HistoryEntry) -> Vec<u8> {
    esim_rsp::json::to_vec(&HistoryEntry { mac: None, ..entry.clone() })
}
