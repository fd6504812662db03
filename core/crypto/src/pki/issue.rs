//! Issuing a test PKI (SGP.22 4.5.2, SGP.26): CI → EUM → eUICC and CI →
//! DPauth, DPpb, DPtls, DSauth, DStls. Same parameters and randomness, same octets.

use super::crl::{PARTIAL_CRL_NUMBER, TOTAL_PARTIAL_CRL_NUMBER, unsigned};
use super::der_out::{bit_string, extension, name, oid, sequence, time};
use super::role::Role;
use crate::tlv::tlv;
use crate::{Curve, PrivateKey, PublicKey};
use ::ecdsa::Signature;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use bp256::BrainpoolP256r1;
use der::asn1::ObjectIdentifier;
use p256::NistP256;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use sha1::{Digest, Sha1};

const UTF8: u8 = 0x0C;
const PRINTABLE: u8 = 0x13;
const COMMON_NAME: &str = "2.5.4.3";
const SERIAL_NUMBER: &str = "2.5.4.5";
const ORGANIZATION: &str = "2.5.4.10";
const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";

/// A certificate (DER) and its private key.
#[derive(Clone)]
pub struct Issued {
    /// DER.
    pub certificate: Vec<u8>,
    /// Never printed.
    pub key: PrivateKey,
}

impl core::fmt::Debug for Issued {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Issued({} octets)", self.certificate.len())
    }
}

impl Issued {
    /// The private key as PKCS#8 DER, for TLS libraries.
    pub fn key_pkcs8_der(&self) -> Vec<u8> {
        let scalar = tlv(0x04, &[&self.key.to_bytes()[..]]);
        let public = tlv(0xA1, &[&bit_string(&self.key.public_key().to_sec1())]);
        let ec_private_key = sequence(&[&[0x02, 0x01, 0x01], &scalar, &public]);
        sequence(&[&[0x02, 0x01, 0x00], &algorithm(self.key.curve()), &tlv(0x04, &[&ec_private_key])])
    }
}

/// What goes into a revocation list.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrlDraft<'a> {
    /// cRLNumber.
    pub number: u64,
    /// Serial numbers, as [`super::Certificate::serial`] gives them.
    pub revoked: &'a [Vec<u8>],
    /// Which part, from 1, and of how many; absent for a list in one piece.
    pub part: Option<(u16, u16)>,
    /// BaseCRLNumber of a list that tells changes only.
    pub base: Option<u64>,
    /// nextUpdate, Unix seconds.
    pub next_update: Option<u64>,
}

/// A complete test PKI.
///
/// ```
/// use esim_crypto::Curve;
/// use esim_crypto::pki::{Certificate, TestPki};
///
/// let pki = TestPki::well_known(Curve::P256);
/// let server = Certificate::parse(&pki.dp_auth.certificate)?;
/// assert_eq!(server.public_key().to_sec1(), pki.dp_auth.key.public_key().to_sec1());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestPki {
    /// Certificate issuer.
    pub ci: Issued,
    /// eUICC manufacturer.
    pub eum: Issued,
    /// SM-DP+, authentication.
    pub dp_auth: Issued,
    /// SM-DP+, profile binding.
    pub dp_pb: Issued,
    /// SM-DP+, TLS.
    pub dp_tls: Issued,
    /// SM-DS, authentication.
    pub ds_auth: Issued,
    /// SM-DS, TLS.
    pub ds_tls: Issued,
    parameters: PkiParameters,
}

/// What a PKI is made with.
#[derive(Clone, Debug)]
pub struct PkiParameters {
    /// Of every key.
    pub curve: Curve,
    /// Host names and IPv4 addresses of the SM-DP+, the first being its name.
    pub smdp_hosts: Vec<String>,
    /// registeredID of the SM-DP+, dotted.
    pub smdp_oid: String,
    /// Host names and IPv4 addresses of the SM-DS, the first being its name.
    pub smds_hosts: Vec<String>,
    /// registeredID of the SM-DS, dotted.
    pub smds_oid: String,
    /// registeredID of the manufacturer, dotted.
    pub eum_oid: String,
    /// Organization of manufacturer and eUICCs.
    pub eum_name: String,
    /// First digits of every EID.
    pub eid_prefix: String,
    /// Start of validity, Unix seconds.
    pub not_before: u64,
    /// End of validity, Unix seconds.
    pub not_after: u64,
}

impl Default for PkiParameters {
    /// Valid from 2024 to 2049, for an SM-DP+ called `smdp.esim-lab.example`.
    fn default() -> Self {
        Self {
            curve: Curve::P256,
            smdp_hosts: vec![
                "smdp.esim-lab.example".to_string(),
                "localhost".to_string(),
                "127.0.0.1".to_string(),
            ],
            smdp_oid: "2.999.10".to_string(),
            smds_hosts: vec![
                "smds.esim-lab.example".to_string(),
                "localhost".to_string(),
                "127.0.0.1".to_string(),
            ],
            smds_oid: "2.999.20".to_string(),
            eum_oid: "2.999.5".to_string(),
            eum_name: "esim-lab test EUM".to_string(),
            eid_prefix: "89049032".to_string(),
            not_before: 1_704_067_200,
            not_after: 2_493_072_000,
        }
    }
}

impl TestPki {
    /// All that it has issued, each with what it is for.
    pub fn issued(&self) -> [(Role, &Issued); 7] {
        [
            (Role::Ci, &self.ci),
            (Role::Eum, &self.eum),
            (Role::DpAuth, &self.dp_auth),
            (Role::DpPb, &self.dp_pb),
            (Role::DpTls, &self.dp_tls),
            (Role::DsAuth, &self.ds_auth),
            (Role::DsTls, &self.ds_tls),
        ]
    }

    /// Draws all keys and issues all certificates.
    pub fn generate<R: CryptoRng + ?Sized>(parameters: &PkiParameters, rng: &mut R) -> Self {
        let key = |rng: &mut R| PrivateKey::generate(parameters.curve, rng);
        let ci_key = key(rng);
        let ci_name = ci_name();
        let issuer = Issuer { name: &ci_name, key: &ci_key };
        let draft = |serial, subject: Vec<u8>, extensions| Draft {
            serial,
            subject,
            not_before: parameters.not_before,
            not_after: parameters.not_after,
            extensions,
        };
        let ci =
            draft(1, ci_name.clone(), ci_extensions(&ci_key.public_key())).issue(&issuer, ci_key.clone());
        let eum_key = key(rng);
        let eum_name = eum_subject(parameters);
        let eum = draft(2, eum_name, eum_extensions(parameters, &eum_key.public_key(), &ci_key.public_key()));
        let eum = eum.issue(&issuer, eum_key);
        let server = |serial, common_name: &str, policy, rng: &mut R| {
            let key = key(rng);
            let subject = name(&[(ORGANIZATION, UTF8, "esim-lab"), (COMMON_NAME, UTF8, common_name)]);
            let extensions = dp_extensions(parameters, policy, &key.public_key(), &ci_key.public_key());
            draft(serial, subject, extensions).issue(&issuer, key)
        };
        let dp_auth = server(3, "esim-lab SM-DP+ auth", "2.23.146.1.2.1.4", rng);
        let dp_pb = server(4, "esim-lab SM-DP+ pb", "2.23.146.1.2.1.5", rng);
        let tls_key = key(rng);
        let mut pki = Self {
            ci,
            eum,
            dp_auth,
            dp_pb,
            dp_tls: placeholder(&tls_key),
            ds_auth: placeholder(&tls_key),
            ds_tls: placeholder(&tls_key),
            parameters: parameters.clone(),
        };
        pki.dp_tls = pki.tls_certificate(&DP_TLS, &parameters.smdp_oid, &parameters.smdp_hosts, tls_key);
        // Drawn last: the certificates before stay as they were when there was no SM-DS.
        pki.ds_auth = pki.issue_server("2.23.146.1.2.1.7", &parameters.smds_oid, 6, rng);
        let tls_key = key(rng);
        pki.ds_tls = pki.tls_certificate(&DS_TLS, &parameters.smds_oid, &parameters.smds_hosts, tls_key);
        pki
    }

    /// The project's own test CI: made from a published seed, the same on every
    /// machine, worth nothing anywhere else.
    pub fn well_known(curve: Curve) -> Self {
        let mut seed = *b"esim-lab well-known test CI, v1!";
        seed[0] ^= curve as u8;
        let parameters = PkiParameters { curve, ..PkiParameters::default() };
        Self::generate(&parameters, &mut ChaCha20Rng::from_seed(seed))
    }

    /// What it was made with.
    pub fn parameters(&self) -> &PkiParameters {
        &self.parameters
    }

    /// CERT.EUICC for an EID of 16 octets.
    pub fn issue_euicc<R: CryptoRng + ?Sized>(&self, eid: &[u8; 16], rng: &mut R) -> Issued {
        let key = PrivateKey::generate(self.parameters.curve, rng);
        let digits: String = eid.iter().map(|octet| format!("{octet:02x}")).collect();
        let subject = name(&[
            (ORGANIZATION, UTF8, &self.parameters.eum_name),
            (SERIAL_NUMBER, PRINTABLE, &digits),
            (COMMON_NAME, UTF8, "esim-lab eUICC"),
        ]);
        let extensions = vec![
            authority_key_id(&self.eum.key.public_key()),
            subject_key_id(&key.public_key()),
            key_usage(&[0x07, 0x80]),
            policies(true, "2.23.146.1.2.1.1"),
        ];
        let draft = Draft {
            serial: u64::from_be_bytes(core::array::from_fn(|i| eid[8 + i])) | 1,
            subject,
            not_before: self.parameters.not_before,
            not_after: self.parameters.not_after,
            extensions,
        };
        let issuer = Issuer { name: &eum_subject(&self.parameters), key: &self.eum.key };
        draft.issue(&issuer, key)
    }

    /// CERT.DP.TLS for other hosts: names, or IPv4 addresses.
    pub fn issue_dp_tls<R: CryptoRng + ?Sized>(&self, hosts: &[&str], rng: &mut R) -> Issued {
        self.issue_tls(&DP_TLS, &self.parameters.smdp_oid, hosts, rng)
    }

    /// CERT.DS.TLS for other hosts: names, or IPv4 addresses.
    pub fn issue_ds_tls<R: CryptoRng + ?Sized>(&self, hosts: &[&str], rng: &mut R) -> Issued {
        self.issue_tls(&DS_TLS, &self.parameters.smds_oid, hosts, rng)
    }

    fn issue_tls<R: CryptoRng + ?Sized>(
        &self,
        kind: &TlsKind,
        oid: &str,
        hosts: &[&str],
        rng: &mut R,
    ) -> Issued {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_string()).collect();
        let key = PrivateKey::generate(self.parameters.curve, rng);
        self.tls_certificate(kind, oid, &hosts, key)
    }

    /// A certificate for clients of TLS: an LPA's, or an operator's customer system.
    pub fn issue_client<R: CryptoRng + ?Sized>(&self, common_name: &str, rng: &mut R) -> Issued {
        let key = PrivateKey::generate(self.parameters.curve, rng);
        let mut serial = [0; 8];
        rng.fill_bytes(&mut serial);
        let purposes = sequence(&[&oid(&ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2"))]);
        let draft = Draft {
            serial: u64::from_be_bytes(serial) >> 1 | 1,
            subject: name(&[(ORGANIZATION, UTF8, "esim-lab"), (COMMON_NAME, UTF8, common_name)]),
            not_before: self.parameters.not_before,
            not_after: self.parameters.not_after,
            extensions: vec![
                key_usage(&[0x07, 0x80]),
                extension("2.5.29.37", false, &purposes),
                subject_key_id(&key.public_key()),
                authority_key_id(&self.ci.key.public_key()),
            ],
        };
        draft.issue(&Issuer { name: &ci_name(), key: &self.ci.key }, key)
    }

    /// A server certificate like DPauth's and DPpb's, of another server: role by
    /// its policy (`2.23.146.1.2.1.4`), OID of the server, serial number.
    pub fn issue_server<R: CryptoRng + ?Sized>(
        &self,
        policy: &str,
        smdp_oid: &str,
        serial: u64,
        rng: &mut R,
    ) -> Issued {
        let key = PrivateKey::generate(self.parameters.curve, rng);
        let parameters = PkiParameters { smdp_oid: smdp_oid.to_string(), ..self.parameters.clone() };
        let ci = self.ci.key.public_key();
        let draft = Draft {
            serial,
            subject: name(&[(ORGANIZATION, UTF8, "esim-lab"), (COMMON_NAME, UTF8, "esim-lab server")]),
            not_before: parameters.not_before,
            not_after: parameters.not_after,
            extensions: dp_extensions(&parameters, policy, &key.public_key(), &ci),
        };
        draft.issue(&Issuer { name: &ci_name(), key: &self.ci.key }, key)
    }

    /// A revocation list of the CI, DER.
    pub fn issue_crl(&self, crl: &CrlDraft<'_>) -> Vec<u8> {
        self.issue_crl_of(&Issuer { name: &ci_name(), key: &self.ci.key }, crl)
    }

    /// A revocation list of the manufacturer, DER: of its eUICCs.
    pub fn issue_eum_crl(&self, crl: &CrlDraft<'_>) -> Vec<u8> {
        self.issue_crl_of(&Issuer { name: &eum_subject(&self.parameters), key: &self.eum.key }, crl)
    }

    fn issue_crl_of(&self, issuer: &Issuer<'_>, crl: &CrlDraft<'_>) -> Vec<u8> {
        let signature_algorithm = sequence(&[&oid(&ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"))]);
        let date = time(self.parameters.not_before);
        let next_update = crl.next_update.map(time).unwrap_or_default();
        let entries: Vec<Vec<u8>> =
            crl.revoked.iter().map(|serial| sequence(&[&tlv(0x02, &[serial]), &date])).collect();
        let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        let entries = if entries.is_empty() { Vec::new() } else { sequence(&entries) };
        let mut extensions = vec![
            authority_key_id(&issuer.key.public_key()),
            extension("2.5.29.20", false, &unsigned(crl.number)),
        ];
        if let Some(base) = crl.base {
            extensions.push(extension("2.5.29.27", true, &unsigned(base)));
        }
        if let Some((part, parts)) = crl.part {
            let (total_id, part_id) = (TOTAL_PARTIAL_CRL_NUMBER.to_string(), PARTIAL_CRL_NUMBER.to_string());
            extensions.push(extension(&total_id, true, &unsigned(parts.into())));
            extensions.push(extension(&part_id, true, &unsigned(part.into())));
        }
        let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
        let tbs = sequence(&[
            &[0x02, 0x01, 0x01],
            &signature_algorithm,
            issuer.name,
            &date,
            &next_update,
            &entries,
            &tlv(0xA0, &[&sequence(&extensions)]),
        ]);
        let signature = der_signature(issuer.key, &tbs);
        sequence(&[&tbs, &signature_algorithm, &bit_string(&signature)])
    }

    fn tls_certificate(&self, kind: &TlsKind, server_oid: &str, hosts: &[String], key: PrivateKey) -> Issued {
        let ci = self.ci.key.public_key();
        let first = hosts.first().map(String::as_str).unwrap_or_default();
        let subject = name(&[(ORGANIZATION, UTF8, "esim-lab"), (COMMON_NAME, UTF8, first)]);
        let mut names: Vec<Vec<u8>> = hosts.iter().map(|host| host_name(host)).collect();
        names.push(registered_id(server_oid));
        let purposes = [
            oid(&ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1")),
            oid(&ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2")),
        ];
        let extensions = vec![
            key_usage(&[0x07, 0x80]),
            extension("2.5.29.37", true, &sequence(&[&purposes[0], &purposes[1]])),
            policies(false, kind.policy),
            subject_key_id(&key.public_key()),
            authority_key_id(&ci),
            alternative_names(&names),
            crl_distribution_points(),
        ];
        let draft = Draft {
            serial: kind.serial,
            subject,
            not_before: self.parameters.not_before,
            not_after: self.parameters.not_after,
            extensions,
        };
        draft.issue(&Issuer { name: &ci_name(), key: &self.ci.key }, key)
    }
}

/// What TLS certificates differ in.
struct TlsKind {
    policy: &'static str,
    serial: u64,
}

const DP_TLS: TlsKind = TlsKind { policy: "2.23.146.1.2.1.3", serial: 5 };
const DS_TLS: TlsKind = TlsKind { policy: "2.23.146.1.2.1.6", serial: 7 };

fn placeholder(key: &PrivateKey) -> Issued {
    Issued { certificate: Vec::new(), key: key.clone() }
}

struct Issuer<'a> {
    name: &'a [u8],
    key: &'a PrivateKey,
}

struct Draft {
    serial: u64,
    subject: Vec<u8>,
    not_before: u64,
    not_after: u64,
    extensions: Vec<Vec<u8>>,
}

impl Draft {
    fn issue(self, issuer: &Issuer<'_>, key: PrivateKey) -> Issued {
        let signature_algorithm = sequence(&[&oid(&ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"))]);
        let public = bit_string(&key.public_key().to_sec1());
        let extensions: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        let tbs = sequence(&[
            &[0xA0, 0x03, 0x02, 0x01, 0x02],
            &unsigned(self.serial),
            &signature_algorithm,
            issuer.name,
            &sequence(&[&time(self.not_before), &time(self.not_after)]),
            &self.subject,
            &sequence(&[&algorithm(key.curve()), &public]),
            &tlv(0xA3, &[&sequence(&extensions)]),
        ]);
        let signature = der_signature(issuer.key, &tbs);
        let certificate = sequence(&[&tbs, &signature_algorithm, &bit_string(&signature)]);
        Issued { certificate, key }
    }
}

fn der_signature(key: &PrivateKey, tbs: &[u8]) -> Vec<u8> {
    let raw = key.sign(&[tbs]);
    let der = match key.curve() {
        Curve::P256 => Signature::<NistP256>::from_slice(&raw).map(|s| s.to_der().as_bytes().to_vec()),
        Curve::BrainpoolP256r1 => {
            Signature::<BrainpoolP256r1>::from_slice(&raw).map(|s| s.to_der().as_bytes().to_vec())
        }
    };
    der.unwrap_or_default()
}

fn algorithm(curve: Curve) -> Vec<u8> {
    let named = match curve {
        Curve::P256 => "1.2.840.10045.3.1.7",
        Curve::BrainpoolP256r1 => "1.3.36.3.3.2.8.1.1.7",
    };
    let ec = oid(&ObjectIdentifier::new_unwrap("1.2.840.10045.2.1"));
    sequence(&[&ec, &oid(&ObjectIdentifier::new_unwrap(named))])
}

fn ci_name() -> Vec<u8> {
    name(&[
        (COMMON_NAME, UTF8, "esim-lab Test CI"),
        (ORGANIZATIONAL_UNIT, UTF8, "TESTCERT"),
        (ORGANIZATION, UTF8, "esim-lab"),
    ])
}

fn eum_subject(parameters: &PkiParameters) -> Vec<u8> {
    name(&[(ORGANIZATION, UTF8, &parameters.eum_name), (COMMON_NAME, UTF8, "esim-lab EUM")])
}

fn ci_extensions(key: &PublicKey) -> Vec<Vec<u8>> {
    vec![
        subject_key_id(key),
        extension("2.5.29.19", true, &sequence(&[&[0x01, 0x01, 0xFF]])),
        policies(true, "2.23.146.1.2.1.0"),
        key_usage(&[0x01, 0x06]),
        alternative_names(&[registered_id("2.999.1")]),
        crl_distribution_points(),
    ]
}

fn eum_extensions(parameters: &PkiParameters, key: &PublicKey, ci: &PublicKey) -> Vec<Vec<u8>> {
    let permitted = name(&[
        (ORGANIZATION, UTF8, &parameters.eum_name),
        (SERIAL_NUMBER, PRINTABLE, &parameters.eid_prefix),
    ]);
    let subtree = sequence(&[&tlv(0xA4, &[&permitted])]);
    vec![
        authority_key_id(ci),
        subject_key_id(key),
        key_usage(&[0x02, 0x04]),
        policies(true, "2.23.146.1.2.1.2"),
        alternative_names(&[registered_id(&parameters.eum_oid)]),
        extension("2.5.29.19", true, &sequence(&[&[0x01, 0x01, 0xFF], &[0x02, 0x01, 0x00]])),
        crl_distribution_points(),
        extension("2.5.29.30", true, &sequence(&[&tlv(0xA0, &[&subtree])])),
    ]
}

fn dp_extensions(parameters: &PkiParameters, policy: &str, key: &PublicKey, ci: &PublicKey) -> Vec<Vec<u8>> {
    vec![
        authority_key_id(ci),
        subject_key_id(key),
        alternative_names(&[registered_id(&parameters.smdp_oid)]),
        key_usage(&[0x07, 0x80]),
        policies(true, policy),
        crl_distribution_points(),
    ]
}

/// SHA-1 of the key's bits (RFC 5280 4.2.1.2).
fn key_id(key: &PublicKey) -> [u8; 20] {
    Sha1::digest(key.to_sec1()).into()
}

fn subject_key_id(key: &PublicKey) -> Vec<u8> {
    extension("2.5.29.14", false, &tlv(0x04, &[&key_id(key)]))
}

fn authority_key_id(issuer: &PublicKey) -> Vec<u8> {
    extension("2.5.29.35", false, &sequence(&[&tlv(0x80, &[&key_id(issuer)])]))
}

/// `bits` are the content octets of the BIT STRING.
fn key_usage(bits: &[u8]) -> Vec<u8> {
    extension("2.5.29.15", true, &tlv(0x03, &[bits]))
}

fn policies(critical: bool, policy: &str) -> Vec<u8> {
    let policy = sequence(&[&oid(&ObjectIdentifier::new_unwrap(policy))]);
    extension("2.5.29.32", critical, &sequence(&[&policy]))
}

fn alternative_names(names: &[Vec<u8>]) -> Vec<u8> {
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    extension("2.5.29.17", false, &sequence(&names))
}

/// A dotted OID that is none comes out as an empty name.
fn registered_id(dotted: &str) -> Vec<u8> {
    tlv(0x88, &[&super::registered_id::from_dotted(dotted).unwrap_or_default()])
}

/// dNSName, or iPAddress for four numbers.
fn host_name(host: &str) -> Vec<u8> {
    let numbers: Option<Vec<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    match numbers {
        Some(address) if address.len() == 4 => tlv(0x87, &[&address]),
        _ => tlv(0x82, &[host.as_bytes()]),
    }
}

fn crl_distribution_points() -> Vec<u8> {
    let uri = tlv(0x86, &[b"http://ci.esim-lab.example/CRL-A.crl"]);
    let point = sequence(&[&tlv(0xA0, &[&tlv(0xA0, &[&uri])])]);
    extension("2.5.29.31", false, &sequence(&[&point]))
}
