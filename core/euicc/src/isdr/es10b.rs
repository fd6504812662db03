//! ES10b: mutual authentication and download preparation (SGP.22 5.7.5 to
//! 5.7.8, 5.7.13, 5.7.14). Every check of the standard is made, in its order.

use super::session::{Authenticated, Prepared, Session};
use super::{Isdr, Reply, decode};
use crate::apdu::Status;
use crate::env::Env;
use crate::state::KeptKey;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::pki::{Certificate, ChainReason, Role, verify_server_of_role, verify_server_with};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::check::{Checks, Rule, Secret};
use esim_rsp::common::{Version, bit_string};
use esim_rsp::es10b::*;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{CertificateDer, ObjectIdentifier, OctetString, Signature, Signed, tlv};

/// What works here and not only installs: usimSupport, isimSupport, csimSupport
/// (its files; there is no CAVE), akaMilenage, akaTuak128, akaTuak256,
/// usimTestAlgorithm, multipleUsimSupport, multipleIsimSupport,
/// berTlvFileSupport, getIdentity, profile-a-x25519, profile-b-p256. Applets
/// are stored and not run, so javacard is not claimed.
const UICC_CAPABILITY: [usize; 13] = [1, 2, 3, 4, 6, 7, 8, 16, 17, 19, 22, 23, 24];

mod server {
    //! Checks of AuthenticateServer.
    use super::Rule;

    const CLAUSE: &str = "SGP.22 5.7.13";
    pub const CONTEXT: Rule = Rule::new(CLAUSE, "a euiccChallenge has been given out");
    pub const CI: Rule = Rule::new(CLAUSE, "euiccCiPKIdToBeUsed is that of a CI above this eUICC");
    pub const READ: Rule =
        Rule::new(CLAUSE, "serverCertificate is an X.509 certificate with a key on a known curve");
    pub const ROLE: Rule = Rule::new(CLAUSE, "serverCertificate is a CERT.DPauth.ECDSA or CERT.DSauth.ECDSA");
    pub const SIGNATURE: Rule =
        Rule::new(CLAUSE, "serverSignature1 verifies with the key of serverCertificate");
    pub const CHALLENGE: Rule = Rule::new(CLAUSE, "euiccChallenge in serverSigned1 is the one given out");
    pub const OID: Rule = Rule::new(CLAUSE, "subjectAltName of serverCertificate has the server's OID");
}

mod smdp {
    //! Checks of PrepareDownload.
    use super::Rule;

    const CLAUSE: &str = "SGP.22 5.7.5";
    pub const CONTEXT: Rule = Rule::new(CLAUSE, "the server of the session is authentic");
    pub const SMDP: Rule = Rule::new(CLAUSE, "the server of the session is an SM-DP+");
    pub const CI: Rule = Rule::new(CLAUSE, "CERT.DPpb.ECDSA is of the same CI as CERT.DPauth.ECDSA");
    pub const OID: Rule = Rule::new(CLAUSE, "the OID in CERT.DPpb.ECDSA is that in CERT.DPauth.ECDSA");
    pub const SIGNATURE: Rule = Rule::new(CLAUSE, "smdpSignature2 verifies with PK.DPpb.ECDSA");
    pub const TRANSACTION: Rule = Rule::new(CLAUSE, "transactionId in smdpSigned2 is the session's");
    pub const HASH_CC: Rule =
        Rule::new(CLAUSE, "hashCc is there if ccRequiredFlag asks for it, and only then");
}

const CANCELLED: Rule = Rule::new("SGP.22 5.7.14", "transactionId to cancel is the session's");

impl Isdr {
    pub(super) fn get_euicc_info1(&self, chain: &[u8]) -> Result<Reply, Status> {
        decode::<GetEuiccInfo1Request>(chain)?;
        Ok(Reply::of(&EuiccInfo1 {
            svn: Version::svn(),
            euicc_ci_pk_id_list_for_verification: self.verification_ids(),
            euicc_ci_pk_id_list_for_signing: self.signing_ids(),
        }))
    }

    pub(super) fn get_euicc_info2(&self, chain: &[u8]) -> Result<Reply, Status> {
        decode::<GetEuiccInfo2Request>(chain)?;
        Ok(Reply::of(&self.euicc_info2()))
    }

    fn euicc_info2(&self) -> EuiccInfo2 {
        EuiccInfo2 {
            profile_version: Version::new(2, 3, 1),
            svn: Version::svn(),
            euicc_firmware_ver: self.personal.firmware_version(),
            ext_card_resource: self.ext_card_resource().into(),
            uicc_capability: bit_string(&UICC_CAPABILITY),
            ts102241_version: None,
            globalplatform_version: None,
            // additionalProfile, loadCrlSupport, testProfileSupport, deviceInfoExtensibilitySupport
            rsp_capability: bit_string(&[0, 1, 3, 4]),
            euicc_ci_pk_id_list_for_verification: self.verification_ids(),
            euicc_ci_pk_id_list_for_signing: self.signing_ids(),
            euicc_category: Some(1),
            forbidden_profile_policy_rules: None,
            pp_version: Version::new(1, 0, 0),
            sas_acreditation_number: self.personal.sas_accreditation.clone(),
            certification_data_object: None,
        }
    }

    /// TS 102 226 8.2.1.7.2: applications, free non-volatile and volatile octets.
    fn ext_card_resource(&self) -> Vec<u8> {
        let applications = [self.state.profiles.len().min(255) as u8];
        let mut data = tlv::wrap(0x81, &[&applications]);
        data.extend(tlv::wrap(0x82, &[&self.free_memory().to_be_bytes()]));
        data.extend(tlv::wrap(0x83, &[&[0x40, 0x00]]));
        data
    }

    pub(super) fn free_memory(&self) -> u32 {
        self.personal.memory.saturating_sub(self.state.used())
    }

    fn verification_ids(&self) -> Vec<OctetString> {
        self.verification.iter().map(|ci| OctetString::from_slice(&ci.key_id)).collect()
    }

    fn signing_ids(&self) -> Vec<OctetString> {
        self.identities.iter().map(|own| OctetString::from_slice(&own.ci_key_id)).collect()
    }

    pub(super) fn get_euicc_challenge(&mut self, chain: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        decode::<GetEuiccChallengeRequest>(chain)?;
        let mut challenge = [0; 16];
        env.rng.fill_bytes(&mut challenge);
        self.session = Session::AwaitAuthenticateServer(challenge);
        Ok(Reply::of(&GetEuiccChallengeResponse { euicc_challenge: challenge.into() }))
    }

    /// ES10b.AuthenticateServer (SGP.22 5.7.13).
    pub(super) fn authenticate_server(&mut self, chain: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        let request: AuthenticateServerRequest = decode(chain)?;
        let transaction_id = request.server_signed1.transaction_id.clone();
        // Whatever comes of it, the challenge is used up.
        let session = core::mem::take(&mut self.session);
        Ok(Reply::of(&match self.authenticate(&request, session, env) {
            Ok((ok, authenticated)) => {
                self.session = Session::AwaitPrepareDownload(Box::new(authenticated));
                AuthenticateServerResponse::AuthenticateResponseOk(ok)
            }
            Err(authenticate_error_code) => {
                AuthenticateServerResponse::AuthenticateResponseError(AuthenticateResponseError {
                    transaction_id,
                    authenticate_error_code,
                })
            }
        }))
    }

    fn authenticate(
        &self,
        request: &AuthenticateServerRequest,
        session: Session,
        env: &Env<'_>,
    ) -> Result<(AuthenticateResponseOk, Authenticated), AuthenticateErrorCode> {
        let (checks, signed) = (env.checks, &request.server_signed1);
        let challenge = match session {
            Session::AwaitAuthenticateServer(challenge) => Some(challenge),
            _ => None,
        };
        let challenge = checks.that(&server::CONTEXT, || *signed.euicc_challenge, challenge);
        let challenge = challenge.ok_or(AuthenticateErrorCode::noSessionContext)?;
        let wanted = &request.euicc_ci_pk_id_to_be_used;
        let identity = self.identities.iter().position(|own| own.ci_key_id[..] == wanted[..]);
        let identity = checks.that(&server::CI, || wanted, identity);
        let identity = identity.ok_or(AuthenticateErrorCode::ciPKUnknown)?;
        let (certificate, server_ci, role) = self.check_server(&request.server_certificate, env)?;
        let key = certificate.public_key();
        let verified = key.verify(&[signed.raw()], &request.server_signature1.0);
        checks
            .with_key(&server::SIGNATURE, || key.to_sec1(), || signed.raw(), verified)
            .map_err(|_| AuthenticateErrorCode::invalidSignature)?;
        let is_ours = *signed.euicc_challenge == challenge;
        if !checks.that(&server::CHALLENGE, || *signed.euicc_challenge, is_ours) {
            return Err(AuthenticateErrorCode::euiccChallengeMismatch);
        }
        let server_oid = checks.that(&server::OID, || certificate.raw(), server_oid(&certificate));
        let server_oid = server_oid.ok_or(AuthenticateErrorCode::invalidCertificate)?;
        let own = &self.identities[identity];
        let euicc_signed1 = Signed::new(EuiccSigned1 {
            transaction_id: signed.transaction_id.clone(),
            server_address: signed.server_address.clone(),
            server_challenge: signed.server_challenge,
            euicc_info2: self.euicc_info2(),
            ctx_params1: request.ctx_params1.clone(),
        });
        let euicc_signature1 = Signature::from(own.key.sign(&[euicc_signed1.raw()]));
        let authenticated = Authenticated {
            transaction_id: signed.transaction_id.clone(),
            server_address: signed.server_address.clone(),
            server_oid,
            server_is_smdp: role == Role::DpAuth,
            identity,
            server_ci,
            euicc_signature1: euicc_signature1.clone(),
        };
        let internal = |_| AuthenticateErrorCode::undefinedError;
        let ok = AuthenticateResponseOk {
            euicc_signed1,
            euicc_signature1,
            euicc_certificate: CertificateDer::new(own.euicc_certificate.clone()).map_err(internal)?,
            eum_certificate: CertificateDer::new(own.eum_certificate.clone()).map_err(internal)?,
        };
        Ok((ok, authenticated))
    }

    /// CERT.DPauth or CERT.DSauth: the certificate, the CI key above it, its role.
    fn check_server(
        &self,
        der: &CertificateDer,
        env: &Env<'_>,
    ) -> Result<(Certificate, Vec<u8>, Role), AuthenticateErrorCode> {
        let (checks, now) = (env.checks, env.now);
        let certificate = checks.that(&server::READ, || der.as_bytes(), Certificate::parse(der.as_bytes()));
        let certificate = certificate.map_err(|error| {
            if error.is_unsupported_curve() {
                AuthenticateErrorCode::unsupportedCurve
            } else {
                AuthenticateErrorCode::invalidCertificate
            }
        })?;
        let role = [Role::DpAuth, Role::DsAuth].into_iter().find(|role| certificate.has_role(*role));
        let role = checks.that(&server::ROLE, || certificate.raw(), role);
        let role = role.ok_or(AuthenticateErrorCode::invalidOid)?;
        let ci = verify_server_of_role(&certificate, role, &self.verification, now, checks);
        let ci = ci.map_err(|error| match error.reason {
            ChainReason::UnknownIssuer => AuthenticateErrorCode::ciPKUnknown,
            _ => AuthenticateErrorCode::invalidCertificate,
        })?;
        let key_id = ci.key_id.clone();
        if !self.stands(&certificate, role, &key_id, checks) {
            return Err(AuthenticateErrorCode::invalidCertificate);
        }
        Ok((certificate, key_id, role))
    }

    /// Whether no list that is loaded revokes a server's certificate.
    fn stands(&self, certificate: &Certificate, role: Role, ci_key_id: &[u8], checks: Checks<'_>) -> bool {
        let revoked = self.is_revoked(ci_key_id, certificate.serial());
        checks.that(&role.rules().revoked, || certificate.serial(), !revoked)
    }

    /// ES10b.PrepareDownload (SGP.22 5.7.5).
    pub(super) fn prepare_download(&mut self, chain: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        let request: PrepareDownloadRequest = decode(chain)?;
        let transaction_id = request.smdp_signed2.transaction_id.clone();
        let prepared = match self.prepare(&request, env) {
            Ok(prepared) => prepared,
            Err(download_error_code) => {
                let error = PrepareDownloadResponseError { transaction_id, download_error_code };
                return Ok(Reply::of(&PrepareDownloadResponse::DownloadResponseError(error)));
            }
        };
        self.keep_one_time_key(&prepared, env)?;
        let euicc_signed2 = Signed::new(EuiccSigned2 {
            transaction_id,
            euicc_otpk: prepared.euicc_otpk.clone(),
            hash_cc: request.hash_cc,
        });
        let own = &self.identities[prepared.authenticated.identity];
        let signature2 = request.smdp_signature2.tlv();
        let euicc_signature2 = Signature::from(own.key.sign(&[euicc_signed2.raw(), &signature2]));
        self.session = Session::AwaitBoundProfilePackage(Box::new(prepared));
        let ok = PrepareDownloadResponseOk { euicc_signed2, euicc_signature2 };
        Ok(Reply::of(&PrepareDownloadResponse::DownloadResponseOk(ok)))
    }

    fn prepare(
        &self,
        request: &PrepareDownloadRequest,
        env: &mut Env<'_>,
    ) -> Result<Prepared, DownloadErrorCode> {
        let authenticated = match &self.session {
            Session::AwaitPrepareDownload(authenticated) => Some(authenticated.as_ref()),
            // Asked again, with another confirmation code perhaps.
            Session::AwaitBoundProfilePackage(prepared) => Some(&prepared.authenticated),
            _ => None,
        };
        let (checks, signed) = (env.checks, &request.smdp_signed2);
        let id = || &signed.transaction_id.0;
        let authenticated = checks.that(&smdp::CONTEXT, id, authenticated);
        let authenticated = authenticated.ok_or(DownloadErrorCode::noSessionContext)?;
        if !checks.that(&smdp::SMDP, id, authenticated.server_is_smdp) {
            return Err(DownloadErrorCode::noSessionContext);
        }
        let certificate = self.check_smdp(request, authenticated, env)?;
        let key = certificate.public_key();
        let covered = [signed.raw(), &authenticated.euicc_signature1.tlv()];
        let verified = key.verify(&covered, &request.smdp_signature2.0);
        checks
            .with_key(&smdp::SIGNATURE, || key.to_sec1(), || covered.concat(), verified)
            .map_err(|_| DownloadErrorCode::invalidSignature)?;
        if !checks.that(&smdp::TRANSACTION, id, signed.transaction_id == authenticated.transaction_id) {
            return Err(DownloadErrorCode::invalidTransactionId);
        }
        let is_as_asked = signed.cc_required_flag == request.hash_cc.is_some();
        if !checks.that(&smdp::HASH_CC, || signed.raw(), is_as_asked) {
            return Err(DownloadErrorCode::undefinedError);
        }
        let curve = certificate.public_key().curve();
        let kept = self.kept_key(authenticated, curve, signed.bpp_euicc_otpk.as_ref());
        let one_time_key = kept.unwrap_or_else(|| PrivateKey::generate(curve, env.rng));
        checks.secret(Secret::OneTimeKey, || one_time_key.to_bytes());
        let octets = one_time_key.public_key().to_sec1();
        Ok(Prepared {
            authenticated: authenticated.clone(),
            euicc_otpk: PublicKeyOctets(OctetString::from_slice(&octets)),
            one_time_key,
            smdp_key: certificate.public_key().clone(),
        })
    }

    /// CERT.DPpb: valid, of the same CI and of the same SM-DP+ as CERT.DPauth.
    fn check_smdp(
        &self,
        request: &PrepareDownloadRequest,
        authenticated: &Authenticated,
        env: &Env<'_>,
    ) -> Result<Certificate, DownloadErrorCode> {
        let invalid = DownloadErrorCode::invalidCertificate;
        let (checks, der) = (env.checks, request.smdp_certificate.as_bytes());
        let certificate = checks.that(&Role::DpPb.rules().read, || der, Certificate::parse(der));
        let certificate = certificate.map_err(|error| {
            if error.is_unsupported_curve() { DownloadErrorCode::unsupportedCurve } else { invalid }
        })?;
        let ci = verify_server_with(&certificate, Role::DpPb, &self.verification, env.now, checks);
        let ci = ci.map_err(|_| invalid)?;
        let same_ci = ci.key_id == authenticated.server_ci;
        if !checks.that(&smdp::CI, || &ci.key_id, same_ci) {
            return Err(invalid);
        }
        let same_server = server_oid(&certificate).as_ref() == Some(&authenticated.server_oid);
        if !checks.that(&smdp::OID, || certificate.raw(), same_server) {
            return Err(invalid);
        }
        let stands = self.stands(&certificate, Role::DpPb, &ci.key_id, checks);
        if stands { Ok(certificate) } else { Err(invalid) }
    }

    /// The key of an interrupted download, if it is the one that the SM-DP+ has bound to.
    fn kept_key(
        &self,
        authenticated: &Authenticated,
        curve: Curve,
        bound: Option<&PublicKeyOctets>,
    ) -> Option<PrivateKey> {
        let kept = self.state.kept_key.as_ref()?;
        if kept.curve != curve || kept.smdp_oid != authenticated.server_oid.to_string() {
            return None;
        }
        let key = PrivateKey::from_bytes(kept.curve, &kept.key).ok()?;
        (key.public_key().to_sec1()[..] == bound?.0[..]).then_some(key)
    }

    fn keep_one_time_key(&mut self, prepared: &Prepared, env: &mut Env<'_>) -> Result<(), Status> {
        let mut draft = self.draft();
        draft.state.kept_key = Some(KeptKey {
            smdp_oid: prepared.authenticated.server_oid.to_string(),
            curve: prepared.one_time_key.curve(),
            key: prepared.one_time_key.to_bytes().to_vec(),
        });
        self.commit(draft, env)
    }

    /// ES10b.CancelSession (SGP.22 5.7.14).
    pub(super) fn cancel_session(&mut self, chain: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        let request: CancelSessionRequest = decode(chain)?;
        let id = &request.transaction_id;
        let known = self.session.authenticated().filter(|it| it.transaction_id == *id);
        let known = env.checks.that(&CANCELLED, || &id.0, known);
        let Some(authenticated) = known else {
            // invalidTransactionId
            return Ok(Reply::of(&CancelSessionResponse::CancelSessionResponseError(5)));
        };
        let signed = Signed::new(EuiccCancelSessionSigned {
            transaction_id: request.transaction_id,
            smdp_oid: authenticated.server_oid.clone(),
            reason: request.reason,
        });
        let signature = self.identities[authenticated.identity].key.sign(&[signed.raw()]);
        self.session = Session::Idle;
        let resumable = [CancelSessionReason::postponed, CancelSessionReason::timeout];
        if !resumable.contains(&request.reason) && self.state.kept_key.is_some() {
            let mut draft = self.draft();
            draft.state.kept_key = None;
            self.commit(draft, env)?;
        }
        Ok(Reply::of(&CancelSessionResponse::CancelSessionResponseOk(CancelSessionResponseOk {
            euicc_cancel_session_signed: signed,
            euicc_cancel_session_signature: signature.into(),
        })))
    }
}

/// The registeredID in a server certificate's subjectAltName.
fn server_oid(certificate: &Certificate) -> Option<ObjectIdentifier> {
    let dotted: String = certificate.san_registered_id()?.to_string();
    let arcs: Option<Vec<u32>> = dotted.split('.').map(|arc| arc.parse().ok()).collect();
    ObjectIdentifier::new(arcs?)
}
