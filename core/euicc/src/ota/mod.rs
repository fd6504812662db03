//! Messages over the air: a secured packet (ETSI TS 102 225) comes in short messages (3GPP TS 31.115), is checked against
//! keys, counter and security level of the one it is for, and executed: by the operator's security domain, which passes
//! ES6.UpdateMetadata on (SGP.22 5.4.1), or by a remote file manager (TS 102 226).
//!
//! What a message changes, its counter included, is committed at once or not at all.

mod domain;
mod parts;
mod script;
mod security;

pub(crate) use parts::Parts;

use crate::apdu::{Command, Status};
use crate::draft::Draft;
use crate::env::Env;
use crate::isdr::Isdr;
use crate::memory;
use crate::uicc::Uicc;
use alloc::vec::Vec;
use domain::Domain;
use esim_crypto::scp80::{Header, Keys, Response, ResponseStatus, WhenResponse};
use esim_rsp::check::Checks;
use esim_rsp::sms::{Deliver, Submit, UserData, read_envelope};
use esim_rsp::tlv;
use esim_saip::image::ApplicationKind;
use security::Accepted;

/// Most octets of user data in a delivery report (TS 23.040 9.2.2.1a).
const MAX_REPORT: usize = 159;
/// Type of command SEND SHORT MESSAGE (TS 102 223 9.4).
const SEND_SHORT_MESSAGE: u8 = 0x13;
/// Device identity of the network.
const NETWORK: u8 = 0x83;

/// Whether a command is ENVELOPE (SMS-PP download).
pub(crate) fn is_sms_pp_download(command: &Command<'_>) -> bool {
    command.ins == 0xC2 && command.is_proprietary() && command.data.first() == Some(&0xD1)
}

/// The answer to a packet, in the form that its header asks for.
struct Reply {
    header: Header,
    /// Nothing as long as the sender is not known to be who it is: no key is used for a stranger.
    keys: Option<Keys>,
    response: Response,
}

/// The card as far as a message reaches it.
pub(crate) struct Receiver<'a> {
    pub parts: &'a mut Parts,
    pub isdr: &'a mut Isdr,
    pub uicc: &'a mut Uicc,
}

impl Receiver<'_> {
    /// ENVELOPE (SMS-PP download): what the terminal puts into the delivery report. A message that is not secured,
    /// or not whole yet, is taken without an answer.
    ///
    /// # Errors
    /// 6A80 for what is no message or no packet, 6581 if the memory fails; then nothing has happened.
    pub(crate) fn sms_pp_download(
        &mut self,
        command: &Command<'_>,
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, Status> {
        if command.p1p2() != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let tpdu = read_envelope(command.data).ok().flatten().ok_or(Status::INCORRECT_DATA)?;
        let Deliver { originator, user_data, .. } =
            Deliver::read(tpdu).map_err(|_| Status::INCORRECT_DATA)?;
        let Some(packet) = self.parts.take(user_data) else { return Ok(Vec::new()) };
        let reply = self.secured_packet(&packet, env)?;
        Ok(self.send(&originator, reply))
    }

    fn secured_packet(&mut self, packet: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        let header = Header::read(packet).map_err(|_| Status::INCORRECT_DATA)?;
        let reply = |keys, counter, status, data| {
            let response = Response { tar: header.tar, counter, status, data };
            Reply { header, keys, response }
        };
        match security::accept(self.uicc.image(), header, packet, env.checks) {
            Ok(accepted) => {
                let data = self.perform(&accepted, env)?;
                Ok(reply(Some(accepted.keys), accepted.command.counter, ResponseStatus::OK, data))
            }
            Err(refused) => Ok(reply(refused.keys, refused.counter, refused.status, Vec::new())),
        }
    }

    /// Executes a message and commits what it changed.
    fn perform(&mut self, accepted: &Accepted, env: &mut Env<'_>) -> Result<Vec<u8>, Status> {
        let before = self.uicc.clone();
        let mut draft = self.isdr.draft();
        if let Some((version, counter)) = accepted.next_counter {
            self.uicc.set_counter(accepted.domain, version, counter);
        }
        let data = self.run(accepted, &mut draft, env.checks);
        let committed = self.commit_message(draft, env);
        if committed.is_err() {
            *self.uicc = before;
        }
        committed.map(|()| data)
    }

    fn run(&mut self, accepted: &Accepted, draft: &mut Draft, checks: Checks<'_>) -> Vec<u8> {
        let target = self.uicc.image().applications.get(accepted.target).map(|it| it.kind.clone());
        let commands = &accepted.command.data;
        match target {
            Some(ApplicationKind::Rfm { adf, uicc_access, adf_access }) => {
                let adf = adf.as_deref().map(|aid| (aid, &adf_access[..]));
                let mut channel = self.uicc.begin_remote(&uicc_access, adf);
                let uicc = &mut *self.uicc;
                let mut execute = |command: &Command<'_>| {
                    uicc.begin_checks(checks);
                    let outcome = uicc.remote_command(&mut channel, command);
                    uicc.end_checks(checks);
                    outcome
                };
                let data = script::run(commands, &mut execute, checks);
                self.uicc.end_remote();
                data
            }
            _ => {
                let mut domain = Domain::new(draft, checks);
                script::run(commands, &mut |command| domain.command(command), checks)
            }
        }
    }

    fn commit_message(&mut self, mut draft: Draft, env: &mut Env<'_>) -> Result<(), Status> {
        let changes = self.uicc.take_changes();
        if let Some(number) = draft.state.enabled().map(|profile| profile.number) {
            let writes = memory::image_writes(number, self.uicc.image(), &changes);
            draft.writes.extend(writes.map_err(|_| Status::MEMORY_PROBLEM)?);
        }
        self.isdr.commit(draft, env)
    }

    /// Sends a reply the way it is wanted; what goes into the delivery report. A reply too long for the report goes
    /// in messages of its own, and the report says so.
    fn send(&mut self, originator: &[u8], mut reply: Reply) -> Vec<u8> {
        let spi = reply.header.spi;
        let failed = reply.response.status != ResponseStatus::OK;
        match spi.response() {
            WhenResponse::Never => return Vec::new(),
            WhenResponse::OnError if !failed => return Vec::new(),
            WhenResponse::OnError | WhenResponse::Always => {}
        }
        let packet = reply.seal();
        if spi.is_response_submitted() {
            self.submit(originator, &packet);
            return Vec::new();
        }
        let report = UserData::of_report(&packet).to_octets();
        if report.len() <= MAX_REPORT {
            return report;
        }
        self.submit(originator, &packet);
        reply.response.status = ResponseStatus::RESPONSE_BY_SUBMIT;
        reply.response.data.clear();
        UserData::of_report(&reply.seal()).to_octets()
    }

    /// Queues SEND SHORT MESSAGE for each part, without troubling the user: an empty alpha identifier.
    fn submit(&mut self, destination: &[u8], packet: &[u8]) {
        let reference = packet.last().copied().unwrap_or_default();
        for part in UserData::of_response(packet, reference).unwrap_or_default() {
            let tpdu = Submit::from_card(destination, part).to_octets();
            let objects = [tlv::wrap(0x85, &[]), tlv::wrap(0x8B, &[&tpdu])].concat();
            self.uicc.toolkit().queue_command(SEND_SHORT_MESSAGE, 0x00, NETWORK, &objects);
        }
    }
}

impl Reply {
    /// The packet. Acceptance has made sure that the keys serve the response too.
    fn seal(&self) -> Vec<u8> {
        let secured = self.keys.as_ref().map(|keys| (&self.header, keys));
        self.response.seal(secured).unwrap_or_default()
    }
}
