//! Objects in memory and a network between them that loses, delays and stops wherever it is told to.

use super::lite::Lite;
use esim_sm_edge::Fault;
use esim_sm_edge::shard::{
    Answer, Layout, Message, Network, Object, ShardedStore, Sql, Stage, Stock, Tx, Value,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// What happens to messages, in percent each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Does not arrive.
    pub lost: u8,
    /// Arrives, and the answer does not.
    pub unanswered: u8,
    /// Arrives some time later, and the answer never.
    pub late: u8,
}

/// All objects, and the way to them.
pub struct World {
    objects: RefCell<BTreeMap<String, Object<Lite>>>,
    clock: Cell<u64>,
    rng: RefCell<ChaCha20Rng>,
    weather: Cell<Weather>,
    late: RefCell<Vec<(String, Message)>>,
    tasks: RefCell<Vec<Option<Work>>>,
    /// Whether each message lets others go first.
    yields: Cell<bool>,
    pub sent: Cell<u64>,
    /// Objects whose names begin so do not answer.
    down: Cell<Option<&'static str>>,
    /// How functions are executed in an object.
    runs: RefCell<Option<Run>>,
    /// Whether an earlier version has left orders.
    pub has_earlier: Cell<bool>,
}

/// What executes a function in an object: as the worker's objects do.
pub type Run = Rc<dyn Fn(Sim, bool, Vec<u8>) -> Pin<Box<dyn Future<Output = Result<Answer, Fault>>>>>;

/// A network of the world, as seen from outside or from in an object, by an instance: it knows some layout of the shares, and
/// remembers what is in stock.
#[derive(Clone)]
pub struct Sim(pub Rc<World>, Option<String>, Rc<RefCell<Layout>>, Rc<Stock>);

impl Sim {
    pub fn new(seed: u64) -> Self {
        let world = Rc::new(World {
            objects: RefCell::default(),
            clock: Cell::new(1_767_225_600_000),
            rng: RefCell::new(ChaCha20Rng::seed_from_u64(seed)),
            weather: Cell::default(),
            late: RefCell::default(),
            tasks: RefCell::default(),
            yields: Cell::new(false),
            sent: Cell::new(0),
            down: Cell::new(None),
            runs: RefCell::default(),
            has_earlier: Cell::new(false),
        });
        Self(world, None, Rc::default(), Rc::default())
    }

    /// As another instance sees it, which has heard of nothing yet.
    pub fn elsewhere(&self) -> Self {
        Self(self.0.clone(), self.1.clone(), Rc::default(), Rc::default())
    }

    /// As this instance sees it, which has heard of no share that has become two.
    pub fn unaware(&self) -> Self {
        Self(self.0.clone(), self.1.clone(), Rc::default(), self.3.clone())
    }

    /// From now on functions are carried to objects.
    pub fn carry(&self, run: Run) {
        self.0.runs.replace(Some(run));
    }

    async fn run(
        &self,
        own: &str,
        aliases: &[String],
        beside: bool,
        request: &[u8],
    ) -> Result<Answer, Fault> {
        let turned_away = |object: &Object<Lite>| object.turned_away(aliases);
        if let Some(answer) = self.with_object(own, turned_away)? {
            return Ok(answer);
        }
        let run = self.0.runs.borrow().clone().expect("somebody runs functions");
        run(Self(self.0.clone(), Some(own.into()), self.2.clone(), self.3.clone()), beside, request.to_vec())
            .await
    }

    /// What has come of a function, as the object says that this is in.
    pub fn ran(&self, store: &ShardedStore<Self>, response: Result<Vec<u8>, Fault>) -> Result<Answer, Fault> {
        self.with_object(self.1.as_deref().expect("in an object"), |object| object.ran(store, response))
    }

    /// Whether several things go on at once.
    pub fn is_stormy(&self) -> bool {
        self.0.yields.get()
    }

    fn with_object<T>(&self, object: &str, use_it: impl FnOnce(&Object<Lite>) -> T) -> T {
        let mut objects = self.0.objects.borrow_mut();
        use_it(objects.entry(object.into()).or_insert_with(|| Object::new(Lite::new())))
    }

    /// From now on, with several things going on at once.
    pub fn storm(&self, weather: Weather) {
        self.0.weather.set(weather);
        self.0.yields.set(true);
    }

    /// From now on, objects whose names begin so do not answer.
    pub fn take_down(&self, objects: &'static str) {
        self.0.down.set(Some(objects));
    }

    /// All objects answer again.
    pub fn bring_up(&self) {
        self.0.down.set(None);
    }

    /// An object loses its storage.
    pub fn lose(&self, object: &str) {
        self.0.objects.borrow_mut().remove(object).unwrap();
    }

    /// Below `limit`, by chance.
    pub fn chance(&self, limit: u32) -> u32 {
        self.0.rng.borrow_mut().next_u32() % limit.max(1)
    }

    /// Waits for something while other things go on; nothing if it was cut off.
    pub fn wait<T: 'static>(&self, work: impl Future<Output = T> + 'static, deadly: u32) -> Option<T> {
        let done = Rc::new(RefCell::new(None));
        let (own, alive) = (done.clone(), Rc::new(()));
        let watched = Rc::downgrade(&alive);
        self.start(async move {
            let answer = work.await;
            own.replace(Some(answer));
            drop(alive);
        });
        while watched.strong_count() > 0 && self.step(deadly) {}
        done.take()
    }

    /// Starts something.
    pub fn start(&self, work: impl Future<Output = ()> + 'static) {
        self.0.tasks.borrow_mut().push(Some(Box::pin(work)));
    }

    /// Lets one of the things that go on take a step, or end as if the power were cut; false if nothing goes on.
    pub fn step(&self, deadly: u32) -> bool {
        if self.chance(3) == 0 {
            self.deliver_late();
        }
        self.0.tasks.borrow_mut().retain(Option::is_some);
        let count = self.0.tasks.borrow().len();
        if count == 0 {
            return false;
        }
        let chosen = self.chance(count.try_into().unwrap()) as usize;
        // Out of its place: it may start others.
        let Some(mut work) = self.0.tasks.borrow_mut()[chosen].take() else { return true };
        if self.chance(1000) < deadly {
            return true;
        }
        if work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.0.tasks.borrow_mut()[chosen] = Some(work);
        }
        true
    }

    /// One of the messages that are late arrives.
    pub fn deliver_late(&self) -> bool {
        let count = self.0.late.borrow().len();
        if count == 0 {
            return false;
        }
        let (object, message) =
            self.0.late.borrow_mut().swap_remove(self.chance(count.try_into().unwrap()) as usize);
        match message {
            // Whoever has sent it hears nothing of it any more.
            Message::Run { aliases, beside, request, .. } => {
                let sim = self.clone();
                self.start(async move { drop(sim.run(&object, &aliases, beside, &request).await) });
            }
            message => drop(self.deliver(&object, &message)),
        }
        true
    }

    /// The storm is over: everything late arrives, nothing goes on, and all deadlines have passed.
    pub fn calm(&self) {
        self.0.weather.set(Weather::default());
        self.0.yields.set(false);
        while self.deliver_late() {}
        self.0.tasks.borrow_mut().clear();
        self.0.clock.set(self.0.clock.get() + 60_000);
    }

    fn deliver(&self, object: &str, message: &Message) -> Answer {
        // As octets, as on the real way.
        let message = Message::from_octets(&message.to_octets().unwrap()).unwrap();
        let answer = self.with_object(object, |object| object.answer(&message).unwrap());
        Answer::from_octets(&answer.to_octets().unwrap()).unwrap()
    }

    /// Octets that lie in a table of all objects.
    pub fn count(&self, table: &str) -> i64 {
        let objects = self.0.objects.borrow();
        let here = objects.values().filter_map(|object| {
            let rows = object.sql().query(&format!("SELECT COUNT(*) FROM {table}"), Vec::new()).ok()?;
            match rows[0][0] {
                Value::Integer(count) => Some(count),
                _ => None,
            }
        });
        here.sum()
    }

    /// An object with what these statements have made.
    pub fn put(&self, object: &str, statements: &[(String, Vec<Value>)]) {
        let lite = Lite::new();
        for (statement, values) in statements {
            lite.query(statement, values.clone()).unwrap();
        }
        self.0.objects.borrow_mut().insert(object.into(), Object::new(lite));
    }

    /// The records of an object, column by column.
    pub fn copy(&self, object: &str) -> Vec<Vec<Value>> {
        self.look(object, |object| object.sql().query("SELECT * FROM record", Vec::new()).unwrap())
    }

    /// How many records lie in objects whose names begin so.
    pub fn rows_in(&self, objects: &str) -> usize {
        let names: Vec<_> =
            self.0.objects.borrow().keys().filter(|name| name.starts_with(objects)).cloned().collect();
        let tables = "SELECT 1 FROM sqlite_master WHERE name = 'record'";
        let made = names
            .iter()
            .filter(|name| self.look(name, |it| !it.sql().query(tables, Vec::new()).unwrap().is_empty()));
        made.map(|name| self.copy(name).len()).sum()
    }

    /// The shares of the orders, and where each is in becoming two.
    pub fn shares(&self) -> Vec<(String, Stage)> {
        let objects = self.0.objects.borrow();
        let shares = objects.iter().filter(|(name, _)| name.starts_with("orders:"));
        shares.map(|(name, object)| (name.clone(), object.stage().unwrap())).collect()
    }

    /// What an object says.
    pub fn look<T>(&self, object: &str, look: impl FnOnce(&Object<Lite>) -> T) -> T {
        look(&self.0.objects.borrow()[object])
    }
}

/// Lets others go first, once.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.0, false) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}

impl Network for Sim {
    async fn send(&self, object: &str, message: &Message) -> Result<Answer, Fault> {
        if self.inside() == Some(object) {
            return Ok(self.deliver(object, message));
        }
        self.0.sent.set(self.0.sent.get() + 1);
        Yield(self.0.yields.get()).await;
        if self.0.down.get().is_some_and(|down| object.starts_with(down)) {
            return Err(Fault::new("down"));
        }
        let Weather { lost, unanswered, late } = self.0.weather.get();
        let fate = self.chance(100);
        let (lost, unanswered, late) = (u32::from(lost), u32::from(unanswered), u32::from(late));
        if fate < lost {
            return Err(Fault::new("lost"));
        }
        if fate < lost + late {
            self.0.late.borrow_mut().push((object.into(), message.clone()));
            return Err(Fault::new("late"));
        }
        let answer = match message {
            Message::Run { aliases, beside, request, .. } => {
                self.run(object, aliases, *beside, request).await?
            }
            message => self.deliver(object, message),
        };
        Yield(self.0.yields.get()).await;
        match fate < lost + late + unanswered {
            true => Err(Fault::new("unanswered")),
            false => Ok(answer),
        }
    }

    fn later(&self, work: impl Future<Output = ()> + 'static) {
        match self.0.yields.get() {
            true => self.start(work),
            false => esim_sm_edge::block_on(work),
        }
    }

    fn now(&self) -> u64 {
        self.0.clock.get()
    }

    fn has_earlier(&self) -> bool {
        self.0.has_earlier.get()
    }

    fn layout(&self) -> &RefCell<Layout> {
        &self.2
    }

    fn stock(&self) -> Option<&Stock> {
        Some(&self.3)
    }

    fn inside(&self) -> Option<&str> {
        self.1.as_deref()
    }

    async fn pause(&self, milliseconds: u64) {
        self.0.clock.set(self.0.clock.get() + milliseconds);
        Yield(self.0.yields.get()).await;
    }

    fn draw(&self) -> Tx {
        let mut octets = [0; 16];
        self.0.rng.borrow_mut().fill_bytes(&mut octets);
        octets
    }
}
