//! `plan`: what differs from the last release. In: an application's sources, and what is committed under `cell/`. Out: text,
//! Markdown or JSON. With a region, what a deploy would change on its nodes.

mod human;
mod markdown;
mod words;

use cell_codegen::compile::Compiled;
use cell_codegen::emit::{self, Outdated};
use cell_codegen::release::{self, Difference};
use cell_codegen::topology::Topology;
use serde::Serialize;

use crate::cli::{Plan, PlanFormat};
use crate::output::Output;
use crate::stop::{Exit, Stop};
use crate::{remote, source};

use super::build::File;

/// What differs, and from what.
struct Changes<'a> {
    application: &'a str,
    /// The last release's number.
    release: Option<u32>,
    /// Whether the next release would be another.
    differs: bool,
    outdated: Vec<Outdated>,
    difference: Difference,
}

/// The result, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    application: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<u32>,
    differs: bool,
    up_to_date: bool,
    files: Vec<File<'a>>,
    #[serde(flatten)]
    difference: &'a Difference,
}

/// Shows what differs.
///
/// # Errors
/// What is wrong with the application, or with the record of its last release.
pub(super) async fn run(arguments: &Plan, output: &Output) -> Result<Exit, Stop> {
    let application = &arguments.compile.application;
    let compiled = source::compile(&arguments.compile.scan(), &arguments.compile, output)?;
    let topology = source::environment(&compiled, application)?;
    if let Some(region) = &arguments.region {
        return regional(arguments, &compiled, topology, region, output).await;
    }
    let last = release::last(&compiled.previous).map_err(|error| super::release::unreadable(&error))?;
    let next = release::next(&compiled.model, &compiled.histories, &compiled.topologies, last.as_ref());
    let mut difference = release::between(last.as_ref(), &next, &compiled.model, &compiled.histories);
    if application.environment.is_some() {
        difference.processes.retain(|process| process.topology == topology.file);
    }
    let changes = Changes {
        application: &compiled.model.application,
        release: last.as_ref().map(|last| last.release),
        differs: last.is_none_or(|last| last != next),
        outdated: emit::outdated(&compiled.root, &compiled.artifacts)?,
        difference,
    };
    output.value(Value {
        command: "plan",
        application: changes.application,
        release: changes.release,
        differs: changes.differs,
        up_to_date: changes.outdated.is_empty(),
        files: changes.outdated.iter().map(File::of).collect(),
        difference: &changes.difference,
    });
    output.text(|style| match arguments.format {
        Some(PlanFormat::Markdown) => markdown::text(&changes),
        _ => human::text(&changes, style),
    });
    Ok(if changes.differs || !changes.outdated.is_empty() { Exit::OutOfDate } else { Exit::Done })
}

/// What a deploy to a region would change.
#[derive(Serialize)]
struct RegionalValue<'a> {
    command: &'static str,
    plan: &'a cell_node::plan::Plan,
    hash: String,
}

/// Shows what a deploy to a region would change on its nodes.
async fn regional(
    arguments: &Plan,
    compiled: &Compiled,
    topology: &Topology,
    region: &str,
    output: &Output,
) -> Result<Exit, Stop> {
    let plan = super::deploy::plan(compiled, &arguments.compile.scan_for_release(), topology, region, output).await?;
    output.value(RegionalValue { command: "plan", plan: &plan, hash: plan.hash().to_string() });
    output.text(|style| match arguments.format {
        Some(PlanFormat::Markdown) => remote::markdown(&plan),
        _ => remote::human(&plan, style),
    });
    Ok(if plan.is_empty() { Exit::Done } else { Exit::OutOfDate })
}
