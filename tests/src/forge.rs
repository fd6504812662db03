//! An SM-DP+ by hand: every message of a download made from its parts, any of
//! which a test may bend before it is signed.

use crate::bench::{self, ADDRESS, EID, NOW, Slot};
use crate::recorder;
use esim_crypto::bsp::{Bsp, BspKeys};
use esim_crypto::pki::{Certificate, PkiParameters, TestPki};
use esim_crypto::{Curve, PrivateKey, PublicKey, ecka};
use esim_euicc::{MemoryNvm, Personal};
use esim_rsp::common::{NotificationEvent, NotificationEvents};
use esim_rsp::es8p::*;
use esim_rsp::es9p::{ServerSigned1, SmdpSigned2};
use esim_rsp::es10b::GetEuiccChallengeResponse;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{Eid, Iccid, OctetString, Signature, TransactionId, decode, encode, tlv};
use esim_saip::builder::{self, Subscriber};
use esim_world::{Clock, Device};

/// A card and what a hand-driven server needs.
pub struct Forge<S = Device<MemoryNvm>> {
    /// The card, on whose channel 1 the ISD-R is selected.
    pub device: S,
    /// The PKI of both.
    pub pki: TestPki,
}

/// `AuthenticateServer`, before it is signed.
pub struct Hello {
    /// `serverSigned1`.
    pub signed: ServerSigned1,
    /// Subject key identifier of the CI that the eUICC shall use.
    pub ci_key_id: Vec<u8>,
    /// CERT.DPauth, DER.
    pub certificate: Vec<u8>,
    /// SK.DPauth.
    pub key: PrivateKey,
}

/// `PrepareDownload`, before it is signed.
pub struct Offer {
    /// `smdpSigned2`.
    pub signed: SmdpSigned2,
    /// `euiccSignature1`, the whole TLV.
    pub euicc_signature1: Vec<u8>,
    /// For the confirmation code.
    pub hash_cc: Option<[u8; 32]>,
    /// CERT.DPpb, DER.
    pub certificate: Vec<u8>,
    /// SK.DPpb.
    pub key: PrivateKey,
}

/// A bound profile package, before it is protected.
pub struct Parcel {
    /// `BF23`; its signature is made at the end.
    pub channel: InitialiseSecureChannelRequest,
    /// Whether `smdpSign` is bent.
    pub bad_signature: bool,
    /// SK.DPpb.
    pub key: PrivateKey,
    /// One-time key of the eUICC.
    pub euicc_otpk: PublicKeyOctets,
    /// One-time key of the server.
    pub otsk: PrivateKey,
    /// `BF24 …`.
    pub configure: Vec<u8>,
    /// `BF25 …`.
    pub metadata: Vec<u8>,
    /// `BF26 …`, and the keys it brings.
    pub replace: Option<(Vec<u8>, [[u8; 16]; 3])>,
    /// The profile package.
    pub upp: Vec<u8>,
}

impl Forge {
    /// A fresh card under a fresh CI.
    pub fn new() -> Self {
        Self::with(Curve::P256, |_| {})
    }

    /// A card whose 96 notifications together are longer than the 65,535 octets of a message.
    pub fn talkative() -> Self {
        let mut forge = Self::new();
        for iccid in [ICCID, "89000123456789012358", "89000123456789012366"] {
            let mut metadata = metadata(iccid);
            let receivers = metadata.notification_configuration_info.as_mut().expect("a receiver");
            *receivers = vec![receivers[0].clone(); 32];
            forge.install(&metadata, &subscriber(iccid));
            forge.enable(iccid);
        }
        forge
    }

    /// A card with so many profiles, the first enabled, its USIM selected on the basic channel.
    pub fn full(profiles: u64) -> Self {
        let mut forge = Self::with(Curve::P256, |it| it.memory = 4 << 20);
        for n in 0..profiles {
            let digits = format!("8900012345678{n:06}");
            let check = esim_saip::coding::luhn_digit(&digits).expect("digits");
            forge.install_plain(&format!("{digits}{check}"));
        }
        let aid = hex::decode("A0000005591010FFFFFFFF8900001000").expect("hexadecimal");
        let enable =
            tlv::wrap(0xBF31, &[&tlv::wrap(0xA0, &[&tlv::wrap(0x4F, &[&aid])]), &[0x81, 0x01, 0x00]]);
        let enabled = bench::es10(&mut forge.device, &enable).expect("enabled");
        assert_eq!(enabled, [0xBF, 0x31, 3, 0x80, 1, 0]);
        let select = hex::decode("00A4040C10A0000000871002FFFFFFFF8907090000").expect("hexadecimal");
        assert!(forge.device.transmit(&select).ends_with(&[0x90, 0x00]));
        forge
    }

    /// The same on another curve, personalised otherwise.
    pub fn with(curve: Curve, personalise: impl FnOnce(&mut Personal)) -> Self {
        let pki = TestPki::generate(&PkiParameters { curve, ..PkiParameters::default() }, &mut bench::rng(1));
        let eid: Eid = EID.parse().expect("an EID");
        let mut personal = Personal::new(&pki, eid, &mut bench::rng(3)).expect("sound certificates");
        personalise(&mut personal);
        let mut nvm = MemoryNvm::default();
        personal.write_to(&mut nvm).expect("memory takes writes");
        let mut device = Device::power_on(nvm, bench::rng(4), Clock::Fixed(NOW)).expect("a card");
        if recorder::listens() {
            device.watch(recorder::watch());
        }
        bench::select_isdr(&mut device);
        Self { device, pki }
    }
}

impl<S: Slot> Forge<S> {
    /// One ES10 command.
    ///
    /// # Errors
    /// The status word, if there is no response.
    pub fn es10(&mut self, command: &[u8]) -> Result<Vec<u8>, u16> {
        // The pieces of a package are one function.
        let is_piece = matches!(command.first(), Some(0x86..=0x88 | 0xA0..=0xA3));
        if !is_piece || recorder::has_failed() {
            recorder::begin();
        }
        bench::es10(&mut self.device, command)
    }

    /// A sound `AuthenticateServer` for a fresh challenge.
    pub fn hello(&mut self) -> Hello {
        let challenge = self.es10(&[0xBF, 0x2E, 0x00]).expect("GetEUICCChallenge");
        let challenge: GetEuiccChallengeResponse = decode(&challenge).expect("a challenge");
        let ci = Certificate::parse(&self.pki.ci.certificate).expect("CERT.CI");
        Hello {
            signed: ServerSigned1 {
                transaction_id: TransactionId::new(&[7; 16]),
                euicc_challenge: challenge.euicc_challenge,
                server_address: ADDRESS.to_string(),
                server_challenge: [9; 16].into(),
            },
            ci_key_id: ci.subject_key_id().expect("a key identifier").to_vec(),
            certificate: self.pki.dp_auth.certificate.clone(),
            key: self.pki.dp_auth.key.clone(),
        }
    }

    /// A sound `PrepareDownload`: the server is authentic already.
    pub fn offer(&mut self) -> Offer {
        let command = self.hello().command();
        let response = self.es10(&command).expect("AuthenticateServer");
        self.offer_after(&response)
    }

    /// The same after an `AuthenticateServer` of the test's own.
    pub fn offer_after(&self, response: &[u8]) -> Offer {
        let outer = tlv::read_only(response).expect("a response");
        let ok = tlv::find(response, &outer, 0xA0).expect("TLVs").expect("authenticateResponseOk");
        let signature = tlv::find(response, &ok, 0x5F37).expect("TLVs").expect("euiccSignature1");
        Offer {
            signed: SmdpSigned2 {
                transaction_id: TransactionId::new(&[7; 16]),
                cc_required_flag: false,
                bpp_euicc_otpk: None,
            },
            euicc_signature1: response[signature.whole].to_vec(),
            hash_cc: None,
            certificate: self.pki.dp_pb.certificate.clone(),
            key: self.pki.dp_pb.key.clone(),
        }
    }

    /// A sound package for [`subscriber`]'s profile: the download is prepared already.
    pub fn parcel(&mut self) -> Parcel {
        let command = self.offer().command();
        let response = self.es10(&command).expect("PrepareDownload");
        self.parcel_after(&response)
    }

    /// The same after a `PrepareDownload` of the test's own.
    pub fn parcel_after(&self, response: &[u8]) -> Parcel {
        let euicc_otpk = euicc_otpk(response).expect("euiccOtpk");
        let otsk = PrivateKey::generate(self.pki.parameters().curve, &mut bench::rng(8));
        let package = builder::build(&subscriber(ICCID)).expect("a profile");
        Parcel {
            channel: InitialiseSecureChannelRequest {
                remote_op_id: INSTALL_BOUND_PROFILE_PACKAGE,
                transaction_id: TransactionId::new(&[7; 16]),
                control_ref_template: ControlRefTemplate {
                    key_type: [KEY_TYPE_AES].into(),
                    key_len: [KEY_LENGTH].into(),
                    host_id: OctetString::from_slice(&[5; 16]),
                },
                smdp_otpk: PublicKeyOctets(OctetString::from_slice(&otsk.public_key().to_sec1())),
                smdp_sign: Signature(OctetString::from_static(&[])),
            },
            bad_signature: false,
            key: self.pki.dp_pb.key.clone(),
            euicc_otpk,
            otsk,
            configure: encode(&ConfigureIsdpRequest { dp_proprietary_data: None }),
            metadata: encode(&metadata(ICCID)),
            replace: None,
            upp: package.to_der(),
        }
    }

    /// Feeds pieces to the card until it answers: `BF37 …`, empty if it did not.
    ///
    /// # Errors
    /// The first status word that is no success.
    pub fn load(&mut self, pieces: &[Vec<u8>]) -> Result<Vec<u8>, u16> {
        for piece in pieces {
            let response = self.es10(piece)?;
            if !response.is_empty() {
                return Ok(response);
            }
        }
        Ok(Vec::new())
    }

    /// Installs a profile with this metadata and subscriber; `BF37 …`.
    pub fn install(&mut self, metadata: &StoreMetadataRequest, subscriber: &Subscriber) -> Vec<u8> {
        let mut parcel = self.parcel();
        parcel.metadata = encode(metadata);
        parcel.upp = builder::build(subscriber).expect("a profile").to_der();
        let pieces = parcel.pieces();
        self.load(&pieces).expect("LoadBoundProfilePackage")
    }

    /// Installs an ordinary profile with an ICCID.
    pub fn install_plain(&mut self, iccid: &str) {
        self.install(&metadata(iccid), &subscriber(iccid));
    }

    /// Enables a profile that is installed.
    pub fn enable(&mut self, iccid: &str) {
        let iccid: Iccid = iccid.parse().expect("an ICCID");
        let which = tlv::wrap(0xA0, &[&tlv::wrap(0x5A, &[&iccid.octets()])]);
        let answer = self.es10(&tlv::wrap(0xBF31, &[&which, &[0x81, 1, 0]])).expect("EnableProfile");
        assert_eq!(answer, [0xBF, 0x31, 3, 0x80, 1, 0]);
    }
}

impl Default for Forge {
    fn default() -> Self {
        Self::new()
    }
}

/// ICCID of the profile that a parcel holds.
pub const ICCID: &str = "89000123456789012341";

/// A subscriber with known keys.
pub fn subscriber(iccid: &str) -> Subscriber {
    Subscriber::new(iccid, "001010123456789", [1; 16], [2; 16], "esim-lab")
}

/// Metadata as an operator's server sends it: told of every event.
pub fn metadata(iccid: &str) -> StoreMetadataRequest {
    let iccid: Iccid = iccid.parse().expect("an ICCID");
    let events = [NotificationEvent::Enable, NotificationEvent::Disable, NotificationEvent::Delete];
    StoreMetadataRequest {
        iccid,
        service_provider_name: "esim-lab".to_string(),
        profile_name: "plain".to_string(),
        icon_type: None,
        icon: None,
        profile_class: ProfileClass::operational,
        notification_configuration_info: Some(vec![NotificationConfigurationInformation {
            profile_management_operation: NotificationEvents::of(&events),
            notification_address: ADDRESS.to_string(),
        }]),
        profile_owner: None,
        profile_policy_rules: None,
    }
}

/// `euiccOtpk` in a `PrepareDownloadResponse`.
pub fn euicc_otpk(response: &[u8]) -> Option<PublicKeyOctets> {
    let outer = tlv::read_only(response).ok()?;
    let ok = tlv::find(response, &outer, 0xA0).ok()??;
    let signed = tlv::find(response, &ok, 0x30).ok()??;
    let key = tlv::find(response, &signed, 0x5F49).ok()??;
    Some(PublicKeyOctets(OctetString::from_slice(&response[key.value])))
}

fn signature(key: &PrivateKey, parts: &[&[u8]]) -> Vec<u8> {
    tlv::wrap(0x5F37, &[&key.sign(parts)])
}

impl Hello {
    /// Signs, and makes the command.
    pub fn command(&self) -> Vec<u8> {
        let signed = encode(&self.signed);
        let signature = signature(&self.key, &[&signed]);
        self.command_with(&signed, &signature)
    }

    /// The command with a signed part and a signature of the test's own.
    pub fn command_with(&self, signed: &[u8], signature: &[u8]) -> Vec<u8> {
        let capabilities = tlv::wrap(0xA1, &[]);
        let device = tlv::wrap(0xA1, &[&tlv::wrap(0x80, &[&[0x53, 0x92, 0x60, 0x11]]), &capabilities]);
        let context = tlv::wrap(0xA0, &[&device]);
        let ci = tlv::wrap(0x04, &[&self.ci_key_id]);
        tlv::wrap(0xBF38, &[signed, signature, &ci, &self.certificate, &context])
    }
}

impl Offer {
    /// Signs, and makes the command.
    pub fn command(&self) -> Vec<u8> {
        let signed = encode(&self.signed);
        let signature = signature(&self.key, &[&signed, &self.euicc_signature1]);
        self.command_with(&signature)
    }

    /// The command with a signature of the test's own.
    pub fn command_with(&self, signature: &[u8]) -> Vec<u8> {
        let hash = self.hash_cc.map(|hash| tlv::wrap(0x04, &[&hash])).unwrap_or_default();
        tlv::wrap(0xBF21, &[&encode(&self.signed), signature, &hash, &self.certificate])
    }
}

impl Parcel {
    /// Protects everything and cuts it into pieces, as an LPA feeds them.
    pub fn pieces(&self) -> Vec<Vec<u8>> {
        self.bent_pieces(|_| {})
    }

    /// The same; none where the groups cannot be cut into pieces, as one of them is empty.
    pub fn pieces_if_any(&self) -> Vec<Vec<u8>> {
        let empty = self.metadata.is_empty() || self.configure.is_empty() || self.upp.is_empty();
        if empty { Vec::new() } else { self.pieces() }
    }

    /// The package whole, `BF36 …`, as a server sends it.
    pub fn package(&self) -> Vec<u8> {
        self.pieces().concat()
    }

    /// The same, with the protected groups in the test's hands before they are put together: the segments of `A0`,
    /// `A1`, `A2` and `A3`.
    pub fn bent_pieces(&self, bend: impl FnOnce(&mut [Vec<Vec<u8>>; 4])) -> Vec<Vec<u8>> {
        let mut channel = self.channel.clone();
        let mut sign = self.key.sign(&[&channel.signed_octets(&self.euicc_otpk)]);
        sign[40] ^= u8::from(self.bad_signature);
        channel.smdp_sign = Signature::from(sign);
        let mut bsp = Bsp::new(self.keys());
        let configure = bsp.encrypt_all(0x87, &self.configure);
        let metadata = bsp.mac_only_all(0x88, &self.metadata);
        let replace = self.replace.as_ref().map(|(request, keys)| {
            let segments = bsp.encrypt_all(0x87, request);
            bsp.replace_keys(BspKeys::new(keys[0], keys[1], keys[2]));
            segments
        });
        let upp = bsp.encrypt_all(0x86, &self.upp);
        let mut groups = [configure, metadata, replace.unwrap_or_default(), upp];
        bend(&mut groups);
        put_together(&encode(&channel), &groups)
    }

    /// The session keys.
    pub fn keys(&self) -> BspKeys {
        let peer = PublicKey::from_sec1(self.otsk.curve(), &self.euicc_otpk.0).expect("a point");
        let secret = ecka(&self.otsk, &peer).expect("a secret");
        let eid: Eid = EID.parse().expect("an EID");
        BspKeys::derive(&secret[..], &self.channel.control_ref_template.host_id, eid.octets())
    }
}

fn put_together(bf23: &[u8], groups: &[Vec<Vec<u8>>; 4]) -> Vec<Vec<u8>> {
    let mut body = bf23.to_vec();
    for (tag, segments) in (0xA0..).zip(groups) {
        let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
        if !segments.is_empty() {
            body.extend(tlv::wrap(tag, &segments));
        }
    }
    let package = tlv::wrap(0xBF36, &[&body]);
    let pieces = esim_rsp::bpp::segments(&package).expect("a sound package");
    pieces.into_iter().map(<[u8]>::to_vec).collect()
}
