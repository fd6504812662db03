//! ES10b.LoadBoundProfilePackage (SGP.22 5.7.6): one commit at the end, and a
//! signed result whatever comes of it.

use crate::apdu::Status;
use crate::card::{Card, Env};
use crate::install::{Facts, Failure, Loaded, Loading, Stop};
use crate::memory::{Draft, Profile};
use crate::session::{Authenticated, Prepared, Session};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::common::NotificationEvent;
use esim_rsp::es8p::{ProfileClass, StoreMetadataRequest};
use esim_rsp::es10b::GetRatResponse;
use esim_rsp::notification::{
    BppCommandId, ErrorReason, ErrorResult, FinalResult, ProfileInstallationResult,
    ProfileInstallationResultData, SuccessResult,
};
use esim_rsp::{Iccid, Signature, Signed, encode};

impl Card {
    /// Takes one piece. Empty until the last, or until the first failure: then `BF37`.
    pub(super) fn load_bound_profile_package(
        &mut self,
        channel: u8,
        chain: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, Status> {
        match core::mem::take(&mut self.session) {
            Session::AwaitBoundProfilePackage(prepared) if chain.starts_with(&[0xBF, 0x36]) => {
                self.begin_package(*prepared, channel, chain, env)
            }
            Session::Loading(loading) if loading.channel == channel => {
                self.continue_package(loading, chain, env)
            }
            other => {
                // Out of session, or on another channel than the package: nothing is lost by it.
                self.session = other;
                Err(Status::CONDITIONS_NOT_SATISFIED)
            }
        }
    }

    fn begin_package(
        &mut self,
        prepared: Prepared,
        channel: u8,
        chain: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, Status> {
        let begun = self.with_facts(|facts| Loading::begin(prepared, channel, chain, facts));
        match begun {
            Ok(loading) => {
                self.session = Session::Loading(Box::new(loading));
                Ok(Vec::new())
            }
            Err(refused) => {
                let (prepared, failure) = *refused;
                self.report_failure(&prepared.authenticated, None, failure, env)
            }
        }
    }

    fn continue_package(
        &mut self,
        mut loading: Box<Loading>,
        chain: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, Status> {
        match self.with_facts(|facts| loading.next(chain, facts)) {
            Ok(None) => {
                self.session = Session::Loading(loading);
                Ok(Vec::new())
            }
            Ok(Some(loaded)) => self.install(&loading.prepared.authenticated, loaded, env),
            Err(Stop::Failure(failure)) => {
                let iccid = loading.iccid();
                self.report_failure(&loading.prepared.authenticated, iccid, failure, env)
            }
            Err(Stop::Status(status)) => {
                self.session = Session::Loading(loading);
                Err(status)
            }
        }
    }

    fn with_facts<T>(&self, work: impl FnOnce(&Facts<'_>) -> T) -> T {
        let policy = |metadata: &StoreMetadataRequest| self.allows_policy_rules(metadata);
        work(&Facts {
            eid: self.eid.octets(),
            installed: self.state.profiles.iter().filter_map(Profile::iccid).collect(),
            free_memory: self.free_memory(),
            capabilities: &self.capabilities,
            policy: &policy,
        })
    }

    /// SGP.22 2.9.2.4: the first rule that names the PPR and the operator decides; without one it is forbidden.
    fn allows_policy_rules(&self, metadata: &StoreMetadataRequest) -> bool {
        let Some(wanted) = metadata.profile_policy_rules.as_ref().filter(|rules| rules.any()) else {
            return true;
        };
        let Some(owner) = metadata.profile_owner.as_ref() else { return false };
        if metadata.profile_class != ProfileClass::operational {
            return false;
        }
        let Ok(table) = esim_rsp::decode::<GetRatResponse>(&self.personal.rat) else { return false };
        let allowed = |is_rule: fn(&esim_rsp::common::PprIds) -> bool| {
            !is_rule(wanted)
                || table.rat.iter().any(|rule| {
                    is_rule(&rule.ppr_ids)
                        && rule.allowed_operators.iter().any(|operator| operator.covers(owner))
                })
        };
        // PPR1 keeps every other profile from being enabled: not beside an operational one.
        let alone = !wanted.ppr1() || self.state.profiles.iter().all(|profile| !is_operational(profile));
        allowed(|ids| ids.ppr1()) && allowed(|ids| ids.ppr2()) && alone
    }

    /// Profile, notifications and counters appear together.
    fn install(
        &mut self,
        server: &Authenticated,
        loaded: Loaded,
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, Status> {
        let mut draft = Draft::new(&self.state);
        let profile = Profile {
            number: 0,
            enabled: false,
            nickname: String::new(),
            metadata: loaded.metadata_octets,
            dp_proprietary_data: loaded.dp_proprietary_data,
            size: 0,
            ci_key_id: self.identities[server.identity].ci_key_id.clone(),
        };
        let number = draft.add_profile(profile, &loaded.image).map_err(|_| Status::MEMORY_PROBLEM)?;
        if draft.state.used() > self.personal.memory {
            let reason = ErrorReason::installFailedDueToInsufficientMemoryForProfile;
            let failure = Failure::from((BppCommandId::loadProfileElements, reason));
            return self.report_failure(server, Some(loaded.metadata.iccid), failure, env);
        }
        let success = SuccessResult {
            aid: crate::memory::isdp_aid(number).to_vec().into(),
            sima_response: loaded.sima_response.into(),
        };
        let iccid = Some(loaded.metadata.iccid);
        let result = self.installation_result(&mut draft, server, iccid, FinalResult::SuccessResult(success));
        // Others than the SM-DP+ that asked to hear of it (SGP.22 3.5).
        self.notify(&mut draft, &loaded.metadata, NotificationEvent::Install, server.identity);
        draft.state.kept_key = None;
        self.commit(draft, env)?;
        Ok(result)
    }

    fn report_failure(
        &mut self,
        server: &Authenticated,
        iccid: Option<Iccid>,
        failure: Failure,
        env: &mut Env<'_>,
    ) -> Result<Vec<u8>, Status> {
        let mut draft = Draft::new(&self.state);
        let error = ErrorResult {
            bpp_command_id: failure.command,
            error_reason: failure.reason,
            sima_response: failure.sima_response.map(Into::into),
        };
        let result = self.installation_result(&mut draft, server, iccid, FinalResult::ErrorResult(error));
        draft.state.kept_key = None;
        self.commit(draft, env)?;
        Ok(result)
    }

    /// Makes, signs and stores `BF37` (SGP.22 2.5.6).
    fn installation_result(
        &self,
        draft: &mut Draft,
        server: &Authenticated,
        iccid: Option<Iccid>,
        final_result: FinalResult,
    ) -> Vec<u8> {
        let metadata = draft.next_notification(NotificationEvent::Install, &server.server_address, iccid);
        if matches!(final_result, FinalResult::ErrorResult(_)) {
            draft.state.failed.push(metadata.seq_number);
        }
        let data = Signed::new(ProfileInstallationResultData {
            transaction_id: server.transaction_id.clone(),
            notification_metadata: metadata.clone(),
            smdp_oid: Some(server.server_oid.clone()),
            final_result,
        });
        let signature = Signature::from(self.identities[server.identity].key.sign(&[data.raw()]));
        let result = encode(&ProfileInstallationResult {
            profile_installation_result_data: data,
            euicc_sign_pir: signature,
        });
        draft.store_notification(&metadata, result.clone());
        result
    }
}

fn is_operational(profile: &Profile) -> bool {
    profile.metadata().is_ok_and(|metadata| metadata.profile_class == ProfileClass::operational)
}
