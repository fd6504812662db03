//! The service with its records over many objects, as the worker has it.

use super::common::{Lab, NOW, Other};
use super::sim::Sim;
use esim_sm_edge::shard::{Answer, Message, Network, ShardedStore};
use esim_sm_edge::{Host, LogLine, MemoryHost, Rate, Vault, block_on, handle};
use esim_smdp::{Call, Config, Reply};
use rand_core::CryptoRng;

struct SimHost {
    /// All but the store.
    inner: MemoryHost,
    store: ShardedStore<Sim>,
}

/// Answers with the configuration of `lab`; with a store of its own for each request, as each may be served by another
/// machine.
pub fn over(sim: Sim, lab: &Lab) -> Other {
    let config = lab.host.config().clone();
    let counter = std::cell::Cell::new(0u64);
    Box::new(move |request| {
        counter.set(counter.get() + 1);
        let inner = MemoryHost::seeded(config.clone(), counter.get(), NOW);
        let host = SimHost { inner, store: ShardedStore::new(sim.clone()) };
        block_on(handle(request, &host))
    })
}

impl Host for SimHost {
    type Store = ShardedStore<Sim>;

    fn store(&self) -> &ShardedStore<Sim> {
        &self.store
    }

    fn now(&self) -> u64 {
        self.inner.now()
    }

    fn with_rng<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        self.inner.with_rng(use_it)
    }

    fn config(&self) -> &Config {
        self.inner.config()
    }

    fn operator_token(&self) -> &str {
        self.inner.operator_token()
    }

    fn vault(&self) -> &Vault {
        self.inner.vault()
    }

    async fn call(&self, call: &Call) -> Reply {
        self.inner.call(call).await
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<(), u64> {
        match self.store.network().send(&format!("limit:{key}"), &Message::take(rate, self.now())).await {
            Ok(Answer::Wait(0)) => Ok(()),
            Ok(Answer::Wait(seconds)) => Err(seconds),
            other => panic!("{other:?}"),
        }
    }

    fn log(&self, line: &LogLine<'_>) {
        self.inner.log(line);
    }
}
