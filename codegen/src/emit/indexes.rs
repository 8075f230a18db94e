//! `cell/search/`: a file for each search index, which says what is in it. In: the model, and the files that are there. Out: texts,
//! and which files are of indexes that there are no more. Absent: the indexes themselves, which no build makes.

use cell_manifest::{Index, IndexDefinition};

use super::Previous;
use crate::model::Model;

/// The folder of the definitions, relative to the application's.
pub(super) const FOLDER: &str = "cell/search";

/// Where the definition of an index is.
fn path(name: &str) -> String {
    format!("{FOLDER}/{name}.json")
}

/// The files, by their paths.
pub(super) fn files(model: &Model) -> impl Iterator<Item = (String, Vec<u8>)> {
    model.indexes.iter().map(|index| {
        // Every key is text, so serde_json cannot fail.
        (path(&index.definition.name), index.definition.to_json().unwrap_or_default().into_bytes())
    })
}

/// The indexes of a model, as the manifest has them.
#[must_use]
pub fn of(model: &Model) -> Vec<Index> {
    model.indexes.iter().map(|index| index.definition.entry()).collect()
}

/// The indexes whose definitions are there, ordered by name.
#[must_use]
pub fn known(previous: &Previous) -> Vec<Index> {
    let mut known: Vec<Index> = previous
        .under(FOLDER)
        .filter_map(|(file, bytes)| definition(file, bytes))
        .map(|definition| definition.entry())
        .collect();
    known.sort_by(|left, right| left.name.cmp(&right.name));
    known
}

/// The paths of the files that are some build's, in any order.
pub(super) fn written(previous: &Previous) -> impl Iterator<Item = String> {
    previous.under(FOLDER).filter_map(|(file, bytes)| definition(file, bytes)).map(|definition| path(&definition.name))
}

/// Whether a file of a database's folder is the definition of an index: a database may be called `search`.
pub(super) fn is_definition(folder: &str, file: &str, bytes: &[u8]) -> bool {
    folder == FOLDER && definition(file, bytes).is_some()
}

/// The definition that a file of the folder holds, if [`files`] could have made it: by its name, and by what it says.
fn definition(file: &str, bytes: &[u8]) -> Option<IndexDefinition> {
    let name = file.strip_suffix(".json")?;
    let definition = IndexDefinition::from_json(std::str::from_utf8(bytes).ok()?).ok()?;
    (definition.name == name).then_some(definition)
}
