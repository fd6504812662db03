//! What only a host whose records are spread has: where they lie, what that costs, and how it goes on. For the house alone.
//!
//! | call | does |
//! |---|---|
//! | `GET /esim-lab/costs` | what functions have cost, if that is counted |
//! | `POST /esim-lab/layout` | moves some of the orders that an earlier version has kept elsewhere |
//! | `GET /esim-lab/shares` | which shares of the orders have become two |
//! | `POST /esim-lab/shares?share=orders:BITS`, `?iccid=ICCID` | has one, or that of an order, begin with it |

use crate::host::EdgeHost;
use crate::{configuration, costs};
use esim_rsp::Iccid;
use esim_sm_edge::shard::Network;
use esim_sm_edge::{Fault, Host, HttpRequest, HttpResponse, admit_head, is_house, settings};
use serde::Serialize;
use worker::console_error;

/// How many orders are moved by one request.
const MOVED_AT_ONCE: u32 = 50;

/// What has been moved.
#[derive(Serialize)]
struct Moved {
    /// Whether there may be more of them.
    more: bool,
}

/// The shares, as far as they have become two.
#[derive(Serialize)]
struct Shares {
    split: Vec<String>,
}

/// A share that becomes two.
#[derive(Serialize)]
struct Splitting {
    share: String,
}

/// Why something is not done.
#[derive(Serialize)]
struct Refused {
    reason: &'static str,
}

/// Answers what is asked here; nothing if it is another path.
pub async fn answer(head: &HttpRequest, host: &EdgeHost, counts: bool) -> Option<HttpResponse> {
    let path = head.path_only().strip_prefix("/esim-lab/")?;
    let call = (&*head.method, path);
    let known = [("POST", "layout"), ("GET", "shares"), ("POST", "shares")];
    if !(known.contains(&call) || (counts && call == ("GET", "costs"))) {
        return None;
    }
    match admit_head(head, host).await {
        Ok(_) if is_house(head, host) => {}
        Ok(_) => return Some(HttpResponse::empty(403)),
        Err(refused) => return Some(refused),
    }
    let answered = match call {
        ("POST", "layout") => move_in(host).await,
        ("GET", "shares") => Ok(shares(host)),
        ("POST", "shares") => split(head, host).await,
        _ => Ok(HttpResponse::json(200, &costs::sums().await)),
    };
    Some(answered.unwrap_or_else(|fault| {
        console_error!("{path}: {fault}");
        HttpResponse::empty(503)
    }))
}

/// Moves some of the orders that an earlier version has kept in objects of their own; when there are no more, that is noted
/// and nobody looks for them.
async fn move_in(host: &EdgeHost) -> Result<HttpResponse, Fault> {
    let moved = settings::move_in(host.store(), host.vault(), MOVED_AT_ONCE).await;
    configuration::forget();
    Ok(HttpResponse::json(200, &Moved { more: moved? }))
}

fn shares(host: &EdgeHost) -> HttpResponse {
    let layout = host.store().network().layout().borrow();
    HttpResponse::json(200, &Shares { split: layout.split().map(String::from).collect() })
}

async fn split(head: &HttpRequest, host: &EdgeHost) -> Result<HttpResponse, Fault> {
    let asked: Vec<_> = head.query().collect();
    let begun = match asked[..] {
        [("share", share)] => host.store().begin_split(share).await?,
        [("iccid", iccid)] => match iccid.parse::<Iccid>() {
            Ok(iccid) => host.store().begin_split_of(&iccid).await?,
            Err(_) => return Ok(refused(400, "iccid has no ICCID")),
        },
        _ => return Ok(refused(400, "share=orders:BITS or iccid=ICCID says which")),
    };
    Ok(match begun {
        Some(share) => HttpResponse::json(202, &Splitting { share }),
        None => refused(409, "there is no such share, or it has become two already"),
    })
}

fn refused(status: u16, reason: &'static str) -> HttpResponse {
    HttpResponse::json(status, &Refused { reason })
}
