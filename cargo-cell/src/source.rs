//! From the command's options to a compiled application, or to its diagnostics, shown.

use cell_codegen::compile::{self, Compiled, Failure, Read};
use cell_codegen::scan::Options;
use cell_codegen::topology::{self, Topology};
use cell_syntax::suggest;

use crate::cli::{Application, Compile};
use crate::output::Output;
use crate::stop::{Mistake, Stop};

/// Compiles an application in memory. `compile` says which hazards may happen.
///
/// # Errors
/// What is wrong with it; its diagnostics have been shown.
pub(crate) fn compile(options: &Options, compile: &Compile, output: &Output) -> Result<Compiled, Stop> {
    let allowed = compile.allow.iter().cloned().collect();
    compile::check(options, &allowed).map_err(|failure| told(failure, output))
}

/// Reads an application, whatever its files under `cell/` are.
///
/// # Errors
/// What is wrong with it; its diagnostics have been shown.
pub(crate) fn read(options: &Options, output: &Output) -> Result<Read, Stop> {
    compile::read(options).map_err(|failure| told(failure, output))
}

fn told(failure: Failure, output: &Output) -> Stop {
    match failure {
        Failure::Diagnostics { program, diagnostics } => {
            let count = output.diagnostics(&program, &diagnostics);
            match diagnostics.iter().find(|located| located.diagnostic.code == "internal") {
                Some(bug) => Stop::Bug(bug.diagnostic.message.clone()),
                None => Stop::Diagnostics(count),
            }
        }
        Failure::File(error) => error.into(),
        Failure::Stranger { ref allowed, ref databases } => {
            let database = allowed.object.split('.').next().unwrap_or_default();
            let help = match suggest::nearest(database, databases.iter().map(String::as_str)) {
                Some(near) => format!("did you mean the database `{near}`?"),
                None => "an object begins with its database: `shop.products.price`".to_owned(),
            };
            Mistake::usage(failure.to_string()).help(help).into()
        }
        failure => Mistake::new(failure.to_string()).into(),
    }
}

/// The topology of the environment that the arguments name. Every command that takes an application asks for it, so that a
/// misspelt name is never passed over.
///
/// # Errors
/// The application has no such environment.
pub(crate) fn environment<'a>(compiled: &'a Compiled, application: &Application) -> Result<&'a Topology, Stop> {
    let asked = application.environment.as_deref();
    compiled.topologies.get(asked).ok_or_else(|| {
        let name = asked.unwrap_or_default();
        let known = compiled.topologies.iter().filter_map(|topology| topology.environment.as_deref());
        let help = match suggest::nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "an environment is a topology: write that file, or leave `--env` out".to_owned(),
        };
        let file = topology::file_of(asked);
        Mistake::usage(format!("there is no environment `{name}`: `{file}` is not there")).help(help).into()
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
