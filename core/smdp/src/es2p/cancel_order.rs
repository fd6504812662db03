//! ES2+.CancelOrder (SGP.22 5.3.3).

use super::own_order;
use crate::{Decision, Env, Function, Key, Order, OrderState, Records, Write};
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es2p::{CancelOrderRequest, FinalProfileStatus, Nothing};
use esim_rsp::json_binding::Request;
use esim_rsp::{Code, Error, Refusal};

const CLAUSE: &str = "SGP.22 5.3.3";
const NOT_FETCHED: Rule = Rule::new(CLAUSE, "the profile is on no eUICC");
const IN_USE: Rule = Rule::new(CLAUSE, "the profile is not withdrawn, if it is to be available");
const EID_THERE: Rule = Rule::new(CLAUSE, "eid is there, if the order is for an eUICC");
const EID: Rule = Rule::new(CLAUSE, "eid is that of the order to be cancelled");
const MATCHING_ID: Rule = Rule::new(CLAUSE, "matchingId is that of the order");

/// The operator takes an order back.
#[derive(Clone, Debug)]
pub struct CancelOrder(CancelOrderRequest);

impl Function for CancelOrder {
    type Request = CancelOrderRequest;
    type Ok = Nothing;

    fn read(request: Self::Request) -> Result<Self, Error> {
        Ok(Self(request))
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn place(&self) -> Option<Key> {
        Some(Key::Order(self.0.iccid))
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        Vec::from([Key::Order(self.0.iccid), Key::Package(self.0.iccid)])
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Nothing> {
        let order = own_order(records, &self.0.iccid, &self.0.header, env.config, env.checks);
        match order.and_then(|order| self.check(&order, env.checks).map(|()| order)) {
            Ok(order) => {
                let unavailable = self.0.final_profile_status_indicator == FinalProfileStatus::Unavailable;
                let gone = unavailable.then_some(Write::DeletePackage(order.iccid));
                let order = self.reset(order, env);
                let commit = core::iter::once(order.into()).chain(gone).collect();
                Decision::new(commit, Ok(Nothing {}))
            }
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}

impl CancelOrder {
    fn check(&self, order: &Order, checks: Checks<'_>) -> Result<(), Refusal> {
        let iccid = || order.iccid.octets();
        if !checks.that(&NOT_FETCHED, iccid, !order.is_out()) {
            return Err(Refusal::of(Code::IccidAlreadyInUse).about(order.iccid));
        }
        let back = self.0.final_profile_status_indicator == FinalProfileStatus::Available;
        if !checks.that(&IN_USE, iccid, order.state != OrderState::Unavailable || !back) {
            let detail = "The profile is withdrawn, and its package gone";
            return Err(Refusal::of(Code::IccidNotAllowed).about(order.iccid).because(detail));
        }
        let (linked, given) = (order.eid, self.0.eid);
        if !checks.that(&EID_THERE, iccid, linked.is_none() || given.is_some()) {
            return Err(Refusal::of(Code::IccidMandatoryElementMissing).about(order.iccid));
        }
        let given_octets = || given.map(|eid| eid.octets().to_vec()).unwrap_or_default();
        if !checks.that(&EID, given_octets, given.is_none() || given == linked) {
            return Err(Refusal::of(Code::IccidInvalidAssociation).about(order.iccid));
        }
        let given = self.0.matching_id.as_ref();
        let is_its = given.is_none() || given == order.matching_id.as_ref();
        if !checks.that(&MATCHING_ID, || given.cloned().unwrap_or_default(), is_its) {
            return Err(Refusal::of(Code::MatchingIdInvalidAssociation).about(order.iccid));
        }
        Ok(())
    }

    /// The profile as if it had never been ordered, but for its history.
    fn reset(&self, mut order: Order, env: &mut Env<'_>) -> Order {
        order.withdraw_event(env);
        let mut fresh = Order::new(order.iccid, &order.profile_type, order.metadata, order.needs);
        fresh.owner = order.owner;
        fresh.history = order.history;
        fresh.chain = order.chain;
        fresh.errands = order.errands;
        fresh.source = order.source;
        fresh.round = order.round + 1;
        fresh.state = match self.0.final_profile_status_indicator {
            FinalProfileStatus::Available => OrderState::Available,
            FinalProfileStatus::Unavailable => OrderState::Unavailable,
        };
        fresh.note(env.now, CancelOrderRequest::FUNCTION.name(), "Order taken back");
        fresh
    }
}
