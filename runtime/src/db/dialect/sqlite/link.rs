//! One connection to SQLite, and a statement run on it. In: a [`Call`], and how long a statement that only reads may take. Out: its
//! rows, one by one, as they stand in the engine. Everything here is at once; on which thread it happens is decided elsewhere
//! (see [`super::run`]). Absent: waiting for locks, but within a script, which is not to be begun again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection, OpenFlags, Statement};

use super::run::Pause;
use super::{error, is_interrupted, is_locked};
use crate::db::call::{Call, Failure, Reads, Wanted, Work};
use crate::db::dialect::Arguments;
use crate::db::error::DataError;
use crate::db::model::Facts;
use crate::db::reader::{Reader, Row};

/// How many of the engine's instructions pass between two looks at the clock: some ten microseconds, where none of them waits for a
/// disk. The longest by themselves count a table and sort rows.
const BETWEEN_LOOKS: i32 = 1_000;

/// What is said of every connection of a pool.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) database: &'static str,
    /// A path, or the name of a database in memory.
    pub(super) name: std::path::PathBuf,
    pub(super) memory: bool,
    /// How many statements it keeps prepared.
    pub(super) statements: usize,
    /// How long it waits for a lock.
    pub(super) lock: Duration,
    /// A statement that takes longer is told in the log.
    pub(super) slow: Duration,
}

/// A connection.
pub(super) struct Link {
    sqlite: Connection,
    deadline: Arc<Deadline>,
    lock: Duration,
}

/// Why a statement did not come to its end. In the first two cases nothing was done, and it may be run again.
pub(super) enum Trouble {
    /// Another connection has a lock.
    Locked,
    /// It would take longer than it was given.
    Long,
    Failure(Failure),
}

impl Trouble {
    fn of(cause: &rusqlite::Error, facts: Facts) -> Self {
        if is_locked(cause) { Self::Locked } else { Self::Failure(Failure::Engine(error(cause, facts))) }
    }

    /// As it is told where it is the last word.
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::Locked => Failure::Engine(DataError::Busy),
            Self::Long => Failure::Engine(DataError::Timeout),
            Self::Failure(failure) => failure,
        }
    }
}

impl Link {
    pub(super) fn open(opening: &Opening) -> Result<Self, rusqlite::Error> {
        let mut flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if opening.memory {
            flags |= OpenFlags::SQLITE_OPEN_URI;
        }
        let sqlite = Connection::open_with_flags(&opening.name, flags)?;
        // Nobody waits inside the engine: a thread that did would keep all others of its runtime waiting.
        sqlite.busy_timeout(Duration::ZERO)?;
        sqlite.set_prepared_statement_cache_capacity(opening.statements);
        sqlite.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL")?;
        if !opening.memory {
            let mode: String = sqlite.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
            if !mode.eq_ignore_ascii_case("wal") {
                let database = opening.database;
                tracing::warn!(
                    database,
                    mode,
                    "the file's disk takes no write-ahead log: readers and writers wait for each other"
                );
            }
            // Reads the schema, which the first statement would wait for.
            sqlite.prepare("SELECT 1 FROM sqlite_schema")?;
        }
        let deadline = Arc::new(Deadline::new());
        let watched = Arc::clone(&deadline);
        sqlite.progress_handler(BETWEEN_LOOKS, Some(move || watched.is_over()))?;
        Ok(Self { sqlite, deadline, lock: opening.lock })
    }

    /// Ends a transaction that is open. Out: whether the connection is of further use.
    pub(super) fn tidy(&self) -> bool {
        !self.is_in_transaction() || self.sqlite.execute_batch("ROLLBACK").is_ok()
    }

    /// Whether a transaction is open.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.sqlite.is_autocommit()
    }

    /// How many rows were changed since it was opened. The engine counts to 2³¹, and from there on from below zero.
    pub(super) fn changes(&self) -> u64 {
        self.sqlite.total_changes()
    }

    /// Runs the statement, which is broken off after `until` where it only reads. Out: how many rows it changed.
    pub(super) fn attempt(&self, work: &mut Work, until: Option<Instant>) -> Result<u64, Trouble> {
        let Work { call, wanted, take } = work;
        match wanted {
            Wanted::First => self.each(call, until, |row| take.take(row).map(|()| ControlFlow::Break(()))),
            Wanted::Rows => self.each(call, until, |row| take.take(row).map(|()| ControlFlow::Continue(()))),
            Wanted::Count => self.each(call, until, |_| Ok(ControlFlow::Continue(()))),
            Wanted::Script => self.script(&call.text, call.facts).map(|()| 0),
        }
    }

    /// Runs statements as they are, each to its end. It is not to be run again: locks are waited for at each, on this thread.
    fn script(&self, text: &str, facts: Facts) -> Result<(), Trouble> {
        let failed = |cause: rusqlite::Error| Trouble::Failure(Failure::Engine(error(&cause, facts)));
        let mut statements = Batch::new(&self.sqlite, text);
        while let Some(mut statement) = self.patiently(|| statements.next()).map_err(failed)? {
            let run = self.patiently(|| {
                let mut rows = statement.raw_query();
                while rows.next()?.is_some() {}
                Ok(())
            });
            run.map_err(failed)?;
        }
        Ok(())
    }

    fn patiently<T>(&self, mut attempt: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut pause = None;
        loop {
            let cause = match attempt() {
                Err(cause) if is_locked(&cause) => cause,
                done => return done,
            };
            let pause: &mut Pause = pause.get_or_insert_with(|| Pause::new(self.lock));
            std::thread::sleep(pause.next().ok_or(cause)?);
        }
    }

    /// Runs a short statement that begins or ends a transaction, or a part of one.
    pub(super) fn command(&self, text: &str, facts: Facts) -> Result<(), Trouble> {
        self.sqlite.execute_batch(text).map_err(|cause| Trouble::of(&cause, facts))
    }

    /// Gives each row to `take`, until that has enough.
    pub(super) fn each(
        &self,
        call: &Call,
        until: Option<Instant>,
        take: impl FnMut(&mut Reader<'_>) -> Result<ControlFlow<()>, DataError>,
    ) -> Result<u64, Trouble> {
        let failed = |cause: rusqlite::Error| Trouble::of(&cause, call.facts);
        if call.persistent {
            let mut statement = self.sqlite.prepare_cached(&call.text).map_err(failed)?;
            self.step(&mut statement, call, until, take)
        } else {
            let mut statement = self.sqlite.prepare(&call.text).map_err(failed)?;
            self.step(&mut statement, call, until, take)
        }
    }

    fn step(
        &self,
        statement: &mut Statement<'_>,
        call: &Call,
        until: Option<Instant>,
        mut take: impl FnMut(&mut Reader<'_>) -> Result<ControlFlow<()>, DataError>,
    ) -> Result<u64, Trouble> {
        let facts = call.facts;
        #[cfg_attr(
            not(feature = "postgres"),
            expect(irrefutable_let_patterns, reason = "refutable where PostgreSQL is compiled in too")
        )]
        let Arguments::Sqlite(arguments) = &call.arguments else { return Err(unfit("for another engine")) };
        if arguments.len() != statement.parameter_count() {
            return Err(unfit("for another number of values"));
        }
        for (at, argument) in arguments.iter().enumerate() {
            let bound = statement.raw_bind_parameter(at + 1, argument);
            bound.map_err(|cause| Trouble::of(&cause, facts))?;
        }
        let changed_before = self.sqlite.total_changes();
        // What writes is not broken off: that would end the transaction around it. Nor is what ends a transaction, which counts as
        // reading: the engine looks at the clock once more when it has committed.
        let until = until.filter(|_| call.reads == Reads::Certainly && statement.readonly());
        let _until = self.deadline.set(until);
        let mut rows = statement.raw_query();
        loop {
            match rows.next() {
                Ok(None) => break,
                Ok(Some(row)) => {
                    let taken = take(&mut Reader::new(Row::Sqlite(row), facts));
                    match taken.map_err(|error| Trouble::Failure(Failure::Reading(error)))? {
                        ControlFlow::Continue(()) => {}
                        ControlFlow::Break(()) => break,
                    }
                }
                Err(cause) if until.is_some() && is_interrupted(&cause) => return Err(Trouble::Long),
                Err(cause) => return Err(Trouble::of(&cause, facts)),
            }
        }
        drop(rows);
        // A statement that changes no rows leaves the number of the one before it.
        Ok(if self.sqlite.total_changes() == changed_before { 0 } else { self.sqlite.changes() })
    }
}

fn unfit(reason: &str) -> Trouble {
    Trouble::Failure(Failure::Reading(DataError::other(["the statement was made ", reason].concat())))
}

/// When the statement that runs is to be broken off.
struct Deadline {
    begun: Instant,
    /// In nanoseconds from the beginning; 0 where there is none.
    at: AtomicU64,
}

impl Deadline {
    fn new() -> Self {
        Self { begun: Instant::now(), at: AtomicU64::new(0) }
    }

    fn nanoseconds(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX)
    }

    fn is_over(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != 0 && self.nanoseconds(Instant::now()) >= at
    }

    fn set(&self, until: Option<Instant>) -> Until<'_> {
        self.at.store(until.map_or(0, |until| self.nanoseconds(until)), Ordering::Relaxed);
        Until(self)
    }
}

/// Ends the deadline with its scope.
struct Until<'a>(&'a Deadline);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.at.store(0, Ordering::Relaxed);
    }
}
