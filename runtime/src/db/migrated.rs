//! The databases of an application and its migrations, as whoever deploys it asks for them: looked at, or brought up to date.
//! In: what is asked for, the manifest, the environment. Out: how each database stands. One that cannot be read, or is not what
//! its history says, is a problem of its own, not an error: the others are still told.

use std::path::Path;

use cell_manifest::{
    AppliedMigration, Database, Engine, Manifest, MigratedDatabase, MigratedHead, MigrationProblem, MigrationState,
};
use cell_migrate::{
    Applied, Coming, Head, History, Live, MigrateError, Options, State, Status, Target, When, read_history,
};

use super::error::DataError;
use super::migrate::root;
use super::open::{Declared, Place, variable};
use crate::migrate_mode::{Asked, Deployed, Mode};
use crate::{Error, Result};

/// How the databases stand, in the manifest's order; after they were brought to the migrations, where that is asked for. The
/// first that fails is the last that is touched.
///
/// # Errors
/// There is no manifest, or it has no database of a name that is asked for.
pub(crate) async fn databases(asked: &Asked) -> Result<Vec<MigratedDatabase>> {
    let root = root();
    let manifest = manifest(&root)?;
    let mut told = Vec::new();
    let mut mode = asked.mode;
    for database in chosen(&manifest, &asked.databases)? {
        let subject = Subject { root: &root, application: &manifest.application, database };
        let database = subject.told(mode, asked.deployed.as_ref()).await;
        if database.problem.is_some() {
            mode = Mode::Status;
        }
        told.push(database);
    }
    Ok(told)
}

fn manifest(root: &Path) -> Result<Manifest> {
    let file = root.join("cell/manifest.json");
    let unread = |reason: String| {
        let place = file.display().to_string();
        Error::message(
            ["cannot read `", &place, "`: ", &reason, "; set `CELL_ROOT` to the folder that holds `cell/`"].concat(),
        )
    };
    let text = std::fs::read_to_string(&file).map_err(|error| unread(error.to_string()))?;
    Manifest::from_json(&text).map_err(|error| unread(error.to_string()))
}

fn chosen<'m>(manifest: &'m Manifest, names: &[String]) -> Result<Vec<&'m Database>> {
    let known = |name: &String| manifest.databases.iter().any(|database| database.name == *name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let text =
            ["`CELL_MIGRATE_DATABASES` names `", unknown, "`, which is no database of `", &manifest.application, "`"];
        return Err(Error::message(text.concat()));
    }
    let asked = |database: &&Database| names.is_empty() || names.contains(&database.name);
    Ok(manifest.databases.iter().filter(asked).collect())
}

/// A database to look at or to migrate.
struct Subject<'a> {
    root: &'a Path,
    application: &'a str,
    database: &'a Database,
}

impl Subject<'_> {
    async fn told(&self, mode: Mode, deployed: Option<&Deployed>) -> MigratedDatabase {
        let mut told = MigratedDatabase {
            name: self.database.name.clone(),
            engine: self.database.engine,
            head: None,
            pending: Vec::new(),
            ahead: Vec::new(),
            applied: None,
            problem: None,
        };
        let target = match self.target() {
            Ok(target) => target,
            Err(problem) => {
                told.problem = Some(problem);
                return told;
            }
        };
        told.engine = match target.engine().name() {
            "sqlite" => Engine::Sqlite,
            _ => Engine::Postgres,
        };
        let done = match mode {
            Mode::Status => self.look(&target, &mut told).await,
            Mode::Apply => self.apply(&target, deployed, &mut told).await,
            Mode::Record => self.record(&target, deployed, &mut told).await,
        };
        if let Err(error) = done {
            // What failed has left something that is worth a look; that fails as the first did, or tells.
            if mode != Mode::Status {
                let _ = self.look(&target, &mut told).await;
            }
            told.problem = Some(problem(&error));
        }
        told
    }

    /// Where the running application will look for it.
    fn target(&self) -> Result<Target, MigrationProblem> {
        let Database { name, engine, file, env, .. } = self.database;
        let declared = match (engine, file, env.first()) {
            (Engine::Sqlite, Some(file), _) => Declared::Sqlite { file },
            (Engine::Postgres, _, Some(url_env)) => Declared::Postgres { url_env, replicas: &[] },
            _ => return Err(unplaced(name, "the manifest does not say where it is", "build the application again")),
        };
        let place = Place::find(name, declared, |variable_name| variable(name, variable_name));
        let place =
            place.map_err(|error: DataError| unplaced(name, &error.to_string(), "set the variable to its URL"))?;
        let url = place.url().ok_or_else(|| {
            unplaced(name, "it is in memory, and what is applied to it is gone at once", "give it a file or a server")
        })?;
        Target::new(url).map_err(|error| problem(&error))
    }

    async fn look(&self, target: &Target, told: &mut MigratedDatabase) -> Result<(), MigrateError> {
        let history = self.history()?;
        let Status { pending, draft, problem, ahead, .. } = cell_migrate::status(target, &history).await?;
        // An earlier draft of the newest migration is not this one.
        told.pending = draft.map(|draft| draft.migration).into_iter().chain(pending).collect();
        // A database with all of this release's migrations, and more, is at this release's goal.
        let problem = problem.filter(|_| ahead.is_empty());
        told.ahead = ahead;
        told.problem = problem.map(|problem| MigrationProblem {
            code: problem.code.to_owned(),
            message: problem.message,
            help: problem.help,
        });
        told.head = cell_migrate::head(target).await?.map(head);
        Ok(())
    }

    async fn apply(
        &self,
        target: &Target,
        deployed: Option<&Deployed>,
        told: &mut MigratedDatabase,
    ) -> Result<(), MigrateError> {
        let mut options = Options::default();
        options.ahead = true;
        let live = deployed.and_then(|Deployed { region, live, .. }| {
            let application = self.application.to_owned();
            live.map(|release| Live { application, region: region.clone(), release })
        });
        options.contracts = When::Released { live };
        let history = self.history()?;
        // A database that others may change meanwhile knows before that this release comes.
        let is_there = cell_migrate::head(target).await?.is_some();
        if let Some(deployed) = deployed.filter(|_| is_there) {
            self.announce(target, &history, deployed).await?;
        }
        let applied = cell_migrate::apply(target, &history, &options).await?;
        told.applied = Some(steps(&applied));
        told.ahead = applied.ahead;
        told.head = applied.head.map(head);
        if let Some(deployed) = deployed.filter(|_| !is_there) {
            self.announce(target, &history, deployed).await?;
        }
        Ok(())
    }

    async fn announce(&self, target: &Target, history: &History, deployed: &Deployed) -> Result<(), MigrateError> {
        cell_migrate::announce_release(target, self.coming(history, deployed), deployed.live).await
    }

    /// Has the database remember that this release runs alone.
    async fn record(
        &self,
        target: &Target,
        deployed: Option<&Deployed>,
        told: &mut MigratedDatabase,
    ) -> Result<(), MigrateError> {
        if let Some(deployed) = deployed {
            cell_migrate::record_release(target, self.coming(&self.history()?, deployed)).await?;
        }
        self.look(target, told).await
    }

    fn coming<'d>(&'d self, history: &History, deployed: &'d Deployed) -> Coming<'d> {
        let head = history.migrations.last().map_or(0, |migration| migration.number);
        let Deployed { region, release, .. } = deployed;
        Coming { application: self.application, region, release: *release, head }
    }

    fn history(&self) -> Result<History, MigrateError> {
        let folder = self.root.join(&self.database.folder);
        read_history(&folder)?.ok_or_else(|| MigrateError::Read { path: folder, message: "it is missing".to_owned() })
    }
}

fn steps(applied: &Applied) -> Vec<AppliedMigration> {
    let mut migrations: Vec<AppliedMigration> = Vec::new();
    for step in &applied.steps {
        match migrations.last_mut() {
            Some(last) if last.migration == step.migration => last.steps.push(step.title.clone()),
            _ => {
                migrations.push(AppliedMigration { migration: step.migration.clone(), steps: vec![step.title.clone()] })
            }
        }
    }
    migrations
}

fn head(head: Head) -> MigratedHead {
    let state = match head.state {
        State::Started => MigrationState::Started,
        State::Open => MigrationState::Open,
        State::Expanded => MigrationState::Expanded,
        State::Contracting => MigrationState::Contracting,
        State::Sealed => MigrationState::Sealed,
        State::Contracted => MigrationState::Contracted,
    };
    MigratedHead { number: head.number, name: head.name, hash: head.hash, state }
}

fn problem(error: &MigrateError) -> MigrationProblem {
    MigrationProblem { code: error.code().to_owned(), message: error.to_string(), help: error.help() }
}

fn unplaced(database: &str, reason: &str, help: &str) -> MigrationProblem {
    let message = if reason.contains(database) { reason.to_owned() } else { ["`", database, "`: ", reason].concat() };
    MigrationProblem { code: "database-url".to_owned(), message, help: Some(help.to_owned()) }
}
