//! ES2+.DownloadOrder (SGP.22 5.3.1).

use super::own_order;
use crate::{Decision, Env, Function, Key, Order, OrderState, Records};
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::es2p::{DownloadOrderOk, DownloadOrderRequest};
use esim_rsp::{Error, Refusal};

/// The operator reserves a profile.
#[derive(Clone, Debug)]
pub struct DownloadOrder(DownloadOrderRequest);

impl Function for DownloadOrder {
    type Request = DownloadOrderRequest;
    type Ok = DownloadOrderOk;

    fn read(request: Self::Request) -> Result<Self, Error> {
        if request.iccid.is_none() && request.profile_type.is_none() {
            return Err(Error::text("downloadOrder needs an iccid or a profileType"));
        }
        Ok(Self(request))
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        match (&self.0.iccid, &self.0.profile_type) {
            (Some(iccid), _) => Vec::from([Key::Order(*iccid)]),
            (None, Some(name)) => Vec::from([Key::AvailableOfType(name.clone()), Key::OfType(name.clone())]),
            (None, None) => Vec::new(),
        }
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<DownloadOrderOk> {
        match self.reserve(records) {
            Ok(mut order) => {
                order.eid = self.0.eid;
                order.operator = Some(self.0.header.function_requester_identifier.clone());
                order.state = match order.eid {
                    Some(_) => OrderState::Linked,
                    None => OrderState::Allocated,
                };
                order.note(env.now, "downloadOrder", "Reserved");
                let iccid = order.iccid;
                Decision::new(Vec::from([order.into()]), Ok(DownloadOrderOk { iccid }))
            }
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}

impl DownloadOrder {
    fn reserve(&self, records: &Records) -> Result<Order, Refusal> {
        let order = match (&self.0.iccid, &self.0.profile_type) {
            (Some(iccid), name) => {
                let order = own_order(records, iccid, &self.0.header)?;
                if name.as_ref().is_some_and(|name| *name != order.profile_type) {
                    return Err(Refusal::new("8.2.5", "3.8").about(&order.profile_type));
                }
                order
            }
            (None, Some(name)) => any_of_type(records, name)?,
            (None, None) => return Err(Refusal::new("1.6", "2.1")),
        };
        if order.state != OrderState::Available {
            return Err(Refusal::new("8.2.1", "3.3").about(order.iccid));
        }
        super::check_owner(&order, &self.0.header)?;
        Ok(order)
    }
}

fn any_of_type(records: &Records, name: &str) -> Result<Order, Refusal> {
    let mut of_type = records.orders().filter(|order| order.profile_type == name).peekable();
    if of_type.peek().is_none() {
        return Err(Refusal::new("8.2.5", "3.9").about(name));
    }
    let available = of_type.find(|order| order.state == OrderState::Available).cloned();
    available.ok_or_else(|| Refusal::new("8.2.5", "3.7").about(name))
}
