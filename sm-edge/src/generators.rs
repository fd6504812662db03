//! Two streams of random octets from one seed.

use rand_chacha::ChaCha20Rng;
use rand_core::CryptoRng;

/// A generator, and one beside it whose use does not show in what the first one gives.
#[derive(Clone)]
pub struct Generators {
    rng: ChaCha20Rng,
    codes: ChaCha20Rng,
}

/// The number of the stream beside: 0 is the first one's, 1 what the native host makes on its first start.
const CODES: u64 = 2;

impl From<ChaCha20Rng> for Generators {
    fn from(rng: ChaCha20Rng) -> Self {
        let mut codes = rng.clone();
        codes.set_stream(CODES);
        Self { rng, codes }
    }
}

impl Generators {
    /// Lends both.
    pub fn lend<T>(&mut self, use_it: impl FnOnce(&mut dyn CryptoRng, &mut dyn CryptoRng) -> T) -> T {
        use_it(&mut self.rng, &mut self.codes)
    }

    /// Octets of the first.
    pub fn rng(&mut self) -> &mut dyn CryptoRng {
        &mut self.rng
    }
}
