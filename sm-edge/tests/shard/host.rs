//! The service with its records over many objects, as the worker has it.

use super::sim::Sim;
use esim_sm_edge::shard::{Carried, Network, Ran, ShardedStore};
use esim_sm_edge::{
    Admittance, CommitError, Host, HttpRequest, HttpResponse, Limited, LogLine, MemoryHost, Rate, Store,
    Vault, attend, block_on, handle, run_carried,
};
use esim_sm_lab::Service;
use esim_sm_lab::wall::{Site, rows_of};
use esim_smdp::{Call, Config, Key, Records, Reply};
use rand_core::CryptoRng;
use std::collections::BTreeMap;
use std::rc::Rc;

/// All but the records is that of a host in memory.
pub struct Objects {
    inner: Rc<MemoryHost>,
    sim: Sim,
}

impl Objects {
    pub fn new(sim: Sim, inner: MemoryHost) -> Self {
        let inner = Rc::new(inner);
        let host = inner.clone();
        sim.carry(Rc::new(move |sim, beside, request| {
            let store = if beside { ShardedStore::beside(sim) } else { ShardedStore::new(sim) };
            let host = ObjectsHost { inner: &host, store };
            let response = block_on(run_carried(request, &host)).unwrap();
            Ran { response, begun: host.store.has_begun() }
        }));
        Self { inner, sim }
    }

    /// With a store of its own for each request, as each may be served by another machine.
    fn host(&self) -> ObjectsHost<'_> {
        ObjectsHost { inner: &self.inner, store: ShardedStore::new(self.sim.clone()) }
    }
}

impl Service for Objects {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        block_on(handle(request, &self.host()))
    }

    /// As the alarm of each order does.
    fn attend(&self) {
        let all = Key::Orders { after: None, limit: 100 }.lookup();
        let mut records = Records::default();
        for row in block_on(self.host().store().load(&[all])).unwrap() {
            records.add(self.inner.vault().open(row).unwrap()).unwrap();
        }
        for order in records.orders() {
            let is_due = |next: &u64| *next <= self.inner.now();
            while block_on(attend(order.iccid, &self.host())).unwrap().filter(is_due).is_some() {}
        }
    }

    fn set_now(&self, now: u64) {
        self.inner.set_now(now);
    }
}

impl Site for Objects {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        Service::answer(self, request)
    }

    fn rows(&self) -> BTreeMap<String, serde_json::Value> {
        rows_of(&self.host())
    }
}

struct ObjectsHost<'a> {
    inner: &'a MemoryHost,
    store: ShardedStore<Sim>,
}

impl Host for ObjectsHost<'_> {
    type Store = ShardedStore<Sim>;

    fn store(&self) -> &ShardedStore<Sim> {
        &self.store
    }

    fn now(&self) -> u64 {
        self.inner.now()
    }

    fn with_rngs<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng, &mut dyn CryptoRng) -> T) -> T {
        self.inner.with_rngs(use_it)
    }

    fn config(&self) -> &Config {
        self.inner.config()
    }

    fn operator_token(&self) -> &str {
        self.inner.operator_token()
    }

    fn admittance(&self) -> &Admittance {
        self.inner.admittance()
    }

    fn vault(&self) -> &Vault {
        self.inner.vault()
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
        self.inner.call(call).await
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<(), Limited> {
        self.store.take(key, rate, self.now()).await
    }

    fn log(&self, line: &LogLine<'_>) {
        self.inner.log(line);
    }
}
