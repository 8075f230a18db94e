//! `migrate baseline`, and what waits after `migrate contract`. In: a database and its history. Out: differences, steps, words.

use std::fmt::Write as _;

use cell_migrate::{Adoption, Baseline, MigrateError, State, baseline, status};
use serde::Serialize;

use super::{Subject, Value};
use crate::output::{Output, Style};
use crate::source::counted;
use crate::stop::Stop;

/// The result, for programs.
#[derive(Serialize)]
struct BaselineValue<'a> {
    target: String,
    done: bool,
    #[serde(flatten)]
    baseline: &'a Baseline,
}

/// Shows how a database differs, and adopts it where that is asked for.
///
/// # Errors
/// It cannot be adopted; the differences have been shown.
pub(super) async fn run(subject: &Subject<'_>, yes: bool, output: &Output) -> Result<(), Stop> {
    let zones = subject.database.hints.tables.iter().flat_map(|(table, said)| {
        said.columns.iter().filter_map(|(column, said)| Some(((table.clone(), column.clone()), said.zone.clone()?)))
    });
    let adoption = Adoption { dry_run: !yes, zones: zones.collect() };
    let name = &subject.database.name;
    match baseline(&subject.target, &subject.history, &adoption).await {
        Ok(baseline) => {
            let value = BaselineValue { target: subject.target.to_string(), done: yes, baseline: &baseline };
            output.value(Value { command: "migrate baseline", database: name, value });
            output.text(|style| text(name, &baseline, yes, style));
            Ok(())
        }
        Err(error) => {
            if let MigrateError::Baseline { differences, .. } = &error {
                let shown = Baseline { differences: differences.clone(), ..Baseline::default() };
                output.text(|style| text(name, &shown, false, style));
            }
            Err(error.into())
        }
    }
}

fn text(name: &str, baseline: &Baseline, done: bool, style: Style) -> String {
    let mut text = match baseline.differences.len() {
        0 => format!("{name} is as its migrations say\n"),
        differences => format!("{}\n", style.heading(&format!("{name}: {}", counted(differences, "difference")))),
    };
    for difference in &baseline.differences {
        super::difference(&mut text, difference, style);
    }
    for object in &baseline.unmodelled {
        let _ = writeln!(text, "  beside the model, left alone: {object}");
    }
    for step in &baseline.steps {
        let _ = writeln!(text, "  {} {step}", if done { "done:" } else { "to do:" });
    }
    if let Some(head) = &baseline.head {
        let _ = match done {
            true => writeln!(text, "{name}: adopted at {head}"),
            false => writeln!(text, "{name}: `--yes` adopts it at {head}"),
        };
    }
    text
}

/// Whether nothing waits any more.
///
/// # Errors
/// The database does not answer.
pub(super) async fn is_contracted(subject: &Subject<'_>, output: &Output) -> Result<bool, Stop> {
    let status = status(&subject.target, &subject.history).await?;
    let waiting: Vec<&str> = status
        .applied
        .iter()
        .filter(|migration| matches!(migration.state, State::Expanded | State::Contracting))
        .map(|migration| migration.name.as_str())
        .collect();
    for migration in &waiting {
        output.note(format_args!("the second phase of `{migration}` waits: an earlier release still runs"));
    }
    Ok(waiting.is_empty())
}
