//! ES12.DeleteEvent and ES15.DeleteEvent (SGP.22 5.9.2, 5.10.2).

use super::{forwarding_header, own_smds};
use crate::event::{self, EventRecord};
use crate::store::EventName;
use crate::{Call, Config, Decision, Env, Function, Key, Records, Write};
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::es2p::Nothing;
use esim_rsp::es12::DeleteEventRequest;
use esim_rsp::json_binding::Interface;
use esim_rsp::{Code, Error, Refusal};

const KNOWN: Rule = Rule::new("SGP.22 5.9.2", "eventId is that of an event of the functionRequester's");

/// A server takes its event back.
#[derive(Clone, Debug)]
pub struct DeleteEvent(DeleteEventRequest);

impl Function for DeleteEvent {
    type Request = DeleteEventRequest;
    type Ok = Nothing;

    fn read(request: Self::Request) -> Result<Self, Error> {
        Ok(Self(request))
    }

    fn correlation(&self) -> Option<String> {
        Some(self.0.header.function_call_identifier.clone())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        Vec::from([Key::Event(self.name()), Key::EventOfAnybody(self.0.eid, self.0.event_id.clone())])
    }

    fn calls(&self, known: &Records, _: u64, config: &Config) -> Vec<Call> {
        let event = known.event(&self.name());
        event.and_then(|event| self.forwarding(event, config)).into_iter().collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Nothing> {
        match self.check(records, env) {
            Ok(event) => {
                let delete = Write::DeleteEvent(event.name());
                Decision::new(Vec::from([delete]), Ok(Nothing {}))
            }
            Err(refusal) => Decision::refuse(refusal),
        }
    }
}

impl DeleteEvent {
    /// What the event is called: it is the caller's own, or none.
    fn name(&self) -> EventName {
        let request = &self.0;
        let owner = request.header.function_requester_identifier.clone();
        EventName { eid: request.eid, owner, event_id: request.event_id.clone() }
    }

    fn forwarding(&self, event: &EventRecord, config: &Config) -> Option<Call> {
        let (forwarded, smds) = event.forwarded.as_ref().zip(config.smds.as_ref())?;
        let told = DeleteEventRequest {
            header: forwarding_header(smds, &self.0.header.function_call_identifier),
            eid: event.eid,
            event_id: forwarded.event_id.clone(),
        };
        Some(Call::new(&forwarded.smds, Interface::Es15, &told))
    }

    fn check<'a>(&self, records: &'a Records, env: &Env<'_>) -> Result<&'a EventRecord, Refusal> {
        own_smds(env.config, env.checks)?;
        let unknown = || Refusal::of(Code::EventRecordUnknown).about(&self.0.event_id);
        let event = env.checks.that(&KNOWN, || &self.0.event_id, records.event(&self.name()));
        let event = event.ok_or_else(unknown)?;
        if let Some(call) = self.forwarding(event, env.config) {
            event::outcome(records.reply(&call), Some(Code::EventRecordUnknown), env.checks)?;
        }
        Ok(event)
    }
}
