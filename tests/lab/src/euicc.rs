//! An eUICC of a few lines, which can be told to do each thing wrong.

use super::{ADDRESS, OID};
use esim_crypto::bsp::{Bsp, BspKeys};
use esim_crypto::pki::{Issued, TestPki};
use esim_crypto::{PrivateKey, PublicKey, confirmation_code_hash, confirmation_code_hash_for, ecka};
use esim_rsp::common::{NotificationEvent, NotificationEvents, Version, bit_string};
use esim_rsp::es8p::BoundProfilePackage;
use esim_rsp::es9p::*;
use esim_rsp::es10b::*;
use esim_rsp::json::Base64;
use esim_rsp::notification::*;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{CertificateDer, Eid, Iccid, ObjectIdentifier, OctetString, Signature, Signed, TransactionId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// What an eUICC needs to take part.
#[derive(Clone)]
pub struct Euicc {
    /// Its EID.
    pub eid: Eid,
    /// CERT.EUICC.ECDSA and SK.EUICC.ECDSA.
    pub issued: Issued,
    /// CERT.EUM.ECDSA, DER.
    pub eum: Vec<u8>,
    /// Subject key identifier of the CI.
    pub ci_pk_id: Vec<u8>,
    /// otSK.EUICC.ECKA: the same in every session until [`Euicc::renew`].
    pub otsk: PrivateKey,
}

impl Euicc {
    /// Of this PKI; `body` is the EID without its two check digits.
    pub fn new(pki: &TestPki, body: &str) -> Self {
        let eid = Eid::from_body(body).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(eid.octets()[15].into());
        let ci = esim_smdp::config::trust_ci(&pki.ci.certificate).unwrap();
        Self {
            eid,
            issued: pki.issue_euicc(eid.octets(), &mut rng),
            eum: pki.eum.certificate.clone(),
            ci_pk_id: ci.key_id,
            otsk: PrivateKey::generate(pki.parameters().curve, &mut rng),
        }
    }

    /// Forgets its one-time key.
    pub fn renew(&mut self, seed: u64) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        self.otsk = PrivateKey::generate(self.otsk.curve(), &mut rng);
    }

    /// euiccInfo1: of version 2.6.0, with one CI.
    pub fn info1(&self) -> EuiccInfo1 {
        EuiccInfo1 {
            svn: Version::new(2, 6, 0),
            euicc_ci_pk_id_list_for_verification: vec![OctetString::from_slice(&self.ci_pk_id)],
            euicc_ci_pk_id_list_for_signing: vec![OctetString::from_slice(&self.ci_pk_id)],
        }
    }

    /// initiateAuthentication at an SM-DP+ that is dialled under `address`.
    pub fn initiate(&self, address: &str) -> InitiateAuthenticationRequest {
        InitiateAuthenticationRequest {
            euicc_challenge: Base64(vec![0xC1; 16]),
            euicc_info1: Base64(esim_rsp::encode(&self.info1())),
            smdp_address: address.into(),
        }
    }

    fn info2(&self) -> EuiccInfo2 {
        let lists = self.info1();
        EuiccInfo2 {
            profile_version: Version::new(2, 3, 1),
            svn: Version::new(2, 6, 0),
            euicc_firmware_ver: Version::new(1, 0, 0),
            ext_card_resource: OctetString::from_slice(&[0x81, 1, 0, 0x82, 3, 8, 0, 0, 0x83, 2, 8, 0]),
            uicc_capability: bit_string(&[1, 2, 4]),
            ts102241_version: None,
            globalplatform_version: None,
            rsp_capability: bit_string(&[0, 3, 4]),
            euicc_ci_pk_id_list_for_verification: lists.euicc_ci_pk_id_list_for_verification,
            euicc_ci_pk_id_list_for_signing: lists.euicc_ci_pk_id_list_for_signing,
            euicc_category: None,
            forbidden_profile_policy_rules: None,
            pp_version: Version::new(1, 0, 0),
            sas_acreditation_number: "LAB".into(),
            certification_data_object: None,
        }
    }

    /// A signature of SK.EUICC.ECDSA over the parts one after the other.
    pub fn sign(&self, parts: &[&[u8]]) -> Signature {
        Signature::from(self.issued.key.sign(parts))
    }

    /// CERT.EUICC.ECDSA.
    pub fn certificate(&self) -> CertificateDer {
        CertificateDer::new(self.issued.certificate.clone()).unwrap()
    }

    /// CERT.EUM.ECDSA.
    pub fn eum(&self) -> CertificateDer {
        CertificateDer::new(self.eum.clone()).unwrap()
    }

    /// The answer to the server, with `spoil` done to what is signed.
    pub fn authenticate(
        &self,
        offer: &InitiateAuthenticationOk,
        matching_id: &str,
        spoil: impl FnOnce(&mut EuiccSigned1),
    ) -> AuthenticateClientRequest {
        let server: ServerSigned1 = esim_rsp::decode(&offer.server_signed1.0).unwrap();
        let context = CtxParams1::CtxParamsForCommonAuthentication(CtxParamsForCommonAuthentication {
            matching_id: (!matching_id.is_empty()).then(|| matching_id.to_string()),
            device_info: DeviceInfo {
                tac: [0x53, 0x92, 0x60, 0x11].into(),
                device_capabilities: DeviceCapabilities::default(),
                imei: None,
            },
        });
        let mut signed = EuiccSigned1 {
            transaction_id: server.transaction_id,
            server_address: server.server_address,
            server_challenge: server.server_challenge,
            euicc_info2: self.info2(),
            ctx_params1: Signed::new(context),
        };
        spoil(&mut signed);
        let euicc_signed1 = Signed::new(signed);
        let euicc_signature1 = self.sign(&[euicc_signed1.raw()]);
        self.authenticated(
            offer,
            AuthenticateResponseOk {
                euicc_signed1,
                euicc_signature1,
                euicc_certificate: self.certificate(),
                eum_certificate: self.eum(),
            },
        )
    }

    /// authenticateClient with a response of the test's own.
    pub fn authenticated(
        &self,
        offer: &InitiateAuthenticationOk,
        response: AuthenticateResponseOk,
    ) -> AuthenticateClientRequest {
        let response = AuthenticateServerResponse::AuthenticateResponseOk(response);
        AuthenticateClientRequest {
            transaction_id: offer.transaction_id.clone(),
            authenticate_server_response: Base64(esim_rsp::encode(&response)),
        }
    }

    /// PrepareDownload, with `spoil` done to what is signed.
    pub fn prepare(
        &self,
        offer: &AuthenticateClientOk,
        code: Option<&str>,
        spoil: impl FnOnce(&mut EuiccSigned2),
    ) -> GetBoundProfilePackageRequest {
        let id = &offer.transaction_id.0;
        let hash_cc = |code| confirmation_code_hash_for(&confirmation_code_hash(code), id);
        let mut signed = EuiccSigned2 {
            transaction_id: offer.transaction_id.clone(),
            euicc_otpk: self.otpk(),
            hash_cc: code.map(|code| hash_cc(code).into()),
        };
        spoil(&mut signed);
        let euicc_signed2 = Signed::new(signed);
        let euicc_signature2 = self.sign(&[euicc_signed2.raw(), &offer.smdp_signature2.0]);
        let response = PrepareDownloadResponse::DownloadResponseOk(PrepareDownloadResponseOk {
            euicc_signed2,
            euicc_signature2,
        });
        GetBoundProfilePackageRequest {
            transaction_id: offer.transaction_id.clone(),
            prepare_download_response: Base64(esim_rsp::encode(&response)),
        }
    }

    /// otPK.EUICC.ECKA.
    pub fn otpk(&self) -> PublicKeyOctets {
        PublicKeyOctets(OctetString::from_slice(&self.otsk.public_key().to_sec1()))
    }

    /// Opens a package: metadata and profile, both in clear.
    pub fn open(&self, package: &[u8], dp_pb: &PublicKey) -> (Vec<u8>, Vec<u8>) {
        let package: BoundProfilePackage = esim_rsp::decode(package).unwrap();
        let channel = &package.initialise_secure_channel_request;
        let covered = channel.signed_octets(&self.otpk());
        dp_pb.verify(&[&covered], &channel.smdp_sign.0).unwrap();
        let smdp_otpk = PublicKey::from_sec1(self.otsk.curve(), &channel.smdp_otpk.0).unwrap();
        let secret = ecka(&self.otsk, &smdp_otpk).unwrap();
        let host_id = &channel.control_ref_template.host_id;
        let mut bsp = Bsp::new(BspKeys::derive(&secret[..], host_id, self.eid.octets()));
        for segment in &package.first_sequence_of_87 {
            assert_eq!(bsp.open(&esim_rsp::encode(segment)).unwrap(), [0xBF, 0x24, 0x00]);
        }
        let metadata = package.sequence_of_88.iter();
        let metadata = metadata.flat_map(|s| bsp.open_mac_only(&esim_rsp::encode(s)).unwrap()).collect();
        if let Some(segments) = &package.second_sequence_of_87 {
            let plain: Vec<u8> =
                segments.iter().flat_map(|s| bsp.open(&esim_rsp::encode(s)).unwrap()).collect();
            let keys: esim_rsp::es8p::ReplaceSessionKeysRequest = esim_rsp::decode(&plain).unwrap();
            let key = |octets: &OctetString| octets[..].try_into().unwrap();
            let initial = key(&keys.initial_mac_chaining_value);
            bsp.replace_keys(BspKeys::new(initial, key(&keys.ppk_enc), key(&keys.ppk_cmac)));
        }
        let profile = package.sequence_of_86.iter();
        let profile = profile.flat_map(|s| bsp.open(&esim_rsp::encode(s)).unwrap()).collect();
        (metadata, profile)
    }

    /// A profile installation result.
    pub fn result(&self, id: &TransactionId, iccid: &str, sequence: u32, result: FinalResult) -> Vec<u8> {
        self.result_of(id, iccid, sequence, result, Some(OID))
    }

    /// The same of another SM-DP+, or of none as eUICCs of earlier versions write it.
    pub fn result_of(
        &self,
        id: &TransactionId,
        iccid: &str,
        sequence: u32,
        result: FinalResult,
        oid: Option<&[u32]>,
    ) -> Vec<u8> {
        let data = Signed::new(ProfileInstallationResultData {
            transaction_id: id.clone(),
            notification_metadata: self.metadata(sequence, NotificationEvent::Install, iccid),
            smdp_oid: oid.map(|oid| ObjectIdentifier::new(oid.to_vec()).unwrap()),
            final_result: result,
        });
        let euicc_sign_pir = self.sign(&[data.raw()]);
        esim_rsp::encode(&ProfileInstallationResult {
            profile_installation_result_data: data,
            euicc_sign_pir,
        })
    }

    /// Metadata of a notification for [`ADDRESS`].
    pub fn metadata(&self, sequence: u32, event: NotificationEvent, iccid: &str) -> NotificationMetadata {
        NotificationMetadata {
            seq_number: sequence,
            profile_management_operation: NotificationEvents::one(event),
            notification_address: ADDRESS.into(),
            iccid: Some(iccid.parse::<Iccid>().unwrap()),
        }
    }

    /// A notification of another event.
    pub fn event(&self, sequence: u32, event: NotificationEvent, iccid: &str) -> Vec<u8> {
        let tbs = Signed::new(self.metadata(sequence, event, iccid));
        let euicc_notification_signature = self.sign(&[tbs.raw()]);
        esim_rsp::encode(&OtherSignedNotification {
            tbs_other_notification: tbs,
            euicc_notification_signature,
            euicc_certificate: self.certificate(),
            eum_certificate: self.eum(),
        })
    }

    /// cancelSession of a transaction of the SM-DP+ with this OID.
    pub fn cancel(
        &self,
        id: &TransactionId,
        reason: CancelSessionReason,
        oid: &[u32],
    ) -> CancelSessionEs9Request {
        let signed = Signed::new(EuiccCancelSessionSigned {
            transaction_id: id.clone(),
            smdp_oid: ObjectIdentifier::new(oid.to_vec()).unwrap(),
            reason,
        });
        let signature = self.sign(&[signed.raw()]);
        let response = CancelSessionResponse::CancelSessionResponseOk(CancelSessionResponseOk {
            euicc_cancel_session_signed: signed,
            euicc_cancel_session_signature: signature,
        });
        CancelSessionEs9Request {
            transaction_id: id.clone(),
            cancel_session_response: Base64(esim_rsp::encode(&response)),
        }
    }
}

/// The profile is installed.
pub fn success() -> FinalResult {
    FinalResult::SuccessResult(SuccessResult {
        aid: OctetString::from_slice(&[0xA0, 0, 0, 5, 0x59]),
        sima_response: OctetString::from_slice(&[0x30, 7, 0xA0, 5, 0x30, 3, 0x80, 1, 0]),
    })
}

/// The profile is not installed: its elements could not be loaded.
pub fn failure(reason: ErrorReason) -> FinalResult {
    FinalResult::ErrorResult(ErrorResult {
        bpp_command_id: BppCommandId::loadProfileElements,
        error_reason: reason,
        sima_response: None,
    })
}
