//! Where an application's databases are on this machine. In: the model, the environment. Out: targets to migrate.
//! The rules are those by which the runtime opens them. Absent: connecting.

use std::env;
use std::path::Path;

use cell_codegen::compile::Compiled;
use cell_codegen::model::{Database, Model};
use cell_migrate::{Target, Url};
use cell_syntax::decl::{Decl, Engine};
use cell_syntax::suggest;

use crate::stop::{Mistake, Stop};

/// The databases to work on: the named one, or all.
///
/// # Errors
/// There is none of that name.
pub(crate) fn chosen<'a>(model: &'a Model, name: Option<&str>) -> Result<Vec<&'a Database>, Stop> {
    let databases = &model.databases;
    let Some(name) = name else { return Ok(databases.iter().collect()) };
    match databases.iter().find(|database| database.name == name) {
        Some(database) => Ok(vec![database]),
        None => {
            let names = databases.iter().map(|database| database.name.as_str());
            let application = &model.application;
            let help = if databases.is_empty() { "it has none".to_owned() } else { suggest::help(name, names) };
            Err(Mistake::usage(format!("`{application}` has no database `{name}`")).help(help).into())
        }
    }
}

/// Where a database is. `state` is the application's state folder.
///
/// # Errors
/// An environment variable is missing, or holds no URL.
pub(crate) fn target(compiled: &Compiled, database: &Database, state: &Path) -> Result<Target, Stop> {
    let instead = format!("CELL_{}_URL", database.name.to_ascii_uppercase());
    if let Some(url) = variable(&instead)? {
        return at(&instead, &url);
    }
    if let Some(name) = &database.url_env {
        return match variable(name)? {
            Some(url) => at(name, &url),
            None => Err(Mistake::new(format!("the environment variable `{name}` is not set"))
                .code("database-url")
                .help(format!(
                    "the database `{}` is on a server; set `{name}` to its URL, `postgres://user@host/database`",
                    database.name
                ))
                .into()),
        };
    }
    match &compiled.program.declared(database.decl).decl {
        Decl::Database(decl) => match &decl.engine {
            Engine::Sqlite { file } => Ok(Target::new(Url::sqlite(&state.join(&file.value)))?),
            Engine::Postgres { .. } => Err(Stop::Bug(format!("the database `{}` has no URL", database.name))),
        },
        _ => Err(Stop::Bug(format!("the database `{}` is declared as something else", database.name))),
    }
}

fn variable(name: &str) -> Result<Option<String>, Stop> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Mistake::new(format!("the environment variable `{name}` is not UTF-8")).code("database-url").into())
        }
    }
}

fn at(variable: &str, url: &str) -> Result<Target, Stop> {
    if url.starts_with("sqlite:") && url.contains(":memory:") {
        return Err(Mistake::new(format!("`{variable}` names a database in memory, which only one process sees"))
            .code("database-url")
            .help("name a file: `sqlite:PATH`")
            .into());
    }
    Ok(Target::new(Url::new(url))?)
}
