//! Caches: the manifest's line of each, and `cell/caches.json`, which says what each depends on, and why. In and out: JSON,
//! byte-identical for one source. Absent: what is in a cache.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A cache, as the manifest and the record of a release have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Its name, unique in the application: `shop::goods::best`, or `shop.products`.
    pub name: String,
    /// The tables that it depends on, ordered by name, as in [`CacheDependency::on`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends: Vec<String>,
}

/// Every cache of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caches {
    /// [`Caches::FORMAT`].
    pub format: u32,
    /// Ordered by name.
    pub caches: Vec<CacheDefinition>,
}

/// What a cache holds, for how long, and what it depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheDefinition {
    /// Its name, unique in the application. Of a function its path, `shop::goods::best`; of a table's rows `shop.products`.
    pub name: String,
    /// What it holds.
    pub of: CacheOf,
    /// Milliseconds for which an entry is held at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
    /// Milliseconds after which an entry goes that nobody asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<u64>,
    /// Milliseconds for which a `None` is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none_ttl: Option<u64>,
    /// How many entries it holds at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// By which entries are invalidated, in the order of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What it depends on, by database and table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends: Vec<CacheDependency>,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheOf {
    /// The results of a function.
    Function,
    /// The rows of a table, by their keys.
    Rows,
}

/// What a cache depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheDependency {
    /// `shop.products`: a database and the SQL name of its table. A name without a dot is a whole database: a database's has none.
    pub on: String,
    /// The functions on the way and the expression: `best → top: self.shop.products`. For people.
    pub because: String,
}

impl CacheDependency {
    /// The database, and the table where it is not the whole database.
    #[must_use]
    pub fn parts(&self) -> (&str, Option<&str>) {
        self.on.split_once('.').map_or((self.on.as_str(), None), |(database, table)| (database, Some(table)))
    }
}

/// Why a text does not say what caches depend on.
#[derive(Debug)]
pub enum CachesError {
    /// It is not JSON of this form.
    Form(serde_json::Error),
    /// It was written in a format that this version does not read.
    Format {
        /// The format it names.
        found: u32,
    },
}

impl fmt::Display for CachesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => write!(f, "it is not of the form that was expected: {error}"),
            Self::Format { found } => {
                write!(f, "it has format {found}, and this version of Cell reads format {}", Caches::FORMAT)
            }
        }
    }
}

impl std::error::Error for CachesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Form(error) => Some(error),
            Self::Format { .. } => None,
        }
    }
}

impl CacheDefinition {
    /// Its line in the manifest.
    #[must_use]
    pub fn entry(&self) -> Cache {
        Cache { name: self.name.clone(), depends: self.depends.iter().map(|depends| depends.on.clone()).collect() }
    }
}

impl Caches {
    /// The format that this version writes, and the only one that it reads.
    pub const FORMAT: u32 = 1;

    /// Their lines in the manifest.
    #[must_use]
    pub fn entries(&self) -> Vec<Cache> {
        self.caches.iter().map(CacheDefinition::entry).collect()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// The text is none, or one of another format.
    pub fn from_json(text: &str) -> Result<Self, CachesError> {
        /// Read first, and with anything beside it: another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_str(text).map_err(CachesError::Form)?;
        if format != Self::FORMAT {
            return Err(CachesError::Format { found: format });
        }
        serde_json::from_str(text).map_err(CachesError::Form)
    }

    /// The text of the file: indented, with a line break at its end.
    ///
    /// # Errors
    /// None in practice: every key is text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{Caches, CachesError};

    const TEXT: &str = r#"{"format":1,"caches":[
        {"name":"shop.products","of":"rows","capacity":100,"depends":[{"on":"shop.products","because":"it holds its rows"}]},
        {"name":"shop::best","of":"function","ttl":300000,"tags":["best"],"depends":[{"on":"shop","because":"best: shop"}]}]}"#;

    #[test]
    fn what_is_written_is_read_back() -> Result<(), Box<dyn std::error::Error>> {
        let caches = Caches::from_json(TEXT)?;
        let written = caches.to_json()?;
        assert!(written.contains("\"ttl\": 300000,") && !written.contains("idle"), "{written}");
        assert_eq!(Caches::from_json(&written)?, caches);
        let parts: Vec<_> = caches.caches.iter().flat_map(|cache| &cache.depends).map(|on| on.parts()).collect();
        assert_eq!(parts, [("shop", Some("products")), ("shop", None)]);
        Ok(())
    }

    #[test]
    fn another_format_and_an_unknown_field_are_refused() {
        let newer = TEXT.replace("\"format\":1", "\"format\":2,\"more\":true");
        assert!(matches!(Caches::from_json(&newer), Err(CachesError::Format { found: 2 })));
        let unknown = TEXT.replace("\"ttl\"", "\"life\"");
        assert!(matches!(Caches::from_json(&unknown), Err(CachesError::Form(_))));
    }
}
