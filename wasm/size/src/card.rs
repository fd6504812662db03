//! The card as a page has it.

use esim_euicc::{Card, Env, MemoryNvm};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use wasm_bindgen::prelude::wasm_bindgen;

/// A powered card with its memory and randomness.
#[wasm_bindgen]
pub struct PoweredCard {
    card: Card,
    nvm: MemoryNvm,
    rng: ChaCha20Rng,
}

#[wasm_bindgen]
impl PoweredCard {
    /// Applies power to a memory that was exported before; 32 octets of seed.
    ///
    /// # Errors
    /// A sentence, if the memory is no card's.
    #[wasm_bindgen(constructor)]
    pub fn power_on(memory: &[u8], seed: &[u8]) -> Result<PoweredCard, String> {
        let seed = seed.try_into().map_err(|_| "a seed has 32 octets")?;
        let mut rng = ChaCha20Rng::from_seed(seed);
        let mut nvm = MemoryNvm::import(memory).map_err(|error| error.to_string())?;
        let card = Card::power_on(&mut Env::new(None, &mut rng, &mut nvm));
        Ok(Self { card: card.map_err(|error| error.to_string())?, nvm, rng })
    }

    /// A command APDU in, a response APDU out.
    pub fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.card.transmit(apdu, &mut Env::new(None, &mut self.rng, &mut self.nvm))
    }

    /// The memory, to be kept.
    pub fn memory(&self) -> Vec<u8> {
        self.nvm.export()
    }
}
