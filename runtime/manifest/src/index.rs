//! Search indexes: the manifest's line of each, and `cell/search/<index>.json`, which says what is in one. In and out: JSON,
//! byte-identical for one source. Absent: rows, and where an index is kept.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A search index, as the manifest and the record of a release have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its database.
    pub database: String,
    /// The SQL name of its table.
    pub table: String,
    /// Its name, unique in the application: `shop.products`.
    pub name: String,
    /// [`IndexDefinition::hash`].
    pub hash: String,
}

/// What is in a search index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexDefinition {
    /// [`IndexDefinition::FORMAT`].
    pub format: u32,
    /// Its database.
    pub database: String,
    /// The SQL name of its table.
    pub table: String,
    /// Its name, unique in the application: `shop.products`.
    pub name: String,
    /// The language whose words are stemmed, by its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The columns by which a row is found again, in the key's order. Every index holds them.
    pub key: Vec<IndexColumn>,
    /// The columns that can be searched, in the order of the struct.
    pub fields: Vec<IndexField>,
    /// The rows of other tables of which it holds columns, in the order of the struct.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included: Vec<IndexIncluded>,
    /// The hash of all that decides what is in the index, in hex: where it differs, the index is built anew. What only decides how a
    /// search ranks, such as a boost, is no part of it.
    pub hash: String,
}

/// A column of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexColumn {
    /// Its SQL name.
    pub column: String,
    /// What it holds: `i64`, `text`, `enumeration`, `decimal(12, 2)`.
    #[serde(rename = "type")]
    pub ty: String,
}

/// A column that can be searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexField {
    /// Its SQL name.
    pub column: String,
    /// What it holds, as in [`IndexColumn::ty`].
    #[serde(rename = "type")]
    pub ty: String,
    /// How its words are found; nothing where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<IndexText>,
    /// Whether it filters and orders what is found. Every facet does.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub filter: bool,
    /// Whether its values are counted.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub facet: bool,
}

/// A row that each row of the table refers to, with its columns that can be searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexIncluded {
    /// The SQL name of the table's column that holds the other row's key.
    pub column: String,
    /// The SQL name of the other row's table.
    pub table: String,
    /// The other row's columns, in the order in which they are written.
    pub fields: Vec<IndexField>,
}

/// How the words of a column are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexText {
    /// How much more than in others a word counts in this column: above 0, at most 1000.
    pub boost: f32,
    /// `words`, `exact` or `prefix`.
    pub tokenizer: String,
}

/// Why a text is no definition of an index.
#[derive(Debug)]
pub enum IndexError {
    /// It is not JSON of this form.
    Form(serde_json::Error),
    /// It was written in a format that this version does not read.
    Format {
        /// The format it names.
        found: u32,
    },
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => write!(f, "it is not of the form that was expected: {error}"),
            Self::Format { found } => {
                write!(f, "it has format {found}, and this version of Cell reads format {}", IndexDefinition::FORMAT)
            }
        }
    }
}

impl std::error::Error for IndexError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Form(error) => Some(error),
            Self::Format { .. } => None,
        }
    }
}

impl IndexDefinition {
    /// The format that this version writes, and the only one that it reads.
    pub const FORMAT: u32 = 1;

    /// Its line in the manifest.
    #[must_use]
    pub fn entry(&self) -> Index {
        Index {
            database: self.database.clone(),
            table: self.table.clone(),
            name: self.name.clone(),
            hash: self.hash.clone(),
        }
    }

    /// Reads a definition.
    ///
    /// # Errors
    /// The text is none, or one of another format.
    pub fn from_json(text: &str) -> Result<Self, IndexError> {
        /// Read first, and with anything beside it: another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_str(text).map_err(IndexError::Form)?;
        if format != Self::FORMAT {
            return Err(IndexError::Format { found: format });
        }
        serde_json::from_str(text).map_err(IndexError::Form)
    }

    /// The text of the file: indented, with a line break at its end.
    ///
    /// # Errors
    /// None in practice: every key is text, and a boost is finite.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{IndexDefinition, IndexError};

    const TEXT: &str = r#"{"format":1,"database":"shop","table":"products","name":"shop.goods","language":"en",
        "key":[{"column":"id","type":"i64"}],
        "fields":[{"column":"name","type":"text","text":{"boost":2.1,"tokenizer":"words"}},
            {"column":"kind","type":"enumeration","filter":true,"facet":true}],
        "included":[{"column":"brand_id","table":"brands","fields":[{"column":"name","type":"text","filter":true}]}],
        "hash":"ab"}"#;

    #[test]
    fn what_is_written_is_read_back() -> Result<(), Box<dyn std::error::Error>> {
        let definition = IndexDefinition::from_json(TEXT)?;
        let written = definition.to_json()?;
        assert!(written.contains("\"boost\": 2.1,") && !written.contains("false"), "{written}");
        assert_eq!(IndexDefinition::from_json(&written)?, definition);
        Ok(())
    }

    #[test]
    fn another_format_and_an_unknown_field_are_refused() {
        let newer = TEXT.replace("\"format\":1", "\"format\":2,\"more\":true");
        assert!(matches!(IndexDefinition::from_json(&newer), Err(IndexError::Format { found: 2 })));
        let unknown = TEXT.replace("\"hash\"", "\"at\":0,\"hash\"");
        assert!(matches!(IndexDefinition::from_json(&unknown), Err(IndexError::Form(_))));
    }
}
