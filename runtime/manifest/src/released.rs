//! `cell/released.json`: what the last release sealed, which later sources are compared with. In and out: JSON, byte-identical
//! for one source. Absent: comparing, which the compiler does; what a bundle is made of; times, hosts and paths.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Cache, Definition, Engine, Handler, Index, Placement, Process};

/// The last release of one application. Everything in it is ordered by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// [`Released::FORMAT`].
    pub format: u32,
    /// The application's package.
    pub application: String,
    /// The release's number, from 1.
    pub release: u32,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<ReleasedDatabase>,
    /// Search indexes, ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Caches, ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<ReleasedCell>,
    /// The named types that the handlers' signatures refer to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, Definition>,
    /// Who runs where in each environment, the one without a name first, then by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Environment>,
}

/// A database as it was released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedDatabase {
    /// Its name.
    pub name: String,
    /// What held it.
    pub engine: Engine,
    /// The hash of its schema, in hex.
    pub schema: String,
    /// The last hash of its migrations' chain, in hex; nothing where there is no migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// How many migrations lead to it.
    pub migrations: u32,
}

/// A cell's interface as it was released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedCell {
    /// Its name.
    pub name: String,
    /// Where it was declared to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Its calls, ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handlers: Vec<Handler>,
}

/// What a topology made of the placements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The topology's file, relative to the application's folder: `cell/topology.staging.toml`.
    pub topology: String,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
}

/// Why a text is no record of a release.
#[derive(Debug)]
pub enum ReleasedError {
    /// It is not JSON of this form.
    Form(serde_json::Error),
    /// It was written in a format that this version does not read.
    Format {
        /// The format it names.
        found: u32,
    },
    /// It numbers its release 0.
    Zero,
}

impl fmt::Display for ReleasedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => write!(f, "it is not of the form that was expected: {error}"),
            Self::Format { found } => {
                write!(f, "it has format {found}, and this version of Cell reads format {}", Released::FORMAT)
            }
            Self::Zero => write!(f, "it numbers its release 0, and releases are counted from 1"),
        }
    }
}

impl std::error::Error for ReleasedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Form(error) => Some(error),
            Self::Format { .. } | Self::Zero => None,
        }
    }
}

impl Released {
    /// The format that this version writes, and the only one that it reads.
    pub const FORMAT: u32 = 1;

    /// Reads a record.
    ///
    /// # Errors
    /// The text is none, or one of another format.
    pub fn from_json(text: &str) -> Result<Self, ReleasedError> {
        /// Read first, and with anything beside it: another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_str(text).map_err(ReleasedError::Form)?;
        if format != Self::FORMAT {
            return Err(ReleasedError::Format { found: format });
        }
        let released: Self = serde_json::from_str(text).map_err(ReleasedError::Form)?;
        if released.release == 0 { Err(ReleasedError::Zero) } else { Ok(released) }
    }

    /// The text of `released.json`: indented, with a line break at its end.
    ///
    /// # Errors
    /// None in practice: every key is text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{Released, ReleasedError};

    const TEXT: &str = r#"{"format":1,"application":"shop","release":2,"databases":[{"name":"shop","engine":"sqlite","schema":"ab","migrations":1}],
        "indexes":[{"database":"shop","table":"products","name":"shop.products","hash":"ab"}],"caches":[{"name":"shop::best","depends":["shop.products"]}],
        "cells":[{"name":"goods","placement":{"regions":["eu"]}}],
        "environments":[{"topology":"cell/topology.toml","processes":[{"name":"shop","cells":["goods"],"regions":["eu"],"replicas":1}]}]}"#;

    #[test]
    fn what_is_written_is_read_back() -> Result<(), Box<dyn std::error::Error>> {
        let released = Released::from_json(TEXT)?;
        assert_eq!(Released::from_json(&released.to_json()?)?, released);
        Ok(())
    }

    #[test]
    fn another_format_an_unknown_field_and_release_zero_are_refused() {
        let newer = TEXT.replace("\"format\":1", "\"format\":2,\"more\":true");
        assert!(matches!(Released::from_json(&newer), Err(ReleasedError::Format { found: 2 })));
        let unknown = TEXT.replace("\"release\":2", "\"release\":2,\"at\":0");
        assert!(matches!(Released::from_json(&unknown), Err(ReleasedError::Form(_))));
        let zero = TEXT.replace("\"release\":2", "\"release\":0");
        assert!(matches!(Released::from_json(&zero), Err(ReleasedError::Zero)));
    }
}
