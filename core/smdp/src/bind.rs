//! Binding: a profile protected for one eUICC and one session (SGP.22 2.5).

use crate::order::Bound;
use crate::{Env, Identity, Package, Secret};
use alloc::vec::Vec;
use esim_crypto::bsp::{Bsp, BspKeys};
use esim_crypto::{PrivateKey, PublicKey, ecka_with_public};
use esim_rsp::check::{Checks, Rule, Secret as SessionSecret};
use esim_rsp::es8p::{
    ConfigureIsdpRequest, ControlRefTemplate, INSTALL_BOUND_PROFILE_PACKAGE, InitialiseSecureChannelRequest,
    KEY_LENGTH, KEY_TYPE_AES, ReplaceSessionKeysRequest,
};
use esim_rsp::json::Base64;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{Code, Eid, OctetString, Refusal, Signature, TransactionId, tlv};

/// Draws the keys of a new binding.
pub(crate) fn new_binding(
    transaction_id: &TransactionId,
    euicc_certificate: &Base64,
    euicc_otpk: &PublicKeyOctets,
    identity: &Identity,
    env: &mut Env<'_>,
) -> Bound {
    let smdp_otsk = PrivateKey::generate(identity.dp_pb.key.curve(), env.rng);
    let host_id = env.random::<16>();
    let profile_keys = env.config.random_profile_keys.then(|| env.random::<48>());
    Bound {
        transaction_id: transaction_id.clone(),
        euicc_certificate: euicc_certificate.clone(),
        ci_pk_id: Base64(identity.ci_pk_id.clone()),
        euicc_otpk: Base64(euicc_otpk.0.to_vec()),
        smdp_otsk: Secret::new(smdp_otsk.to_bytes().to_vec()),
        host_id: Base64(host_id.to_vec()),
        profile_keys: profile_keys.map(|keys| Secret::new(keys.to_vec())),
    }
}

const ON_THE_CURVE: Rule = Rule::new("SGP.22 5.6.2", "euiccOtpk is a point on the curve of CERT.DPpb.ECDSA");

/// Builds the bound profile package, `BF36 …`. The same arguments give the
/// same octets: a package is sent again by building it again.
///
/// # Errors
/// 8.1/6.1 for a one-time key of the eUICC that is no point of our curve;
/// 8.2/3.7 where the stored keys are damaged.
pub(crate) fn bind(
    bound: &Bound,
    identity: &Identity,
    eid: &Eid,
    metadata: &[u8],
    package: &Package,
    checks: Checks<'_>,
) -> Result<Vec<u8>, Refusal> {
    let signer = &identity.dp_pb.key;
    let damaged = || Refusal::of(Code::ProfileUnavailable).because("The stored binding cannot be used");
    let smdp_otsk = PrivateKey::from_bytes(signer.curve(), bound.smdp_otsk.expose());
    let smdp_otsk = smdp_otsk.map_err(|_| damaged())?;
    let euicc_otpk = PublicKeyOctets(OctetString::from_slice(&bound.euicc_otpk.0));
    let off_curve = "euiccOtpk is not a key on the curve of CERT.DPpb";
    let peer = PublicKey::from_sec1(signer.curve(), &euicc_otpk.0);
    let peer = checks
        .that(&ON_THE_CURVE, || &euicc_otpk.0, peer)
        .map_err(|_| Refusal::of(Code::EuiccVerificationFailed).because(off_curve))?;
    let (secret, smdp_otpk) = ecka_with_public(&smdp_otsk, &peer).map_err(|_| damaged())?;
    let keys = BspKeys::derive(&secret[..], &bound.host_id.0, eid.octets());
    checks.secret(SessionSecret::OneTimeKey, || smdp_otsk.to_bytes());
    checks.secret(SessionSecret::SharedSecret, || &secret[..]);
    keys.tell(checks);

    let channel = open_channel(bound, &smdp_otpk, &euicc_otpk, signer);
    let mut bsp = Bsp::new(keys);
    let configure = esim_rsp::encode(&ConfigureIsdpRequest { dp_proprietary_data: None });
    let first_87 = bsp.encrypt_all(0x87, &configure);
    let all_88 = bsp.mac_only_all(0x88, metadata);
    let second_87 = match &bound.profile_keys {
        Some(keys) => {
            let replace = replace_session_keys(keys).ok_or_else(damaged)?;
            let segments = bsp.encrypt_all(0x87, &esim_rsp::encode(&replace));
            let keys = profile_keys(&replace).ok_or_else(damaged)?;
            keys.tell(checks);
            bsp.replace_keys(keys);
            Some(wrap(0xA2, &segments))
        }
        None => None,
    };
    let all_86 = bsp.encrypt_all(0x86, package.upp.expose());
    Ok(tlv::wrap(
        0xBF36,
        &[
            &esim_rsp::encode(&channel),
            &wrap(0xA0, &first_87),
            &wrap(0xA1, &all_88),
            second_87.as_deref().unwrap_or_default(),
            &wrap(0xA3, &all_86),
        ],
    ))
}

fn wrap(tag: u32, segments: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
    tlv::wrap(tag, &parts)
}

/// `BF23`, signed with SK.DPpb (SGP.22 5.5.1).
fn open_channel(
    bound: &Bound,
    smdp_otpk: &PublicKey,
    euicc_otpk: &PublicKeyOctets,
    signer: &PrivateKey,
) -> InitialiseSecureChannelRequest {
    let mut request = InitialiseSecureChannelRequest {
        remote_op_id: INSTALL_BOUND_PROFILE_PACKAGE,
        transaction_id: bound.transaction_id.clone(),
        control_ref_template: ControlRefTemplate {
            key_type: [KEY_TYPE_AES].into(),
            key_len: [KEY_LENGTH].into(),
            host_id: OctetString::from_slice(&bound.host_id.0),
        },
        smdp_otpk: PublicKeyOctets(OctetString::from_slice(&smdp_otpk.to_sec1())),
        smdp_sign: Signature(OctetString::from_static(&[])),
    };
    let signed = request.signed_octets(euicc_otpk);
    request.smdp_sign = Signature::from(signer.sign(&[&signed]));
    request
}

fn replace_session_keys(keys: &Secret) -> Option<ReplaceSessionKeysRequest> {
    let part = |range| keys.expose().get(range).map(OctetString::from_slice);
    Some(ReplaceSessionKeysRequest {
        initial_mac_chaining_value: part(0..16)?,
        ppk_enc: part(16..32)?,
        ppk_cmac: part(32..48)?,
    })
}

fn profile_keys(replace: &ReplaceSessionKeysRequest) -> Option<BspKeys> {
    let key = |octets: &OctetString| octets[..].try_into().ok();
    let initial = key(&replace.initial_mac_chaining_value)?;
    Some(BspKeys::new(initial, key(&replace.ppk_enc)?, key(&replace.ppk_cmac)?))
}
