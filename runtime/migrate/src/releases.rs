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
    head INTEGER NOT NULL,
    PRIMARY KEY (application, region)
) STRICT;";

const POSTGRES: &str = "
CREATE TABLE IF NOT EXISTS cell_releases (
    application text NOT NULL,
    region text NOT NULL,
    release bigint NOT NULL,
    head bigint NOT NULL,
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

/// A release as a deploy brings it to a region.
#[derive(Clone, Copy, Debug)]
pub struct Coming<'a> {
    /// The application's package.
    pub application: &'a str,
    /// The region.
    pub region: &'a str,
    /// Its number.
    pub release: u32,
    /// The number of the newest migration that it knows.
    pub head: u32,
}

/// Remembers that a release is about to run in a region beside the one that runs there, if one does: from now on the database
/// keeps what either of them needs. What it needs no more it may lose after [`record_release`].
///
/// # Errors
/// The database does not exist, does not answer, or holds something that is not ours.
pub async fn announce_release(target: &Target, coming: Coming<'_>, live: Option<u32>) -> Result<(), MigrateError> {
    remember(target, coming, Moment::Begins { live }).await
}

/// Remembers that a release is the one that runs in a region, and no process of the one before it.
///
/// # Errors
/// The database does not exist, does not answer, or holds something that is not ours.
pub async fn record_release(target: &Target, coming: Coming<'_>) -> Result<(), MigrateError> {
    remember(target, coming, Moment::Alone).await
}

/// Where a deploy is.
#[derive(Clone, Copy)]
enum Moment {
    /// The release begins to run, beside the live one.
    Begins { live: Option<u32> },
    /// It runs alone.
    Alone,
}

async fn remember(target: &Target, coming: Coming<'_>, moment: Moment) -> Result<(), MigrateError> {
    let patience = Options::default().patience;
    apply::prepare(target, Access::Existing)?;
    let lock = lock::file(target, patience).await?;
    let mut connection = Connection::open(target, Access::Existing).await?;
    let recorded = async {
        // Two that create one table at once would meet in PostgreSQL's catalog.
        lock::session(&mut connection, target, patience).await?;
        read_or_create(&mut connection, target).await?;
        let written = write(&mut connection, coming, moment).await;
        written.map_err(|error| MigrateError::engine(target, "record the release", &error))
    }
    .await;
    connection.close().await;
    drop(lock);
    recorded
}

async fn write(connection: &mut Connection, coming: Coming<'_>, moment: Moment) -> Result<(), sqlx::Error> {
    connection.begin().await?;
    let written = async {
        connection
            .run(match connection.engine() {
                Engine::Sqlite => SQLITE,
                Engine::Postgres => POSTGRES,
            })
            .await?;
        let Coming { application, region, .. } = coming;
        let before = connection
            .texts(
                "SELECT CAST(release AS text), CAST(head AS text) FROM cell_releases \
                 WHERE application = $1 AND region = $2",
                &[application, region],
            )
            .await?;
        let (release, head) = remembered(coming, moment, before.first());
        connection
            .execute("DELETE FROM cell_releases WHERE application = $1 AND region = $2", &[application, region])
            .await?;
        connection
            .execute(
                "INSERT INTO cell_releases (application, region, release, head) \
                 VALUES ($1, $2, CAST($3 AS bigint), CAST($4 AS bigint))",
                &[application, region, &release.to_string(), &head.to_string()],
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

/// The release that a region's row names, and the newest migration that everything that runs there knows.
fn remembered(coming: Coming<'_>, moment: Moment, before: Option<&TextRow>) -> (u32, u32) {
    let Moment::Begins { live } = moment else { return (coming.release, coming.head) };
    let number = |at: usize| before.and_then(|row| row.get(at)).cloned().flatten().and_then(|text| text.parse().ok());
    match (number(0).zip(number(1)), live) {
        // Another one runs than is written down, or none was: what it knows is not known.
        (Some((release, _)), Some(live)) if release != live => (live, 0),
        (None, Some(live)) => (live, 0),
        (Some((release, head)), _) => (release, coming.head.min(head)),
        (None, None) => (coming.release, coming.head),
    }
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

/// The newest migration that every recorded release knows; `None` where none is recorded. Where another release runs here than
/// is recorded, nothing is known: a deploy went back after it had migrated.
pub(crate) async fn known(connection: &mut Connection, live: Option<&Live>) -> Result<Option<u32>, sqlx::Error> {
    if !journal::objects(connection).await?.iter().any(|name| name == TABLE) {
        return Ok(live.map(|_| 0));
    }
    let rows = connection
        .texts("SELECT application, region, CAST(release AS text), CAST(head AS text) FROM cell_releases", &[])
        .await?;
    let mut known = None;
    let mut is_recorded = false;
    for row in rows {
        let number = |text: Option<&Option<String>>| text.cloned().flatten().and_then(|text| text.parse::<u32>().ok());
        let is_here = |live: &&Live| {
            row.first().and_then(Option::as_deref) == Some(live.application.as_str())
                && row.get(1).and_then(Option::as_deref) == Some(live.region.as_str())
        };
        let mut head = number(row.get(3)).unwrap_or(0);
        if let Some(live) = live.filter(is_here) {
            is_recorded = true;
            if number(row.get(2)) != Some(live.release) {
                head = 0;
            }
        }
        known = Some(known.map_or(head, |known: u32| known.min(head)));
    }
    Ok(if live.is_some() && !is_recorded { Some(0) } else { known })
}

/// The release that runs where a deploy takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The application's package.
    pub application: String,
    /// The region.
    pub region: String,
    /// The release's number.
    pub release: u32,
}
