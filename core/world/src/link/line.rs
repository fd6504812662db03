//! The line between two parties: what is said goes into the trace, past break points and tamperings, and arrives.

use super::{Fate, Links, Message, Passed};
use crate::apdu::{apdu_name, status};
use crate::checked::Watchers;
use crate::device::Device;
use crate::outside::Heard;
use crate::trace::Trace;
use crate::transport::{Reply, Request, Transport};
use esim_euicc::Nvm;
use esim_lpa::Unanswered;
use esim_net::Log;
use esim_rsp::check::Checks;
use esim_rsp::trace::Party;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Says that nothing came back.
const LOST: &str = "the connection is lost";

/// Where messages pass.
pub struct Line<'a> {
    trace: &'a mut Trace,
    links: Option<&'a mut Links>,
    now: u64,
}

/// A call over HTTPS as the trace names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Who calls.
    pub from: Party,
    /// Interface and function.
    pub name: (&'a str, &'a str),
}

impl<'a> Line<'a> {
    /// A line on which nothing is done but to note what is said; the time for the trace in Unix seconds.
    pub fn new(trace: &'a mut Trace, now: u64) -> Self {
        Self { trace, links: None, now }
    }

    /// Who hears of what the LPA verifies.
    pub(crate) fn lpa_checks(&self) -> Checks<'_> {
        self.trace.watchers().map(Watchers::lpa).unwrap_or_default()
    }

    pub(crate) fn modem_checks(&self) -> Checks<'_> {
        self.trace.watchers().map(Watchers::modem).unwrap_or_default()
    }

    pub(crate) fn with(trace: &'a mut Trace, links: &'a mut Links, now: u64) -> Self {
        Self { trace, links: Some(links), now }
    }

    /// The same line for somebody else, for a while.
    pub(crate) fn again(&mut self) -> Line<'_> {
        Line { trace: self.trace, links: self.links.as_deref_mut(), now: self.now }
    }

    /// What was said so far.
    pub fn trace(&self) -> &Trace {
        self.trace
    }

    fn now(&self) -> u64 {
        self.now.saturating_add_signed(self.links.as_ref().map_or(0, |links| links.late.seconds))
    }

    /// The card's clock goes on for what was late.
    fn tell_card<N: Nvm>(&mut self, device: &mut Device<N>) {
        if let Some(links) = &mut self.links {
            device.shift_clock(links.late.seconds - links.late.card);
            links.late.card = links.late.seconds;
        }
    }

    /// The SM's clock goes on for what was late.
    fn tell_sm<T: Transport>(&mut self, transport: &mut T) {
        if let Some(links) = &mut self.links {
            transport.shift_clock(links.late.seconds - links.late.sm);
            links.late.sm = links.late.seconds;
        }
    }

    fn is_stopped(&self) -> bool {
        self.links.as_ref().is_some_and(|links| links.stopped.is_some())
    }

    /// Notes a message that has passed somewhere else. Nothing is said any more once the world was stopped.
    pub(crate) fn note(&mut self, ends: (Party, Party), interface: &str, function: &str, bytes: &[u8]) {
        if !self.is_stopped() {
            self.trace.note(self.now(), ends, interface, function, bytes);
        }
    }

    /// Somebody says something.
    pub(crate) fn say(
        &mut self,
        ends: (Party, Party),
        interface: &str,
        function: &str,
        bytes: &[u8],
    ) -> Passed {
        self.note(ends, interface, function, bytes);
        let last = self.last();
        self.pass(last)
    }

    /// The number of what was said last.
    pub(crate) fn last(&self) -> u32 {
        self.trace.next().saturating_sub(1)
    }

    /// A message that stands in the trace passes; there stands then what has arrived.
    pub(crate) fn pass(&mut self, n: u32) -> Passed {
        let Some(links) = self.links.as_deref_mut() else { return Passed::default() };
        let (before, from) = self.trace.records().split_at(n as usize);
        let Some(record) = from.first() else { return Passed::default() };
        let message = Message {
            n,
            ends: (record.from, record.to),
            interface: &record.interface,
            function: &record.function,
            bytes: &record.bytes,
        };
        let passed = links.pass(&message, before);
        if let Some(changed) = &passed.changed {
            self.trace.arrived(n, changed);
        }
        passed
    }

    /// A message passes that its receiver notes.
    pub(crate) fn pass_unseen(
        &mut self,
        ends: (Party, Party),
        interface: &str,
        function: &str,
        bytes: &[u8],
    ) -> Passed {
        let n = self.trace.next();
        let message = Message { n, ends, interface, function, bytes };
        match &mut self.links {
            Some(links) => links.pass(&message, self.trace.records()),
            None => Passed::default(),
        }
    }

    /// Nodes of the network speak to each other: what comes of it, and the number of their first message. A message
    /// that was changed on its way is one that a node does not read: it is lost.
    pub(crate) fn network<R>(&mut self, work: impl FnOnce(&mut Log) -> R) -> (R, u32) {
        let first = self.trace.next();
        let Some(links) = self.links.as_deref_mut().filter(|links| !links.is_off()) else {
            let mut log = Log::default();
            let done = work(&mut log);
            self.note_verified(first, log.take_verified());
            self.note_all(log.take());
            return (done, first);
        };
        let shared = Rc::new(RefCell::new(links.clone()));
        let carrying = Rc::clone(&shared);
        let mut log = Log::carried(Box::new(move |at, entry| {
            let n = first.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
            carrying.borrow_mut().carries(n, entry)
        }));
        let done = work(&mut log);
        let (verified, entries) = (log.take_verified(), log.take());
        drop(log);
        links.clone_from(&shared.borrow());
        self.note_verified(first, verified);
        self.note_all(entries);
        (done, first)
    }

    /// A command to the card and its response; none if either is lost, or the card's power.
    pub(crate) fn apdu<N: Nvm>(
        &mut self,
        from: Party,
        device: &mut Device<N>,
        apdu: &[u8],
    ) -> Option<Vec<u8>> {
        let passed = self.say((from, Party::Euicc), "APDU", apdu_name(apdu), apdu);
        self.tell_card(device);
        let command = passed.changed.as_deref().unwrap_or(apdu);
        let response = match passed.fate {
            Fate::Lost => return None,
            Fate::Arrives => device.transmit_under(command, passed.card)?,
            Fate::Twice => {
                let first = device.transmit_under(command, passed.card)?;
                // The answer to the second finds nobody who waits for it.
                let _unheard = device.transmit(command);
                first
            }
        };
        let answered = self.say((Party::Euicc, from), "APDU", &status(&response), &response);
        match answered.fate {
            Fate::Lost => None,
            Fate::Arrives | Fate::Twice => Some(answered.changed.unwrap_or(response)),
        }
    }

    /// A call by the operator or the LPA, whose request stands in the trace as number `asked`.
    ///
    /// # Errors
    /// As for [`Transport::send`]; that the connection is lost.
    pub(crate) async fn http<T: Transport>(
        &mut self,
        asked: u32,
        call: Call<'_>,
        request: &Request<'_>,
        transport: &mut T,
    ) -> Result<Reply, Unanswered> {
        let lost = || Unanswered::Lost(LOST.to_string());
        if self.is_stopped() {
            return Err(lost());
        }
        let asked = self.pass(asked);
        self.tell_sm(transport);
        let body = asked.changed.as_deref().unwrap_or(request.body);
        let request = Request { body, ..request.clone() };
        let mut reply = match asked.fate {
            Fate::Lost => return Err(lost()),
            Fate::Arrives | Fate::Twice => self.send(&request, transport).await?,
        };
        if asked.fate == Fate::Twice {
            let _unheard = self.send(&request, transport).await;
        }
        let (interface, function) = call.name;
        let name = format!("{function} response");
        let answered = self.pass_unseen((Party::Sm, call.from), interface, &name, &reply.body);
        if answered.fate == Fate::Lost {
            return Err(lost());
        }
        if let Some(changed) = answered.changed {
            reply.body = changed;
        }
        Ok(reply)
    }

    /// Sends it; what comes from outside is kept.
    async fn send<T: Transport>(
        &mut self,
        request: &Request<'_>,
        transport: &mut T,
    ) -> Result<Reply, Unanswered> {
        let answer = transport.send(request).await;
        if let Some(links) = self.links.as_deref_mut().filter(|_| transport.is_outside()) {
            links.heard.push(Arc::new(Heard::of(&answer)));
        }
        answer
    }
}
