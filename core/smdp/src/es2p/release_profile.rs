//! ES2+.ReleaseProfile (SGP.22 5.3.4).

use super::discovery::{self, Registration};
use super::own_order;
use crate::{Call, Can, Config, Decision, Env, Function, Key, Order, OrderState, Records, Write};
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es2p::{Nothing, ReleaseProfileRequest};
use esim_rsp::json_binding::Request;
use esim_rsp::{Code, Error, Refusal};

const CONFIRMED: Rule = Rule::new("SGP.22 5.3.4", "the profile is confirmed");

/// The operator lets a confirmed profile be fetched.
#[derive(Clone, Debug)]
pub struct ReleaseProfile(ReleaseProfileRequest);

impl Function for ReleaseProfile {
    type Request = ReleaseProfileRequest;
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

    fn keys(&self, known: &Records) -> Vec<Key> {
        let event = known.order(&self.0.iccid).and_then(|order| order.event.as_ref());
        let here = event.map(|event| Registration::keys(event.eid, Some(&event.event_id), &self.0.header));
        core::iter::once(Key::Order(self.0.iccid)).chain(here.into_iter().flatten()).collect()
    }

    fn calls(&self, known: &Records, now: u64, config: &Config) -> Vec<Call> {
        let event = self.check(known, config, Checks::default()).ok().and_then(|order| order.event);
        let registration = event.map(|event| Registration::of(&event, &self.0.header, config));
        registration.map(|it| it.calls(known, now, config)).unwrap_or_default()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Nothing> {
        match self.check(records, env.config, env.checks).and_then(|order| self.release(order, records, env))
        {
            Ok(commit) => Decision::new(commit, Ok(Nothing {})),
            Err(refusal) => discovery::refuse(&self.0.iccid, refusal, records, env),
        }
    }
}

impl ReleaseProfile {
    fn check(&self, records: &Records, config: &Config, checks: Checks<'_>) -> Result<Order, Refusal> {
        let order = own_order(records, &self.0.iccid, &self.0.header, config, checks)?;
        if !checks.that(&CONFIRMED, || order.iccid.octets(), order.allows(Can::ReleaseProfile)) {
            return Err(Refusal::of(Code::IccidInvalidTransition).about(order.iccid));
        }
        Ok(order)
    }

    fn release(&self, mut order: Order, records: &Records, env: &mut Env<'_>) -> Result<Vec<Write>, Refusal> {
        let mut commit = Vec::new();
        if let Some(mut event) = order.event.take() {
            // An earlier version has not said whose it is.
            event.owner = order.whose().map(String::from);
            commit = Registration::of(&event, &self.0.header, env.config).settle(records, env)?;
            order.keep_event(event);
        }
        discovery::take_back(&mut order, records, env);
        order.state = OrderState::Released;
        order.note(env.now, ReleaseProfileRequest::FUNCTION.name(), "Released");
        commit.push(order.into());
        Ok(commit)
    }
}
