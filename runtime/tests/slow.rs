//! A statement that takes longer than its database's attribute says is told in the log: its text, and no value.
#![cfg(all(feature = "postgres", feature = "sqlite"))]
#![expect(missing_docs, reason = "the application's own items have none here")]

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use cell::prelude::*;
use tracing_subscriber::fmt::MakeWriter;

#[Database::sqlite(file = "desk.db", slow = "1ms")]
pub struct Desk {
    pub notes: Table<Note>,
}

#[Database::table]
pub struct Note {
    #[key]
    pub id: i64,
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
