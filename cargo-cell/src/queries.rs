//! The statements of `sql!`, prepared on the engines. In: a compiled application. Out: what its macros are to know of them, by the names of
//! environment variables; or a diagnostic with its place in the text for each that an engine refuses.
//! What an engine says is a function of the schema and the statement, so it is kept in cargo's target folder. Absent: comparing types,
//! which rustc does with what the macro makes of this.

use std::collections::BTreeMap;
use std::path::Path;

use cell_codegen::compile::Compiled;
use cell_codegen::program::{Located, Query};
use cell_migrate::{Prepared, Unprepared};
use cell_schema::{Engine, dialect};
use cell_syntax::diagnostic::Diagnostic;

use crate::cache::Cache;
use crate::output::Output;
use crate::rehearsal;
use crate::stop::{Mistake, Stop};

/// Where answers are kept, below the target folder.
const CACHE: &str = "cell/queries.json";

/// What an engine says of a statement.
type Answer = Result<Prepared, Unprepared>;

/// Prepares every statement on the engines that its database is rehearsed on.
///
/// # Errors
/// An engine refuses one, or is missing that must be there.
pub(crate) async fn prepare(
    compiled: &Compiled,
    target: Option<&Path>,
    output: &Output,
) -> Result<BTreeMap<String, String>, Stop> {
    let queries = compiled.program.queries();
    let mut environment = Environment::default();
    if queries.is_empty() {
        return Ok(environment.finish());
    }
    let mut cache: Cache<Vec<Answer>> = Cache::read(target, CACHE);
    let mut refused = Vec::new();
    for (at, database) in compiled.model.databases.iter().enumerate() {
        let owners = compiled.model.queries.iter().map(|id| compiled.model.databases.get(id.index()));
        let own =
            queries.iter().zip(owners).filter(|(_, owner)| owner.is_some_and(|owner| owner.name == database.name));
        let own: Vec<&Query> = own.map(|(query, _)| query).collect();
        let Some(history) = compiled.histories.get(&database.name).filter(|_| !own.is_empty()) else { continue };
        let texts: Vec<&str> = own.iter().map(|query| query.query.text.as_str()).collect();
        let mut answers: Vec<(Engine, Vec<Answer>)> = Vec::new();
        for engine in rehearsal::engines(database.engine, rehearsal::is_ci()) {
            if engine != database.engine && dialect::lower(engine, &history.snapshot).is_err() {
                continue;
            }
            let key = rehearsal::key(engine, history).map(|key| format!("{key} {at} {texts:?}"));
            let known = key.as_ref().and_then(|key| cache.get(key)).filter(|known| known.len() == texts.len());
            let answer = match known {
                Some(known) => known.clone(),
                None => {
                    let answer = cell_migrate::prepare(engine, &history.snapshot, &texts).await.map_err(|error| {
                        let message = format!(
                            "the statements of `{}` cannot be prepared on {}: {error}",
                            database.name,
                            engine.title()
                        );
                        Mistake::new(message).code(error.code()).maybe_help(error.help())
                    })?;
                    if let Some(key) = key {
                        cache.keep(key, answer.clone());
                    }
                    answer
                }
            };
            answers.push((engine, answer));
        }
        if !answers.iter().any(|(engine, _)| *engine == Engine::Postgres) {
            let name = &database.name;
            output.note(format_args!(
                "the types of what each `sql!` of `{name}` takes and gives are not checked: only PostgreSQL says them"
            ));
        }
        for (at, query) in own.iter().enumerate() {
            let answers: Vec<(Engine, &Answer)> =
                answers.iter().filter_map(|(engine, answers)| Some((*engine, answers.get(at)?))).collect();
            match learnt(&answers, query.query.text.len()) {
                Ok(learnt) => {
                    if !environment.tell(query.query.fingerprint(), learnt) {
                        output.note(format_args!(
                            "the types of `{}` are not checked: two databases are meant by one path",
                            query.query.text
                        ));
                    }
                }
                Err((engine, unprepared)) => refused.push(diagnostic(query, engine, &unprepared, database.engine)),
            }
        }
    }
    cache.write();
    if refused.is_empty() {
        Ok(environment.finish())
    } else {
        Err(Stop::Diagnostics(output.diagnostics(&compiled.program, &refused)))
    }
}

/// What the macros are told, by the names of variables. A macro knows a statement by its text and by its database as that is written:
/// where two databases are meant by one path, it is told nothing.
#[derive(Default)]
struct Environment(BTreeMap<String, Option<String>>);

impl Environment {
    /// Out: whether no other database has said otherwise.
    fn tell(&mut self, fingerprint: u64, learnt: String) -> bool {
        let known = self.0.entry(format!("CELL_SQL_{fingerprint:016x}")).or_insert_with(|| Some(learnt.clone()));
        if known.as_ref() != Some(&learnt) {
            *known = None;
        }
        known.is_some()
    }

    fn finish(self) -> BTreeMap<String, String> {
        self.0.into_iter().filter_map(|(name, learnt)| Some((name, learnt?))).collect()
    }
}

fn diagnostic(query: &Query, engine: Engine, unprepared: &Unprepared, declared: Engine) -> Located {
    let title = engine.title();
    let message = format!("{title} refuses this statement: {}", unprepared.message);
    let mut diagnostic = Diagnostic::new("query-refused", query.query.place(unprepared.place.clone()), message);
    let declared = declared.title();
    if let Some(help) = &unprepared.help {
        diagnostic = diagnostic.help(help);
    } else if declared != title {
        diagnostic = diagnostic
            .help(format!("{declared} takes it; write it so that both do, and a switch of the engine changes nothing"));
    }
    Located::new(query.file, diagnostic)
}

/// What the engines say together, as the macro reads it: `kind,…|name:kind[.scale][?],…` with each name in hexadecimal digits.
fn learnt(answers: &[(Engine, &Answer)], length: usize) -> Result<String, (Engine, Unprepared)> {
    let mut prepared = Vec::new();
    for (engine, answer) in answers {
        match answer {
            Ok(answer) => prepared.push((*engine, answer)),
            Err(unprepared) => return Err((*engine, unprepared.clone())),
        }
    }
    let Some(((declared, first), others)) = prepared.split_first() else { return Ok("|".to_owned()) };
    if let Some((other, answer)) = others.iter().find(|(_, answer)| answer.columns.len() != first.columns.len()) {
        let (ours, theirs) = (first.columns.len(), answer.columns.len());
        let message = format!("it gives {theirs} columns, and on {} {ours}", declared.title());
        return Err((*other, Unprepared { message, help: None, place: 0..length }));
    }
    let typed = prepared.iter().find(|(engine, _)| *engine == Engine::Postgres).map(|(_, answer)| answer);
    let parameters: Vec<&str> = typed.iter().flat_map(|answer| &answer.parameters).map(|ty| of_value(ty)).collect();
    let column = |(at, column): (usize, &cell_migrate::PreparedColumn)| {
        let is_same =
            others.iter().all(|(_, answer)| answer.columns.get(at).is_some_and(|other| other.name == column.name));
        let name = if is_same { column.name.as_str() } else { "" };
        let name: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let said = typed.and_then(|answer| answer.columns.get(at));
        let kind = said.and_then(|column| column.ty.as_deref()).map_or("Unknown", kind);
        let scale = said.and_then(|column| column.scale).map(|scale| format!(".{scale}")).unwrap_or_default();
        format!("{name}:{kind}{scale}{}", if said.is_some_and(|column| column.nullable) { "?" } else { "" })
    };
    let columns: Vec<String> = first.columns.iter().enumerate().map(column).collect();
    Ok(format!("{}|{}", parameters.join(","), columns.join(",")))
}

/// The runtime's word for the type of a value: no wider number fits there.
fn of_value(ty: &str) -> &'static str {
    match ty {
        "INT2" => "Integer16",
        "INT4" => "Integer32",
        ty => kind(ty),
    }
}

/// The runtime's word for a type of PostgreSQL's.
fn kind(ty: &str) -> &'static str {
    match ty {
        "INT2" | "INT4" | "INT8" => "Integer",
        "BOOL" => "Bool",
        "FLOAT4" => "Single",
        "FLOAT8" => "Double",
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" => "Text",
        "BYTEA" => "Bytes",
        "UUID" => "Uuid",
        "TIMESTAMPTZ" => "Instant",
        "DATE" => "Date",
        "TIME" => "Time",
        "NUMERIC" => "Decimal",
        "JSONB" => "Json",
        "UNKNOWN" => "Unknown",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn a_statement_of_which_two_databases_say_different_things_is_not_told_about() {
        let mut environment = Environment::default();
        let tell = |environment: &mut Environment, learnt: &str| environment.tell(1, learnt.to_owned());
        assert!(environment.tell(2, "|".to_owned()));
        assert!(tell(&mut environment, "|61:Text"));
        assert!(tell(&mut environment, "|61:Text"));
        assert!(!tell(&mut environment, "|61:Integer"));
        assert!(!tell(&mut environment, "|61:Text"));
        assert_eq!(environment.finish().into_keys().collect::<Vec<_>>(), ["CELL_SQL_0000000000000002"]);
    }
}
