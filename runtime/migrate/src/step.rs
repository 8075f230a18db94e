//! Runs one step of a migration: in a transaction with its line in the journal, alone, or as a rebuild; and waits for locks in
//! turns, so that nobody queues behind it for long. In: a step. Out: it is done and written down, or nothing of it remains.
//! Absent: which steps run, and in which order.

use std::time::{Duration, Instant};

use cell_schema::Engine;
use cell_schema::plan::Mode;

use crate::connection::{self, Connection};
use crate::error::{Refused, StepFailure};
use crate::journal::{self, Event, Line};
use crate::rebuild::{self, Failed};
use crate::work::{Pending, Step};
use crate::{MigrateError, Options};

/// How long a step waits for a lock at a time: those who come behind it wait as long, and no longer.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";

/// How long others get their turn after that.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs a step, again and again where others hold what it needs.
pub(crate) async fn patiently(
    connection: &mut Connection,
    pending: &Pending<'_>,
    step: &Step,
    options: &Options,
) -> Result<(), Failed> {
    let begun = Instant::now();
    loop {
        let failed = match one(connection, pending, step).await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        let again = matches!(&failed, Failed::Engine(error) if connection::is_contended(error));
        if !again || begun.elapsed() >= options.lock_patience {
            return Err(failed);
        }
        // Others get their turn.
        tokio::time::sleep(PAUSE).await;
    }
}

/// Runs a step once. Whatever fails, nothing of it remains, but for what runs alone: that is run again from its beginning.
async fn one(connection: &mut Connection, pending: &Pending<'_>, step: &Step) -> Result<(), Failed> {
    let done = line(pending.migration.number, step, Event::Done, None);
    match step.mode {
        Mode::Together => {
            let result = async {
                connection.begin().await?;
                if connection.engine() == Engine::Postgres {
                    connection.run(LOCK_TIMEOUT).await?;
                }
                connection.run(&step.sql).await?;
                journal::write(connection, &done).await?;
                connection.commit().await
            }
            .await;
            if result.is_err() {
                connection.rollback().await;
            }
            Ok(result?)
        }
        Mode::Alone => {
            for statement in &step.statements {
                connection.run(statement).await?;
            }
            Ok(journal::write(connection, &done).await?)
        }
        Mode::Rebuild => {
            let result = async {
                let mut care = rebuild::begin(connection, &pending.previous, &pending.tables).await?;
                pending.mirrors().for_each(|table| care.let_go(table));
                connection.run(&step.sql).await?;
                rebuild::check(connection, &care).await?;
                journal::write(connection, &done).await?;
                Ok(connection.commit().await?)
            }
            .await;
            if result.is_err() {
                connection.rollback().await;
            }
            rebuild::end(connection).await?;
            result
        }
    }
}

/// A line of the journal about a step.
pub(crate) fn line(migration: u32, step: &Step, event: Event, message: Option<String>) -> Line {
    Line { migration, step: step.number, title: step.title.clone(), event, message }
}

/// The error of a step.
pub(crate) fn refused(migration: &str, step: &Step, failed: &Failed) -> MigrateError {
    let (refused, message) = match failed {
        Failed::Engine(error) if connection::is_contended(error) => (Refused::ByLock, connection::text(error)),
        Failed::Engine(error) => (Refused::ByEngine, connection::text(error)),
        Failed::Lost(message) => (Refused::ByCare, message.clone()),
    };
    MigrateError::Step(Box::new(StepFailure {
        migration: migration.to_owned(),
        step: step.number,
        title: step.title.clone(),
        sql: step.sql.clone(),
        refused,
        message,
        before: step.before.clone(),
    }))
}
