//! What the manufacturer puts into a card: EID, certificates and keys of the
//! ECASD, rules authorisation table, addresses.

use crate::memory;
use crate::nvm::{Nvm, NvmError, Write};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use esim_crypto::pki::{Certificate, TestPki, TrustedCi, refuse_live_ci, verify_euicc};
use esim_crypto::{Curve, PrivateKey, PublicKey};
use esim_rsp::common::{OperatorId, PprIds, Version, bit_string};
use esim_rsp::es10b::ProfilePolicyAuthorisationRule;
use esim_rsp::{Eid, Error};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

/// Name of the record that holds it.
const RECORD: &str = "personal";

/// Personalisation data, written once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Personal {
    pub(crate) eid: [u8; 16],
    identities: Vec<StoredIdentity>,
    verification: Vec<StoredCi>,
    /// CI certificates (DER) of the verification keys, where known; a device takes its TLS roots from here.
    pub ci_certificates: Vec<Vec<u8>>,
    /// `GetRatResponse`, DER.
    pub(crate) rat: Vec<u8>,
    /// Address of the root SM-DS.
    pub root_ds_address: String,
    /// Octets of non-volatile memory for profiles.
    pub memory: u32,
    /// SAS accreditation number, 0 to 64 characters.
    pub sas_accreditation: String,
    /// Firmware of this card.
    pub firmware: (u8, u8, u8),
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredIdentity {
    ci_key_id: Vec<u8>,
    curve: Curve,
    key: Vec<u8>,
    euicc_certificate: Vec<u8>,
    eum_certificate: Vec<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredCi {
    key_id: Vec<u8>,
    curve: Curve,
    key: Vec<u8>,
}

/// Key and certificates of the eUICC under one CI.
#[derive(Clone)]
pub struct Identity {
    /// Subject key identifier of the CI.
    pub ci_key_id: Vec<u8>,
    /// SK.EUICC.
    pub key: PrivateKey,
    /// CERT.EUICC, DER.
    pub euicc_certificate: Vec<u8>,
    /// CERT.EUM, DER.
    pub eum_certificate: Vec<u8>,
}

impl Personal {
    /// A card of the project's own making: one identity under `pki`'s CI.
    ///
    /// # Errors
    /// [`Error`] if the certificates do not parse or are not of this EID.
    pub fn new(pki: &TestPki, eid: Eid, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let euicc = pki.issue_euicc(eid.octets(), rng);
        let identity = Identity {
            ci_key_id: key_id(&pki.ci.certificate)?,
            key: euicc.key,
            euicc_certificate: euicc.certificate,
            eum_certificate: pki.eum.certificate.clone(),
        };
        Self::from_parts(eid, vec![identity], vec![pki.ci.certificate.clone()])
    }

    /// A card with these identities that trusts these CIs (certificates, DER), both in order of preference.
    ///
    /// # Errors
    /// [`Error`] naming the certificate that does not parse, that is not of this
    /// EID or key, whose chain does not lead to one of these CIs, or that is a
    /// live CI's.
    pub fn from_parts(
        eid: Eid,
        identities: Vec<Identity>,
        ci_certificates: Vec<Vec<u8>>,
    ) -> Result<Self, Error> {
        let verification: Vec<_> =
            ci_certificates.iter().map(|der| StoredCi::new(der)).collect::<Result<_, _>>()?;
        let trusted = verification.iter().map(StoredCi::load).collect::<Result<Vec<_>, _>>()?;
        let identities = identities.into_iter().map(|identity| StoredIdentity::new(identity, &eid, &trusted));
        let rat = esim_rsp::es10b::GetRatResponse { rat: default_rat() };
        Ok(Self {
            eid: *eid.octets(),
            identities: identities.collect::<Result<_, _>>()?,
            verification,
            ci_certificates,
            rat: esim_rsp::encode(&rat),
            root_ds_address: "lpa.ds.gsma.com".to_string(),
            memory: 512 * 1024,
            sas_accreditation: "ESIM-LAB-0000".to_string(),
            firmware: (0, 1, 0),
        })
    }

    /// The EID.
    pub fn eid(&self) -> Result<Eid, Error> {
        Eid::from_octets(self.eid)
    }

    /// Replaces the rules authorisation table.
    pub fn with_rat(mut self, rules: Vec<ProfilePolicyAuthorisationRule>) -> Self {
        self.rat = esim_rsp::encode(&esim_rsp::es10b::GetRatResponse { rat: rules });
        self
    }

    /// Writes the personalisation, and nothing else: a fresh card.
    ///
    /// # Errors
    /// [`NvmError`] from the memory.
    pub fn write_to(&self, nvm: &mut dyn Nvm) -> Result<(), NvmError> {
        let octets = postcard::to_allocvec(self).map_err(|error| NvmError(error.to_string()))?;
        nvm.commit(&[Write::RemoveAll(String::new()), Write::Put(RECORD.to_string(), octets)])
    }

    /// Reads what [`Personal::write_to`] wrote; none if the memory was never personalised.
    ///
    /// # Errors
    /// A sentence, if the record is damaged: that is no memory without a card.
    pub fn read_from(nvm: &dyn Nvm) -> Result<Option<Self>, Error> {
        memory::read(nvm, RECORD)
    }

    pub(crate) fn load(&self) -> Result<(Vec<Identity>, Vec<TrustedCi>), Error> {
        let identities = self.identities.iter().map(StoredIdentity::load).collect::<Result<_, _>>()?;
        let verification = self.verification.iter().map(StoredCi::load).collect::<Result<_, _>>()?;
        Ok((identities, verification))
    }
}

impl core::fmt::Debug for Personal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Personal").field("identities", &self.identities.len()).finish_non_exhaustive()
    }
}

impl StoredIdentity {
    fn new(identity: Identity, eid: &Eid, trusted: &[TrustedCi]) -> Result<Self, Error> {
        let certificate = parse("eUICC", &identity.euicc_certificate)?;
        let eum = parse("EUM", &identity.eum_certificate)?;
        refuse_live(eum.authority_key_id().unwrap_or_default())?;
        if certificate.public_key() != &identity.key.public_key() {
            return Err(Error::text("the eUICC's key does not belong to its certificate"));
        }
        if certificate.serial_number() != Some(eid.to_string().as_str()) {
            return Err(Error::text("the eUICC's certificate is of another EID"));
        }
        // A card is made when both are valid, whatever the time now.
        let then = certificate.not_before().max(eum.not_before());
        let chain = verify_euicc(&certificate, &eum, trusted, then);
        chain.map_err(|error| Error::text(alloc::format!("the card's certificates: {error}")))?;
        Ok(Self {
            ci_key_id: identity.ci_key_id,
            curve: identity.key.curve(),
            key: identity.key.to_bytes().to_vec(),
            euicc_certificate: identity.euicc_certificate,
            eum_certificate: identity.eum_certificate,
        })
    }

    fn load(&self) -> Result<Identity, Error> {
        let key = PrivateKey::from_bytes(self.curve, &self.key);
        Ok(Identity {
            ci_key_id: self.ci_key_id.clone(),
            key: key.map_err(|_| Error::text("the eUICC's key is not a key"))?,
            euicc_certificate: self.euicc_certificate.clone(),
            eum_certificate: self.eum_certificate.clone(),
        })
    }
}

impl StoredCi {
    fn new(der: &[u8]) -> Result<Self, Error> {
        let certificate = parse("CI", der)?;
        let key = certificate.public_key();
        refuse_live(&key_id(der)?)?;
        Ok(Self { key_id: key_id(der)?, curve: key.curve(), key: key.to_sec1().to_vec() })
    }

    fn load(&self) -> Result<TrustedCi, Error> {
        let key = PublicKey::from_sec1(self.curve, &self.key);
        let key = key.map_err(|_| Error::text("a CI key is not a point of its curve"))?;
        Ok(TrustedCi { key_id: self.key_id.clone(), key })
    }
}

fn parse(whose: &str, der: &[u8]) -> Result<Certificate, Error> {
    Certificate::parse(der).map_err(|error| Error::text(alloc::format!("the {whose} certificate: {error}")))
}

fn refuse_live(key_id: &[u8]) -> Result<(), Error> {
    refuse_live_ci(key_id).map_err(|error| Error::text(error.to_string()))
}

fn key_id(der: &[u8]) -> Result<Vec<u8>, Error> {
    let certificate = parse("CI", der)?;
    let id = certificate.subject_key_id().map(<[u8]>::to_vec);
    id.ok_or_else(|| Error::text("the CI certificate has no subject key identifier"))
}

/// Every operator may use PPR1 and PPR2 if the user agrees (SGP.22 2.9.2.1).
fn default_rat() -> Vec<ProfilePolicyAuthorisationRule> {
    let any = OperatorId {
        mcc_mnc: [0xEE; 3].into(),
        gid1: Some(Default::default()),
        gid2: Some(Default::default()),
    };
    vec![ProfilePolicyAuthorisationRule {
        ppr_ids: PprIds::of(&[1, 2]),
        allowed_operators: vec![any],
        ppr_flags: bit_string(&[0]),
    }]
}

impl Personal {
    pub(crate) fn firmware_version(&self) -> Version {
        let (major, minor, revision) = self.firmware;
        Version::new(major, minor, revision)
    }
}
