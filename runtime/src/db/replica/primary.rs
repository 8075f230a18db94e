//! What is known of a primary from one connection beside its pool: where its log was at which times, and how far away it is.
//! In: writes whose positions are to be asked for. Out: their [`Mark`]s, and samples that say how old a replica's state is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::position::{IDENTITY, Mark, OF_PRIMARY, Position, Told};
use super::{ANSWER, PROBE};

/// Samples of so many probes are kept: a replica that is further behind is older than any bound that anybody may name.
const SAMPLES: usize = 900;

/// Positions are not asked for more often: whoever writes meanwhile shares the next answer.
const BETWEEN: Duration = Duration::from_millis(1);

/// A primary, as its watch sees it.
pub(crate) struct Primary {
    asked: mpsc::UnboundedSender<watch::Sender<Told>>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// When it was asked, and where it was then. The newest last.
    samples: VecDeque<(Instant, Position)>,
    distance: Option<Duration>,
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
        let mut line = Line { options, connection: None };
        let (begun, position) = (Instant::now(), line.position().await?);
        let identity = identity(line.connection().await?).await;
        let (asked, asking) = mpsc::unbounded_channel();
        let seen = Arc::<Seen>::default();
        seen.note(begun, position, None);
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
        let inner = self.seen.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.samples.iter().rev().find(|(_, position)| *position <= replayed).map(|(time, _)| *time)
    }

    /// The time to it and back.
    pub(crate) fn distance(&self) -> Option<Duration> {
        self.seen.inner.lock().unwrap_or_else(PoisonError::into_inner).distance
    }
}

impl Seen {
    fn note(&self, asked: Instant, position: Position, distance: Option<Duration>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // In between two probes a sample would say little more than the last.
        if inner.samples.back().is_none_or(|(last, _)| asked.duration_since(*last) >= PROBE / 2) {
            inner.samples.push_back((asked, position));
        }
        if inner.samples.len() > SAMPLES {
            inner.samples.pop_front();
        }
        if let Some(latest) = distance {
            inner.distance = Some(super::smoothed(inner.distance, latest));
        }
    }
}

/// Answers marks, and samples the primary's position, until nobody can ask any more.
async fn keep_watch(mut line: Line, mut asked: mpsc::UnboundedReceiver<watch::Sender<Told>>, seen: Arc<Seen>) {
    let mut waiting = Vec::new();
    loop {
        let is_asked = tokio::select! {
            received = asked.recv_many(&mut waiting, usize::MAX) => received > 0,
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
        let told = match position {
            Ok(Ok(position)) => {
                seen.note(begun, position, Some(begun.elapsed()));
                Told::At(position)
            }
            Ok(Err(_)) | Err(_) => {
                line.connection = None;
                Told::Unknown
            }
        };
        for tell in waiting.drain(..) {
            // Nobody may be interested any more.
            let _ = tell.send(told);
        }
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
