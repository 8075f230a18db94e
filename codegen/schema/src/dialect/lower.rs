//! Makes a [`ddl::Database`] of a schema. In: an engine and a [`Schema`]. Out: tables as that engine holds them, or refusals.
//! Absent: text of statements ([`super::render`]) and the order of creation ([`crate::plan`]).

use std::borrow::Cow;

use super::{Dialect, Refusal, expression, of};
use crate::check::check;
use crate::constant::Constant;
use crate::ddl;
use crate::engine::Engine;
use crate::expr::{Expr, Expression};
use crate::names;
use crate::refusal::shown;
use crate::schema::{Column, Default, Schema, Table};
use crate::typed::{self, Scope, Typed};

/// The schema as `engine` holds it.
///
/// # Errors
/// Everything wrong with the schema, and what this engine cannot hold.
pub fn lower(engine: Engine, schema: &Schema) -> Result<ddl::Database, Vec<Refusal>> {
    let refusals = check(schema);
    if refusals.is_empty() { held(engine, schema) } else { Err(refusals) }
}

/// The same of a schema that is known to be sound, or a part of one.
pub(crate) fn held(engine: Engine, schema: &Schema) -> Result<ddl::Database, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut tables = Vec::with_capacity(schema.tables.len());
    for table in &schema.tables {
        let lowering = Lowering { dialect: of(engine), database: &schema.database, table };
        match lowering.table() {
            Ok(table) => tables.push(table),
            Err(mut more) => refusals.append(&mut more),
        }
    }
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    if refusals.is_empty() { Ok(ddl::Database { tables }) } else { Err(refusals) }
}

/// The schema as `engine` holds it, without what makes no sense: a schema between two others, some of whose columns are gone.
pub(crate) fn lenient(engine: Engine, schema: &Schema) -> ddl::Database {
    let tables = schema.tables.iter().map(|table| {
        let mut table = Cow::Borrowed(table);
        loop {
            let lowering = Lowering { dialect: of(engine), database: &schema.database, table: &table };
            match lowering.table() {
                Ok(table) => return table,
                Err(refusals) => {
                    let object = format!("{}.{}", schema.database, table.name);
                    let wrong =
                        |part: &str| refusals.iter().any(|refusal| refusal.object == format!("{object}.{part}"));
                    let table = table.to_mut();
                    let parts = (table.columns.len(), table.checks.len(), table.indexes.len());
                    table.columns.retain(|column| column.generated.is_none() || !wrong(&column.name));
                    table.checks.retain(|check| !wrong(&check.name));
                    table.indexes.retain(|index| !wrong(&index.name));
                    if parts == (table.columns.len(), table.checks.len(), table.indexes.len()) {
                        // Nothing more can be left out.
                        return ddl::Table { name: table.name.clone(), strict: true, ..ddl::Table::default() };
                    }
                }
            }
        }
    });
    ddl::Database { tables: tables.collect() }
}

/// An expression of a table as `engine` writes it: a value of a column where one is given, else a condition.
///
/// # Errors
/// It does not fit the table, or has no text for this engine.
pub(crate) fn text_of(
    engine: Engine,
    database: &str,
    table: &Table,
    part: &str,
    expression: &Expression,
    column: Option<&Column>,
) -> Result<String, Refusal> {
    let lowering = Lowering { dialect: of(engine), database, table };
    lowering.expression(expression, part, |scope, expr| match column {
        Some(column) => typed::value(scope, expr, column),
        None => typed::condition(scope, expr),
    })
}

/// The name of the check that keeps values of other types out of a column.
pub(crate) fn rule_name(table: &str, column: &str, suffix: &str) -> String {
    names::constraint(table, &[column], suffix)
}

/// Every last part of such a name.
pub(crate) const RULES: [&str; 4] = ["form", "len", "range", "values"];

struct Lowering<'a> {
    dialect: &'static dyn Dialect,
    database: &'a str,
    table: &'a Table,
}

impl Lowering<'_> {
    /// `shop.products.price`
    fn part(&self, part: &str) -> String {
        format!("{}.{}.{part}", self.database, self.table.name)
    }

    fn table(&self) -> Result<ddl::Table, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let mut table = ddl::Table {
            name: self.table.name.clone(),
            key: self.table.key.clone(),
            strict: true,
            ..ddl::Table::default()
        };
        if self.table.followed {
            let names = super::feed_triggers(self.dialect.engine(), &self.table.name);
            table.triggers = names.into_iter().map(|name| ddl::Trigger { name, text: String::new() }).collect();
        }
        for column in &self.table.columns {
            let storage = self.dialect.storage(column);
            table.checks.extend(storage.rule.map(|(suffix, expression)| ddl::Check {
                name: rule_name(&self.table.name, &column.name, suffix),
                expression,
            }));
            match self.column(column, storage.ty, storage.collation) {
                Ok(column) => table.columns.push(column),
                Err(refusal) => refusals.push(refusal),
            }
        }
        for check in &self.table.checks {
            match self.expression(&check.expression, &check.name, typed::condition) {
                Ok(expression) => table.checks.push(ddl::Check { name: check.name.clone(), expression }),
                Err(refusal) => refusals.push(refusal),
            }
        }
        for index in &self.table.indexes {
            let predicate = index.predicate.as_ref();
            match predicate.map(|text| self.expression(text, &index.name, typed::condition)).transpose() {
                Ok(predicate) => table.indexes.push(ddl::Index {
                    name: index.name.clone(),
                    columns: index.columns.iter().map(|part| (part.column.clone(), part.descending)).collect(),
                    unique: false,
                    predicate,
                }),
                Err(refusal) => refusals.push(refusal),
            }
        }
        table.uniques = self
            .table
            .uniques
            .iter()
            .map(|unique| ddl::Unique { name: unique.name.clone(), columns: unique.columns.clone() })
            .collect();
        table.foreign_keys = self
            .table
            .references
            .iter()
            .map(|reference| ddl::ForeignKey {
                name: reference.name.clone(),
                columns: reference.columns.clone(),
                table: reference.table.clone(),
                target: reference.target.clone(),
                on_delete: reference.on_delete,
            })
            .collect();
        table.uniques.sort_by(|left, right| left.name.cmp(&right.name));
        table.foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
        table.checks.sort_by(|left, right| left.name.cmp(&right.name));
        table.indexes.sort_by(|left, right| left.name.cmp(&right.name));
        if refusals.is_empty() { Ok(table) } else { Err(refusals) }
    }

    fn column(&self, column: &Column, ty: String, collation: Option<&str>) -> Result<ddl::Column, Refusal> {
        let generated = column.generated.as_ref();
        let generated = generated
            .map(|generated| {
                self.expression(&generated.expression, &column.name, |scope, expr| typed::value(scope, expr, column))
            })
            .transpose()?;
        Ok(ddl::Column {
            name: column.name.clone(),
            ty,
            collation: collation.map(ToOwned::to_owned),
            not_null: !column.nullable,
            default: self.default(column)?,
            generated,
            identity: column.automatic,
        })
    }

    fn default(&self, column: &Column) -> Result<Option<String>, Refusal> {
        let text = match &column.default {
            None => return Ok(None),
            Some(Default::Now) => self.dialect.now(&column.ty).map(ToOwned::to_owned),
            Some(Default::RandomUuid) => Some(self.dialect.random_uuid().to_owned()),
            Some(Default::Value(literal)) => {
                Constant::of(&column.ty, literal).ok().map(|constant| self.dialect.constant(&constant).text)
            }
        };
        // `check` has refused what is none here.
        text.map(Some).ok_or_else(|| {
            Refusal::new(
                "column-default",
                self.part(&column.name),
                "this default is not of the column's type",
                "write another",
            )
        })
    }

    fn expression(
        &self,
        expression: &Expression,
        part: &str,
        typed: impl FnOnce(Scope<'_>, &Expr) -> Result<Typed, Refusal>,
    ) -> Result<String, Refusal> {
        let object = self.part(part);
        let engine = self.dialect.engine();
        let raw = match expression {
            Expression::Portable(expr) => {
                let typed = typed(Scope { table: self.table, object: &object }, expr)?;
                return Ok(expression::write(self.dialect, &typed).text);
            }
            Expression::Raw { sqlite, postgres } => match engine {
                Engine::Sqlite => sqlite,
                Engine::Postgres => postgres,
            },
        };
        raw.as_ref().map(|text| text.trim().to_owned()).ok_or_else(|| {
            let (name, title) = (engine.name(), engine.title());
            Refusal::new(
                "expression-engine",
                object,
                format!("`{}` says nothing for {title}", shown(part)),
                format!("add `{name} = \"…\"`, or write the expression in Rust syntax, which serves every engine"),
            )
        })
    }
}
