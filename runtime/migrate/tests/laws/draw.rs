//! Draws schemas: small tables with every type of column and everything that can be about columns.
//! In: numbers that proptest draws, and makes smaller where a law breaks. Out: a schema that is sound.
//! Absent: SQL, and what changes ([`super::change`]).

use cell_schema::check::check;
use cell_schema::expr::{Binary, Expr, Expression, Function, Literal, Unary};
use cell_schema::schema::{Action, Check, Column, Default, Index, IndexColumn, Reference, Schema, Table, Type, Unique};
use proptest::prelude::*;

use crate::names::named;
use crate::support::{TEXT, UNBOUNDED, call, col, column, generated, int, number, op, schema, string, table};

pub(crate) const TABLES: [&str; 5] = ["order", "a_b", "we\"ird", "größe", "item"];
pub(crate) const COLUMNS: [&str; 6] = ["select", "b_c", "Na\"me", "x'y", "日付", "n"];

/// A column in numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnDraw {
    ty: usize,
    nullable: bool,
    kind: u8,
}

/// Something about columns in numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartDraw {
    pub(crate) kind: u8,
    pub(crate) first: usize,
    pub(crate) second: usize,
    pub(crate) third: usize,
}

/// A table in numbers.
#[derive(Clone, Debug)]
pub(crate) struct TableDraw {
    columns: Vec<ColumnDraw>,
    parts: Vec<PartDraw>,
    key: u8,
    followed: bool,
}

pub(crate) fn column_draw() -> impl Strategy<Value = ColumnDraw> {
    (0..types().len(), any::<bool>(), 0..6_u8).prop_map(|(ty, nullable, kind)| ColumnDraw { ty, nullable, kind })
}

pub(crate) fn part_draw() -> impl Strategy<Value = PartDraw> {
    let places = (0..6_usize, 0..6_usize, 0..6_usize);
    (0..6_u8, places).prop_map(|(kind, (first, second, third))| PartDraw { kind, first, second, third })
}

pub(crate) fn table_draw() -> impl Strategy<Value = TableDraw> {
    let columns = prop::collection::vec(column_draw(), 0..=COLUMNS.len());
    let parts = prop::collection::vec(part_draw(), 0..6);
    let draw = (columns, parts, 0..5_u8, any::<bool>());
    draw.prop_map(|(columns, parts, key, followed)| TableDraw { columns, parts, key, followed })
}

pub(crate) fn any_schema() -> impl Strategy<Value = Schema> {
    prop::collection::vec(table_draw(), 1..=4).prop_map(|draws| drawn(&draws))
}

pub(crate) fn types() -> Vec<Type> {
    let values = |values: &[&str]| Type::Enumeration { values: values.iter().map(ToString::to_string).collect() };
    let bounded = [
        Type::Text { max_len: Some(9) },
        Type::Bytes { max_len: Some(7) },
        Type::Decimal { precision: 12, scale: 2 },
        Type::Decimal { precision: 5, scale: 4 },
        values(&["x", "y"]),
        values(&["x", "it's", "y"]),
    ];
    UNBOUNDED.into_iter().chain(bounded).collect()
}

/// A default that fits the type.
pub(crate) fn default_of(ty: &Type, other: bool) -> Option<Default> {
    let value = |literal| Some(Default::Value(literal));
    match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 | Type::F32 | Type::F64 | Type::Decimal { .. } => {
            value(Literal::Integer(if other { 4 } else { 3 }))
        }
        Type::Bool => value(Literal::Bool(other)),
        Type::Text { .. } | Type::Enumeration { .. } => value(Literal::Text(if other { "y" } else { "x" }.to_owned())),
        Type::Uuid => Some(Default::RandomUuid),
        Type::Instant | Type::Date | Type::Time => Some(Default::Now),
        Type::Json => value(Literal::Text(if other { "{}" } else { "[]" }.to_owned())),
        Type::Bytes { .. } => None,
    }
}

/// A condition about a column that fits its type and most values.
pub(crate) fn about(column: &Column, other: bool) -> Expr {
    let x = col(&column.name);
    match &column.ty {
        Type::I16 | Type::I32 | Type::U16 | Type::U32 | Type::Decimal { .. } => {
            op(op(x, Binary::Multiply, int(2)), Binary::GreaterOrEqual, number(if other { "-0.5" } else { "0.5" }))
        }
        Type::I64 | Type::F32 | Type::F64 => op(x, Binary::Greater, int(if other { 0 } else { 1 })),
        Type::Text { .. } => {
            let length = call(Function::Len, vec![call(Function::Trim, vec![x])]);
            op(length, Binary::Greater, int(if other { -1 } else { 0 }))
        }
        Type::Enumeration { .. } => op(x, Binary::NotEqual, string("z")),
        Type::Bool if !other => x,
        _ => Expr::Unary { op: Unary::Not, operand: Box::new(call(Function::IsNull, vec![x])) },
    }
}

/// What a column can be computed as: from another of its table, with that one's type.
pub(crate) fn computed(name: &str, from: &Column, other: bool) -> Column {
    let x = col(&from.name);
    let expr = match &from.ty {
        Type::I16 | Type::I32 if other => op(x, Binary::Add, int(1)),
        Type::Text { .. } => call(if other { Function::Upper } else { Function::Lower }, vec![x]),
        _ => call(Function::IsNull, vec![x]),
    };
    let ty = match (&from.ty, &expr) {
        (Type::I16 | Type::I32, Expr::Binary { .. }) => Type::I64,
        (Type::Text { .. }, _) => TEXT,
        _ => Type::Bool,
    };
    Column { nullable: from.nullable && ty != Type::Bool, ..generated(name, ty, expr) }
}

/// A column under this name; `before` are those of its table that it may be computed from.
pub(crate) fn drawn_column(name: &str, draw: ColumnDraw, before: &[Column]) -> Column {
    let ty = types().swap_remove(draw.ty);
    let mut drawn = Column { nullable: draw.nullable, ..column(name, ty) };
    let plain = before.iter().rev().find(|column| column.generated.is_none());
    match (draw.kind, plain) {
        (0 | 1, _) => drawn.default = default_of(&drawn.ty, draw.kind == 1),
        (2, Some(plain)) => drawn = computed(name, plain, draw.nullable),
        _ => {}
    }
    drawn
}

/// A schema of tables in numbers. What would not be sound is left out.
pub(crate) fn drawn(draws: &[TableDraw]) -> Schema {
    let mut whole = schema(Vec::new());
    for (name, draw) in TABLES.into_iter().zip(draws) {
        let next = with_table(&whole, name, draw);
        if check(&next).is_empty() {
            whole = next;
        }
    }
    // References come last, so that they may go in circles.
    for (name, draw) in TABLES.into_iter().zip(draws) {
        for part in draw.parts.iter().filter(|part| part.kind == 5) {
            let next = with_part(&whole, name, *part);
            if check(&next).is_empty() {
                whole = next;
            }
        }
    }
    whole
}

/// The schema with a further table, without its references.
pub(crate) fn with_table(whole: &Schema, name: &str, draw: &TableDraw) -> Schema {
    let mut drawn = Table { followed: draw.followed, ..table(name, Vec::new()) };
    for (name, column) in COLUMNS.into_iter().zip(&draw.columns) {
        let column = drawn_column(name, *column, &drawn.columns);
        drawn.columns.push(column);
    }
    let keyed = |column: &&Column| !column.automatic && !column.nullable && column.generated.is_none();
    let plain: Vec<String> = drawn.columns.iter().filter(keyed).map(|column| column.name.clone()).take(2).collect();
    match draw.key {
        0 => drawn.columns.iter_mut().for_each(|column| column.automatic = false),
        1 if plain.len() == 2 => {
            drawn.columns.retain(|column| !column.automatic);
            drawn.key = plain;
        }
        _ => {}
    }
    let mut whole = Schema { tables: whole.tables.iter().cloned().chain([drawn]).collect(), ..whole.clone() }.sorted();
    if !check(&whole).is_empty() {
        return whole;
    }
    for part in draw.parts.iter().filter(|part| part.kind != 5) {
        let next = with_part(&whole, name, *part);
        if check(&next).is_empty() {
            whole = next;
        }
    }
    whole
}

/// The schema with something more about a table, which may not be sound.
pub(crate) fn with_part(whole: &Schema, name: &str, part: PartDraw) -> Schema {
    let mut next = whole.clone();
    let tables: Vec<Table> = next.tables.clone();
    let Some(table) = next.tables.iter_mut().find(|table| table.name == name) else { return next };
    let count = table.columns.len();
    let first = table.columns[part.first % count].clone();
    let second = table.columns[part.second % count].clone();
    let mut columns = vec![first.name.clone()];
    if part.third % 2 == 1 && second.name != first.name {
        columns.push(second.name.clone());
    }
    // Names that someone chose begin with this, and are not derived again.
    let chosen =
        if part.third == 5 { format!("mine_{}_{}_{}", part.kind, part.first, part.second) } else { String::new() };
    match part.kind {
        0 | 1 => table.uniques.push(Unique { name: chosen, columns }),
        2 | 3 => table.indexes.push(Index {
            name: chosen,
            columns: columns.into_iter().map(|column| IndexColumn { column, descending: part.third > 3 }).collect(),
            predicate: (part.kind == 3).then(|| Expression::Portable(about(&second, part.third > 2))),
        }),
        4 => {
            let mut expr = about(&first, part.third > 2);
            if columns.len() == 2 {
                expr = op(expr, Binary::Or, about(&second, part.third > 2));
            }
            table.checks.push(Check { name: chosen, expression: Expression::Portable(expr) });
        }
        _ => {
            let target = &tables[part.second % tables.len()];
            let mut keys: Vec<&Vec<String>> = target.uniques.iter().map(|unique| &unique.columns).collect();
            keys.insert(0, &target.key);
            let key = keys[part.third % keys.len()];
            let on_delete = [Action::Refuse, Action::Cascade, Action::SetNull][part.third % 3];
            let mut columns = Vec::new();
            for name in key {
                let Some(own) = target.column(name) else { return next };
                let fits = |column: &&Column| {
                    column.ty == own.ty && !columns.contains(&column.name) && column.generated.is_none()
                };
                let is_key = |column: &Column| table.key.contains(&column.name);
                let found = table.columns.iter().filter(fits).find(|column| !is_key(column));
                match found.map(|column| column.name.clone()) {
                    Some(name) => columns.push(name),
                    None => return next,
                }
            }
            let target = (target.name.clone(), key.clone());
            table.references.push(Reference { name: chosen, columns, table: target.0, target: target.1, on_delete });
        }
    }
    named(&mut next);
    next
}
