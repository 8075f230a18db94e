//! What an application's program says of its databases when it is started to migrate them (`CELL_MIGRATE`), and not to run.
//! In and out: one JSON document. Absent: migrating, which the program does, and deciding what follows, which a node does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Engine;

/// How the databases stand to the migrations that the program was released with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migrated {
    /// [`Migrated::FORMAT`].
    pub format: u32,
    /// In the manifest's order; those that were asked for.
    pub databases: Vec<MigratedDatabase>,
}

/// How one database stands to its migrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigratedDatabase {
    /// Its name.
    pub name: String,
    /// What holds it here.
    pub engine: Engine,
    /// The newest migration that it has; nothing where it has none, or cannot be read.
    pub head: Option<MigratedHead>,
    /// The names of the migrations that it lacks, in order.
    pub pending: Vec<String>,
    /// The names of the migrations that it has beyond those of this release, in order: a later release's.
    pub ahead: Vec<String>,
    /// What was applied, in order; only where applying was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Vec<AppliedMigration>>,
    /// What is in the way.
    pub problem: Option<MigrationProblem>,
}

/// The newest migration of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigratedHead {
    /// Its number, from 1.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its hash, in hex.
    pub hash: String,
    /// How far it came.
    pub state: MigrationState,
}

/// How far a migration came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MigrationState {
    /// Some of its steps are not done.
    Started,
    /// Done, and no release has sealed it: it may still be rewritten.
    Open,
    /// Its first phase is done; its second waits until no process of the release before is left.
    Expanded,
    /// Its second phase has begun: no earlier release may run any more.
    Contracting,
    /// Done for good.
    Sealed,
    /// Done for good, and what an earlier release needs is gone.
    Contracted,
}

/// What was applied of one migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedMigration {
    /// Its name.
    pub migration: String,
    /// What its steps did, in order.
    pub steps: Vec<String>,
}

/// What is in the way of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MigrationProblem {
    /// The diagnostic's code.
    pub code: String,
    /// What was found. It holds no password.
    pub message: String,
    /// What to do, where that can be said.
    pub help: Option<String>,
}

/// Why a text is no such document.
#[derive(Debug)]
pub enum MigratedError {
    /// It is not JSON of this form.
    Form(serde_json::Error),
    /// It was written in a format that this version does not read.
    Format {
        /// The format it names.
        found: u32,
    },
}

impl fmt::Display for MigratedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => {
                write!(f, "what the application says of its databases is not of the form that was expected: {error}")
            }
            Self::Format { found } => write!(
                f,
                "what the application says of its databases has format {found}, but this version reads format {}: \
                 release it again with this version",
                Migrated::FORMAT
            ),
        }
    }
}

impl std::error::Error for MigratedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Form(error) => Some(error),
            Self::Format { .. } => None,
        }
    }
}

impl Migrated {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// Reads a document.
    ///
    /// # Errors
    /// The text is no such document, or one of another format.
    pub fn from_json(text: &str) -> Result<Self, MigratedError> {
        /// Read first, and with anything beside it: another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_str(text).map_err(MigratedError::Form)?;
        if format != Self::FORMAT {
            return Err(MigratedError::Format { found: format });
        }
        serde_json::from_str(text).map_err(MigratedError::Form)
    }

    /// The document's text, one line with a line break at its end.
    ///
    /// # Errors
    /// None in practice: nothing in it has no JSON form.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{Migrated, MigratedDatabase, MigratedError, MigratedHead, MigrationState};
    use crate::Engine;

    #[test]
    fn it_is_read_as_it_was_written() -> Result<(), Box<dyn std::error::Error>> {
        let head = MigratedHead {
            number: 2,
            name: "0002_add_rating".to_owned(),
            hash: "ab".to_owned(),
            state: MigrationState::Sealed,
        };
        let database = MigratedDatabase {
            name: "shop".to_owned(),
            engine: Engine::Postgres,
            head: Some(head),
            pending: Vec::new(),
            ahead: vec!["0003_add_note".to_owned()],
            applied: None,
            problem: None,
        };
        let document = Migrated { format: Migrated::FORMAT, databases: vec![database] };
        let text = document.to_json()?;
        assert_eq!(
            text,
            "{\"format\":1,\"databases\":[{\"name\":\"shop\",\"engine\":\"postgres\",\"head\":{\"number\":2,\
             \"name\":\"0002_add_rating\",\"hash\":\"ab\",\"state\":\"sealed\"},\"pending\":[],\
             \"ahead\":[\"0003_add_note\"],\"problem\":null}]}\n"
        );
        assert_eq!(Migrated::from_json(&text)?, document);
        Ok(())
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let refused = Migrated::from_json("{\"format\": 2, \"something\": \"else\"}");
        assert!(matches!(refused, Err(MigratedError::Format { found: 2 })));
    }
}
