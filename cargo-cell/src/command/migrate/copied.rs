//! `migrate copy`: all rows into an empty database, of the other engine or of the same. In: a database, a URL. Out: what is there now.
//! Absent: moving rows, which `cell_migrate` does, and writing to the database meanwhile, which whoever copies has to stop.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use cell_migrate::{Copied, CopyError, Progress, Target, Url};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Subject, Value};
use crate::output::Output;
use crate::source::counted;
use crate::stop::{Mistake, Stop};

/// The result, for programs.
#[derive(Serialize)]
struct CopiedValue<'a> {
    source: String,
    target: String,
    #[serde(flatten)]
    copied: &'a Copied,
}

/// Copies a database.
///
/// # Errors
/// One of the databases is not as it must be, or they differ at the end.
pub(super) async fn run(subject: &Subject<'_>, to: &str, output: &Output) -> Result<(), Stop> {
    let target = Target::new(Url::new(to))?;
    let name = &subject.database.name;
    output.progress("Copying", format_args!("{name} from {} to {target}", subject.target));
    let bar = bar(output);
    let mut current = String::new();
    let mut progress = |progress: Progress<'_>| match progress {
        Progress::Begun { rows, present } => {
            bar.set_length(rows);
            bar.set_position(present);
            if present > 0 {
                bar.suspend(|| output.progress("Resuming", format_args!("{present} of {rows} rows are there already")));
            }
        }
        Progress::Wrote { table, rows } => {
            if current != table {
                table.clone_into(&mut current);
                bar.set_message(current.clone());
            }
            bar.inc(rows);
        }
        Progress::Verifying { table } => bar.set_message(format!("comparing {table}")),
        _ => {}
    };
    let copied = cell_migrate::copy(&subject.target, &target, &subject.history, &mut progress).await;
    bar.finish_and_clear();
    let copied = copied.map_err(mistake)?;
    let value = CopiedValue { source: subject.target.to_string(), target: target.to_string(), copied: &copied };
    output.value(Value { command: "migrate copy", database: name, value });
    output.text(|_| shown(name, &copied));
    Ok(())
}

fn mistake(error: CopyError) -> Stop {
    match error {
        CopyError::Migrate(error) => error.into(),
        error => Mistake::new(error.to_string()).code(error.code()).maybe_help(error.help()).into(),
    }
}

/// How far the copy is, where somebody looks.
fn bar(output: &Output) -> ProgressBar {
    if output.is_quiet() || output.is_json() || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{bar:30} {human_pos}/{human_len} rows, {per_sec}, {eta} left: {msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

fn shown(name: &str, copied: &Copied) -> String {
    let width = copied.tables.iter().map(|table| table.table.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for table in &copied.tables {
        let hash = table.hash.get(..16).unwrap_or_default();
        let rows = counted(usize::try_from(table.rows).unwrap_or(usize::MAX), "row");
        let _ = writeln!(text, "  {:<width$}  {rows}, equal ({hash})", table.table);
    }
    for object in &copied.left {
        let _ = writeln!(text, "  beside the model, not copied: {object}");
    }
    let rows: u64 = copied.tables.iter().map(|table| table.rows).sum();
    let _ =
        writeln!(text, "{name}: {} copied and compared", counted(usize::try_from(rows).unwrap_or(usize::MAX), "row"));
    text
}
