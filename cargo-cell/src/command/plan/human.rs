//! A plan for people at a terminal. In: what differs. Out: lines under headings, with `+`, `~` and `-`.

use std::fmt::Write as _;

use cell_codegen::release::Kind;

use super::{Changes, words};
use crate::output::Style;

pub(super) fn text(changes: &Changes<'_>, style: Style) -> String {
    let mut text = format!("{}{}\n", changes.application, changes.base());
    let _ = writeln!(text, "{}", changes.committed());
    for outdated in &changes.outdated {
        let _ = writeln!(text, "  {outdated}");
    }
    let difference = &changes.difference;
    let row = |change: Kind, name: String, about: String| {
        let line = format!("  {} {name}  {about}", words::sign(change));
        let line = line.trim_end();
        match change {
            Kind::Added => style.added(line),
            Kind::Changed => line.to_owned(),
            Kind::Removed => style.removed(line),
        }
    };
    let databases =
        difference.databases.iter().map(|change| row(change.change, change.database.clone(), words::database(change)));
    section(&mut text, "Databases", databases, style);
    let migrations = difference.migrations.iter().flat_map(|pending| {
        let state = if pending.open { "open" } else { "sealed" };
        let head = format!("  {}: {} ({state})", pending.database, pending.migration);
        std::iter::once(head).chain(pending.steps.iter().map(|step| format!("      {step}")))
    });
    section(&mut text, "Migrations to release", migrations, style);
    let indexes =
        difference.indexes.iter().map(|change| row(change.change, change.index.clone(), change.effect().to_owned()));
    section(&mut text, "Search indexes", indexes, style);
    let caches = difference.caches.iter().map(|change| row(change.change, change.cache.clone(), change.effect()));
    section(&mut text, "Caches", caches, style);
    let handlers = difference
        .handlers
        .iter()
        .map(|change| row(change.change, format!("{}.{}", change.cell, change.handler), words::handler(change)));
    section(&mut text, "Handlers", handlers, style);
    let cells = difference.cells.iter().map(|change| row(change.change, change.cell.clone(), words::cell(change)));
    section(&mut text, "Cells", cells, style);
    let mut topologies: Vec<&str> = difference.processes.iter().map(|change| change.topology.as_str()).collect();
    topologies.dedup();
    for topology in topologies {
        let processes = difference.processes.iter().filter(|change| change.topology == topology);
        let processes = processes.map(|change| row(change.change, change.process.name.clone(), words::process(change)));
        section(&mut text, &format!("Processes, by {topology}"), processes, style);
    }
    let types = difference.types.iter().map(|change| row(change.change, change.name.clone(), String::new()));
    section(&mut text, "Types that cross", types, style);
    if !changes.differs {
        text.push_str("nothing differs\n");
    }
    text
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>, style: Style) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "\n{}", style.heading(title));
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
}
