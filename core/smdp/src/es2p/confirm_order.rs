//! ES2+.ConfirmOrder (SGP.22 5.3.2).

use super::discovery::{self, Registration};
use super::own_order;
use crate::event::OrderEvent;
use crate::order::Confirmation;
use crate::{
    Call, Can, Config, Decision, Env, Function, Key, Order, OrderState, Place, Records, Write, guest,
};
use alloc::string::String;
use alloc::vec::Vec;
use esim_crypto::confirmation_code_hash;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es2p::{ConfirmOrderOk, ConfirmOrderRequest};
use esim_rsp::json::Base64;
use esim_rsp::json_binding::Request;
use esim_rsp::{Code, Eid, Error, Iccid, Refusal};

const CLAUSE: &str = "SGP.22 5.3.2";
const RESERVED: Rule = Rule::new(CLAUSE, "the profile is reserved");
const EID: Rule = Rule::new(CLAUSE, "eid is that of the order");
const EID_THERE: Rule = Rule::new(CLAUSE, "eid is there, if no activation code will be used");
const SPELLING: Rule = Rule::new(CLAUSE, "matchingId has letters, digits and hyphens alone, 255 at most");
const UNIQUE: Rule = Rule::new(CLAUSE, "matchingId is that of no other order");

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
        let confirm = Self(request);
        // Nobody chooses whom this server calls who is not known to it.
        if confirm.smds_address().is_some() && guest::is(&confirm.0.header.function_requester_identifier) {
            return Err(Error::text("orders of guests are not told to an SM-DS: leave smdsAddress out"));
        }
        Ok(confirm)
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn place(&self) -> Option<Key> {
        Some(Key::Order(self.0.iccid))
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        let mut keys = Vec::from([Key::Order(self.0.iccid)]);
        let matching_id = self.0.matching_id.as_deref().filter(|id| !id.is_empty());
        keys.extend(matching_id.map(|id| Key::MatchingId(id.into())));
        let eid = self.0.eid.or(known.order(&self.0.iccid).and_then(|order| order.eid));
        if let (Some(eid), Some(_)) = (eid, self.smds_address()) {
            keys.extend(Registration::keys(eid, matching_id, &self.0.header));
        }
        keys
    }

    fn calls(&self, known: &Records, now: u64, config: &Config) -> Vec<Call> {
        let foreseen = Checks::default();
        let order = own_order(known, &self.0.iccid, &self.0.header, config, foreseen);
        match order.and_then(|order| self.check(&order, known, config, foreseen)) {
            Ok((_, Some(event))) if self.0.release_flag => {
                Registration::of(&event, &self.0.header, config).calls(known, now, config)
            }
            _ => Vec::new(),
        }
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<ConfirmOrderOk> {
        let order = own_order(records, &self.0.iccid, &self.0.header, env.config, env.checks);
        match order.and_then(|order| self.confirm(order, records, env)) {
            Ok((mut order, mut commit)) => {
                discovery::take_back(&mut order, records, env);
                let answer = ConfirmOrderOk {
                    eid: order.eid,
                    matching_id: order.matching_id.clone().unwrap_or_default(),
                    smdp_address: Some(env.config.smdp_address.clone()),
                };
                commit.push(order.into());
                Decision::new(commit, Ok(answer))
            }
            Err(refusal) => discovery::refuse(&self.0.iccid, refusal, records, env),
        }
    }
}

impl ConfirmOrder {
    fn smds_address(&self) -> Option<&str> {
        self.0.smds_address.as_deref().filter(|address| !address.is_empty())
    }

    /// Whether the order can be confirmed so; its eUICC and its event.
    fn check(
        &self,
        order: &Order,
        records: &Records,
        config: &Config,
        checks: Checks<'_>,
    ) -> Result<(Option<Eid>, Option<OrderEvent>), Refusal> {
        if !checks.that(&RESERVED, || order.iccid.octets(), order.allows(Can::ConfirmOrder)) {
            let detail = alloc::format!("The profile is {}, not reserved", order.state);
            return Err(Refusal::of(Code::IccidNotAllowed).about(order.iccid).because(detail));
        }
        let eid = self.eid(order, checks)?;
        self.check_matching_id(order, records, checks)?;
        let matching_id = self.0.matching_id.as_deref();
        let event = self.smds_address().zip(eid).map(|(address, eid)| {
            discovery::check_awaited(order, eid, records, checks)?;
            discovery::event_of(order, address, eid, matching_id, config, checks)
        });
        Ok((eid, event.transpose()?))
    }

    /// The order confirmed, and what else is to be written.
    fn confirm(
        &self,
        mut order: Order,
        records: &Records,
        env: &mut Env<'_>,
    ) -> Result<(Order, Vec<Write>), Refusal> {
        let (eid, event) = self.check(&order, records, env.config, env.checks)?;
        let mut commit = Vec::new();
        if let Some(event) = event.as_ref().filter(|_| self.0.release_flag) {
            commit = Registration::of(event, &self.0.header, env.config).settle(records, env)?;
        }
        order.eid = eid;
        order.matching_id = Some(match (&event, &self.0.matching_id) {
            (Some(event), _) => event.event_id.clone(),
            (None, Some(given)) => given.clone(),
            (None, None) => draw_matching_id(&order.iccid, env),
        });
        match event {
            Some(event) if self.0.release_flag => order.keep_event(event),
            event => order.event = event,
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
        order.note(env.now, ConfirmOrderRequest::FUNCTION.name(), alloc::format!("Confirmed{code}"));
        Ok((order, commit))
    }

    /// The eUICC of the order, which is needed where no activation code is used.
    fn eid(&self, order: &Order, checks: Checks<'_>) -> Result<Option<Eid>, Refusal> {
        if let (Some(linked), Some(given)) = (order.eid, self.0.eid)
            && !checks.that(&EID, || given.octets(), linked == given)
        {
            return Err(Refusal::of(Code::EidInvalidAssociation).about(given));
        }
        let eid = self.0.eid.or(order.eid);
        let by_eid = self.smds_address().is_some() || self.0.matching_id.as_deref() == Some("");
        if !checks.that(&EID_THERE, || order.iccid.octets(), !by_eid || eid.is_some()) {
            return Err(Refusal::of(Code::EidMandatoryElementMissing));
        }
        Ok(eid)
    }

    fn check_matching_id(&self, order: &Order, records: &Records, checks: Checks<'_>) -> Result<(), Refusal> {
        let Some(given) = &self.0.matching_id else { return Ok(()) };
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !checks.that(&SPELLING, || given, given.chars().all(sound) && given.len() <= 255) {
            return Err(Refusal::of(Code::MatchingIdInvalid).about(given));
        }
        let holder = records.order_of_matching_id(given).filter(|_| !given.is_empty());
        let is_free = holder.is_none_or(|holder| holder.iccid == order.iccid);
        if !checks.that(&UNIQUE, || given, is_free) {
            return Err(Refusal::of(Code::MatchingIdAlreadyInUse).about(given));
        }
        Ok(())
    }
}

/// A matchingId that nobody can guess, and that says where its order lies.
pub(crate) fn draw_matching_id(iccid: &Iccid, env: &mut Env<'_>) -> String {
    Place::of(iccid).matching_id(&env.random::<20>())
}
