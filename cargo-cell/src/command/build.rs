//! `build`: check, rehearse, `cargo build`, compare, write. Nothing is written where anything fails.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cell_codegen::compile::Compiled;
use cell_codegen::emit::files::Difference;
use cell_codegen::emit::{self, Outdated};
use cell_codegen::release::{self, IndexChange};
use cell_codegen::scan::Options;
use cell_manifest::{CacheDefinition, Caches, Index};
use cell_migrate::Size;
use serde::Serialize;

use crate::cli::{Build, Compile};
use crate::output::{Output, Style, difference};
use crate::rehearsal::{self, Rehearsed};
use crate::stop::{Exit, Mistake, Stop};
use crate::{cargo, database, queries, source, state};

/// What a build made.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) compiled: Compiled,
    pub(super) executable: PathBuf,
    rehearsed: Vec<Rehearsed>,
    /// The files under `cell/` that are not as they are to be.
    outdated: Vec<Outdated>,
    /// Search indexes that are not as their definitions under `cell/` say.
    indexes: Vec<Reindexed>,
}

/// The result, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    application: &'a str,
    check: bool,
    files: Vec<File<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    indexes: &'a [Reindexed],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    caches: Vec<CacheDefinition>,
    rehearsed: &'a [Rehearsed],
    executable: &'a std::path::Path,
}

/// A search index that comes, goes, or is built anew.
#[derive(Debug, Serialize)]
struct Reindexed {
    #[serde(flatten)]
    change: IndexChange,
    /// How many rows its table has in the database of this environment, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// Whether the engine only estimates them.
    #[serde(skip_serializing_if = "is_false")]
    estimated: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl fmt::Display for Reindexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.change)?;
        let Some(rows) = self.rows else { return Ok(()) };
        let (about, s) = (if self.estimated { "about " } else { "" }, if rows == 1 { "" } else { "s" });
        write!(f, " ({about}{rows} row{s} in this environment's database)")
    }
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
    tell_caches(&compiled, output);
    finish(compiled, &options, output).await
}

/// Shows each cache and what it depends on, and where that is more than it may have to be.
fn tell_caches(compiled: &Compiled, output: &Output) {
    let Caches { caches, .. } = emit::caches::definitions(&compiled.model);
    let width = caches.iter().map(|cache| cache.name.chars().count()).max().unwrap_or_default();
    for cache in &caches {
        let on: Vec<&str> = cache.depends.iter().map(|depends| depends.on.as_str()).collect();
        let on = if on.is_empty() { "its time alone".to_owned() } else { on.join(", ") };
        output.progress("Cache", format_args!("{:<width$}  depends on {on}", cache.name));
    }
    let notes: Vec<_> = compiled.model.caches.iter().flat_map(|cache| cache.notes(&compiled.model)).collect();
    output.remarks(&compiled.program, &notes);
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
    let indexes = reindexed(&compiled).await;
    Ok(Built { compiled, executable: outcome.executable, rehearsed, outdated, indexes })
}

/// What becomes of search indexes, and how many rows those have that are to be built. A database that cannot be asked keeps nobody from
/// building.
async fn reindexed(compiled: &Compiled) -> Vec<Reindexed> {
    let next = emit::indexes::of(&compiled.model);
    let state = state::folder(&compiled.root);
    let mut reindexed = Vec::new();
    for change in release::index_changes(&emit::indexes::known(&compiled.previous), &next) {
        let size = match next.iter().find(|index| index.name == change.index) {
            Some(index) => size(compiled, index, &state).await,
            None => None,
        };
        reindexed.push(Reindexed {
            change,
            rows: size.map(|size| size.rows),
            estimated: size.is_some_and(|size| !size.counted),
        });
    }
    reindexed
}

/// How many rows an index's table has in the database of this environment.
async fn size(compiled: &Compiled, index: &Index, state: &Path) -> Option<Size> {
    let database = compiled.model.databases.iter().find(|database| database.name == index.database)?;
    let target = database::target(compiled, database, state).ok()?;
    cell_migrate::size(&target, &index.table).await.ok()?
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
        caches: emit::caches::definitions(&built.compiled.model).caches,
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
