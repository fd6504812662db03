//! ES12.RegisterEvent and ES15.RegisterEvent (SGP.22 5.9.1, 5.10.1).

use super::{forwarding_header, own_smds};
use crate::event::{self, EVENTS_LIMIT, EventRecord, Forwarded};
use crate::store::EventName;
use crate::{Call, Config, Decision, Env, Function, Key, Records};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es2p::Nothing;
use esim_rsp::es12::RegisterEventRequest;
use esim_rsp::json_binding::Interface;
use esim_rsp::{Code, Error, Refusal};

const SAME: Rule =
    Rule::new("SGP.22 5.9.1", "rspServerAddress is that of the event, if eventId is known already");
const ROOM: Rule =
    Rule::new("SGP.22 5.9.1", "not too many events of the functionRequester wait for the eUICC");

/// A server has something for an eUICC.
///
/// The same event again is no second one: a server that has lost the answer may ask once more.
#[derive(Clone, Debug)]
pub struct RegisterEvent(RegisterEventRequest);

impl Function for RegisterEvent {
    type Request = RegisterEventRequest;
    type Ok = Nothing;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let id = &request.event_id;
        if id.is_empty() || id.chars().count() > 255 || id.chars().any(char::is_control) {
            return Err(Error::text("eventId has 1 to 255 characters, none of them a control character"));
        }
        if request.rsp_server_address.trim().is_empty() {
            return Err(Error::text("rspServerAddress is empty"));
        }
        Ok(Self(request))
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        let EventName { eid, owner, event_id } = self.name();
        let before = Key::EventOfAnybody(eid, event_id);
        Vec::from([Key::Event(self.name()), before, Key::EventsBy(eid, owner)])
    }

    fn calls(&self, known: &Records, now: u64, config: &Config) -> Vec<Call> {
        match self.check(known, now, Checks::default()) {
            Ok(false) => self.forwarding(config).map(|(call, _)| call).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Nothing> {
        match self.register(records, env) {
            Ok(Some(event)) => Decision::new(Vec::from([event.into()]), Ok(Nothing {})),
            Ok(None) => Decision::only(Ok(Nothing {})),
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}

impl RegisterEvent {
    /// What the event is called: identifiers are the caller's own, another server may use the same.
    pub(crate) fn name(&self) -> EventName {
        let request = &self.0;
        let owner = request.header.function_requester_identifier.clone();
        EventName { eid: request.eid, owner, event_id: request.event_id.clone() }
    }

    /// Whether the event is there already.
    fn check(&self, records: &Records, now: u64, checks: Checks<'_>) -> Result<bool, Refusal> {
        let (request, name) = (&self.0, self.name());
        let waits = |event: &&EventRecord| event.owner == name.owner && event.expires_at > now;
        let waiting = || records.events_of(request.eid).filter(waits);
        if let Some(event) = records.event(&name).filter(|event| event.expires_at > now) {
            let same = event.rsp_server_address == request.rsp_server_address;
            return if checks.that(&SAME, || &request.rsp_server_address, same) {
                Ok(true)
            } else {
                Err(Refusal::of(Code::EventRecordAlreadyInUse).about(&request.event_id))
            };
        }
        let has_room = waiting().nth(EVENTS_LIMIT as usize - 1).is_none();
        if !checks.that(&ROOM, || request.eid.octets(), has_room) {
            let detail = format!("{EVENTS_LIMIT} events of yours wait for this eUICC already");
            return Err(Refusal::of(Code::SmdsExecutionError).about(request.eid).because(detail));
        }
        Ok(false)
    }

    /// What the root is told, where there is one above: the LPA shall come here, with an identifier of ours.
    fn forwarding(&self, config: &Config) -> Option<(Call, Forwarded)> {
        let request = &self.0;
        let smds = config.smds.as_ref().filter(|_| request.forwarding_indicator)?;
        let root = smds.root.as_ref()?;
        let key = &smds.identities.first()?.ds_auth.key;
        let eid = format!("{}", request.eid);
        let owner = request.header.function_requester_identifier.as_bytes();
        let parts = [&b"event"[..], eid.as_bytes(), owner, request.event_id.as_bytes()];
        let event_id = event::derive_id(key, &parts);
        let told = RegisterEventRequest {
            header: forwarding_header(smds, &request.header.function_call_identifier),
            eid: request.eid,
            rsp_server_address: smds.address.clone(),
            event_id: event_id.clone(),
            forwarding_indicator: false,
        };
        let call = Call::new(root, Interface::Es15, &told);
        Some((call, Forwarded { smds: root.clone(), event_id }))
    }

    fn register(&self, records: &Records, env: &Env<'_>) -> Result<Option<EventRecord>, Refusal> {
        own_smds(env.config, env.checks)?;
        if self.check(records, env.now, env.checks)? {
            return Ok(None);
        }
        let forwarded = match self.forwarding(env.config) {
            Some((call, forwarded)) => {
                // The identifier is ours alone: if the root has it, we have told it before.
                event::outcome(records.reply(&call), Some(Code::EventRecordAlreadyInUse), env.checks)?;
                Some(forwarded)
            }
            None => None,
        };
        let request = &self.0;
        Ok(Some(EventRecord {
            eid: request.eid,
            event_id: request.event_id.clone(),
            rsp_server_address: request.rsp_server_address.clone(),
            owner: request.header.function_requester_identifier.clone(),
            forwarded,
            expires_at: env.now.saturating_add(env.config.limits.event_seconds),
        }))
    }
}
