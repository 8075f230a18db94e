//! `migrate squash`: a shorter history. In: a history. Out: its files, all of them or none. Absent: databases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cell_codegen::emit::{self, Artifacts};
use cell_schema::history;

use super::Subject;
use crate::output::Output;
use crate::stop::{Mistake, Stop};

/// Shortens a history.
///
/// # Errors
/// A file cannot be written; then nothing has changed.
pub(super) fn run(subject: &Subject<'_>, root: &Path, output: &Output) -> Result<(), Stop> {
    let name = &subject.database.name;
    let shortened = history::squash(&subject.history).map_err(|refusals| {
        let why = refusals.first().map(ToString::to_string).unwrap_or_default();
        Mistake::new(format!("the migrations of `{name}` cannot be made one: {why}"))
    })?;
    let Some(shortened) = shortened else {
        output.done("Unchanged", format_args!("{name}: there are no two sealed migrations"));
        return Ok(());
    };
    let folder = &subject.database.folder;
    let placed = |files: BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        files.into_iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes)).collect()
    };
    let files = placed(history::write(&shortened));
    let removals: BTreeSet<String> =
        placed(history::write(&subject.history)).into_keys().filter(|path| !files.contains_key(path)).collect();
    let written = emit::write(root, &Artifacts { files, removals })?;
    for path in &written {
        output.done("Changed", path);
    }
    let before = subject.history.migrations.len() - shortened.migrations.len() + 1;
    output.done(
        "Finished",
        format_args!("{name}: one migration in place of {before}; run `cargo cell build`, and commit `cell/`"),
    );
    Ok(())
}
