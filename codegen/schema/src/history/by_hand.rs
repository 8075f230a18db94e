//! SQL that a developer wrote beside the open migration: `data.sqlite.sql` and `data.postgres.sql` in its folder. It runs between
//! the generated steps of both phases, is hashed with them and rehearsed. In: the files. Out: its texts, by engine.
//! Absent: understanding it.

use std::collections::BTreeMap;

use super::{HistoryError, MIGRATIONS, SEALED, script_name, seal, slug};
use crate::engine::Engine;
use crate::hints::Data;
use crate::plan::Phase;

/// The SQL beside the open migration; `None` where there is none.
///
/// # Errors
/// It lies in two folders, or is no text.
pub fn by_hand(files: &BTreeMap<String, Vec<u8>>) -> Result<Option<Data>, HistoryError> {
    let sealed = files.get(SEALED).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let sealed = sealed.and_then(|text| seal::parse(text).ok()).map_or(0, |seal| seal.number);
    let mut found: Option<(String, Data)> = None;
    for (path, bytes) in files {
        let parts: Vec<&str> = path.split('/').collect();
        let [MIGRATIONS, folder, file] = parts.as_slice() else { continue };
        let Some(engine) = Engine::ALL.into_iter().find(|engine| script_name(*engine, Phase::Data) == *file) else {
            continue;
        };
        if slug::number(folder, path)? <= sealed {
            continue;
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let message = format!("byte {} is not UTF-8", error.valid_up_to());
            HistoryError::new("history-unreadable", path, message, "write it as UTF-8")
        })?;
        let name = folder.split_once('_').map_or("", |(_, name)| name).to_owned();
        let (first, data) = found.get_or_insert_with(|| ((*folder).to_owned(), Data { name, ..Data::default() }));
        if first != folder {
            let message = format!("there is SQL by hand in `{first}`, too, and only one migration is open");
            return Err(HistoryError::new(
                "history-stray",
                path,
                message,
                "put both into one folder, or release in between",
            ));
        }
        data.texts.insert(engine, text.replace("\r\n", "\n"));
    }
    Ok(found.map(|(_, data)| data))
}
