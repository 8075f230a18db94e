//! One replica: its pool, and what a connection beside that keeps saying of it: whether it answers, how far it is, how far away.
//! In: its URL, its primary's identity. Out: a [`State`] that readers look at and wait for. Absent: the choice among replicas.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::distance::Distance;
use super::position::Position;
use super::primary::identity;
use super::{ANSWER, PROBE};
use crate::db::dialect::postgres::log::OF_REPLICA;

/// Between two looks while somebody waits.
const EAGER: Duration = Duration::from_millis(1);

/// Before the first look at one that was lost, and then twice as long each time.
const SOON: Duration = Duration::from_millis(20);

/// For so long nobody goes to a replica that had no connection to give.
const CROWDED: Duration = Duration::from_secs(1);

/// A replica that reads may go to.
pub(crate) struct Follower {
    pub(super) region: &'static str,
    pub(crate) pool: PgPool,
    /// How many reads it has answered.
    pub(super) reads: AtomicU64,
    known: Arc<Known>,
    waiting: AtomicUsize,
    wanted: Notify,
}

/// What connections have told of it. Whoever reads there waits for its health alone.
struct Known {
    state: watch::Sender<State>,
    is_healthy: watch::Sender<bool>,
}

/// What is known of a replica.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// How much of the primary's log it has replayed, at least.
    pub(super) replayed: Position,
    /// When its server was started, by its own clock, and since when that is known.
    server: Option<(i64, Instant)>,
    distance: Distance,
    /// Somebody waited in vain for it to come so far.
    in_vain: Option<Position>,
    /// It had no connection to give.
    crowded: Option<Instant>,
}

/// What a server says of itself.
struct Said {
    follows: bool,
    replayed: Position,
    started: i64,
}

impl State {
    /// The last word counts: a server that crashed, or another at the same place, may have less than the one before.
    fn note(&mut self, said: &Said) {
        self.replayed = said.replayed;
        if !self.is_of(said) {
            self.server = Some((said.started, Instant::now()));
        }
        self.in_vain = self.in_vain.filter(|position| *position > self.replayed);
    }

    /// Whether it is that server's.
    fn is_of(&self, said: &Said) -> bool {
        self.server.is_some_and(|(started, _)| started == said.started)
    }

    /// The time to it and back.
    pub(super) fn distance(&self) -> Option<Duration> {
        self.distance.get()
    }

    /// Whether it had connections to give of late.
    pub(super) fn is_free(&self) -> bool {
        self.crowded.is_none_or(|since| since.elapsed() >= CROWDED)
    }
}

impl Known {
    fn set_lost(&self, region: &str, reason: &str) {
        if self.is_healthy.send_if_modified(std::mem::take) {
            tracing::warn!(region, "reads pass a replica over: {reason}");
        }
    }
}

impl Follower {
    /// A replica of which nothing is known yet. `options` are those of its server.
    pub(super) fn new(region: &'static str, options: PgConnectOptions, pool: PgPoolOptions) -> Self {
        let known =
            Arc::new(Known { state: watch::Sender::new(State::default()), is_healthy: watch::Sender::new(false) });
        let (noting, comparing) = (Arc::clone(&known), Arc::clone(&known));
        let pool = pool
            .after_connect(move |connection, _| {
                let noting = Arc::clone(&noting);
                Box::pin(async move {
                    let said = ask(connection).await?;
                    if !said.follows {
                        return Err(sqlx::Error::Protocol("the server follows no primary".to_owned()));
                    }
                    let state = *noting.state.borrow();
                    if state.server.is_some() && !state.is_of(&said) {
                        // The watch still speaks with the one before.
                        noting.set_lost(region, "its server was started again, or is another");
                    }
                    noting.state.send_modify(|state| state.note(&said));
                    Ok(())
                })
            })
            // A connection that is older than what is known of its server may lead to the one before.
            .before_acquire(move |connection, metadata| {
                let since = comparing.state.borrow().server.map(|(_, since)| since);
                let is_current = since.is_none_or(|since| metadata.age <= since.elapsed());
                Box::pin(async move {
                    Ok(is_current && crate::db::dialect::postgres::pool::lives(connection, metadata.idle_for).await)
                })
            })
            // The pool itself would wait without end for one that hangs.
            .after_release(|connection, _| {
                Box::pin(async move { Ok(timeout(ANSWER, connection.ping()).await.is_ok_and(|answer| answer.is_ok())) })
            })
            .connect_lazy_with(options);
        Self { region, pool, reads: AtomicU64::new(0), known, waiting: AtomicUsize::new(0), wanted: Notify::new() }
    }

    pub(super) fn state(&self) -> State {
        *self.known.state.borrow()
    }

    /// Whether it answers, and follows the primary.
    pub(super) fn is_healthy(&self) -> bool {
        *self.known.is_healthy.borrow()
    }

    /// Whether it shows what was written before a position, by what is known now.
    pub(crate) fn shows(&self, position: Position) -> bool {
        self.is_healthy() && self.state().replayed >= position
    }

    /// Waits until it has replayed so far, or the deadline. Out: whether it has. Where that was in vain before it waits no more.
    pub(super) async fn comes_to(&self, position: Position, deadline: Instant, patience: Duration) -> bool {
        let (state, begun) = (self.state(), Instant::now());
        if state.in_vain.is_some_and(|in_vain| in_vain <= position) || begun >= deadline {
            return false;
        }
        let _waiting = Waiting::of(self);
        let mut states = self.known.state.subscribe();
        let come = async {
            tokio::select! {
                _ = states.wait_for(|state| state.replayed >= position) => true,
                () = self.lost() => false,
            }
        };
        if let Ok(has) = timeout_at(deadline, come).await {
            return has;
        }
        // Who had no time to wait has not found out.
        if begun.elapsed() >= patience / 2 {
            self.known.state.send_if_modified(|state| {
                let least = state.in_vain.map_or(position, |in_vain| in_vain.min(position));
                state.in_vain = Some(least).filter(|least| *least > state.replayed);
                false
            });
        }
        false
    }

    /// Ends when it does not answer any more.
    pub(crate) async fn lost(&self) {
        // The sender is in `self`.
        let _ = self.known.is_healthy.subscribe().wait_for(|is_healthy| !is_healthy).await;
    }

    /// It failed a reader: nobody else goes there before the watch has seen it again.
    pub(crate) fn failed(&self, reason: &str) {
        self.known.set_lost(self.region, reason);
        self.wanted.notify_one();
    }

    /// It had no connection for a reader: all are in use, or none can be made, which the watch finds out.
    pub(crate) fn is_crowded(&self) {
        self.known.state.send_if_modified(|state| {
            state.crowded = Some(Instant::now());
            false
        });
        self.wanted.notify_one();
    }

    /// Looks at it once.
    pub(super) async fn look(&self, line: &mut Line) {
        match timeout(ANSWER, line.ask(self)).await {
            Ok(Ok((said, distance))) if said.follows => {
                self.known.state.send_modify(|state| {
                    state.note(&said);
                    state.distance.note(distance);
                });
                if !self.known.is_healthy.send_replace(true) {
                    tracing::info!(region = self.region, "a replica answers reads");
                }
                return;
            }
            Ok(Ok(_)) => self.known.set_lost(self.region, "it follows no primary"),
            Ok(Err(reason)) => self.known.set_lost(self.region, &reason),
            Err(_) => self.known.set_lost(self.region, "it does not answer in time"),
        }
        line.connection = None;
    }

    /// Keeps looking at it.
    pub(super) async fn keep_watch(self: Arc<Self>, mut line: Line) {
        let mut pause = SOON;
        loop {
            if !self.is_healthy() {
                // It may be back in a moment, or not for long.
                sleep(pause).await;
                pause = (pause * 2).min(PROBE);
            } else if self.waiting.load(Ordering::Acquire) > 0 {
                sleep(EAGER).await;
            } else {
                // Of no other use than not to wait for nobody.
                let _ = timeout(PROBE, self.wanted.notified()).await;
            }
            self.look(&mut line).await;
            if self.is_healthy() {
                pause = SOON;
            }
        }
    }
}

/// A reader that waits.
struct Waiting<'f>(&'f Follower);

impl<'f> Waiting<'f> {
    fn of(follower: &'f Follower) -> Self {
        follower.waiting.fetch_add(1, Ordering::AcqRel);
        follower.wanted.notify_one();
        Self(follower)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The connection over which a replica is watched.
pub(super) struct Line {
    options: PgConnectOptions,
    /// The primary's.
    identity: Option<i64>,
    connection: Option<PgConnection>,
}

impl Line {
    pub(super) fn new(options: PgConnectOptions, identity: Option<i64>) -> Self {
        // How long it takes to answer says nothing of its statements.
        Self { options: options.disable_statement_logging(), identity, connection: None }
    }

    /// What the server says, and the time to it and back; or why it is of no use, without its URL.
    async fn ask(&mut self, follower: &Follower) -> Result<(Said, Duration), String> {
        if let Some(mut connection) = self.connection.take() {
            let begun = Instant::now();
            let said = ask(&mut connection).await.map_err(|error| error.to_string())?;
            let took = begun.elapsed();
            if follower.state().is_of(&said) {
                self.connection = Some(connection);
                return Ok((said, took));
            }
            // A reader has met another server by now.
        }
        let mut connection = PgConnection::connect_with(&self.options).await.map_err(|error| error.to_string())?;
        let theirs = identity(&mut connection).await;
        if self.identity.is_some() && theirs.is_some() && theirs != self.identity {
            return Err("its server is no copy of the primary's".to_owned());
        }
        let begun = Instant::now();
        let said = ask(&mut connection).await.map_err(|error| error.to_string())?;
        self.connection = Some(connection);
        Ok((said, begun.elapsed()))
    }
}

async fn ask(connection: &mut PgConnection) -> Result<Said, sqlx::Error> {
    let (follows, replayed, started) = sqlx::query_as(OF_REPLICA).fetch_one(connection).await?;
    Ok(Said { follows, replayed: Position(replayed), started })
}
