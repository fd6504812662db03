//! The card in a state file, as the commands use it.

use crate::https::Https;
use crate::{clock, random};
use anyhow::{Context, Result};
use esim_euicc::{Nvm, Personal};
use esim_world::FileNvm;
use std::path::Path;

/// A card whose memory is a file, and the terminal's way to the network.
pub struct Device {
    card: esim_world::Device<FileNvm>,
    ci_certificates: Vec<Vec<u8>>,
}

impl Device {
    /// Powers the card of a state file.
    ///
    /// # Errors
    /// With what to do, if there is no card in the file.
    pub fn open(state: &Path) -> Result<Self> {
        let nvm = FileNvm::open(state)?;
        let missing =
            || format!("no card in {0}; make one: esim-lab euicc init --state {0}", state.display());
        let personal = Personal::read_from(&nvm as &dyn Nvm)?.with_context(missing)?;
        let card = esim_world::Device::power_on(nvm, random()?, clock())?;
        Ok(Self { card, ci_certificates: personal.ci_certificates })
    }

    /// CIs that the card trusts, and the terminal with it.
    pub fn ci_certificates(&self) -> &[Vec<u8>] {
        &self.ci_certificates
    }
}

/// A card that other programs are given.
pub trait Served {
    /// Sends a command APDU.
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8>;

    /// Resets the card.
    ///
    /// # Errors
    /// It does not start again.
    fn reset(&mut self) -> Result<()>;

    /// What it answers to that.
    fn atr(&self) -> Vec<u8>;

    /// POSTs for a peer that has no network of its own.
    ///
    /// # Errors
    /// No answer comes.
    fn post(&mut self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<(u16, Vec<u8>)>;
}

impl Served for Device {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.card.transmit(apdu)
    }

    fn reset(&mut self) -> Result<()> {
        Ok(self.card.reset()?)
    }

    fn atr(&self) -> Vec<u8> {
        self.card.card().atr().to_vec()
    }

    fn post(&mut self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<(u16, Vec<u8>)> {
        let https = Https::new(&self.ci_certificates)?;
        let url = url.parse().with_context(|| format!("{url} is no URL"))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(https.post(url, headers, body))
    }
}
