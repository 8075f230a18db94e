//! `check`: everything up to the plan, in memory.

use serde::Serialize;

use crate::cli::Compile;
use crate::output::Output;
use crate::source;
use crate::stop::{Exit, Stop};

#[derive(Serialize)]
struct Checked<'a> {
    command: &'static str,
    application: &'a str,
    databases: usize,
    tables: usize,
    cells: usize,
}

/// Checks an application.
///
/// # Errors
/// What is wrong with it.
pub(super) fn run(compile: &Compile, output: &Output) -> Result<Exit, Stop> {
    let compiled = source::compile(&compile.scan(), compile, output)?;
    source::environment(&compiled, &compile.application)?;
    let model = &compiled.model;
    output.done("Checked", source::summary(&compiled));
    output.value(Checked {
        command: "check",
        application: &model.application,
        databases: model.databases.len(),
        tables: model.databases.iter().map(|database| database.tables.len()).sum(),
        cells: model.cells.len(),
    });
    Ok(Exit::Done)
}
