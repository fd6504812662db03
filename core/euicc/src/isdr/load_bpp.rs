//! ES10b.LoadBoundProfilePackage (SGP.22 5.7.6): one commit at the end, and a
//! signed result whatever comes of it.

use super::session::{Authenticated, Package, Prepared, Session};
use super::{Call, Isdr, Reply};
use crate::apdu::Status;
use crate::bpp::{Facts, Failure, Loaded, Loading, Stop};
use crate::draft::Draft;
use crate::env::Env;
use crate::state::{Profile, isdp_aid};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::common::NotificationEvent;
use esim_rsp::es8p::StoreMetadataRequest;
use esim_rsp::notification::{
    BppCommandId, ErrorReason, ErrorResult, FinalResult, ProfileInstallationResult,
    ProfileInstallationResultData, SuccessResult,
};
use esim_rsp::{Iccid, Signature, Signed, encode};

const AWAITED: Rule = Rule::new("SGP.22 5.7.6", "a piece of a package is awaited on this channel");
const ROOM: Rule = Rule::new("SGP.22 5.5.5", "the installed profile fits into the memory");

impl Isdr {
    /// Takes one piece. Empty until the last, or until the first failure: then `BF37`.
    pub(super) fn load_bound_profile_package(
        &mut self,
        call: &Call<'_>,
        env: &mut Env<'_>,
    ) -> Result<Reply, Status> {
        let is_awaited = match &self.session {
            Session::AwaitBoundProfilePackage(_) => call.chain.starts_with(&[0xBF, 0x36]),
            Session::Loading(package) => package.channel == call.channel,
            _ => false,
        };
        if !env.checks.that(&AWAITED, || [call.channel], is_awaited) {
            // Out of session, or on another channel than the package: nothing is lost by it.
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        match core::mem::take(&mut self.session) {
            Session::AwaitBoundProfilePackage(prepared) => self.begin_package(*prepared, call, env),
            Session::Loading(package) => self.continue_package(package, call.chain, env),
            _ => Err(Status::CONDITIONS_NOT_SATISFIED),
        }
    }

    fn begin_package(
        &mut self,
        prepared: Prepared,
        call: &Call<'_>,
        env: &mut Env<'_>,
    ) -> Result<Reply, Status> {
        match self.with_facts(env.checks, |facts| Loading::begin(&prepared.agreed(), call.chain, facts)) {
            Ok(loading) => {
                let (server, channel) = (prepared.authenticated, call.channel);
                self.session = Session::Loading(Box::new(Package { server, channel, loading }));
                Ok(Reply::default())
            }
            Err(failure) => self.report_failure(&prepared.authenticated, None, failure, env),
        }
    }

    fn continue_package(
        &mut self,
        mut package: Box<Package>,
        chain: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Reply, Status> {
        match self.with_facts(env.checks, |facts| package.loading.next(chain, facts)) {
            Ok(None) => {
                self.session = Session::Loading(package);
                Ok(Reply::default())
            }
            Ok(Some(loaded)) => self.install(&package.server, loaded, env),
            Err(Stop::Failure(failure)) => {
                let iccid = package.loading.iccid();
                self.report_failure(&package.server, iccid, failure, env)
            }
            Err(Stop::Status(status)) => {
                self.session = Session::Loading(package);
                Err(status)
            }
        }
    }

    fn with_facts<T>(&self, checks: Checks<'_>, work: impl FnOnce(&Facts<'_>) -> T) -> T {
        let policy = |metadata: &StoreMetadataRequest| self.allows_policy_rules(metadata);
        work(&Facts {
            eid: self.eid.octets(),
            installed: self.state.profiles.iter().filter_map(Profile::iccid).collect(),
            free_memory: self.free_memory(),
            capabilities: &self.capabilities,
            policy: &policy,
            checks,
        })
    }

    /// Profile, notifications and counters appear together.
    fn install(
        &mut self,
        server: &Authenticated,
        loaded: Loaded,
        env: &mut Env<'_>,
    ) -> Result<Reply, Status> {
        let mut draft = self.draft();
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
        let used = draft.state.used();
        if !env.checks.that(&ROOM, || used.to_be_bytes(), used <= self.personal.memory) {
            let reason = ErrorReason::installFailedDueToInsufficientMemoryForProfile;
            let failure = Failure::from((BppCommandId::loadProfileElements, reason));
            return self.report_failure(server, Some(loaded.metadata.iccid), failure, env);
        }
        let success = SuccessResult {
            aid: isdp_aid(number).to_vec().into(),
            sima_response: loaded.sima_response.into(),
        };
        let iccid = Some(loaded.metadata.iccid);
        let result = self.installation_result(&mut draft, server, iccid, FinalResult::SuccessResult(success));
        // Others than the SM-DP+ that asked to hear of it (SGP.22 3.5).
        self.notify(&mut draft, &loaded.metadata, NotificationEvent::Install, server.identity);
        draft.state.kept_key = None;
        self.commit(draft, env)?;
        Ok(result.into())
    }

    fn report_failure(
        &mut self,
        server: &Authenticated,
        iccid: Option<Iccid>,
        failure: Failure,
        env: &mut Env<'_>,
    ) -> Result<Reply, Status> {
        let mut draft = self.draft();
        let error = ErrorResult {
            bpp_command_id: failure.command,
            error_reason: failure.reason,
            sima_response: failure.sima_response.map(Into::into),
        };
        let result = self.installation_result(&mut draft, server, iccid, FinalResult::ErrorResult(error));
        draft.state.kept_key = None;
        self.commit(draft, env)?;
        Ok(result.into())
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
