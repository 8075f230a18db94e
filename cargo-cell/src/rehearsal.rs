//! Which databases are rehearsed on which engines, and what was rehearsed before. In: a compiled application. Out: reports.
//! A rehearsal is a function of the history and the engine, so its result is kept in cargo's target folder, by both.
//! Absent: rehearsing itself, which `cell_migrate` does.

use std::path::Path;
use std::time::{Duration, Instant};

use cell_codegen::compile::Compiled;
use cell_migrate::throwaway;
use cell_schema::history::History;
use cell_schema::{Engine, dialect};
use serde::{Deserialize, Serialize};

use crate::cache::Cache;
use crate::output::Output;
use crate::source::counted;
use crate::stop::{Mistake, Stop};

/// Where results are kept, below the target folder.
const CACHE: &str = "cell/rehearsals.json";

/// What was rehearsed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rehearsed {
    pub(crate) database: String,
    pub(crate) engine: &'static str,
    pub(crate) rows: u64,
    /// Whether this is the result of an earlier rehearsal of the same history.
    pub(crate) cached: bool,
}

/// What is kept of a rehearsal that went well.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    rows: u64,
    notes: Vec<String>,
}

/// Rehearses every database on the engines it is to be rehearsed on.
///
/// # Errors
/// A rehearsal fails, or an engine is missing that must be there.
pub(crate) async fn rehearse(
    compiled: &Compiled,
    target: Option<&Path>,
    output: &Output,
) -> Result<Vec<Rehearsed>, Stop> {
    if compiled.histories.is_empty() {
        return Ok(Vec::new());
    }
    let mut cache = Cache::read(target, CACHE);
    let mut rehearsed = Vec::new();
    for database in &compiled.model.databases {
        let Some(history) = compiled.histories.get(&database.name) else { continue };
        if history.migrations.is_empty() {
            continue;
        }
        for engine in missing(database.engine, is_ci()) {
            let (name, title) = (&database.name, engine.title());
            output.note(format_args!(
                "the migrations of `{name}` are not rehearsed on {title}: its programs are not here"
            ));
        }
        for engine in engines(database.engine, is_ci()) {
            if engine != database.engine
                && let Err(refusals) = dialect::lower(engine, &history.snapshot)
            {
                let why = refusals.first().map(|refusal| format!(": `{}`: {}", refusal.object, refusal.message));
                let (name, title) = (&database.name, engine.title());
                output.note(format_args!("`{name}` is not rehearsed on {title}{}", why.unwrap_or_default()));
                continue;
            }
            rehearsed.push(one(&database.name, engine, history, &mut cache, output).await?);
        }
    }
    cache.write();
    Ok(rehearsed)
}

async fn one(
    database: &str,
    engine: Engine,
    history: &History,
    cache: &mut Cache<Kept>,
    output: &Output,
) -> Result<Rehearsed, Stop> {
    let title = engine.title();
    let key = key(engine, history);
    if let Some(kept) = key.as_ref().and_then(|key| cache.get(key)) {
        kept.notes.iter().for_each(|note| output.note(format_args!("{database} on {title}: {note}")));
        return Ok(Rehearsed { database: database.to_owned(), engine: engine.name(), rows: kept.rows, cached: true });
    }
    let begun = Instant::now();
    let report = cell_migrate::rehearse(engine, history).await.map_err(|error| {
        let message = format!("`{database}` does not stand its rehearsal on {title}: {error}");
        Mistake::new(message).code(error.code()).maybe_help(error.help())
    })?;
    let rows = counted(usize::try_from(report.rows).unwrap_or(usize::MAX), "row");
    output.progress("Rehearsed", format_args!("{database} on {title}: {rows}, {}", shown(begun.elapsed())));
    report.notes.iter().for_each(|note| output.note(format_args!("{database} on {title}: {note}")));
    if let Some(key) = key {
        cache.keep(key, Kept { rows: report.rows, notes: report.notes });
    }
    Ok(Rehearsed { database: database.to_owned(), engine: engine.name(), rows: report.rows, cached: false })
}

/// The declared engine always, where it is missing that is an error; the other one where it is at hand, in CI always.
pub(crate) fn engines(declared: Engine, ci: bool) -> impl Iterator<Item = Engine> {
    let other = Engine::ALL.into_iter().filter(move |engine| *engine != declared);
    std::iter::once(declared).chain(other.filter(move |engine| ci || is_at_hand(*engine)))
}

/// The engines that it would be rehearsed on, too, if they were here.
fn missing(declared: Engine, ci: bool) -> impl Iterator<Item = Engine> {
    Engine::ALL.into_iter().filter(move |engine| *engine != declared && !ci && !is_at_hand(*engine))
}

fn is_at_hand(engine: Engine) -> bool {
    match engine {
        // It is linked in.
        Engine::Sqlite => true,
        Engine::Postgres => throwaway::find_programs().is_ok(),
    }
}

pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// What a rehearsal's result depends on. `None` where the engine does not say its version: then nothing is kept.
pub(crate) fn key(engine: Engine, history: &History) -> Option<String> {
    let version = match engine {
        // SQLite is linked in, so the version of this command says its version, too.
        Engine::Sqlite => String::new(),
        Engine::Postgres => {
            let program = throwaway::find_programs().ok()?.join("postgres");
            let answer = std::process::Command::new(program).arg("--version").output().ok()?;
            String::from_utf8(answer.stdout).ok()?.trim().to_owned()
        }
    };
    // The chain's last hash covers every migration, and the migrations say what the schema is.
    let chain = history.migrations.last()?.chain;
    Some(format!("{} {} {version} {chain}", env!("CARGO_PKG_VERSION"), engine.name()))
}

/// A duration in seconds, with one digit behind the point.
pub(crate) fn shown(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use cell_schema::Engine;

    use super::engines;

    #[test]
    fn the_declared_engine_comes_first_and_ci_wants_both() {
        assert_eq!(engines(Engine::Postgres, false).next(), Some(Engine::Postgres));
        assert_eq!(engines(Engine::Sqlite, true).collect::<Vec<_>>(), [Engine::Sqlite, Engine::Postgres]);
    }
}
