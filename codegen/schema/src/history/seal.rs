//! The file `sealed`: which migrations a release has fixed for good, as the chain's line of the last of them. In: the file's
//! text and a history, or a history. Out: the number of the last sealed migration, or the text. Absent: deciding when to seal.

use super::{History, HistoryError, Migration, SEALED, slug};
use crate::refusal::shown;

const RESTORE: &str = "take `sealed`, `chain` and the migrations from version control, where the release was made";

/// What the file says, before it is held against the chain.
pub(super) struct Seal {
    /// The number of the last sealed migration.
    pub(super) number: u32,
    pub(super) name: String,
    chain: String,
}

/// Everything that there is, sealed: what a release makes of a history.
#[must_use]
pub fn seal(history: &History) -> History {
    let sealed = history.migrations.last().map_or(0, |migration| migration.number);
    History { sealed, ..history.clone() }
}

/// The file's text; `None` where nothing is sealed.
pub(super) fn print(history: &History) -> Option<String> {
    let last = history.migrations.iter().rfind(|migration| migration.number <= history.sealed)?;
    Some(line(last))
}

/// The line of a migration in the chain.
pub(super) fn line(migration: &Migration) -> String {
    format!("{} {}\n", migration.name, migration.chain)
}

/// Reads the file's text.
pub(super) fn parse(text: &str) -> Result<Seal, HistoryError> {
    let parts: Vec<&str> = text.trim_end().split(' ').collect();
    let [name, chain] = parts.as_slice() else {
        return Err(HistoryError::new(
            "history-format",
            SEALED,
            "it is not one migration's name and hash",
            "where two branches sealed migrations, `cargo cell migrate rebase --keep` one of them, and build the other's changes again",
        ));
    };
    Ok(Seal { number: slug::number(name, SEALED)?, name: (*name).to_owned(), chain: (*chain).to_owned() })
}

/// Refuses a seal that is not the chain's.
pub(super) fn check(seal: &Seal, migrations: &[Migration]) -> Result<(), HistoryError> {
    let name = shown(&seal.name);
    let Some(migration) = migrations.iter().find(|migration| migration.number == seal.number) else {
        let message = format!("a release sealed `{name}`, and the chain ends before it");
        return Err(HistoryError::new("history-behind", SEALED, message, RESTORE));
    };
    if migration.name != seal.name {
        let message = format!("a release sealed `{name}`, and the chain has `{}` in its place", migration.name);
        return Err(HistoryError::new("history-seal", SEALED, message, RESTORE));
    }
    if migration.chain.to_string() != seal.chain {
        let message = format!("`{name}` or an earlier migration is not as it was when a release sealed it");
        return Err(HistoryError::new("history-seal", SEALED, message, RESTORE));
    }
    Ok(())
}
