//! What the card or a server has answered: its message, or how the procedure ends instead.

use super::outcome::{CardRefusal, Ending, LostPeer, Peer, ServerRefusal, UntrustedServer};
use crate::code::Code;
use crate::effect::Event;
use crate::transport::{Unanswered, Untrusted};
use alloc::boxed::Box;
use alloc::vec::Vec;
use esim_rsp::codec::Decode;
use esim_rsp::es2p::Nothing;
use esim_rsp::json;
use esim_rsp::{es10, json_binding};
use serde::de::DeserializeOwned;

/// The data that the card answered.
pub(crate) fn card_data(event: Event, function: es10::Function) -> Result<Vec<u8>, Box<Ending>> {
    Err(Box::new(match event {
        Event::Card(data) => return Ok(data),
        Event::CardStatus(sw) => Ending::CardRefused(CardRefusal::status(function, sw)),
        Event::Unopened(error) => Ending::NoEuicc { error },
        Event::Lost(detail) => {
            Ending::Lost(LostPeer { peer: Peer::Card, function: function.name().into(), detail })
        }
        _ => Ending::malformed(function.name(), "not an answer of the card"),
    }))
}

/// A card's answer, decoded.
pub(crate) fn card_message<T: Decode>(
    event: Event,
    function: es10::Function,
) -> Result<(T, Vec<u8>), Box<Ending>> {
    let raw = card_data(event, function)?;
    match esim_rsp::decode(&raw) {
        Ok(message) => Ok((message, raw)),
        Err(error) => Err(Box::new(Ending::malformed(function.name(), error))),
    }
}

/// A server's outputs, if the function was executed.
pub(crate) fn http_message<T: DeserializeOwned>(
    event: Event,
    function: json_binding::Function,
) -> Result<T, Box<Ending>> {
    let body = http_body(event, function)?;
    match json::read_answer(&body) {
        Ok(Ok(outputs)) => Ok(outputs),
        Ok(Err(status)) => Err(Box::new(Ending::Refused(ServerRefusal::new(function.name(), &status)))),
        Err(error) => Err(Box::new(Ending::malformed(function.name(), error))),
    }
}

/// That a function without outputs was executed; no body says so, too.
pub(super) fn executed(event: Event, function: json_binding::Function) -> Result<(), Box<Ending>> {
    match event {
        Event::Http { status: 200..=299, body } if body.is_empty() => Ok(()),
        event => http_message::<Nothing>(event, function).map(drop),
    }
}

fn http_body(event: Event, function: json_binding::Function) -> Result<Vec<u8>, Box<Ending>> {
    let detail = match event {
        Event::Http { status: 200..=299, body } => return Ok(body),
        Event::Http { status, .. } => alloc::format!("HTTP status {status}"),
        Event::Lost(detail) => detail,
        Event::Untrusted(Untrusted { fault, detail }) => {
            let untrusted = UntrustedServer { function: function.name().into(), fault, detail };
            return Err(Box::new(Ending::Untrusted(untrusted)));
        }
        Event::TooLong => return Err(Box::new(Ending::malformed(function.name(), Unanswered::TooLong))),
        _ => return Err(Box::new(Ending::malformed(function.name(), "not an answer of the server"))),
    };
    Err(Box::new(Ending::Lost(LostPeer { peer: Peer::Server, function: function.name().into(), detail })))
}

/// A status word counts as an empty answer where the procedure can do without one.
pub(crate) fn unless_refused(data: Result<Vec<u8>, Box<Ending>>) -> Result<Vec<u8>, Box<Ending>> {
    match data {
        Err(ending) if matches!(*ending, Ending::CardRefused(_)) => Ok(Vec::new()),
        data => data,
    }
}

/// The eUICC has answered with an error code.
pub(crate) fn refused(function: es10::Function, code: Code) -> Box<Ending> {
    Box::new(Ending::CardRefused(CardRefusal::code(function, code)))
}
