//! ISD-R: the functions of ES10a, ES10b and ES10c, chosen by the tag of the
//! command (SGP.22 5.7).

mod crl;
mod es10a;
mod es10b;
mod es10c;
pub(crate) mod es6;
mod notifications;
mod package;

use crate::apdu::Status;
use crate::card::{Card, Env};
use crate::memory::{Draft, State};
use alloc::vec::Vec;
use esim_rsp::common::Version;
use esim_rsp::es10::Function;
use esim_rsp::es10a::IsdrProprietaryApplicationTemplate;
use esim_rsp::tlv;

pub(crate) const AID: [u8; 16] = [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 1, 0];

/// What SELECT answers (SGP.22 5.7.1): AID, security domain management data, level.
pub(crate) fn fci() -> Vec<u8> {
    let level = IsdrProprietaryApplicationTemplate { svn: Version::svn(), lpae_support: None };
    let aid = tlv::wrap(0x84, &[&AID]);
    // 9F65: longest data field of a command message (GlobalPlatform 11.1.6).
    let proprietary = tlv::wrap(0xA5, &[&tlv::wrap(0x9F65, &[&[0xFF]])]);
    tlv::wrap(0x6F, &[&aid, &proprietary, &esim_rsp::encode(&level)])
}

impl Card {
    /// One whole ES10 command, or one piece of a bound profile package.
    ///
    /// # Errors
    /// 6A80 if it does not decode, 6A88 for a tag that is no function of this
    /// level, 6985 for a package piece without a session, 6581 if the memory fails.
    pub(crate) fn es10(&mut self, channel: u8, chain: &[u8], env: &mut Env<'_>) -> Result<Vec<u8>, Status> {
        let (tag, ..) = tlv::read_header(chain, 0).map_err(|_| Status::INCORRECT_DATA)?;
        let function = Function::of(tag);
        if function != Some(Function::LoadBoundProfilePackage) {
            tlv::read_only(chain).map_err(|_| Status::INCORRECT_DATA)?;
        }
        match function.ok_or(Status::REFERENCED_DATA_NOT_FOUND)? {
            Function::GetEuiccConfiguredAddresses => self.get_euicc_configured_addresses(chain),
            Function::SetDefaultDpAddress => self.set_default_dp_address(chain, env),
            Function::PrepareDownload => self.prepare_download(chain, env),
            Function::LoadBoundProfilePackage => self.load_bound_profile_package(channel, chain, env),
            Function::GetEuiccChallenge => self.get_euicc_challenge(chain, env),
            Function::GetEuiccInfo1 => self.get_euicc_info1(chain),
            Function::GetEuiccInfo2 => self.get_euicc_info2(chain),
            Function::ListNotification => self.list_notification(chain),
            Function::RetrieveNotificationsList => self.retrieve_notifications_list(chain, env),
            Function::RemoveNotificationFromList => self.remove_notification_from_list(chain, env),
            Function::LoadCrl => self.load_crl(chain, env),
            Function::AuthenticateServer => self.authenticate_server(chain, env),
            Function::CancelSession => self.cancel_session(chain, env),
            Function::GetProfilesInfo => self.get_profiles_info(chain),
            Function::EnableProfile => self.enable_profile(channel, chain, env),
            Function::DisableProfile => self.disable_profile(channel, chain, env),
            Function::DeleteProfile => self.delete_profile(chain, env),
            Function::EuiccMemoryReset => self.euicc_memory_reset(channel, chain, env),
            Function::GetEid => self.get_eid(chain),
            Function::SetNickname => self.set_nickname(chain, env),
            Function::GetRat => self.get_rat(chain),
            Function::LpaeActivation => Self::lpae_activation(chain),
        }
    }

    /// Commits a draft; the state follows only if the memory took it.
    fn commit(&mut self, draft: Draft, env: &mut Env<'_>) -> Result<(), Status> {
        let committed: State = draft.commit(env.nvm).map_err(|_| Status::MEMORY_PROBLEM)?;
        self.state = committed;
        Ok(())
    }
}

/// Decodes a command, as every function does first.
fn decode<T: esim_rsp::codec::Decode>(chain: &[u8]) -> Result<T, Status> {
    esim_rsp::decode(chain).map_err(|_| Status::INCORRECT_DATA)
}
