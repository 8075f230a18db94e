//! One applier at a time: an advisory lock of PostgreSQL's session, a lock on a file beside SQLite's.
//! Both end with their process, however it ends. A database in memory belongs to one connection and needs none.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::{MigrateError, Target};

/// `cell` and a one: what the advisory lock is called among others of the same PostgreSQL database.
const ADVISORY: &str = "7162257013537800193";

/// How often another applier is asked for. Neither engine tells when a lock becomes free within a deadline.
const POLL: Duration = Duration::from_millis(25);

/// The lock of a SQLite file, held until it is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: Option<File>,
}

/// Locks the target if it is a SQLite file. Taken before the file is opened, so that it is created once.
pub(crate) async fn file(target: &Target, patience: Duration) -> Result<FileLock, MigrateError> {
    let Some(database) = target.file() else { return Ok(FileLock { _file: None }) };
    let path = beside(&database);
    let failed = |source| MigrateError::Lock { path: path.clone(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            // The file stays: whoever removed it would take it from one who has opened but not yet locked it.
            Ok(()) => return Ok(FileLock { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => wait(begun, patience, target).await?,
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

/// Locks the target for this connection if it is PostgreSQL's.
pub(crate) async fn session(
    connection: &mut Connection,
    target: &Target,
    patience: Duration,
) -> Result<(), MigrateError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    let begun = Instant::now();
    loop {
        let rows = connection
            .texts("SELECT CAST(pg_try_advisory_lock(CAST($1 AS bigint)) AS text)", &[ADVISORY])
            .await
            .map_err(|error| MigrateError::engine(target, "lock the database", &error))?;
        if rows.iter().flatten().flatten().any(|locked| locked == "true") {
            return Ok(());
        }
        wait(begun, patience, target).await?;
    }
}

async fn wait(begun: Instant, patience: Duration, target: &Target) -> Result<(), MigrateError> {
    if begun.elapsed() >= patience {
        return Err(MigrateError::Busy { target: target.to_string(), seconds: patience.as_secs() });
    }
    tokio::time::sleep(POLL).await;
    Ok(())
}

/// The lock's path: one for the file, whatever link it was reached by.
fn beside(database: &Path) -> PathBuf {
    let path = database.canonicalize().unwrap_or_else(|_| match (database.parent(), database.file_name()) {
        // It does not exist yet: its folder does.
        (Some(folder), Some(name)) => {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            folder.canonicalize().map_or_else(|_| database.to_owned(), |folder| folder.join(name))
        }
        _ => database.to_owned(),
    });
    let mut name = path.into_os_string();
    name.push("-migrate");
    PathBuf::from(name)
}
