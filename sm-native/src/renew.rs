//! Certificates and revocation lists that are replaced while the server runs: when somebody says so (SIGHUP), and by
//! themselves when their files change. What cannot be read is told, and what was there stays in force.

use crate::tls::Shown;
use crate::{NativeHost, pem, pki, pki_folder, warnings};
use esim_sm_edge::Host;
use esim_smdp::Revocations;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Where that lies which may be replaced.
#[derive(Clone)]
pub(crate) struct Sources {
    /// Folder of certificates and keys.
    pub pki: PathBuf,
    /// Files of revocation lists.
    pub lists: Vec<PathBuf>,
    /// Lists that were given without a file.
    pub given: Vec<Vec<u8>>,
    /// How often the files are looked at.
    pub every: Duration,
}

/// What a file looks like from outside.
type Looks = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl Sources {
    /// Every revocation list, DER each.
    pub fn read_lists(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut lists = self.given.clone();
        for file in &self.lists {
            lists.extend(pem::read_crls(file)?);
        }
        Ok(lists)
    }

    /// Of the certificates, and of the lists.
    fn looks(&self) -> (Looks, Looks) {
        let files = pki_folder::files_in(&self.pki).unwrap_or_default();
        let look = |path: &PathBuf| {
            let known = std::fs::metadata(path).ok();
            let modified = known.as_ref().and_then(|known| known.modified().ok());
            (path.clone(), modified, known.map_or(0, |known| known.len()))
        };
        (files.iter().map(look).collect(), self.lists.iter().map(look).collect())
    }
}

/// What is to be replaced.
pub(crate) struct Renewal {
    pub host: Arc<NativeHost>,
    pub sources: Sources,
    /// What TLS shows; none where somebody else does TLS.
    pub shown: Option<Arc<Shown>>,
    /// What the start warned of, besides certificates.
    pub setting: warnings::Setting,
}

impl Renewal {
    /// Looks at the files until told to stop, and at once when `asked`.
    pub fn start(self, asked: Arc<Notify>, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut seen = self.sources.looks();
            loop {
                let is_asked = tokio::select! {
                    () = tokio::time::sleep(self.sources.every) => false,
                    () = asked.notified() => true,
                    _ = stop.wait_for(|stopped| *stopped) => break,
                };
                let now = self.sources.looks();
                if is_asked || now.0 != seen.0 {
                    self.report("certificates", self.certificates());
                }
                if is_asked || now.1 != seen.1 {
                    self.report("revocation lists", self.lists());
                }
                seen = now;
            }
        })
    }

    fn report(&self, what: &str, renewed: io::Result<()>) {
        match renewed {
            Ok(()) => tracing::info!(call = "renew", outcome = %format!("new {what} are in force")),
            Err(error) => {
                let outcome = format!("new {what} cannot be used, the old ones stay in force: {error}");
                tracing::error!(call = "renew", outcome);
            }
        }
    }

    fn certificates(&self) -> io::Result<()> {
        let setting = &self.setting;
        let names = pki::Names::of(&setting.smdp_address, setting.smds_address.as_deref());
        let pki = pki::read_folder(&self.sources.pki, names)?;
        let smds = self.host.config.smds.as_ref().map(|smds| smds.address.as_str());
        // Both or none: keys that TLS does not take must not be used for calls either.
        let keys = self.shown.as_ref().map(|shown| Ok::<_, io::Error>((shown, shown.keys(&pki, smds)?)));
        let keys = keys.transpose()?;
        self.host.outgoing.renew(&pki)?;
        if let Some((shown, keys)) = keys {
            shown.show(keys);
        }
        for warning in warnings::of_certificates(&pki, &self.setting, self.host.now()) {
            tracing::warn!(call = "renew", outcome = warning);
        }
        let known = &self.host.config.identities;
        let is_known = pki.identities.iter().all(|new| {
            known.iter().any(|old| {
                old.dp_auth.certificate == new.dp_auth.certificate
                    && old.dp_pb.certificate == new.dp_pb.certificate
            })
        });
        if !is_known {
            let outcome = "CERT.DPauth and CERT.DPpb have changed, too: they are in force after a restart";
            tracing::warn!(call = "renew", outcome);
        }
        Ok(())
    }

    fn lists(&self) -> io::Result<()> {
        let config = &self.host.config;
        let lists = Revocations::new(&self.sources.read_lists()?, &config.trusted);
        config.revocations.replace(lists.map_err(|error| io::Error::other(error.kind))?);
        Ok(())
    }
}
