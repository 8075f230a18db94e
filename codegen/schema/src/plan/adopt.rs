//! The way from a database that nobody of ours has made to the schema that it shall have. In: the database as the engine holds
//! it, the schema, the time zones that were said. Out: steps, or why it cannot be adopted. Whatever cannot be told apart from a
//! loss is refused: columns that are missing or too many, and types that are not the schema's.
//! Absent: running the steps, and comparing afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::{Indexes, Mode, Step, Subject, alter, rebuild};
use crate::ddl::{Column, Database, Table};
use crate::dialect;
use crate::engine::Engine;
use crate::hazard::HazardKind;
use crate::refusal::{Refusal, shown};
use crate::schema::Schema;
use crate::transition::Transition;

/// What a database that is adopted needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// In order; none where it is as it shall be.
    pub steps: Vec<Step>,
}

/// The type of PostgreSQL's times without a zone.
const ZONELESS: &str = "timestamp without time zone";

/// The steps for the tables that differ; the others are as they shall be. `zones` is by table and column.
///
/// # Errors
/// What cannot be adopted, ordered by object.
pub fn adopt(
    engine: Engine,
    found: &Database,
    schema: &Schema,
    differing: &BTreeSet<String>,
    zones: &BTreeMap<(String, String), String>,
) -> Result<Adopted, Vec<Refusal>> {
    let after = dialect::lower(engine, schema)?;
    let mut refusals = Vec::new();
    let mut before = Database::default();
    for table in &after.tables {
        let object = format!("{}.{}", schema.database, table.name);
        match found.table(&table.name) {
            None => refusals.push(refusal(
                &object,
                "there is no such table",
                "create it, or remove it from the model until it is adopted",
            )),
            Some(found) if differing.contains(&table.name) => {
                check(engine, &object, found, table, zones, &mut refusals);
                // An index of someone's own is in nobody's way: it is no part of what is brought to the model.
                let is_ours = |name: &str| table.indexes.iter().any(|index| index.name == name);
                let mut found = found.clone();
                found.indexes.retain(|index| is_ours(&index.name));
                found.triggers.clear();
                before.tables.push(found);
            }
            Some(_) => before.tables.push(table.clone()),
        }
    }
    refusals.sort();
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let transition = Transition::of_all(schema, &[])?;
    let subject = Subject {
        engine,
        transition: &transition,
        after,
        indexes: Indexes::InTransactions,
        views: Vec::new(),
        zones: zones.clone(),
    };
    let mut steps = if dialect::capability(engine).alters {
        alter::adopted(&subject, &before)?
    } else {
        rebuild::steps(&subject, &before)?
    };
    steps.extend(super::feed::adopt(schema, |table| differing.contains(table)));
    // All of it is one transaction: an adopted database is one, or is as it was.
    let is_rebuilt = steps.iter().any(|step| step.mode == Mode::Rebuild);
    if is_rebuilt {
        steps.iter_mut().for_each(|step| step.mode = Mode::Rebuild);
    }
    Ok(Adopted { steps })
}

fn check(
    engine: Engine,
    object: &str,
    found: &Table,
    wanted: &Table,
    zones: &BTreeMap<(String, String), String>,
    refusals: &mut Vec<Refusal>,
) {
    for column in &wanted.columns {
        let object = format!("{object}.{}", column.name);
        match found.column(&column.name) {
            None => refusals.push(refusal(
                &object,
                "there is no such column",
                "add it, or remove it from the model until it is adopted",
            )),
            Some(found) => self::column(engine, &object, &wanted.name, found, column, zones, refusals),
        }
    }
    for column in found.columns.iter().filter(|column| wanted.column(&column.name).is_none()) {
        let message = format!("the model has no column `{}`", shown(&column.name));
        refusals.push(refusal(
            &format!("{object}.{}", column.name),
            &message,
            "declare it; it can be removed by a migration afterwards",
        ));
    }
}

fn column(
    engine: Engine,
    object: &str,
    table: &str,
    found: &Column,
    wanted: &Column,
    zones: &BTreeMap<(String, String), String>,
    refusals: &mut Vec<Refusal>,
) {
    // What a strict table does not take, the copy refuses.
    if engine == Engine::Sqlite || found.ty == wanted.ty {
        return;
    }
    if found.ty == ZONELESS && wanted.ty == "timestamp with time zone" {
        if !zones.contains_key(&(table.to_owned(), wanted.name.clone())) {
            let message = format!("the times in `{}` have no time zone", shown(&wanted.name));
            let help = "say which one they are in with `#[column(zone = \"…\")]`";
            refusals.push(Refusal::new(HazardKind::TimeZoneAssumed.code(), object, message, help));
        }
        return;
    }
    let message = format!("its type is {} and should be {}", shown(&found.ty), wanted.ty);
    refusals.push(refusal(
        object,
        &message,
        "declare a type that is stored so, and change it by a migration afterwards",
    ));
}

fn refusal(object: &str, message: &str, help: &str) -> Refusal {
    Refusal::new("baseline-differs", object, message, help)
}
