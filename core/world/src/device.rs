//! A powered eUICC with its memory, randomness and clock.

use esim_euicc::{BootError, Card, Env, Nvm, NvmError, Write};
use esim_rsp::check::Watch;
use rand_chacha::ChaCha20Rng;
use std::rc::Rc;

/// Tells the time, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// Always the same.
    Fixed(u64),
    /// Asks the host.
    Host(fn() -> u64),
    /// Asks the host, and is so many seconds off.
    Off(fn() -> u64, i64),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> u64 {
        match self {
            Self::Fixed(now) => *now,
            Self::Host(ask) => ask(),
            Self::Off(ask, seconds) => ask().saturating_add_signed(*seconds),
        }
    }

    /// The same, so many seconds later.
    #[must_use]
    pub fn shifted(self, seconds: i64) -> Self {
        match self {
            Self::Fixed(now) => Self::Fixed(now.saturating_add_signed(seconds)),
            Self::Host(ask) => Self::Off(ask, seconds),
            Self::Off(ask, before) => Self::Off(ask, before.saturating_add(seconds)),
        }
    }
}

/// What happens to a card while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardFault {
    /// Its power fails after so many writes.
    PowerCut(u32),
    /// Its memory takes none.
    MemoryFull,
}

/// A card in a slot.
#[derive(Clone)]
pub struct Device<N> {
    card: Card,
    nvm: N,
    rng: ChaCha20Rng,
    clock: Clock,
    watch: Option<Rc<dyn Watch>>,
    /// It has not started after its power failed.
    is_silent: bool,
}

impl<N: Nvm> Device<N> {
    /// Applies power.
    ///
    /// # Errors
    /// [`BootError`] if the memory is no card's.
    pub fn power_on(mut nvm: N, mut rng: ChaCha20Rng, clock: Clock) -> Result<Self, BootError> {
        let now = Some(clock.now());
        let card = Card::power_on(&mut Env::new(now, &mut rng, &mut nvm))?;
        Ok(Self { card, nvm, rng, clock, watch: None, is_silent: false })
    }

    /// From now on somebody hears of every verification that the card makes.
    pub fn watch(&mut self, watch: Rc<dyn Watch>) {
        self.watch = Some(watch);
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
        let checks = self.watch.as_ref().map(|watch| watch.checks()).unwrap_or_default();
        let env = Env::new(now, &mut self.rng, &mut self.nvm);
        self.card.transmit(apdu, &mut env.with_checks(checks))
    }

    /// Sends a command APDU while something happens to the card; none if it has no power left to answer.
    pub(crate) fn transmit_under(&mut self, apdu: &[u8], fault: Option<CardFault>) -> Option<Vec<u8>> {
        let left = match fault {
            _ if self.is_silent => return None,
            None => return Some(self.transmit(apdu)),
            Some(CardFault::MemoryFull) => 0,
            Some(CardFault::PowerCut(writes)) => writes,
        };
        let now = Some(self.clock.now());
        let mut failing = Failing { nvm: &mut self.nvm, left };
        let checks = self.watch.as_ref().map(|watch| watch.checks()).unwrap_or_default();
        let env = Env::new(now, &mut self.rng, &mut failing);
        let response = self.card.transmit(apdu, &mut env.with_checks(checks));
        match fault {
            Some(CardFault::PowerCut(_)) => {
                // Power is there again. A card that does not start is silent until one does.
                self.is_silent = self.reset().is_err();
                None
            }
            _ => Some(response),
        }
    }

    /// Sets the card's clock so many seconds on.
    pub(crate) fn shift_clock(&mut self, seconds: i64) {
        self.clock = self.clock.shifted(seconds);
    }

    /// Resets the card, as a terminal does after REFRESH.
    ///
    /// # Errors
    /// As for [`Device::power_on`].
    pub fn reset(&mut self) -> Result<(), BootError> {
        let now = Some(self.clock.now());
        self.card.reset(&mut Env::new(now, &mut self.rng, &mut self.nvm))?;
        self.is_silent = false;
        Ok(())
    }
}

/// Memory that takes so many more writes.
struct Failing<'a, N> {
    nvm: &'a mut N,
    left: u32,
}

impl<N: Nvm> Nvm for Failing<'_, N> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.nvm.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        let left = self.left.checked_sub(1).ok_or_else(|| NvmError("it takes no more writes".to_string()))?;
        self.left = left;
        self.nvm.commit(writes)
    }
}
