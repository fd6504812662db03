//! What a card has of the world.

use crate::nvm::Nvm;
use esim_rsp::check::Checks;
use rand_core::CryptoRng;

/// What a card has of the world while it executes a command.
pub struct Env<'a> {
    /// Unix time in seconds, where the card knows it. Without it, validity
    /// periods of certificates are not checked (SGP.22 4.5.2.1.0.1).
    pub now: Option<u64>,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// Non-volatile memory.
    pub nvm: &'a mut dyn Nvm,
    /// Who is told of each verification.
    pub checks: Checks<'a>,
}

impl<'a> Env<'a> {
    /// A world in which nobody hears of verifications.
    pub fn new(now: Option<u64>, rng: &'a mut dyn CryptoRng, nvm: &'a mut dyn Nvm) -> Self {
        Self { now, rng, nvm, checks: Checks::default() }
    }

    /// The same, told to somebody.
    pub fn with_checks(self, checks: Checks<'a>) -> Self {
        Self { checks, ..self }
    }
}
