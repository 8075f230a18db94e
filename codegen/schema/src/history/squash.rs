//! A shorter history: one migration in place of all that are sealed. In: a history. Out: one whose first migration makes the
//! schema that the sealed ones led to, and bears the number of the last of them. A database that has that one has all of it; one
//! that has fewer needs the release before. Absent: rows: a database that is made afresh has none.

use super::{History, Migration, Squashed, chain, document, renamed, script};
use crate::engine::Engine;
use crate::hints::Hints;
use crate::plan::{self, Phases, Plan, Refusal, plan};
use crate::schema::Schema;

/// The history with its sealed migrations as one. `None` where there is nothing to shorten.
///
/// # Errors
/// The sealed migrations do not lead to a schema that can be made afresh.
pub fn squash(history: &History) -> Result<Option<History>, Vec<Refusal>> {
    let (sealed, open): (Vec<&Migration>, Vec<&Migration>) =
        history.migrations.iter().partition(|migration| migration.number <= history.sealed);
    let Some(last) = sealed.last().filter(|_| sealed.len() > 1) else { return Ok(None) };
    let empty = Schema { database: history.snapshot.database.clone(), tables: Vec::new() };
    let mut schema = empty.clone();
    for migration in &sealed {
        schema = plan::replay(&schema, &migration.changes)?;
    }
    let Plan { changes, .. } = plan(&empty, &schema, &Hints::default())?;
    let name = format!("{:04}_everything_before", last.number);
    let phases = Phases { expand: changes.clone(), ..Phases::default() };
    let plan = Plan { changes: changes.clone(), ..Plan::default() };
    let engines =
        Engine::ALL.into_iter().filter(|engine| schema.expressions().all(|expression| expression.has(*engine)));
    let mut scripts = Vec::new();
    for engine in engines {
        scripts.push(script::expand(engine, &name, &plan, &phases, &empty, &schema)?);
    }
    let owned: Vec<Migration> = sealed.iter().map(|migration| (*migration).clone()).collect();
    let squashed = Squashed { hash: last.hash.to_string(), renamed: renamed::made(&owned) };
    let change_text = document::print_changes(&schema.database, &changes, &Default::default(), None, Some(&squashed));
    let hash = chain::migration(&name, &change_text, &scripts);
    let first = Migration {
        number: last.number,
        name,
        changes,
        allowed: Default::default(),
        phases: None,
        squashed: Some(squashed),
        scripts,
        hash,
        chain: chain::link(None, hash),
        change_text,
    };
    let mut migrations = vec![first];
    for migration in open {
        let chain = chain::link(migrations.last().map(|previous| previous.chain), migration.hash);
        migrations.push(Migration { chain, ..migration.clone() });
    }
    Ok(Some(History { snapshot: history.snapshot.clone(), migrations, sealed: history.sealed }))
}
