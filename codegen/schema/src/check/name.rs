//! Names: what an engine can hold, and no two that an engine takes for one.

use std::collections::BTreeMap;

use super::{Report, Subject};
use crate::dialect::{RULES, rule_name};
use crate::names::{MAX_BYTES, constraint};
use crate::refusal::shown;
use crate::schema::Schema;

/// Columns that every table of PostgreSQL has already.
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

pub(super) fn names(schema: &Schema, report: &mut Report) {
    // Tables, their indexes and their sequences share one space of names on PostgreSQL, tables and indexes on SQLite.
    let mut relations = Space::default();
    for table in &schema.tables {
        let subject = Subject { schema, table };
        let object = subject.object();
        valid(&table.name, &object, report);
        if table.name.to_ascii_lowercase().starts_with("sqlite_") {
            report.refuse(
                "sql-name",
                &object,
                format!("`{}` begins with `sqlite_`, which SQLite keeps for itself", shown(&table.name)),
                "choose another name: `name = \"…\"`",
            );
        }
        relations.add(&table.name, &object, report);
        let mut columns = Space::default();
        for column in &table.columns {
            let object = subject.part(&column.name);
            valid(&column.name, &object, report);
            columns.add(&column.name, &object, report);
            if SYSTEM_COLUMNS.contains(&column.name.as_str()) {
                report.refuse(
                    "sql-name",
                    &object,
                    format!("`{}` is a column that PostgreSQL has in every table", column.name),
                    "choose another name: `#[column(name = \"…\")]`",
                );
            }
            if column.automatic {
                let sequence = format!("{}_{}_seq", table.name, column.name);
                relations.add(&sequence, &format!("the sequence of {object}"), report);
            }
        }
        let mut constraints = Space::default();
        let key = constraint(&table.name, &[], "pkey");
        for name in table.uniques.iter().map(|unique| &unique.name).chain([&key]) {
            relations.add(name, &subject.part(name), report);
            constraints.add(name, &subject.part(name), report);
        }
        for index in &table.indexes {
            relations.add(&index.name, &subject.part(&index.name), report);
        }
        let references = table.references.iter().map(|reference| &reference.name);
        for name in references.chain(table.checks.iter().map(|check| &check.name)) {
            constraints.add(name, &subject.part(name), report);
        }
        for column in &table.columns {
            for suffix in RULES {
                constraints.add(&rule_name(&table.name, &column.name, suffix), &subject.part(&column.name), report);
            }
        }
        let indexes = table.indexes.iter().map(|index| index.name.as_str());
        for name in constraints.named.values().map(|(name, _)| name.as_str()).chain(indexes) {
            valid(name, &subject.part(name), report);
        }
    }
}

fn valid(name: &str, object: &str, report: &mut Report) {
    let (message, help) = if name.is_empty() {
        ("a name is empty".to_owned(), "give it one".to_owned())
    } else if name.len() > MAX_BYTES {
        let message = format!("`{}` has {} bytes, and PostgreSQL cuts names at {MAX_BYTES}", shown(name), name.len());
        (message, "choose a shorter one: `name = \"…\"`".to_owned())
    } else if name.contains(char::is_control) {
        (format!("`{}` contains a control character", shown(name)), "choose another name: `name = \"…\"`".to_owned())
    } else {
        return;
    };
    report.refuse("sql-name", object, message, help);
}

/// Names that must differ, without regard to the case of ASCII letters, which SQLite ignores.
#[derive(Default)]
struct Space {
    named: BTreeMap<String, (String, String)>,
}

impl Space {
    fn add(&mut self, name: &str, object: &str, report: &mut Report) {
        let entry = (name.to_owned(), object.to_owned());
        if let Some((taken, first)) = self.named.insert(name.to_ascii_lowercase(), entry) {
            report.refuse(
                "sql-name-clash",
                object,
                format!("`{}` is also the name of {} (`{}`)", shown(name), shown(&first), shown(&taken)),
                "choose another name: `name = \"…\"`; names that differ only in upper and lower case are one on SQLite",
            );
        }
    }
}
