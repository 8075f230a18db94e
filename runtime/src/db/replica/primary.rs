//! What is known of a primary from one connection beside its pool: where its log was at which times, and how far away it is.
//! In: writes whose positions are to be asked for. Out: their [`Mark`]s, and samples that say how old a replica's state is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::distance::Distance;
use super::position::{Mark, Position, Told};
use super::{ANSWER, PROBE};
use crate::db::dialect::postgres::log::{IDENTITY, OF_PRIMARY};

/// So many samples are kept, at most two to a probe: a quarter of an hour. How old a replica is that is further behind, nobody knows.
const SAMPLES: usize = 1_800;

/// Positions are not asked for more often: whoever writes meanwhile shares the next answer.
const BETWEEN: Duration = Duration::from_millis(1);

/// The most marks that wait for a primary that does not answer.
const MOST_WAITING: usize = 10_000;

/// A primary, as its watch sees it.
pub(crate) struct Primary {
    asked: mpsc::UnboundedSender<watch::Sender<Told>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// When it was asked, and where it was then. The newest last.
    samples: VecDeque<(Instant, Position)>,
    /// The furthest position that is known.
    furthest: Position,
    distance: Distance,
}

/// The only connection of a watch.
struct Line {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Primary {
    /// Asks a primary who and where it is. Out: it, and what is to run for as long as it is used.
    ///
    /// # Errors
    /// It does not answer.
    pub(crate) async fn meet(
        options: PgConnectOptions,
    ) -> Result<(Self, Position, Option<i64>, impl Future<Output = ()> + Send + 'static), sqlx::Error> {
        // How long it takes to answer says nothing of its statements.
        let mut line = Line { options: options.disable_statement_logging(), connection: None };
        let (begun, position) = (Instant::now(), line.position().await?);
        let identity = identity(line.connection().await?).await;
        let (asked, asking) = mpsc::unbounded_channel();
        let seen = Arc::<Mutex<Seen>>::default();
        locked(&seen).note(begun, position, None);
        let watch = keep_watch(line, asking, Arc::clone(&seen));
        Ok((Self { asked, seen }, position, identity, watch))
    }

    /// The position of what has been written by now.
    pub(crate) fn mark(&self) -> Mark {
        let (tell, mark) = Mark::asked();
        // Where the watch has ended, the mark's other end goes with it, which says that nobody knows.
        let _ = self.asked.send(tell);
        mark
    }

    /// The latest time at which a server that has replayed so far lacked nothing.
    pub(crate) fn time_of(&self, replayed: Position) -> Option<Instant> {
        let seen = locked(&self.seen);
        seen.samples.iter().rev().find(|(_, position)| *position <= replayed).map(|(time, _)| *time)
    }

    /// The furthest position that is known.
    pub(crate) fn furthest(&self) -> Position {
        locked(&self.seen).furthest
    }

    /// The time to it and back.
    pub(crate) fn distance(&self) -> Option<Duration> {
        locked(&self.seen).distance.get()
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seen {
    fn note(&mut self, asked: Instant, position: Position, distance: Option<Duration>) {
        self.furthest = position;
        // In between two probes a sample would say little more than the last.
        if self.samples.back().is_none_or(|(last, _)| asked.duration_since(*last) >= PROBE / 2) {
            self.samples.push_back((asked, position));
        }
        if self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
        if let Some(distance) = distance {
            self.distance.note(distance);
        }
    }
}

/// Answers marks, and samples the primary's position, until nobody can ask any more.
async fn keep_watch(mut line: Line, mut asked: mpsc::UnboundedReceiver<watch::Sender<Told>>, seen: Arc<Mutex<Seen>>) {
    // Those of which nothing could be said are told later.
    let (mut waiting, mut later, mut unanswered) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let is_asked = tokio::select! {
            received = asked.recv_many(&mut waiting, MOST_WAITING) => received > 0,
            () = sleep(PROBE) => true,
        };
        if !is_asked {
            return;
        }
        // Everybody who waits has written before this.
        let begun = Instant::now();
        let mut position = timeout(ANSWER, line.position()).await;
        if !matches!(position, Ok(Ok(_))) {
            line.connection = None;
            position = timeout(ANSWER, line.position()).await;
        }
        let position = position.ok().and_then(Result::ok);
        match position {
            Some(position) => locked(&seen).note(begun, position, Some(begun.elapsed())),
            None => line.connection = None,
        }
        // Nobody may be interested any more, here and below.
        for tell in waiting.drain(..).chain(later.drain(..)) {
            let _ = tell.send(position.map_or(Told::Unknown, Told::At));
            if position.is_none() && !tell.is_closed() {
                unanswered.push(tell);
            }
        }
        unanswered.truncate(MOST_WAITING);
        std::mem::swap(&mut later, &mut unanswered);
        sleep(BETWEEN).await;
    }
}

impl Line {
    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => PgConnection::connect_with(&self.options).await?,
        };
        Ok(self.connection.insert(connection))
    }

    async fn position(&mut self) -> Result<Position, sqlx::Error> {
        let connection = self.connection().await?;
        sqlx::query_scalar(OF_PRIMARY).fetch_one(connection).await.map(Position)
    }
}

/// What tells a server's data from that of others; nothing where the server does not say.
pub(super) async fn identity(connection: &mut PgConnection) -> Option<i64> {
    sqlx::query_scalar(IDENTITY).fetch_one(connection).await.ok()
}
