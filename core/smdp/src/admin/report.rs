//! How orders stand, in a line each: what an operator keeps in its own books.

use crate::admin::{ListOrders, ListOrdersRequest};
use crate::{Decision, Env, Function, Key, Order, OrderState, Records, progress};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::{Eid, Error, Iccid};
use serde::{Deserialize, Serialize};

/// Reports a page of orders.
#[derive(Clone, Debug)]
pub struct Report(ListOrders);

/// A page of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportOk {
    /// By ICCID.
    pub rows: Vec<ReportRow>,
    /// As [`super::ListOrdersOk::next`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How an order stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportRow {
    /// Of the profile.
    pub iccid: Iccid,
    /// Kind of profile.
    pub profile_type: String,
    /// Where the order stands.
    pub state: OrderState,
    /// `LPA:1$…`, where the order is confirmed.
    pub activation_code: Option<String>,
    /// The eUICC that it is reserved for or lives on.
    pub eid: Option<Eid>,
    /// When something happened last, ISO 8601 in UTC.
    pub last_at: Option<String>,
    /// The function that did it.
    pub last_function: Option<String>,
    /// What came of it.
    pub last_event: Option<String>,
}

impl ReportRow {
    fn of(order: &Order, smdp_address: &str) -> Self {
        let last = order.history.last();
        Self {
            iccid: order.iccid,
            profile_type: order.profile_type.clone(),
            state: order.state,
            activation_code: order.activation_code(smdp_address).map(|code| code.to_string()),
            eid: order.eid,
            last_at: last.map(|event| progress::timestamp(event.at)),
            last_function: last.map(|event| event.function.clone()),
            last_event: last.map(|event| event.what.clone()),
        }
    }
}

impl Function for Report {
    type Request = ListOrdersRequest;
    type Ok = ReportOk;

    fn read(request: ListOrdersRequest) -> Result<Self, Error> {
        ListOrders::read(request).map(Self)
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        self.0.keys(known)
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<ReportOk> {
        let (orders, next) = self.0.page(records, env);
        let row = |order: &Order| ReportRow::of(order, &env.config.smdp_address);
        Decision::only(Ok(ReportOk { rows: orders.into_iter().map(row).collect(), next }))
    }
}
