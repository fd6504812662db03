//! The thread that writes: it takes all commits that wait, applies them in one transaction, and lets each know when
//! they are on the disk. Meanwhile the next ones gather.

use super::crash;
use super::sqlite::{apply_all, lock};
use crate::{CommitError, Fault};
use esim_smdp::store::Change;
use rusqlite::Connection;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// Pages of the log after which it is copied into the file.
const LOG_PAGES: usize = 8192;
const PAGE: usize = 4096;

/// Where commits are handed in.
pub(super) struct Writer {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Desk {
    queue: Mutex<Queue>,
    called: Condvar,
    /// Whether something can be read that is not on the disk yet.
    unsettled: AtomicBool,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Nothing is taken any more.
    closed: bool,
}

struct Waiting {
    changes: Vec<Change>,
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
        let answered = self.desk.hand_in(changes);
        answered.await.unwrap_or_else(|_| Err(Fault::new("the records cannot be written any more").into()))
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

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.desk.queue).closed = true;
        self.desk.called.notify_one();
        let ended = self.thread.take().map(JoinHandle::join);
        debug_assert!(!matches!(ended, Some(Err(_))), "the writer has panicked");
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
    fn hand_in(&self, changes: Vec<Change>) -> oneshot::Receiver<Result<(), CommitError>> {
        let (answer, answered) = oneshot::channel();
        let mut queue = lock(&self.queue);
        if !queue.closed {
            queue.waiting.push(Waiting { changes, answer });
            self.called.notify_one();
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
        let (changes, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|waiting| (waiting.changes, waiting.answer)).unzip();
        let applied = {
            let mut connection = lock(connection);
            let applied = apply_all(&mut connection, &changes);
            desk.unsettled.store(true, Ordering::Release);
            applied
        };
        let synced = log.as_ref().map_or(Ok(()), Log::sync);
        let failed = synced.is_err();
        let outcomes = applied.and_then(|outcomes| synced.map(|()| outcomes));
        crash::point("after");
        if !failed {
            desk.unsettled.store(false, Ordering::Release);
        }
        let mut outcomes = outcomes.map(Vec::into_iter);
        for answer in answers {
            let outcome = match &mut outcomes {
                Ok(outcomes) => outcomes.next().unwrap_or(Ok(())),
                Err(fault) => Err(fault.clone().into()),
            };
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
pub(super) struct Log {
    file: File,
    path: PathBuf,
    /// Copies the log into the file.
    connection: Connection,
    /// Pages written since then, more or less.
    pages: usize,
}

impl Log {
    /// That of the database at `path`, which another connection has open; `connection` is a second one.
    ///
    /// # Errors
    /// The log cannot be opened.
    pub fn open(path: &Path, connection: Connection) -> Result<Self, Fault> {
        // SQLite makes it with the first transaction.
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        let path = PathBuf::from(name);
        let file = File::options().read(true).write(true).open(&path);
        let file = file.map_err(|error| Fault::new(format!("{}: {error}", path.display())))?;
        Ok(Self { file, path, connection, pages: 0 })
    }

    fn sync(&self) -> Result<(), Fault> {
        self.file.sync_data().map_err(|error| Fault::new(format!("{}: {error}", self.path.display())))
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
