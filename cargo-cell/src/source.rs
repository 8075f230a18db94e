//! From the command's options to a compiled application, or to its diagnostics, shown.

use cell_codegen::compile::{self, Compiled, Failure};
use cell_codegen::scan::Options;

use crate::output::Output;
use crate::stop::{Mistake, Stop};

/// Compiles an application in memory.
///
/// # Errors
/// What is wrong with it; its diagnostics have been shown.
pub(crate) fn compile(options: &Options, output: &Output) -> Result<Compiled, Stop> {
    compile::check(options).map_err(|failure| match failure {
        Failure::Diagnostics { program, diagnostics } => {
            let count = output.diagnostics(&program, &diagnostics);
            match diagnostics.iter().find(|located| located.diagnostic.code == "internal") {
                Some(bug) => Stop::Bug(bug.diagnostic.message.clone()),
                None => Stop::Diagnostics(count),
            }
        }
        Failure::File(error) => error.into(),
        failure => Mistake::new(failure.to_string()).into(),
    })
}

/// What an application consists of, in a few words: `1 database, 4 tables, 2 cells`.
pub(crate) fn summary(compiled: &Compiled) -> String {
    let model = &compiled.model;
    let tables = model.databases.iter().map(|database| database.tables.len()).sum();
    let parts =
        [counted(model.databases.len(), "database"), counted(tables, "table"), counted(model.cells.len(), "cell")];
    format!("{}: {}", model.application, parts.join(", "))
}

/// `1 table`, `2 tables`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
