//! One replica: its pool, and what a connection beside that keeps saying of it: whether it answers, how far it is, how far away.
//! In: its URL, its primary's identity. Out: a [`State`] that readers look at and wait for. Absent: the choice among replicas.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::position::{OF_REPLICA, Position};
use super::primary::identity;
use super::{ANSWER, PROBE, smoothed};

/// How long a reader waits for a connection before it goes to the primary.
const ACQUIRE: Duration = Duration::from_secs(1);

/// Between two looks while somebody waits.
const EAGER: Duration = Duration::from_millis(1);

/// A replica that reads may go to.
pub(crate) struct Follower {
    pub(super) region: &'static str,
    pub(crate) pool: PgPool,
    /// How many reads it has answered.
    pub(super) reads: AtomicU64,
    state: Arc<watch::Sender<State>>,
    waiting: AtomicUsize,
    wanted: Notify,
}

/// What is known of a replica.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// Whether it answers, and follows the primary.
    pub(super) is_healthy: bool,
    /// How much of the primary's log it has replayed, at least.
    pub(super) replayed: Position,
    /// When its server was started. One that was killed may come back with less than it had.
    started: i64,
    /// The time to it and back.
    pub(super) distance: Option<Duration>,
    /// Somebody waited in vain for it to come so far.
    in_vain: Option<Position>,
}

/// What a server says of itself.
struct Said {
    follows: bool,
    replayed: Position,
    started: i64,
}

impl State {
    /// What one said before it was started again says nothing any more, and in one life it only gets further.
    fn note(&mut self, said: &Said) {
        if said.started > self.started || said.started == self.started && said.replayed > self.replayed {
            (self.started, self.replayed) = (said.started, said.replayed);
        }
        self.in_vain = self.in_vain.filter(|position| *position > self.replayed);
    }
}

impl Follower {
    /// A replica of which nothing is known yet. `options` are those of its server.
    pub(super) fn new(region: &'static str, options: PgConnectOptions, pool: PgPoolOptions) -> Self {
        let state = Arc::new(watch::Sender::new(State::default()));
        let noting = Arc::clone(&state);
        let pool = pool
            .acquire_timeout(ACQUIRE)
            // The server may be another than the one that the watch has seen: its word comes first.
            .after_connect(move |connection, _| {
                let noting = Arc::clone(&noting);
                Box::pin(async move {
                    let said = ask(connection).await?;
                    noting.send_modify(|state| state.note(&said));
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        Self { region, pool, reads: AtomicU64::new(0), state, waiting: AtomicUsize::new(0), wanted: Notify::new() }
    }

    pub(super) fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Whether it has replayed so far; waits for it until `deadline`, unless that was in vain before.
    pub(super) async fn has(&self, position: Position, deadline: Instant) -> bool {
        let state = self.state();
        if state.replayed >= position {
            return true;
        }
        if state.in_vain.is_some_and(|in_vain| in_vain <= position) {
            return false;
        }
        let _waiting = Waiting::of(self);
        let mut state = self.state.subscribe();
        let come = state.wait_for(|state| state.replayed >= position || !state.is_healthy);
        if let Ok(Ok(state)) = timeout_at(deadline, come).await {
            return state.is_healthy && state.replayed >= position;
        }
        self.state.send_modify(|state| {
            let least = state.in_vain.map_or(position, |in_vain| in_vain.min(position));
            state.in_vain = Some(least).filter(|least| *least > state.replayed);
        });
        false
    }

    /// Ends when it does not answer any more.
    pub(crate) async fn lost(&self) {
        // The sender is in `self`.
        let _ = self.state.subscribe().wait_for(|state| !state.is_healthy).await;
    }

    /// It failed a reader: nobody else goes there before the watch has seen it again.
    pub(crate) fn failed(&self, reason: &str) {
        self.set_lost(reason);
        self.look_now();
    }

    /// Has the watch look at it now.
    pub(super) fn look_now(&self) {
        self.wanted.notify_one();
    }

    fn set_lost(&self, reason: &str) {
        let was_healthy = self.state.send_if_modified(|state| std::mem::take(&mut state.is_healthy));
        if was_healthy {
            tracing::warn!(region = self.region, "reads pass a replica over: {reason}");
        }
    }

    /// Looks at it once.
    pub(super) async fn look(&self, line: &mut Line) {
        match timeout(ANSWER, line.ask()).await {
            Ok(Ok((said, distance))) if said.follows => {
                let mut was_healthy = true;
                self.state.send_modify(|state| {
                    state.note(&said);
                    state.distance = Some(smoothed(state.distance, distance));
                    was_healthy = std::mem::replace(&mut state.is_healthy, true);
                });
                if !was_healthy {
                    tracing::info!(region = self.region, "a replica answers reads");
                }
                return;
            }
            Ok(Ok(_)) => self.set_lost("it follows no primary"),
            Ok(Err(reason)) => self.set_lost(&reason),
            Err(_) => self.set_lost("it does not answer in time"),
        }
        line.connection = None;
    }

    /// Keeps looking at it.
    pub(super) async fn keep_watch(self: Arc<Self>, mut line: Line) {
        loop {
            if self.waiting.load(Ordering::Acquire) > 0 && self.state().is_healthy {
                sleep(EAGER).await;
            } else {
                // Of no other use than not to wait for nobody.
                let _ = timeout(PROBE, self.wanted.notified()).await;
            }
            self.look(&mut line).await;
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
        Self { options, identity, connection: None }
    }

    /// What the server says, and the time to it and back; or why it is of no use, without its URL.
    async fn ask(&mut self) -> Result<(Said, Duration), String> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut connection =
                    PgConnection::connect_with(&self.options).await.map_err(|error| error.to_string())?;
                let theirs = identity(&mut connection).await;
                if self.identity.is_some() && theirs.is_some() && theirs != self.identity {
                    return Err("its server is no copy of the primary's".to_owned());
                }
                connection
            }
        };
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
