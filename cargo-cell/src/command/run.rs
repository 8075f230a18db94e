//! `run`: build, migrate this machine's databases, and start the application under supervision.

use std::ffi::OsString;

use cell_migrate::Options;
use cell_syntax::suggest;

use crate::cli::Run;
use crate::output::Output;
use crate::source::{self, counted};
use crate::stop::{Exit, Mistake, Stop};
use crate::supervise::{GRACE, Program, supervise};
use crate::{database, state};

use super::build;

/// Runs an application until it ends or is told to stop.
///
/// # Errors
/// Why it does not run.
pub(super) async fn run(arguments: &Run, output: &Output) -> Result<Exit, Stop> {
    let options = arguments.compile.scan();
    let compiled = source::compile(&options, output)?;
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

    let built = build::finish(compiled, &options, output).await?;
    for path in build::write(&built)? {
        output.progress("Wrote", path);
    }
    state::make(&folder)?;
    for (name, target) in &targets {
        let Some(history) = built.compiled.histories.get(name) else { continue };
        let applied = cell_migrate::apply(target, history, &Options::default()).await?;
        if !applied.steps.is_empty() {
            output.progress("Migrated", format_args!("{name}: {}", counted(applied.steps.len(), "step")));
        }
    }

    let mut environment: Vec<(&'static str, OsString)> =
        vec![("CELL_ROOT", built.compiled.root.clone().into()), ("CELL_STATE", folder.into())];
    if !arguments.cells.is_empty() {
        environment.push(("CELL_PART", arguments.cells.join(",").into()));
    }
    let what = if arguments.cells.is_empty() { &built.compiled.model.application } else { &arguments.cells.join(", ") };
    output.progress("Running", what);
    let program = Program { path: built.executable, arguments: Vec::new(), environment, grace: GRACE };
    supervise(&program, output).await
}
