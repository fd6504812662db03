//! The Durable Object: storage, an alarm clock, and somebody to answer messages.

use crate::configuration;
use crate::costs::{self, Account};
use crate::host::{EdgeHost, now};
use crate::machine;
use crate::network::Edge;
use crate::sqlite::Storage;
use esim_sm_edge::settings::grow;
use esim_sm_edge::shard::{
    Answer, Growth, Message, Object, ShardedStore, Sql, Stage, Step, halves, object_of,
};
use esim_sm_edge::{Fault, Host, attend, run_carried};
use esim_smdp::store::Name;
use std::cell::Cell;
use std::rc::Rc;
use worker::js_sys::Date;
use worker::wasm_bindgen::JsValue;
use worker::{
    DurableObject, Env, Error, Request, Response, Result, ScheduledTime, State, console_error, console_log,
    durable_object, wasm_bindgen,
};

/// Seconds until an alarm whose work has failed rings again.
const AGAIN: u64 = 30;
/// Seconds until an object without records looks whether it is over.
const MEMORY: u64 = 3600;
/// How often an order is attended to by one alarm: each errand is one.
const TURNS: u32 = 50;
/// Steps of becoming two that are taken by one alarm: each copies a quarter of a megabyte, or less.
const STEPS: u32 = 64;

/// An order, a session, a part of the index, or a caller that is limited.
#[durable_object]
pub struct SmObject {
    state: Rc<State>,
    env: Env,
    object: Rc<Object<Storage>>,
    /// For when the alarm is set, seconds since 1970, as far as known since this began to run.
    alarm: Cell<Option<u64>>,
    /// When it has outgrown one object, as far as has been read.
    growth: Cell<Growth>,
    /// How many functions were executed in this minute since 1970.
    runs: Cell<(u64, u32)>,
}

impl DurableObject for SmObject {
    fn new(state: State, env: Env) -> Self {
        machine::lend();
        let object = Rc::new(Object::new(Storage::new(&state.storage())));
        let (alarm, growth, runs) = (Cell::new(None), Cell::default(), Cell::default());
        Self { state: Rc::new(state), env, object, alarm, growth, runs }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        match Account::of_message(&request) {
            Some(account) => account.tell(account.clone().of(self.answer(request)).await?),
            None => self.answer(request).await,
        }
    }

    async fn alarm(&self) -> Result<Response> {
        costs::on(Account::open(&self.env, "alarm"), self.ring()).await
    }
}

impl SmObject {
    /// The answer leaves when the runtime has made all that was written durable.
    async fn answer(&self, mut request: Request) -> Result<Response> {
        let message = Message::from_octets(&request.bytes().await?).map_err(error)?;
        let answered = match &message {
            Message::Run { object, aliases, beside, request } => {
                match self.object.turned_away(aliases).map_err(error)? {
                    Some(answer) => Ok(answer),
                    None => self.run(object, *beside, request).await,
                }
            }
            message => self.object.answer(message),
        };
        let answered = answered.and_then(|answer| answer.to_octets());
        if message.may_change_alarm() && answered.is_ok() {
            self.grow_if_outgrown(&message).map_err(error)?;
            let next = self.object.wake_at(now()).map_err(error)?;
            // Nothing is awaited since the change: both are written, or none.
            self.set_alarm(next).await?;
        }
        match answered {
            Ok(octets) => Response::from_bytes(octets),
            Err(fault) => Response::error(fault.0, 500),
        }
    }

    /// Executes a function that is about an order here.
    async fn run(&self, own: &str, beside: bool, request: &[u8]) -> Result<Answer, Fault> {
        let network = self.network(own.into())?;
        let store = if beside { ShardedStore::beside(network) } else { ShardedStore::new(network) };
        let host = EdgeHost::over(&self.env, store).await.map_err(Fault::new)?;
        self.growth.set(host.growth());
        let response = run_carried(request, &host).await;
        self.object.ran(host.store(), response)
    }

    /// A share that has become too large, or too busy, begins to split.
    fn grow_if_outgrown(&self, message: &Message) -> Result<(), Fault> {
        let Growth { octets, per_minute } = self.growth.get();
        let (minute, mut count) = self.runs.get();
        let now = now() / 60;
        count = if minute == now { count } else { 0 } + u32::from(matches!(message, Message::Run { .. }));
        self.runs.set((now, count));
        let has_outgrown = count > per_minute || self.object.sql().size()? > octets;
        if !has_outgrown || self.object.stage()? != Stage::Whole || !self.object.has_many()? {
            return Ok(());
        }
        if let Some(share) = self.object.share()?.filter(|share| halves(share).is_some()) {
            console_log!("{share} has outgrown one object, and becomes two");
            self.object.answer(&Message::Split(Step::Begin { share }))?;
        }
        Ok(())
    }

    /// The alarm rings.
    async fn ring(&self) -> Result<Response> {
        self.alarm.set(None);
        let next = match self.wake().await {
            Ok(next) => next,
            Err(fault) => {
                console_error!("alarm: {fault}");
                Some(now() + AGAIN)
            }
        };
        self.set_alarm(next).await?;
        Response::empty()
    }

    /// Does what is due and forgets what is over; when to come again.
    async fn wake(&self) -> Result<Option<u64>, Fault> {
        match self.object.stage()? {
            Stage::Whole => {}
            Stage::Filling | Stage::Noted => return Ok(None),
            Stage::Copying | Stage::Frozen | Stage::Moved => return self.grow().await,
        }
        for _ in 0..TURNS {
            let due = self.object.due(now())?;
            let orders: Vec<_> = due.iter().filter_map(|name| Name::order_of(name)).collect();
            let (Some(name), false) = (due.first(), orders.is_empty()) else { break };
            // An earlier version has kept each order in an object of its own: it moves.
            if self.object.is_earlier()? {
                let earlier = name.replacen('/', ":", 1);
                self.host(earlier.clone()).await?.store().adopt(&earlier).await?;
                continue;
            }
            let host = self.host(self.object.share()?.unwrap_or_else(|| object_of(name))).await?;
            for iccid in orders {
                attend(iccid, &host).await?;
            }
        }
        self.object.sweep(now())?;
        for name in self.object.expired(now())? {
            let host = self.host(self.object.share()?.unwrap_or_else(|| object_of(&name))).await?;
            host.store().forget(&name).await.map_err(Fault::new)?;
        }
        if self.object.is_over(now())? {
            self.state.storage().delete_all().await.map_err(Fault::new)?;
            self.object.forget();
            return Ok(None);
        }
        // Never in the past: what is due still is so for want of turns. What only has to be remembered until others
        // have heard of it is looked at once more.
        let next = self.object.wake_at(now())?.map(|at| at.max(now() + 1));
        Ok(next.or_else(|| self.object.is_empty().unwrap_or(false).then(|| now() + MEMORY)))
    }

    /// Goes on with becoming two; when to come again.
    async fn grow(&self) -> Result<Option<u64>, Fault> {
        let Some(share) = self.object.share()? else { return Ok(None) };
        let host = self.host(share.clone()).await?;
        if grow(host.store(), host.vault(), &share, STEPS).await? {
            return Ok(Some(now() + 1));
        }
        configuration::forget();
        console_log!("{share} has become two");
        Ok(None)
    }

    async fn host(&self, name: String) -> Result<EdgeHost, Fault> {
        EdgeHost::new(&self.env, self.network(name)?).await.map_err(Fault::new)
    }

    /// The way to others, from in here.
    fn network(&self, name: String) -> Result<Edge, Fault> {
        let state = self.state.clone();
        let network = Edge::new(&self.env, move |work| state.wait_until(work)).map_err(Fault::new)?;
        Ok(network.inside(name, self.object.clone()))
    }

    async fn set_alarm(&self, next: Option<u64>) -> Result<()> {
        if let Some(at) = next.filter(|at| self.alarm.get().is_none_or(|set| *at < set)) {
            #[allow(clippy::cast_precision_loss, reason = "milliseconds of this age have 41 bits")]
            // The platform refuses 0, which says: at once.
            let at = JsValue::from_f64((at.max(1) * 1000) as f64);
            self.state.storage().set_alarm(ScheduledTime::new(Date::new(&at))).await?;
            self.alarm.set(next);
            costs::count(|costs| costs.alarms += 1);
        }
        // An alarm that rings for nothing does no harm.
        Ok(())
    }
}

fn error(fault: Fault) -> Error {
    Error::RustError(fault.0)
}
