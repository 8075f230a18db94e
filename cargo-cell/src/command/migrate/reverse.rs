//! `migrate reverse`: the SQL that undoes the newest migration, where that loses nothing. In: a history, and how far the database
//! came. Out: SQL, or why not.
//! Absent: running it: whoever undoes a migration looks at what that does first.

use cell_migrate::State;
use cell_schema::history::{self, Parts};
use cell_schema::plan::{self, Indexes, Reverse};
use cell_schema::schema::Schema;
use serde::Serialize;

use super::{Subject, Value};
use crate::output::Output;
use crate::stop::{Mistake, Stop};

/// The result, for programs.
#[derive(Serialize)]
struct ReverseValue<'a> {
    migration: &'a str,
    sql: &'a str,
}

/// Prints the way back.
///
/// # Errors
/// There is no migration, or none that can be undone without loss.
pub(super) async fn run(subject: &Subject<'_>, output: &Output) -> Result<(), Stop> {
    let name = &subject.database.name;
    let refused = |refusals: Vec<cell_schema::Refusal>| {
        let lines: Vec<String> =
            refusals.iter().map(|refusal| format!("`{}`: {}", refusal.object, refusal.message)).collect();
        lines.join("; ")
    };
    let Some((last, before)) = subject.history.migrations.split_last() else {
        return Err(Mistake::new(format!("`{name}` has no migrations")).into());
    };
    let broken = |refusals| Stop::from(Mistake::new(refused(refusals)));
    let mut previous = Schema { database: name.clone(), ..Schema::default() };
    for migration in before {
        previous = plan::replay(&previous, &migration.changes).map_err(broken)?;
    }
    let engine = subject.target.engine();
    let Some(head) = cell_migrate::head(&subject.target).await?.filter(|head| head.number == last.number) else {
        return Err(Mistake::new(format!("`{}` is not the newest migration that `{}` has", last.name, subject.target))
            .help("it undoes what was applied; `cargo cell migrate status` says what was")
            .into());
    };
    if matches!(head.state, State::Started | State::Contracting) {
        return Err(Mistake::new(format!("`{}` is under way in `{}`", last.name, subject.target))
            .help("`cargo cell migrate apply` goes on with it")
            .into());
    }
    let waiting = last.phases.as_ref().filter(|_| last.has_contract() && head.state == State::Expanded);
    let (reversed, state) = match waiting {
        Some(phases) => (plan::reverse_between(&previous, phases), " while its second phase waits"),
        None => (plan::reverse(&previous, &last.changes), ""),
    };
    let back = match reversed.map_err(broken)? {
        Reverse::Changes(back) => back,
        Reverse::None(refusals) => {
            let message = format!("`{}` cannot be undone without loss: {}", last.name, refused(refusals));
            return Err(Mistake::new(message)
                .help("restore a backup, or write a migration that goes on from here")
                .into());
        }
    };
    let program = match waiting {
        Some(phases) => plan::program_between(engine, &previous, phases, &back, Indexes::InTransactions),
        None => plan::replay(&previous, &last.changes)
            .and_then(|next| plan::program(engine, &next, &back, Indexes::InTransactions)),
    };
    let Parts { steps, .. } = history::parts(engine, &program.map_err(broken)?);
    let sql = cell_migrate::undo(engine, last.number, &steps);
    output.value(Value {
        command: "migrate reverse",
        database: name,
        value: ReverseValue { migration: &last.name, sql: &sql },
    });
    output.text(|_| {
        let title = engine.title();
        format!(
            "-- undoes {} of {name} on {title}{state}; then take its folder and its declarations away\n\n{sql}",
            last.name
        )
    });
    Ok(())
}
