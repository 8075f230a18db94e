//! Adopts a database that nobody of ours has made: shows how it differs from the schema that it shall have, brings it there where
//! nothing can be lost, and writes the journal as if the migrations had made it. In: a target, a history. Out: the differences,
//! the steps. Everything happens in one transaction. Absent: objects that the model does not know; they are named and stay.

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::ddl::Database;
use cell_schema::history::{self, History, StepSql};
use cell_schema::plan::{self, Mode};
use serde::Serialize;

use crate::compare::{self, Difference, Texts, Verified, compare};
use crate::connection::{Access, Connection};
use crate::introspect;
use crate::journal::{self, Event, Line};
use crate::rebuild::{self, Failed};
use crate::work;
use crate::{MigrateError, Target, lock};

/// How to adopt.
#[derive(Clone, Debug, Default)]
pub struct Adoption {
    /// Whether nothing runs.
    pub dry_run: bool,
    /// The time zones of columns whose times have none, by table and column.
    pub zones: BTreeMap<(String, String), String>,
}

/// What an adoption found and did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Baseline {
    /// How the database differed, ordered by object.
    pub differences: Vec<Difference>,
    /// What is beside the model and stays.
    pub unmodelled: Vec<String>,
    /// The titles of the steps that bring it to the model.
    pub steps: Vec<String>,
    /// The newest migration that it then has.
    pub head: Option<String>,
}

/// Adopts a database.
///
/// # Errors
/// It has a journal already, is empty, or cannot be brought to the schema without a loss; then it is as it was.
pub async fn baseline(target: &Target, history: &History, adoption: &Adoption) -> Result<Baseline, MigrateError> {
    let patience = crate::Options::default().patience;
    let lock = lock::file(target, patience).await?;
    let mut connection = Connection::open(target, Access::Existing).await?;
    let adopted = async {
        lock::session(&mut connection, target, patience).await?;
        adopt(&mut connection, target, history, adoption).await
    }
    .await;
    connection.close().await;
    drop(lock);
    adopted
}

async fn adopt(
    connection: &mut Connection,
    target: &Target,
    history: &History,
    adoption: &Adoption,
) -> Result<Baseline, MigrateError> {
    if journal::read(connection, target).await?.is_some() {
        return Err(MigrateError::Adopted { target: target.to_string() });
    }
    let failed = |error: sqlx::Error| MigrateError::engine(target, "read the tables", &error);
    let found = introspect::read(connection).await.map_err(failed)?;
    let schema = &history.snapshot;
    let fresh = compare::fresh(connection, target, schema).await?;
    let Verified { differences, unmodelled, .. } = compare::verified(schema, &fresh, &found);
    let differing = differing(&schema.database, &differences, schema);
    let adopted =
        plan::adopt(target.engine(), &found.database, schema, &differing, &adoption.zones).map_err(|refusals| {
            MigrateError::Baseline { target: target.to_string(), differences: differences.clone(), refusals }
        })?;
    let program = plan::Program { guards: Vec::new(), steps: adopted.steps };
    let steps = history::parts(target.engine(), &program).steps;
    let baseline = Baseline {
        differences,
        unmodelled,
        steps: steps.iter().map(|step| step.title.clone()).collect(),
        head: history.migrations.last().map(|migration| migration.name.clone()),
    };
    if !adoption.dry_run {
        run(connection, target, history, &steps, &fresh.database).await?;
    }
    Ok(baseline)
}

/// The tables that a difference is about.
fn differing(database: &str, differences: &[Difference], schema: &cell_schema::schema::Schema) -> BTreeSet<String> {
    let about = |table: &str| {
        let head = format!("{database}.{table}");
        differences.iter().any(|difference| {
            difference.object.strip_prefix(&head).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']))
        })
    };
    schema.tables.iter().filter(|table| about(&table.name)).map(|table| table.name.clone()).collect()
}

async fn run(
    connection: &mut Connection,
    target: &Target,
    history: &History,
    steps: &[StepSql],
    fresh: &Database,
) -> Result<(), MigrateError> {
    let schema = &history.snapshot;
    let is_rebuilt = steps.iter().any(|step| step.mode == Mode::Rebuild);
    let same = schema.tables.iter().map(|table| (table.name.clone(), table.name.clone())).collect();
    let mut current = None;
    let done = async {
        let care = match is_rebuilt {
            true => Some(rebuild::begin(connection, schema, &same).await?),
            false => {
                connection.begin().await?;
                None
            }
        };
        for step in steps {
            current = Some(step);
            connection.run(&step.sql).await?;
        }
        current = None;
        if let Some(care) = &care {
            rebuild::check(connection, care).await?;
        }
        let found = introspect::read(connection).await?;
        let left = compare(&schema.database, fresh, &found.database, Texts::Compared);
        // What is there beyond the model stays, and was shown.
        if let Some(difference) = left.iter().find(|difference| difference.expected.is_some()) {
            return Err(Failed::Lost(format!("it still differs afterwards: {difference}")));
        }
        write(connection, target, history, steps).await?;
        Ok(connection.commit().await?)
    }
    .await;
    if done.is_err() {
        connection.rollback().await;
    }
    if is_rebuilt {
        rebuild::end(connection).await.map_err(|error| MigrateError::engine(target, "go on", &error))?;
    }
    done.map_err(|failed| {
        let what = current.map(|step| format!("{}: ", step.title)).unwrap_or_default();
        let message = match failed {
            Failed::Engine(error) => crate::connection::text(&error),
            Failed::Lost(message) => message,
        };
        MigrateError::Engine {
            target: target.to_string(),
            action: "adopt the tables",
            message: format!("{what}{message}"),
        }
    })
}

/// Writes the journal: every migration is done, and what was done to the tables is told with the first.
async fn write(
    connection: &mut Connection,
    target: &Target,
    history: &History,
    steps: &[StepSql],
) -> Result<(), sqlx::Error> {
    journal::create_within(connection).await?;
    let mut schema = cell_schema::schema::Schema { database: history.snapshot.database.clone(), tables: Vec::new() };
    for migration in &history.migrations {
        if let Ok(next) = plan::replay(&schema, &migration.changes) {
            schema = next;
        }
        let identity = (migration.number, migration.name.as_str(), &*migration.hash.to_string());
        journal::put(connection, identity, Some(&schema), work::settled(history, migration)).await?;
        let scripts = migration.scripts.iter().filter(|script| script.engine == target.engine());
        let own = scripts.flat_map(|script| &script.steps).map(|step| step.title.clone());
        for (title, step) in own.zip(1..) {
            let title = format!("adopted: {title}");
            let line = Line { migration: migration.number, step, title, event: Event::Done, message: None };
            journal::write(connection, &line).await?;
        }
    }
    if let (Some(last), false) = (history.migrations.last(), steps.is_empty()) {
        let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
        let line = Line {
            migration: last.number,
            step: 0,
            title: "baseline".to_owned(),
            event: Event::Started,
            message: Some(titles.join("; ")),
        };
        journal::write(connection, &line).await?;
    }
    Ok(())
}
