//! The whole story in one go, and worlds to tell it in. The command line shows it, tests on every host compare its trace.

use crate::device::Clock;
use crate::perform::ActError;
use crate::scenario::Scenario;
use crate::seed::Seed;
use crate::transport::Transport;
use crate::world::{ADDRESS, NOW, World, WorldError};
use esim_euicc::MemoryNvm;
use esim_sm_edge::MemoryHost;
use esim_sm_edge::smdp::Config;

impl Scenario {
    /// Out of the factory with a provisioning profile, on the network and restricted; ordered, downloaded through that,
    /// enabled, unrestricted, reported, disabled, fallen back, deleted.
    ///
    /// # Errors
    /// None: a test reads it.
    pub fn story() -> Result<Self, ActError> {
        Self::read(include_str!("../../../tests/cases/story-seed-7/scenario.toml"))
    }
}

/// A world in this process whose clock stands still: one seed, one trace.
///
/// # Errors
/// [`WorldError`].
pub fn in_memory(seed: u64) -> Result<World<MemoryNvm, MemoryHost>, WorldError> {
    in_memory_with(seed, |sm| sm)
}

/// The same, with the way to its SM as a host has it.
///
/// # Errors
/// [`WorldError`].
pub fn in_memory_with<T: Transport>(
    seed: u64,
    way: impl FnOnce(MemoryHost) -> T,
) -> Result<World<MemoryNvm, T>, WorldError> {
    let seed = Seed::from_number(seed);
    let pki = seed.pki(&[ADDRESS]);
    let config = Config::of_test_pki(ADDRESS, &pki)?;
    let sm = MemoryHost::new(config, seed.octets(), NOW);
    World::new(MemoryNvm::default(), way(sm), &pki, seed, Clock::Fixed(NOW), (ADDRESS, "memory"))
}
