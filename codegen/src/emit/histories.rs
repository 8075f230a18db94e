//! From the model's schemas to the histories that end in them: diff and plan, for each database. In: the model and the files
//! that are there. Out: a history for each database, or what is refused, with its place in the sources.

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::hazard::Allowed;
use cell_schema::history::{self, History, HistoryError};
use cell_schema::{Refusal, dialect};
use cell_syntax::diagnostic::Diagnostic;

use super::files::Previous;
use super::indexes;
use crate::model::{Database, Model};
use crate::program::Located;

/// The histories of an application's databases, by name. `allowed` are hazards that may happen besides those that the sources
/// and the open migrations allow.
///
/// # Errors
/// What the declared engine cannot hold, changes that are not supported, and files that were edited or are missing: all of
/// them, each where its object is declared.
pub fn histories(
    model: &Model,
    previous: &Previous,
    allowed: &BTreeSet<Allowed>,
) -> Result<BTreeMap<String, History>, Vec<Located>> {
    let mut histories = BTreeMap::new();
    let mut refused = Vec::new();
    for database in &model.databases {
        match history_of(database, previous, allowed) {
            Ok(history) => {
                histories.insert(database.name.clone(), history);
            }
            Err(diagnostics) => refused.extend(diagnostics),
        }
    }
    if refused.is_empty() { Ok(histories) } else { Err(refused) }
}

fn history_of(database: &Database, previous: &Previous, allowed: &BTreeSet<Allowed>) -> Result<History, Vec<Located>> {
    dialect::lower(database.engine, &database.schema).map_err(|refusals| all(database, refusals))?;
    let files: BTreeMap<String, Vec<u8>> = previous
        .under(&database.folder)
        .filter(|(path, bytes)| !indexes::is_definition(&database.folder, path, bytes))
        .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
        .collect();
    let history = if files.is_empty() {
        None
    } else {
        Some(history::read_sealed(&files).map_err(|error| vec![unreadable(database, &error)])?)
    };
    // What was allowed when the open migration was written is in it, for whoever reviews it.
    let mut hints = database.hints.clone();
    hints.allowed.extend(allowed.iter().cloned());
    hints.allowed.extend(history::remembered(&files));
    hints.data = history::by_hand(&files).map_err(|error| vec![unreadable(database, &error)])?;
    history::next(history.as_ref(), &database.schema, &hints).map_err(|refusals| all(database, refusals))
}

fn all(database: &Database, refusals: Vec<Refusal>) -> Vec<Located> {
    refusals.into_iter().map(|refusal| located(database, refusal)).collect()
}

fn located(database: &Database, refusal: Refusal) -> Located {
    let place = database.places.of(&refusal.object);
    // The place of what is declared no more is its owner's, so the label says which object is meant.
    place.locate(Diagnostic::new(refusal.code, place.span, refusal.message).label(refusal.object).help(refusal.help))
}

fn unreadable(database: &Database, error: &HistoryError) -> Located {
    let message = format!("`{}/{}`: {}", database.folder, error.file, error.message);
    let place = database.place;
    let label = format!("the history of this {} database", database.engine.title());
    place.locate(Diagnostic::new(error.code, place.span, message).label(label).help(error.help.clone()))
}
