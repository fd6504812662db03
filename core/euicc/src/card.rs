//! The card: power, logical channels, and who answers which command.

use crate::apdu::{Command, Status};
use crate::channel::Application;
use crate::channels::Channels;
use crate::env::Env;
use crate::isdr::{self, Call, Isdr, Switched};
use crate::memory;
use crate::nvm::NvmError;
use crate::uicc::{Change, Uicc, UiccEvent};
use crate::{ecasd, ota};
use alloc::vec::Vec;
use esim_rsp::check::Checks;
use esim_rsp::{Eid, Error};
use esim_saip::Image;

/// A powered card. Dropping it is a loss of power; a copy goes on by itself, with a memory of its own.
#[derive(Clone)]
pub struct Card {
    isdr: Isdr,
    uicc: Uicc,
    /// Short messages of which more parts are to come.
    parts: ota::Parts,
    channels: Channels,
}

/// Why a card does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootError {
    /// The memory is no eUICC's, or damaged.
    #[error("{0}")]
    Memory(#[from] Error),
    /// The memory does not take writes.
    #[error(transparent)]
    Nvm(#[from] NvmError),
}

/// Answer to reset (ISO/IEC 7816-3 8.2, TS 102 221 6.3), the check octet left out. The protocol is T=0, as the
/// procedures with `61xx` and GET RESPONSE are; T=15 only says that global interface octets follow.
///
/// | octets | |
/// |---|---|
/// | `3B 9F` | direct convention; TA1, TD1, 15 historical octets |
/// | `96` | TA1: F 512, D 32 |
/// | `80 3F` | TD1: T=0, TD2; TD2: T=15, TA3, TB3 |
/// | `C7` | TA3: the clock may stop in either state, voltage classes A, B, C |
/// | `82` | TB3: functions of an eUICC (TS 102 221 table 6.7) |
/// | `80` | historical octets in compact TLV (ISO/IEC 7816-4 12.1.1) |
/// | `31 E0` | applications by whole and by cut name; EF.DIR in BER-TLV, read by records |
/// | `73 F6 21 1F` | files by name, path, FID, SFI; records by number; octets as units; no extended lengths, which T=0 has not; 8 channels or more, numbered by the card or by the terminal |
/// | `67 …` | seven octets of the issuer: `esimlab` |
pub const ATR: [u8; 22] = *b"\x3B\x9F\x96\x80\x3F\xC7\x82\x80\x31\xE0\x73\xF6\x21\x1F\x67esimlab";

const STATUS: u8 = 0xF2;

/// The one command of the UICC that draws randomness.
const GET_IDENTITY: u8 = 0x78;

impl Card {
    /// Applies power: reads the memory and finishes a switch that waited for it.
    ///
    /// # Errors
    /// [`BootError`] if the memory is not a card's or does not take writes.
    pub fn power_on(env: &mut Env<'_>) -> Result<Self, BootError> {
        let mut card = Self {
            isdr: Isdr::load(env)?,
            uicc: Uicc::empty(),
            parts: ota::Parts::default(),
            channels: Channels::default(),
        };
        card.isdr.finish_switch(env)?;
        card.load_uicc(env)?;
        Ok(card)
    }

    /// The RST contact: as a loss of power, without one.
    ///
    /// # Errors
    /// As for [`Card::power_on`].
    pub fn reset(&mut self, env: &mut Env<'_>) -> Result<(), BootError> {
        *self = Self::power_on(env)?;
        Ok(())
    }

    /// The answer to reset.
    pub fn atr(&self) -> Vec<u8> {
        let check = ATR.iter().skip(1).fold(0, |sum, octet| sum ^ octet);
        [&ATR[..], &[check]].concat()
    }

    /// The EID.
    pub fn eid(&self) -> Eid {
        self.isdr.eid()
    }

    /// Takes the files of the enabled profile into use.
    fn load_uicc(&mut self, env: &Env<'_>) -> Result<(), Error> {
        let image = self.isdr.enabled().map(|number| memory::read_image(env.nvm, number));
        self.uicc.replace(image.transpose()?);
        Ok(())
    }

    /// Executes one command APDU and returns the response APDU: data and status word.
    pub fn transmit(&mut self, apdu: &[u8], env: &mut Env<'_>) -> Vec<u8> {
        let outcome = Command::parse(apdu).and_then(|command| self.execute(&command, env));
        let (mut data, status) = outcome.unwrap_or_else(|status| (Vec::new(), status));
        data.extend(self.with_proactive(status).0.to_be_bytes());
        data
    }

    /// 91xx in place of 9000 while a proactive command waits (TS 102 221 7.4.2.1).
    fn with_proactive(&self, status: Status) -> Status {
        match self.uicc.proactive_length() {
            Some(length) if status == Status::OK => Status::proactive(length),
            _ => status,
        }
    }

    fn execute(&mut self, command: &Command<'_>, env: &mut Env<'_>) -> Result<(Vec<u8>, Status), Status> {
        let number = command.channel()?;
        let channel = self.channels.open(number)?;
        if command.ins == 0xC0 {
            return channel.get_response(command.le, env.checks);
        }
        channel.drop_response();
        let application = channel.application;
        match command.ins {
            0x70 if !command.is_proprietary() => self.manage_channel(number, command, env.checks),
            0xA4 if !command.is_proprietary() && command.p1 == 0x04 => {
                self.select_by_aid(number, command, env.checks)
            }
            // TERMINAL CAPABILITY (TS 102 221 11.1.19): nothing here depends on it.
            0xAA if command.is_proprietary() => Ok((Vec::new(), Status::OK)),
            STATUS if command.is_proprietary() && application != Application::Uicc => {
                Ok(channel.answer(domain_status(application, command)?, Status::OK, command.le))
            }
            _ => match application {
                Application::Isdr => self.isdr_command(number, command, env),
                Application::Ecasd => {
                    let data = ecasd::command(command, self.isdr.eid().octets())?;
                    Ok(channel.answer(data, Status::OK, command.le))
                }
                Application::Uicc if ota::is_sms_pp_download(command) => {
                    let (parts, isdr, uicc) = (&mut self.parts, &mut self.isdr, &mut self.uicc);
                    let data = ota::Receiver { parts, isdr, uicc }.sms_pp_download(command, env)?;
                    Ok(channel.answer(data, Status::OK, command.le))
                }
                Application::Uicc => self.uicc_command(number, command, env),
            },
        }
    }

    fn manage_channel(
        &mut self,
        number: u8,
        command: &Command<'_>,
        checks: Checks<'_>,
    ) -> Result<(Vec<u8>, Status), Status> {
        let managed = self.channels.manage(number, command, checks)?;
        if let Some(closed) = managed.closed {
            self.isdr.leave(closed);
        }
        Ok((managed.data, managed.status))
    }

    /// SELECT by AID: the security domains first, then the profile's applications.
    fn select_by_aid(
        &mut self,
        number: u8,
        command: &Command<'_>,
        checks: Checks<'_>,
    ) -> Result<(Vec<u8>, Status), Status> {
        let channel = self.channels.open(number)?;
        let named = |application| {
            let (aid, fci) = domain_of(application)?;
            (command.data == aid).then_some((application, fci))
        };
        if let Some((application, fci)) = named(Application::Isdr).or_else(|| named(Application::Ecasd)) {
            self.isdr.leave(number);
            channel.select(application);
            // P2 0C: no data wanted.
            let data = if command.p2 & 0x0C == 0x0C { Vec::new() } else { fci };
            return Ok(channel.answer(data, Status::OK, command.le));
        }
        // SELECT changes nothing that is kept.
        let mut keep = |_: &Image, _: &[Change]| Err(Status::MEMORY_PROBLEM);
        self.uicc.begin_checks(checks);
        let outcome = self.uicc.command(&mut channel.uicc, command, &mut keep);
        self.uicc.end_checks(checks);
        let response = outcome?;
        self.isdr.leave(number);
        channel.select(Application::Uicc);
        Ok(channel.answer(response.data, response.status, command.le))
    }

    fn uicc_command(
        &mut self,
        number: u8,
        command: &Command<'_>,
        env: &mut Env<'_>,
    ) -> Result<(Vec<u8>, Status), Status> {
        if command.ins == GET_IDENTITY {
            let mut entropy = [0; 32];
            env.rng.fill_bytes(&mut entropy);
            self.uicc.set_entropy(entropy);
        }
        let profile = self.isdr.enabled();
        self.uicc.begin_checks(env.checks);
        let nvm = &mut *env.nvm;
        let mut keep = |image: &Image, changes: &[Change]| memory::keep_changes(nvm, profile, image, changes);
        let outcome = self.uicc.command(&mut self.channels.open(number)?.uicc, command, &mut keep);
        self.uicc.end_checks(env.checks);
        let changes = self.uicc.take_changes();
        let kept = keep(self.uicc.image(), &changes);
        if kept.is_err() || outcome == Err(Status::MEMORY_PROBLEM) {
            // What the memory did not take has not happened: the files are again as it has them, no PIN is verified.
            let _ = self.load_uicc(env).inspect_err(|_| self.uicc.replace(None));
            return Err(Status::MEMORY_PROBLEM);
        }
        if let Some(UiccEvent::RefreshDone) = self.uicc.take_event() {
            self.refresh_done(env)?;
        }
        let response = outcome?;
        Ok(self.channels.open(number)?.answer(response.data, response.status, command.le))
    }

    /// The terminal carried out REFRESH: the switch takes effect (SGP.22 5.7.16).
    fn refresh_done(&mut self, env: &mut Env<'_>) -> Result<(), Status> {
        let is_switched = self.isdr.finish_switch(env).map_err(|_| Status::MEMORY_PROBLEM)?;
        if is_switched { self.start_over(None, env) } else { Ok(()) }
    }

    /// Another profile is enabled: its files are in use, PIN states and channels are gone, but for the one that is kept.
    fn start_over(&mut self, kept: Option<u8>, env: &Env<'_>) -> Result<(), Status> {
        self.channels.start_over(kept);
        self.load_uicc(env).map_err(|_| Status::MEMORY_PROBLEM)
    }

    fn isdr_command(
        &mut self,
        number: u8,
        command: &Command<'_>,
        env: &mut Env<'_>,
    ) -> Result<(Vec<u8>, Status), Status> {
        if !command.is_proprietary() {
            return Err(Status::CLASS_NOT_SUPPORTED);
        }
        if command.ins != 0xE2 {
            return Err(Status::INS_NOT_SUPPORTED);
        }
        let Some(chain) = self.channels.open(number)?.store_data(command)? else {
            return Ok((Vec::new(), Status::OK));
        };
        let is_toolkit_busy = self.uicc.proactive_length().is_some();
        let reply = self.isdr.es10(&Call { chain: &chain, channel: number, is_toolkit_busy }, env)?;
        if let Some(switched) = reply.switch {
            self.carry_out(switched, number, env)?;
        }
        Ok(self.channels.open(number)?.answer(reply.data, Status::OK, command.le))
    }

    /// What a switch of profiles, asked for on channel `number`, is to the rest of the card (SGP.22 5.7.16).
    fn carry_out(&mut self, switched: Switched, number: u8, env: &Env<'_>) -> Result<(), Status> {
        if switched != Switched::OnRefresh {
            self.start_over(Some(number), env)?;
        }
        if switched != Switched::AtOnce && self.uicc.terminal_supports_refresh() {
            self.uicc.queue_refresh();
        }
        Ok(())
    }
}

/// AID of a security domain, and what SELECT answers.
fn domain_of(application: Application) -> Option<([u8; 16], Vec<u8>)> {
    let name = |aid: [u8; 16]| esim_rsp::tlv::wrap(0x84, &[&aid]);
    match application {
        Application::Isdr => Some((isdr::AID, isdr::fci())),
        Application::Ecasd => Some((ecasd::AID, esim_rsp::tlv::wrap(0x6F, &[&name(ecasd::AID)]))),
        Application::Uicc => None,
    }
}

/// STATUS while a security domain is selected: terminals ask it of whatever is, to know that the card is still there
/// (TS 102 221 11.1.2, 14.5.2). P2 `00` brings what SELECT did, `01` the name, `0C` nothing.
fn domain_status(application: Application, command: &Command<'_>) -> Result<Vec<u8>, Status> {
    let (aid, fci) = domain_of(application).ok_or(Status::INS_NOT_SUPPORTED)?;
    match (command.p1, command.p2) {
        (0x00..=0x02, 0x00) => Ok(fci),
        (0x00..=0x02, 0x01) => Ok(esim_rsp::tlv::wrap(0x84, &[&aid])),
        (0x00..=0x02, 0x0C) => Ok(Vec::new()),
        _ => Err(Status::INCORRECT_P1_P2),
    }
}
