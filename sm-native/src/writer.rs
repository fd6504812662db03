//! The thread that writes: it takes all commits that wait, applies them in one transaction, and lets each know when
//! they are on the disk. Meanwhile the next ones gather.

use crate::crash;
use crate::sqlite::{SqliteError, apply_all, lock};
use esim_disk::{Disk, Files, folder_of};
use esim_sm_edge::{CommitError, Fault};
use esim_smdp::store::{Change, Kind};
use rusqlite::Connection;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a commit that has reached the disk says that the next one will.
const FRESH: Duration = Duration::from_secs(1);
/// How long a commit that has not is held against the disk: a smaller one may still have found room.
const HELD: Duration = Duration::from_secs(10);
/// Pages of the log after which it is copied into the file.
const LOG_PAGES: usize = 8192;
const PAGE: usize = 4096;

/// Where commits are handed in.
pub(crate) struct Writer {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Desk {
    queue: Mutex<Queue>,
    called: Condvar,
    /// Whether something can be read that is not on the disk yet.
    unsettled: AtomicBool,
    /// When something was written to the disk last.
    written: Mutex<Option<Instant>>,
    /// When something could not be written last, and why.
    failed: Mutex<Option<(Instant, Fault)>>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Nothing is taken any more.
    closed: bool,
}

struct Waiting {
    changes: Vec<Change>,
    /// Whether something is to be written in any case.
    probes: bool,
    answer: oneshot::Sender<Result<(), CommitError>>,
}

impl Writer {
    /// `connection` is locked while changes are applied, and not while the disk is waited for. Without a `log` there
    /// is no disk.
    pub fn start(connection: Arc<Mutex<Connection>>, log: Option<Log>) -> Self {
        let desk = Arc::<Desk>::default();
        let own = desk.clone();
        let thread = thread::spawn(move || {
            // However it ends, nobody waits for ever.
            let _closes = Closes(&own);
            work(&own, &connection, log);
        });
        Self { desk, thread: Some(thread) }
    }

    /// Returns when the changes are on the disk.
    ///
    /// # Errors
    /// A conflict, which has changed nothing; the disk.
    pub async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        let answered = self.desk.hand_in(changes, false);
        answered.await.unwrap_or_else(|_| Err(ended().into()))
    }

    /// Whether what is written reaches the disk: tried, unless a moment ago something did, or did not.
    ///
    /// # Errors
    /// The disk is full or has failed, or somebody else holds the database.
    pub async fn probe(&self) -> Result<(), Fault> {
        if let Some((at, fault)) = lock(&self.desk.failed).clone().filter(|(at, _)| at.elapsed() < HELD) {
            let ago = at.elapsed().as_secs();
            return Err(Fault::new(format!("{ago} s ago a commit failed: {fault}")));
        }
        let fresh = lock(&self.desk.written).is_some_and(|at| at.elapsed() < FRESH);
        if fresh && !lock(&self.desk.queue).closed {
            return Ok(());
        }
        let answered = self.desk.hand_in(Vec::new(), true);
        answered.await.unwrap_or_else(|_| Err(ended().into())).map_err(Fault::new)
    }

    /// Returns when everything that could be read is on the disk.
    ///
    /// # Errors
    /// The disk.
    pub async fn settled(&self) -> Result<(), Fault> {
        if !self.desk.unsettled.load(Ordering::Acquire) {
            return Ok(());
        }
        self.commit(Vec::new()).await.map_err(Fault::new)
    }
}

fn ended() -> Fault {
    Fault::new("the records cannot be written any more: restart the server, and look at the disk")
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.desk.queue).closed = true;
        self.desk.called.notify_one();
        // Had it panicked, all who waited would know.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Closes<'a>(&'a Desk);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.0.queue);
        queue.closed = true;
        queue.waiting.clear();
    }
}

impl Desk {
    /// Where the answer will come; nobody answers if the writer has ended.
    fn hand_in(&self, changes: Vec<Change>, probes: bool) -> oneshot::Receiver<Result<(), CommitError>> {
        let (answer, answered) = oneshot::channel();
        let mut queue = lock(&self.queue);
        if !queue.closed {
            queue.waiting.push(Waiting { changes, probes, answer });
            // Where others wait already, it has been called.
            if queue.waiting.len() == 1 {
                self.called.notify_one();
            }
        }
        answered
    }

    /// All commits that wait, at least one; none when there will be no more.
    fn next(&self) -> Option<Vec<Waiting>> {
        let mut queue = lock(&self.queue);
        while queue.waiting.is_empty() {
            if queue.closed {
                return None;
            }
            queue = self.called.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        Some(std::mem::take(&mut queue.waiting))
    }
}

fn work(desk: &Desk, connection: &Mutex<Connection>, mut log: Option<Log>) {
    while let Some(group) = desk.next() {
        let probes = group.iter().any(|waiting| waiting.probes);
        let (changes, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.changes, waiting.answer)).unzip();
        let applied = {
            let mut connection = lock(connection);
            let applied = apply_all(&mut connection, &changes, probes);
            desk.unsettled.store(true, Ordering::Release);
            applied
        };
        crash::point("applied");
        let synced = log.as_ref().map_or(Ok(()), Log::sync);
        let failed = synced.is_err();
        let outcomes = applied.map_err(Fault::from).and_then(|outcomes| synced.map(|()| outcomes));
        crash::point("after");
        if !failed {
            desk.unsettled.store(false, Ordering::Release);
        }
        if let Some(log) = log.as_mut().filter(|_| outcomes.is_ok()) {
            log.mark(&changes);
        }
        if probes || changes.iter().any(|changes| !changes.is_empty()) {
            *lock(&desk.written) = outcomes.is_ok().then(Instant::now);
            if let (Err(fault), false) = (&outcomes, changes.iter().all(Vec::is_empty)) {
                *lock(&desk.failed) = Some((Instant::now(), fault.clone()));
            }
        }
        let outcomes = outcomes.unwrap_or_else(|fault| vec![Err(fault.into()); answers.len()]);
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever has gone away does not want to know.
            let _ = answer.send(outcome);
        }
        if failed {
            // What the system could not write it forgets, and would say next time that all is well.
            tracing::error!(
                call = "commit",
                outcome = "the disk failed: nothing is written any more until a restart"
            );
            return;
        }
        if let Some(log) = &mut log {
            log.grow(&changes);
        }
    }
}

/// The write-ahead log beside the file. SQLite could sync it and copy it into the file at the end of a transaction, but
/// would hold the connection meanwhile.
pub(crate) struct Log {
    file: File,
    path: PathBuf,
    /// Copies the log into the file.
    connection: Connection,
    /// Pages written since then, more or less.
    pages: usize,
    /// Remembers that there are orders, until that has been done.
    marks: Option<Mark>,
}

/// Remembers that there are orders.
pub(crate) type Mark = Box<dyn Fn() -> io::Result<()> + Send>;

impl Log {
    /// That of the database at `path`, which another connection has open; `connection` is a second one.
    ///
    /// # Errors
    /// The log cannot be opened.
    pub fn open(path: &Path, connection: Connection, marks: Option<Mark>) -> Result<Self, SqliteError> {
        // SQLite makes it with the first transaction.
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        let path = PathBuf::from(name);
        let file = File::options().read(true).write(true).open(&path);
        let file = file.map_err(|error| Fault::new(format!("{}: {error}", path.display())))?;
        // Its name is to outlast a power cut as well as what is in it.
        Files.sync_folder(folder_of(&path)).map_err(Fault::new)?;
        Ok(Self { file, path, connection, pages: 0, marks })
    }

    fn sync(&self) -> Result<(), Fault> {
        self.file.sync_data().map_err(|error| Fault::new(format!("{}: {error}", self.path.display())))
    }

    /// Remembers the first order. Afterwards, for nobody is to miss what never was; before it is answered for.
    fn mark(&mut self, changes: &[Vec<Change>]) {
        let is_order = |change: &Change| matches!(change, Change::Put { name, .. } if Kind::Order.has(name));
        let Some(mark) = self.marks.as_ref().filter(|_| changes.iter().flatten().any(is_order)) else {
            return;
        };
        match mark() {
            Ok(()) => self.marks = None,
            // Tried again with the next order.
            Err(error) => tracing::error!(call = "commit", outcome = %error),
        }
    }

    /// Copies the log into the file once it is long.
    fn grow(&mut self, changes: &[Vec<Change>]) {
        // A change touches a page of its table and one or two of indexes.
        let pages = |change: &Change| match change {
            Change::Put { body, .. } => 3 + body.len() / PAGE,
            Change::Delete { .. } | Change::Sweep { .. } => 3,
        };
        self.pages += changes.iter().flatten().map(pages).sum::<usize>();
        if self.pages < LOG_PAGES {
            return;
        }
        self.pages = 0;
        // Stops where somebody still reads an earlier state; the rest is copied the next time.
        let copied = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
        if let Err(error) = copied {
            tracing::error!(call = "checkpoint", outcome = %error);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::migrate;
    use esim_sm_edge::{Vault, block_on};

    fn put(name: &str) -> Vec<Change> {
        let (body, aliases) = (vec![1], Vec::new());
        vec![Change::Put { name: name.into(), expected: 0, body, aliases, expires: None, due: None }]
    }

    fn connection() -> Arc<Mutex<Connection>> {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate::to_current(&mut connection, &Vault::new(&[0; 32])).unwrap();
        Arc::new(Mutex::new(connection))
    }

    /// The system forgets what it could not write, and says the next time that all is well.
    #[test]
    fn nothing_is_written_any_more_once_the_disk_has_failed() {
        let path = PathBuf::from("/dev/null");
        // A device that cannot be synced.
        let file = File::open(&path).unwrap();
        let log =
            Log { file, path, connection: Connection::open_in_memory().unwrap(), pages: 0, marks: None };
        let writer = Writer::start(connection(), Some(log));
        let failed = |outcome| matches!(outcome, Err(CommitError::Fault(_)));
        assert!(failed(block_on(writer.commit(put("order/1")))));
        assert!(failed(block_on(writer.commit(put("order/2")))));
        // What can be read, but is on no disk, is nothing to answer with.
        assert!(block_on(writer.settled()).is_err());
        assert!(block_on(writer.probe()).is_err());
    }

    /// As on a disk that is full: what was there can be read, and nothing be written.
    #[test]
    fn a_probe_writes_and_says_whether_that_went_well() {
        let connection = connection();
        let refuse = |no: bool| lock(&connection).pragma_update(None, "query_only", no).unwrap();
        let writer = Writer::start(connection.clone(), None);
        refuse(true);
        assert!(block_on(writer.probe()).is_err());
        refuse(false);
        assert_eq!(block_on(writer.probe()), Ok(()));
        // What has just been written is proof enough; what has just failed is none.
        refuse(true);
        assert_eq!(block_on(writer.probe()), Ok(()));
        assert!(matches!(block_on(writer.commit(put("order/1"))), Err(CommitError::Fault(_))));
        assert!(block_on(writer.probe()).is_err());
        refuse(false);
        // A disk on which something smaller finds room is full all the same.
        assert_eq!(block_on(writer.commit(put("order/1"))), Ok(()));
        assert!(block_on(writer.probe()).is_err());
    }

    #[test]
    fn a_conflict_fails_alone_and_leaves_nothing_behind() {
        let connection = connection();
        // Held so that all of them wait, and go together.
        let held = lock(&connection);
        let writer = Writer::start(connection.clone(), None);
        let waiting: Vec<_> = [put("order/1"), [put("order/2"), put("order/1")].concat(), put("order/3")]
            .map(|changes| writer.desk.hand_in(changes, false))
            .into();
        drop(held);
        let outcomes: Vec<_> = waiting.into_iter().map(|answered| block_on(answered).unwrap()).collect();
        assert_eq!(outcomes, [Ok(()), Err(CommitError::Conflict), Ok(())]);
        assert!(block_on(writer.settled()).is_ok());
        let names = "SELECT group_concat(name) FROM record ORDER BY name";
        let names: String = lock(&connection).query_row(names, (), |row| row.get(0)).unwrap();
        assert_eq!(names, "order/1,order/3");
    }

    #[test]
    fn what_waits_when_the_writer_is_stopped_is_still_written() {
        let connection = connection();
        let held = lock(&connection);
        let writer = Writer::start(connection.clone(), None);
        let answered = writer.desk.hand_in(put("order/1"), false);
        let stopped = thread::spawn(move || drop(writer));
        drop(held);
        assert_eq!(block_on(answered).unwrap(), Ok(()));
        stopped.join().unwrap();
    }
}
