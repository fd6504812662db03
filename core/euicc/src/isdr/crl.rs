//! ES10b.LoadCRL: revocation lists of the CIs, whole, in parts or as changes
//! (SGP.22 5.7.12). What a list revokes, no server can use here any more.

use super::{Isdr, Reply};
use crate::apdu::Status;
use crate::env::Env;
use crate::state::StoredCrl;
use alloc::vec::Vec;
use core::cmp::Ordering;
use esim_crypto::pki::Crl;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::es10b::{LoadCrlError, LoadCrlRequest, LoadCrlResponse, LoadCrlResponseOk};

const CLAUSE: &str = "SGP.22 5.7.12";
const FORMAT: Rule = Rule::new(CLAUSE, "crl is a CertificateList");
const ISSUER: Rule = Rule::new(CLAUSE, "authorityKeyIdentifier of the CRL is that of a known CI");
const SIGNATURE: Rule = Rule::new(CLAUSE, "the signature of the CRL verifies with PK.CI.ECDSA");
const FRESHER: Rule = Rule::new(CLAUSE, "no fresher CRL is loaded");
const BASE: Rule = Rule::new(CLAUSE, "the base CRL is loaded, if the CRL has changes alone");
const MEMORY: Rule = Rule::new(CLAUSE, "there is free memory for the CRL");

impl Isdr {
    pub(super) fn load_crl(&mut self, chain: &[u8], env: &mut Env<'_>) -> Result<Reply, Status> {
        let request = LoadCrlRequest::from_octets(chain).map_err(|_| Status::INCORRECT_DATA)?;
        let updated = self.update_crl(&request.crl, env.checks);
        let stored = match updated {
            Ok(stored) => stored,
            Err(error) => return Ok(Reply::of(&LoadCrlResponse::LoadCrlResponseError(error))),
        };
        let missing: Vec<u16> = (1..=stored.parts).filter(|part| !stored.loaded.contains(part)).collect();
        let mut draft = self.draft();
        draft.state.crls.retain(|known| known.issuer != stored.issuer);
        draft.state.crls.push(stored);
        self.commit(draft, env)?;
        Ok(Reply::of(&LoadCrlResponse::LoadCrlResponseOk(LoadCrlResponseOk {
            missing_parts: (!missing.is_empty()).then_some(missing),
        })))
    }

    /// What is to be kept of its issuer's lists once this one is taken.
    fn update_crl(&self, der: &[u8], checks: Checks<'_>) -> Result<StoredCrl, LoadCrlError> {
        let crl = checks.that(&FORMAT, || der, Crl::parse(der));
        let crl = crl.map_err(|_| LoadCrlError::invalidCRLFormat)?;
        let ci = self.verification.iter().find(|ci| ci.key_id == crl.issuer_key_id());
        let ci = checks.that(&ISSUER, || crl.issuer_key_id(), ci);
        let ci = ci.ok_or(LoadCrlError::verificationKeyNotFound)?;
        checks
            .with_key(&SIGNATURE, || ci.key.to_sec1(), || der, crl.verify(&ci.key))
            .map_err(|_| LoadCrlError::invalidSignature)?;
        let known = self.state.crls.iter().find(|known| known.issuer == crl.issuer_key_id());
        let age = known.map(|known| by_size(crl.number(), &known.number));
        if !checks.that(&FRESHER, || crl.number(), age != Some(Ordering::Less)) {
            return Err(LoadCrlError::fresherCrlAlreadyLoaded);
        }
        let stored = match (known, crl.base()) {
            (Some(known), _) if age == Some(Ordering::Equal) => Some(known.clone().with_part(&crl)),
            (Some(known), Some(base)) if known.is_whole() && by_size(&known.number, base).is_ge() => {
                Some(known.clone().with_changes(&crl))
            }
            (_, Some(_)) => None,
            (known, None) => Some(StoredCrl::new(&crl, known)),
        };
        let stored = checks.that(&BASE, || crl.base().unwrap_or_default(), stored);
        let stored = stored.ok_or(LoadCrlError::baseCrlMissing)?;
        let more = stored.size().saturating_sub(known.map_or(0, StoredCrl::size));
        let fits = checks.that(&MEMORY, || more.to_be_bytes(), more <= self.free_memory());
        if fits { Ok(stored) } else { Err(LoadCrlError::notEnoughMemorySpace) }
    }

    /// Whether a loaded list of this CI revokes a certificate.
    pub(super) fn is_revoked(&self, ci_key_id: &[u8], serial: &[u8]) -> bool {
        let lists = self.state.crls.iter().filter(|crl| crl.issuer == ci_key_id);
        lists.flat_map(StoredCrl::all).any(|revoked| revoked == serial)
    }
}

impl StoredCrl {
    /// A new list. While parts of it are missing, what the former revoked stays revoked.
    fn new(crl: &Crl, former: Option<&Self>) -> Self {
        let (part, parts) = crl.part();
        let former = former.filter(|_| parts > 1).map(|former| former.all().cloned().collect());
        Self {
            issuer: crl.issuer_key_id().to_vec(),
            number: crl.number().to_vec(),
            parts,
            loaded: alloc::vec![part],
            revoked: crl.revoked().to_vec(),
            former: former.unwrap_or_default(),
        }
    }

    /// Another part of the list under way; one that is there already changes nothing.
    fn with_part(mut self, crl: &Crl) -> Self {
        let (part, parts) = crl.part();
        if parts == self.parts && !self.loaded.contains(&part) {
            self.loaded.push(part);
            self.revoked.extend_from_slice(crl.revoked());
        }
        if self.is_whole() {
            self.former.clear();
        }
        self
    }

    fn with_changes(mut self, crl: &Crl) -> Self {
        self.number = crl.number().to_vec();
        let news = crl.revoked().iter().filter(|serial| !self.revoked.contains(serial)).cloned();
        let news: Vec<_> = news.collect();
        self.revoked.extend(news);
        self
    }

    fn is_whole(&self) -> bool {
        self.loaded.len() == usize::from(self.parts)
    }
}

/// Compares numbers that have no leading zeros.
fn by_size(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
