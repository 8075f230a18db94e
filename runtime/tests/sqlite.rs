//! What is SQLite's alone: statements on the thread that asks, locks that are waited for without one, connections to a file, and the
//! log of statements that take long.
#![cfg(feature = "sqlite")]
#![expect(missing_docs, reason = "the application's own items have none here")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cell::db::{self, DataError, Database as _};
use cell::prelude::*;
use tempfile::TempDir;
use tokio::sync::Notify;
use tracing_subscriber::fmt::MakeWriter;

#[Database::sqlite(file = "desk.db", slow = "1ms", timeouts(lock = "300ms", idle = "100ms"))]
pub struct Desk {
    pub notes: Table<Note>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[Database::table]
pub struct Note {
    #[key]
    pub id: i64,
    pub stars: i64,
}

/// A file with an empty table.
async fn file() -> Result<(TempDir, PathBuf, Desk)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("desk.db");
    let desk = open(&file).await?;
    desk.handle().script("CREATE TABLE notes (id INTEGER PRIMARY KEY, stars INTEGER NOT NULL) STRICT").await?;
    Ok((folder, file, desk))
}

async fn open(file: &Path) -> Result<Desk> {
    Ok(Desk::open_at(&format!("sqlite:{}", file.display())).await?)
}

/// Adds that many notes, which takes a while.
macro_rules! add {
    ($count:expr, $database:expr) => {{
        let count: i64 = $count;
        sql!(
            "insert into notes (id, stars)
             with recursive n(i) as (values (1) union all select i + 1 from n where i < {count}) select i + 1000, 0 from n"
        )
        .execute($database)
    }};
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

/// Also on the only thread of a runtime.
#[tokio::test]
async fn a_long_statement_keeps_nobody_waiting() -> Result<()> {
    let (_folder, _, desk) = file().await?;
    let ticks = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&ticks);
    let clock = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    for _ in 0..3 {
        let before = ticks.load(Ordering::Relaxed);
        let most = 400_000_i64;
        let read: Option<(i64,)> = sql!(
            "with recursive n(i) as (values (1) union all select i + 1 from n where i < {most}) select max(i) from n"
        )
        .first(&desk)
        .await?;
        assert_eq!(read, Some((most,)));
        let after = ticks.load(Ordering::Relaxed);
        assert!(after > before + 5, "a read stopped the clock at {before}: {after}");
        desk.notes.query().delete().await?;
        let before = ticks.load(Ordering::Relaxed);
        assert_eq!(add!(100_000, &desk).await?, 100_000);
        let after = ticks.load(Ordering::Relaxed);
        assert!(after > before + 5, "a write stopped the clock at {before}: {after}");
    }
    clock.abort();
    Ok(())
}

/// On one thread: who waited in the engine would keep away the one that has the lock.
#[tokio::test]
async fn a_lock_of_another_connection_is_waited_for() -> Result<()> {
    let (_folder, file, desk) = file().await?;
    let others = open(&file).await?;
    for writer in [&desk, &others] {
        let (asked, asks) = tokio::sync::oneshot::channel();
        let asks = Mutex::new(Some((asked, asks)));
        desk.notes.query().delete().await?;
        let holds = desk.transaction(async |tx| {
            tx.notes.insert(NewNote { stars: 0 }).await?;
            let (asked, asks) = asks
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                .ok_or_else(|| Error::message("begun again"))?;
            let writer = writer.clone();
            let other = tokio::spawn(async move {
                let _asked = asked.send(());
                writer.notes.insert(NewNote { stars: 0 }).await
            });
            asks.await?;
            tokio::task::yield_now().await;
            Ok(other)
        });
        let other = holds.await?;
        other.await??;
        assert_eq!(desk.notes.count().await?, 2);
    }
    Ok(())
}

#[tokio::test]
async fn a_lock_that_is_not_to_be_had_in_time_is_an_error() -> Result<()> {
    let (_folder, file, desk) = file().await?;
    let others = open(&file).await?;
    desk.transaction(async |tx| {
        tx.notes.insert(NewNote { stars: 0 }).await?;
        for writer in [desk.clone(), others.clone()] {
            // In a task of its own: this one has a transaction.
            let refused = tokio::spawn(async move {
                assert_eq!(writer.notes.count().await, Ok(0), "who reads waits for nobody");
                let begun = db::try_transaction(&writer, async |_| Ok::<_, DataError>(())).await;
                (begun, writer.notes.insert(NewNote { stars: 0 }).await)
            });
            assert_eq!(refused.await?, (Err(DataError::Busy), Err(DataError::Busy)));
        }
        Ok(())
    })
    .await?;
    assert_eq!(others.notes.count().await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_write_come_one_after_the_other() -> Result<()> {
    let (_folder, file, desk) = file().await?;
    desk.notes.insert(NewNote { stars: 0 }).await?;
    let others = open(&file).await?;
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..60 {
        let desk = if at % 2 == 0 { desk.clone() } else { others.clone() };
        tasks.spawn(async move {
            desk.transaction(async |tx| {
                let mut note = tx.notes.get(1).await?.ok_or_else(|| Error::message("it is gone"))?;
                note.stars += 1;
                Ok(tx.notes.update(&note).await?)
            })
            .await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    assert_eq!(desk.notes.get(1).await?.map(|note| note.stars), Some(60));
    Ok(())
}

#[tokio::test]
async fn a_statement_that_is_left_alone_does_not_end_its_transaction() -> Result<()> {
    let (_folder, _, desk) = file().await?;
    desk.transaction(async |tx| {
        tx.notes.insert(NewNote { stars: 0 }).await?;
        let left = tokio::time::timeout(Duration::from_millis(1), add!(100_000, tx)).await;
        assert!(left.is_err(), "it is done: {left:?}");
        // It is run to its end first.
        assert_eq!(tx.notes.count().await?, 100_001);
        Ok(())
    })
    .await?;
    assert_eq!(desk.notes.count().await?, 100_001);
    let deleted = Notify::new();
    tokio::select! {
        ended = desk.transaction(async |tx| {
            tx.notes.query().delete().await?;
            deleted.notify_one();
            std::future::pending::<Result<()>>().await
        }) => panic!("it ended: {ended:?}"),
        () = deleted.notified() => {}
    }
    // What was begun there is undone before another may write.
    desk.notes.insert(NewNote { stars: 0 }).await?;
    assert_eq!(desk.notes.count().await?, 100_002);
    Ok(())
}

#[tokio::test]
async fn a_statement_that_fails_unheard_ends_its_transaction() -> Result<()> {
    let (_folder, _, desk) = file().await?;
    // The last that will be added.
    desk.handle().script("INSERT INTO notes VALUES (101000, 5)").await?;
    let ended = desk
        .transaction(async |tx| {
            tx.notes.insert(NewNote { stars: 0 }).await?;
            let left = tokio::time::timeout(Duration::from_millis(1), add!(100_000, tx)).await;
            assert!(left.is_err(), "it is done: {left:?}");
            Ok(())
        })
        .await;
    assert!(ended.is_err_and(|error| error.to_string().contains("can't go on")));
    assert_eq!(desk.notes.count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_line_that_moves_is_waited_in_for_longer_than_a_lock() -> Result<()> {
    let (_folder, _, desk) = file().await?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let desk = desk.clone();
        tasks.spawn(async move {
            desk.transaction(async |tx| {
                tx.notes.insert(NewNote { stars: 0 }).await?;
                // What it does beside: all of them take longer than a lock is waited for.
                tokio::time::sleep(Duration::from_millis(30)).await;
                Ok(())
            })
            .await
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    assert_eq!(desk.notes.count().await?, 20);
    Ok(())
}

#[tokio::test]
async fn a_script_waits_for_a_lock_where_it_is_and_does_nothing_twice() -> Result<()> {
    let (_folder, file, desk) = file().await?;
    let others = open(&file).await?;
    let (begun, held) = (Notify::new(), Notify::new());
    let scripted = async {
        held.notified().await;
        begun.notify_one();
        desk.handle()
            .script(
                "CREATE TEMP TABLE seen (n INTEGER); INSERT INTO seen VALUES (1);
                 INSERT INTO notes (stars) SELECT count(*) FROM seen",
            )
            .await
    };
    let holding = others.transaction(async |tx| {
        tx.notes.insert(NewNote { stars: 0 }).await?;
        held.notify_one();
        begun.notified().await;
        // Until the script has come to where it waits.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(())
    });
    let (scripted, holding) = tokio::join!(scripted, holding);
    holding?;
    scripted?;
    let stars: Vec<_> = desk.notes.order_by(|n| n.id.asc()).all().await?.into_iter().map(|note| note.stars).collect();
    assert_eq!(stars, [0, 1]);
    Ok(())
}

#[tokio::test]
async fn a_script_tells_what_is_refused_at_a_statements_end() -> Result<()> {
    let (_folder, _, desk) = file().await?;
    desk.handle().script("CREATE TABLE lines (note INTEGER NOT NULL REFERENCES notes) STRICT").await?;
    let refused = desk.handle().script("INSERT INTO lines VALUES (7) RETURNING note").await;
    assert!(matches!(refused, Err(DataError::ReferenceViolation { .. })), "{refused:?}");
    let lines: Option<(i64,)> = sql!("select count(*) from lines").first(&desk).await?;
    assert_eq!(lines, Some((0,)));
    Ok(())
}

#[tokio::test]
async fn a_stream_gives_its_first_row_when_it_is_there() -> Result<()> {
    let (_folder, _, desk) = file().await?;
    // It has no end, and a row only now and then.
    let mut rows =
        sql!("with recursive n(i) as (values (1) union all select i + 1 from n) select i from n where i % 200000 = 0")
            .stream::<(i64,)>(&desk);
    let first = tokio::time::timeout(Duration::from_secs(20), rows.next()).await??;
    assert_eq!(first, Some((200_000,)));
    Ok(())
}

/// How often this process has the file open.
#[cfg(target_os = "linux")]
fn opened(file: &Path) -> usize {
    let links = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    links.filter(|link| std::fs::read_link(link.path()).is_ok_and(|target| target == file)).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_are_closed_that_nobody_uses() -> Result<()> {
    let (_folder, file, desk) = file().await?;
    add!(1_000, &desk).await?;
    let mut streams: Vec<_> = (0..3).map(|_| desk.notes.stream()).collect();
    for stream in &mut streams {
        stream.next().await?;
    }
    assert!(opened(&file) >= 3, "{}", opened(&file));
    drop(streams);
    until("the file is closed", || opened(&file) == 0).await;
    assert_eq!(desk.notes.count().await?, 1_000);
    assert_eq!(opened(&file), 1);
    desk.handle().close().await;
    assert_eq!(opened(&file), 0);
    assert_eq!(desk.notes.count().await, Err(DataError::Closed));
    Ok(())
}

#[tokio::test]
async fn to_close_is_to_wait_for_what_is_under_way() -> Result<()> {
    let (_folder, _, desk) = file().await?;
    add!(1_000, &desk).await?;
    let mut stream = desk.notes.stream();
    stream.next().await?;
    let closed = desk.clone();
    let closing = tokio::spawn(async move { closed.handle().close().await });
    while desk.notes.count().await != Err(DataError::Closed) {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished(), "a stream is open");
    drop(stream);
    closing.await?;
    Ok(())
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_slow_statement_is_logged_without_its_values() -> Result<()> {
    let log = Log::default();
    tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).init();
    let desk = Desk::open_at("sqlite::memory:").await?;
    // Known by a value that stands nowhere else.
    let most = 212_121_i64;
    let slow: Option<(i64,)> =
        sql!("with recursive n(i) as (values (1) union all select i + 1 from n where i < {most}) select max(i) from n")
            .first(&desk)
            .await?;
    assert_eq!(slow, Some((most,)));
    let text = log.text();
    assert!(text.contains("slow statement") && text.contains("with recursive n(i)"), "{text}");
    assert!(!text.contains("212121"), "{text}");
    Ok(())
}
