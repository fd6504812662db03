//! Events of an SM-DS (SGP.22 3.6): a server has something for an eUICC.

use crate::call::{Call, CallError, Reply};
use crate::progress::own_header;
use crate::store::EventName;
use crate::{Env, Order};
use alloc::format;
use alloc::string::String;
use esim_crypto::{PrivateKey, x963_sha256};
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es12::DeleteEventRequest;
use esim_rsp::json_binding::{Interface, Request};
use esim_rsp::status::Pair;
use esim_rsp::{Code, Eid, Refusal};
use serde::{Deserialize, Serialize};

/// How many events of one server may wait for one eUICC: one server fills its own share and nobody else's.
pub(crate) const EVENTS_LIMIT: u32 = 64;
/// How many events an eUICC is told of at once.
pub(crate) const EVENTS_SHOWN: u32 = 1024;
/// How many orders of one operator may wait for one eUICC with an event. An SM-DS elsewhere sees one SM-DP+ and no
/// operators: none of them may use up what it lets the SM-DP+ have.
pub(crate) const AWAITED_LIMIT: u32 = 16;

/// An event that waits at this SM-DS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// The eUICC.
    pub eid: Eid,
    /// What the LPA shall ask for.
    pub event_id: String,
    /// Whom it shall ask.
    pub rsp_server_address: String,
    /// OID of the server that has registered it, and may delete it.
    pub owner: String,
    /// What the root SM-DS was told.
    pub forwarded: Option<Forwarded>,
    /// Seconds since 1970; forgotten from then on.
    pub expires_at: u64,
}

/// An event at the root that leads to one of an alternative SM-DS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Address of the root.
    pub smds: String,
    /// Identifier there, and what the LPA brings back here.
    pub event_id: String,
}

impl EventRecord {
    /// What tells it from all others.
    pub fn name(&self) -> EventName {
        EventName { eid: self.eid, owner: self.owner.clone(), event_id: self.event_id.clone() }
    }

    /// Whether an LPA that was sent with this identifier means this event.
    pub fn is_called(&self, event_id: &str) -> bool {
        self.event_id == event_id || self.forwarded.as_ref().is_some_and(|it| it.event_id == event_id)
    }
}

/// The event that leads to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// Address of the SM-DS; absent where this server is the SM-DS.
    pub smds: Option<String>,
    /// The eUICC.
    pub eid: Eid,
    /// The order's matchingId.
    pub event_id: String,
    /// Whether the SM-DS has it; it gets it when the order is released.
    pub registered: bool,
    /// OID of the operator, whose event it is where this server is the SM-DS: each has its own share of what may wait.
    /// Absent in events of earlier versions, which were this server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

impl Order {
    /// Whether the SM-DS still has an event of an order that is over.
    pub(crate) fn has_idle_event(&self) -> bool {
        !self.is_open() && self.event.as_ref().is_some_and(|event| event.registered)
    }

    /// The SM-DS is to forget the order's event.
    pub(crate) fn withdraw_event(&mut self, env: &mut Env<'_>) {
        let Some(event) = self.event.take_if(|event| event.registered) else { return };
        let owner = event.owner.as_ref().filter(|_| event.smds.is_none());
        self.send_deletion(event.place(), event.eid, event.event_id.clone(), owner, env);
    }

    /// The SM-DS at `to` is to forget an event, which is this server's or, at this server, `owner`'s.
    pub(crate) fn send_deletion(
        &mut self,
        to: &str,
        eid: Eid,
        event_id: String,
        owner: Option<&String>,
        env: &mut Env<'_>,
    ) {
        let mut header = own_header(env);
        if let Some(owner) = owner {
            header.function_requester_identifier.clone_from(owner);
        }
        let request = DeleteEventRequest { header, eid, event_id };
        let call = Call::new(to, Interface::Es12, &request);
        self.send(env.now, call, env.config.limits.errand_seconds);
    }

    /// The order has this event, registered: what would still delete it, from an earlier round, is not sent any more.
    pub(crate) fn keep_event(&mut self, event: OrderEvent) {
        self.errands.retain(|errand| !event.is_deleted_by(&errand.call));
        self.event = Some(OrderEvent { registered: true, ..event });
    }
}

impl OrderEvent {
    /// Where the event is: address of the SM-DS, or this server.
    fn place(&self) -> &str {
        self.smds.as_deref().unwrap_or(Call::THIS_SERVER)
    }

    /// Whether it is the event that an SM-DS at `to` has for an eUICC under this identifier.
    pub(crate) fn is(&self, to: &str, eid: Eid, event_id: &str) -> bool {
        self.place() == to && self.eid == eid && self.event_id == event_id
    }

    fn is_deleted_by(&self, call: &Call) -> bool {
        let request = (call.function() == DeleteEventRequest::FUNCTION.name())
            .then(|| esim_rsp::json::parse(call.body.as_bytes()));
        let is_it = |request: DeleteEventRequest| self.is(&call.to, request.eid, &request.event_id);
        request.and_then(Result::ok).is_some_and(is_it)
    }
}

const ANSWERED: Rule = Rule::new("SGP.22 3.6", "the SM-DS that was told has answered");
const TAKEN: Rule = Rule::new("SGP.22 3.6", "the SM-DS that was told has not refused");

/// What an SM-DS's answer means for whoever has made us ask. `harmless` is the code that says that everything is
/// already as it should be.
///
/// # Errors
/// 8.9/5.1 where nobody answers, 8.9/4.2 where it refuses.
pub(crate) fn outcome(
    reply: Option<&Reply>,
    harmless: Option<Code>,
    checks: Checks<'_>,
) -> Result<(), Refusal> {
    let answer = match reply.map(Reply::executed) {
        Some(Ok(())) => Ok(Ok(())),
        Some(Err(CallError::Refused(Pair::Known(code)))) if harmless == Some(code) => Ok(Ok(())),
        Some(Err(error @ CallError::Refused(..))) => Ok(Err(error)),
        // Whether it is not there, does not answer or says something else is for the log: who may say where this server
        // calls shall not learn by it what is there.
        Some(Err(CallError::Lost(_))) => Err("The SM-DS cannot be reached"),
        None => Err("The SM-DS was not asked"),
    };
    let octets = || match reply {
        Some(Reply::Answered { body, .. }) => body.as_slice(),
        _ => &[],
    };
    let answer = checks.that(&ANSWERED, octets, answer);
    let answer = answer.map_err(|why| Refusal::of(Code::SmdsInaccessible).because(why))?;
    checks
        .that(&TAKEN, octets, answer)
        .map_err(|error| Refusal::of(Code::SmdsExecutionError).because(format!("The SM-DS has {error}")))
}

/// An identifier that nobody can guess and that comes out the same when everything is done again: what was told to
/// another server before a crash is told to it again by the same name.
pub(crate) fn derive_id(key: &PrivateKey, parts: &[&[u8]]) -> String {
    let info: alloc::vec::Vec<u8> = parts.iter().flat_map(|part| part.iter().copied().chain([0])).collect();
    let octets = x963_sha256(&key.to_bytes()[..], &info, 20);
    spell(&octets)
}

/// Letters and digits that nobody takes for another.
pub(crate) const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Octets as letters and digits in groups of five, one each, good to read aloud: 20 hold 100 bits.
pub(crate) fn spell(octets: &[u8]) -> String {
    let mut id = String::new();
    for (i, octet) in octets.iter().enumerate() {
        if i > 0 && i % 5 == 0 {
            id.push('-');
        }
        id.push(char::from(LETTERS[usize::from(octet % 32)]));
    }
    id
}
