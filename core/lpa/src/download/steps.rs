//! What each answer leads to, in the order of SGP.22 3.1.2 and 3.1.3.

use super::answer::{card_data, card_message, http_message, refused, unless_refused};
use super::mutual;
use super::outcome::{Ending, Misbehaviour};
use super::params::DownloadParams;
use super::state::{Advance, Loading, Offered, State, Turn, card};
use crate::code::Code;
use crate::effect::{Effect, Event, HttpCall};
use crate::lui::{Answer, CodeRequest, Consent, Question};
use crate::manage::CardResources;
use crate::policy::{self, Verdict};
use crate::profile::Metadata;
use alloc::boxed::Box;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::common::has_bit;
use esim_rsp::es8p::StoreMetadataRequest;
use esim_rsp::es9p::{
    AuthenticateClientOk, GetBoundProfilePackageOk, GetBoundProfilePackageRequest, SmdpSigned2,
};
use esim_rsp::es10b::{
    EuiccInfo1, EuiccInfo2, GetEuiccChallengeRequest, GetEuiccInfo1Request, GetEuiccInfo2Request,
    GetRatRequest, GetRatResponse, PrepareDownloadResponse,
};
use esim_rsp::es10c::{ProfileInfo, ProfileInfoListRequest, ProfileInfoListResponse};
use esim_rsp::json::Base64;
use esim_rsp::notification::ProfileInstallationResult;
use esim_rsp::{Error, TransactionId, bpp, encode, es10, json_binding, tlv};
use sha2::{Digest, Sha256};

/// `rspCapability` bit testProfileSupport.
const TEST_PROFILE_SUPPORT: usize = 3;
/// Octets of MAC at the end of each segment (SGP.22 2.5.4).
const MAC: usize = 8;

const POLICY: Rule = Rule::new("SGP.22 3.1.3", "the eUICC allows profilePolicyRules of profileMetadata");
const METADATA: Rule = Rule::new("SGP.22 3.1.3.2", "the metadata in the package is what was announced");

pub(super) fn begin() -> Turn {
    (State::ExpectInfo1, card(encode(&GetEuiccInfo1Request {})))
}

pub(super) fn info1(event: Event) -> Advance {
    let (_, raw) = card_message::<EuiccInfo1>(event, es10::Function::GetEuiccInfo1)?;
    Ok((State::ExpectInfo2 { info1: Base64(raw) }, card(encode(&GetEuiccInfo2Request {}))))
}

/// EUICCInfo2 says whether newer device capabilities may be sent, how much
/// memory is free and which policy rules are out of the question.
pub(super) fn info2(info1: Base64, event: Event) -> Advance {
    // An eUICC whose EUICCInfo2 cannot be read is one that gets the oldest form.
    let info2 = Base64(unless_refused(card_data(event, es10::Function::GetEuiccInfo2))?);
    // The challenge comes last: asking again would void it.
    Ok((State::ExpectChallenge { info1, info2 }, card(encode(&GetEuiccChallengeRequest {}))))
}

pub(super) fn challenge(params: &DownloadParams, info1: &Base64, info2: Base64, event: Event) -> Advance {
    let call = params.dialled().initiate(info1, event)?;
    Ok((State::ExpectServerAuthentication { info2 }, Effect::Http(call)))
}

pub(super) fn server_authentication(
    params: &DownloadParams,
    info2: Base64,
    event: Event,
    checks: Checks<'_>,
) -> Advance {
    let server = params.dialled().server(event, checks)?;
    let euicc = esim_rsp::decode::<EuiccInfo2>(&info2.0).ok();
    let request = mutual::authenticate_server(&server, &params.ctx_params1(euicc.as_ref()));
    Ok((State::ExpectEuiccAuthentication { info2, transaction: server.transaction_id }, card(request)))
}

pub(super) fn euicc_authentication(
    params: &DownloadParams,
    info2: Base64,
    transaction: TransactionId,
    event: Event,
) -> Advance {
    let call = params.dialled().client(&transaction, event)?;
    Ok((State::ExpectOffer { info2, transaction }, Effect::Http(call)))
}

pub(super) fn offer(info2: Base64, transaction: TransactionId, event: Event) -> Advance {
    let offer: AuthenticateClientOk = http_message(event, json_binding::Function::AuthenticateClient)?;
    let malformed =
        |error: Error| Ending::malformed(json_binding::Function::AuthenticateClient.name(), error);
    esim_rsp::decode::<StoreMetadataRequest>(&offer.profile_metadata.0).map_err(malformed)?;
    esim_rsp::decode::<SmdpSigned2>(&offer.smdp_signed2.0).map_err(malformed)?;
    let offered = Offered { transaction, info2, offer };
    Ok((State::ExpectRat(offered), card(encode(&GetRatRequest {}))))
}

pub(super) fn rat(offered: Offered, event: Event) -> Advance {
    // A card without the function has an empty table: it allows no policy rules.
    let rat = Base64(unless_refused(card_data(event, es10::Function::GetRat))?);
    let request = card(encode(&ProfileInfoListRequest::default()));
    Ok((State::ExpectProfiles { offered, rat }, request))
}

pub(super) fn profiles(
    params: &DownloadParams,
    offered: Offered,
    rat: &Base64,
    event: Event,
    checks: Checks<'_>,
) -> Advance {
    let installed = installed(&unless_refused(card_data(event, es10::Function::GetProfilesInfo))?);
    let metadata = metadata(&offered)?;
    let rat = esim_rsp::decode::<GetRatResponse>(&rat.0).map_or_else(|_| Vec::new(), |response| response.rat);
    let euicc = esim_rsp::decode::<EuiccInfo2>(&offered.info2.0).ok();
    let forbidden = euicc.as_ref().and_then(|info| info.forbidden_profile_policy_rules.as_ref());
    let judged = match policy::judge(&metadata, &rat, forbidden, &installed) {
        Verdict::Allowed { strong } => Ok(strong),
        Verdict::Forbidden(why) => Err(Box::new(Ending::PolicyForbids { why })),
    };
    let strong = checks.that(&POLICY, || &offered.offer.profile_metadata.0, judged)?;
    if params.auto_consent && !strong {
        return agreed(params, offered);
    }
    let takes_test_profiles =
        euicc.as_ref().is_none_or(|info| has_bit(&info.rsp_capability, TEST_PROFILE_SUPPORT));
    let question = Question::Consent(Box::new(Consent {
        smdp_address: params.smdp_address.clone(),
        profile: Metadata::from(&metadata),
        strong,
        free_memory: euicc.and_then(|info| CardResources::read(&info.ext_card_resource).free_non_volatile),
        already_installed: installed.iter().any(|other| other.iccid == Some(metadata.iccid)),
        estimated_size: estimated_size(&offered.offer.profile_metadata.0),
        takes_test_profiles,
    }));
    Ok((State::ExpectConsent(offered), Effect::Ask(question)))
}

/// estimatedProfileSize, which servers of version 3 add to the metadata.
fn estimated_size(metadata: &[u8]) -> Option<u32> {
    const ESTIMATED_PROFILE_SIZE: u32 = 0x9F21;
    let whole = tlv::read_only(metadata).ok()?;
    let size = tlv::find(metadata, &whole, ESTIMATED_PROFILE_SIZE).ok()??;
    let octets = metadata.get(size.value)?;
    // An INTEGER: a first octet of zeros keeps it positive.
    let octets = octets.strip_prefix(&[0]).unwrap_or(octets);
    (octets.len() <= 4).then(|| octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
}

fn installed(response: &[u8]) -> Vec<ProfileInfo> {
    match esim_rsp::decode(response) {
        Ok(ProfileInfoListResponse::ProfileInfoListOk(profiles)) => profiles,
        _ => Vec::new(),
    }
}

pub(super) fn consent(params: &DownloadParams, offered: Offered, event: &Event) -> Advance {
    match event {
        Event::Answer(Answer::Accept) => agreed(params, offered),
        Event::Answer(other) => Err(Box::new(Ending::declined(other))),
        _ => Err(Box::new(Ending::declined(&Answer::Timeout))),
    }
}

/// The user wants the profile; the operator may want a confirmation code.
fn agreed(params: &DownloadParams, offered: Offered) -> Advance {
    if params.confirmation_code.is_some() || !code_required(&offered)? {
        return prepare(offered, params.confirmation_code.as_deref());
    }
    let metadata = metadata(&offered)?;
    let question = Question::ConfirmationCode(CodeRequest {
        service_provider_name: metadata.service_provider_name,
        profile_name: metadata.profile_name,
    });
    Ok((State::ExpectConfirmationCode(offered), Effect::Ask(question)))
}

pub(super) fn confirmation_code(offered: Offered, event: &Event) -> Advance {
    match event {
        Event::Answer(Answer::ConfirmationCode(code)) => prepare(offered, Some(code)),
        Event::Answer(other) => Err(Box::new(Ending::declined(other))),
        _ => Err(Box::new(Ending::declined(&Answer::Timeout))),
    }
}

fn prepare(offered: Offered, confirmation_code: Option<&str>) -> Advance {
    let code = confirmation_code.filter(|_| code_required(&offered).unwrap_or(false));
    let hash = code.map(|code| tlv::wrap(0x04, &[&hash_cc(code, &offered.transaction)])).unwrap_or_default();
    let offer = &offered.offer;
    let request = tlv::wrap(
        es10::Function::PrepareDownload.tag(),
        &[&offer.smdp_signed2.0, &offer.smdp_signature2.0, &hash, &offer.smdp_certificate.0],
    );
    Ok((State::ExpectPrepared(offered), card(request)))
}

/// SHA-256(SHA-256(confirmation code) ‖ transactionId) (SGP.22 5.7.5).
fn hash_cc(code: &str, transaction: &TransactionId) -> [u8; 32] {
    let inner = Sha256::digest(code.trim().as_bytes());
    Sha256::new().chain_update(inner).chain_update(&transaction.0).finalize().into()
}

pub(super) fn prepared(params: &DownloadParams, offered: Offered, event: Event) -> Advance {
    let (response, raw) = card_message::<PrepareDownloadResponse>(event, es10::Function::PrepareDownload)?;
    if let PrepareDownloadResponse::DownloadResponseError(error) = response {
        let code = error.download_error_code;
        return Err(refused(es10::Function::PrepareDownload, Code::new(code.0, code.name())));
    }
    let request = GetBoundProfilePackageRequest {
        transaction_id: offered.transaction.clone(),
        prepare_download_response: Base64(raw),
    };
    let call = HttpCall::es9(&params.smdp_address, &request);
    Ok((State::ExpectPackage(offered), Effect::Http(call)))
}

pub(super) fn package(offered: &Offered, event: Event, checks: Checks<'_>) -> Advance {
    let bound: GetBoundProfilePackageOk =
        http_message(event, json_binding::Function::GetBoundProfilePackage)?;
    let package = bound.bound_profile_package;
    // The package came whole and is no package: for both sides that is a failure to load it.
    let malformed = |error: Error| Ending::malformed(es10::Function::LoadBoundProfilePackage.name(), error);
    let segments = bpp::segments(&package.0).map_err(malformed)?;
    let announced = &offered.offer.profile_metadata.0;
    let stored = stored_metadata(&segments);
    if !checks.that(&METADATA, || &stored, same_metadata(announced, &stored)) {
        return Err(Box::new(Ending::Misbehaved(Misbehaviour::MetadataMismatch)));
    }
    let loading = Loading {
        transaction: offered.transaction.clone(),
        metadata: offered.offer.profile_metadata.clone(),
        cuts: cuts(&segments),
        package,
        at: 0,
    };
    feed(loading, 0)
}

/// Where each segment starts; they follow each other without gaps.
fn cuts(segments: &[&[u8]]) -> Vec<u32> {
    let ends = segments.iter().scan(0usize, |end, segment| {
        *end += segment.len();
        Some(u32::try_from(*end).unwrap_or(u32::MAX))
    });
    core::iter::once(0).chain(ends).collect()
}

/// StoreMetadata as the package has it: the 88 segments are not encrypted.
fn stored_metadata(segments: &[&[u8]]) -> Vec<u8> {
    let mut stored = Vec::new();
    for segment in segments.iter().filter(|segment| segment.first() == Some(&0x88)) {
        let content = tlv::read_only(segment).ok().and_then(|tlv| segment.get(tlv.value));
        let content = content.unwrap_or_default();
        stored.extend_from_slice(&content[..content.len().saturating_sub(MAC)]);
    }
    stored
}

/// Octets may differ where their meaning does not: the user was shown the meaning.
fn same_metadata(announced: &[u8], stored: &[u8]) -> bool {
    let read = |octets: &[u8]| esim_rsp::decode::<StoreMetadataRequest>(octets).ok();
    announced == stored || read(announced).zip(read(stored)).is_some_and(|(a, b)| a == b)
}

/// Gives segment `at` to the card.
fn feed(mut loading: Loading, at: usize) -> Advance {
    let Some(segment) = loading.segment(at) else {
        return Err(Box::new(Ending::Misbehaved(Misbehaviour::NoResult)));
    };
    let effect = card(segment.to_vec());
    loading.at = at;
    Ok((State::ExpectLoaded(loading), effect))
}

/// Nothing, until the last segment or the first failure: then the result, and
/// no segment after it, or the card's complaint would hide the cause.
pub(super) fn loaded(loading: Loading, event: Event) -> Advance {
    let data = card_data(event, es10::Function::LoadBoundProfilePackage)?;
    if data.is_empty() {
        let next = loading.at + 1;
        return feed(loading, next);
    }
    let result: Result<ProfileInstallationResult, Error> = esim_rsp::decode(&data);
    Err(Box::new(match result {
        Ok(result) => Ending::of_result(&result),
        Err(error) => Ending::malformed(es10::Function::LoadBoundProfilePackage.name(), error),
    }))
}

fn metadata(offered: &Offered) -> Result<StoreMetadataRequest, Box<Ending>> {
    let metadata = esim_rsp::decode(&offered.offer.profile_metadata.0);
    metadata.map_err(|error| {
        Box::new(Ending::malformed(json_binding::Function::AuthenticateClient.name(), error))
    })
}

fn code_required(offered: &Offered) -> Result<bool, Box<Ending>> {
    let signed: Result<SmdpSigned2, Error> = esim_rsp::decode(&offered.offer.smdp_signed2.0);
    let signed = signed
        .map_err(|error| Ending::malformed(json_binding::Function::AuthenticateClient.name(), error))?;
    Ok(signed.cc_required_flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_confirmation_code_is_hashed_with_the_transaction() {
        let transaction: TransactionId = "000102030405060708090A0B0C0D0E0F".parse().unwrap();
        let hash = "ab311c0527db635c7bac464efc070d69afecbba55a894064b394c56165610ec0";
        assert_eq!(hex::encode(hash_cc("12345678", &transaction)), hash);
    }
}
