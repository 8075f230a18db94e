//! A history as files. In: a [`History`]. Out: relative paths and bytes, the same for the same history.

use std::collections::BTreeMap;

use super::{CHAIN, CHANGE, History, MIGRATIONS, SEALED, SNAPSHOT, document, seal, slug};
use crate::engine::Engine;
use crate::plan::Phase;

/// The files of a history: all that belongs in the database's folder. A migration's folder that is not among them does not.
#[must_use]
pub fn write(history: &History) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    files.insert(SNAPSHOT.to_owned(), document::print_snapshot(&history.snapshot).into_bytes());
    let lines = history.migrations.iter().map(seal::line);
    files.insert(CHAIN.to_owned(), lines.collect::<String>().into_bytes());
    if let Some(line) = seal::print(history) {
        files.insert(SEALED.to_owned(), line.into_bytes());
    }
    for migration in &history.migrations {
        let folder = migration.folder();
        files.insert(format!("{folder}/{CHANGE}"), migration.change_text.clone().into_bytes());
        for script in &migration.scripts {
            files.insert(format!("{folder}/{}", script.file_name()), script.text.clone().into_bytes());
        }
    }
    files
}

/// Whether a path in a database's folder is one that [`write()`] gives to a file of some migration. What else lies there is
/// someone's own.
#[must_use]
pub fn is_migration_file(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let [MIGRATIONS, folder, file] = parts.as_slice() else { return false };
    let scripts =
        || Engine::ALL.into_iter().flat_map(|engine| Phase::ALL.map(|phase| super::script_name(engine, phase)));
    slug::number(folder, path).is_ok() && (*file == CHANGE || scripts().any(|script| script == *file))
}
