//! A database and its migrations in `cell/<database>/` of the package that declares it: bring it to the newest, or see that it is there.
//! Absent: migrations themselves, which `cell-migrate` applies and `cargo cell build` writes.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cell_manifest::Manifest;
use cell_migrate::{Options, Target, When};
use thiserror::Error;

use super::call::About;
use super::model::Database;

/// Why a database is not at the newest of its migrations.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There are no migrations to go by.
    #[error("the migrations of `{database}` are not in `{}`: run `cargo cell build`, or set `CELL_ROOT` to the folder that holds `cell/`", folder.display())]
    NoMigrations {
        /// The database.
        database: &'static str,
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// The manifest, which says where the migrations are, cannot be read.
    #[error("`{}` does not say where the migrations of `{database}` are ({reason}): run `cargo cell build`", file.display())]
    Manifest {
        /// The database.
        database: &'static str,
        /// The manifest's file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The database lacks migrations, or holds something else than they made.
    #[error("`{database}` is not at the newest of its migrations ({reason}): run `cargo cell migrate apply`")]
    Behind {
        /// The database.
        database: &'static str,
        /// What it lacks, or what is in the way.
        reason: String,
    },
    /// Reading or applying them failed.
    #[error(transparent)]
    Migrate(#[from] cell_migrate::MigrateError),
}

/// Applies the migrations that a database lacks.
///
/// # Errors
/// There are none to go by, or one of them fails; what came before it is done.
pub async fn migrate<D: Database>(database: &D) -> Result<(), SchemaError> {
    migrate_from(database, &root()).await
}

/// As [`migrate`], with the folder that holds `cell/`.
///
/// # Errors
/// As [`migrate`].
pub async fn migrate_from<D: Database>(database: &D, root: &Path) -> Result<(), SchemaError> {
    let folder = folder::<D>(root)?;
    let history = cell_migrate::read_history(&folder)?.ok_or_else(|| missing::<D>(folder))?;
    let target = Target::new(database.handle().url().clone())?;
    let mut options = Options::default();
    // A database that was deployed to keeps what the releases that run on it need.
    options.contracts = When::Released { live: None };
    cell_migrate::apply(&target, &history, &options).await?;
    database.handle().all_see().await;
    database.handle().tell_written(About::Anything).await;
    Ok(())
}

/// Sees that a database has all of its migrations. It may have those of a later release, too.
///
/// # Errors
/// [`SchemaError::Behind`] where it lacks one.
pub async fn check<D: Database>(database: &D) -> Result<(), SchemaError> {
    check_from(database, &root()).await
}

/// As [`check`], with the folder that holds `cell/`.
///
/// # Errors
/// As [`check`].
pub async fn check_from<D: Database>(database: &D, root: &Path) -> Result<(), SchemaError> {
    let folder = folder::<D>(root)?;
    let history = cell_migrate::read_history(&folder)?.ok_or_else(|| missing::<D>(folder))?;
    let target = Target::new(database.handle().url().clone())?;
    let status = cell_migrate::status(&target, &history).await?;
    if !status.ahead.is_empty() {
        // A later release has been here, and its migrations let this one run: it is replaced now, or has been brought back.
        return Ok(());
    }
    let reason = match (status.problem, status.draft) {
        (Some(problem), _) => problem.message,
        (None, _) if !status.pending.is_empty() => ["it lacks `", &status.pending.join("`, `"), "`"].concat(),
        (None, Some(draft)) => ["it has an earlier draft of `", &draft.migration, "`"].concat(),
        (None, None) => return Ok(()),
    };
    Err(SchemaError::Behind { database: D::INFO.name, reason })
}

/// Opens a database where it is said to be, and sees that it has all of its migrations: what a cell's field is made of.
///
/// # Errors
/// As [`super::open`] and [`check`].
pub async fn open_current<D: Database>() -> crate::Result<D> {
    let database = super::open::<D>().await?;
    check(&database).await?;
    // What was found on the primary, replicas may still have to hear of.
    database.handle().all_see().await;
    database.handle().tell_written(About::Anything).await;
    Ok(database)
}

/// Where a database's migrations are: in `cell/` of the package that declares it, which the manifest names. Without a
/// manifest, as in the tests of a package that is no application, it is the package itself.
fn folder<D: Database>(root: &Path) -> Result<PathBuf, SchemaError> {
    let file = root.join("cell/manifest.json");
    let unreadable = |reason: String| SchemaError::Manifest { database: D::INFO.name, file: file.clone(), reason };
    let manifest = match std::fs::read_to_string(&file) {
        Ok(text) => Manifest::from_json(&text).map_err(|error| unreadable(error.to_string()))?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(root.join("cell").join(D::INFO.name)),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let named = manifest.databases.into_iter().find(|database| database.name == D::INFO.name);
    Ok(root.join(named.map_or_else(|| ["cell/", D::INFO.name].concat(), |database| database.folder)))
}

fn missing<D: Database>(folder: PathBuf) -> SchemaError {
    SchemaError::NoMigrations { database: D::INFO.name, folder }
}

/// The folder that holds `cell/`: the supervisor says it; under `cargo run` and `cargo test` it is the package's.
pub(crate) fn root() -> PathBuf {
    std::env::var_os("CELL_ROOT")
        .or_else(|| std::env::var_os("CARGO_MANIFEST_DIR"))
        .map(PathBuf::from)
        .unwrap_or_default()
}
