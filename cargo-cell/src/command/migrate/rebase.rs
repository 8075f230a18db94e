//! `migrate rebase`: two branches' migrations, one after the other. In: an application whose sources are merged, and its files as
//! the merge left them, and as git has them on both branches. Out: the files of what is sealed, all of them or none. Absent: the open migration, which `build` writes.

mod branches;

use std::collections::BTreeMap;

use cell_codegen::emit::{self, Artifacts};
use cell_codegen::model::Database;
use cell_schema::history::{self, Rebased};
use serde::Serialize;

use crate::cli::OneDatabase;
use crate::output::Output;
use crate::stop::{Exit, Mistake, Stop};
use crate::{database, source};

/// The result, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    database: &'a str,
    /// The last sealed migration.
    onto: Option<&'a str>,
    /// Migrations whose changes are open again.
    reopened: &'a [String],
    /// The folder with the SQL by hand.
    by_hand: Option<&'a str>,
    files: Vec<String>,
}

/// Rebases the chosen databases' migrations.
///
/// # Errors
/// Why it is not done; then nothing has changed in that database's folder.
pub(super) fn run(one: &OneDatabase, keep: Option<&str>, output: &Output) -> Result<Exit, Stop> {
    let read = source::read(&one.compile.scan(), output)?;
    let previous = emit::read(&read.root, &read.model)?;
    for database in database::chosen(&read.model, one.database.as_deref())? {
        let files: BTreeMap<String, Vec<u8>> =
            previous.under(&database.folder).map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
        let branches = match branches::branches(&read.root, &database.folder)? {
            Some(branches) => Ok(branches),
            None => history::sides(&files),
        };
        let rebased = branches.and_then(|branches| history::rebase(&files, &branches, keep)).map_err(|error| {
            Mistake::new(format!("`{}/{}`: {}", database.folder, error.file, error.message))
                .code(error.code)
                .help(error.help.clone())
        })?;
        let place = |path: &String| format!("{}/{path}", database.folder);
        let artifacts = Artifacts {
            files: rebased.files.iter().map(|(path, bytes)| (place(path), bytes.clone())).collect(),
            removals: rebased.removals.iter().map(place).collect(),
        };
        tell(database, &rebased, emit::write(&read.root, &artifacts)?, output);
    }
    Ok(Exit::Done)
}

fn tell(database: &Database, rebased: &Rebased, files: Vec<String>, output: &Output) {
    let name = &database.name;
    let onto = rebased.onto.as_deref();
    let by_hand = rebased.by_hand.as_deref();
    for path in &files {
        output.done("Changed", path);
    }
    for migration in &rebased.reopened {
        output.note(format_args!("`{migration}` was sealed by the other branch; what it changes is open again"));
    }
    if let Some(folder) = by_hand {
        output.done("Moved", format_args!("SQL by hand to {}/{folder}", database.folder));
    }
    for allowed in &rebased.allowed {
        let (hazard, object) = (allowed.hazard, &allowed.object);
        output.note(format_args!("allowed before, and to be allowed again: `--allow {hazard}={object}`"));
    }
    match onto {
        _ if files.is_empty() => output.done("Unchanged", format_args!("{name}: its migrations are in order")),
        Some(onto) => {
            output.done("Rebased", format_args!("{name}: `cargo cell build` writes what is open behind {onto}"))
        }
        None => output.done("Rebased", format_args!("{name}: nothing is sealed; `cargo cell build` writes it anew")),
    }
    output.value(Value {
        command: "migrate rebase",
        database: name,
        onto,
        reopened: &rebased.reopened,
        by_hand,
        files,
    });
}
