//! `deploy` and `rollback`: a release to the nodes of a region, and back. In: sources that are released, a topology.
//! Out: nodes that run it, or what they ran and the reason. Absent: deciding (`cell_node::plan`) and doing it
//! (`cell_node::deploy`).

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Instant;

use cell_codegen::compile::Compiled;
use cell_codegen::topology::Topology;
use cell_codegen::{emit, release};
use cell_node::deploy::{self, Failure};
use cell_node::digest::Digest;
use cell_node::host::Host;
use cell_node::plan::{self, Migration, Plan, Wish};
use cell_node::protocol::{Event, Refused};
use futures_util::future::join_all;
use serde::Serialize;

use crate::cli::{Deploy, Rollback};
use crate::output::Output;
use crate::remote::{self, Bundled, Place, Region};
use crate::stop::{Exit, Mistake, Stop};
use crate::{cargo, rehearsal, source};

/// What was done, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    plan: &'a Plan,
    hash: String,
    /// Whether the plan was carried out.
    done: bool,
}

/// Deploys a release to a region.
///
/// # Errors
/// Why it is not deployed; then what ran before runs.
pub(super) async fn deploy(arguments: &Deploy, output: &Output) -> Result<Exit, Stop> {
    let options = arguments.compile.scan_for_release();
    let compiled = source::compile(&options, &arguments.compile, output)?;
    let topology = source::environment(&compiled, &arguments.compile.application)?;
    let place = Place::of(&compiled.root, &compiled.model.application, topology.environment.as_deref());
    let release = released(&compiled)?;
    output.progress("Checked", format_args!("{}: release {release}", place.name));
    // Before the build, which takes longer: the nodes may not be there.
    let mut region = remote::region(&place, &arguments.region).await?;
    let bundled = build(&compiled, &options, release, output)?;
    let plan = planned(&compiled, topology, &arguments.region, release, &bundled, &region)?;
    carry_out(
        Deploying { command: "deploy", plan: &plan, bundled: Some(&bundled) },
        &mut region,
        &arguments.consent,
        output,
    )
    .await
}

/// The plan of a deploy, without carrying it out: what `plan --region` shows.
///
/// # Errors
/// What is in the way.
pub(super) async fn plan(
    compiled: &Compiled,
    options: &cell_codegen::scan::Options,
    topology: &Topology,
    region: &str,
    output: &Output,
) -> Result<Plan, Stop> {
    let release = released(compiled)?;
    let place = Place::of(&compiled.root, &compiled.model.application, topology.environment.as_deref());
    let nodes = remote::region(&place, region).await?;
    let bundled = build(compiled, options, release, output)?;
    planned(compiled, topology, region, release, &bundled, &nodes)
}

/// Goes back to a release that the region's nodes have kept.
///
/// # Errors
/// Why not; then what ran before runs.
pub(super) async fn rollback(arguments: &Rollback, output: &Output) -> Result<Exit, Stop> {
    let place = Place::find(&arguments.application)?;
    let mut region = remote::region(&place, &arguments.region).await?;
    let order = kept(&region, arguments.to.as_deref())?;
    let wish = Wish {
        application: place.name.clone(),
        region: arguments.region.clone(),
        release: order.0,
        bundle: order.1,
        needs: None,
        size: 0,
        histories: BTreeMap::new(),
    };
    let plan = plan::rollback(&wish, &region.facts).map_err(|refused| several(&refused))?;
    carry_out(Deploying { command: "rollback", plan: &plan, bundled: None }, &mut region, &arguments.consent, output)
        .await
}

/// The number of the release that the sources are.
fn released(compiled: &Compiled) -> Result<u32, Stop> {
    let outdated = emit::outdated(&compiled.root, &compiled.artifacts)?;
    if let Some(first) = outdated.first() {
        let message = format!("what is committed under `cell/` is not what the sources say: {first}");
        return Err(Mistake::out_of_date(message)
            .code("not-released")
            .help("`cargo cell release` builds and seals it; commit what it writes")
            .into());
    }
    let application = &compiled.model.application;
    let not_released = |what: String| {
        Stop::from(
            Mistake::out_of_date(what)
                .code("not-released")
                .help("`cargo cell release` seals it as the next release; commit what it writes"),
        )
    };
    let last = release::last(&compiled.previous).map_err(|error| super::release::unreadable(&error))?;
    let Some(last) = last else { return Err(not_released(format!("`{application}` was never released"))) };
    let next = release::next(&compiled.model, &compiled.histories, &compiled.topologies, Some(&last));
    if last != next {
        let message = format!("the sources of `{application}` are not release {} any more", last.release);
        return Err(not_released(message));
    }
    Ok(last.release)
}

fn build(
    compiled: &Compiled,
    options: &cell_codegen::scan::Options,
    release: u32,
    output: &Output,
) -> Result<Bundled, Stop> {
    let built = cargo::build_release(compiled, options, output)?;
    let target = options.target.clone().unwrap_or_else(|| Host::this().target);
    remote::bundle(compiled, &built.executable, release, (&options.profile, &target))
}

fn planned(
    compiled: &Compiled,
    topology: &Topology,
    region: &str,
    release: u32,
    bundled: &Bundled,
    nodes: &Region,
) -> Result<Plan, Stop> {
    let manifest = emit::manifest::of(&compiled.model, &compiled.histories, topology);
    let wish = Wish {
        application: compiled.model.application.clone(),
        region: region.to_owned(),
        release,
        bundle: *bundled.index.hash(),
        needs: Some(bundled.needs.clone()),
        size: bundled.index.length(),
        histories: histories(compiled),
    };
    plan::deploy(&wish, &manifest, &nodes.facts).map_err(|refused| several(&refused))
}

fn histories(compiled: &Compiled) -> BTreeMap<String, Vec<Migration>> {
    let migration = |migration: &cell_schema::history::Migration, engine| Migration {
        number: migration.number,
        name: migration.name.clone(),
        hash: migration.hash.to_string(),
        stands_for: migration.squashed.as_ref().map(|squashed| squashed.hash.clone()),
        steps: migration.told(engine),
    };
    let engine = |name: &String| {
        compiled.model.databases.iter().find(|database| database.name == *name).map(|found| found.engine)
    };
    let all = compiled.histories.iter().filter_map(|(name, history)| Some((name, history, engine(name)?)));
    all.map(|(name, history, engine)| {
        (name.clone(), history.migrations.iter().map(|next| migration(next, engine)).collect())
    })
    .collect()
}

/// What is carried out.
struct Deploying<'a> {
    command: &'static str,
    plan: &'a Plan,
    /// What the nodes may lack.
    bundled: Option<&'a Bundled>,
}

async fn carry_out(
    deploying: Deploying<'_>,
    region: &mut Region,
    consent: &crate::cli::Consent,
    output: &Output,
) -> Result<Exit, Stop> {
    let Deploying { command, plan, bundled } = deploying;
    let value = |done| Value { command, plan, hash: plan.hash().to_string(), done };
    if let Some(expected) = &consent.expect
        && !plan.is_empty()
        && *expected != plan.hash().to_string()
    {
        output.text(|style| remote::human(plan, style));
        return Err(Mistake::out_of_date("the plan is not the one that was expected")
            .code("plan-outdated")
            .help("look at the plan above; its hash is on its last line")
            .into());
    }
    if plan.is_empty() {
        output.value(value(true));
        output.done("Unchanged", format_args!("{} runs release {} in {}", plan.application, plan.release, plan.region));
        return Ok(Exit::Done);
    }
    output.text(|style| remote::human(plan, style));
    if consent.dry_run {
        output.value(value(false));
        return Ok(Exit::OutOfDate);
    }
    if !consent.yes && consent.expect.is_none() {
        confirm()?;
    }
    // Neither the build nor the question count.
    let begun = Instant::now();
    if let Some(bundled) = bundled {
        let sent = join_all(plan.nodes.iter().zip(&mut region.clients).filter(|(node, _)| !node.steps.is_empty()).map(
            |(node, client)| async {
                let sent = client.send(&bundled.archive, &bundled.index, &mut |_, _| {}).await;
                let sent = sent.map_err(|error| remote::failed(&node.node, error))?;
                output.progress("Sent", format_args!("{} to {}", size(sent), node.node));
                Ok::<_, Stop>(())
            },
        ));
        sent.await.into_iter().collect::<Result<Vec<()>, Stop>>()?;
    }
    let told = |node: &str, event: Event| progress(output, node, event);
    deploy::apply(plan, &mut region.clients, &told).await.map_err(|failure| failed(plan, failure))?;
    output.value(value(true));
    let took = rehearsal::shown(begun.elapsed());
    output.done("Finished", format_args!("{} release {} in {}, {took}", plan.application, plan.release, plan.region));
    Ok(Exit::Done)
}

fn size(bytes: u64) -> String {
    match bytes {
        0 => "nothing".to_owned(),
        1..=1_048_575 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

fn progress(output: &Output, node: &str, event: Event) {
    match event {
        Event::Migrated { database, migrations } => {
            output.progress("Migrated", format_args!("{database} on {node}: {}", migrations.join(", ")));
        }
        Event::Indexed { index } => output.progress("Indexed", format_args!("{index} on {node}")),
        Event::Started { process, replica } => {
            output.progress("Started", format_args!("{process} {replica} on {node}"))
        }
        Event::Ready { process, replica } => output.progress("Ready", format_args!("{process} {replica} on {node}")),
        Event::Serving { http: Some(http) } => output.progress("Serving", format_args!("on {node} at http://{http}")),
        Event::Serving { http: None } => output.progress("Switched", node),
        Event::Stopped { process, replica } => {
            output.progress("Stopped", format_args!("{process} {replica} of before on {node}"));
        }
        Event::NotRecorded { reason } => output.note(format_args!(
            "the databases that {node} migrates keep what the release before needed until the next deploy: {reason}"
        )),
        Event::Line { .. } => {}
    }
}

fn failed(plan: &Plan, failure: Failure) -> Stop {
    let stop = remote::failed(&failure.node, failure.error);
    let Stop::Mistake(mut mistake) = stop else { return stop };
    let state = match (failure.step, failure.unreachable.is_empty()) {
        ("finish", _) => format!("release {} serves, and what ran before may still be running", plan.release),
        (_, true) if plan.nodes.iter().all(|node| node.previous.is_none()) => "nothing was changed".to_owned(),
        (_, true) => "what ran before runs".to_owned(),
        (_, false) => format!(
            "what ran before runs, but on {} that is not known: run the same command again",
            failure.unreachable.iter().map(|node| format!("`{node}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    mistake.message = format!("{}\n  {state}", mistake.message);
    mistake.into()
}

/// Asks on the terminal.
fn confirm() -> Result<(), Mistake> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Mistake::usage("nobody is there to say yes").help("say `--yes`, or `--expect` with the plan's hash")
        );
    }
    let _ = write!(std::io::stderr(), "carry it out? [y/N] ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    match read {
        Ok(_) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes") => Ok(()),
        _ => Err(Mistake::new("nothing was changed")),
    }
}

/// Everything that is in the way, as one mistake.
fn several(refused: &[Refused]) -> Stop {
    let Some((first, rest)) = refused.split_first() else { return Stop::Bug("refused without a reason".to_owned()) };
    let mut mistake = remote::refused(None, first);
    for next in rest {
        let help = next.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        mistake.message.push_str(&format!("\n  and: {next}{help}"));
    }
    mistake.into()
}

/// The release and bundle to go back to: the newest that is kept, or the one that is named by number or bundle.
fn kept(region: &Region, to: Option<&str>) -> Result<(u32, Digest), Stop> {
    // What was gone back from is gone back to only by its name.
    let kept = region.facts.iter().flat_map(|node| &node.deployed.kept).filter(|kept| to.is_some() || !kept.withdrawn);
    let kept = kept.map(|kept| (kept.since, &kept.order));
    let mut orders: Vec<_> = kept.collect();
    if to.is_some() {
        // By name it may be the one that runs: then there is nothing to do, and that is said.
        let current = region.facts.iter().filter_map(|node| node.deployed.current.as_ref());
        orders.extend(current.map(|current| (current.since, &current.order)));
    }
    orders.sort_by_key(|(since, _)| std::cmp::Reverse(*since));
    let mut known: Vec<(u32, Digest)> = Vec::new();
    for (_, order) in orders {
        let release = (order.release, order.bundle);
        if !known.contains(&release) {
            known.push(release);
        }
    }
    let listed: Vec<String> = known.iter().map(|(number, bundle)| format!("{number} ({})", bundle.short())).collect();
    let fits = |(number, bundle): &&(u32, Digest)| match to {
        None => true,
        Some(to) => number.to_string() == to || (to.len() >= 4 && bundle.to_string().starts_with(to)),
    };
    let found: Vec<_> = known.iter().filter(fits).collect();
    match (found.as_slice(), to) {
        ([], Some(to)) if !known.is_empty() => {
            let message = format!("no node has kept a release `{}`", to.escape_debug());
            Err(Mistake::usage(message).help(format!("kept are {}", listed.join(", "))).into())
        }
        ([], _) => {
            Err(Mistake::new("no node of the region has kept an earlier release").code("release-not-kept").into())
        }
        ([_, _, ..], Some(to)) => {
            let message = format!("several bundles were deployed as release {to}");
            Err(Mistake::usage(message)
                .help(format!("name one by the beginning of its hash: {}", listed.join(", ")))
                .into())
        }
        ([first, ..], _) => Ok(**first),
    }
}
