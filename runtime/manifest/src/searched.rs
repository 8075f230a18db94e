//! What an application's program says of its search indexes when it is started to look after them (`CELL_SEARCH`), and not to run.
//! In and out: JSON, a line for each step while it goes on, and one for all indexes at the end. Absent: searching and indexing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A line of what the program says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchSaid {
    /// How far it has come with an index.
    Progress(SearchProgress),
    /// How the indexes stand: the last line.
    Indexes(Searched),
}

/// How far the program has come with an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchProgress {
    /// `DATABASE.INDEX`.
    pub index: String,
    /// What it is about.
    pub work: SearchWork,
    /// How many rows are done, of how many there are; nothing while it waits for the process that writes.
    pub rows: Option<SearchRows>,
}

/// What is done with an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchWork {
    /// It is built.
    Build,
    /// It is compared with its table.
    Compare,
}

/// Rows that are done. How many there are was counted at the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRows {
    /// So many are done.
    pub done: u64,
    /// So many there are.
    pub of: u64,
}

/// How search indexes stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Searched {
    /// [`Searched::FORMAT`].
    pub format: u32,
    /// In the order of their names; those that were asked for.
    pub indexes: Vec<SearchedIndex>,
}

/// How one search index stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchedIndex {
    /// The database's name.
    pub database: String,
    /// The index's name.
    pub index: String,
    /// The table's.
    pub table: String,
    /// Whether it is there.
    pub state: SearchState,
    /// Whether a process writes to it.
    pub written: bool,
    /// Whether it is to be built anew, and is not yet.
    pub asked: bool,
    /// How far a build of it has come.
    pub building: Option<SearchRows>,
    /// How many documents it has.
    pub documents: Option<u64>,
    /// How many rows its table has.
    pub rows: Option<u64>,
    /// What it takes on disk, in bytes.
    pub bytes: Option<u64>,
    /// How many changes of the table it does not have.
    pub behind: Option<u64>,
    /// When it last had all, as far as the process that writes has noted it, in milliseconds since 1970.
    pub level_at: Option<i64>,
    /// Rows that it can't take.
    pub set_aside: SetAside,
    /// What went wrong last, while it goes on to.
    pub trouble: Option<SearchTrouble>,
    /// What came of comparing it with its table; only where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<SearchCompared>,
    /// Why it was not looked at whole, or what was asked for was not done. It holds no password.
    pub problem: Option<String>,
}

/// Whether an index is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchState {
    /// It is searched.
    Ready,
    /// It was not built yet.
    Missing,
    /// It can't be read.
    Unreadable,
    /// Its database does not know it, or knows another step of it: it is built anew when a process comes that writes.
    Forgotten,
    /// Its database is in memory, and so is it, in the process that has it.
    InMemory,
    /// It was not looked at: the problem says why.
    Unknown,
}

/// Rows that an index can't take, and leaves out until they change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAside {
    /// How many there are.
    pub count: u64,
    /// The first of them, in the order of their keys.
    pub rows: Vec<SetAsideRow>,
}

/// A row that an index can't take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAsideRow {
    /// Its key.
    pub key: String,
    /// Why.
    pub error: String,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchTrouble {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What.
    pub message: String,
}

/// What an index and its table have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchCompared {
    /// How many rows the table has.
    pub rows: u64,
    /// How many documents the index has.
    pub documents: u64,
    /// How many keys differ: of rows that are not in the index, or otherwise than in the table, or in the index alone.
    pub differing: u64,
    /// The first of them.
    pub keys: Vec<String>,
}

/// Why a line is none of the program's.
#[derive(Debug)]
pub enum SearchedError {
    /// It is not JSON of this form.
    Form(serde_json::Error),
    /// It was written in a format that this version does not read.
    Format {
        /// The format it names.
        found: u32,
    },
}

impl fmt::Display for SearchedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => {
                write!(
                    f,
                    "what the application says of its search indexes is not of the form that was expected: {error}"
                )
            }
            Self::Format { found } => write!(
                f,
                "what the application says of its search indexes has format {found}, but this version reads format {}",
                Searched::FORMAT
            ),
        }
    }
}

impl std::error::Error for SearchedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Form(error) => Some(error),
            Self::Format { .. } => None,
        }
    }
}

impl Searched {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;
}

impl SearchSaid {
    /// Reads a line.
    ///
    /// # Errors
    /// It is none of these, or one of another format.
    pub fn from_json(line: &str) -> Result<Self, SearchedError> {
        /// Read first, and with anything beside it: another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            indexes: Option<Format>,
        }
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Head { indexes } = serde_json::from_str(line).map_err(SearchedError::Form)?;
        match indexes {
            Some(Format { format }) if format != Searched::FORMAT => Err(SearchedError::Format { found: format }),
            _ => serde_json::from_str(line).map_err(SearchedError::Form),
        }
    }

    /// The line's text, with a line break at its end.
    ///
    /// # Errors
    /// None in practice: nothing in it has no JSON form.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{SearchProgress, SearchRows, SearchSaid, SearchWork, SearchedError};

    #[test]
    fn a_line_is_read_as_it_was_written() -> Result<(), Box<dyn std::error::Error>> {
        let rows = Some(SearchRows { done: 512, of: 1_000 });
        let progress = SearchProgress { index: "shop.products".to_owned(), work: SearchWork::Build, rows };
        let line = SearchSaid::Progress(progress);
        let text = line.to_json()?;
        assert_eq!(
            text,
            "{\"progress\":{\"index\":\"shop.products\",\"work\":\"build\",\"rows\":{\"done\":512,\"of\":1000}}}\n"
        );
        assert_eq!(SearchSaid::from_json(&text)?, line);
        assert!(matches!(SearchSaid::from_json("{\"other\":{}}"), Err(SearchedError::Form(_))));
        Ok(())
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let refused = SearchSaid::from_json("{\"indexes\": {\"format\": 2, \"something\": \"else\"}}");
        assert!(matches!(refused, Err(SearchedError::Format { found: 2 })));
    }
}
