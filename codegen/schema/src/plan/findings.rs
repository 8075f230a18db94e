//! What may go wrong with rows: the hazards of each change, and what has to be counted for them. In: both schemas, the changes.
//! Out: findings, and refusals of what no engine does. Absent: consent, and the SQL that counts ([`super::guards`]).

mod computed;
mod moved;
mod standing;

use std::collections::BTreeMap;

use crate::change::{Change, RowChange};
use crate::dialect::convert::{Converted, convert};
use crate::engine::Engine;
use crate::expr::{Binary, Expr, Expression, Literal};
use crate::hazard::{Hazard, HazardKind};
use crate::refusal::{Refusal, shown};
use crate::schema::{Check, Column, Reference, Schema, Table, Type};
use crate::transition::Transition;
pub(super) use standing::stands;

/// A hazard, and what is counted for it.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) hazard: Hazard,
    pub(super) counted: Counted,
}

/// Which rows are counted. Tables and columns have the names after the changes, where nothing else is said.
#[derive(Clone, Debug)]
pub(super) enum Counted {
    /// Nothing.
    Nothing,
    /// All rows of a table, by its name before.
    Rows { table: String },
    /// The values of a column, by the names before.
    Values { table: String, column: String },
    /// The values that cannot be converted, or that lose something.
    Cast { table: String, column: String, lost: bool },
    /// Rows without a value.
    Nulls { table: String, column: String },
    /// Values that occur several times.
    Repeated { table: String, columns: Vec<String> },
    /// Rows that do not meet a condition.
    Unmet { table: String, name: String, expression: Expression },
    /// Rows that point at nothing.
    Dangling { table: String, reference: Reference },
    /// Objects of the database that the model does not know and that stand on a table or a column, by the names before.
    Objects { table: String, column: Option<String> },
}

struct Finder<'a> {
    transition: &'a Transition<'a>,
    findings: Vec<Finding>,
    refusals: Vec<Refusal>,
}

/// Finds them, in the order of the changes.
pub(super) fn find(transition: &Transition<'_>) -> (Vec<Finding>, Vec<Refusal>) {
    let changes = transition.changes;
    let mut finder = Finder { transition, findings: Vec::new(), refusals: Vec::new() };
    // Names before, of tables that are looked at before they are renamed.
    let mut names: BTreeMap<String, String> =
        transition.before.tables.iter().map(|table| (table.name.clone(), table.name.clone())).collect();
    let mut columns = names_of_columns(&transition.before);
    for change in changes {
        finder.change(change, &names, &columns, changes);
        match change {
            Change::RenameTable { from, to } => {
                if let Some(name) = names.remove(from) {
                    names.insert(to.clone(), name);
                }
                let moved: Vec<_> = columns.keys().filter(|(table, _)| table == from).cloned().collect();
                for key in moved {
                    if let Some(name) = columns.remove(&key) {
                        columns.insert((to.clone(), key.1), name);
                    }
                }
            }
            Change::RenameColumn { table, from, to } => {
                if let Some(name) = columns.remove(&(table.clone(), from.clone())) {
                    columns.insert((table.clone(), to.clone()), name);
                }
            }
            _ => {}
        }
    }
    finder.moved();
    (finder.findings, finder.refusals)
}

/// From a table's and a column's name at some point to the column's name before.
type Columns = BTreeMap<(String, String), String>;

fn names_of_columns(schema: &Schema) -> Columns {
    let columns = schema.tables.iter().flat_map(|table| {
        table.columns.iter().map(|column| ((table.name.clone(), column.name.clone()), column.name.clone()))
    });
    columns.collect()
}

impl Finder<'_> {
    fn object(&self, table: &str, part: &str) -> String {
        format!("{}.{table}.{part}", self.transition.database())
    }

    fn found(
        &mut self,
        kind: HazardKind,
        object: String,
        message: impl Into<String>,
        help: Option<String>,
        counted: Counted,
    ) {
        self.findings.push(Finding { hazard: Hazard { object, kind, message: message.into(), help }, counted });
    }

    /// Whether a table had rows before.
    fn has_rows(&self, table: &str) -> bool {
        self.transition.rows.get(table).is_some_and(|rows| rows.from.is_some())
    }

    fn change(&mut self, change: &Change, names: &BTreeMap<String, String>, columns: &Columns, changes: &[Change]) {
        match change {
            Change::RemoveTable { table } => {
                let before = names.get(table).unwrap_or(table).clone();
                let object = format!("{}.{before}", self.transition.database());
                let added = changes.iter().find_map(|change| match change {
                    Change::AddTable { table: added } if is_like(self.transition.previous(&before), added) => {
                        Some(&added.name)
                    }
                    _ => None,
                });
                let help = added.map(|added| {
                    format!("if `{}` is its new name, say `renamed_from = \"{}\"` there", shown(added), shown(&before))
                });
                let message = format!("table `{}` is dropped with its rows", shown(&before));
                let counted = Counted::Rows { table: before.clone() };
                self.found(HazardKind::RowsDeleted, object.clone(), message, help, counted);
                self.standing(&object, before, None);
            }
            Change::RemoveColumn { table, column } => {
                let before = names.get(table).unwrap_or(table).clone();
                let name = columns.get(&(table.clone(), column.clone())).unwrap_or(column).clone();
                let object = self.object(&before, &name);
                let ty = self.transition.previous(&before).and_then(|table| table.column(&name)).cloned();
                // What the engine computes is not lost.
                if ty.as_ref().is_some_and(|column| column.generated.is_none()) {
                    let added = changes.iter().find_map(|change| match change {
                        Change::AddColumn { table: of, column, .. } => {
                            let same = ty.as_ref().is_some_and(|ty| ty.ty == column.ty);
                            let here = names.get(of).is_none_or(|of| *of == before);
                            (same && here).then_some(&column.name)
                        }
                        _ => None,
                    });
                    let help = added.map(|added| {
                        format!(
                            "if `{}` is its new name, say `#[column(renamed_from = \"{}\")]` there",
                            shown(added),
                            shown(&name)
                        )
                    });
                    let message = format!("column `{}` is dropped with its values", shown(&name));
                    let counted = Counted::Values { table: before.clone(), column: name.clone() };
                    self.found(HazardKind::ValuesDeleted, object.clone(), message, help, counted);
                }
                self.standing(&object, before.clone(), Some(name.clone()));
                self.standing_on_computed(&before, &name);
            }
            Change::AddColumn { table, column, checks, reference, backfill } if self.has_rows(table) => {
                self.added(table, column, backfill.is_some());
                self.filled(table, column, backfill.as_ref());
                let filled = backfill.is_some() || column.default.is_some() || column.generated.is_some();
                let meets = |check: &Check| check.expression.portable().is_some_and(Expr::is_null_over_nulls);
                for check in checks.iter().filter(|check| filled || !meets(check)) {
                    self.check(table, &check.name, &check.expression);
                }
                if let Some(reference) = reference.as_ref().filter(|_| filled) {
                    self.reference(table, reference);
                }
            }
            Change::ChangeColumn { table, next, rows, .. } => self.changed(table, next, rows),
            Change::ChangeKey { table, next, .. } if self.has_rows(table) => {
                let message = format!("`({})` becomes the key of `{}`", shown(&next.join(", ")), shown(table));
                let object = format!("{}.{table}", self.transition.database());
                let counted = Counted::Repeated { table: table.clone(), columns: next.clone() };
                self.found(HazardKind::UniqueOverRows, object, message, None, counted);
            }
            Change::AddUnique { table, unique } | Change::ChangeUnique { table, unique } if self.has_rows(table) => {
                let columns = shown(&unique.columns.join(", "));
                let message = format!("`({columns})` becomes unique in `{}`", shown(table));
                let counted = Counted::Repeated { table: table.clone(), columns: unique.columns.clone() };
                self.found(HazardKind::UniqueOverRows, self.object(table, &unique.name), message, None, counted);
            }
            Change::AddCheck { table, check } | Change::ChangeCheck { table, check } if self.has_rows(table) => {
                self.check(table, &check.name, &check.expression);
            }
            Change::AddReference { table, reference } | Change::ChangeReference { table, reference }
                if self.has_rows(table) =>
            {
                self.reference(table, reference);
            }
            _ => {}
        }
    }

    fn check(&mut self, table: &str, name: &str, expression: &Expression) {
        let message = format!("`{}` is checked in rows that are there", shown(name));
        let counted = Counted::Unmet { table: table.to_owned(), name: name.to_owned(), expression: expression.clone() };
        self.found(HazardKind::CheckOverRows, self.object(table, name), message, None, counted);
    }

    fn reference(&mut self, table: &str, reference: &Reference) {
        let message = format!("rows of `{}` have to point at rows of `{}`", shown(table), shown(&reference.table));
        let counted = Counted::Dangling { table: table.to_owned(), reference: reference.clone() };
        self.found(HazardKind::ReferenceOverRows, self.object(table, &reference.name), message, None, counted);
    }

    fn added(&mut self, table: &str, column: &Column, has_backfill: bool) {
        if column.generated.is_some() {
            return self.computed(table, column);
        }
        let object = self.object(table, &column.name);
        let name = shown(&column.name);
        if column.nullable || (column.default.is_some() && !has_backfill) {
            return;
        }
        if column.automatic {
            self.refusals.push(Refusal::new(
                "unsupported-change",
                object,
                format!("rows that are there would have no number in the new key column `{name}`"),
                "keep the key that there is, or add a table with the new key and move the rows",
            ));
        } else if has_backfill {
            let message = format!("`{name}` is required, and the backfill may give some rows nothing");
            let counted = Counted::Nulls { table: table.to_owned(), column: column.name.clone() };
            self.found(HazardKind::NotNullOverRows, object, message, None, counted);
        } else {
            self.refusals.push(Refusal::new(
                "not-null-without-default",
                object,
                format!("rows that are there would have no value for the new column `{name}`"),
                "say what they hold with `#[column(backfill = …)]` or `#[column(default = …)]`, or make the field an `Option`",
            ));
        }
    }

    fn changed(&mut self, table: &str, next: &Column, rows: &RowChange) {
        let object = self.object(table, &next.name);
        let Some(before) = self.before(table, &next.name) else { return };
        self.filled(table, next, rows.backfill.as_ref());
        let name = shown(&next.name);
        let (from, origin) = self.names_before(table, &next.name);
        match (&before.generated, &next.generated) {
            // Every value is computed anew.
            (Some(_), Some(_)) => self.standing(&object, from.clone(), Some(origin.clone())),
            (None, Some(_)) => {
                let message = format!("the values of `{name}` are replaced by computed ones");
                let counted = Counted::Values { table: from.clone(), column: origin.clone() };
                self.found(HazardKind::ValuesDeleted, object.clone(), message, None, counted);
                self.standing(&object, from, Some(origin));
                return;
            }
            _ => {}
        }
        // What is computed is computed anew.
        if before.ty != next.ty && next.generated.is_none() {
            // The dangers are the same on every engine; a test says so.
            match convert(Engine::Sqlite, "x", &before.ty, &next.ty, &rows.values) {
                Some(converted) => self.converted(table, &before, next, &converted),
                None => self.refusals.push(Refusal::new(
                    "unsupported-change",
                    &object,
                    format!("no value of {} can be turned into {} in both engines", before.ty.shown(), next.ty.shown()),
                    "add a column of the new type, fill it from the application, and remove this one in a later release",
                )),
            }
            self.standing(&object, from.clone(), Some(origin.clone()));
            self.standing_on_computed(&from, &origin);
        }
        if next.automatic && !before.automatic {
            // The engine numbers on from the greatest there is.
            let below = Expr::Binary {
                op: Binary::Less,
                left: Box::new(Expr::Column(next.name.clone())),
                right: Box::new(Expr::Literal(Literal::Integer(i64::MAX))),
            };
            let message =
                format!("`{name}` is numbered on from the greatest there is, and none may be the last number");
            let expression = Expression::Portable(below);
            let counted = Counted::Unmet { table: table.to_owned(), name: next.name.clone(), expression };
            self.found(HazardKind::CheckOverRows, object.clone(), message, None, counted);
        }
        if before.nullable && !next.nullable {
            let help = rows
                .backfill
                .is_none()
                .then(|| "say what rows without a value shall hold with `#[column(backfill = …)]`".to_owned());
            let message = format!("`{name}` becomes required, and rows may have no value in it");
            let counted = Counted::Nulls { table: table.to_owned(), column: next.name.clone() };
            self.found(HazardKind::NotNullOverRows, object, message, help, counted);
        }
    }

    fn converted(&mut self, table: &str, before: &Column, next: &Column, converted: &Converted) {
        let object = self.object(table, &next.name);
        let name = shown(&next.name);
        let (from, to) = (before.ty.shown(), next.ty.shown());
        let cast = |lost| Counted::Cast { table: table.to_owned(), column: next.name.clone(), lost };
        if converted.fits.is_some() {
            let (kind, message, help) = match (&before.ty, &next.ty) {
                (Type::Enumeration { values }, Type::Enumeration { values: kept }) => {
                    let gone: Vec<&String> = values.iter().filter(|value| !kept.contains(value)).collect();
                    let gone: Vec<String> = gone.iter().map(|value| format!("`{}`", shown(value))).collect();
                    (
                        HazardKind::ValueRemoved,
                        format!("`{name}` may no longer hold {}", gone.join(", ")),
                        Some(
                            "say what becomes of it with `#[removed(to = Other)]` on the value, or what it is called now with \
                             `renamed_from` on that one"
                                .to_owned(),
                        ),
                    )
                }
                _ => (
                    HazardKind::CastMayFail,
                    format!("`{name}` was {from} and becomes {to}, which not every value is"),
                    None,
                ),
            };
            self.found(kind, object.clone(), message, help, cast(false));
        }
        if converted.keeps.is_some() {
            let (kind, message) = if converted.cuts {
                (HazardKind::ValuesTruncated, format!("values of `{name}` are cut to its new length"))
            } else {
                (HazardKind::LossyCast, format!("`{name}` was {from} and becomes {to}, which holds less"))
            };
            self.found(kind, object.clone(), message, None, cast(true));
        }
        if converted.assumes_zone {
            let message = format!("the dates in `{name}` become midnights in UTC");
            self.found(HazardKind::TimeZoneAssumed, object, message, None, Counted::Nothing);
        }
    }

    /// The names that a column and its table had.
    fn names_before(&self, table: &str, column: &str) -> (String, String) {
        let rows = self.transition.rows.get(table);
        let from = rows.and_then(|rows| rows.from.clone()).unwrap_or_else(|| table.to_owned());
        let name = rows.and_then(|rows| rows.origin(column)).unwrap_or(column).to_owned();
        (from, name)
    }

    fn before(&self, table: &str, column: &str) -> Option<Column> {
        let rows = self.transition.rows.get(table)?;
        self.transition.previous(rows.from.as_ref()?)?.column(rows.origin(column)?).cloned()
    }
}

/// Whether most columns of two tables are the same: one may be the other's new name.
fn is_like(before: Option<&Table>, after: &Table) -> bool {
    before.is_some_and(|before| {
        let same =
            after.columns.iter().filter(|column| before.column(&column.name).is_some_and(|it| it.ty == column.ty));
        same.count() * 2 > before.columns.len().max(after.columns.len())
    })
}
