//! A world that is made once more, to do again what was done.

use crate::device::Clock;
use crate::seed::Seed;
use crate::world::{ADDRESS, World, WorldError};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_sm_edge::MemoryHost;
use esim_sm_edge::smdp::Config;

/// A world as a page begins it: of the project's well-known test PKI, with a seed and a clock that stands still. What a page was
/// told to do, done here, makes the same octets.
///
/// # Errors
/// [`WorldError`].
pub fn begun(seed: u64, now: u64) -> Result<World<MemoryNvm, MemoryHost>, WorldError> {
    let (seed, pki) = (Seed::from_number(seed), TestPki::well_known(Curve::P256));
    let sm = MemoryHost::new(Config::of_test_pki(ADDRESS, &pki)?, seed.octets(), now);
    World::new(MemoryNvm::default(), sm, &pki, seed, Clock::Fixed(now), (ADDRESS, "memory"))
}
