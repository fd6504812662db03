//! ISD-R: the functions of ES10a, ES10b and ES10c, chosen by the tag of the
//! command (SGP.22 5.7).

mod crl;
mod es10a;
mod es10b;
mod es10c;
pub(crate) mod es6;
mod load_bpp;
mod notifications;
mod rat;
mod session;

use crate::apdu::Status;
use crate::draft::Draft;
use crate::env::Env;
use crate::nvm::NvmError;
use crate::personal::{Identity, Personal};
use crate::state::State;
use alloc::sync::Arc;
use alloc::vec::Vec;
use esim_crypto::pki::TrustedCi;
use esim_rsp::codec::{Decode, Encode};
use esim_rsp::common::Version;
use esim_rsp::es10::Function;
use esim_rsp::es10a::IsdrProprietaryApplicationTemplate;
use esim_rsp::{Eid, Error, tlv};
use esim_saip::Capabilities;
use session::Session;

pub(crate) const AID: [u8; 16] = [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 1, 0];

/// What SELECT answers (SGP.22 5.7.1): AID, security domain management data, level.
pub(crate) fn fci() -> Vec<u8> {
    let level = IsdrProprietaryApplicationTemplate { svn: Version::svn(), lpae_support: None };
    let aid = tlv::wrap(0x84, &[&AID]);
    // 9F65: longest data field of a command message (GlobalPlatform 11.1.6).
    let proprietary = tlv::wrap(0xA5, &[&tlv::wrap(0x9F65, &[&[0xFF]])]);
    tlv::wrap(0x6F, &[&aid, &proprietary, &esim_rsp::encode(&level)])
}

/// The security domain: what the card was made with, what it remembers of its profiles, and the session under way.
#[derive(Clone)]
pub(crate) struct Isdr {
    // What never changes is shared by copies.
    personal: Arc<Personal>,
    eid: Eid,
    identities: Arc<[Identity]>,
    verification: Arc<[TrustedCi]>,
    capabilities: Capabilities,
    state: State,
    session: Session,
}

/// An ES10 command, or one piece of a bound profile package, and what its function must know of the rest of the card.
pub(crate) struct Call<'a> {
    /// All octets of the STORE DATA chain.
    pub chain: &'a [u8],
    /// The logical channel that it came on.
    pub channel: u8,
    /// A proactive command waits for the terminal, or for its answer.
    pub is_toolkit_busy: bool,
}

/// What a function answers.
#[derive(Default)]
pub(crate) struct Reply {
    pub data: Vec<u8>,
    /// What the card must do before it answers.
    pub switch: Option<Switched>,
}

/// How another profile comes into use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switched {
    /// With the reset that REFRESH asks the terminal for.
    OnRefresh,
    /// At once: the files are others, and of the channels that of the command alone stays open.
    AtOnce,
    /// At once, and REFRESH tells the terminal.
    AtOnceWithRefresh,
}

impl Reply {
    /// A message, after which all is as before.
    fn of<T: Encode>(message: &T) -> Self {
        esim_rsp::encode(message).into()
    }

    fn and(self, switched: Switched) -> Self {
        Self { switch: Some(switched), ..self }
    }
}

impl From<Vec<u8>> for Reply {
    fn from(data: Vec<u8>) -> Self {
        Self { data, switch: None }
    }
}

impl Isdr {
    /// As the memory has it. A switch that waits for the reset is still to be carried out.
    ///
    /// # Errors
    /// A sentence, if the memory is not a card's.
    pub fn load(env: &Env<'_>) -> Result<Self, Error> {
        let personal =
            Personal::read_from(env.nvm)?.ok_or_else(|| Error::text("the memory holds no eUICC"))?;
        let (identities, verification) = personal.load()?;
        Ok(Self {
            eid: personal.eid()?,
            personal: personal.into(),
            identities: identities.into(),
            verification: verification.into(),
            capabilities: Capabilities::default(),
            state: State::load(env.nvm)?,
            session: Session::Idle,
        })
    }

    /// The EID.
    pub fn eid(&self) -> Eid {
        self.eid
    }

    /// Number of the enabled profile.
    pub fn enabled(&self) -> Option<u16> {
        self.state.enabled().map(|profile| profile.number)
    }

    /// Carries out the switch that waited for the terminal to start over: state, notifications and session, while the
    /// files are the card's. Whether there was one.
    ///
    /// # Errors
    /// [`NvmError`] if the memory does not take it; then it still waits.
    pub fn finish_switch(&mut self, env: &mut Env<'_>) -> Result<bool, NvmError> {
        let Some(switch) = self.state.pending else { return Ok(false) };
        let mut draft = self.draft();
        draft.state.pending = None;
        self.switch(&mut draft, switch);
        self.state = draft.commit(env.nvm)?;
        self.session = Session::Idle;
        Ok(true)
    }

    /// The selection on a channel ends: so does a package that comes in on it.
    pub fn leave(&mut self, channel: u8) {
        if matches!(&self.session, Session::Loading(package) if package.channel == channel) {
            self.session = Session::Idle;
        }
    }

    /// One whole ES10 command, or one piece of a bound profile package.
    ///
    /// # Errors
    /// 6A80 if it does not decode, 6A88 for a tag that is no function of this
    /// level, 6985 for a package piece without a session, 6581 if the memory fails.
    pub fn es10(&mut self, call: &Call<'_>, env: &mut Env<'_>) -> Result<Reply, Status> {
        let chain = call.chain;
        let (tag, ..) = tlv::read_header(chain, 0).map_err(|_| Status::INCORRECT_DATA)?;
        let function = Function::of(tag);
        if function != Some(Function::LoadBoundProfilePackage) {
            tlv::read_only(chain).map_err(|_| Status::INCORRECT_DATA)?;
        }
        match function.ok_or(Status::REFERENCED_DATA_NOT_FOUND)? {
            Function::GetEuiccConfiguredAddresses => self.get_euicc_configured_addresses(chain),
            Function::SetDefaultDpAddress => self.set_default_dp_address(chain, env),
            Function::PrepareDownload => self.prepare_download(chain, env),
            Function::LoadBoundProfilePackage => self.load_bound_profile_package(call, env),
            Function::GetEuiccChallenge => self.get_euicc_challenge(chain, env),
            Function::GetEuiccInfo1 => self.get_euicc_info1(chain),
            Function::GetEuiccInfo2 => self.get_euicc_info2(chain),
            Function::ListNotification => self.list_notification(chain),
            Function::RetrieveNotificationsList => self.retrieve_notifications_list(chain, env),
            Function::RemoveNotificationFromList => self.remove_notification_from_list(chain, env),
            Function::LoadCrl => self.load_crl(chain, env),
            Function::AuthenticateServer => self.authenticate_server(chain, env),
            Function::CancelSession => self.cancel_session(chain, env),
            Function::GetProfilesInfo => self.get_profiles_info(chain, env),
            Function::EnableProfile => self.enable_profile(call, env),
            Function::DisableProfile => self.disable_profile(call, env),
            Function::DeleteProfile => self.delete_profile(chain, env),
            Function::EuiccMemoryReset => self.euicc_memory_reset(call, env),
            Function::GetEid => self.get_eid(chain, env),
            Function::SetNickname => self.set_nickname(chain, env),
            Function::GetRat => self.get_rat(chain),
            Function::LpaeActivation => Self::lpae_activation(chain),
        }
    }

    /// A draft of the state as it stands.
    pub fn draft(&self) -> Draft {
        Draft::new(&self.state)
    }

    /// Commits a draft; the state follows only if the memory took it.
    ///
    /// # Errors
    /// 6581 if it did not.
    pub fn commit(&mut self, draft: Draft, env: &mut Env<'_>) -> Result<(), Status> {
        let committed: State = draft.commit(env.nvm).map_err(|_| Status::MEMORY_PROBLEM)?;
        self.state = committed;
        Ok(())
    }
}

/// Decodes a command, as every function does first.
fn decode<T: Decode>(chain: &[u8]) -> Result<T, Status> {
    esim_rsp::decode(chain).map_err(|_| Status::INCORRECT_DATA)
}
