//! What the runtime brings: clock, randomness, configuration, objects, log.

use crate::configuration::{self, Settings};
use crate::network::Edge;
use crate::{limiter, outgoing};
use esim_crypto::pki::{Verified, VerifiedList};
use esim_sm_edge::relay::{Forward, Forwarded};
use esim_sm_edge::shard::{Carried, Growth, Network, ShardedStore};
use esim_sm_edge::{Admittance, CommitError, Host, Limited, LogLine, Rate, Vault};
use esim_smdp::{Call, Config, Reply};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Rng, SeedableRng};
use std::cell::RefCell;
use std::rc::Rc;
use worker::{Date, Env, console_error, console_log};

thread_local! {
    /// One generator for all that runs in this instance; seeded by the first who needs it.
    static GENERATOR: RefCell<Option<ChaCha20Rng>> = const { RefCell::new(None) };
    /// Manufacturers' certificates that have been verified in this instance.
    static VERIFIED: RefCell<VerifiedList> = const { RefCell::new(VerifiedList::new()) };
}

/// The memory of this instance.
struct InInstance;

impl Verified for InInstance {
    fn contains(&self, digest: &[u8; 32]) -> bool {
        VERIFIED.with_borrow(|list| list.contains(digest))
    }

    fn insert(&self, digest: [u8; 32]) {
        VERIFIED.with_borrow_mut(|list| list.insert(digest));
    }
}

/// A host for one request, or one alarm.
pub struct EdgeHost {
    store: ShardedStore<Edge>,
    settings: Rc<Settings>,
    env: Env,
}

impl EdgeHost {
    /// # Errors
    /// Why this server does not serve, in a sentence.
    pub async fn new(env: &Env, network: Edge) -> Result<Self, String> {
        Self::over(env, ShardedStore::new(network)).await
    }

    /// The same over a store that is made already.
    ///
    /// # Errors
    /// Why this server does not serve, in a sentence.
    pub async fn over(env: &Env, store: ShardedStore<Edge>) -> Result<Self, String> {
        let settings = configuration::settings(env, &store).await?;
        Ok(Self { store, settings, env: env.clone() })
    }
}

impl EdgeHost {
    /// When a share of the orders becomes two.
    pub fn growth(&self) -> Growth {
        self.settings.growth
    }
}

/// Lends the generator.
pub fn with_rng<T>(use_it: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
    GENERATOR.with_borrow_mut(|generator| {
        use_it(generator.get_or_insert_with(|| {
            let mut seed = [0; 32];
            // Without randomness nothing here is safe: the request ends.
            getrandom::fill(&mut seed).expect("the runtime has random octets");
            ChaCha20Rng::from_seed(seed)
        }))
    })
}

/// 16 octets that nobody can guess.
pub fn draw() -> [u8; 16] {
    let mut octets = [0; 16];
    with_rng(|rng| rng.fill_bytes(&mut octets));
    octets
}

/// Seconds since 1970.
pub fn now() -> u64 {
    Date::now().as_millis() / 1000
}

impl Host for EdgeHost {
    type Store = ShardedStore<Edge>;

    fn store(&self) -> &ShardedStore<Edge> {
        &self.store
    }

    fn now(&self) -> u64 {
        now()
    }

    fn with_rngs<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng, &mut dyn CryptoRng) -> T) -> T {
        with_rng(|rng| {
            let mut seed = [0; 32];
            rng.fill_bytes(&mut seed);
            use_it(rng, &mut ChaCha20Rng::from_seed(seed))
        })
    }

    fn config(&self) -> &Config {
        &self.settings.config
    }

    fn operator_token(&self) -> &str {
        &self.settings.token
    }

    fn admittance(&self) -> &Admittance {
        &self.settings.admittance
    }

    fn verified(&self) -> &dyn Verified {
        &InInstance
    }

    fn vault(&self) -> &Vault {
        &self.settings.vault
    }

    fn keeps_settings(&self) -> bool {
        true
    }

    fn is_spread(&self) -> bool {
        self.store.network().inside().is_none()
    }

    async fn carry(&self, carried: &Carried) -> Result<Option<Vec<u8>>, CommitError> {
        self.store.carry(carried, self.vault()).await
    }

    async fn call(&self, call: &Call) -> Reply {
        outgoing::call(&self.env, call, &self.settings.reach).await
    }

    async fn forward(&self, forward: &Forward) -> Forwarded {
        outgoing::forward(forward).await
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<(), Limited> {
        let taken = match limiter::of(key, &self.env) {
            Some(limiter) => limiter::take(&limiter, key).await,
            None => self.store.take(key, rate, now()).await,
        };
        if let Err(Limited::Failed(fault)) = &taken {
            console_error!("a limiter: {fault}");
        }
        taken
    }

    fn log(&self, line: &LogLine<'_>) {
        let text = serde_json::to_string(line).unwrap_or_default();
        match line.status {
            500.. => console_error!("{text}"),
            _ => console_log!("{text}"),
        }
    }
}
