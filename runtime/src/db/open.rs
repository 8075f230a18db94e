//! Opens a database: at the place that its attribute names, or at a URL.
//! In: [`DatabaseInfo`] and the environment. Out: a [`Handle`]. Absent: tables; migrations make those.
//!
//! `CELL_<DATABASE>_URL` overrides the attribute. A SQLite file is relative to the folder in `CELL_STATE`, else to `.cell/`
//! beside the run-time `CARGO_MANIFEST_DIR`, else to `.cell/` in the current folder.

use std::env::{self, VarError};
use std::path::{Path, PathBuf};

use cell_migrate::Url;

use super::error::DataError;
use super::handle::Handle;
use super::model::{Database, DatabaseInfo, EngineInfo, ReplicaInfo};
use super::settings::Settings;

/// Opens a database at the place that its attribute, or `CELL_<DATABASE>_URL`, names.
///
/// # Errors
/// [`DataError::Open`] where the place is not said, or can't be reached.
pub async fn open<D: Database>() -> Result<D, DataError> {
    let info = D::INFO;
    let place = Place::find(info.name, info.engine.into(), |name| variable(info.name, name))?;
    Ok(D::rebind(place.open(D::INFO).await?))
}

/// Opens a database at a URL: `sqlite:path`, `sqlite::memory:` or `postgres://…`, whatever its attribute says.
///
/// # Errors
/// [`DataError::Open`] where the URL is none of these, or can't be reached.
pub async fn open_at<D: Database>(url: &str) -> Result<D, DataError> {
    Ok(D::rebind(Place::of_url(D::INFO.name, url)?.open(D::INFO).await?))
}

/// Opens a database on a PostgreSQL server with replicas: the region and the URL of each, whatever its attribute says.
///
/// # Errors
/// As [`open_at`]. A replica that does not answer is passed over until it does.
pub async fn open_replicated<D: Database>(url: &str, replicas: &[(&'static str, &str)]) -> Result<D, DataError> {
    let replicas = replicas.iter().map(|(region, url)| (*region, url.trim().to_owned()));
    Ok(D::rebind(
        Place::of_url(D::INFO.name, url)?.with_replicas(D::INFO.name, replicas.collect())?.open(D::INFO).await?,
    ))
}

/// Where a database is. Its URL may hold a password, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    SqliteFile(PathBuf),
    /// Memory.
    SqliteMemory,
    /// A server's URL, and regions and URLs of those that follow it.
    Postgres { url: String, replicas: Vec<(&'static str, String)> },
}

/// An environment variable, for opening `database`.
pub(crate) fn variable(database: &str, name: &str) -> Result<Option<String>, DataError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(DataError::open(database, ["the environment variable `", name, "` is not UTF-8"].concat()))
        }
    }
}

/// Where a database is declared to be: by its attribute, or by the manifest that was made of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Declared<'a> {
    /// A file, relative to the state's folder.
    Sqlite { file: &'a str },
    /// A server, whose URL is in this environment variable.
    Postgres { url_env: &'a str, replicas: &'static [ReplicaInfo] },
}

impl From<EngineInfo> for Declared<'static> {
    fn from(info: EngineInfo) -> Self {
        match info {
            EngineInfo::Sqlite { file } => Self::Sqlite { file },
            EngineInfo::Postgres { url_env, replicas } => Self::Postgres { url_env, replicas },
        }
    }
}

impl Place {
    /// Where the declaration and the environment say that it is.
    pub(crate) fn find(
        database: &str,
        declared: Declared<'_>,
        variable: impl Fn(&str) -> Result<Option<String>, DataError>,
    ) -> Result<Self, DataError> {
        let instead = override_name(database);
        if let Some(url) = variable(&instead)? {
            let place = Self::of_url(database, &url)?;
            let Declared::Postgres { url_env, replicas } = declared else { return Ok(place) };
            // The attribute's replicas follow another server.
            let replicas = replicas.iter().map(|replica| {
                let region = replica.url_env.strip_prefix(url_env).unwrap_or(replica.url_env);
                (replica.region, [&instead, region].concat())
            });
            return place.and_replicas(database, replicas, &variable);
        }
        match declared {
            Declared::Sqlite { file } => Ok(Self::SqliteFile(state_folder(&variable)?.join(file))),
            Declared::Postgres { url_env, replicas } => match variable(url_env)? {
                Some(url) => {
                    let replicas = replicas.iter().map(|replica| (replica.region, replica.url_env.to_owned()));
                    Self::of_url(database, &url)?.and_replicas(database, replicas, &variable)
                }
                None => Err(DataError::open(
                    database,
                    ["set the environment variable `", url_env, "` to its URL, `postgres://user@host/database`"]
                        .concat(),
                )),
            },
        }
    }

    /// The same with the replicas whose URLs are in the environment. One without is not there: what it would have been asked goes to
    /// the primary.
    fn and_replicas(
        self,
        database: &str,
        declared: impl Iterator<Item = (&'static str, String)>,
        variable: &impl Fn(&str) -> Result<Option<String>, DataError>,
    ) -> Result<Self, DataError> {
        let mut replicas = Vec::new();
        for (region, name) in declared {
            match variable(&name)?.filter(|url| !url.trim().is_empty()) {
                Some(url) => replicas.push((region, url.trim().to_owned())),
                None => tracing::info!(database, region, "no replica: `{name}` is not set"),
            }
        }
        self.with_replicas(database, replicas)
    }

    fn with_replicas(self, database: &str, replicas: Vec<(&'static str, String)>) -> Result<Self, DataError> {
        match self {
            Self::Postgres { url, .. } => Ok(Self::Postgres { url, replicas }),
            other if replicas.is_empty() => Ok(other),
            _ => Err(DataError::open(database, "a replica follows a PostgreSQL server, and this is a SQLite file")),
        }
    }

    /// What a URL says. The URL itself stands in no error: it may hold a password.
    pub(crate) fn of_url(database: &str, url: &str) -> Result<Self, DataError> {
        let url = url.trim();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: url.to_owned(), replicas: Vec::new() });
        }
        match url.strip_prefix("sqlite:") {
            Some(":memory:" | "//:memory:") => Ok(Self::SqliteMemory),
            Some(path) if path.contains('?') => {
                Err(DataError::open(database, "its URL has parameters; say them in the attribute instead"))
            }
            Some(path) if !path.trim_start_matches('/').is_empty() => {
                // `sqlite:a` and `sqlite://a` are one file; `sqlite:/a` and `sqlite:///a` another.
                let path = path.strip_prefix("//").unwrap_or(path);
                decoded(path)
                    .map(Self::SqliteFile)
                    .ok_or_else(|| DataError::open(database, "its URL escapes no UTF-8 text by `%`"))
            }
            _ => Err(DataError::open(
                database,
                "its URL is none of `sqlite:path`, `sqlite::memory:` and `postgres://user@host/database`",
            )),
        }
    }

    /// The same place, to migrate; `None` in memory, where nothing stays.
    pub(crate) fn url(&self) -> Option<Url> {
        match self {
            Self::SqliteFile(path) => Some(Url::sqlite(path)),
            Self::SqliteMemory => None,
            Self::Postgres { url, .. } => Some(Url::new(url)),
        }
    }

    async fn open(self, info: &'static DatabaseInfo) -> Result<Handle, DataError> {
        let settings = &Settings::find(info, |name| variable(info.name, name))?;
        let handle = self.connected(info, settings).await?;
        #[cfg(feature = "search")]
        for table in info.tables {
            table.follow.map_or(Ok(()), |follow| follow.follow(&handle, table.field))?;
        }
        Ok(handle)
    }

    /// The same where nobody is to follow its tables: its search indexes are looked after.
    #[cfg(feature = "search")]
    pub(crate) async fn unfollowed(self, info: &'static DatabaseInfo) -> Result<Handle, DataError> {
        let settings = &Settings::find(info, |name| variable(info.name, name))?;
        self.connected(info, settings).await
    }

    async fn connected(self, info: &'static DatabaseInfo, settings: &Settings) -> Result<Handle, DataError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) => super::dialect::sqlite::pool::open(info, settings, Some(path)).await,
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => super::dialect::sqlite::pool::open(info, settings, None).await,
            #[cfg(feature = "postgres")]
            Self::Postgres { url, replicas } => {
                super::dialect::postgres::pool::open(info, settings, &url, replicas).await
            }
            #[cfg(not(feature = "sqlite"))]
            Self::SqliteFile(_) | Self::SqliteMemory => {
                Err(DataError::open(info.name, "turn on the feature `sqlite` of `cell-runtime`"))
            }
            #[cfg(not(feature = "postgres"))]
            Self::Postgres { .. } => {
                Err(DataError::open(info.name, "turn on the feature `postgres` of `cell-runtime`"))
            }
        }
    }
}

/// A path out of a URL, where `%3F` stands for `?`.
fn decoded(path: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

/// `CELL_SHOP_URL` for `shop`.
fn override_name(database: &str) -> String {
    ["CELL_", &database.to_ascii_uppercase(), "_URL"].concat()
}

/// Where the search indexes of a database are: beside its file, or in the state's folder.
#[cfg(feature = "search")]
pub(crate) fn search_folder(database: &str, url: &Url) -> Result<PathBuf, DataError> {
    match Place::of_url(database, url.as_str())? {
        Place::SqliteFile(path) => {
            let mut name = path.into_os_string();
            name.push(".search");
            Ok(name.into())
        }
        Place::SqliteMemory => Err(DataError::open(database, "a database in memory has no folder")),
        Place::Postgres { .. } => {
            let state = state_folder(&|name: &str| variable(database, name))?;
            // Printed, a URL shows no password.
            Ok(crate::search::folder_of(state, database, &url.to_string()))
        }
    }
}

fn state_folder(variable: &impl Fn(&str) -> Result<Option<String>, DataError>) -> Result<PathBuf, DataError> {
    // Empty is unset, as for the command that migrates the file.
    if let Some(state) = variable("CELL_STATE")?.filter(|state| !state.is_empty()) {
        return Ok(state.into());
    }
    let beside = variable("CARGO_MANIFEST_DIR")?.map(PathBuf::from).unwrap_or_default();
    Ok(Path::new(&beside).join(".cell"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::db::Timeouts;

    const fn info(engine: EngineInfo) -> DatabaseInfo {
        DatabaseInfo {
            name: "shop",
            engine,
            pool: None,
            statements: None,
            slow: None,
            timeouts: Timeouts::DEFAULT,
            tables: &[],
        }
    }

    const FILE: DatabaseInfo = info(EngineInfo::Sqlite { file: "shop.db" });
    const SERVER: DatabaseInfo = info(EngineInfo::Postgres {
        url_env: "DATABASE_URL",
        replicas: &[ReplicaInfo { region: "eu-west", url_env: "DATABASE_URL_EU_WEST" }],
    });

    fn find(info: &DatabaseInfo, variables: &[(&str, &str)]) -> Result<Place, DataError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        Place::find(info.name, info.engine.into(), |name| Ok(variables.get(name).map(ToString::to_string)))
    }

    #[test]
    fn a_file_lies_in_the_state_folder_or_beside_the_package() {
        let file = |text: &str| Ok(Place::SqliteFile(text.into()));
        assert!(find(&FILE, &[("CELL_STATE", "/state"), ("CARGO_MANIFEST_DIR", "/app")]) == file("/state/shop.db"));
        assert!(find(&FILE, &[("CARGO_MANIFEST_DIR", "/app")]) == file("/app/.cell/shop.db"));
        assert!(find(&FILE, &[("CELL_STATE", ""), ("CARGO_MANIFEST_DIR", "/app")]) == file("/app/.cell/shop.db"));
        assert!(find(&FILE, &[]) == file(".cell/shop.db"));
    }

    fn server(url: &str, replicas: &[&str]) -> Place {
        let replicas = replicas.iter().map(|url| ("eu-west", (*url).to_owned())).collect();
        Place::Postgres { url: url.to_owned(), replicas }
    }

    #[test]
    fn replicas_belong_to_the_variable_that_names_their_primary() {
        let (url, replica, other) = ("postgres://shop@us/shop", "postgres://shop@eu/shop", "postgres://localhost/shop");
        let both = [("DATABASE_URL", url), ("DATABASE_URL_EU_WEST", replica)];
        assert!(find(&SERVER, &both) == Ok(server(url, &[replica])));
        assert!(find(&SERVER, &both[..1]) == Ok(server(url, &[])));
        // Another server in its place has other replicas, or none.
        let [first, second] = both;
        assert!(find(&SERVER, &[first, second, ("CELL_SHOP_URL", other)]) == Ok(server(other, &[])));
        let theirs = ("CELL_SHOP_URL_EU_WEST", "postgres://localhost:5433/shop");
        assert!(find(&SERVER, &[first, second, ("CELL_SHOP_URL", other), theirs]) == Ok(server(other, &[theirs.1])));
    }

    #[test]
    fn the_override_decides_the_place_and_the_engine() {
        let url = "postgres://shop@db/shop";
        assert!(find(&FILE, &[("CELL_SHOP_URL", url)]) == Ok(server(url, &[])));
        let variables = [("CELL_SHOP_URL", "sqlite::memory:"), ("DATABASE_URL", url)];
        assert!(find(&SERVER, &variables) == Ok(Place::SqliteMemory));
    }

    #[test]
    fn a_path_in_an_url_may_be_escaped() {
        for (url, path) in [
            ("sqlite:/tmp/a%20b%3Fc.db", "/tmp/a b?c.db"),
            ("sqlite:///tmp/x.db", "/tmp/x.db"),
            ("sqlite://x.db", "x.db"),
        ] {
            assert!(Place::of_url("shop", url) == Ok(Place::SqliteFile(path.into())), "{url}");
        }
        assert!(Place::of_url("shop", "sqlite:a%zz").is_err());
    }

    #[test]
    fn a_missing_url_is_an_error_that_names_the_variable() {
        let error = find(&SERVER, &[]).err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "can't open `shop`: set the environment variable `DATABASE_URL` to its URL, `postgres://user@host/database`"
            ),
        );
    }

    #[test]
    fn an_url_of_another_kind_is_refused_without_repeating_it() {
        for url in ["mysql://root:hunter2@db/shop", "hunter2", "sqlite:", ""] {
            let error =
                find(&SERVER, &[("DATABASE_URL", url)]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("none of") && !error.contains("hunter2"), "{error}");
        }
    }
}
