//! A SQLite database in a temporary folder of its own. Absent: opening it.

use std::path::PathBuf;

use tempfile::TempDir;

use super::ThrowawayError;
use crate::Url;

/// A place for a SQLite database, removed with everything beside it when this is dropped.
#[derive(Debug)]
pub struct SqliteFile {
    folder: TempDir,
}

/// A place for a SQLite database; the file itself does not exist yet.
///
/// # Errors
/// The temporary folder could not be made.
pub fn sqlite() -> Result<SqliteFile, ThrowawayError> {
    let folder = tempfile::Builder::new()
        .prefix("cell-sqlite-")
        .tempdir()
        .map_err(|source| ThrowawayError::Folder { folder: std::env::temp_dir(), source })?;
    Ok(SqliteFile { folder })
}

impl SqliteFile {
    /// The file's path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("throwaway.db")
    }

    /// The database's URL.
    #[must_use]
    pub fn url(&self) -> Url {
        Url::sqlite(&self.path())
    }
}
