//! Names: what an engine can hold, and no two that an engine takes for one.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Report, Subject};
use crate::dialect::{RULES, rule_name};
use crate::names::{MAX_BYTES, constraint};
use crate::refusal::shown;
use crate::schema::Schema;

const RENAME: &str = "choose another name: `name = \"…\"`";

/// Columns that every table of PostgreSQL has already.
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// The names of a whole schema: tables, their indexes and their sequences share one space on PostgreSQL, tables and indexes on
/// SQLite.
pub(super) struct Relations<'a>(Space<'a>);

impl<'a> Relations<'a> {
    /// None yet.
    pub(super) fn of(schema: &Schema) -> Self {
        let names = schema.tables.iter().map(|table| 3 + table.uniques.len() + table.indexes.len()).sum();
        Self(Space::of(names))
    }

    /// Adds those of a table.
    pub(super) fn names(&mut self, subject: Subject<'a>, report: &mut Report) {
        let table = subject.table;
        let sound = valid(&table.name, || subject.object(), report);
        if begins(&table.name, "sqlite_") {
            report.refuse(
                "sql-name",
                subject.object(),
                format!("`{}` begins with `sqlite_`, which SQLite keeps for itself", shown(&table.name)),
                RENAME,
            );
        }
        let fresh = self.0.add(Cow::Borrowed(&table.name), Owner::Table(subject), report);
        parts(subject, sound && fresh, &mut self.0, report);
    }
}

/// Names within a table. Those made of the table's own are only looked at where that one is sound, so that one mistake is
/// told once.
fn parts<'a>(subject: Subject<'a>, sound: bool, relations: &mut Space<'a>, report: &mut Report) {
    let table = subject.table;
    let mut columns = Space::of(table.columns.len());
    let mut constraints = Space::of(1 + table.uniques.len() + table.references.len() + table.checks.len());
    if sound {
        let key = constraint(&table.name, &[], "pkey");
        relations.add(Cow::Owned(key.clone()), Owner::Key(subject), report);
        constraints.add(Cow::Owned(key), Owner::Key(subject), report);
    }
    let references = table.references.iter().map(|reference| &reference.name);
    let unseen: Vec<&String> = references.chain(table.checks.iter().map(|check| &check.name)).collect();
    let uniques: Vec<&String> = table.uniques.iter().map(|unique| &unique.name).collect();
    // The names of types' own checks are different among themselves, as columns are: only another's may be one of them.
    let mut others = uniques.iter().chain(&unseen);
    let may_be_rules = others.any(|name| RULES.iter().any(|suffix| ends(name, suffix)));
    for column in &table.columns {
        let owner = Owner::Part(subject, &column.name);
        let sound = valid(&column.name, || owner.shown(), report)
            && columns.add(Cow::Borrowed(&column.name), owner, report)
            && sound;
        if SYSTEM_COLUMNS.contains(&column.name.as_str()) {
            let message = format!("`{}` is a column that PostgreSQL has in every table", column.name);
            report.refuse("sql-name", owner.shown(), message, RENAME);
        }
        if sound && column.automatic {
            let sequence = format!("{}_{}_seq", table.name, column.name);
            relations.add(Cow::Owned(sequence), Owner::Sequence(subject, &column.name), report);
        }
        for suffix in RULES.iter().filter(|_| sound && may_be_rules) {
            constraints.add(Cow::Owned(rule_name(&table.name, &column.name, suffix)), owner, report);
        }
    }
    for name in uniques.iter().copied().chain(table.indexes.iter().map(|index| &index.name)) {
        let owner = Owner::Part(subject, name);
        valid(name, || owner.shown(), report);
        relations.add(Cow::Borrowed(name), owner, report);
    }
    for name in &unseen {
        valid(name, || subject.part(name), report);
    }
    for name in uniques.into_iter().chain(unseen) {
        constraints.add(Cow::Borrowed(name), Owner::Part(subject, name), report);
    }
}

fn begins(name: &str, with: &str) -> bool {
    name.as_bytes().get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
}

fn ends(name: &str, with: &str) -> bool {
    let start = name.len().checked_sub(with.len());
    start.and_then(|start| name.as_bytes().get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(with.as_bytes()))
}

/// Whether every engine can hold a name.
fn valid(name: &str, object: impl Fn() -> String, report: &mut Report) -> bool {
    let message = if name.is_empty() {
        "a name is empty".to_owned()
    } else if name.len() > MAX_BYTES {
        format!("`{}` has {} bytes, and PostgreSQL cuts names at {MAX_BYTES}", shown(name), name.len())
    } else if name.contains(char::is_control) {
        format!("`{}` contains a control character", shown(name))
    } else {
        return true;
    };
    report.refuse("sql-name", object(), message, RENAME);
    false
}

/// What has a name. It is only put into words where the name is taken.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Table(Subject<'a>),
    Key(Subject<'a>),
    Sequence(Subject<'a>, &'a str),
    Part(Subject<'a>, &'a str),
}

impl Owner<'_> {
    fn shown(self) -> String {
        match self {
            Self::Table(subject) => subject.object(),
            Self::Key(subject) => format!("the key of {}", subject.object()),
            Self::Sequence(subject, column) => format!("the sequence of {}", subject.part(column)),
            Self::Part(subject, part) => subject.part(part),
        }
    }
}

/// Names that must differ, without regard to the case of ASCII letters, which SQLite ignores.
struct Space<'a> {
    named: HashMap<Cow<'a, str>, (Cow<'a, str>, Owner<'a>)>,
}

impl<'a> Space<'a> {
    /// For about so many names.
    fn of(names: usize) -> Self {
        Self { named: HashMap::with_capacity(names) }
    }

    /// Whether the name is not taken.
    fn add(&mut self, name: Cow<'a, str>, owner: Owner<'a>, report: &mut Report) -> bool {
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let key = if is_lower { name.clone() } else { Cow::Owned(name.to_ascii_lowercase()) };
        let Some((taken, first)) = self.named.insert(key, (name.clone(), owner)) else { return true };
        let case = if taken == name { "" } else { "; SQLite takes upper and lower case for the same" };
        let (name, taken, first) = (shown(&name), shown(&taken), first.shown());
        report.refuse(
            "sql-name-clash",
            owner.shown(),
            format!("`{name}` is also the name of {} (`{taken}`){case}", shown(&first)),
            RENAME,
        );
        false
    }
}
