//! The hashes that make an edited, lost or reordered migration visible. In: a migration's texts. Out: hashes.

use super::{Hash, Script};
use crate::lexis::Quotes;

/// The hash of one migration. Comments, blank lines and line ends may change; nothing else.
pub(super) fn migration(name: &str, change_text: &str, scripts: &[Script]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    part(&mut hasher, name);
    part(&mut hasher, change_text);
    for script in scripts {
        part(&mut hasher, &script.file_name());
        for guard in &script.guards {
            part(&mut hasher, &format!("{} {} {}", guard.hazard, guard.refuses, guard.object));
            part(&mut hasher, &guard.sql);
        }
        for step in &script.steps {
            if let Some(mode) = step.mode.word() {
                part(&mut hasher, mode);
            }
            let mut lines = Vec::new();
            let mut quotes = Quotes::default();
            for line in step.sql.split('\n') {
                if quotes.are_open() || !line.trim().is_empty() {
                    lines.push(line);
                }
                quotes.feed(line);
            }
            part(&mut hasher, &lines.join("\n"));
        }
    }
    Hash(*hasher.finalize().as_bytes())
}

/// The hash in a migration's line: over the line before and the migration. Before the first line stand zeros.
pub(super) fn link(previous: Option<Hash>, migration: Hash) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&previous.unwrap_or(Hash([0; 32])).0);
    hasher.update(&migration.0);
    Hash(*hasher.finalize().as_bytes())
}

/// Lengths keep two parts apart.
fn part(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}
