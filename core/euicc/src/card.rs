//! The card: power, logical channels, and who answers which command.

use crate::apdu::{Command, Status};
use crate::channel::{Application, CHANNELS, Channel};
use crate::memory::{self, Draft, State, Switch};
use crate::nvm::{Nvm, NvmError};
use crate::personal::{Identity, Personal};
use crate::session::Session;
use crate::uicc::{Change, Uicc, UiccEvent};
use crate::{ecasd, isdr, ota};
use alloc::sync::Arc;
use alloc::vec::Vec;
use esim_crypto::pki::TrustedCi;
use esim_rsp::{Eid, Error};
use esim_saip::{Capabilities, Image};
use rand_core::CryptoRng;

/// What a card has of the world while it executes a command.
pub struct Env<'a> {
    /// Unix time in seconds, where the card knows it. Without it, validity
    /// periods of certificates are not checked (SGP.22 4.5.2.1.0.1).
    pub now: Option<u64>,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Non-volatile memory.
    pub nvm: &'a mut dyn Nvm,
}

/// A powered card. Dropping it is a loss of power; a copy goes on by itself, with a memory of its own.
#[derive(Clone)]
pub struct Card {
    // What never changes is shared by copies.
    pub(crate) personal: Arc<Personal>,
    pub(crate) eid: Eid,
    pub(crate) identities: Arc<[Identity]>,
    pub(crate) verification: Arc<[TrustedCi]>,
    pub(crate) capabilities: Capabilities,
    pub(crate) state: State,
    pub(crate) session: Session,
    pub(crate) uicc: Uicc,
    /// Short messages of which more parts are to come.
    pub(crate) parts: ota::Parts,
    channels: Vec<Option<Channel>>,
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
        let personal =
            Personal::read_from(env.nvm)?.ok_or_else(|| Error::text("the memory holds no eUICC"))?;
        let (identities, verification) = personal.load()?;
        let mut card = Self {
            eid: personal.eid()?,
            personal: personal.into(),
            identities: identities.into(),
            verification: verification.into(),
            capabilities: Capabilities::default(),
            state: State::load(env.nvm)?,
            session: Session::Idle,
            uicc: Uicc::empty(),
            parts: ota::Parts::default(),
            channels: Vec::new(),
        };
        card.start(env)?;
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
        self.eid
    }

    fn start(&mut self, env: &mut Env<'_>) -> Result<(), BootError> {
        self.session = Session::Idle;
        self.channels = (0..CHANNELS).map(|_| None).collect();
        if let Some(basic) = self.channels.first_mut() {
            *basic = Some(Channel::default());
        }
        if let Some(switch) = self.state.pending {
            self.finish_switch(switch, env)?;
        }
        self.load_uicc(env)?;
        Ok(())
    }

    /// Carries a switch out: state, notifications and, with the caller, the files.
    fn finish_switch(&mut self, switch: Switch, env: &mut Env<'_>) -> Result<(), NvmError> {
        let mut draft = Draft::new(&self.state);
        draft.state.pending = None;
        self.switch(&mut draft, switch);
        self.state = draft.commit(env.nvm)?;
        Ok(())
    }

    /// Takes the files of the enabled profile into use.
    pub(crate) fn load_uicc(&mut self, env: &mut Env<'_>) -> Result<(), Error> {
        let enabled = self.state.enabled().map(|profile| memory::read_image(env.nvm, profile.number));
        self.uicc.replace(enabled.transpose()?);
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
        let application = self.channel(number)?.application;
        if command.ins == 0xC0 {
            return self.channel(number)?.get_response(command.le);
        }
        self.channel(number)?.drop_response();
        match command.ins {
            0x70 if !command.is_proprietary() => self.manage_channel(command),
            0xA4 if !command.is_proprietary() && command.p1 == 0x04 => self.select_by_aid(number, command),
            // TERMINAL CAPABILITY (TS 102 221 11.1.19): nothing here depends on it.
            0xAA if command.is_proprietary() => Ok((Vec::new(), Status::OK)),
            STATUS if command.is_proprietary() && application != Application::Uicc => {
                let data = domain_status(application, command)?;
                Ok(self.channel(number)?.answer(data, Status::OK, command.le))
            }
            _ => match application {
                Application::Isdr => self.isdr_command(number, command, env),
                Application::Ecasd => {
                    let data = ecasd::command(command, self.eid.octets())?;
                    Ok(self.channel(number)?.answer(data, Status::OK, command.le))
                }
                Application::Uicc if ota::is_sms_pp_download(command) => {
                    let data = self.sms_pp_download(command, env)?;
                    Ok(self.channel(number)?.answer(data, Status::OK, command.le))
                }
                Application::Uicc => self.uicc_command(number, command, env),
            },
        }
    }

    /// # Errors
    /// 6881 for a channel that is not open.
    fn channel(&mut self, number: u8) -> Result<&mut Channel, Status> {
        let channel = self.channels.get_mut(usize::from(number));
        channel.and_then(Option::as_mut).ok_or(Status::LOGICAL_CHANNEL_NOT_SUPPORTED)
    }

    /// MANAGE CHANNEL (TS 102 221 11.1.17).
    fn manage_channel(&mut self, command: &Command<'_>) -> Result<(Vec<u8>, Status), Status> {
        match (command.p1, usize::from(command.p2)) {
            (0x00, 0) => {
                let free = self.channels.iter().position(Option::is_none);
                let number = free.ok_or(Status::FUNCTION_NOT_SUPPORTED)?;
                self.channels[number] = Some(Channel::default());
                let basic = self.channel(command.channel()?)?;
                Ok(basic.answer(alloc::vec![number as u8], Status::OK, Some(command.le.unwrap_or(1))))
            }
            (0x00, number @ 1..CHANNELS) => {
                if self.channels[number].is_some() {
                    return Err(Status::FUNCTION_NOT_SUPPORTED);
                }
                self.channels[number] = Some(Channel::default());
                Ok((Vec::new(), Status::OK))
            }
            (0x80, number @ 1..CHANNELS) => {
                let open = self.channels[number].take();
                self.leave(number as u8);
                open.map(|_| (Vec::new(), Status::OK)).ok_or(Status::LOGICAL_CHANNEL_NOT_SUPPORTED)
            }
            _ => Err(Status::INCORRECT_P1_P2),
        }
    }

    /// The selection on a channel ends: so does a package that comes in on it.
    fn leave(&mut self, number: u8) {
        if matches!(&self.session, Session::Loading(loading) if loading.channel == number) {
            self.session = Session::Idle;
        }
    }

    /// SELECT by AID: the security domains first, then the profile's applications.
    fn select_by_aid(&mut self, number: u8, command: &Command<'_>) -> Result<(Vec<u8>, Status), Status> {
        let named = |application| {
            let (aid, fci) = domain_of(application)?;
            (command.data == aid).then_some((application, fci))
        };
        let own = named(Application::Isdr).or_else(|| named(Application::Ecasd));
        let Some((application, fci)) = own else {
            let mut channel = core::mem::take(self.channel(number)?);
            // SELECT changes nothing that is kept.
            let outcome =
                self.uicc.command(&mut channel.uicc, command, &mut |_, _| Err(Status::MEMORY_PROBLEM));
            if outcome.is_ok() {
                channel.select(Application::Uicc);
                self.leave(number);
            }
            *self.channel(number)? = channel;
            let response = outcome?;
            return Ok(self.channel(number)?.answer(response.data, response.status, command.le));
        };
        self.leave(number);
        let channel = self.channel(number)?;
        channel.select(application);
        // P2 0C: no data wanted.
        let data = if command.p2 & 0x0C == 0x0C { Vec::new() } else { fci };
        Ok(channel.answer(data, Status::OK, command.le))
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
        let mut channel = core::mem::take(self.channel(number)?);
        let profile = self.state.enabled().map(|profile| profile.number);
        let nvm = &mut *env.nvm;
        let mut keep = |image: &Image, changes: &[Change]| memory::keep_changes(nvm, profile, image, changes);
        let outcome = self.uicc.command(&mut channel.uicc, command, &mut keep);
        let changes = self.uicc.take_changes();
        let kept = keep(self.uicc.image(), &changes);
        *self.channel(number)? = channel;
        if kept.is_err() || outcome == Err(Status::MEMORY_PROBLEM) {
            // What the memory did not take has not happened: the files are again as it has them, no PIN is verified.
            let _ = self.load_uicc(env).inspect_err(|_| self.uicc.replace(None));
            return Err(Status::MEMORY_PROBLEM);
        }
        if let Some(UiccEvent::RefreshDone) = self.uicc.take_event() {
            self.refresh_done(env)?;
        }
        let response = outcome?;
        Ok(self.channel(number)?.answer(response.data, response.status, command.le))
    }

    /// The terminal carried out REFRESH: the switch takes effect (SGP.22 5.7.16).
    fn refresh_done(&mut self, env: &mut Env<'_>) -> Result<(), Status> {
        let Some(switch) = self.state.pending else { return Ok(()) };
        self.finish_switch(switch, env).map_err(|_| Status::MEMORY_PROBLEM)?;
        self.after_switch(None, env)
    }

    /// A switch took effect: session, other channels and PIN states are gone.
    pub(crate) fn after_switch(&mut self, keep: Option<u8>, env: &mut Env<'_>) -> Result<(), Status> {
        self.session = Session::Idle;
        for (number, channel) in self.channels.iter_mut().enumerate() {
            if number == 0 && keep != Some(0) {
                *channel = Some(Channel::default());
            } else if number != 0 && keep != Some(number as u8) {
                *channel = None;
            }
        }
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
        let Some(chain) = self.channel(number)?.store_data(command)? else {
            return Ok((Vec::new(), Status::OK));
        };
        let data = self.es10(number, &chain, env)?;
        Ok(self.channel(number)?.answer(data, Status::OK, command.le))
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
