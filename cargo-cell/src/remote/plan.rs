//! A deploy plan as text: for a terminal, and as Markdown for a review. In: a plan. Out: text. Absent: deciding.

use std::fmt::Write as _;

use cell_node::plan::{NodePlan, Plan, Step};

use crate::output::Style;
use crate::source::counted;

/// A plan for a terminal.
pub(crate) fn human(plan: &Plan, style: Style) -> String {
    let mut text = String::new();
    for node in &plan.nodes {
        let _ = writeln!(text, "{}", style.heading(&title(plan, node)));
        for step in &node.steps {
            let (sign, line) = line(step);
            let line = format!("{sign} {line}");
            let line = match sign {
                '+' => style.added(&line),
                '-' => style.removed(&line),
                _ => line,
            };
            let _ = writeln!(text, "  {line}");
            details(step).iter().for_each(|detail| {
                let _ = writeln!(text, "      {detail}");
            });
        }
        if node.steps.is_empty() {
            text.push_str("  nothing to do\n");
        }
    }
    let _ = writeln!(text, "plan {}", plan.hash());
    text
}

/// A plan for a review.
pub(crate) fn markdown(plan: &Plan) -> String {
    let mut text = format!("### `{}` in `{}`: release {}\n\n", plan.application, plan.region, plan.release);
    for node in &plan.nodes {
        let _ = writeln!(text, "**{}**\n", title(plan, node));
        for step in &node.steps {
            let (sign, line) = line(step);
            let _ = writeln!(text, "- `{sign}` {line}");
            details(step).iter().for_each(|detail| {
                let _ = writeln!(text, "  - {detail}");
            });
        }
        if node.steps.is_empty() {
            text.push_str("- nothing to do\n");
        }
        text.push('\n');
    }
    let _ = writeln!(text, "Plan `{}`", plan.hash());
    text
}

fn title(plan: &Plan, node: &NodePlan) -> String {
    let next = format!("release {} ({})", plan.release, plan.bundle.short());
    match &node.previous {
        Some((_, bundle)) if *bundle == plan.bundle => format!("{}: {next}", node.node),
        Some((release, bundle)) => format!("{}: release {release} ({}) → {next}", node.node, bundle.short()),
        None => format!("{}: nothing → {next}", node.node),
    }
}

fn line(step: &Step) -> (char, String) {
    match step {
        Step::Migrate { database, migrations: Some(migrations) } => {
            ('+', format!("migrate {database}: {}", counted(migrations.len(), "migration")))
        }
        Step::Migrate { database, migrations: None } => {
            ('+', format!("migrate {database}: what it lacks is known only to the deploy"))
        }
        Step::Listen { previous: None, address } => ('+', format!("open doors at {address}")),
        Step::Listen { previous: Some(previous), address } => ('~', format!("move doors from {previous} to {address}")),
        Step::Close { address } => ('-', format!("close doors at {address}")),
        Step::Start { process, cells, replicas } => {
            ('+', format!("start {process} × {replicas} ({})", cells.join(", ")))
        }
        Step::Replace { process, cells, previous, replicas } if previous == replicas => {
            ('~', format!("replace {process} × {replicas} ({})", cells.join(", ")))
        }
        Step::Replace { process, cells, previous, replicas } => {
            ('~', format!("replace {process} × {previous} by × {replicas} ({})", cells.join(", ")))
        }
        Step::Stop { process, replicas } => ('-', format!("stop {process} × {replicas}")),
    }
}

fn details(step: &Step) -> Vec<String> {
    let Step::Migrate { migrations: Some(migrations), .. } = step else { return Vec::new() };
    let steps = |migration: &cell_node::plan::Migration| {
        migration.steps.iter().map(|step| format!("{}: {step}", migration.name)).collect::<Vec<_>>()
    };
    migrations.iter().flat_map(steps).collect()
}
