//! Makes the next schema of a schema, as a developer would: a few changes, each of which may be left out.
//! In: a schema, numbers. Out: another schema, and what has to be said beside it: renames, backfills, values, hazards that may happen.
//! A change that is no sound schema, or that no plan makes, is left out.

use std::collections::BTreeMap;

use cell_schema::Refusal;
use cell_schema::check::check;
use cell_schema::expr::{Expression, Literal};
use cell_schema::hazard::{Allowed, Consent, HazardKind};
use cell_schema::hints::Hints;
use cell_schema::plan::{Plan, plan};
use cell_schema::schema::{Action, Column, Default, Generated, Schema, Table, Type};
use proptest::prelude::*;

use crate::draw::{self, COLUMNS, ColumnDraw, PartDraw, TABLES, TableDraw};
use crate::names::{mentioned, named, rename_columns, rename_tables};
use crate::support::TEXT;

/// A change in numbers: what, and where.
#[derive(Clone, Debug)]
pub(crate) struct ChangeDraw {
    kind: u8,
    table: usize,
    place: usize,
    choice: usize,
    column: ColumnDraw,
    part: PartDraw,
    whole: TableDraw,
}

pub(crate) fn change_draws() -> impl Strategy<Value = Vec<ChangeDraw>> {
    let numbers = (0..24_u8, 0..6_usize, 0..6_usize, 0..42_usize);
    let draw = (numbers, draw::column_draw(), draw::part_draw(), draw::table_draw());
    let draw = draw.prop_map(|((kind, table, place, choice), column, part, whole)| ChangeDraw {
        kind,
        table,
        place,
        choice,
        column,
        part,
        whole,
    });
    prop::collection::vec(draw, 1..7)
}

/// What becomes of a schema.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    pub(crate) schema: Schema,
    pub(crate) hints: Hints,
    pub(crate) plan: Plan,
}

/// The next schema. `fits` has the last word on each change.
pub(crate) fn next(previous: &Schema, draws: &[ChangeDraw], fits: impl Fn(&Plan) -> bool) -> Next {
    let mut next = Next { schema: previous.clone(), hints: Hints::default(), plan: Plan::default() };
    for draw in draws {
        let mut changed = next.clone();
        change(&mut changed, draw, previous);
        if !check(&changed.schema).is_empty() {
            continue;
        }
        if let Ok((hints, plan)) = consented(previous, &changed.schema, changed.hints)
            && fits(&plan)
        {
            next = Next { schema: changed.schema, hints, plan };
        }
    }
    next
}

/// The plan, with every hazard that asks for consent allowed.
pub(crate) fn consented(previous: &Schema, next: &Schema, mut hints: Hints) -> Result<(Hints, Plan), Vec<Refusal>> {
    hints.allowed.clear();
    let refusals = match plan(previous, next, &hints) {
        Ok(plan) => return Ok((hints, plan)),
        Err(refusals) => refusals,
    };
    for refusal in &refusals {
        match HazardKind::from_code(refusal.code).filter(|kind| kind.consent() == Consent::Needed) {
            Some(hazard) => hints.allowed.insert(Allowed { hazard, object: refusal.object.clone() }),
            None => return Err(refusals),
        };
    }
    plan(previous, next, &hints).map(|plan| (hints, plan))
}

fn change(next: &mut Next, draw: &ChangeDraw, previous: &Schema) {
    let count = next.schema.tables.len();
    if count == 0 {
        next.schema = draw::with_table(&next.schema, TABLES[draw.table % TABLES.len()], &draw.whole);
        return;
    }
    let at = draw.table % count;
    let name = next.schema.tables[at].name.clone();
    let place = draw.place % next.schema.tables[at].columns.len();
    let column = next.schema.tables[at].columns[place].name.clone();
    match draw.kind {
        0 => {
            let free = TABLES.into_iter().find(|name| next.schema.table(name).is_none());
            if let Some(free) = free {
                next.schema = draw::with_table(&next.schema, free, &draw.whole);
            }
        }
        1 => remove_table(next, &name),
        2 => {
            let to =
                if draw.choice.is_multiple_of(2) { format!("{name}_2") } else { TABLES[draw.place % 5].to_owned() };
            if next.schema.table(&to).is_none() {
                move_tables(next, previous, &BTreeMap::from([(name.clone(), to.clone())]));
            }
        }
        3 => {
            let other = next.schema.tables[draw.place % count].name.clone();
            move_tables(next, previous, &BTreeMap::from([(name.clone(), other.clone()), (other, name.clone())]));
        }
        4 | 5 => add_column(next, &name, draw),
        6 => remove_column(next, &name, &column, draw.choice),
        7 | 8 => {
            let to =
                if draw.choice.is_multiple_of(2) { format!("{column}_2") } else { COLUMNS[draw.choice % 6].to_owned() };
            let other = next.schema.tables[at].column(&to).map(|_| (to.clone(), column.clone()));
            move_columns(next, previous, &name, &other.into_iter().chain([(column, to)]).collect());
        }
        9 => retype(next, &name, &column, draw.choice),
        10 => {
            let wanted = draw::types().swap_remove(draw.choice % draw::types().len());
            edit(next, &name, place, |column| {
                column.ty = wanted;
                column.default = None;
            });
        }
        11 | 12 => {
            let kept = next.schema.tables[at].columns[place].clone();
            edit(next, &name, place, |column| column.nullable = !column.nullable);
            if draw.kind == 12 && kept.nullable {
                backfill(next, &name, &kept);
            }
        }
        13 => edit(next, &name, place, |column| {
            let other = draw::default_of(&column.ty, draw.choice.is_multiple_of(2));
            column.default = if draw.choice.is_multiple_of(3) { None } else { other };
        }),
        14 => values(next, &name, place, draw.choice),
        15 => key(&mut next.schema.tables[at], place, draw.choice),
        16 => compute(&mut next.schema.tables[at], place, draw.choice),
        17 | 18 => remove_part(&mut next.schema.tables[at], draw),
        19 => action(&mut next.schema.tables[at], draw.choice),
        20 | 21 => next.schema.tables[at].followed ^= true,
        _ => next.schema = draw::with_part(&next.schema, &name, draw.part),
    }
    named(&mut next.schema);
}

fn edit(next: &mut Next, table: &str, place: usize, edit: impl FnOnce(&mut Column)) {
    if let Some(table) = next.schema.tables.iter_mut().find(|other| other.name == table) {
        edit(&mut table.columns[place]);
    }
}

fn remove_table(next: &mut Next, name: &str) {
    next.schema.tables.retain(|table| table.name != name);
    for table in &mut next.schema.tables {
        table.references.retain(|reference| reference.table != name);
    }
    next.hints.tables.remove(name);
}

fn move_tables(next: &mut Next, previous: &Schema, moves: &BTreeMap<String, String>) {
    let to = |name: &str| moves.get(name).map_or(name, String::as_str).to_owned();
    let mut said = BTreeMap::new();
    for table in &next.schema.tables {
        let mut hints = next.hints.tables.get(&table.name).cloned().unwrap_or_default();
        if moves.contains_key(&table.name) && hints.renamed_from.is_none() && previous.table(&table.name).is_some() {
            hints.renamed_from = Some(table.name.clone());
        }
        said.insert(to(&table.name), hints);
    }
    next.hints.tables = said;
    rename_tables(&mut next.schema, to);
}

fn move_columns(next: &mut Next, previous: &Schema, table: &str, moves: &BTreeMap<String, String>) {
    let to = |name: &str| moves.get(name).map_or(name, String::as_str).to_owned();
    let said = next.hints.tables.entry(table.to_owned()).or_default();
    let before = previous.table(said.renamed_from.as_deref().unwrap_or(table));
    let mut columns = std::mem::take(&mut said.columns);
    for name in moves.keys() {
        let hints = columns.entry(name.clone()).or_default();
        if hints.renamed_from.is_none() && before.is_some_and(|before| before.column(name).is_some()) {
            hints.renamed_from = Some(name.clone());
        }
    }
    said.columns = columns.into_iter().map(|(name, hints)| (to(&name), hints)).collect();
    rename_columns(&mut next.schema, table, to);
}

fn add_column(next: &mut Next, table: &str, draw: &ChangeDraw) {
    let Some(found) = next.schema.tables.iter_mut().find(|other| other.name == table) else { return };
    let names = COLUMNS.into_iter().map(str::to_owned).chain((1..).map(|at| format!("more_{at}")));
    let Some(name) = names.into_iter().find(|name| found.column(name).is_none()) else { return };
    let mut column = draw::drawn_column(&name, draw.column, &found.columns);
    // Half of them may refer to a table.
    if draw.choice.is_multiple_of(2) {
        column.ty = Type::I64;
        column.default = None;
        column.generated = None;
    }
    let (needs, place) = (!column.nullable && column.generated.is_none(), found.columns.len());
    found.columns.insert(if draw.choice.is_multiple_of(3) { 0 } else { place }, column.clone());
    if needs && (column.default.is_none() || draw.choice.is_multiple_of(5)) {
        backfill(next, table, &column);
    }
    let part = PartDraw { first: place, ..draw.part };
    let with = draw::with_part(&next.schema, table, part);
    if check(&with).is_empty() {
        next.schema = with;
    }
}

/// Says what rows hold in a column that would hold nothing.
fn backfill(next: &mut Next, table: &str, column: &Column) {
    let literal = match draw::default_of(&column.ty, true) {
        Some(Default::Value(literal)) => literal,
        _ => Literal::Text(
            match column.ty {
                Type::Uuid => "00112233-4455-6677-8899-aabbccddeeff",
                Type::Instant => "2020-02-29T12:00:00Z",
                Type::Date => "2020-02-29",
                Type::Time => "12:34:56",
                _ => "00ff",
            }
            .to_owned(),
        ),
    };
    let said = next.hints.tables.entry(table.to_owned()).or_default();
    let said = said.columns.entry(column.name.clone()).or_default();
    said.backfill = Some(Expression::Portable(cell_schema::expr::Expr::Literal(literal)));
}

fn remove_column(next: &mut Next, table: &str, column: &str, choice: usize) {
    let Some(found) = next.schema.tables.iter_mut().find(|other| other.name == table) else { return };
    let over = |expression: &Expression| mentioned(expression).iter().any(|name| name == column);
    // What was computed from it goes too, stays as it is, or is computed from something else.
    let other = found.columns.iter().find(|other| other.name != column && other.generated.is_none()).cloned();
    for own in &mut found.columns {
        if own.generated.as_ref().is_some_and(|generated| over(&generated.expression)) {
            match (choice % 3, &other) {
                (0, _) => own.generated = None,
                (1, Some(other)) => *own = draw::computed(&own.name, other, true),
                _ => {}
            }
        }
    }
    found.columns.retain(|other| {
        other.name != column && !other.generated.as_ref().is_some_and(|generated| over(&generated.expression))
    });
    let gone: Vec<String> = found.columns.iter().map(|column| column.name.clone()).collect();
    let kept = |names: &[String]| names.iter().all(|name| gone.contains(name));
    found.uniques.retain(|unique| kept(&unique.columns));
    found.references.retain(|reference| kept(&reference.columns));
    found.checks.retain(|check| kept(&mentioned(&check.expression)));
    found.indexes.retain(|index| {
        let columns: Vec<String> = index.columns.iter().map(|part| part.column.clone()).collect();
        kept(&columns) && index.predicate.as_ref().is_none_or(|predicate| kept(&mentioned(predicate)))
    });
    if let Some(said) = next.hints.tables.get_mut(table) {
        said.columns.remove(column);
    }
}

/// Gives a column, what it refers to and what refers to it another type.
fn retype(next: &mut Next, table: &str, column: &str, choice: usize) {
    let ty = [Type::I64, Type::I32, TEXT, Type::Text { max_len: Some(9) }, Type::I16][choice % 5].clone();
    let mut bound = vec![(table.to_owned(), column.to_owned())];
    loop {
        let before = bound.len();
        for own in &next.schema.tables {
            for reference in &own.references {
                for (name, target) in reference.columns.iter().zip(&reference.target) {
                    let ends = [(own.name.clone(), name.clone()), (reference.table.clone(), target.clone())];
                    if ends.iter().any(|end| bound.contains(end)) {
                        bound.extend(ends);
                        bound.sort();
                        bound.dedup();
                    }
                }
            }
        }
        if bound.len() == before {
            break;
        }
    }
    for (table, name) in &bound {
        let found = next.schema.tables.iter_mut().find(|other| other.name == *table);
        let column = found.and_then(|table| table.columns.iter_mut().find(|column| column.name == *name));
        if let Some(column) = column.filter(|column| column.generated.is_none()) {
            column.ty = ty.clone();
            column.automatic &= ty == Type::I64;
            column.default = None;
        }
    }
}

/// Gives an enumeration other values, and says what becomes of one that goes.
fn values(next: &mut Next, table: &str, place: usize, choice: usize) {
    let Some(found) = next.schema.tables.iter_mut().find(|other| other.name == table) else { return };
    let column = &mut found.columns[place];
    let Type::Enumeration { values } = &mut column.ty else { return };
    let name = column.name.clone();
    match choice % 4 {
        0 => values.push("z".to_owned()),
        1 => values.reverse(),
        2 => values.retain(|value| value != "y"),
        _ => {
            values.retain(|value| value != "y");
            values.push("new".to_owned());
            let said = next.hints.tables.entry(table.to_owned()).or_default();
            said.columns.entry(name).or_default().values.insert("y".to_owned(), "new".to_owned());
        }
    }
}

fn key(table: &mut Table, place: usize, choice: usize) {
    let plain = |column: &&Column| !column.nullable && column.generated.is_none() && column.ty != Type::Json;
    let mut names: Vec<String> = table.columns.iter().filter(plain).map(|column| column.name.clone()).collect();
    if names.is_empty() {
        return;
    }
    match choice % 3 {
        0 => {
            for column in table.columns.iter_mut().filter(|column| table.key == [column.name.clone()]) {
                column.automatic = !column.automatic && column.ty == Type::I64;
            }
        }
        one => {
            let places = names.len();
            names.rotate_left(place % places);
            names.truncate(one);
            table.key = names;
            table.columns.iter_mut().for_each(|column| column.automatic = false);
        }
    }
}

/// Computes a column, or computes it otherwise, or no longer.
fn compute(table: &mut Table, place: usize, choice: usize) {
    let column = table.columns[place].clone();
    if column.generated.is_some() && choice.is_multiple_of(3) {
        table.columns[place].generated = None;
        return;
    }
    let from = table.columns.iter().filter(|other| other.generated.is_none() && other.name != column.name);
    let from: Vec<&Column> = from.collect();
    let Some(from) = from.get(choice % from.len().max(1)) else { return };
    let computed = draw::computed(&column.name, from, choice.is_multiple_of(2));
    let generated: Option<Generated> = computed.generated.clone();
    table.columns[place] = Column { generated, ..computed };
}

fn remove_part(table: &mut Table, draw: &ChangeDraw) {
    fn one<T>(parts: &mut Vec<T>, place: usize) {
        if !parts.is_empty() {
            parts.remove(place % parts.len());
        }
    }
    match draw.choice % 4 {
        0 => one(&mut table.uniques, draw.place),
        1 => one(&mut table.indexes, draw.place),
        2 => one(&mut table.checks, draw.place),
        _ => one(&mut table.references, draw.place),
    }
}

fn action(table: &mut Table, choice: usize) {
    if let Some(reference) = table.references.first_mut() {
        reference.on_delete = [Action::Refuse, Action::Cascade, Action::SetNull][choice % 3];
    }
}
