//! ES10c: local profile management (SGP.22 5.7.15 to 5.7.21).

use super::session::Session;
use super::{Call, Isdr, Reply, Switched, decode};
use crate::apdu::Status;
use crate::draft::Draft;
use crate::env::Env;
use crate::state::{Profile, State, Switch};
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::common::{NotificationEvent, has_bit};
use esim_rsp::es8p::{ConfigureIsdpRequest, ProfileClass, StoreMetadataRequest};
use esim_rsp::es10c::*;
use esim_rsp::{OctetString, tlv};

/// Longest nickname, in octets (SGP.22 5.7.21).
const MAX_NICKNAME: usize = 64;

/// Tags given when the request names none (SGP.22 5.7.15).
const DEFAULT_TAGS: [u32; 9] = [0x5A, 0x4F, 0x9F70, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95];

/// What is verified before the state of a profile changes.
struct Rules {
    known: Rule,
    state: Rule,
    policy: Rule,
    not_busy: Rule,
}

macro_rules! rules {
    ($clause:literal, $what:literal) => {
        Rules {
            known: Rule::new($clause, concat!("profileIdentifier is that of the profile ", $what)),
            state: Rule::new($clause, concat!("the profile ", $what, " is in the other state")),
            policy: Rule::new($clause, concat!("no policy rule forbids ", $what, " the profile")),
            not_busy: Rule::new($clause, concat!("the card is not busy, with a profile ", $what)),
        }
    };
}

const TAGS: Rule = Rule::new("SGP.22 5.7.15", "tagList has whole tags");
const ENABLE: Rules = rules!("SGP.22 5.7.16", "to enable");
const DISABLE: Rules = rules!("SGP.22 5.7.17", "to disable");
const DELETE: Rules = rules!("SGP.22 5.7.18", "to delete");
const SUSPENDED: Rule = Rule::new(
    "SGP.22 5.7.16",
    "of others, a test profile gives way to the one alone whose place it has taken",
);
const RESET_NOT_BUSY: Rule = Rule::new("SGP.22 5.7.19", "the card is not busy, as the memory is to be reset");
const RESET: Rule = Rule::new("SGP.22 5.7.19", "resetOptions name something that is there");
const EID: Rule = Rule::new("SGP.22 5.7.20", "tagList asks for the EID");
const NICKNAME_OF: Rule = Rule::new("SGP.22 5.7.21", "iccid is that of the profile to name");
const NICKNAME: Rule = Rule::new("SGP.22 5.7.21", "profileNickname has 64 octets at most");

impl Isdr {
    pub(super) fn get_profiles_info(&self, chain: &[u8], env: &Env<'_>) -> Result<Reply, Status> {
        let request: ProfileInfoListRequest = decode(chain)?;
        let tags = match &request.tag_list {
            Some(list) => env.checks.that(&TAGS, || list, read_tags(list)),
            None => Some(DEFAULT_TAGS.to_vec()),
        };
        let Some(tags) = tags else {
            // incorrectInputValues
            return Ok(Reply::of(&ProfileInfoListResponse::ProfileInfoListError(1)));
        };
        let mut list = Vec::new();
        for profile in &self.state.profiles {
            let Ok(metadata) = profile.metadata() else { continue };
            let wanted = match &request.search_criteria {
                // A provisioning profile shows only to who asks for it (SGP.22 2.4.5.2).
                None => metadata.profile_class != ProfileClass::provisioning,
                Some(SearchCriteria::Iccid(iccid)) => *iccid == metadata.iccid,
                Some(SearchCriteria::IsdpAid(aid)) => aid[..] == profile.aid(),
                Some(SearchCriteria::ProfileClass(class)) => *class == metadata.profile_class,
            };
            if wanted {
                list.push(profile_info(profile, metadata, &tags));
            }
        }
        Ok(Reply::of(&ProfileInfoListResponse::ProfileInfoListOk(list)))
    }

    pub(super) fn enable_profile(&mut self, call: &Call<'_>, env: &mut Env<'_>) -> Result<Reply, Status> {
        let request: EnableProfileRequest = decode(call.chain)?;
        let respond = |enable_result| Reply::of(&EnableProfileResponse { enable_result });
        match self.may_enable(&request.profile_identifier, call.is_toolkit_busy, env.checks) {
            Ok(number) => {
                let switched = self.begin_switch(Switch::Enable(number), request.refresh_flag, env)?;
                Ok(respond(EnableResult::ok).and(switched))
            }
            Err(result) => Ok(respond(result)),
        }
    }

    fn may_enable(
        &self,
        identifier: &ProfileIdentifier,
        is_toolkit_busy: bool,
        checks: Checks<'_>,
    ) -> Result<u16, EnableResult> {
        let input = || octets_of(identifier);
        let profile = checks.that(&ENABLE.known, input, self.find(identifier));
        let profile = profile.ok_or(EnableResult::iccidOrAidNotFound)?;
        if !checks.that(&ENABLE.state, input, !profile.enabled) {
            return Err(EnableResult::profileNotInDisabledState);
        }
        if !checks.that(&ENABLE.not_busy, input, !self.is_cat_busy(is_toolkit_busy)) {
            return Err(EnableResult::catBusy);
        }
        // A test profile suspends the enabled one, whatever its rules; only that one takes its
        // place again (SGP.22 2.4.5.3, 5.7.16).
        let Some(enabled) = self.state.enabled().filter(|_| !is_test(profile)) else {
            return Ok(profile.number);
        };
        let gives_way = !is_test(enabled) || self.state.suspended.is_none_or(|it| it == profile.number);
        if !checks.that(&SUSPENDED, input, gives_way) {
            return Err(EnableResult::wrongProfileReenabling);
        }
        let allowed = checks.that(&ENABLE.policy, || &enabled.metadata, !has_ppr1(enabled));
        if allowed { Ok(profile.number) } else { Err(EnableResult::disallowedByPolicy) }
    }

    pub(super) fn disable_profile(&mut self, call: &Call<'_>, env: &mut Env<'_>) -> Result<Reply, Status> {
        let request: DisableProfileRequest = decode(call.chain)?;
        let respond = |disable_result| Reply::of(&DisableProfileResponse { disable_result });
        match self.may_disable(&request.profile_identifier, call.is_toolkit_busy, env.checks) {
            Ok(number) => {
                let switched = self.begin_switch(Switch::Disable(number), request.refresh_flag, env)?;
                Ok(respond(DisableResult::ok).and(switched))
            }
            Err(result) => Ok(respond(result)),
        }
    }

    fn may_disable(
        &self,
        identifier: &ProfileIdentifier,
        is_toolkit_busy: bool,
        checks: Checks<'_>,
    ) -> Result<u16, DisableResult> {
        let input = || octets_of(identifier);
        let profile = checks.that(&DISABLE.known, input, self.find(identifier));
        let profile = profile.ok_or(DisableResult::iccidOrAidNotFound)?;
        if !checks.that(&DISABLE.state, input, profile.enabled) {
            return Err(DisableResult::profileNotInEnabledState);
        }
        if !checks.that(&DISABLE.policy, || &profile.metadata, !has_ppr1(profile)) {
            return Err(DisableResult::disallowedByPolicy);
        }
        if !checks.that(&DISABLE.not_busy, input, !self.is_cat_busy(is_toolkit_busy)) {
            return Err(DisableResult::catBusy);
        }
        Ok(profile.number)
    }

    /// A proactive command is outstanding, or a switch waits for the terminal.
    fn is_cat_busy(&self, is_toolkit_busy: bool) -> bool {
        is_toolkit_busy || self.state.pending.is_some()
    }

    /// With the refresh flag the switch takes effect when the terminal has
    /// carried out REFRESH or resets the card; without it, at once (SGP.22 5.7.16).
    fn begin_switch(&mut self, switch: Switch, refresh: bool, env: &mut Env<'_>) -> Result<Switched, Status> {
        let mut draft = self.draft();
        if refresh {
            draft.state.pending = Some(switch);
            self.commit(draft, env)?;
            return Ok(Switched::OnRefresh);
        }
        self.switch(&mut draft, switch);
        self.commit(draft, env)?;
        self.session = Session::Idle;
        Ok(Switched::AtOnce)
    }

    /// Carries a switch out on a draft, notifications included.
    pub(super) fn switch(&self, draft: &mut Draft, switch: Switch) {
        let leaving = draft.state.enabled().map(|profile| (profile.number, is_test(profile)));
        if let Some((number, _)) = leaving {
            self.set_enabled(draft, number, false);
        }
        let coming = match switch {
            Switch::Enable(number) => Some(number),
            Switch::Disable(_) => self.returning(&draft.state),
        };
        let is_test = |number| draft.state.profiles.iter().any(|it| it.number == number && is_test(it));
        draft.state.suspended = match leaving {
            _ if !coming.is_some_and(is_test) => None,
            Some((number, false)) => Some(number),
            _ => draft.state.suspended,
        };
        if let Some(number) = coming {
            self.set_enabled(draft, number, true);
        }
    }

    /// The profile that comes back when no test profile is in its place any
    /// longer: one that may not be disabled is not disabled by a detour either.
    fn returning(&self, state: &State) -> Option<u16> {
        let suspended = state.profiles.iter().find(|it| Some(it.number) == state.suspended)?;
        has_ppr1(suspended).then_some(suspended.number)
    }

    fn set_enabled(&self, draft: &mut Draft, number: u16, enabled: bool) {
        let Some(profile) = draft.profile_mut(number) else { return };
        profile.enabled = enabled;
        let Ok(metadata) = profile.metadata() else { return };
        let identity = self.identity_of(profile);
        let event = if enabled { NotificationEvent::Enable } else { NotificationEvent::Disable };
        self.notify(draft, &metadata, event, identity);
    }

    pub(super) fn delete_profile(&mut self, chain: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        let DeleteProfileRequest(identifier) = decode(chain)?;
        let delete_result = match self.may_delete(&identifier, env.checks) {
            Ok(number) => {
                let mut draft = self.draft();
                self.delete(&mut draft, number);
                self.commit(draft, env)?;
                DeleteResult::ok
            }
            Err(result) => result,
        };
        Ok(Reply::of(&DeleteProfileResponse { delete_result }))
    }

    fn may_delete(&self, identifier: &ProfileIdentifier, checks: Checks<'_>) -> Result<u16, DeleteResult> {
        let input = || octets_of(identifier);
        let profile = checks.that(&DELETE.known, input, self.find(identifier));
        let profile = profile.ok_or(DeleteResult::iccidOrAidNotFound)?;
        let about_to_be_enabled = self.state.pending == Some(Switch::Enable(profile.number));
        if !checks.that(&DELETE.state, input, !profile.enabled && !about_to_be_enabled) {
            return Err(DeleteResult::profileNotInDisabledState);
        }
        if !checks.that(&DELETE.policy, || &profile.metadata, !has_ppr2(profile)) {
            return Err(DeleteResult::disallowedByPolicy);
        }
        Ok(profile.number)
    }

    fn delete(&self, draft: &mut Draft, number: u16) {
        let profile = draft.profile_mut(number).cloned();
        draft.remove_profile(number);
        let Some(profile) = profile else { return };
        if let Ok(metadata) = profile.metadata() {
            self.notify(draft, &metadata, NotificationEvent::Delete, self.identity_of(&profile));
        }
    }

    /// Index of the identity under whose CI a profile was installed.
    fn identity_of(&self, profile: &Profile) -> usize {
        self.identities.iter().position(|own| own.ci_key_id == profile.ci_key_id).unwrap_or_default()
    }

    /// ES10c.eUICCMemoryReset (SGP.22 5.7.19): policy rules do not hold against it.
    pub(super) fn euicc_memory_reset(&mut self, call: &Call<'_>, env: &mut Env<'_>) -> Result<Reply, Status> {
        let request: EuiccMemoryResetRequest = decode(call.chain)?;
        let respond = |reset_result| Reply::of(&EuiccMemoryResetResponse { reset_result });
        let is_free = !self.is_cat_busy(call.is_toolkit_busy);
        if !env.checks.that(&RESET_NOT_BUSY, || call.chain, is_free) {
            return Ok(respond(ResetResult::catBusy));
        }
        let options = &request.reset_options;
        let applies = |metadata: StoreMetadataRequest| match metadata.profile_class {
            ProfileClass::operational => has_bit(options, 0),
            ProfileClass::test => has_bit(options, 1),
            _ => false,
        };
        let condemned = self.state.profiles.iter().filter(|it| it.metadata().is_ok_and(applies));
        let condemned: Vec<_> = condemned.map(|profile| (profile.number, profile.enabled)).collect();
        let reset_address = has_bit(options, 2) && !self.state.default_dp_address.is_empty();
        let is_any = !condemned.is_empty() || reset_address;
        if !env.checks.that(&RESET, || call.chain, is_any) {
            return Ok(respond(ResetResult::nothingToDelete));
        }
        let mut draft = self.draft();
        let enabled_goes = condemned.iter().any(|(_, enabled)| *enabled);
        for (number, _) in &condemned {
            self.delete(&mut draft, *number);
        }
        if let Some(number) = self.returning(&draft.state).filter(|_| enabled_goes) {
            self.set_enabled(&mut draft, number, true);
            draft.state.suspended = None;
        }
        if reset_address {
            draft.state.default_dp_address.clear();
        }
        self.commit(draft, env)?;
        if !enabled_goes {
            return Ok(respond(ResetResult::ok));
        }
        self.session = Session::Idle;
        Ok(respond(ResetResult::ok).and(Switched::AtOnceWithRefresh))
    }

    pub(super) fn get_eid(&self, chain: &[u8], env: &Env<'_>) -> Result<Reply, Status> {
        let request: GetEuiccDataRequest = decode(chain)?;
        let tags = &request.tag_list;
        if !env.checks.that(&EID, || tags, tags[..] == [0x5A]) {
            return Err(Status::INCORRECT_DATA);
        }
        Ok(Reply::of(&GetEuiccDataResponse { eid_value: (*self.eid.octets()).into() }))
    }

    /// There is no LPA in this eUICC.
    pub(super) fn lpae_activation(chain: &[u8]) -> Result<Reply, Status> {
        decode::<LpaeActivationRequest>(chain)?;
        // notSupported
        Ok(Reply::of(&LpaeActivationResponse { lpae_activation_result: 1 }))
    }

    pub(super) fn set_nickname(&mut self, chain: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        let request: SetNicknameRequest = decode(chain)?;
        let (iccid, nickname) = (request.iccid, request.profile_nickname);
        let respond = |set_nickname_result| Ok(Reply::of(&SetNicknameResponse { set_nickname_result }));
        let number = self.state.by_iccid(&iccid).map(|profile| profile.number);
        let Some(number) = env.checks.that(&NICKNAME_OF, || iccid.octets(), number) else {
            return respond(SetNicknameResult::iccidNotFound);
        };
        if !env.checks.that(&NICKNAME, || &nickname, nickname.len() <= MAX_NICKNAME) {
            return respond(SetNicknameResult::undefinedError);
        }
        let mut draft = self.draft();
        if let Some(profile) = draft.profile_mut(number) {
            profile.nickname = nickname;
        }
        self.commit(draft, env)?;
        respond(SetNicknameResult::ok)
    }

    fn find(&self, identifier: &ProfileIdentifier) -> Option<&Profile> {
        match identifier {
            ProfileIdentifier::Iccid(iccid) => self.state.by_iccid(iccid),
            ProfileIdentifier::IsdpAid(aid) => {
                self.state.profiles.iter().find(|profile| profile.aid()[..] == aid[..])
            }
        }
    }
}

fn octets_of(identifier: &ProfileIdentifier) -> Vec<u8> {
    match identifier {
        ProfileIdentifier::Iccid(iccid) => iccid.octets().to_vec(),
        ProfileIdentifier::IsdpAid(aid) => aid.to_vec(),
    }
}

fn is_test(profile: &Profile) -> bool {
    profile.metadata().is_ok_and(|metadata| metadata.profile_class == ProfileClass::test)
}

fn has_ppr1(profile: &Profile) -> bool {
    rules(profile).is_some_and(|rules| rules.ppr1())
}

fn has_ppr2(profile: &Profile) -> bool {
    rules(profile).is_some_and(|rules| rules.ppr2())
}

fn rules(profile: &Profile) -> Option<esim_rsp::common::PprIds> {
    profile.metadata().ok()?.profile_policy_rules
}

/// The fields of a profile that were asked for.
fn profile_info(profile: &Profile, metadata: StoreMetadataRequest, tags: &[u32]) -> ProfileInfo {
    let wants = |tag| tags.contains(&tag);
    let state = if profile.enabled { ProfileState::enabled } else { ProfileState::disabled };
    let configured =
        esim_rsp::decode::<ConfigureIsdpRequest>(&tlv::wrap(0xBF24, &[&profile.dp_proprietary_data]));
    ProfileInfo {
        iccid: wants(0x5A).then_some(metadata.iccid),
        isdp_aid: wants(0x4F).then(|| OctetString::from_slice(&profile.aid())),
        profile_state: wants(0x9F70).then_some(state),
        profile_nickname: (wants(0x90) && !profile.nickname.is_empty()).then(|| profile.nickname.clone()),
        service_provider_name: wants(0x91).then_some(metadata.service_provider_name),
        profile_name: wants(0x92).then_some(metadata.profile_name),
        icon_type: metadata.icon_type.filter(|_| wants(0x93)),
        icon: metadata.icon.filter(|_| wants(0x94)),
        profile_class: wants(0x95).then_some(metadata.profile_class),
        notification_configuration_info: metadata.notification_configuration_info.filter(|_| wants(0xB6)),
        profile_owner: metadata.profile_owner.filter(|_| wants(0xB7)),
        dp_proprietary_data: configured.ok().and_then(|it| it.dp_proprietary_data).filter(|_| wants(0xB8)),
        profile_policy_rules: metadata.profile_policy_rules.filter(|_| wants(0x99)),
    }
}

/// A tag list: tags of one or two octets, one after the other.
fn read_tags(list: &[u8]) -> Option<Vec<u32>> {
    let mut tags = Vec::new();
    let mut octets = list.iter().copied();
    while let Some(first) = octets.next() {
        let mut tag = u32::from(first);
        if first & 0x1F == 0x1F {
            tag = tag << 8 | u32::from(octets.next()?);
        }
        tags.push(tag);
    }
    Some(tags)
}
