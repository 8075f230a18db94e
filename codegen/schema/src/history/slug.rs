//! The name of a migration's folder: number and what it does, short, the same on every file system.

use super::HistoryError;
use crate::change::Change;
use crate::names::cut;

/// The longest name of a folder, in bytes.
const MAX_BYTES: usize = 60;

/// `0003_add_rating`, `0001_create_crates_and_3_more`: after the first change.
pub(super) fn folder(number: u32, changes: &[Change]) -> String {
    let first = match changes.iter().min_by_key(|change| weight(change)) {
        Some(Change::AddTable { table }) => format!("create_{}", table.name),
        Some(Change::RenameTable { to, .. }) => format!("rename_{to}"),
        Some(Change::RemoveTable { table }) => format!("drop_{table}"),
        Some(Change::AddColumn { column, .. }) => format!("add_{}", column.name),
        Some(Change::RenameColumn { to, .. }) => format!("rename_{to}"),
        Some(Change::ChangeColumn { next, .. }) => format!("change_{}", next.name),
        Some(Change::RemoveColumn { column, .. }) => format!("drop_{column}"),
        Some(Change::AddIndex { table, .. }) => format!("index_{table}"),
        Some(other) => format!("change_{}", crate::plan::table(other).unwrap_or_default()),
        None => "change".to_owned(),
    };
    let more = match changes.len() {
        0 | 1 => String::new(),
        all => format!("_and_{}_more", all - 1),
    };
    let head = format!("{number:04}_");
    let room = MAX_BYTES - head.len() - more.len();
    let stem = plain(&first);
    format!("{head}{}{more}", cut(&stem, room).trim_end_matches('_'))
}

/// Lower-case letters, digits and single underscores.
fn plain(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => slug.push(c),
            _ if slug.ends_with('_') => {}
            _ => slug.push('_'),
        }
    }
    slug
}

/// The number in a folder's name.
pub(super) fn number(name: &str, file: &str) -> Result<u32, HistoryError> {
    let parsed = name.split_once('_').and_then(|(digits, slug)| {
        let number: u32 = digits.parse().ok()?;
        let spelt = format!("{number:04}") == digits;
        let plain = slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        (spelt && plain && !slug.is_empty() && number > 0).then_some(number)
    });
    parsed.ok_or_else(|| {
        HistoryError::new(
            "history-format",
            file,
            format!("`{}` is no migration's name", crate::refusal::shown(cut(name, 80))),
            "migrations are called `0001_create_crates`; take the file from version control",
        )
    })
}

/// What tells most of a migration comes first.
fn weight(change: &Change) -> u8 {
    match change {
        Change::AddTable { .. } => 0,
        Change::RenameTable { .. } => 1,
        Change::RemoveTable { .. } => 2,
        Change::AddColumn { .. } => 3,
        Change::RenameColumn { .. } => 4,
        Change::ChangeColumn { .. } => 5,
        Change::RemoveColumn { .. } => 6,
        _ => 7,
    }
}
