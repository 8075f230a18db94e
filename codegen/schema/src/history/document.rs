//! `snapshot.json` and `change.json`. In: text. Out: values, strictly: unknown fields and newer formats are refused.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{HistoryError, Squashed};
use crate::change::Change;
use crate::hazard::Allowed;
use crate::plan::Phases;
use crate::schema::{Schema, Table};

/// The format of both files. A reader refuses a greater one.
const FORMAT: u32 = 1;

/// `snapshot.json`
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    format: u32,
    database: String,
    tables: Vec<Table>,
}

/// `change.json`
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    format: u32,
    pub(super) database: String,
    pub(super) changes: Vec<Change>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) allowed: BTreeSet<Allowed>,
    /// Where something waits for the earlier release to go, or interrupts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phases: Option<Phases>,
    /// Where it stands for all that came before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) squashed: Option<Squashed>,
}

/// What every format begins with, whatever else it holds.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

pub(super) fn print_snapshot(schema: &Schema) -> String {
    print(&Snapshot { format: FORMAT, database: schema.database.clone(), tables: schema.tables.clone() })
}

pub(super) fn parse_snapshot(file: &str, text: &str) -> Result<Schema, HistoryError> {
    let Snapshot { database, tables, .. } = parse(file, text)?;
    Ok(Schema { database, tables })
}

pub(super) fn print_changes(
    database: &str,
    changes: &[Change],
    allowed: &BTreeSet<Allowed>,
    phases: Option<&Phases>,
    squashed: Option<&Squashed>,
) -> String {
    let (database, changes, allowed) = (database.to_owned(), changes.to_vec(), allowed.clone());
    print(&Changes { format: FORMAT, database, changes, allowed, phases: phases.cloned(), squashed: squashed.cloned() })
}

pub(super) fn parse_changes(file: &str, text: &str) -> Result<Changes, HistoryError> {
    parse(file, text)
}

fn print<T: Serialize>(document: &T) -> String {
    let json =
        serde_json::to_string_pretty(document).expect("a value of texts, numbers and lists always has a JSON form");
    format!("{json}\n")
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, HistoryError> {
    let unreadable = |error: serde_json::Error| {
        HistoryError::new("history-unreadable", file, error.to_string(), "take the file from version control")
    };
    let Head { format } = serde_json::from_str(text).map_err(unreadable)?;
    if format == 0 || format > FORMAT {
        return Err(HistoryError::new(
            "history-format",
            file,
            format!("this file has format {format}, and this version of Cell reads format {FORMAT}"),
            "update Cell to the version that wrote it",
        ));
    }
    serde_json::from_str(text).map_err(unreadable)
}
