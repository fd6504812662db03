//! Which connections are open, how long each may be silent, and who goes when there are too many.
//!
//! A connection is *silent* while no request of it is being answered: before its handshake, inside it, before the first
//! head, between two requests. One rule holds for all of these, whatever the protocol: who has been silent for
//! [`ConnectionLimits::patience`] is hung up on, and so is, at once, who has been silent longest when another comes and
//! there is no room. What somebody sends that is no whole head does not count; what he takes of an answer does.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What connections may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at once. There are fewer where the process may not open so many files.
    pub total: usize,
    /// Of these from one network address: one of IPv4, one /64 of IPv6. Those of this machine, and of a proxy where it is
    /// trusted to say for whom it speaks, are counted by `total` alone.
    pub per_source: usize,
    /// Octets of bodies that have come and are not whole yet, of all requests together.
    pub bodies: usize,
    /// How long a connection may be silent, and half of what a body may take to come.
    pub patience: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { total: 1024, per_source: 128, bodies: 32 << 20, patience: Duration::from_secs(15) }
    }
}

/// For how many times the patience an answer may be on its way to somebody who goes on taking it.
const SLOW_READER: u32 = 8;

/// The connections that are open.
pub(crate) struct Connections {
    limits: ConnectionLimits,
    /// Whether connections are a proxy's, whose number says nothing.
    behind_proxy: bool,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, (IpAddr, Arc<Life>)>,
    by_source: BTreeMap<IpAddr, usize>,
}

impl Connections {
    pub fn new(limits: ConnectionLimits, behind_proxy: bool) -> Arc<Self> {
        Arc::new(Self { limits, behind_proxy, table: Mutex::default() })
    }

    /// A place for a connection from `peer`, perhaps that of a silent one; none if all the others are at work.
    pub fn open(self: &Arc<Self>, peer: IpAddr, now: Instant) -> Option<Place> {
        let source = network_of(peer);
        let mut table = lock(&self.table);
        let counted = !self.behind_proxy && !source.is_loopback();
        let own = table.by_source.get(&source).copied().unwrap_or_default();
        if counted && own >= self.limits.per_source && !table.shed(Some(source)) {
            return None;
        }
        if table.open.len() >= self.limits.total && !table.shed(None) {
            return None;
        }
        let (id, life) = (table.next, Arc::new(Life::new(now)));
        table.next += 1;
        table.open.insert(id, (source, life.clone()));
        *table.by_source.entry(source).or_default() += 1;
        drop(table);
        Some(Place { id, life, connections: self.clone() })
    }

    /// Hangs up on one silent connection, if there is any.
    pub fn shed(&self) -> bool {
        lock(&self.table).shed(None)
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        lock(&self.table).open.len()
    }
}

impl Table {
    /// Hangs up on the one that has been silent longest, of a source, or of that which has most connections.
    fn shed(&mut self, of: Option<IpAddr>) -> bool {
        let candidates = self.open.iter().filter(|(_, (source, _))| of.is_none_or(|of| of == *source));
        let silent = candidates.filter_map(|(id, (source, life))| {
            let since = life.silent_since()?;
            let siblings = self.by_source.get(source).copied().unwrap_or_default();
            Some((siblings, std::cmp::Reverse(since), *id))
        });
        let Some((_, _, id)) = silent.max() else { return false };
        if let Some(life) = self.remove(id) {
            life.hang_up.notify_one();
        }
        true
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Life>> {
        let (source, life) = self.open.remove(&id)?;
        if let Some(count) = self.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
        Some(life)
    }
}

/// An open connection; closed when dropped.
pub(crate) struct Place {
    id: u64,
    pub life: Arc<Life>,
    connections: Arc<Connections>,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.connections.table).remove(self.id);
    }
}

/// What a connection is doing.
pub(crate) struct Life {
    state: Mutex<State>,
    hang_up: Notify,
}

struct State {
    /// Requests whose answers have not left yet.
    busy: u32,
    /// Since when there are none.
    silent_since: Instant,
    /// When the last answer was handed over to be sent.
    answered: Option<Instant>,
}

impl Life {
    fn new(now: Instant) -> Self {
        let state = Mutex::new(State { busy: 0, silent_since: now, answered: None });
        Self { state, hang_up: Notify::new() }
    }

    /// A request has come; it is answered when the guard is dropped.
    pub fn request(self: &Arc<Self>) -> Busy {
        lock(&self.state).busy += 1;
        Busy(self.clone())
    }

    /// Octets have been taken: if they are of an answer, the client is not silent.
    pub fn written(&self, now: Instant, patience: Duration) {
        let mut state = lock(&self.state);
        if let Some(answered) = state.answered {
            state.silent_since = state.silent_since.max(now.min(answered + patience * (SLOW_READER - 1)));
        }
    }

    fn silent_since(&self) -> Option<Instant> {
        let state = lock(&self.state);
        (state.busy == 0).then_some(state.silent_since)
    }

    /// Returns when the connection has been silent for so long.
    pub async fn silence(&self, patience: Duration) {
        loop {
            let now = Instant::now();
            let until = match self.silent_since() {
                Some(since) => since + patience,
                // Whenever that ends, the silence after it is not over before this.
                None => now + patience,
            };
            if until <= now {
                return;
            }
            tokio::time::sleep_until(until.into()).await;
        }
    }

    /// Returns when somebody else needs the place.
    pub async fn hung_up(&self) {
        self.hang_up.notified().await;
    }
}

/// A request that is being answered.
pub(crate) struct Busy(Arc<Life>);

impl Drop for Busy {
    fn drop(&mut self) {
        let (mut state, now) = (lock(&self.0.state), Instant::now());
        state.busy -= 1;
        state.silent_since = now;
        state.answered = Some(now);
    }
}

/// The memory that bodies on their way share.
pub(crate) struct Bodies {
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    total: usize,
    by_source: BTreeMap<IpAddr, usize>,
}

/// Which part of that memory one source may have: a quarter.
const SHARE: usize = 4;

impl Bodies {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, held: Mutex::default() })
    }

    /// For a body from `source`, of which nothing has come yet.
    pub fn begin(self: &Arc<Self>, source: IpAddr) -> Portion {
        Portion { bodies: self.clone(), source: network_of(source), octets: 0 }
    }
}

/// What one body has of the memory; given back when dropped.
pub(crate) struct Portion {
    bodies: Arc<Bodies>,
    source: IpAddr,
    octets: usize,
}

impl Portion {
    /// Takes more, if there is.
    pub fn take(&mut self, octets: usize) -> bool {
        let mut held = lock(&self.bodies.held);
        let own = held.by_source.get(&self.source).copied().unwrap_or_default();
        // Whoever speaks from this machine may be many.
        let share = if self.source.is_loopback() { self.bodies.limit } else { self.bodies.limit / SHARE };
        if held.total + octets > self.bodies.limit || own + octets > share {
            return false;
        }
        held.total += octets;
        held.by_source.insert(self.source, own + octets);
        self.octets += octets;
        true
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        let mut held = lock(&self.bodies.held);
        held.total -= self.octets;
        let own = held.by_source.get(&self.source).copied().unwrap_or_default();
        match own - self.octets {
            0 => held.by_source.remove(&self.source),
            left => held.by_source.insert(self.source, left),
        };
    }
}

/// What one household has: an address of IPv4, a /64 of IPv6.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            Ipv6Addr::from(u128::from(address) >> 64 << 64).into()
        }
        address => address,
    }
}

/// Nothing that could panic happens behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(total: usize, per_source: usize) -> ConnectionLimits {
        ConnectionLimits { total, per_source, ..ConnectionLimits::default() }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Whether somebody has been hung up on.
    fn is_hung_up(place: &Place) -> bool {
        let waits = std::pin::pin!(place.life.hung_up());
        waits.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    #[test]
    fn a_source_has_its_share_and_loses_its_own_silent_ones() {
        let connections = Connections::new(limits(100, 2), false);
        let now = Instant::now();
        let open =
            |from: &str, at: u64| connections.open(address(from), now + Duration::from_secs(at)).unwrap();
        let first = open("192.0.2.1", 0);
        let second = open("192.0.2.1", 1);
        let other = open("192.0.2.2", 0);
        let third = open("192.0.2.1", 2);
        assert!(is_hung_up(&first));
        assert!(![&second, &other, &third].into_iter().any(is_hung_up));
        drop(first);
        assert_eq!(connections.len(), 3);
        // One that is at work stays.
        let _work = (second.life.request(), third.life.request());
        assert!(connections.open(address("192.0.2.1"), now).is_none());
        // A network of IPv6 is one source; this machine is none.
        let six: Vec<_> = (1..=3).map(|host| open(&format!("2001:db8::{host}"), host)).collect();
        assert_eq!(six.iter().filter(|place| is_hung_up(place)).count(), 1);
        let here: Vec<_> = (0..9).map(|at| open(["127.0.0.1", "::1"][at % 2], 0)).collect();
        assert!(!here.iter().any(is_hung_up));
    }

    #[test]
    fn who_has_most_makes_room() {
        let connections = Connections::new(limits(4, 3), false);
        let now = Instant::now();
        let open = |from: &str, at: u64| connections.open(address(from), now + Duration::from_secs(at));
        let old = open("192.0.2.9", 0).unwrap();
        let many = [1, 2, 3].map(|at| open("192.0.2.1", at).unwrap());
        let new = open("192.0.2.8", 4).unwrap();
        assert!(is_hung_up(&many[0]));
        assert!(![&old, &many[1], &many[2], &new].into_iter().any(is_hung_up));
        let _work: Vec<_> = [&old, &many[1], &many[2], &new].map(|place| place.life.request()).into();
        assert!(open("192.0.2.7", 5).is_none(), "all are at work");
        assert!(!connections.shed());
        // Behind a proxy all have one address.
        let proxied = Connections::new(limits(4, 1), true);
        let all: Vec<_> = (0..4).map(|_| proxied.open(address("10.0.0.1"), now).unwrap()).collect();
        assert!(!all.iter().any(is_hung_up));
    }

    #[test]
    fn bodies_share_their_memory() {
        let bodies = Bodies::new(400);
        let of = |from: &str| bodies.begin(address(from));
        let (mut a, mut b, mut c) = (of("192.0.2.1"), of("192.0.2.1"), of("127.0.0.1"));
        assert!(a.take(60) && !b.take(41) && b.take(40), "a source has a quarter");
        assert!(c.take(300) && !c.take(1));
        drop(a);
        assert!(c.take(60) && !b.take(1));
        drop((b, c));
        let held = lock(&bodies.held);
        assert_eq!((held.total, held.by_source.len()), (0, 0));
    }

    #[tokio::test]
    async fn taking_an_answer_is_no_silence_for_a_while() {
        let patience = Duration::from_millis(100);
        let life = Arc::new(Life::new(Instant::now()));
        let start = life.silent_since().unwrap();
        life.written(start + patience, patience);
        assert_eq!(life.silent_since(), Some(start), "a handshake is no answer");
        let request = life.request();
        assert_eq!(life.silent_since(), None);
        drop(request);
        let answered = life.silent_since().unwrap();
        life.written(answered + patience, patience);
        assert_eq!(life.silent_since(), Some(answered + patience));
        life.written(answered + 100 * patience, patience);
        assert_eq!(life.silent_since(), Some(answered + 7 * patience));
        life.silence(Duration::ZERO).await;
    }
}
