//! Names: what an engine can hold, and no two that an engine takes for one.

use std::collections::BTreeMap;

use super::{Report, Subject};
use crate::dialect::{RULES, rule_name};
use crate::names::{MAX_BYTES, constraint};
use crate::refusal::shown;
use crate::schema::Schema;

const RENAME: &str = "choose another name: `name = \"…\"`";

/// Columns that every table of PostgreSQL has already.
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

pub(super) fn names(schema: &Schema, report: &mut Report) {
    // Tables, their indexes and their sequences share one space of names on PostgreSQL, tables and indexes on SQLite.
    let mut relations = Space::default();
    for table in &schema.tables {
        let subject = Subject { schema, table };
        let object = subject.object();
        let sound = valid(&table.name, &object, report);
        if table.name.to_ascii_lowercase().starts_with("sqlite_") {
            report.refuse(
                "sql-name",
                &object,
                format!("`{}` begins with `sqlite_`, which SQLite keeps for itself", shown(&table.name)),
                RENAME,
            );
        }
        let fresh = relations.add(&table.name, &object, report);
        parts(subject, sound && fresh, &mut relations, report);
    }
}

/// Names within a table. Those made of the table's own are only looked at where that one is sound, so that one mistake is
/// told once.
fn parts(subject: Subject<'_>, sound: bool, relations: &mut Space, report: &mut Report) {
    let table = subject.table;
    let (mut columns, mut constraints) = (Space::default(), Space::default());
    if sound {
        let key = constraint(&table.name, &[], "pkey");
        relations.add(&key, &format!("the key of {}", subject.object()), report);
        constraints.add(&key, &format!("the key of {}", subject.object()), report);
    }
    for column in &table.columns {
        let object = subject.part(&column.name);
        let sound = valid(&column.name, &object, report) && columns.add(&column.name, &object, report) && sound;
        if SYSTEM_COLUMNS.contains(&column.name.as_str()) {
            let message = format!("`{}` is a column that PostgreSQL has in every table", column.name);
            report.refuse("sql-name", &object, message, RENAME);
        }
        if sound && column.automatic {
            let sequence = format!("{}_{}_seq", table.name, column.name);
            relations.add(&sequence, &format!("the sequence of {object}"), report);
        }
        for suffix in RULES.iter().filter(|_| sound) {
            constraints.add(&rule_name(&table.name, &column.name, suffix), &object, report);
        }
    }
    for name in table.uniques.iter().map(|unique| &unique.name).chain(table.indexes.iter().map(|index| &index.name)) {
        let object = subject.part(name);
        valid(name, &object, report);
        relations.add(name, &object, report);
    }
    let uniques = table.uniques.iter().map(|unique| (&unique.name, false));
    let references = table.references.iter().map(|reference| (&reference.name, true));
    let checks = table.checks.iter().map(|check| (&check.name, true));
    for (name, unseen) in uniques.chain(references).chain(checks) {
        let object = subject.part(name);
        if unseen {
            valid(name, &object, report);
        }
        constraints.add(name, &object, report);
    }
}

/// Whether every engine can hold a name.
fn valid(name: &str, object: &str, report: &mut Report) -> bool {
    let message = if name.is_empty() {
        "a name is empty".to_owned()
    } else if name.len() > MAX_BYTES {
        format!("`{}` has {} bytes, and PostgreSQL cuts names at {MAX_BYTES}", shown(name), name.len())
    } else if name.contains(char::is_control) {
        format!("`{}` contains a control character", shown(name))
    } else {
        return true;
    };
    report.refuse("sql-name", object, message, RENAME);
    false
}

/// Names that must differ, without regard to the case of ASCII letters, which SQLite ignores.
#[derive(Default)]
struct Space {
    named: BTreeMap<String, (String, String)>,
}

impl Space {
    /// Whether the name is not taken.
    fn add(&mut self, name: &str, object: &str, report: &mut Report) -> bool {
        let entry = (name.to_owned(), object.to_owned());
        let Some((taken, first)) = self.named.insert(name.to_ascii_lowercase(), entry) else { return true };
        let case = if taken == name { "" } else { "; SQLite takes upper and lower case for the same" };
        report.refuse(
            "sql-name-clash",
            object,
            format!("`{}` is also the name of {} (`{}`){case}", shown(name), shown(&first), shown(&taken)),
            RENAME,
        );
        false
    }
}
