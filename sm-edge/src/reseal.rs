//! Sealing what is there with the first key, page by page, on hosts whose records lie where no command reaches them: the house
//! posts to `/esim-lab/reseal`, and again with `after` as long as the answer has a `next`. Then the older key may go.

use crate::admit::Requester;
use crate::outcome::{Note, Rejection, Served};
use crate::read::method_is;
use crate::{CommitError, Fault, Host, HttpRequest, Store, Vault, settings};
use esim_rsp::{Code, Error, Refusal};
use esim_smdp::store::{Change, Kind, Lookup, Row};
use serde::Serialize;

/// How many orders or events are looked at by one request.
const PAGE: u32 = 25;
/// How often one of them is tried against others.
const TRIES: u32 = 8;
/// What is sealed and listed; sessions are over in a day.
const KINDS: [Kind; 2] = [Kind::Order, Kind::Event];

/// What has been done.
#[derive(Serialize)]
struct Resealed {
    /// Orders, events and settings that were sealed with an older key.
    sealed: usize,
    /// To go on with, in `after`; all is sealed with the first key where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Answers the house.
pub(crate) async fn serve<H: Host>(
    request: &HttpRequest,
    requester: &Requester,
    host: &H,
) -> Result<Served, Rejection> {
    if !host.keeps_settings() {
        return Err(Rejection::unknown());
    }
    if *requester != Requester::House {
        let detail = "Records are sealed anew by the house alone";
        return Err(Rejection::new(403, Refusal::of(Code::FunctionRequesterNotAllowed).because(detail)));
    }
    method_is(request, "POST", host.checks())?;
    let after = request.query().find(|(name, _)| *name == "after").map_or("", |(_, after)| after);
    if !after.is_empty() && !KINDS.iter().any(|kind| kind.has(after)) {
        return Err(Rejection::malformed(Error::text("after is what an answer had for next, or absent")));
    }
    let done = page(after, host.store(), host.vault()).await?;
    let outcome = Some(format!("{} sealed anew", done.sealed));
    Ok(Served::success(done, Note { outcome, ..Note::default() }))
}

async fn page<S: Store>(after: &str, store: &S, vault: &Vault) -> Result<Resealed, Fault> {
    let mut sealed = if after.is_empty() { settings::reseal(store, vault).await? } else { 0 };
    let first = KINDS.iter().position(|kind| kind.has(after)).unwrap_or(0);
    for kind in &KINDS[first..] {
        let after = if kind.has(after) { after } else { "" };
        let range = Lookup::Range { prefix: kind.prefix().into(), after: after.into(), limit: PAGE };
        let rows = store.load(&[range]).await?;
        let last = rows.last().map(|row| row.name.clone());
        for row in rows {
            sealed += usize::from(one(row, store, vault).await?);
        }
        // One whose rows are lost is found no more: fewer than asked for are not the last ones.
        if last.is_some() {
            return Ok(Resealed { sealed, next: last });
        }
    }
    Ok(Resealed { sealed, next: None })
}

/// Seals one order with all that is beside it, or one event; whether it was not.
async fn one<S: Store>(row: Row, store: &S, vault: &Vault) -> Result<bool, Fault> {
    let name = row.name.clone();
    let mut found = vec![row];
    for _ in 0..TRIES {
        // Gone meanwhile: whoever has done that had the first key.
        let Some(row) = found.pop() else { return Ok(false) };
        let beside = match name.strip_prefix(Kind::Order.prefix()) {
            Some(iccid) => {
                let lookup = |kind: Kind| Lookup::Name(format!("{}{iccid}", kind.prefix()));
                store.load(&[Kind::Package, Kind::Head].map(lookup)).await?
            }
            None => Vec::new(),
        };
        if std::iter::once(&row).chain(&beside).all(|row| vault.is_current(&row.body)) {
            return Ok(false);
        }
        let (heads, packages): (Vec<_>, Vec<_>) =
            beside.into_iter().partition(|row| Kind::Head.has(&row.name));
        let mut changes: Vec<Change> = vault.renew(row, heads.into_iter().next())?;
        for package in packages {
            changes.extend(vault.renew(package, None)?);
        }
        match store.commit(&changes).await {
            Ok(()) => return Ok(true),
            Err(CommitError::Conflict) => found = store.load(&[Lookup::Name(name.clone())]).await?,
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::new(format!("{name} changes faster than it can be sealed anew")))
}
