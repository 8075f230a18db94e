//! A plan in Markdown, for a pull request's comment or the summary of a CI job. In: what differs. Out: headings, tables and
//! lists. Absent: anything that hangs on who made it and when: the same sources give the same bytes.

use std::fmt::Write as _;

use super::{Changes, words};

pub(super) fn text(changes: &Changes<'_>) -> String {
    let mut text = format!("## `{}`{}\n\n", changes.application, changes.base());
    let mut committed = changes.committed();
    if let Some(first) = committed.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let _ = writeln!(text, "{committed}.");
    if !changes.outdated.is_empty() {
        text.push('\n');
    }
    for outdated in &changes.outdated {
        let _ = writeln!(text, "- {outdated}");
    }
    let difference = &changes.difference;
    let databases = difference.databases.iter();
    let databases = databases.map(|change| {
        [words::word(change.change).to_owned(), code(&change.database), escaped(&words::database(change))]
    });
    table(&mut text, "Databases", ["", "database", "engine"], databases);
    if !difference.migrations.is_empty() {
        text.push_str("\n### Migrations to release\n\n");
    }
    for pending in &difference.migrations {
        let state = if pending.open { "open" } else { "sealed" };
        let _ = writeln!(text, "- `{}`: `{}` ({state})", pending.database, pending.migration);
        for step in &pending.steps {
            let _ = writeln!(text, "  - {}", escaped(step));
        }
    }
    let indexes = difference
        .indexes
        .iter()
        .map(|change| [words::word(change.change).to_owned(), code(&change.index), change.effect().to_owned()]);
    table(&mut text, "Search indexes", ["", "index", ""], indexes);
    let caches = difference
        .caches
        .iter()
        .map(|change| [words::word(change.change).to_owned(), code(&change.cache), escaped(&change.effect())]);
    table(&mut text, "Caches", ["", "cache", ""], caches);
    let handlers = difference.handlers.iter().map(|change| {
        let name = code(&format!("{}.{}", change.cell, change.handler));
        [words::word(change.change).to_owned(), name, escaped(&words::handler(change))]
    });
    table(&mut text, "Handlers", ["", "handler", "door"], handlers);
    let cells = difference.cells.iter();
    let cells =
        cells.map(|change| [words::word(change.change).to_owned(), code(&change.cell), escaped(&words::cell(change))]);
    table(&mut text, "Cells", ["", "cell", "placement"], cells);
    let mut topologies: Vec<&str> = difference.processes.iter().map(|change| change.topology.as_str()).collect();
    topologies.dedup();
    for topology in topologies {
        let processes = difference.processes.iter().filter(|change| change.topology == topology).map(|change| {
            let name = code(&change.process.name);
            [words::word(change.change).to_owned(), name, escaped(&words::process(change))]
        });
        table(&mut text, &format!("Processes, by `{topology}`"), ["", "process", "runs"], processes);
    }
    let types = difference.types.iter();
    let types = types.map(|change| [words::word(change.change).to_owned(), code(&change.name), String::new()]);
    table(&mut text, "Types that cross", ["", "type", ""], types);
    if !changes.differs {
        text.push_str("\nNothing differs.\n");
    }
    text
}

fn table(text: &mut String, title: &str, heads: [&str; 3], rows: impl Iterator<Item = [String; 3]>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "\n### {title}\n\n| {} |\n| --- | --- | --- |", heads.join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

/// A name, as it is written in the source.
fn code(name: &str) -> String {
    format!("`{}`", name.replace('|', "\\|"))
}

/// Words that are no markup of their own, but may hold what looks like it.
fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace('*', "\\*").replace(['\n', '\r'], " ")
}
