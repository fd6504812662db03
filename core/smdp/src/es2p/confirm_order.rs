//! ES2+.ConfirmOrder (SGP.22 5.3.2).

use super::own_order;
use crate::order::Confirmation;
use crate::{Decision, Env, Function, Key, Order, OrderState, Records};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::confirmation_code_hash;
use esim_rsp::es2p::{ConfirmOrderOk, ConfirmOrderRequest};
use esim_rsp::json::Base64;
use esim_rsp::{Eid, Error, Refusal};

/// The operator settles how a reserved profile will be fetched.
#[derive(Clone)]
pub struct ConfirmOrder(ConfirmOrderRequest);

impl core::fmt::Debug for ConfirmOrder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // The request holds the confirmation code.
        write!(f, "ConfirmOrder({:?})", self.0.iccid)
    }
}

impl Function for ConfirmOrder {
    type Request = ConfirmOrderRequest;
    type Ok = ConfirmOrderOk;

    fn read(request: Self::Request) -> Result<Self, Error> {
        Ok(Self(request))
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        let matching = self.0.matching_id.iter().filter(|id| !id.is_empty());
        let order = core::iter::once(Key::Order(self.0.iccid));
        order.chain(matching.cloned().map(Key::MatchingId)).collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<ConfirmOrderOk> {
        let order = own_order(records, &self.0.iccid, &self.0.header);
        match order.and_then(|order| self.confirm(order, records, env)) {
            Ok(order) => {
                let answer = ConfirmOrderOk {
                    eid: order.eid,
                    matching_id: order.matching_id.clone().unwrap_or_default(),
                    smdp_address: Some(env.config.smdp_address.clone()),
                };
                Decision::new(Vec::from([order.into()]), Ok(answer))
            }
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}

impl ConfirmOrder {
    fn confirm(&self, mut order: Order, records: &Records, env: &mut Env<'_>) -> Result<Order, Refusal> {
        if !matches!(order.state, OrderState::Allocated | OrderState::Linked) {
            let detail = alloc::format!("The profile is {}, not reserved", order.state);
            return Err(Refusal::new("8.2.1", "1.2").about(order.iccid).because(detail));
        }
        order.eid = self.eid(&order)?;
        order.matching_id = Some(self.matching_id(&order, records, env)?);
        if let Some(address) = self.0.smds_address.as_ref().filter(|address| !address.is_empty()) {
            let detail = "Events cannot be registered at an SM-DS yet";
            return Err(Refusal::new("8.9", "5.1").about(address).because(detail));
        }
        let code = self.0.confirmation_code.as_deref().filter(|code| !code.is_empty());
        order.confirmation = code.map(|code| Confirmation {
            hash: Base64(confirmation_code_hash(code).to_vec()),
            attempts_left: env.config.limits.confirmation_attempts,
        });
        order.expires_at = env.config.limits.order_seconds.map(|seconds| env.now + seconds);
        order.state = match self.0.release_flag {
            true => OrderState::Released,
            false => OrderState::Confirmed,
        };
        let code = if order.confirmation.is_some() { ", with confirmation code" } else { "" };
        order.note(env.now, "confirmOrder", alloc::format!("Confirmed{code}"));
        Ok(order)
    }

    /// The eUICC of the order, which is needed where no activation code is used.
    fn eid(&self, order: &Order) -> Result<Option<Eid>, Refusal> {
        if let (Some(linked), Some(given)) = (order.eid, self.0.eid)
            && linked != given
        {
            return Err(Refusal::new("8.1.1", "3.10").about(given));
        }
        let eid = self.0.eid.or(order.eid);
        let by_eid = self.0.smds_address.is_some() || self.0.matching_id.as_deref() == Some("");
        if by_eid && eid.is_none() {
            return Err(Refusal::new("8.1.1", "2.2"));
        }
        Ok(eid)
    }

    fn matching_id(&self, order: &Order, records: &Records, env: &mut Env<'_>) -> Result<String, Refusal> {
        let Some(given) = &self.0.matching_id else {
            return Ok(draw_matching_id(env));
        };
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !given.chars().all(sound) || given.len() > 255 {
            return Err(Refusal::new("8.2.6", "2.1").about(given));
        }
        let holder = records.order_of_matching_id(given).filter(|_| !given.is_empty());
        if holder.is_some_and(|holder| holder.iccid != order.iccid) {
            return Err(Refusal::new("8.2.6", "3.3").about(given));
        }
        Ok(given.to_string())
    }
}

/// 20 characters out of 32, in groups of five: 100 bits, good to read aloud.
pub(crate) fn draw_matching_id(env: &mut Env<'_>) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut id = String::new();
    for (i, octet) in env.random::<20>().into_iter().enumerate() {
        if i > 0 && i % 5 == 0 {
            id.push('-');
        }
        id.push(char::from(LETTERS[usize::from(octet % 32)]));
    }
    id
}
