//! The coordinator: a store over many objects.

use super::layout::Layout;
use super::message::{Answer, Entries, Found, Loaded, Message, Part, Tx};
use super::{
    Network, ORDERS, earlier_object_of, index_of, is_spread, lanes, lies_beside, object_in, place_of_code,
    stock, unkept,
};
use crate::{CommitError, Fault, Limited, Partly, Rate, Store, sql};
use esim_smdp::Place;
use esim_smdp::store::{AliasKind, Change, Kind, Lookup, Row};
use futures_util::future::join_all;
use std::cell::{Cell, Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// How often the primary is sent a commit whose answer is lost.
pub(super) const TRIES: u32 = 3;
/// How often something is looked at again that others are changing.
pub(super) const ROUNDS: u64 = 12;
/// Milliseconds after which a share that is about to become two is asked again.
pub(super) const FROZEN: u64 = 50;

/// Records over many objects. Made for one request, or for one thread: it remembers the aliases of what it has
/// loaded.
pub struct ShardedStore<N> {
    pub(super) network: N,
    /// Revision and aliases of rows loaded.
    pub(super) seen: RefCell<BTreeMap<String, (u64, Vec<String>)>>,
    /// Whether what an alias is of lies here, beside the order that a function was carried to, and nowhere else.
    is_beside: bool,
    /// Whether a session has been written beside an order that was not there before.
    pub(super) begun: Cell<bool>,
    /// Whether something has been committed, or may have been.
    committed: Cell<bool>,
    /// Why the last commit over several objects was not decided, if somebody did not answer.
    pub(super) cause: RefCell<Option<Fault>>,
}

impl<N: Network> Store for ShardedStore<N> {
    /// An order and its package are one object.
    const COMMIT_RECORDS: usize = 2;
    const COMMITS_AT_ONCE: usize = 8;

    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Row>, Fault> {
        for round in 0..ROUNDS {
            if let Some(rows) = self.find(lookups).await? {
                return Ok(rows);
            }
            self.network.pause(round).await;
        }
        Err(Fault::new("the index changes faster than it can be read"))
    }

    async fn load_partly(&self, lookups: &[Lookup]) -> Result<Partly, Fault> {
        match self.list_partly(lookups).await {
            Some(listed) => listed,
            None => Ok(self.load(lookups).await?.into()),
        }
    }

    fn cause(&self) -> Option<Fault> {
        self.cause.borrow().clone()
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), CommitError> {
        self.cause.replace(None);
        let plan = self.plan(changes).await?;
        let Some(primary) = plan.keys().min_by_key(|object| rank(object)).cloned() else {
            return Ok(());
        };
        let begins =
            |part: &Part| matches!(part, Part::Put { name, expected: 0, .. } if Kind::Session.has(name));
        let begun =
            primary.starts_with(ORDERS) && plan.get(&primary).is_some_and(|own| own.iter().any(begins));
        let (tx, added) = (self.network.draw(), stock::added(&plan));
        let done = match plan.len() {
            1 => self.decide(&primary, tx, plan.into_values().next().unwrap_or_default(), false).await,
            _ => self.commit_jointly(&primary, tx, plan).await,
        };
        self.begun.set(self.begun.get() || (begun && done.is_ok()));
        self.committed.set(self.committed.get() || done != Err(CommitError::Conflict));
        if let Some(stock) = self.network.stock() {
            stock.forget(&added);
        }
        if done == Err(CommitError::Conflict) {
            // Not all at once again.
            self.network.pause(u64::from(tx[0] % 8)).await;
        }
        done
    }
}

/// Who decides: the order, where there is one; never the index.
fn rank(object: &str) -> u8 {
    match object.split(':').next() {
        Some("orders") => 0,
        Some("index") => 2,
        _ => 1,
    }
}

impl<N: Network> ShardedStore<N> {
    /// A store over the objects that `network` reaches.
    pub fn new(network: N) -> Self {
        Self {
            network,
            seen: RefCell::default(),
            is_beside: false,
            begun: Cell::new(false),
            committed: Cell::new(false),
            cause: RefCell::default(),
        }
    }

    /// A store inside the object that a function was carried to.
    pub fn beside(network: N) -> Self {
        Self { is_beside: true, ..Self::new(network) }
    }

    /// The way to the objects.
    pub fn network(&self) -> &N {
        &self.network
    }

    /// Whether something has been committed, or may have been.
    pub fn has_committed(&self) -> bool {
        self.committed.get()
    }

    /// The object that holds a row: sessions lie beside the order that this is in, if it is in one.
    pub fn home(&self, name: &str) -> String {
        match self.network.inside() {
            Some(own) if own.starts_with(ORDERS) && Kind::Session.has(name) => own.into(),
            _ => object_in(&self.layout(), name),
        }
    }

    /// The share that has the orders of a place.
    pub(super) fn share_of(&self, place: Place) -> String {
        self.layout().share_of(place)
    }

    /// What is known of the shares here: whoever is in one knows that it is one.
    pub(super) fn layout(&self) -> Ref<'_, Layout> {
        let layout = self.network.layout();
        if let Some(own) = self.network.inside() {
            layout.borrow_mut().is_there(own);
        }
        layout.borrow()
    }

    /// Sends a message to an object, and takes note if that has split.
    pub(super) async fn send(&self, object: &str, message: &Message) -> Result<Answer, Fault> {
        let answer = self.network.send(object, message).await?;
        if answer == Answer::Moved {
            self.network.layout().borrow_mut().learn(object);
        }
        Ok(answer)
    }

    /// Takes one of what `key` may use, at `now` in seconds since 1970: [`crate::Host::take`]. Each key has an object of
    /// its own, and tries of an order are counted beside it, exactly, whichever machine asks.
    ///
    /// # Errors
    /// [`Limited`]; an object that is not to be had has failed.
    pub async fn take(&self, key: &str, rate: Rate, now: u64) -> Result<(), Limited> {
        let beside = self.network.inside().filter(|_| key.starts_with("order/"));
        let object = beside.map_or_else(|| format!("limit:{key}"), str::to_string);
        for round in 1..=ROUNDS {
            match self.send(&object, &Message::take(key, rate, now)).await.map_err(Limited::Failed)? {
                Answer::Wait(0) => return Ok(()),
                Answer::Wait(seconds) => return Err(Limited::Wait(seconds)),
                Answer::Busy(_) => self.network.pause(FROZEN * round).await,
                _ => break,
            }
        }
        Err(Limited::Failed(unexpected(&object)))
    }

    /// Removes a row, whatever it is now, with all that the index knows of it.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn forget(&self, name: &str) -> Result<(), CommitError> {
        match self.load(&[Lookup::Name(name.into())]).await?.first() {
            Some(row) => self.commit(&[Change::Delete { name: name.into(), expected: row.revision }]).await,
            None => Ok(()),
        }
    }

    /// `None` if index and rows did not fit together: somebody was between them.
    async fn find(&self, lookups: &[Lookup]) -> Result<Option<Vec<Row>>, Fault> {
        let asked = join_all(lookups.iter().map(|lookup| self.names(lookup))).await;
        let asked: Vec<Vec<String>> = asked.into_iter().collect::<Result<_, _>>()?;
        let found = self.rows(asked.iter().flatten().cloned()).await?;
        let mut rows = Vec::new();
        for (lookup, names) in lookups.iter().zip(asked) {
            let here: Vec<&Found> = names.iter().filter_map(|name| found.get(name)).collect();
            if let Lookup::Alias { alias, .. } = lookup
                && unkept(alias).is_none()
                && (here.len() < names.len() || here.iter().any(|row| !row.aliases.contains(alias)))
            {
                self.mend(alias, &names, &found).await;
                return Ok(None);
            }
            rows.extend(here.into_iter().map(|row| Row {
                name: row.name.clone(),
                revision: row.revision,
                body: row.body.clone(),
            }));
        }
        Ok(Some(rows))
    }

    /// Names of the rows that a lookup is about, as the index has them.
    async fn names(&self, lookup: &Lookup) -> Result<Vec<String>, Fault> {
        match lookup {
            Lookup::Name(name) => Ok(vec![name.clone()]),
            Lookup::Alias { alias, after, limit } => {
                if let Some(kind) = unkept(alias) {
                    return self.listed(kind.prefix(), after, *limit).await;
                }
                let entries = Entries { alias: alias.clone(), after: after.clone(), limit: *limit };
                if AliasKind::Available.has(alias) && *limit == 1 && after.is_empty() {
                    return Ok(self.one_of(alias).await?.into_iter().collect());
                }
                if is_spread(alias) {
                    return self.some(entries).await;
                }
                // In clear, as the first versions had them, they are where orders of theirs may be.
                if AliasKind::Matching.has(alias) && !self.network.has_earlier() {
                    return Ok(Vec::new());
                }
                if let Some(own) = self.network.inside().filter(|_| self.is_beside && lies_beside(alias)) {
                    return self.entries(own, entries).await;
                }
                if let Some(place) = place_of_code(alias) {
                    let beside = self.entries_of(place, &entries).await?;
                    if !beside.is_empty() {
                        return Ok(beside);
                    }
                }
                self.entries(&index_of(alias, ""), entries).await
            }
            // Each object wakes itself.
            Lookup::Due { .. } => Ok(Vec::new()),
            Lookup::Range { prefix, after, limit } => self.listed(prefix, after, *limit).await,
        }
    }

    /// The first names behind `after` of those that begin so: a kind and a slash, and perhaps more.
    async fn listed(&self, prefix: &str, after: &str, limit: u32) -> Result<Vec<String>, Fault> {
        let kind = prefix.find('/').map_or(prefix, |slash| &prefix[..=slash]);
        let (after, _) = sql::range(prefix, after);
        let entries = Entries { alias: kind.into(), after, limit };
        let lanes: Vec<_> = lanes().collect();
        let mut names = self.merged(&lanes, entries).await?;
        names.sort_unstable();
        names.truncate(limit as usize);
        names.retain(|name| name.starts_with(prefix));
        Ok(names)
    }

    async fn merged(&self, lanes: &[String], entries: Entries) -> Result<Vec<String>, Fault> {
        let asked = join_all(lanes.iter().map(|lane| self.entries(lane, entries.clone()))).await;
        Ok(asked.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// The same, from the share of a place.
    async fn entries_of(&self, place: Place, entries: &Entries) -> Result<Vec<String>, Fault> {
        for _ in 0..ROUNDS {
            let share = self.share_of(place);
            let load = Message::Load { names: Vec::new(), entries: vec![entries.clone()] };
            if let Some(loaded) = self.ask_if_there(&share, load).await? {
                return Ok(loaded.names.into_iter().flatten().collect());
            }
        }
        Err(Fault::new("shares split faster than they can be asked"))
    }

    pub(super) async fn entries(&self, object: &str, entries: Entries) -> Result<Vec<String>, Fault> {
        let loaded = self.ask(object, Message::Load { names: Vec::new(), entries: vec![entries] }).await?;
        Ok(loaded.names.into_iter().flatten().collect())
    }

    pub(super) async fn rows(
        &self,
        names: impl Iterator<Item = String>,
    ) -> Result<BTreeMap<String, Found>, Fault> {
        let names: BTreeSet<String> = names.collect();
        let mut rows = self.rows_here(names.iter().cloned()).await?;
        let missing = names.iter().filter(|name| !rows.contains_key(*name));
        let earlier: BTreeSet<String> = missing.filter_map(|name| earlier_object_of(name)).collect();
        if !earlier.is_empty() && self.network.has_earlier() {
            for object in &earlier {
                self.adopt(object).await?;
            }
            let missing: Vec<_> = names.into_iter().filter(|name| !rows.contains_key(name)).collect();
            rows.extend(self.rows_here(missing.into_iter()).await?);
        }
        Ok(rows)
    }

    /// Has an order that an earlier version has kept in an object of its own moved to where it lies now, with all that is
    /// beside it. Whoever dies on the way leaves it where it was, or in both, and then it is gone on with.
    ///
    /// # Errors
    /// An object does not answer.
    pub async fn adopt(&self, object: &str) -> Result<(), Fault> {
        let Some((_, iccid)) = object.split_once(':') else { return Ok(()) };
        let names = [Kind::Order, Kind::Package, Kind::Head].map(|kind| format!("{}{iccid}", kind.prefix()));
        let load = Message::Load { names: names.to_vec(), entries: Vec::new() };
        let Loaded { rows, .. } = self.ask(object, load).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let deleted = |row: &Found| Part::Delete { name: row.name.clone(), expected: row.revision };
        let parts = rows.iter().map(deleted).collect();
        self.adopt_rows(Place::of_digits(iccid), &Message::Adopt { rows }).await?;
        match self.decide(object, self.network.draw(), parts, false).await {
            // Somebody else has done it meanwhile.
            Ok(()) | Err(CommitError::Conflict) => Ok(()),
            Err(CommitError::Fault(fault)) => Err(fault),
        }
    }

    async fn adopt_rows(&self, place: Place, adopt: &Message) -> Result<(), Fault> {
        for round in 1..=ROUNDS {
            let share = self.share_of(place);
            match self.insist(&share, adopt).await? {
                Answer::Done => return Ok(()),
                Answer::Busy(_) => self.network.pause(FROZEN * round).await,
                Answer::Moved => {}
                _ => return Err(unexpected(&share)),
            }
        }
        Err(Fault::new("shares split faster than they can be asked"))
    }

    /// Moves the first orders behind `after` that an earlier version has kept in objects of their own, `limit` at most: the
    /// last of them, unless there are no more.
    ///
    /// # Errors
    /// An object does not answer.
    pub async fn move_in(&self, after: &str, limit: u32) -> Result<Option<String>, Fault> {
        let names = self.listed(Kind::Order.prefix(), after, limit).await?;
        let objects: Vec<_> = names.iter().filter_map(|name| earlier_object_of(name)).collect();
        for moved in join_all(objects.iter().map(|object| self.adopt(object))).await {
            moved?;
        }
        Ok(names.into_iter().nth(limit.saturating_sub(1) as usize))
    }

    async fn rows_here(&self, names: impl Iterator<Item = String>) -> Result<BTreeMap<String, Found>, Fault> {
        let (mut names, mut rows): (BTreeSet<String>, _) = (names.collect(), BTreeMap::new());
        for _ in 0..ROUNDS {
            let mut objects: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for name in std::mem::take(&mut names) {
                objects.entry(self.home(&name)).or_default().push(name);
            }
            let asked = objects.into_iter().map(async |(object, names)| {
                let load = Message::Load { names: names.clone(), entries: Vec::new() };
                (names, self.ask_if_there(&object, load).await)
            });
            for (asked, loaded) in join_all(asked).await {
                match loaded? {
                    Some(loaded) => rows.extend(loaded.rows.into_iter().map(|row| (row.name.clone(), row))),
                    None => names.extend(asked),
                }
            }
            if names.is_empty() {
                let seen = |row: &Found| (row.name.clone(), (row.revision, row.aliases.clone()));
                self.seen.borrow_mut().extend(rows.values().map(seen));
                return Ok(rows);
            }
        }
        Err(Fault::new("shares split faster than they can be asked"))
    }

    /// Loads, and finishes what others have left behind there.
    ///
    /// A commit that was open when its primary was asked, and is still unfinished here afterwards, was open at that
    /// moment: what was loaded held then. (Its primary forgets it only when it is finished everywhere.)
    pub(super) async fn ask(&self, object: &str, load: Message) -> Result<Loaded, Fault> {
        self.ask_if_there(object, load).await?.ok_or_else(|| unexpected(object))
    }

    /// The same; nothing if the object has split.
    async fn ask_if_there(&self, object: &str, load: Message) -> Result<Option<Loaded>, Fault> {
        let mut open: Vec<Tx> = Vec::new();
        for _ in 0..ROUNDS {
            let loaded = match self.insist(object, &load).await? {
                Answer::Loaded(loaded) => loaded,
                Answer::Moved => return Ok(None),
                _ => return Err(unexpected(object)),
            };
            let unknown: Vec<_> =
                loaded.pending.iter().filter(|pending| !open.contains(&pending.tx)).collect();
            if unknown.is_empty() {
                return Ok(Some(loaded));
            }
            for (pending, settled) in
                join_all(unknown.into_iter().map(async |p| (p, self.settle(object, p).await))).await
            {
                if !settled? {
                    open.push(pending.tx);
                }
            }
        }
        Err(Fault::new(format!("{object} changes faster than it can be read")))
    }

    /// Sends what may be answered twice until it is answered.
    pub(super) async fn insist(&self, object: &str, message: &Message) -> Result<Answer, Fault> {
        let mut answer = self.send(object, message).await;
        for _ in 1..TRIES {
            if answer.is_ok() {
                break;
            }
            answer = self.send(object, message).await;
        }
        answer
    }
}

/// An answer that is none to what was asked.
pub(super) fn unexpected(object: &str) -> Fault {
    Fault::new(format!("{object} has not answered what it was asked"))
}
