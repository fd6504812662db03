//! A powered eUICC with its memory, randomness and clock.

use esim_euicc::{BootError, Card, Env, Nvm};
use rand_chacha::ChaCha20Rng;

/// Tells the time, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Always the same.
    Fixed(u64),
    /// Asks the host.
    Host(fn() -> u64),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> u64 {
        match self {
            Self::Fixed(now) => *now,
            Self::Host(ask) => ask(),
        }
    }
}

/// A card in a slot.
#[derive(Clone)]
pub struct Device<N> {
    card: Card,
    nvm: N,
    rng: ChaCha20Rng,
    clock: Clock,
}

impl<N: Nvm> Device<N> {
    /// Applies power.
    ///
    /// # Errors
    /// [`BootError`] if the memory is no card's.
    pub fn power_on(mut nvm: N, mut rng: ChaCha20Rng, clock: Clock) -> Result<Self, BootError> {
        let now = Some(clock.now());
        let card = Card::power_on(&mut Env { now, rng: &mut rng, nvm: &mut nvm })?;
        Ok(Self { card, nvm, rng, clock })
    }

    /// The card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Its memory.
    pub fn nvm(&self) -> &N {
        &self.nvm
    }

    /// Sends a command APDU; the response APDU.
    pub fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        let now = Some(self.clock.now());
        self.card.transmit(apdu, &mut Env { now, rng: &mut self.rng, nvm: &mut self.nvm })
    }

    /// Resets the card, as a terminal does after REFRESH.
    ///
    /// # Errors
    /// As for [`Device::power_on`].
    pub fn reset(&mut self) -> Result<(), BootError> {
        let now = Some(self.clock.now());
        self.card.reset(&mut Env { now, rng: &mut self.rng, nvm: &mut self.nvm })
    }
}
