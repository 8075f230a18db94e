//! Replicas of a PostgreSQL primary: reads go to the nearest that has what their caller wrote, everything else to the primary.
//! In: the primary, the replicas' servers, who has written what (see [`super::caller`]). Out: a [`Follower`] for a read, or none.
//! Absent: running statements (see [`reading`]), and what makes a server a replica, which PostgreSQL does.

mod distance;
mod follower;
mod position;
mod primary;
pub(crate) mod reading;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::AbortHandle;
use tokio::time::Instant;

pub(crate) use follower::Follower;
pub(crate) use position::{Mark, Position};
pub(crate) use reading::Chosen;

use super::caller;
use super::model::Timeouts;
use follower::Line;
use primary::Primary;

/// Between two looks at a server.
const PROBE: Duration = Duration::from_secs(1);

/// The time that a server has to answer a look.
const ANSWER: Duration = Duration::from_secs(2);

/// A reader waits no longer for a connection before it goes to the primary.
const ACQUIRE: Duration = Duration::from_secs(1);

/// Connections that end take no longer.
const FAREWELL: Duration = Duration::from_secs(5);

/// A statement that nobody waits for any more, or whose connection was lost, has ended after so long.
const UNATTENDED: Duration = Duration::from_secs(5);

/// A server that is further away than the primary, by so much and by half, is not asked in its place.
const CLEARLY: Duration = Duration::from_millis(5);

/// The replicas of an opened database.
pub(crate) struct Replicas {
    name: &'static str,
    primary: Primary,
    followers: Vec<Arc<Follower>>,
    timeouts: Timeouts,
    written: Mutex<Written>,
    /// The one that was chosen last: of two that are about as near it stays.
    last: AtomicUsize,
    watches: Vec<AbortHandle>,
}

/// What all who read have to see, and what those have to see of whom nothing else is known.
struct Written {
    least: Position,
    /// The same, on its way.
    pending: Option<Mark>,
    latest: Marks,
}

/// What somebody has written.
#[derive(Clone, Default)]
pub(crate) struct Marks {
    latest: Option<Mark>,
    /// By this time the last statement has ended that was left alone. Where it was in the log, nobody knows.
    left: Option<Instant>,
}

impl Marks {
    /// Adds one more, which is later than those before.
    pub(crate) fn add(&mut self, mark: &Mark, left: Option<Instant>) {
        self.latest = Some(mark.clone());
        self.left = left.or(self.left);
    }

    /// The position of all; nothing where nobody can say.
    pub(crate) async fn position(&self) -> Option<Position> {
        match &self.latest {
            Some(mark) => mark.position().await,
            None => Some(Position::default()),
        }
    }

    /// When all have ended whose position is not known.
    pub(crate) fn left(&self) -> Option<Instant> {
        self.left
    }
}

/// How a replica stands, for those who watch over an application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaStatus {
    /// The region that it was declared in.
    pub region: &'static str,
    /// Whether it answers and follows its primary: reads go to no other.
    pub is_healthy: bool,
    /// The time to it and back, where it has answered.
    pub distance: Option<Duration>,
    /// How old what it shows may be, by what is known; nothing where nothing is known.
    pub behind: Option<Duration>,
    /// How many reads it has answered.
    pub reads: u64,
}

/// What a read has to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    /// What its caller has written.
    OwnWrites,
    /// Everything but what is newer than this.
    AllBut(Duration),
}

/// The same, in terms of the log, and of when a replica that has it lacked nothing.
struct Needs {
    position: Position,
    oldest: Option<Instant>,
}

impl Replicas {
    /// Meets the primary and looks at every replica once: one that does not answer now may do so later.
    ///
    /// # Errors
    /// The primary does not answer.
    pub(crate) async fn meet(
        name: &'static str,
        primary: PgConnectOptions,
        followers: Vec<(&'static str, PgConnectOptions)>,
        timeouts: Timeouts,
        pool: impl Fn() -> PgPoolOptions,
    ) -> Result<Self, sqlx::Error> {
        let (primary, position, identity, watch) = Primary::meet(primary).await?;
        let mut watches = vec![tokio::spawn(watch).abort_handle()];
        let met = followers.into_iter().map(|(region, options)| {
            // A standby has no serializable transactions, whatever the database's default is.
            let options = options.options([
                ("default_transaction_isolation", "repeatable read"),
                ("default_transaction_read_only", "on"),
            ]);
            let pool = pool().acquire_timeout(timeouts.acquire().min(ACQUIRE));
            let follower = Arc::new(Follower::new(region, options.clone(), pool));
            let mut line = Line::new(options, identity);
            async move {
                follower.look(&mut line).await;
                (follower, line)
            }
        });
        let mut followers = Vec::new();
        for (follower, line) in join_all(met).await {
            watches.push(tokio::spawn(Arc::clone(&follower).keep_watch(line)).abort_handle());
            followers.push(follower);
        }
        let written = Mutex::new(Written { least: position, pending: None, latest: Marks::default() });
        Ok(Self { name, primary, followers, timeouts, written, last: AtomicUsize::new(0), watches })
    }

    /// Ends the connections to replicas, and the watch over all.
    pub(crate) async fn close(&self) {
        self.watches.iter().for_each(AbortHandle::abort);
        let closed = join_all(self.followers.iter().map(|follower| follower.pool.close()));
        // One that hangs ends by itself.
        let _ = tokio::time::timeout(FAREWELL, closed).await;
    }

    fn written(&self) -> std::sync::MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The caller has written something, or may have. What was left `unattended` may still be at work.
    pub(crate) fn wrote(self: &Arc<Self>, unattended: bool) {
        let left = unattended.then(|| Instant::now() + UNATTENDED);
        // Under one lock: who writes later has the later mark.
        let mut written = self.written();
        let mark = self.primary.mark();
        written.latest.add(&mark, left);
        caller::wrote(self, &mark, left);
    }

    /// From now on all reads see what has been written by now: a schema has changed.
    pub(crate) async fn all_see(&self) {
        let mark = self.primary.mark();
        self.written().pending = Some(mark.clone());
        if let Some(position) = mark.position().await {
            let mut written = self.written();
            written.least = written.least.max(position);
            written.pending = None;
        }
    }

    /// The furthest position of the primary that is known.
    pub(crate) fn furthest(&self) -> Position {
        self.primary.furthest()
    }

    /// The database's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Where a read goes: to the nearest replica that shows what it has to see, or is about to; to none, so to the primary.
    pub(crate) async fn choose(&self, sees: Sees) -> Option<Chosen> {
        let now = Instant::now();
        let patience = self.timeouts.replica();
        let deadline = now + patience;
        let (needs, deadline) = match sees {
            Sees::AllBut(newer) => (self.stale(now.checked_sub(newer))?, now),
            Sees::OwnWrites => {
                let needs = self.must_see(now.checked_sub(self.timeouts.behind()), deadline);
                (tokio::time::timeout_at(deadline, needs).await.ok().flatten()?, deadline)
            }
        };
        let near: Vec<_> = self.by_distance();
        let near: Vec<_> = near
            .into_iter()
            .filter_map(|(distance, at)| Some((distance, at, self.followers.get(at)?)))
            .filter(|(.., follower)| {
                let time = self.time_of(follower);
                needs.oldest.is_none_or(|oldest| time.is_some_and(|time| time >= oldest))
            })
            .collect();
        let nearest = near.first()?.0;
        // Another one that has it is better than to wait for the nearest, unless it is further away than that takes.
        let has = near.iter().find(|(distance, _, follower)| {
            *distance <= nearest + patience && follower.state().replayed >= needs.position
        });
        let mut chosen = has;
        for candidate in near.iter().filter(|_| has.is_none()) {
            if candidate.2.comes_to(needs.position, deadline, patience).await {
                chosen = Some(candidate);
                break;
            }
        }
        let (_, at, follower) = chosen?;
        self.last.store(*at, Ordering::Relaxed);
        Some(Chosen { follower: Arc::clone(follower), position: needs.position })
    }

    /// What a read has to see that may be so old. Nothing: it is not known in time.
    fn stale(&self, oldest: Option<Instant>) -> Option<Needs> {
        let written = self.written();
        // A schema is not to be older than the process.
        written.pending.is_none().then_some(Needs { position: written.least, oldest })
    }

    /// What the caller has written. Nothing: nobody knows, or will know in time.
    async fn must_see(&self, oldest: Option<Instant>, deadline: Instant) -> Option<Needs> {
        let (mut position, pending, latest) = {
            let written = self.written();
            (written.least, written.pending.clone(), written.latest.clone())
        };
        let (own, left) = match caller::written(self) {
            Some(own) => {
                position = position.max(own.known);
                (own.marks.latest, own.marks.left.max(own.left))
            }
            None => (latest.latest, latest.left),
        };
        // Of a place that the primary has not been at, as far as is known, no replica can be; nor of a time to come.
        if position > self.primary.furthest() || left.is_some_and(|left| left > Instant::now()) {
            return None;
        }
        for mark in [pending, own].into_iter().flatten() {
            let far = self.primary.distance().is_some_and(|distance| Instant::now() + distance > deadline);
            if far && mark.is_asked() {
                return None;
            }
            position = position.max(mark.position().await?);
        }
        Some(Needs { position, oldest: oldest.max(left) })
    }

    /// The healthy replicas that are not clearly further away than the primary, the nearest first.
    fn by_distance(&self) -> Vec<(Duration, usize)> {
        let farthest = self.primary.distance().map(|distance| distance + distance / 2 + CLEARLY);
        let last = self.last.load(Ordering::Relaxed);
        let near = self.followers.iter().enumerate().filter_map(|(at, follower)| {
            let state = follower.state();
            let distance = state.distance().filter(|_| follower.is_healthy() && state.is_free())?;
            let is_near = farthest.is_none_or(|farthest| distance <= farthest);
            // Who was chosen last stays so until another is nearer by a quarter.
            let felt = if at == last { distance * 3 / 4 } else { distance };
            is_near.then_some((felt, at))
        });
        let mut near: Vec<_> = near.collect();
        near.sort_unstable();
        near
    }

    /// The latest time at which a replica lacked nothing.
    fn time_of(&self, follower: &Follower) -> Option<Instant> {
        self.primary.time_of(follower.state().replayed)
    }

    /// How each replica stands.
    pub(crate) fn status(&self) -> Vec<ReplicaStatus> {
        let status = |follower: &Arc<Follower>| {
            let state = follower.state();
            ReplicaStatus {
                region: follower.region,
                is_healthy: follower.is_healthy(),
                distance: state.distance(),
                behind: self.time_of(follower).map(|time| time.elapsed()),
                reads: follower.reads.load(Ordering::Relaxed),
            }
        };
        self.followers.iter().map(status).collect()
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        self.watches.iter().for_each(AbortHandle::abort);
    }
}
