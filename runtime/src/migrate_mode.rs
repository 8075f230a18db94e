//! The program's other mode: with `CELL_MIGRATE` set it starts no cell, but looks at its databases (`status`), brings them
//! to its migrations (`apply`) or has them remember that it runs alone (`record`). So whoever deploys it needs no database client of its own.
//! In: the environment and `cell/manifest.json`. Out: one JSON document on standard output, [`cell_manifest::Migrated`].
//! Absent: how a database is migrated, and what is deployed when.

use std::io::Write as _;
use std::process::ExitCode;

use cell_manifest::{Migrated, MigratedDatabase};

use crate::config::Environment;
use crate::{Error, Result};

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) mode: Mode,
    /// The databases by name; all where none is named.
    pub(crate) databases: Vec<String>,
    /// What to record of a database that was brought to its migrations.
    pub(crate) deployed: Option<Deployed>,
}

/// What is done with the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are looked at.
    Status,
    /// They are brought to the migrations.
    Apply,
    /// They remember the release that is deployed, when no process of the one before it is left.
    Record,
}

/// Which release is brought out where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployed {
    pub(crate) region: String,
    pub(crate) release: u32,
    /// The release that runs there meanwhile.
    pub(crate) live: Option<u32>,
}

/// Does what `CELL_MIGRATE` asks for; `None` where it is not set, and the cells are to start. The exit code is 0 where nothing
/// is in the way of any database.
pub(crate) fn run(application: &str) -> Option<ExitCode> {
    let asked = Asked::read(&Environment::process()).transpose()?;
    let done = asked.and_then(|asked| print(&databases(&asked)?));
    Some(exit(application, done))
}

/// How a program ends that did not start its cells: what was in the way is told.
pub(crate) fn exit(application: &str, done: Result<Vec<String>>) -> ExitCode {
    let problems = done.unwrap_or_else(|error| vec![error.to_string()]);
    for problem in &problems {
        let _ = writeln!(std::io::stderr(), "error: `{application}`: {problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Asked {
    fn read(environment: &Environment) -> Result<Option<Self>> {
        let Some(mode) = environment.get("CELL_MIGRATE")? else { return Ok(None) };
        let mode = match mode.as_str() {
            "status" => Mode::Status,
            "apply" => Mode::Apply,
            "record" => Mode::Record,
            other => {
                let other: String = other.chars().take(40).collect();
                let text =
                    ["`CELL_MIGRATE` is `", &other, "`, and must be `status`, `apply` or `record`, or not be set"]
                        .concat();
                return Err(Error::message(text));
            }
        };
        let databases = environment.list("CELL_MIGRATE_DATABASES")?;
        let deployed = Deployed::read(environment)?;
        if mode == Mode::Record && deployed.is_none() {
            return Err(Error::message("`CELL_MIGRATE` is `record`, and `CELL_RELEASE` does not say which release"));
        }
        Ok(Some(Self { mode, databases, deployed }))
    }
}

impl Deployed {
    fn read(environment: &Environment) -> Result<Option<Self>> {
        let filled = |name| Ok::<_, Error>(environment.get(name)?.filter(|text| !text.is_empty()));
        match (filled("CELL_REGION")?, filled("CELL_RELEASE")?) {
            // A region alone is told to every process.
            (_, None) => Ok(None),
            (None, Some(_)) => {
                Err(Error::message("`CELL_RELEASE` is set, and `CELL_REGION` is not: set both or neither"))
            }
            (Some(region), Some(release)) => match release.parse() {
                Ok(release) if release > 0 => {
                    let live = filled("CELL_LIVE_RELEASE")?.map(|live| live.parse()).transpose();
                    let live = live.map_err(|_| {
                        Error::message("`CELL_LIVE_RELEASE` is no number of a release: these are 1, 2, 3, …")
                    })?;
                    Ok(Some(Self { region, release, live }))
                }
                _ => Err(Error::message("`CELL_RELEASE` is no number of a release: these are 1, 2, 3, …")),
            },
        }
    }
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn databases(asked: &Asked) -> Result<Vec<MigratedDatabase>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(crate::db::migrated::databases(asked))
}

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
fn databases(_: &Asked) -> Result<Vec<MigratedDatabase>> {
    Ok(Vec::new())
}

/// Prints the document. Out: what is in the way, by database.
fn print(databases: &[MigratedDatabase]) -> Result<Vec<String>> {
    let document = Migrated { format: Migrated::FORMAT, databases: databases.to_vec() };
    let mut output = std::io::stdout().lock();
    output.write_all(document.to_json()?.as_bytes())?;
    output.flush()?;
    let problem = |database: &MigratedDatabase| {
        let problem = database.problem.as_ref()?;
        Some(["the database `", &database.name, "` is not migrated: ", &problem.message].concat())
    };
    Ok(databases.iter().filter_map(problem).collect())
}

#[cfg(test)]
mod tests {
    use super::{Asked, Deployed, Mode};
    use crate::config::Environment;

    fn asked(variables: &[(&str, &str)]) -> Result<Option<Asked>, String> {
        let mut environment = Environment::process();
        for name in ["CELL_LIVE_RELEASE", "CELL_MIGRATE_DATABASES", "CELL_REGION", "CELL_RELEASE"] {
            environment.set(name, "");
        }
        for (name, value) in variables {
            environment.set(*name, *value);
        }
        Asked::read(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn without_its_variable_the_cells_start() {
        assert_eq!(asked(&[]), Ok(None));
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let plain = Asked { mode: Mode::Status, databases: Vec::new(), deployed: None };
        assert_eq!(asked(&[("CELL_MIGRATE", "status"), ("CELL_REGION", "eu")]), Ok(Some(plain)));
        let variables = [
            ("CELL_MIGRATE", "apply"),
            ("CELL_MIGRATE_DATABASES", "shop, desk,"),
            ("CELL_REGION", "eu"),
            ("CELL_RELEASE", "7"),
            ("CELL_LIVE_RELEASE", "6"),
        ];
        let deployed = Some(Deployed { region: "eu".to_owned(), release: 7, live: Some(6) });
        let full = Asked { mode: Mode::Apply, databases: vec!["shop".to_owned(), "desk".to_owned()], deployed };
        assert_eq!(asked(&variables), Ok(Some(full)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for variables in [
            &[("CELL_MIGRATE", "")][..],
            &[("CELL_MIGRATE", "APPLY")],
            &[("CELL_MIGRATE", "apply"), ("CELL_RELEASE", "7")],
            &[("CELL_MIGRATE", "record"), ("CELL_REGION", "eu")],
            &[("CELL_MIGRATE", "apply"), ("CELL_REGION", "eu"), ("CELL_RELEASE", "0")],
            &[("CELL_MIGRATE", "apply"), ("CELL_REGION", "eu"), ("CELL_RELEASE", "v7")],
            &[("CELL_MIGRATE", "apply"), ("CELL_REGION", "eu"), ("CELL_RELEASE", "7"), ("CELL_LIVE_RELEASE", "no")],
        ] {
            assert!(asked(variables).is_err(), "{variables:?}");
        }
    }
}
