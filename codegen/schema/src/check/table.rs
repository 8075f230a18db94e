//! Tables: keys, uniques, indexes and references name columns that are there and fit.

use std::collections::BTreeSet;

use super::{Report, Subject};
use crate::refusal::shown;
use crate::schema::{Action, Reference, Table, Type};

/// The most columns of a table, and of an index, in PostgreSQL; SQLite holds more.
const MAX_COLUMNS: usize = 1600;
const MAX_INDEX_COLUMNS: usize = 32;

pub(super) fn table(subject: Subject<'_>, report: &mut Report) {
    let table = subject.table;
    if table.key.is_empty() {
        report.refuse(
            "table-key",
            subject.object(),
            format!("table `{}` has no key", shown(&table.name)),
            "mark a field with `#[key]`",
        );
    }
    if table.columns.len() > MAX_COLUMNS {
        report.refuse(
            "table-columns",
            subject.object(),
            format!(
                "table `{}` has {} columns, and PostgreSQL holds {MAX_COLUMNS}",
                shown(&table.name),
                table.columns.len()
            ),
            "split the table",
        );
    }
    columns(subject, &table.name, &table.key, report);
    for name in &table.key {
        if table.column(name).is_some_and(|column| column.nullable || column.generated.is_some()) {
            report.refuse(
                "table-key",
                subject.part(name),
                format!("the key's column `{}` may be null or is generated", shown(name)),
                "use a column that always has a value of its own",
            );
        }
    }
    for unique in &table.uniques {
        columns(subject, &unique.name, &unique.columns, report);
    }
    repeated(subject, report);
    for index in &table.indexes {
        let names: Vec<&str> = index.columns.iter().map(|part| part.column.as_str()).collect();
        columns(subject, &index.name, &names, report);
    }
    for reference in &table.references {
        columns(subject, &reference.name, &reference.columns, report);
        self::reference(subject, reference, report);
    }
}

/// Uniques that say what the key or another one says: PostgreSQL keeps one of them where it creates the table with both.
fn repeated(subject: Subject<'_>, report: &mut Report) {
    let table = subject.table;
    let mut known = BTreeSet::from([&table.key]);
    for unique in table.uniques.iter().filter(|unique| !unique.columns.is_empty()) {
        if !known.insert(&unique.columns) {
            report.refuse(
                "index-columns",
                subject.part(&unique.name),
                format!("`({})` is unique by the key or by another unique already", shown(&unique.columns.join(", "))),
                "remove one of them",
            );
        }
    }
}

/// Columns of a key, a unique, an index or a reference: some, each there and once, of a type that engines order alike.
fn columns(subject: Subject<'_>, part: &str, names: &[impl AsRef<str>], report: &mut Report) {
    let object = || subject.part(part);
    if names.is_empty() && part != subject.table.name {
        report.refuse("index-columns", object(), format!("`{}` covers no column", shown(part)), "name at least one");
    }
    if names.len() > MAX_INDEX_COLUMNS {
        let message =
            format!("`{}` covers {} columns, and PostgreSQL takes {MAX_INDEX_COLUMNS}", shown(part), names.len());
        report.refuse("index-columns", object(), message, "name fewer");
    }
    for (place, name) in names.iter().map(AsRef::as_ref).enumerate() {
        let problem = match subject.table.column(name) {
            None => "which the table does not have",
            Some(column) if column.ty == Type::Json => "whose JSON each engine orders differently",
            Some(_) if names.iter().take(place).any(|other| other.as_ref() == name) => "twice",
            Some(_) => continue,
        };
        report.refuse(
            "index-columns",
            object(),
            format!("`{}` names column `{}`, {problem}", shown(part), shown(name)),
            "name each column of the table once, and none of JSON",
        );
    }
}

fn reference(subject: Subject<'_>, reference: &Reference, report: &mut Report) {
    let mut refuse = |message: String, help: &str| {
        report.refuse("reference-target", subject.part(&reference.name), message, help);
    };
    let Some(target) = subject.schema.table(&reference.table) else {
        refuse(
            format!("the table `{}` is not in this database", shown(&reference.table)),
            "refer to a table of the same database",
        );
        return;
    };
    if !is_unique(target, &reference.target) || reference.columns.len() != reference.target.len() {
        refuse(
            format!("the columns that are referred to are no key of `{}`", shown(&target.name)),
            "refer to the whole key, or to columns that are unique together",
        );
        return;
    }
    let table = subject.table;
    for (name, other) in reference.columns.iter().zip(&reference.target) {
        let (Some(column), Some(other)) = (table.column(name), target.column(other)) else { continue };
        if stored(&column.ty) != stored(&other.ty) {
            refuse(
                format!(
                    "`{}` is {} and refers to `{}`, which is {}",
                    shown(name),
                    column.ty.shown(),
                    shown(&other.name),
                    other.ty.shown()
                ),
                "give both columns the same type",
            );
        }
        if reference.on_delete == Action::SetNull && (!column.nullable || column.generated.is_some()) {
            refuse(
                format!("`{}` cannot become null when its target is deleted", shown(name)),
                "make the field an `Option`, or use `on_delete = cascade` or `refuse`",
            );
        }
    }
}

fn is_unique(table: &Table, columns: &[String]) -> bool {
    let wanted: BTreeSet<&String> = columns.iter().collect();
    let same = |candidate: &[String]| !candidate.is_empty() && candidate.iter().collect::<BTreeSet<_>>() == wanted;
    wanted.len() == columns.len() && (same(&table.key) || table.uniques.iter().any(|unique| same(&unique.columns)))
}

/// The type as far as a reference is concerned.
fn stored(ty: &Type) -> Type {
    match ty {
        Type::Text { .. } | Type::Enumeration { .. } => Type::Text { max_len: None },
        Type::Bytes { .. } => Type::Bytes { max_len: None },
        other => other.clone(),
    }
}
