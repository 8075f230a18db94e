//! `build`: check, rehearse, `cargo build`, compare, write. Nothing is written where anything fails.

use std::path::PathBuf;
use std::time::Instant;

use cell_codegen::compile::Compiled;
use cell_codegen::emit::files::Difference;
use cell_codegen::emit::{self, Outdated};
use cell_codegen::release::{self, IndexChange};
use cell_codegen::scan::Options;
use serde::Serialize;

use crate::cli::{Build, Compile};
use crate::output::{Output, Style, difference};
use crate::rehearsal::{self, Rehearsed};
use crate::stop::{Exit, Mistake, Stop};
use crate::{cargo, queries, source};

/// What a build made.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) compiled: Compiled,
    pub(super) executable: PathBuf,
    rehearsed: Vec<Rehearsed>,
    /// The files under `cell/` that are not as they are to be.
    outdated: Vec<Outdated>,
    /// Search indexes that are not as their definitions under `cell/` say.
    indexes: Vec<IndexChange>,
}

/// The result, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    application: &'a str,
    check: bool,
    files: Vec<File<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    indexes: &'a [IndexChange],
    rehearsed: &'a [Rehearsed],
    executable: &'a std::path::Path,
}

/// A file under `cell/` that changes.
#[derive(Serialize)]
pub(super) struct File<'a> {
    path: &'a str,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

impl<'a> File<'a> {
    pub(super) fn of(outdated: &'a Outdated) -> Self {
        let line = if let Difference::Line(line) = outdated.difference { Some(line) } else { None };
        Self { path: &outdated.path, change: word(outdated.difference), line }
    }
}

/// Builds an application, or with `--check` only says what a build would change.
///
/// # Errors
/// Why there is no build.
pub(super) async fn run(arguments: &Build, output: &Output) -> Result<Exit, Stop> {
    let begun = Instant::now();
    let built = build(&arguments.compile, output).await?;
    let application = &built.compiled.model.application;
    for change in &built.indexes {
        output.done("Index", change);
    }
    if arguments.check {
        report(&built, true, output);
        return if built.outdated.is_empty() {
            output.done("Unchanged", format_args!("{application}: everything under `cell/` is up to date"));
            Ok(Exit::Done)
        } else {
            output.text(|style| built.outdated.iter().map(|outdated| described(&built, outdated, style)).collect());
            let files = source::counted(built.outdated.len(), "file");
            let are = if built.outdated.len() == 1 { "is" } else { "are" };
            Err(Mistake::out_of_date(format!("{files} under `cell/` {are} out of date"))
                .help("run `cargo cell build`, and commit what it writes")
                .into())
        };
    }
    write(&built)?;
    report(&built, false, output);
    if built.outdated.is_empty() {
        output
            .done("Unchanged", format_args!("{application}: nothing to write, {}", rehearsal::shown(begun.elapsed())));
    } else {
        for outdated in &built.outdated {
            output.done(verb(outdated.difference), &outdated.path);
        }
        output.done("Finished", format_args!("{application} in {}", rehearsal::shown(begun.elapsed())));
    }
    Ok(Exit::Done)
}

/// Everything but writing.
///
/// # Errors
/// Why there is no build.
pub(super) async fn build(compile: &Compile, output: &Output) -> Result<Built, Stop> {
    let options = compile.scan();
    let compiled = source::compile(&options, compile, output)?;
    source::environment(&compiled, &compile.application)?;
    output.progress("Checked", source::summary(&compiled));
    finish(compiled, &options, output).await
}

/// Goes on from a compiled application.
///
/// # Errors
/// Why there is no build.
pub(super) async fn finish(compiled: Compiled, options: &Options, output: &Output) -> Result<Built, Stop> {
    let target = cargo::target_folder(&compiled.root);
    let rehearsed = rehearsal::rehearse(&compiled, target.as_deref(), output).await?;
    let learnt = queries::prepare(&compiled, target.as_deref(), output).await?;
    let outcome = cargo::build(&compiled, options, &learnt, output)?;
    let outdated = emit::outdated(&compiled.root, &compiled.artifacts)?;
    let indexes =
        release::index_changes(&emit::indexes::known(&compiled.previous), &emit::indexes::of(&compiled.model));
    Ok(Built { compiled, executable: outcome.executable, rehearsed, outdated, indexes })
}

/// The program alone, for who has a question to it: nothing is rehearsed or written.
///
/// # Errors
/// Why there is no program.
pub(super) async fn program(compiled: &Compiled, options: &Options, output: &Output) -> Result<PathBuf, Stop> {
    let target = cargo::target_folder(&compiled.root);
    let learnt = queries::prepare(compiled, target.as_deref(), output).await?;
    Ok(cargo::build(compiled, options, &learnt, output)?.executable)
}

/// Writes what is outdated, or nothing. Out: the paths.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(built: &Built) -> Result<Vec<String>, Stop> {
    Ok(emit::write(&built.compiled.root, &built.compiled.artifacts)?)
}

fn report(built: &Built, check: bool, output: &Output) {
    output.value(Value {
        command: "build",
        application: &built.compiled.model.application,
        check,
        files: built.outdated.iter().map(File::of).collect(),
        indexes: &built.indexes,
        rehearsed: &built.rehearsed,
        executable: &built.executable,
    });
}

fn word(difference: Difference) -> &'static str {
    match difference {
        Difference::Missing => "added",
        Difference::Unneeded => "removed",
        Difference::Line(_) => "changed",
    }
}

fn verb(difference: Difference) -> &'static str {
    match difference {
        Difference::Missing => "Added",
        Difference::Unneeded => "Removed",
        Difference::Line(_) => "Changed",
    }
}

/// An outdated file and what differs in it.
fn described(built: &Built, outdated: &Outdated, style: Style) -> String {
    let headline = style.heading(&outdated.to_string());
    let Difference::Line(_) = outdated.difference else { return format!("{headline}\n") };
    let previous = std::fs::read(built.compiled.root.join(&outdated.path)).unwrap_or_default();
    let next = built.compiled.artifacts.files.get(&outdated.path).map(Vec::as_slice).unwrap_or_default();
    let changes = difference(&String::from_utf8_lossy(&previous), &String::from_utf8_lossy(next), style);
    format!("{headline}\n{changes}")
}
