//! The mark of a copy that is not finished: a table of ours in the target, which keeps everybody else from taking it for a database.

use crate::connection::Connection;
use crate::{MigrateError, Target};

/// Of what an unfinished copy in a database is; `None` where none is in it.
pub(super) async fn unfinished(connection: &mut Connection, target: &Target) -> Result<Option<String>, MigrateError> {
    let read = async {
        let objects = crate::journal::objects(connection).await?;
        if !objects.iter().any(|name| name == crate::journal::COPY) {
            return Ok(None);
        }
        let rows = connection.texts("SELECT head FROM cell_copy", &[]).await?;
        Ok(Some(rows.into_iter().flatten().flatten().next().unwrap_or_default()))
    };
    read.await.map_err(|error| MigrateError::engine(target, "look for an earlier copy", &error))
}

/// Says in the target that a copy is not finished.
pub(super) async fn mark(connection: &mut Connection, head: &str) -> Result<(), sqlx::Error> {
    connection.begin().await?;
    let marked = async {
        connection.run("CREATE TABLE cell_copy (head TEXT PRIMARY KEY)").await?;
        connection.execute("INSERT INTO cell_copy (head) VALUES ($1)", &[head]).await?;
        connection.commit().await
    }
    .await;
    if marked.is_err() {
        connection.rollback().await;
    }
    marked
}

/// Takes the mark away: the target is a whole database.
pub(super) async fn unmark(connection: &mut Connection) -> Result<(), sqlx::Error> {
    connection.run("DROP TABLE cell_copy").await
}
