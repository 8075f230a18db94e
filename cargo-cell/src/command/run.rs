//! `run`: build, migrate this machine's databases, and start the application under supervision.

use std::ffi::OsString;

use cell_migrate::{Options, When};
use cell_syntax::suggest;
use serde::Serialize;

use crate::cli::Run;
use crate::output::Output;
use crate::source::{self, counted};
use crate::stop::{Exit, Mistake, Stop};
use crate::supervise::{GRACE, Program, supervise};
use crate::{database, state};

use super::build;

/// What was done before the application was started, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    application: &'a str,
    cells: &'a [String],
    written: &'a [String],
    migrated: Vec<Migrated<'a>>,
}

#[derive(Serialize)]
struct Migrated<'a> {
    database: &'a str,
    target: String,
    steps: usize,
}

/// Runs an application until it ends or is told to stop.
///
/// # Errors
/// Why it does not run.
pub(super) async fn run(arguments: &Run, output: &Output) -> Result<Exit, Stop> {
    let scan = arguments.compile.scan();
    let compiled = source::compile(&scan, &arguments.compile, output)?;
    source::environment(&compiled, &arguments.compile.application)?;
    let cells: Vec<&str> = compiled.model.cells.iter().map(|cell| cell.name.as_str()).collect();
    // Before the build, which takes longer than reading a name again.
    if let Some(stranger) = arguments.cells.iter().find(|cell| !cells.contains(&cell.as_str())) {
        let application = &compiled.model.application;
        let help = suggest::help(stranger, cells.iter().copied());
        return Err(Mistake::usage(format!("`{application}` has no cell `{stranger}`")).help(help).into());
    }
    output.progress("Checked", source::summary(&compiled));
    let folder = state::folder(&compiled.root);
    // Before the build, too: where a database is may not be known.
    let mut targets = Vec::new();
    for database in &compiled.model.databases {
        targets.push((database.name.clone(), database::target(&compiled, database, &folder)?));
    }

    let built = build::finish(compiled, &scan, output).await?;
    let written = build::write(&built)?;
    written.iter().for_each(|path| output.progress("Wrote", path));
    state::make(&folder)?;
    let mut options = Options::default();
    // A database that was deployed to keeps what the releases that run on it need.
    options.contracts = When::Released { live: None };
    // A draft that was applied here may lose what the migration itself never had.
    options.allowed = arguments.compile.allow.iter().cloned().collect();
    let mut migrated = Vec::new();
    for (name, target) in &targets {
        let Some(history) = built.compiled.histories.get(name) else { continue };
        let applied = cell_migrate::apply(target, history, &options).await?;
        if !applied.steps.is_empty() {
            output.progress("Migrated", format_args!("{name}: {}", counted(applied.steps.len(), "step")));
        }
        migrated.push(Migrated { database: name, target: target.to_string(), steps: applied.steps.len() });
    }
    let application = &built.compiled.model.application;
    output.value(Value { command: "run", application, cells: &arguments.cells, written: &written, migrated });

    let mut environment: Vec<(&'static str, OsString)> =
        vec![("CELL_ROOT", built.compiled.root.clone().into()), ("CELL_STATE", folder.into())];
    if !arguments.cells.is_empty() {
        environment.push(("CELL_PART", arguments.cells.join(",").into()));
    }
    let cells = arguments.cells.join(", ");
    output.progress("Running", if cells.is_empty() { application } else { &cells });
    let program = Program { path: built.executable, arguments: Vec::new(), environment, grace: GRACE };
    supervise(&program, output).await
}
