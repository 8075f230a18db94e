//! `migrate`: a live database and the committed history. In: an application, its environment.
//! Out: tables for people, values for programs. Absent: deciding what runs, which `cell_migrate` does.

mod adopted;
mod copied;
mod rebase;
mod reverse;
mod squash;

use std::fmt::Write as _;

use cell_codegen::compile::Compiled;
use cell_codegen::model::Database;
use cell_migrate::{Applied, Options, Status, Target, Verified, When, apply, read_history, status};
use cell_schema::history::History;
use serde::Serialize;

use crate::cli::{Action, Migrate, OneDatabase};
use crate::output::{Output, Style};
use crate::source::{self, counted};
use crate::stop::{Exit, Mistake, Stop};
use crate::{database, state};

/// A result about one database.
#[derive(Serialize)]
struct Value<'a, T: Serialize> {
    command: &'static str,
    database: &'a str,
    #[serde(flatten)]
    value: T,
}

/// What was applied, or would be.
#[derive(Serialize)]
struct AppliedValue<'a> {
    target: String,
    dry_run: bool,
    #[serde(flatten)]
    applied: &'a Applied,
}

/// A database with its committed history.
struct Subject<'a> {
    database: &'a Database,
    history: History,
    target: Target,
}

/// Runs what was asked for on each of the chosen databases.
///
/// # Errors
/// Why it is not done.
pub(super) async fn run(arguments: &Migrate, output: &Output) -> Result<Exit, Stop> {
    let one = arguments.action.database();
    if let Action::Rebase { keep, .. } = &arguments.action {
        // Its files do not fit together yet.
        return rebase::run(one, keep.as_deref(), output);
    }
    let compiled = source::compile(&one.compile.scan(), &one.compile, output)?;
    source::environment(&compiled, &one.compile.application)?;
    let subjects = subjects(&compiled, one, output)?;
    if matches!(arguments.action, Action::Apply { dry_run: false, .. } | Action::Baseline { yes: true, .. }) {
        state::make(&state::folder(&compiled.root))?;
    }
    if let (Action::Copy { .. }, true) = (&arguments.action, subjects.len() > 1) {
        return Err(Mistake::usage("the application has several databases, and one is copied at a time")
            .help("name it: `--database NAME`")
            .into());
    }
    let mut behind = 0;
    for subject in &subjects {
        let done = match &arguments.action {
            Action::Status(_) => show_status(subject, output).await?,
            Action::Verify(_) => show_drift(subject, output).await?,
            Action::Apply { dry_run, .. } => {
                let mut options = Options::default();
                options.dry_run = *dry_run;
                options.allowed = one.compile.allow.iter().cloned().collect();
                // What a release that runs somewhere still needs stays for now.
                options.contracts = When::Released { live: None };
                run_apply(subject, &options, "migrate apply", output).await?;
                true
            }
            Action::Contract(_) => {
                let mut options = Options::default();
                options.create = false;
                options.contracts = When::Released { live: None };
                run_apply(subject, &options, "migrate contract", output).await?;
                adopted::is_contracted(subject, output).await?
            }
            Action::Baseline { yes, .. } => {
                adopted::run(subject, *yes, output).await?;
                true
            }
            Action::Squash(_) => {
                squash::run(subject, &compiled.root, output)?;
                true
            }
            Action::Rebase { .. } => true,
            Action::Copy { to, .. } => {
                copied::run(subject, to, output).await?;
                true
            }
            Action::Reverse(_) => {
                reverse::run(subject, output).await?;
                true
            }
        };
        behind += usize::from(!done);
    }
    let databases = counted(behind, "database");
    match &arguments.action {
        _ if behind == 0 => Ok(Exit::Done),
        Action::Verify(_) => Err(Mistake::out_of_date(format!("{databases} differ from the migrations"))
            .help("undo what was changed by hand, or declare it and build")
            .into()),
        Action::Contract(_) => Err(Mistake::new(format!("something still waits in {databases}"))
            .code("contract-waits")
            .help("deploy the newest release wherever an earlier one runs, then run this again")
            .into()),
        _ => Err(Mistake::out_of_date(format!("{databases} not up to date"))
            .help("`cargo cell migrate apply` applies what is missing")
            .into()),
    }
}

fn subjects<'a>(compiled: &'a Compiled, one: &OneDatabase, output: &Output) -> Result<Vec<Subject<'a>>, Stop> {
    let state = state::folder(&compiled.root);
    let mut subjects = Vec::new();
    for database in database::chosen(&compiled.model, one.database.as_deref())? {
        // The committed files count: they are what was rehearsed and reviewed.
        let history = read_history(&compiled.root.join(&database.folder))?.ok_or_else(|| {
            Mistake::out_of_date(format!("`{}` has no migrations yet", database.name))
                .help("`cargo cell build` writes them")
        })?;
        if compiled.histories.get(&database.name) != Some(&history) {
            output.note(format_args!(
                "`{}` is behind the sources; `cargo cell build` brings it up to date",
                database.folder
            ));
        }
        subjects.push(Subject { database, history, target: database::target(compiled, database, &state)? });
    }
    Ok(subjects)
}

/// Out: whether everything is applied.
async fn show_status(subject: &Subject<'_>, output: &Output) -> Result<bool, Stop> {
    let status = status(&subject.target, &subject.history).await?;
    let name = &subject.database.name;
    output.value(Value { command: "migrate status", database: name, value: &status });
    output.text(|style| table(name, &status, style));
    Ok(status.pending.is_empty() && status.draft.is_none() && status.problem.is_none())
}

fn table(name: &str, status: &Status, style: Style) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    for migration in &status.applied {
        let at = migration.applied_at.as_deref().map(|at| format!(" {at}")).unwrap_or_default();
        let state = match migration.state {
            cell_migrate::State::Started => "begun, not finished",
            cell_migrate::State::Expanded => "applied, its second phase waits",
            cell_migrate::State::Contracting => "applied, its second phase has begun",
            cell_migrate::State::Open | cell_migrate::State::Sealed | cell_migrate::State::Contracted => "applied",
        };
        rows.push((&migration.name, format!("{state}{at}")));
    }
    let begun = |name: &&String| !status.applied.iter().any(|applied| applied.name == **name);
    rows.extend(status.pending.iter().filter(begun).map(|name| (name.as_str(), "not applied".to_owned())));
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let engine = cell_schema::Engine::from_name(status.engine).map_or(status.engine, cell_schema::Engine::title);
    let mut text = format!("{}\n", style.heading(&format!("{name} on {engine}: {}", status.target)));
    for (name, state) in rows {
        let _ = writeln!(text, "  {name:<width$}  {state}");
    }
    if let Some(draft) = &status.draft {
        let _ = writeln!(text, "  `{}` was applied as an earlier draft; to be moved on by:", draft.migration);
        for step in &draft.steps {
            let _ = writeln!(text, "    {step}");
        }
    }
    if let Some(problem) = &status.problem {
        let _ = writeln!(text, "  in the way [{}]: {}", problem.code, problem.message);
        if let Some(help) = &problem.help {
            let _ = writeln!(text, "    {help}");
        }
    }
    text
}

async fn run_apply(
    subject: &Subject<'_>,
    options: &Options,
    command: &'static str,
    output: &Output,
) -> Result<(), Stop> {
    let dry_run = options.dry_run;
    let applied = apply(&subject.target, &subject.history, options).await?;
    let name = &subject.database.name;
    let value = AppliedValue { target: subject.target.to_string(), dry_run, applied: &applied };
    output.value(Value { command, database: name, value });
    output.text(|style| steps(name, &applied, dry_run, style));
    Ok(())
}

fn steps(name: &str, applied: &Applied, dry_run: bool, style: Style) -> String {
    if applied.steps.is_empty() {
        return format!("{name}: nothing to apply\n");
    }
    let mut text = String::new();
    let mut migration = None;
    for step in &applied.steps {
        if migration != Some(&step.migration) {
            migration = Some(&step.migration);
            let draft = if step.draft { ", from an earlier draft" } else { "" };
            let _ = writeln!(text, "{}", style.heading(&format!("{name}: {}{draft}", step.migration)));
        }
        let _ = writeln!(text, "  step {}: {}", step.step, step.title);
        if let Some(failed) = &step.failed_before {
            let _ = writeln!(text, "    failed before: {failed}");
        }
        if dry_run {
            for line in step.sql.lines() {
                let _ = writeln!(text, "{}", format!("    {line}").trim_end());
            }
        }
    }
    for counted in &applied.counted {
        let _ = writeln!(text, "  allowed, and counted: {counted}");
    }
    let done = if dry_run { "would be applied" } else { "applied" };
    let _ = writeln!(text, "{name}: {} {done}", counted(applied.steps.len(), "step"));
    text
}

/// Out: whether the database is as its migrations say.
async fn show_drift(subject: &Subject<'_>, output: &Output) -> Result<bool, Stop> {
    let name = &subject.database.name;
    // An open migration that is not applied is no drift, and would look like it.
    let status = status(&subject.target, &subject.history).await?;
    if !status.pending.is_empty() || status.draft.is_some() || status.problem.is_some() {
        return Err(Mistake::out_of_date(format!("`{name}` is not up to date, so it cannot be compared"))
            .help("`cargo cell migrate status` says what is missing, `cargo cell migrate apply` applies it")
            .into());
    }
    let verified = cell_migrate::drift(&subject.target, &subject.history).await?;
    output.value(Value { command: "migrate verify", database: name, value: &verified });
    output.text(|style| drift(name, &verified, style));
    Ok(verified.differences.is_empty() && verified.sequences.is_empty())
}

fn drift(name: &str, verified: &Verified, style: Style) -> String {
    let Verified { differences, sequences, unmodelled } = verified;
    let mut text = match differences.len() + sequences.len() {
        0 => format!("{name} is as its migrations say\n"),
        all => format!("{}\n", style.heading(&format!("{name}: {}", counted(all, "difference")))),
    };
    for (found, code) in [(differences, "schema-drift"), (sequences, "sequence-behind-rows")] {
        for difference in found {
            self::difference(&mut text, difference, style);
        }
        if !found.is_empty() {
            let _ = writeln!(text, "  (- as its migrations say, + as it is; `cargo cell explain {code}`)");
        }
    }
    for object in unmodelled {
        let _ = writeln!(text, "  beside the model, left alone: {object}");
    }
    text
}

/// A difference in three lines.
fn difference(text: &mut String, difference: &cell_migrate::Difference, style: Style) {
    let _ = writeln!(text, "  {}", difference.object);
    if let Some(expected) = &difference.expected {
        let _ = writeln!(text, "  {}", style.removed(&format!("- {expected}")));
    }
    if let Some(found) = &difference.found {
        let _ = writeln!(text, "  {}", style.added(&format!("+ {found}")));
    }
}
