//! Certificates that their issuers have taken back (SGP.22 2.7, 4.6).

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use arc_swap::ArcSwap;
use esim_crypto::PublicKey;
use esim_crypto::pki::{Certificate, Crl, TrustedCi};
use esim_rsp::Error;

/// Revocation lists: of CIs, for manufacturers' certificates, and of manufacturers, for eUICCs'.
///
/// A list stays in force past its nextUpdate until a newer one takes its place: what has been revoked once is never
/// good again, and a server without news must not stop serving everybody else.
///
/// Clones share what they hold: lists are replaced under a server that runs.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    lists: Arc<ArcSwap<Vec<List>>>,
}

#[derive(Clone, Debug)]
struct List {
    crl: Crl,
    /// By a trusted CI; a manufacturer's signature can be checked only with its certificate at hand.
    verified: bool,
}

impl Revocations {
    /// Takes lists, DER each. Of two of one issuer and part the newer counts, and lists of changes beside it.
    ///
    /// # Errors
    /// Octets that are no revocation list, or one whose issuer is trusted and has not signed it; counted from 1.
    pub fn new(lists: &[Vec<u8>], trusted: &[TrustedCi]) -> Result<Self, Error> {
        let mut taken = Vec::new();
        for (i, der) in lists.iter().enumerate() {
            let wrong =
                |why: &dyn core::fmt::Display| Error::text(format!("revocation list {}: {why}", i + 1));
            let crl = Crl::parse(der).map_err(|error| wrong(&error))?;
            let issuer = trusted.iter().find(|ci| ci.key_id == crl.issuer_key_id());
            if let Some(issuer) = issuer {
                crl.verify(&issuer.key).map_err(|_| wrong(&"its issuer has not signed it"))?;
            }
            add(&mut taken, List { crl, verified: issuer.is_some() });
        }
        Ok(Self { lists: Arc::new(ArcSwap::from_pointee(taken)) })
    }

    /// Puts other lists in the place of these, for everybody who shares them.
    pub fn replace(&self, newer: Self) {
        self.lists.store(newer.lists.load_full());
    }

    /// Whether an issuer, whose key is good, has taken a certificate of its own back.
    pub fn contain(&self, certificate: &Certificate, issuer: &PublicKey) -> bool {
        let own = |list: &&List| certificate.authority_key_id() == Some(list.crl.issuer_key_id());
        let lists = self.lists.load();
        lists.iter().filter(own).any(|list| {
            let revoked = list.crl.revoked().iter().any(|serial| serial == certificate.serial());
            revoked && (list.verified || list.crl.verify(issuer).is_ok())
        })
    }

    /// How many lists should have been replaced by now, seconds since 1970.
    pub fn out_of_date(&self, now: u64) -> usize {
        self.lists.load().iter().filter(|list| list.crl.next_update().is_some_and(|end| now > end)).count()
    }
}

fn add(lists: &mut Vec<List>, new: List) {
    let same = |old: &List| {
        old.crl.issuer_key_id() == new.crl.issuer_key_id()
            && old.crl.part() == new.crl.part()
            && old.crl.base().is_none()
            && new.crl.base().is_none()
    };
    match lists.iter_mut().find(|old| same(old)) {
        Some(old) if new.crl.is_newer_than(&old.crl) => *old = new,
        Some(_) => {}
        None => lists.push(new),
    }
}
