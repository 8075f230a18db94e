//! `release`: everything that `build` does, and then the seals: the migrations, and in `cell/released.json` the interfaces and
//! who runs where. Absent: bundles, and reaching a node.

use cell_codegen::emit;
use cell_codegen::release::{self, Difference, HandlerChange, Kind};
use serde::Serialize;

use crate::cli::Compile;
use crate::output::Output;
use crate::stop::{Exit, Mistake, Stop};

use super::build::{self, File};

/// The result, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    application: &'a str,
    release: u32,
    /// Whether it is the one that was there before.
    unchanged: bool,
    files: Vec<File<'a>>,
    #[serde(flatten)]
    difference: &'a Difference,
}

/// Releases an application.
///
/// # Errors
/// Why there is no release; then nothing has been written.
pub(super) async fn run(compile: &Compile, output: &Output) -> Result<Exit, Stop> {
    let compiled = build::build(compile, output).await?.compiled;
    let application = &compiled.model.application;
    let last = release::last(&compiled.previous).map_err(|error| unreadable(&error))?;
    let sealed = release::seal(&compiled, last.as_ref());
    let difference = release::between(last.as_ref(), &sealed.released, &compiled.model, &compiled.histories);
    let number = sealed.released.release;
    let unchanged = last.is_some_and(|last| last == sealed.released);

    let outdated = emit::outdated(&compiled.root, &sealed.artifacts)?;
    emit::write(&compiled.root, &sealed.artifacts)?;
    output.value(Value {
        command: "release",
        application,
        release: number,
        unchanged,
        files: outdated.iter().map(File::of).collect(),
        difference: &difference,
    });
    if unchanged {
        output.done("Unchanged", format_args!("{application}: release {number} is exactly this"));
        return Ok(Exit::Done);
    }
    for migration in &difference.migrations {
        output.done("Sealed", format_args!("{}: {}", migration.database, migration.migration));
    }
    difference.indexes.iter().for_each(|change| output.done("Index", change));
    difference.caches.iter().for_each(|change| output.done("Cache", change));
    difference.handlers.iter().for_each(|handler| tell(handler, output));
    output.done("Released", format_args!("{application} {number}; commit `cell/`"));
    Ok(Exit::Done)
}

/// What becomes of a call. Where someone may still use it as it was, that is a remark, whatever is read of the result.
fn tell(handler: &HandlerChange, output: &Output) {
    let HandlerChange { change, cell, handler, door, what, .. } = handler;
    let door = door.as_ref().map(|door| format!(", {door}")).unwrap_or_default();
    match change {
        Kind::Added => output.done("Added", format_args!("{cell}.{handler}{door}")),
        Kind::Changed if what.contains(&"shape") => {
            output.note(format_args!("`{cell}.{handler}`{door} changed its {}", what.join(" and ")));
        }
        Kind::Changed => output.done("Changed", format_args!("{cell}.{handler}{door}: {}", what.join(" and "))),
        Kind::Removed => output.note(format_args!("`{cell}.{handler}`{door} is no more")),
    }
}

/// The record of the last release cannot be read, so nothing can be compared with it.
pub(super) fn unreadable(error: &cell_manifest::ReleasedError) -> Stop {
    Mistake::new(format!("`{}` is no record of a release: {error}", emit::RELEASED))
        .help("take it from version control; where two branches released, keep the one that was deployed")
        .into()
}
