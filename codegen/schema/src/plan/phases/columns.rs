//! Columns between two releases. In: a column as the earlier release knows it, and as the next does. Out: one that both can write
//! and read, with a bridge where it takes one; or the next release's, and in words what the earlier one cannot live with.

use std::collections::BTreeMap;

use super::{Between, Bridge, Making};
use crate::change::RowChange;
use crate::expr::{Expr, Expression, Literal};
use crate::hints::ColumnHints;
use crate::mapping::Source;
use crate::schema::{Column, Default, Table, Type};

impl Between<'_> {
    pub(super) fn column(&mut self, making: &mut Making<'_>, next: &Column) {
        let source = self.rows.get(&making.next.name).and_then(|rows| rows.columns.get(&next.name)).cloned();
        let name = making.next.name.clone();
        match source {
            Some(Source::Kept { from, rows }) => {
                let Some(before) = making.before.column(&from).cloned() else {
                    making.table.columns.push(next.clone());
                    return;
                };
                if from != next.name {
                    self.renamed(making, &before, next);
                    return;
                }
                let column = self.kept(making.next, &before, next, rows);
                making.table.columns.push(column);
            }
            Some(Source::Added { backfill: Some(value) }) if !next.nullable => {
                making.table.columns.push(Column { nullable: true, ..next.clone() });
                self.bridges.push(Bridge::Fill { table: name, column: next.name.clone(), value });
            }
            _ => making.table.columns.push(next.clone()),
        }
    }

    /// A column that has kept its name.
    fn kept(&mut self, whole: &Table, before: &Column, next: &Column, rows: RowChange) -> Column {
        let (table, name) = (&whole.name, &next.name);
        let mut column = next.clone();
        let values = renamed_values(before, next, &rows);
        match common(&before.ty, &next.ty) {
            Some(_) if !values.is_empty() && !only_holds(whole, name) => {
                self.interrupt(format!("values of column `{name}` of `{table}` have other names"));
            }
            None => self.interrupt(format!("column `{name}` of `{table}` has another type")),
            Some(ty) => {
                column.ty = ty;
                if !values.is_empty() {
                    self.bridges.push(Bridge::Values { table: table.clone(), column: name.clone(), values });
                }
                if next.generated.is_none() {
                    // The earlier release leaves it out where it can.
                    column.default = column.default.or_else(|| before.default.clone());
                }
            }
        }
        let said = match (&before.generated, &next.generated) {
            (None, Some(_)) => Some("is computed"),
            (Some(_), None) => Some("is computed no more"),
            _ if next.automatic && !before.automatic => Some("is numbered"),
            _ if before.automatic && !next.automatic => Some("is numbered no more"),
            _ => None,
        };
        if let Some(said) = said {
            self.interrupt(format!("column `{name}` of `{table}` {said}"));
        }
        if before.nullable && !next.nullable && next.generated.is_none() {
            match rows.backfill {
                Some(value) if column.ty == next.ty => {
                    column.nullable = true;
                    self.bridges.push(Bridge::Fill { table: table.clone(), column: name.clone(), value });
                }
                _ => self.interrupt(format!("column `{name}` of `{table}` is required")),
            }
        }
        column
    }

    /// What is computed from a column that has two names is computed as before from the earlier one.
    pub(super) fn computed(&mut self, making: &mut Making<'_>) {
        for column in &mut making.table.columns {
            let (Some(before), Some(next)) = (making.before.column(&column.name), &column.generated) else { continue };
            let Some(earlier) = before.generated.as_ref().filter(|earlier| *earlier != next) else { continue };
            let mut renamed = earlier.clone();
            making.twins.iter().for_each(|(from, to)| renamed.expression.rename(from, to));
            if renamed == *next {
                column.generated = Some(earlier.clone());
                // The next release writes the other name, and a bridge this one only behind that.
                column.nullable = true;
            } else {
                let what = format!("column `{}` of `{}` is computed in another way", column.name, making.next.name);
                if !self.interrupts.contains(&what) {
                    self.interrupts.push(what);
                }
            }
        }
    }

    /// Fills by the names that both the rows that are there and those of the earlier release have values under.
    pub(super) fn by_earlier_names(&mut self, making: &Making<'_>) {
        let table = &making.next.name;
        for (from, to) in &making.twins {
            let said = self.hints.tables.get_mut(table).into_iter().flat_map(|said| said.columns.values_mut());
            let said = said.filter_map(|said| said.backfill.as_mut());
            let fills = self.bridges.iter_mut().filter_map(|bridge| match bridge {
                Bridge::Fill { table: of, value, .. } if of == table => Some(value),
                _ => None,
            });
            said.chain(fills).for_each(|value| value.rename(to, from));
        }
    }

    /// A column with two names.
    fn renamed(&mut self, making: &mut Making<'_>, before: &Column, next: &Column) {
        let (table, from) = (making.next.name.clone(), before.name.clone());
        let is_plain = |column: &Column| {
            column.generated.is_none()
                && !column.automatic
                && !matches!(column.default, Some(Default::Now | Default::RandomUuid))
        };
        let is_key = making.next.key.contains(&next.name);
        let is_free = making.next.column(&from).is_none();
        let has_one_default = before.default == next.default;
        // Raw text may fill others from it, and cannot be told that it has two names.
        let said = self.hints.tables.get(&table).into_iter().flat_map(|said| said.columns.values());
        let fills_raw = said.filter_map(|said| said.backfill.as_ref()).any(|value| value.portable().is_none());
        let is_odd = is_key || !is_free || fills_raw;
        let is_another = before.ty != next.ty || before.nullable != next.nullable;
        if is_another || !is_plain(before) || !is_plain(next) || is_odd || !has_one_default {
            self.interrupt(format!("column `{from}` of `{table}` is called `{}`", next.name));
            making.table.columns.push(next.clone());
            return;
        }
        making.table.columns.push(Column { nullable: true, ..before.clone() });
        making.table.columns.push(Column { nullable: true, ..next.clone() });
        making.twins.push((from.clone(), next.name.clone()));
        let said = self.hints.tables.entry(table.clone()).or_default();
        let backfill = Some(Expression::Portable(Expr::Column(from.clone())));
        said.columns.insert(next.name.clone(), ColumnHints { backfill, ..ColumnHints::default() });
        self.bridges.push(Bridge::Same { table, previous: from, next: next.name.clone() });
    }

    /// A column that only the earlier release knows: rows that the next one writes have to hold something in it.
    pub(super) fn gone(&mut self, making: &mut Making<'_>, before: &Column) {
        if making.before.key.contains(&before.name) || making.next.column(&before.name).is_some() {
            self.interrupt(format!("column `{}` of `{}` is gone", before.name, making.next.name));
            return;
        }
        let mut column = before.clone();
        if let Some(generated) = &before.generated {
            // It can be computed as long as all it is computed from is there.
            let sources = generated.expression.mentions();
            if sources.is_empty() || !sources.iter().all(|source| making.before.column(source).is_some()) {
                self.interrupt(format!("column `{}` of `{}` is gone", before.name, making.next.name));
                return;
            }
        } else if !before.nullable && before.default.is_none() {
            match neutral(&before.ty) {
                Some(literal) => column.default = Some(Default::Value(literal)),
                None => column.nullable = true,
            }
            if matches!(before.ty, Type::Bytes { .. } | Type::Json) {
                let (name, table) = (&before.name, &making.next.name);
                self.interrupt(format!("rows that the next release writes hold nothing in `{name}` of `{table}`"));
            }
        }
        making.leaving.insert(before.name.clone());
        making.table.columns.push(column);
    }
}

/// The earlier names of an enumeration's values, by those that the earlier release does not know.
fn renamed_values(before: &Column, next: &Column, rows: &RowChange) -> BTreeMap<String, String> {
    let (Type::Enumeration { values: before }, Type::Enumeration { values: next }) = (&before.ty, &next.ty) else {
        return BTreeMap::new();
    };
    let renamed = rows.renamed.iter().filter_map(|from| Some((rows.values.get(from)?, from)));
    let is_free = |(to, from): &(&String, &String)| !before.contains(to) && !next.contains(from);
    renamed.filter(is_free).map(|(to, from)| (to.clone(), from.clone())).collect()
}

/// Whether nothing finds rows by a column or computes from it, so that what it holds may be written in another way.
fn only_holds(table: &Table, column: &String) -> bool {
    let uniques = table.uniques.iter().map(|unique| &unique.columns);
    let references = table.references.iter().map(|reference| &reference.columns);
    let computes = |other: &Column| {
        let generated = other.generated.as_ref();
        generated.is_some_and(|generated| generated.expression.mentions().contains(&column.as_str()))
    };
    !uniques.chain(references).chain([&table.key]).any(|columns| columns.contains(column))
        && !table.columns.iter().any(computes)
}

/// A type that holds the values of both, where both releases can read it as theirs.
fn common(before: &Type, next: &Type) -> Option<Type> {
    let longest = |one: Option<u32>, other: Option<u32>| one.zip(other).map(|(one, other)| one.max(other));
    match (before, next) {
        (before, next) if before == next => Some(next.clone()),
        (Type::Text { max_len: one }, Type::Text { max_len: other }) => {
            Some(Type::Text { max_len: longest(*one, *other) })
        }
        (Type::Bytes { max_len: one }, Type::Bytes { max_len: other }) => {
            Some(Type::Bytes { max_len: longest(*one, *other) })
        }
        (Type::Enumeration { values }, Type::Enumeration { values: more }) => {
            // One release's own type where it holds all: their order is no difference between two, and remains as it is.
            let gone: Vec<&String> = values.iter().filter(|value| !more.contains(value)).collect();
            match more.iter().all(|value| values.contains(value)) {
                true => Some(before.clone()),
                false => Some(Type::Enumeration { values: more.iter().chain(gone).cloned().collect() }),
            }
        }
        (before, next) if before.widens_to(next) => Some(next.clone()),
        (Type::Decimal { precision: one, scale }, Type::Decimal { precision: other, scale: same }) if scale == same => {
            Some(Type::Decimal { precision: *one.max(other), scale: *scale })
        }
        _ => None,
    }
}

/// A value that says nothing, for those who cannot read that there is none.
fn neutral(ty: &Type) -> Option<Literal> {
    Some(match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 | Type::F32 | Type::F64 | Type::Decimal { .. } => {
            Literal::Integer(0)
        }
        Type::Bool => Literal::Bool(false),
        Type::Text { .. } => Literal::Text(String::new()),
        Type::Uuid => Literal::Text("00000000-0000-0000-0000-000000000000".to_owned()),
        Type::Instant => Literal::Text("0001-01-01T00:00:00Z".to_owned()),
        Type::Date => Literal::Text("0001-01-01".to_owned()),
        Type::Time => Literal::Text("00:00:00".to_owned()),
        Type::Json => Literal::Text("null".to_owned()),
        Type::Enumeration { values } => Literal::Text(values.first()?.clone()),
        Type::Bytes { .. } => return None,
    })
}
