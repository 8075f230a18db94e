//! Rows of SQLite as they are wanted: a thread reads some ahead, and waits until those are taken. In: a statement. Out: a stream,
//! whose drop ends the statement. Absent: transactions, whose connection is not to be kept from other statements.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::link::Trouble;
use super::pool::{Held, SqlitePool};
use super::run::Pause;
use crate::db::call::{Call, Failure, Read, ended};

/// How many rows go from thread to thread together at most: the first goes alone, each time after it twice as many.
const TOGETHER: usize = 128;

type Rows<T> = Vec<Result<T, Failure>>;

/// The rows of a statement.
pub(super) fn stream<T: Send + 'static>(
    pool: SqlitePool,
    call: Call,
    read: impl Read<T>,
) -> BoxStream<'static, Result<T, Failure>> {
    let begun = async move {
        let (send, rows) = mpsc::channel(1);
        let reading = match pool.held_for(call.reads, call.facts).await {
            Ok(held) => tokio::task::spawn_blocking(move || read_all(&held, &call, &read, &send)),
            Err(error) => return futures_util::stream::iter([Err(Failure::Engine(error))]).boxed(),
        };
        let together = futures_util::stream::unfold((rows, Some(reading)), |(mut rows, reading)| async {
            match rows.recv().await {
                Some(some) => Some((some, (rows, reading))),
                None => end(reading?).await.map(|last| (last, (rows, None))),
            }
        });
        together.flat_map(futures_util::stream::iter).boxed()
    };
    futures_util::stream::once(begun).flatten().boxed()
}

/// What is left to say when the thread has ended.
async fn end<T>(reading: JoinHandle<Result<(), Failure>>) -> Option<Rows<T>> {
    let failure = ended(reading).await.map_err(Failure::Engine).and_then(|read| read).err()?;
    Some(vec![Err(failure)])
}

fn read_all<T: Send + 'static>(
    held: &Held,
    call: &Call,
    read: &impl Read<T>,
    send: &mpsc::Sender<Rows<T>>,
) -> Result<(), Failure> {
    let mut pause = None;
    loop {
        let (mut ready, mut together) = (Vec::new(), 1);
        let (begun, mut waited) = (Instant::now(), Duration::ZERO);
        let done = held.link().and_then(|link| {
            link.each(call, None, |row| {
                // One that can't be read is told in its place.
                ready.push(read(row).map_err(Failure::Reading));
                if ready.len() < together {
                    return Ok(ControlFlow::Continue(()));
                }
                together = (together * 2).min(TOGETHER);
                let full = Instant::now();
                let taken = send.blocking_send(std::mem::replace(&mut ready, Vec::with_capacity(together)));
                waited += full.elapsed();
                // Nobody wants them any more.
                Ok(if taken.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            })
        });
        // It has a lock before its first row.
        if matches!(done, Err(Trouble::Locked)) && together == 1 {
            let pause: &mut Pause = pause.get_or_insert_with(|| Pause::new(held.pool.lock()));
            if let Some(pause) = pause.next() {
                std::thread::sleep(pause);
                continue;
            }
        }
        held.pool.note(&call.text, begun.elapsed().saturating_sub(waited));
        if !ready.is_empty() && send.blocking_send(ready).is_err() {
            return Ok(());
        }
        return done.map(drop).map_err(Trouble::failure);
    }
}
