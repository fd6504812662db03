//! What requests cost: messages to objects, rows of their storage, alarms. Counted where the variable `COUNT` is `on`;
//! elsewhere nothing is counted nor sent.
//!
//! Work is done on the [`Account`] of the function that was called, which is the current one as long as that work is
//! polled. A message carries the function's name in a header ([`ASKED`]); what the object has spent on its answer comes
//! back in another one ([`SPENT`]), since objects need not run where the front does. Each instance keeps sums of its own.

use serde::{Deserialize, Serialize};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use worker::{Date, Delay, Env, Headers, Request, Response, Result};

/// Header of a message: the function on whose account it is answered.
const ASKED: &str = "Costs-Of";
/// Header of its answer: [`Costs`] in JSON.
const SPENT: &str = "Costs";
/// More functions than there are: whoever calls what is none does not fill the memory.
const FUNCTIONS: usize = 64;
/// Milliseconds that are waited for what is under way, at most: of a request that was broken off nobody hears.
const PATIENCE: u64 = 5000;

thread_local! {
    static ON: OnceCell<bool> = const { OnceCell::new() };
    /// Sums of this instance, by function.
    static SUMS: RefCell<BTreeMap<String, Costs>> = const { RefCell::new(BTreeMap::new()) };
    /// On whose account is done what is done now.
    static CURRENT: RefCell<Option<Account>> = const { RefCell::new(None) };
    /// How much is under way that is counted.
    static OPEN: Cell<u32> = const { Cell::new(0) };
}

/// What was spent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Costs {
    /// Requests, or alarms.
    pub calls: u64,
    /// Messages, by what the object holds: the word before the colon in its name.
    pub messages: BTreeMap<String, u64>,
    /// Those of them that were sent behind the answer.
    pub behind: u64,
    /// The most messages of which each was sent after the one before was answered, before the answer.
    pub in_a_row: u64,
    /// Rows written.
    pub rows_written: u64,
    /// Rows read.
    pub rows_read: u64,
    /// Alarms set.
    pub alarms: u64,
    /// Objects whose tables were made, the rows of which are not counted.
    #[serde(default)]
    pub made: u64,
}

impl Costs {
    fn add(&mut self, more: &Self) {
        self.calls += more.calls;
        for (kind, count) in &more.messages {
            *self.messages.entry(kind.clone()).or_default() += count;
        }
        self.behind += more.behind;
        self.in_a_row = self.in_a_row.max(more.in_a_row);
        self.rows_written += more.rows_written;
        self.rows_read += more.rows_read;
        self.alarms += more.alarms;
        self.made += more.made;
    }
}

/// What one request, one alarm or one answer to a message is counted on.
#[derive(Clone)]
pub struct Account {
    sheet: Rc<Sheet>,
    /// Whether this is about work behind the answer.
    behind: bool,
}

struct Sheet {
    function: String,
    /// Messages one after the other so far.
    depth: Cell<u64>,
    /// Of an object: what its answer will tell. Without it all goes into the sums.
    spent: RefCell<Option<Costs>>,
}

/// Whether anything is counted.
pub fn is_on(env: &Env) -> bool {
    ON.with(|on| *on.get_or_init(|| env.var("COUNT").is_ok_and(|value| value.to_string() == "on")))
}

/// Runs `work`, on an account if there is one.
pub async fn on<T>(account: Option<Account>, work: impl Future<Output = T>) -> T {
    match account {
        Some(account) => account.of(work).await,
        None => work.await,
    }
}

/// Adds to the current account, if there is one.
pub fn count(spend: impl FnOnce(&mut Costs)) {
    if let Some(account) = Account::current() {
        account.spend(spend);
    }
}

/// The sums of this instance, when all that is under way here has been counted.
pub async fn sums() -> BTreeMap<String, Costs> {
    let end = Date::now().as_millis() + PATIENCE;
    while OPEN.get() > 0 && Date::now().as_millis() < end {
        Delay::from(Duration::from_millis(5)).await;
    }
    SUMS.with_borrow(Clone::clone)
}

impl Account {
    /// Of one call of a function, by its path; nothing where nothing is counted.
    pub fn open(env: &Env, path: &str) -> Option<Self> {
        let function =
            || path.rsplit('/').next().filter(|name| name.bytes().all(|c| c.is_ascii_alphabetic()));
        let account = is_on(env).then(|| Self::new(function().unwrap_or("other"), None))?;
        account.spend(|costs| costs.calls += 1);
        Some(account)
    }

    /// Of the answer to a message, if whoever has sent it counts.
    pub fn of_message(request: &Request) -> Option<Self> {
        let function = request.headers().get(ASKED).ok()??;
        Some(Self::new(&function, Some(Costs::default())))
    }

    /// The one on which is done what is done now.
    pub fn current() -> Option<Self> {
        CURRENT.with_borrow(Clone::clone)
    }

    fn new(function: &str, spent: Option<Costs>) -> Self {
        let (function, spent) = (function.into(), RefCell::new(spent));
        Self { sheet: Rc::new(Sheet { function, depth: Cell::new(0), spent }), behind: false }
    }

    /// The same, behind the answer.
    pub fn behind(self) -> Self {
        Self { behind: true, ..self }
    }

    /// Does `work` on this account. It is under way from now on, even if nobody polls it yet.
    pub fn of<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        let open = Open::new();
        async move {
            let _open = open;
            let mut work = pin!(work);
            std::future::poll_fn(|context| -> Poll<T> {
                let before = CURRENT.replace(Some(self.clone()));
                let polled = work.as_mut().poll(context);
                CURRENT.set(before);
                polled
            })
            .await
        }
    }

    fn spend(&self, spend: impl FnOnce(&mut Costs)) {
        match self.sheet.spent.borrow_mut().as_mut() {
            Some(spent) => spend(spent),
            None => SUMS.with_borrow_mut(|sums| {
                let is_full = sums.len() >= FUNCTIONS && !sums.contains_key(&self.sheet.function);
                let function = if is_full { "other" } else { &self.sheet.function };
                spend(sums.entry(function.into()).or_default());
            }),
        }
    }

    /// A message that is sent now to an object of this name; its request tells the object to count.
    ///
    /// # Errors
    /// The name of the function is none that a header takes.
    pub fn send(self, object: &str, headers: &Headers) -> Result<Sent> {
        headers.set(ASKED, &self.sheet.function)?;
        let kind = object.split(':').next().unwrap_or_default();
        self.spend(|costs| {
            *costs.messages.entry(kind.into()).or_default() += 1;
            costs.behind += u64::from(self.behind);
        });
        Ok(Sent { depth: self.sheet.depth.get(), account: self })
    }

    /// The answer of an object, with what was spent on it. What it does from now on is counted where it runs.
    ///
    /// # Errors
    /// Nothing is known of any.
    pub fn tell(&self, answer: Response) -> Result<Response> {
        let spent = self.sheet.spent.take().unwrap_or_default();
        answer.headers().set(SPENT, &serde_json::to_string(&spent)?)?;
        Ok(answer)
    }
}

/// A message that is not answered yet.
pub struct Sent {
    account: Account,
    /// Messages one after the other before it.
    depth: u64,
}

impl Sent {
    /// It is answered: counts what the object has spent.
    pub fn answered(self, headers: &Headers) {
        let told = headers.get(SPENT).ok().flatten();
        let told = told.and_then(|json| serde_json::from_str::<Costs>(&json).ok()).unwrap_or_default();
        let Self { account: Account { sheet, behind }, depth } = &self;
        let depth = depth + 1 + told.in_a_row;
        let told = match behind {
            true => Costs { behind: told.messages.values().sum(), in_a_row: 0, ..told },
            false => {
                sheet.depth.set(sheet.depth.get().max(depth));
                Costs { in_a_row: sheet.depth.get(), ..told }
            }
        };
        self.account.spend(|costs| costs.add(&told));
    }
}

/// Something that is under way, as long as it lives.
struct Open;

impl Open {
    fn new() -> Self {
        OPEN.set(OPEN.get() + 1);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.set(OPEN.get() - 1);
    }
}
