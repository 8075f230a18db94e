//! From a table's struct to the schema's table, once for each database that has it. In: the struct, its SQL name and the
//! database's other tables. Out: the table, and where each of its parts is declared. What cannot be lowered is left out and
//! noted; a rule of `check` reports it.

use std::collections::BTreeSet;

use cell_schema::names;
use cell_schema::schema::{self, Action, Check, Generated, Reference, Unique};
use cell_syntax::decl::{self, Numbering, OnDelete};

use super::databases::Members;
use super::indexes::{is_included, is_indexed};
use super::row::{Row, name_span, sql_name};
use super::{defaults, expression};
use crate::model::{Place, Places};
use crate::program::Resolved;

/// One table on its way into a schema.
pub(super) struct Lowering<'a> {
    row: Row<'a>,
    members: &'a Members,
    /// `shop.products`.
    object: String,
    table: schema::Table,
    /// The constraints' names, which must differ.
    taken: BTreeSet<String>,
    places: &'a mut Places,
    omitted: &'a mut Vec<Place>,
}

/// The schema's table of a struct.
pub(super) fn table(
    row: Row<'_>,
    name: &str,
    members: &Members,
    places: &mut Places,
    omitted: &mut Vec<Place>,
) -> schema::Table {
    let object = format!("{}.{name}", members.database);
    places.insert(object.clone(), row.place(row.table.ident.span()));
    let table = schema::Table {
        name: name.to_owned(),
        columns: Vec::new(),
        key: row.names(&row.table.key),
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        // A cache that depends on it follows it too, which is known once all tables are.
        followed: is_indexed(&row) || is_included(row.program, members, row.declared.id),
    };
    let mut lowering = Lowering { row, members, object, table, taken: BTreeSet::new(), places, omitted };
    for column in &row.table.columns {
        lowering.column(column);
    }
    lowering.uniques();
    lowering.indexes();
    lowering.references();
    lowering.checks();
    lowering.table
}

impl Lowering<'_> {
    fn column(&mut self, column: &decl::Column) {
        let place = self.row.place(name_span(column));
        match column_of(&self.row, column) {
            Some(lowered) => {
                self.places.insert(format!("{}.{}", self.object, lowered.name), place);
                self.table.columns.push(lowered);
            }
            None => self.omitted.push(place),
        }
    }

    fn uniques(&mut self) {
        for unique in &self.row.table.uniques {
            let columns = self.row.names(&unique.value);
            let name = self.name(&columns, "key", unique.span);
            self.table.uniques.push(Unique { name, columns });
        }
        self.table.uniques.sort_by(|left, right| left.name.cmp(&right.name));
    }

    fn indexes(&mut self) {
        for index in &self.row.table.indexes {
            let predicate = match &index.predicate {
                None => None,
                Some(rule) => match expression::rule(&self.row, rule) {
                    Ok((predicate, _)) => Some(predicate),
                    Err(_) => {
                        self.omitted.push(self.row.place(index.span));
                        continue;
                    }
                },
            };
            let fields: Vec<_> = index.columns.iter().map(|(field, _)| field.clone()).collect();
            let columns = self.row.names(&fields);
            let name = self.name(&columns, "idx", index.span);
            let columns = columns
                .into_iter()
                .zip(&index.columns)
                .map(|(column, (_, descending))| schema::IndexColumn { column, descending: *descending })
                .collect();
            self.table.indexes.push(schema::Index { name, columns, predicate });
        }
        self.table.indexes.sort_by(|left, right| left.name.cmp(&right.name));
    }

    fn references(&mut self) {
        for reference in &self.row.table.references {
            let resolved = self.row.program.resolve_path(self.row.declared.module, &reference.target);
            let target = match resolved {
                Resolved::Decl(id) => {
                    self.members.tables_of(id).next().zip(Row::of(self.row.program, self.row.program.declared(id)))
                }
                _ => None,
            };
            let Some((table, row)) = target else {
                self.omitted.push(self.row.place(reference.span));
                continue;
            };
            let columns = self.row.names(&reference.columns);
            let name = self.name(&columns, "fkey", reference.span);
            let on_delete = match reference.on_delete {
                None | Some(OnDelete::Refuse) => Action::Refuse,
                Some(OnDelete::Cascade) => Action::Cascade,
                Some(OnDelete::SetNull) => Action::SetNull,
            };
            let target = row.names(&row.table.key);
            self.table.references.push(Reference { name, columns, table: table.to_owned(), target, on_delete });
        }
        self.table.references.sort_by(|left, right| left.name.cmp(&right.name));
    }

    fn checks(&mut self) {
        for check in &self.row.table.checks {
            match expression::rule(&self.row, &check.value) {
                Ok((expression, columns)) => {
                    let name = self.name(&columns, "check", check.span);
                    self.table.checks.push(Check { name, expression });
                }
                Err(_) => self.omitted.push(self.row.place(check.span)),
            }
        }
        self.table.checks.sort_by(|left, right| left.name.cmp(&right.name));
    }

    /// A constraint's name. A second one over the same columns gets a number, in the order of the source.
    fn name(&mut self, columns: &[String], suffix: &str, span: proc_macro2::Span) -> String {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut name = names::constraint(&self.table.name, &columns, suffix);
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = names::constraint(&self.table.name, &columns, &format!("{suffix}{number}"));
            number += 1;
        }
        self.places.insert(format!("{}.{name}", self.object), self.row.place(span));
        name
    }
}

/// The schema's column of a field; nothing where a rule has something to say about it.
fn column_of(row: &Row<'_>, column: &decl::Column) -> Option<schema::Column> {
    let ty = row.column_type(column)?;
    let nullable = row.stored(column).ok()?.nullable;
    let default = match &column.default {
        Some(written) => Some(defaults::default(row, column, &ty, &written.value).ok()?),
        None => None,
    };
    let generated = match &column.generated {
        Some(written) => Some(Generated { expression: expression::rule(row, &written.value).ok()?.0 }),
        None => None,
    };
    let automatic = row.table.numbering == Numbering::Automatic && row.table.key.contains(&column.ident);
    Some(schema::Column { name: sql_name(column), ty, nullable, automatic, default, generated })
}
