//! The next state of a history. In: the history, which knows what is sealed, and the model. Out: a history whose
//! snapshot is the model, with the open migration written anew.

use super::{History, HistoryError, MIGRATIONS, Migration, chain, document, renamed, script, script_name, slug};
use crate::engine::Engine;
use crate::hints::Hints;
use crate::plan::{self, Phase, Plan, Refusal, plan};
use crate::schema::Schema;

/// The history whose snapshot is `model`. Sealed migrations stay as they are. What they do not lead to is in
/// one open migration behind them; there is none where nothing is missing. The same input gives the same bytes.
///
/// # Errors
/// What [`crate::plan::plan`] refuses, counted from the last sealed migration; or that the sealed one is not there.
pub fn next(history: Option<&History>, model: &Schema, hints: &Hints) -> Result<History, Vec<Refusal>> {
    let sealed = history.map_or(0, |history| history.sealed);
    let known = history.map(|history| history.migrations.as_slice()).unwrap_or_default();
    let mut migrations: Vec<Migration> = known.iter().filter(|migration| migration.number <= sealed).cloned().collect();
    let last = migrations.last().map_or(0, |migration| migration.number);
    if last < sealed {
        return Err(vec![Refusal::new(
            "history-behind",
            &model.database,
            format!("the last release sealed migration {sealed}, and there are only {last}"),
            "take the migrations from version control, where the release was made",
        )]);
    }
    let base = replay(&migrations, model)?;
    let hints = renamed::unapplied(hints, &migrations);
    let plan = plan(&base, model, &hints)?;
    let data = hints.data.clone().unwrap_or_default();
    if plan.changes.is_empty() && data.texts.is_empty() {
        return Ok(History { snapshot: base, migrations, sealed });
    }
    let snapshot = plan::replay(&base, &plan.changes)?;
    let name = match plan.changes.is_empty() {
        true => format!("{:04}_{}", last + 1, data.name),
        false => slug::folder(last + 1, &plan.changes),
    };
    let engines = engines(model)?;
    let phases = plan::phases(&base, &plan.changes)?;
    let mut scripts = Vec::with_capacity(engines.len());
    let engines = if plan.changes.is_empty() { Vec::new() } else { engines };
    for engine in engines {
        scripts.push(script::expand(engine, &name, &plan, &phases, &base, model)?);
        if !(phases.contract.is_empty() && phases.bridges.is_empty()) {
            scripts.push(script::contract(engine, &name, &phases, &base)?);
        }
    }
    for (engine, text) in data.texts {
        let file = format!("{MIGRATIONS}/{name}/{}", script_name(engine, Phase::Data));
        let parsed = script::parse(engine, Phase::Data, &file, text);
        let refused = |error: HistoryError| {
            vec![Refusal::new(error.code, &model.database, format!("`{}`: {}", error.file, error.message), error.help)]
        };
        scripts.push(parsed.map_err(refused)?);
    }
    scripts.sort_by_key(|script| (script.engine, script.phase));
    let Plan { changes, allowed, .. } = plan;
    let is_divided = !(phases.contract.is_empty() && phases.bridges.is_empty() && phases.interrupts.is_empty());
    let phases = is_divided.then_some(phases);
    let change_text = document::print_changes(&model.database, &changes, &allowed, phases.as_ref(), None);
    let hash = chain::migration(&name, &change_text, &scripts);
    let chain = chain::link(migrations.last().map(|migration| migration.chain), hash);
    migrations.push(Migration {
        number: last + 1,
        name,
        changes,
        allowed,
        phases,
        squashed: None,
        scripts,
        hash,
        chain,
        change_text,
    });
    Ok(History { snapshot, migrations, sealed })
}

/// The schema that migrations lead to.
fn replay(migrations: &[Migration], model: &Schema) -> Result<Schema, Vec<Refusal>> {
    let mut schema = Schema { database: model.database.clone(), tables: Vec::new() };
    for migration in migrations {
        schema = plan::replay(&schema, &migration.changes)?;
    }
    Ok(schema)
}

/// The engines that every expression has text for.
fn engines(model: &Schema) -> Result<Vec<Engine>, Vec<Refusal>> {
    let has = |engine: &Engine| model.expressions().all(|expression| expression.has(*engine));
    let engines: Vec<Engine> = Engine::ALL.into_iter().filter(has).collect();
    if engines.is_empty() {
        return Err(vec![Refusal::new(
            "expression-engine",
            &model.database,
            "some expressions are written for one engine only and some for the other only, so no engine can hold them all",
            "write each for both: `sqlite = \"…\", postgres = \"…\"`",
        )]);
    }
    Ok(engines)
}
