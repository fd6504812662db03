//! The service with its records over many objects, as the worker has it.

use super::sim::Sim;
use esim_sm_edge::settings::grow;
use esim_sm_edge::shard::{Carried, Network, ShardedStore, Sql, Stage, halves};
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

/// How many shares go on with each request.
const SOME: usize = 20;

/// All but the records is that of a host in memory.
pub struct Objects {
    inner: Rc<MemoryHost>,
    sim: Sim,
    /// Whether its shares become two all the time.
    grows: bool,
}

impl Objects {
    /// The same, and with each request some shares go on with becoming two, or begin to.
    pub fn growing(sim: Sim, inner: MemoryHost) -> Self {
        Self { grows: true, ..Self::new(sim, inner) }
    }

    fn grow(&self) {
        let mut shares = self.sim.shares();
        shares.retain(|(_, stage)| *stage != Stage::Noted);
        for _ in 0..SOME.min(shares.len()) {
            let (share, stage) =
                shares.swap_remove(self.sim.chance(shares.len().try_into().unwrap()) as usize);
            let store = ShardedStore::new(self.sim.clone());
            let rows = "SELECT 1 FROM record LIMIT 1";
            let has_rows = || {
                self.sim.look(&share, |it| it.sql().query(rows, Vec::new()).is_ok_and(|it| !it.is_empty()))
            };
            if stage == Stage::Whole && halves(&share).is_some() && has_rows() {
                block_on(store.begin_split(&share)).unwrap();
            }
            // Nobody goes on with it while a request waits.
            let is_frozen = || self.sim.look(&share, |object| object.stage().unwrap()) == Stage::Frozen;
            while block_on(grow(&store, self.inner.vault(), &share, 1)).unwrap() && is_frozen() {}
        }
    }

    pub fn new(sim: Sim, inner: MemoryHost) -> Self {
        let inner = Rc::new(inner);
        let host = inner.clone();
        sim.carry(Rc::new(move |sim, beside, request| {
            let (inner, own) = (host.clone(), sim.clone());
            let store = if beside { ShardedStore::beside(sim) } else { ShardedStore::new(sim) };
            Box::pin(async move {
                let host = ObjectsHost { inner, store };
                let ran = run_carried(&request, &host).await;
                own.ran(&host.store, ran)
            })
        }));
        Self { inner, sim, grows: false }
    }

    /// An answer while other things go on.
    pub fn start(&self, request: HttpRequest, answered: impl FnOnce(HttpResponse) + 'static) {
        let (inner, sim) = (self.inner.clone(), self.sim.clone());
        self.sim.start(async move {
            let host = ObjectsHost { inner, store: ShardedStore::new(sim) };
            answered(handle(request, &host).await);
        });
    }

    /// With a store of its own for each request, as each may be served by another machine.
    fn host(&self) -> ObjectsHost {
        ObjectsHost { inner: self.inner.clone(), store: ShardedStore::new(self.sim.unaware()) }
    }
}

impl Service for Objects {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        if self.grows {
            self.grow();
        }
        let host = self.host();
        match self.sim.is_stormy() {
            false => block_on(handle(request, &host)),
            true => {
                let served = async move { handle(request, &host).await };
                self.sim.wait(served, 0).expect("nobody is cut off")
            }
        }
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

struct ObjectsHost {
    inner: Rc<MemoryHost>,
    store: ShardedStore<Sim>,
}

impl Host for ObjectsHost {
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
