//! The event at an SM-DS that leads an eUICC to its order (SGP.22 3.6, 5.3.2).

use crate::es12::RegisterEvent;
use crate::event::{self, AWAITED_LIMIT, OrderEvent};
use crate::store::EventName;
use crate::{Call, Config, Decision, Env, Function, Key, Order, Records, Reply, Write};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es12::RegisterEventRequest;
use esim_rsp::json::RequestHeader;
use esim_rsp::json_binding::{Interface, Request};
use esim_rsp::{Code, Eid, Iccid, Refusal};

/// How long an address may be: a domain name and a port.
const ADDRESS_LIMIT: usize = 262;

const CLAUSE: &str = "SGP.22 5.3.2";
const AWAITED: Rule =
    Rule::new(CLAUSE, "not too many orders of the operator wait for the eUICC with an event");
const ROOT: Rule = Rule::new(CLAUSE, "a root SM-DS is configured, if smdsAddress means it");
const ADDRESS: Rule = Rule::new(CLAUSE, "smdsAddress is an address");

/// What is told to an SM-DS when an order is released.
pub(super) struct Registration {
    /// Absent: this server is the SM-DS.
    smds: Option<String>,
    request: RegisterEventRequest,
}

/// The event of an order, not registered yet.
///
/// # Errors
/// 8.9.1/3.8 for an address that is none, 8.9/5.1 where `.` is said and no root SM-DS is configured.
pub(super) fn event_of(
    order: &Order,
    address: &str,
    eid: Eid,
    matching_id: Option<&str>,
    config: &Config,
    checks: Checks<'_>,
) -> Result<OrderEvent, Refusal> {
    let smds = resolve(address, config, checks)?;
    let event_id = match matching_id.filter(|id| !id.is_empty()) {
        Some(id) => id.to_string(),
        None => draw(order, eid, config)?,
    };
    let owner = order.whose().map(String::from);
    Ok(OrderEvent { smds, eid, event_id, registered: false, owner })
}

/// Whether an operator may have one more order that waits for an eUICC with an event.
///
/// # Errors
/// 8.9/4.2 where too many do.
pub(super) fn check_awaited(
    order: &Order,
    eid: Eid,
    records: &Records,
    checks: Checks<'_>,
) -> Result<(), Refusal> {
    let is_other = |other: &&Order| {
        let awaits = other.event.as_ref().is_some_and(|event| event.eid == eid);
        awaits && other.is_open() && other.iccid != order.iccid && other.whose() == order.whose()
    };
    let may_wait = records.orders().filter(is_other).count() < AWAITED_LIMIT as usize;
    if checks.that(&AWAITED, || eid.octets(), may_wait) {
        return Ok(());
    }
    let detail = format!("{AWAITED_LIMIT} orders of yours wait for this eUICC with an event already");
    Err(Refusal::of(Code::SmdsExecutionError).about(eid).because(detail))
}

/// The SM-DS that an address means; none if it is this server.
fn resolve(address: &str, config: &Config, checks: Checks<'_>) -> Result<Option<String>, Refusal> {
    let own = config.smds.as_ref();
    let address = match address {
        "." | ".unspecified" => {
            // An alternative SM-DS tells its root itself.
            let known = config.default_smds.as_deref().or(own.map(|smds| smds.address.as_str()));
            let known = checks.that(&ROOT, || address, known);
            let detail = "No root SM-DS is configured here";
            known.ok_or_else(|| Refusal::of(Code::SmdsInaccessible).about(address).because(detail))?
        }
        given => given,
    };
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let is_sound = address.chars().all(sound) && address.len() <= ADDRESS_LIMIT;
    if !checks.that(&ADDRESS, || address, is_sound) {
        return Err(Refusal::of(Code::SmdsAddressRefused)
            .about(address)
            .because("This is no address of an SM-DS"));
    }
    Ok(own.is_none_or(|smds| !smds.answers_to(address)).then(|| address.to_string()))
}

/// A matchingId for an order whose operator has chosen none: the same however often it is asked for.
fn draw(order: &Order, eid: Eid, config: &Config) -> Result<String, Refusal> {
    let identity = config.identities.first().ok_or_else(|| Refusal::of(Code::SmdpCertificateUnavailable))?;
    let (iccid, eid, round) = (order.iccid.to_string(), eid.to_string(), order.round.to_be_bytes());
    let parts = [&b"matchingId"[..], iccid.as_bytes(), &round, eid.as_bytes()];
    Ok(event::derive_id(&identity.dp_auth.key, &parts))
}

impl Registration {
    /// What is to be told of an event, in the course of the operator's call `header`.
    pub(super) fn of(event: &OrderEvent, header: &RequestHeader, config: &Config) -> Self {
        let is_root = event.smds.is_some() && event.smds == config.default_smds;
        // Another SM-DS knows this server and none of its operators.
        let requester = match event.smds {
            None => header.function_requester_identifier.clone(),
            Some(_) => config.own_oid(),
        };
        let request = RegisterEventRequest {
            header: RequestHeader {
                function_requester_identifier: requester,
                function_call_identifier: header.function_call_identifier.clone(),
            },
            eid: event.eid,
            rsp_server_address: config.smdp_address.clone(),
            event_id: event.event_id.clone(),
            forwarding_indicator: !is_root,
        };
        Self { smds: event.smds.clone(), request }
    }

    /// The records that this server needs where it is the SM-DS itself: those of the operator that calls.
    pub(super) fn keys(eid: Eid, event_id: Option<&str>, header: &RequestHeader) -> Vec<Key> {
        let owner = &header.function_requester_identifier;
        let named = event_id.into_iter().flat_map(|id| {
            let event_id = id.to_string();
            let before = Key::EventOfAnybody(eid, event_id.clone());
            [Key::Event(EventName { eid, owner: owner.clone(), event_id }), before]
        });
        let operators = [Key::EventsBy(eid, owner.clone()), Key::Awaited(eid, owner.clone())];
        named.chain(operators).collect()
    }

    /// Whom to ask.
    pub(super) fn calls(&self, known: &Records, now: u64, config: &Config) -> Vec<Call> {
        match &self.smds {
            None => self.here().map(|here| here.calls(known, now, config)).unwrap_or_default(),
            Some(address) => Vec::from([self.call(address)]),
        }
    }

    /// What the answer means; what is to be written where this server is the SM-DS.
    pub(super) fn settle(&self, records: &Records, env: &mut Env<'_>) -> Result<Vec<Write>, Refusal> {
        match &self.smds {
            None => {
                let Decision { commit, answer } = self.here()?.decide(records, env);
                let refused = |refusal: Refusal| match refusal.code {
                    Code::SmdsExecutionError | Code::SmdsInaccessible => refusal,
                    _ => Refusal::of(Code::SmdsExecutionError).because(refusal),
                };
                answer.map(|_| commit).map_err(refused)
            }
            Some(address) => {
                event::outcome(records.reply(&self.call(address)), None, env.checks)?;
                Ok(Vec::new())
            }
        }
    }

    fn here(&self) -> Result<RegisterEvent, Refusal> {
        RegisterEvent::read(self.request.clone())
            .map_err(|error| Refusal::of(Code::SmdsExecutionError).because(error))
    }

    fn call(&self, address: &str) -> Call {
        Call::new(address, Interface::Es12, &self.request)
    }
}

/// A refusal, and what is to be taken back because of it.
pub(super) fn refuse<T>(
    iccid: &Iccid,
    refusal: Refusal,
    records: &Records,
    env: &mut Env<'_>,
) -> Decision<T> {
    let mut order = records.order(iccid).cloned();
    let changed = order.take_if(|order| take_back(order, records, env));
    Decision::new(changed.map(Write::from).into_iter().collect(), Err(refusal))
}

/// An SM-DS elsewhere may have been told of an event in vain: the order was confirmed, released or taken back by
/// somebody else between the call and our commit. It is to forget what no order has. Whether there was any.
pub(super) fn take_back(order: &mut Order, records: &Records, env: &mut Env<'_>) -> bool {
    // What an SM-DS tells its root has another path (ES15).
    let path = Interface::Es12.path(RegisterEventRequest::FUNCTION);
    let told = |(call, reply): (&Call, &Reply)| {
        let done = call.path == path && reply.executed().is_ok();
        let request = done.then(|| esim_rsp::json::parse::<RegisterEventRequest>(call.body.as_bytes()));
        Some((call.to.clone(), request?.ok()?))
    };
    let others = records.orders().filter(|other| other.iccid != order.iccid);
    let events: Vec<_> = others.chain([&*order]).filter_map(|order| order.event.as_ref()).collect();
    let is_had = |to: &str, told: &RegisterEventRequest| {
        events.iter().any(|event| event.registered && event.is(to, told.eid, &told.event_id))
    };
    let mut in_vain: Vec<_> = records.replies().filter_map(told).collect();
    in_vain.retain(|(to, told)| !is_had(to, told));
    for (to, told) in &in_vain {
        order.send_deletion(to, told.eid, told.event_id.clone(), None, env);
    }
    !in_vain.is_empty()
}
