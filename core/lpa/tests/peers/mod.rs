//! A scripted eUICC and a scripted SM-DP+, built from the types of the
//! vocabulary. They sign nothing: the LPA could not tell.
#![allow(dead_code, reason = "each test file uses its part")]

use esim_lpa::{
    Answer, CertificateFault, Download, DownloadParams, Effect, Event, HttpCall, Machine, Outcome, Phase,
    Question, Untrusted,
};
use esim_rsp::common::{NotificationEvent, NotificationEvents, OperatorId, PprIds, Version, bit_string};
use esim_rsp::es8p::*;
use esim_rsp::es9p::*;
use esim_rsp::es10b::*;
use esim_rsp::es10c::{GetEuiccDataResponse, ProfileInfo, ProfileInfoListResponse};
use esim_rsp::json::{self, Base64, ResponseHeader};
use esim_rsp::notification::*;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{
    CertificateDer, Code, Iccid, ObjectIdentifier, OctetString, Refusal, Signature, Signed, TransactionId,
    decode, encode, tlv,
};
use std::collections::BTreeMap;

pub const ADDRESS: &str = "smdp.example.com";
pub const EID: [u8; 16] =
    [0x89, 0x04, 0x90, 0x32, 0x12, 0x34, 0x51, 0x23, 0x45, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x35];
pub const OID: &str = "2.999.10";

/// What a peer answers.
#[derive(Clone)]
pub enum Say {
    Data(Vec<u8>),
    Status(u16),
    Http(u16, Vec<u8>),
    Lost,
    Untrusted(CertificateFault),
    TooLong,
}

pub struct Peers {
    /// By function; what is not listed behaves well.
    pub say: BTreeMap<&'static str, Say>,
    pub answers: Vec<Answer>,
    pub metadata: StoreMetadataRequest,
    /// What the package really has, if something else.
    pub bound_metadata: Option<StoreMetadataRequest>,
    pub code_required: bool,
    pub rat: Vec<ProfilePolicyAuthorisationRule>,
    pub installed: Vec<ProfileInfo>,
    /// Segment at which the card gives its result, and the result; the last one otherwise.
    pub result_at: Option<usize>,
    pub result: FinalResult,
    pub server_address: String,
    /// Numbers and receivers of the notifications on the card.
    pub notifications: Vec<(u32, String)>,
    /// Receivers that cannot be reached.
    pub down: Vec<String>,
    pub rsp_capability: Vec<usize>,
    /// Every function called, in order, with what was sent.
    pub log: Vec<(String, Vec<u8>)>,
    pub questions: Vec<Question>,
    pub phases: Vec<Phase>,
    /// Seconds that were waited, each time.
    pub waits: Vec<u32>,
    /// Segments that the card has been given.
    pub loaded: usize,
}

impl Default for Peers {
    fn default() -> Self {
        Self {
            say: BTreeMap::new(),
            answers: Vec::new(),
            metadata: metadata(),
            bound_metadata: None,
            code_required: false,
            rat: Vec::new(),
            installed: Vec::new(),
            result_at: None,
            result: success(),
            server_address: ADDRESS.into(),
            notifications: Vec::new(),
            down: Vec::new(),
            rsp_capability: vec![0, 3, 4],
            log: Vec::new(),
            questions: Vec::new(),
            phases: Vec::new(),
            waits: Vec::new(),
            loaded: 0,
        }
    }
}

impl Peers {
    /// Runs a download to its end.
    pub fn download(&mut self, params: DownloadParams) -> Outcome {
        self.run(Download::new(params), |machine| machine)
    }

    /// Runs a machine to its end; `between` may exchange it for a copy.
    pub fn run<M: Machine>(&mut self, mut machine: M, between: impl Fn(M) -> M) -> M::Done {
        let mut event = Event::Start;
        for _ in 0..2_000 {
            let effect = machine.step(event);
            machine = between(machine);
            self.phases.push(machine.progress().phase);
            event = match effect {
                Effect::Card(es10) => self.card(&es10.function, &es10.payload),
                Effect::Http(call) => self.http(&call),
                Effect::Ask(question) => {
                    self.questions.push(question);
                    Event::Answer(if self.answers.is_empty() {
                        Answer::Timeout
                    } else {
                        self.answers.remove(0)
                    })
                }
                Effect::Wait(seconds) => {
                    self.waits.push(seconds);
                    Event::Waited
                }
                Effect::Done(done) => return done,
            };
        }
        panic!("no end after 2,000 steps");
    }

    /// What was sent to a function the last time.
    pub fn sent(&self, function: &str) -> Option<&[u8]> {
        let call = self.log.iter().rev().find(|(name, _)| name == function);
        call.map(|(_, sent)| sent.as_slice())
    }

    pub fn count(&self, function: &str) -> usize {
        self.log.iter().filter(|(name, _)| name == function).count()
    }

    /// The reason in the last CancelSession to the card.
    pub fn cancel_reason(&self) -> Option<u8> {
        let request: CancelSessionRequest = decode(self.sent("CancelSession")?).unwrap();
        Some(request.reason.0)
    }

    pub fn card(&mut self, function: &str, payload: &[u8]) -> Event {
        self.log.push((function.to_string(), payload.to_vec()));
        if function == "PrepareDownload" {
            self.loaded = 0;
        }
        if function == "LoadBoundProfilePackage" && !self.say.contains_key(function) {
            return self.load();
        }
        match self.say.get(function) {
            Some(Say::Data(data)) => Event::Card(data.clone()),
            Some(Say::Status(sw)) => Event::CardStatus(*sw),
            Some(_) => Event::Lost("card removed".into()),
            None if unreadable(function, payload) => Event::CardStatus(0x6A80),
            None => Event::Card(self.well_behaved(function, payload)),
        }
    }

    fn load(&mut self) -> Event {
        let last = self.result_at.unwrap_or(self.segments() - 1);
        let at = self.loaded;
        self.loaded += 1;
        assert!(at <= last, "segments after the result");
        Event::Card(if at == last { encode(&self.pir()) } else { Vec::new() })
    }

    pub fn segments(&self) -> usize {
        esim_rsp::bpp::segments(&self.package()).unwrap().len()
    }

    fn well_behaved(&mut self, function: &str, payload: &[u8]) -> Vec<u8> {
        match function {
            "GetEUICCInfo1" => encode(&info1()),
            "GetEUICCData" | "GetEID" => encode(&GetEuiccDataResponse { eid_value: EID.into() }),
            "GetEUICCInfo2" => encode(&self.info2()),
            "GetEUICCChallenge" => encode(&GetEuiccChallengeResponse { euicc_challenge: [7; 16].into() }),
            "AuthenticateServer" => encode(&self.authenticate_server(payload)),
            "GetRAT" => encode(&GetRatResponse { rat: self.rat.clone() }),
            "GetProfilesInfo" => encode(&ProfileInfoListResponse::ProfileInfoListOk(self.installed.clone())),
            "PrepareDownload" => encode(&prepare_download(payload)),
            "CancelSession" => encode(&cancel_session(payload)),
            "ListNotification" => self.list(),
            "RetrieveNotificationsList" => self.retrieve(payload),
            "RemoveNotificationFromList" => self.remove(payload),
            other => panic!("the card was asked for {other}"),
        }
    }

    pub fn info2(&self) -> EuiccInfo2 {
        EuiccInfo2 {
            profile_version: Version::new(2, 3, 1),
            svn: Version::svn(),
            euicc_firmware_ver: Version::new(1, 0, 0),
            ext_card_resource: OctetString::from_slice(&[
                0x81, 1, 8, 0x82, 4, 0, 4, 0x5B, 0xF8, 0x83, 2, 0x24, 0x19,
            ]),
            uicc_capability: bit_string(&[1, 2, 4]),
            ts102241_version: None,
            globalplatform_version: None,
            rsp_capability: bit_string(&self.rsp_capability),
            euicc_ci_pk_id_list_for_verification: vec![OctetString::from_slice(&[1; 20])],
            euicc_ci_pk_id_list_for_signing: vec![OctetString::from_slice(&[1; 20])],
            euicc_category: Some(1),
            forbidden_profile_policy_rules: None,
            pp_version: Version::new(1, 0, 0),
            sas_acreditation_number: "XX-XX".into(),
            certification_data_object: None,
        }
    }

    fn authenticate_server(&self, payload: &[u8]) -> AuthenticateServerResponse {
        let request: AuthenticateServerRequest = decode(payload).unwrap();
        AuthenticateServerResponse::AuthenticateResponseOk(AuthenticateResponseOk {
            euicc_signed1: Signed::new(EuiccSigned1 {
                transaction_id: request.server_signed1.transaction_id.clone(),
                server_address: request.server_signed1.server_address.clone(),
                server_challenge: request.server_signed1.server_challenge,
                euicc_info2: self.info2(),
                ctx_params1: request.ctx_params1,
            }),
            euicc_signature1: signature(),
            euicc_certificate: certificate(),
            eum_certificate: certificate(),
        })
    }

    fn pir(&self) -> ProfileInstallationResult {
        pir(0, ADDRESS, self.result.clone())
    }

    fn list(&self) -> Vec<u8> {
        let list =
            self.notifications.iter().map(|(number, address)| event_metadata(*number, address)).collect();
        encode(&ListNotificationResponse::NotificationMetadataList(list))
    }

    fn retrieve(&self, payload: &[u8]) -> Vec<u8> {
        let request: RetrieveNotificationsListRequest = decode(payload).unwrap();
        let is_wanted = |number: u32| match &request.search_criteria {
            Some(NotificationSearch::SeqNumber(wanted)) => number == *wanted,
            // Those that are here tell of profiles that were enabled.
            Some(NotificationSearch::ProfileManagementOperation(events)) => {
                events.has(NotificationEvent::Enable)
            }
            None => true,
        };
        let found = self.notifications.iter().filter(|(number, _)| is_wanted(*number));
        let list = found.map(|(number, address)| Signed::new(other_notification(*number, address))).collect();
        encode(&RetrieveNotificationsListResponse::NotificationList(list))
    }

    fn remove(&mut self, payload: &[u8]) -> Vec<u8> {
        let request: NotificationSentRequest = decode(payload).unwrap();
        let before = self.notifications.len();
        self.notifications.retain(|(number, _)| *number != request.seq_number);
        let deleted = self.notifications.len() < before;
        encode(&NotificationSentResponse { delete_notification_status: u8::from(!deleted) })
    }

    pub fn http(&mut self, call: &HttpCall) -> Event {
        assert_eq!(call.path, format!("/gsma/rsp2/es9plus/{}", call.function));
        self.log.push((call.function.to_string(), call.body.clone()));
        let down = self.down.contains(&call.address);
        match self.say.get(call.function.as_ref()) {
            Some(Say::Http(status, body)) => Event::Http { status: *status, body: body.clone() },
            Some(Say::Untrusted(fault)) => {
                Event::Untrusted(Untrusted { fault: *fault, detail: "certificate refused".into() })
            }
            Some(Say::TooLong) => Event::TooLong,
            Some(_) => Event::Lost("connection reset".into()),
            None if down => Event::Lost("no route".into()),
            None => self.serve(call),
        }
    }

    fn serve(&self, call: &HttpCall) -> Event {
        let body = match call.function.as_ref() {
            "initiateAuthentication" => {
                let request: InitiateAuthenticationRequest = json::parse(&call.body).unwrap();
                ok(self.initiate(&request))
            }
            "authenticateClient" => {
                let request: AuthenticateClientRequest = json::parse(&call.body).unwrap();
                decode::<AuthenticateServerResponse>(&request.authenticate_server_response.0).unwrap();
                ok(self.offer())
            }
            "getBoundProfilePackage" => {
                let request: GetBoundProfilePackageRequest = json::parse(&call.body).unwrap();
                decode::<PrepareDownloadResponse>(&request.prepare_download_response.0).unwrap();
                let bound_profile_package = Base64(self.package());
                ok(GetBoundProfilePackageOk { transaction_id: transaction(), bound_profile_package })
            }
            "handleNotification" => return Event::Http { status: 204, body: Vec::new() },
            "cancelSession" => json::to_vec(&Answer9::<()> { header: ResponseHeader::success(), body: None }),
            other => panic!("the server was asked for {other}"),
        };
        Event::Http { status: 200, body }
    }

    fn initiate(&self, request: &InitiateAuthenticationRequest) -> InitiateAuthenticationOk {
        let signed = ServerSigned1 {
            transaction_id: transaction(),
            euicc_challenge: request.euicc_challenge.0.as_slice().try_into().unwrap(),
            server_address: self.server_address.clone(),
            server_challenge: [9; 16].into(),
        };
        InitiateAuthenticationOk {
            transaction_id: transaction(),
            server_signed1: Base64(encode(&signed)),
            server_signature1: Base64(signature().tlv()),
            euicc_ci_pk_id_to_be_used: Base64(tlv::wrap(0x04, &[&[1; 20]])),
            server_certificate: Base64(server_certificate()),
        }
    }

    pub fn offer(&self) -> AuthenticateClientOk {
        let signed = SmdpSigned2 {
            transaction_id: transaction(),
            cc_required_flag: self.code_required,
            bpp_euicc_otpk: None,
        };
        AuthenticateClientOk {
            transaction_id: transaction(),
            profile_metadata: Base64(encode(&self.metadata)),
            smdp_signed2: Base64(encode(&signed)),
            smdp_signature2: Base64(signature().tlv()),
            smdp_certificate: Base64(certificate().as_bytes().to_vec()),
        }
    }

    /// A package whose metadata takes two segments, as one with an icon does.
    pub fn package(&self) -> Vec<u8> {
        let stored = encode(self.bound_metadata.as_ref().unwrap_or(&self.metadata));
        let (first, second) = stored.split_at(stored.len() / 2);
        let with_mac = |content: &[u8]| Segment88(OctetString::from([content, &[0xCC; 8]].concat()));
        encode(&BoundProfilePackage {
            initialise_secure_channel_request: InitialiseSecureChannelRequest {
                remote_op_id: INSTALL_BOUND_PROFILE_PACKAGE,
                transaction_id: transaction(),
                control_ref_template: ControlRefTemplate {
                    key_type: [KEY_TYPE_AES].into(),
                    key_len: [KEY_LENGTH].into(),
                    host_id: OctetString::from_slice(&[5; 4]),
                },
                smdp_otpk: PublicKeyOctets(OctetString::from_slice(&[4; 65])),
                smdp_sign: signature(),
            },
            first_sequence_of_87: vec![Segment87(OctetString::from_slice(&[0x87; 24]))],
            sequence_of_88: vec![with_mac(first), with_mac(second)],
            second_sequence_of_87: Some(vec![Segment87(OctetString::from_slice(&[0x26; 72]))]),
            sequence_of_86: vec![Segment86(OctetString::from_slice(&[0x86; 1016])); 3],
        })
    }
}

type Answer9<T> = esim_rsp::es9p::Answer<T>;

pub fn ok<T: serde::Serialize>(body: T) -> Vec<u8> {
    json::to_vec(&Answer9 { header: ResponseHeader::success(), body: Some(body) })
}

/// An answer `Failed`.
pub fn failed(code: Code) -> Say {
    let header = ResponseHeader::failed(&Refusal::of(code));
    Say::Http(200, json::to_vec(&Answer9::<()> { header, body: None }))
}

pub fn transaction() -> TransactionId {
    TransactionId::new(&[0xAB; 16])
}

pub fn signature() -> Signature {
    [0x55; 64].into()
}

pub fn certificate() -> CertificateDer {
    CertificateDer::new(vec![0x30, 0x03, 0x02, 0x01, 0x01]).unwrap()
}

/// A certificate with [`OID`] as registeredID and nothing else of note.
pub fn server_certificate() -> Vec<u8> {
    let names = tlv::wrap(0x30, &[&tlv::wrap(0x88, &[&[0x88, 0x37, 0x0A]])]);
    let san = tlv::wrap(0x30, &[&[0x06, 3, 0x55, 0x1D, 0x11], &tlv::wrap(0x04, &[&names])]);
    let extensions = tlv::wrap(0xA3, &[&tlv::wrap(0x30, &[&san])]);
    tlv::wrap(0x30, &[&tlv::wrap(0x30, &[&extensions])])
}

pub fn info1() -> EuiccInfo1 {
    EuiccInfo1 {
        svn: Version::svn(),
        euicc_ci_pk_id_list_for_verification: vec![OctetString::from_slice(&[1; 20])],
        euicc_ci_pk_id_list_for_signing: vec![OctetString::from_slice(&[1; 20])],
    }
}

pub fn iccid() -> Iccid {
    "8988211000000430010".parse().unwrap()
}

pub fn metadata() -> StoreMetadataRequest {
    StoreMetadataRequest {
        iccid: iccid(),
        service_provider_name: "Example".into(),
        profile_name: "Plan A".into(),
        icon_type: Some(1),
        icon: Some(OctetString::from_slice(&[0x89, 0x50])),
        profile_class: ProfileClass::operational,
        notification_configuration_info: Some(vec![NotificationConfigurationInformation {
            profile_management_operation: NotificationEvents::of(&[
                NotificationEvent::Enable,
                NotificationEvent::Delete,
            ]),
            notification_address: "notify.example.com".into(),
        }]),
        profile_owner: OperatorId::from_digits("001", "01"),
        profile_policy_rules: None,
    }
}

pub fn with_rules(bits: &[usize]) -> StoreMetadataRequest {
    StoreMetadataRequest { profile_policy_rules: Some(PprIds::of(bits)), ..metadata() }
}

/// A rule for everybody.
pub fn allowed(bits: &[usize], consent: bool) -> ProfilePolicyAuthorisationRule {
    let any_group = Some(OctetString::from_slice(&[]));
    let anybody = OperatorId { mcc_mnc: [0xEE; 3].into(), gid1: any_group.clone(), gid2: any_group };
    ProfilePolicyAuthorisationRule {
        ppr_ids: PprIds::of(bits),
        allowed_operators: vec![anybody],
        ppr_flags: if consent { bit_string(&[0]) } else { bit_string(&[]) },
    }
}

pub fn success() -> FinalResult {
    FinalResult::SuccessResult(SuccessResult {
        aid: OctetString::from_slice(&[0xA0, 0, 0, 5, 0x59, 0x10]),
        sima_response: OctetString::from_slice(&[0x30, 7, 0xA0, 5, 0x30, 3, 0x80, 1, 0]),
    })
}

/// A failure in profile element 12, status `invalid-request-format`.
pub fn failure(reason: ErrorReason) -> FinalResult {
    let sima = [0x30, 0x0C, 0xA0, 8, 0x30, 6, 0x80, 1, 5, 0x81, 1, 0x0C, 0x81, 0];
    FinalResult::ErrorResult(ErrorResult {
        bpp_command_id: BppCommandId::loadProfileElements,
        error_reason: reason,
        sima_response: Some(OctetString::from_slice(&sima)),
    })
}

pub fn pir(number: u32, address: &str, final_result: FinalResult) -> ProfileInstallationResult {
    let data = ProfileInstallationResultData {
        transaction_id: transaction(),
        notification_metadata: NotificationMetadata {
            seq_number: number,
            profile_management_operation: NotificationEvents::one(NotificationEvent::Install),
            notification_address: address.into(),
            iccid: Some(iccid()),
        },
        smdp_oid: Some(oid()),
        final_result,
    };
    ProfileInstallationResult {
        profile_installation_result_data: Signed::new(data),
        euicc_sign_pir: signature(),
    }
}

pub fn oid() -> ObjectIdentifier {
    ObjectIdentifier::new(vec![2, 999, 10]).unwrap()
}

fn event_metadata(number: u32, address: &str) -> NotificationMetadata {
    NotificationMetadata {
        seq_number: number,
        profile_management_operation: NotificationEvents::one(NotificationEvent::Enable),
        notification_address: address.into(),
        iccid: Some(iccid()),
    }
}

pub fn other_notification(number: u32, address: &str) -> PendingNotification {
    PendingNotification::OtherSignedNotification(OtherSignedNotification {
        tbs_other_notification: Signed::new(event_metadata(number, address)),
        euicc_notification_signature: signature(),
        euicc_certificate: certificate(),
        eum_certificate: certificate(),
    })
}

/// Whether a server has sent the card something that it cannot read.
fn unreadable(function: &str, payload: &[u8]) -> bool {
    match function {
        "AuthenticateServer" => decode::<AuthenticateServerRequest>(payload).is_err(),
        "PrepareDownload" => decode::<PrepareDownloadRequest>(payload).is_err(),
        _ => false,
    }
}

fn prepare_download(payload: &[u8]) -> PrepareDownloadResponse {
    let request: PrepareDownloadRequest = decode(payload).unwrap();
    PrepareDownloadResponse::DownloadResponseOk(PrepareDownloadResponseOk {
        euicc_signed2: Signed::new(EuiccSigned2 {
            transaction_id: request.smdp_signed2.transaction_id.clone(),
            euicc_otpk: PublicKeyOctets(OctetString::from_slice(&[4; 65])),
            hash_cc: request.hash_cc,
        }),
        euicc_signature2: signature(),
    })
}

fn cancel_session(payload: &[u8]) -> CancelSessionResponse {
    let request: CancelSessionRequest = decode(payload).unwrap();
    CancelSessionResponse::CancelSessionResponseOk(CancelSessionResponseOk {
        euicc_cancel_session_signed: Signed::new(EuiccCancelSessionSigned {
            transaction_id: request.transaction_id,
            smdp_oid: oid(),
            reason: request.reason,
        }),
        euicc_cancel_session_signature: signature(),
    })
}

/// Parameters that ask nobody.
pub fn params() -> DownloadParams {
    DownloadParams::new(&format!("LPA:1${ADDRESS}$TOKEN-1").parse().unwrap()).with_consent()
}
