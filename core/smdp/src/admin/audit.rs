//! Histories for whoever must know that they are as they were written.

use crate::admin::{ListOrders, ListOrdersRequest};
use crate::audit::{self, History};
use crate::order::HistoryEntry;
use crate::store::Name;
use crate::{Decision, Env, Function, Key, Order, Records};
use alloc::string::String;
use alloc::vec::Vec;
use esim_crypto::MacKey;
use esim_rsp::{Error, Iccid};
use serde::{Deserialize, Serialize};

/// Which orders to look at, and the keys that their histories may be sealed with.
#[derive(Clone, Debug)]
pub struct AuditRequest {
    /// A page of them.
    pub list: ListOrdersRequest,
    /// Each alone.
    pub keys: Vec<MacKey>,
}

/// A page of histories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditOk {
    /// By ICCID.
    pub histories: Vec<HistoryView>,
    /// `after` of the next page, if there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The history of an order, and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    /// Of the order.
    pub iccid: Iccid,
    /// OID of the operator whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// OID of the operator that has ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Number of the first entry that is kept, from 1.
    pub first: u64,
    /// Oldest first; those without a MAC are from before there were any.
    pub entries: Vec<HistoryEntry>,
    /// What is wrong with it, in a sentence; nothing if it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

/// Looks through the histories of a page of orders.
#[derive(Clone, Debug)]
pub struct Audit {
    list: ListOrders,
    keys: Vec<MacKey>,
}

impl Function for Audit {
    type Request = AuditRequest;
    type Ok = AuditOk;
    /// Damage is what it looks for.
    const BEARS_DAMAGE: bool = true;

    fn read(request: AuditRequest) -> Result<Self, Error> {
        Ok(Self { list: ListOrders::read(request.list)?, keys: request.keys })
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        let heads = known.orders().map(|order| Key::Head(order.iccid));
        self.list.keys(known).into_iter().chain(heads).collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<AuditOk> {
        let (mut orders, next) = self.list.page(records, env);
        // What is in stock for everybody may have been another's before.
        orders.retain(|order| self.list.is_for_all() || order.whose().is_some());
        let mut histories: Vec<_> = orders.into_iter().map(|order| self.view(order, records)).collect();
        if self.list.is_for_all() {
            let damaged = records.damaged().filter_map(|(_, row)| Name::order_of(row));
            histories.extend(damaged.map(unreadable));
        }
        Decision::only(Ok(AuditOk { histories, next }))
    }
}

/// Of an order whose row is damaged nobody knows whose it is.
fn unreadable(iccid: Iccid) -> HistoryView {
    HistoryView {
        iccid,
        owner: None,
        operator: None,
        first: 1,
        entries: Vec::new(),
        finding: Some("the record of the order cannot be read".into()),
    }
}

impl Audit {
    fn view(&self, order: &Order, records: &Records) -> HistoryView {
        let history = History::of(order, records.head(&order.iccid));
        let keys: Vec<_> = self.keys.iter().collect();
        HistoryView {
            iccid: order.iccid,
            owner: order.owner.clone(),
            operator: order.operator.clone(),
            first: history.first(),
            entries: order.history.clone(),
            finding: audit::verify(&history, &keys).err(),
        }
    }
}
