//! What the LPA is plugged into: card, way to the SM, user, and a trace of all three.

use crate::apdu::{apdu_name, status};
use crate::device::Device;
use crate::link::{Call, Fate, Line};
use crate::radio::Radio;
use crate::transport::{Request, Transport};
use esim_euicc::Nvm;
use esim_lpa::driver::{Carried, Observed};
use esim_lpa::{Answer, HttpCall, HttpReply, Lost, Port, Progress, Question, Unanswered};
use esim_net::Destination;
use esim_rsp::check::Checks;
use esim_rsp::json_binding::Interface;
use esim_rsp::trace::Party;

/// The person at the device.
pub trait User {
    /// Answers a question.
    fn answer(&mut self, question: &Question) -> Answer;

    /// Lets so many seconds pass before what was lost is tried again. Nobody waits where time does not pass by itself.
    fn wait(&mut self, _seconds: u32) {}

    /// Sees how far it has come: after every APDU.
    fn progress(&mut self, _progress: &Progress) {}
}

/// Somebody who agrees to everything and knows no confirmation code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreeable;

impl User for Agreeable {
    fn answer(&mut self, question: &Question) -> Answer {
        match question {
            Question::Consent(_) => Answer::Accept,
            Question::ConfirmationCode(_) => Answer::Timeout,
        }
    }
}

/// The plug.
pub struct Joined<'a, N, T, U> {
    /// The card.
    pub device: &'a mut Device<N>,
    /// The way to the SM.
    pub transport: &'a mut T,
    /// The modem with the network, if the way to the SM leads through them.
    pub radio: Option<Radio<'a>>,
    /// The user.
    pub user: &'a mut U,
    /// By which every message goes.
    pub line: Line<'a>,
}

impl<N: Nvm, T: Transport, U: User> Port for Joined<'_, N, T, U> {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        let response = self.line.apdu(Party::Lpa, self.device, apdu);
        response.ok_or_else(|| Lost("the card does not answer".to_string()))
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        // What the LPA has said last; on its way come the network's own messages.
        let asked = self.line.last();
        let tunnel = match &mut self.radio {
            None => None,
            Some(radio) => {
                let Some(destination) = Destination::of(&call.address) else {
                    return Err(Unanswered::Lost(format!("{} is no address of a server", call.address)));
                };
                let through = radio.connect(self.device, &mut self.line, &destination);
                let passage =
                    through.map_err(|attempt| Unanswered::Lost(format!("{destination}: {attempt}")))?;
                Some(passage.teid)
            }
        };
        let request = Request { address: &call.address, path: &call.path, headers: &[], body: &call.body };
        let named = Call { from: Party::Lpa, name: (&call.interface, &call.function) };
        let reply = self.line.http(asked, named, &request, self.transport).await?;
        if let (Some(radio), Some(teid)) = (&mut self.radio, tunnel) {
            radio.network.count(teid, call.body.len() as u64, reply.body.len() as u64);
        }
        Ok(HttpReply { status: reply.status, body: reply.body })
    }

    async fn ask(&mut self, question: &Question) -> Answer {
        self.user.answer(question)
    }

    async fn wait(&mut self, seconds: u32) {
        self.user.wait(seconds);
    }

    fn progress(&mut self, progress: &Progress) {
        self.user.progress(progress);
    }

    fn carry(&mut self, message: &Observed<'_>) -> Carried {
        self.observe(message);
        let passed = self.line.pass(self.line.last());
        match (passed.fate, passed.changed) {
            (Fate::Lost, _) => Carried::Lost("the card does not answer".to_string()),
            // What is said once more is said in APDUs.
            (Fate::Arrives | Fate::Twice, Some(changed)) => Carried::Changed(changed),
            (Fate::Arrives | Fate::Twice, None) => Carried::AsItIs,
        }
    }

    fn checks(&self) -> Checks<'_> {
        self.line.lpa_checks()
    }

    fn observe(&mut self, message: &Observed<'_>) {
        observe(&mut self.line, message);
    }
}

fn observe(line: &mut Line<'_>, message: &Observed<'_>) {
    let servers = [Interface::Es9Plus.name(), Interface::Es11.name()];
    let peer = if servers.contains(&message.interface) { Party::Sm } else { Party::Euicc };
    let (ends, function) = match message.response {
        false => ((Party::Lpa, peer), message.function.to_string()),
        true => ((peer, Party::Lpa), format!("{} response", message.function)),
    };
    line.note(ends, message.interface, &function, message.bytes);
}

/// A card as a terminal has it: in this process, in a reader, behind a modem or of a recording.
#[allow(async_fn_in_trait, reason = "no caller needs a Send future")]
pub trait Slot {
    /// Sends a command APDU; its response APDU with status word.
    ///
    /// # Errors
    /// Why no answer came, in the words of whatever the card is plugged into.
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost>;
}

/// The plug of a terminal whose card is any that it has a [`Slot`] for. Faults and edits are for cards of a world alone: here
/// messages go into the trace, and arrive.
pub struct Plugged<'a, S, T, U> {
    /// The card.
    pub slot: &'a mut S,
    /// The way to the SM.
    pub transport: &'a mut T,
    /// The user.
    pub user: &'a mut U,
    /// By which every message goes.
    pub line: Line<'a>,
}

impl<S: Slot, T: Transport, U: User> Port for Plugged<'_, S, T, U> {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        self.line.note((Party::Lpa, Party::Euicc), "APDU", apdu_name(apdu), apdu);
        let response = self.slot.transmit(apdu).await?;
        self.line.note((Party::Euicc, Party::Lpa), "APDU", &status(&response), &response);
        Ok(response)
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        let request = Request { address: &call.address, path: &call.path, headers: &[], body: &call.body };
        let reply = self.transport.send(&request).await?;
        Ok(HttpReply { status: reply.status, body: reply.body })
    }

    async fn ask(&mut self, question: &Question) -> Answer {
        self.user.answer(question)
    }

    async fn wait(&mut self, seconds: u32) {
        self.user.wait(seconds);
    }

    fn progress(&mut self, progress: &Progress) {
        self.user.progress(progress);
    }

    fn observe(&mut self, message: &Observed<'_>) {
        observe(&mut self.line, message);
    }
}
