//! What was allowed when the open migration was written: it stays allowed while the migration is written anew, since who reviews
//! the migration sees it there. In: the files. Out: hazards with their objects. Absent: errors; an open migration may be broken.

use std::collections::{BTreeMap, BTreeSet};

use super::{CHANGE, MIGRATIONS, SEALED, document, seal, slug};
use crate::hazard::Allowed;

/// The hazards that the open migrations say are allowed; none where they cannot be read.
#[must_use]
pub fn remembered(files: &BTreeMap<String, Vec<u8>>) -> BTreeSet<Allowed> {
    let sealed = files.get(SEALED).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let sealed = sealed.and_then(|text| seal::parse(text).ok()).map_or(0, |seal| seal.number);
    let mut allowed = BTreeSet::new();
    for (path, bytes) in files {
        let parts: Vec<&str> = path.split('/').collect();
        let [MIGRATIONS, folder, CHANGE] = parts.as_slice() else { continue };
        if slug::number(folder, path).is_ok_and(|number| number > sealed)
            && let Ok(text) = std::str::from_utf8(bytes)
            && let Ok(changes) = document::parse_changes(path, text)
        {
            allowed.extend(changes.allowed);
        }
    }
    allowed
}
