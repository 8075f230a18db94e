//! Which release of which application runs on a database in which region: the table `cell_releases`, beside the journal's.
//! In: a database. Out: its rows, or one more. Absent: what a release is, and when it may be recorded: a deployment decides.

use cell_schema::Engine;
use serde::Serialize;

use crate::apply::read_or_create;
use crate::connection::{Access, Connection, TextRow};
use crate::{MigrateError, Options, Target, apply, journal, lock};

/// The table. A database that was never deployed to has none.
pub(crate) const TABLE: &str = "cell_releases";

const SQLITE: &str = "
CREATE TABLE IF NOT EXISTS cell_releases (
    application TEXT NOT NULL,
    region TEXT NOT NULL,
    release INTEGER NOT NULL,
    PRIMARY KEY (application, region)
) STRICT;";

const POSTGRES: &str = "
CREATE TABLE IF NOT EXISTS cell_releases (
    application text NOT NULL,
    region text NOT NULL,
    release bigint NOT NULL,
    PRIMARY KEY (application, region)
);";

/// The release that runs in a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Release {
    /// The application's package: several may share a database.
    pub application: String,
    /// The region.
    pub region: String,
    /// The release's number.
    pub release: u32,
}

/// Remembers which release of an application a region has now, in place of the one before.
///
/// # Errors
/// The database does not exist, does not answer, or holds something that is not ours.
pub async fn record_release(
    target: &Target,
    application: &str,
    region: &str,
    release: u32,
) -> Result<(), MigrateError> {
    let patience = Options::default().patience;
    apply::prepare(target, Access::Existing)?;
    let lock = lock::file(target, patience).await?;
    let mut connection = Connection::open(target, Access::Existing).await?;
    let recorded = async {
        // Two that create one table at once would meet in PostgreSQL's catalog.
        lock::session(&mut connection, target, patience).await?;
        read_or_create(&mut connection, target).await?;
        let written = write(&mut connection, application, region, release).await;
        written.map_err(|error| MigrateError::engine(target, "record the release", &error))
    }
    .await;
    connection.close().await;
    drop(lock);
    recorded
}

async fn write(connection: &mut Connection, application: &str, region: &str, release: u32) -> Result<(), sqlx::Error> {
    connection.begin().await?;
    let table = match connection.engine() {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    };
    let written = async {
        connection.run(table).await?;
        connection
            .execute("DELETE FROM cell_releases WHERE application = $1 AND region = $2", &[application, region])
            .await?;
        connection
            .execute(
                "INSERT INTO cell_releases (application, region, release) VALUES ($1, $2, CAST($3 AS bigint))",
                &[application, region, &release.to_string()],
            )
            .await?;
        connection.commit().await
    }
    .await;
    if written.is_err() {
        connection.rollback().await;
    }
    written
}

/// The releases that were recorded, ordered by application and region; none where the database does not exist.
///
/// # Errors
/// The database does not answer, or its rows are not ones that this version writes.
pub async fn releases(target: &Target) -> Result<Vec<Release>, MigrateError> {
    let mut connection = match Connection::open(target, Access::Existing).await {
        Err(MigrateError::Missing { .. }) => return Ok(Vec::new()),
        opened => opened?,
    };
    let rows = read(&mut connection).await;
    connection.close().await;
    let rows = rows.map_err(|error| MigrateError::engine(target, "read the releases", &error))?;
    let unreadable = || MigrateError::Journal { target: target.to_string() };
    let mut releases: Vec<Release> = rows.into_iter().map(row).collect::<Option<_>>().ok_or_else(unreadable)?;
    // An engine's order depends on its collation.
    releases.sort();
    Ok(releases)
}

async fn read(connection: &mut Connection) -> Result<Vec<TextRow>, sqlx::Error> {
    if !journal::objects(connection).await?.iter().any(|name| name == TABLE) {
        return Ok(Vec::new());
    }
    connection.texts("SELECT application, region, CAST(release AS text) FROM cell_releases", &[]).await
}

fn row(columns: TextRow) -> Option<Release> {
    let [application, region, release] = <[_; 3]>::try_from(columns).ok()?;
    Some(Release { application: application?, region: region?, release: release?.parse().ok()? })
}
