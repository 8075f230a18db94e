//! Columns of a table that is there: added, filled, turned into another type, required or no longer. In: the table before and
//! after. Out: steps.

use super::Alter;
use super::bound::Bound;
use crate::ddl::{Check, Column, Statement, Table};
use crate::dialect::convert::convert;
use crate::mapping::Source;
use crate::names;
use crate::plan::{rebuild, rows};
use crate::refusal::{Refusal, shown};
use crate::schema;

impl Alter<'_> {
    pub(super) fn columns(&mut self, before: &Table, after: &Table, bound: &Bound<'_>) -> Result<(), Refusal> {
        let Some(declared) = self.subject.transition.next(&after.name) else { return Ok(()) };
        let table = after.name.as_str();
        let backfilled = rows::backfilled(self.subject, table);
        let filled = |column: &Column| backfilled.contains(&column.name.as_str());
        let columns = after.columns_since(before);
        let (mut fills, mut required) = (Vec::new(), Vec::new());
        for (earlier, column) in &columns {
            match earlier.filter(|_| !bound.is_remade(table, &column.name)) {
                Some(earlier) => {
                    if filled(column) {
                        fills.push(*column);
                    }
                    if column.not_null && !earlier.not_null && column.generated.is_none() {
                        required.push(*column);
                    }
                }
                None if filled(column) => {
                    fills.push(*column);
                    required.extend(column.not_null.then_some(*column));
                }
                None => {}
            }
        }
        let mut unproven = Vec::new();
        // A column that is computed comes when those it is computed from are as they will be.
        for (_, column) in columns.iter().filter(|(earlier, it)| earlier.is_none() && it.generated.is_none()) {
            unproven.extend(self.add(after, column, filled(column)));
        }
        for (earlier, column) in &columns {
            if let Some(earlier) = earlier.filter(|_| !bound.is_remade(table, &column.name)) {
                self.change(declared, table, earlier, column)?;
            }
        }
        let fills = fills;
        if !fills.is_empty() {
            self.fill(declared, table, before, &fills)?;
        }
        for column in required {
            self.require(table, column);
        }
        for (earlier, column) in columns.iter().filter(|(_, column)| column.generated.is_some()) {
            if earlier.is_none() || bound.is_remade(table, &column.name) {
                unproven.extend(self.add(after, column, false));
            }
        }
        for name in unproven {
            let title = format!("check rows for `{}` of `{}`", shown(&name), shown(table));
            self.push(title, vec![Statement::Validate { table: table.to_owned(), name }]);
        }
        Ok(())
    }

    /// Lets go of what is computed from other columns, where it becomes plain or is computed anew.
    pub(super) fn let_go(&mut self, before: &Table, after: &Table, bound: &Bound<'_>) {
        // What is computed from a column keeps that from changing its type, and from going.
        for (earlier, column) in after.columns_since(before) {
            if column.generated.is_none() && earlier.is_some_and(|earlier| earlier.generated.is_some()) {
                let title = format!("no longer compute `{}` of `{}`", shown(&column.name), shown(&after.name));
                let (table, column) = (after.name.clone(), column.name.clone());
                self.push(title, vec![Statement::DropExpression { table, column }]);
            }
        }
        let mut remade: Vec<_> =
            before.columns.iter().filter(|column| bound.is_remade(&after.name, &column.name)).collect();
        // One that is generated may be computed from a plain one that becomes so.
        remade.sort_by_key(|column| column.generated.is_none());
        for column in remade {
            let statement = Statement::DropColumn { table: after.name.clone(), column: column.name.clone() };
            let title =
                format!("drop column `{}` of `{}`, which is computed anew", shown(&column.name), shown(&after.name));
            self.push(title, vec![statement]);
        }
    }

    /// Adds a column with its checks, which hold for rows that come. Out: those that the rows that are there have to meet, too.
    fn add(&mut self, table: &Table, column: &Column, is_filled: bool) -> Vec<String> {
        let subject = self.subject;
        let own = rebuild::own_foreign_key(subject, table, column);
        let foreign_key = own.filter(|key| self.is_inline(table, column, key)).cloned();
        let bare = Column {
            not_null: column.not_null && !is_filled,
            default: column.default.clone().filter(|_| !is_filled),
            ..column.clone()
        };
        let of = || table.name.clone();
        let mut statements = vec![Statement::AddColumn { table: of(), column: bare, checks: Vec::new(), foreign_key }];
        let checks: Vec<&Check> = rebuild::own_checks(self.subject, table, column);
        let add = |check: &&Check| Statement::AddCheck { table: of(), check: Check::clone(check), trusted: true };
        statements.extend(checks.iter().map(add));
        let title = format!("add column `{}` to `{}`", shown(&column.name), shown(&table.name));
        let step = self.push(title, statements);
        // Whatever differs from row to row is in each row; other defaults are kept once.
        let declared = subject.transition.next(&table.name).and_then(|table| table.column(&column.name));
        let is_random = declared.is_some_and(|it| it.default == Some(schema::Default::RandomUuid)) && !is_filled;
        if column.generated.is_some() || is_random {
            step.rewrites(subject.object(&table.name, &column.name), &table.name);
        }
        checks.into_iter().map(|check| check.name.clone()).collect()
    }

    /// Brings a column to its next type, default and numbering.
    fn change(
        &mut self,
        declared: &schema::Table,
        table: &str,
        earlier: &Column,
        column: &Column,
    ) -> Result<(), Refusal> {
        let name = column.name.as_str();
        let title = |what: &str| format!("{what} `{}` of `{}`", shown(name), shown(table));
        let is_retyped = earlier.ty != column.ty || earlier.collation != column.collation;
        let (of, this) = (|| table.to_owned(), || name.to_owned());
        let mut statements = Vec::new();
        if earlier.identity && !column.identity {
            statements.push(Statement::SetIdentity { table: of(), column: this(), identity: false });
        }
        let value = self.converted(declared, name);
        let mut default = earlier.default.clone();
        if is_retyped {
            if default.take().is_some() {
                // A default is not turned into the new type by itself.
                statements.push(Statement::SetDefault { table: of(), column: this(), default: None });
            }
            let zone = self.subject.zones.get(&(of(), this()));
            let using = match zone {
                Some(zone) => format!("{} AT TIME ZONE {}", self.quote(name), crate::dialect::literal(zone)),
                None => value.unwrap_or_else(|| self.quote(name)),
            };
            statements.push(Statement::AlterType { table: of(), column: column.clone(), using });
        } else if let Some(value) = value {
            let condition = format!("{value} <> {}", self.quote(name));
            let sets = vec![(this(), value)];
            statements.push(Statement::Update { table: of(), sets, condition: Some(condition) });
        }
        if default != column.default {
            statements.push(Statement::SetDefault { table: of(), column: this(), default: column.default.clone() });
        }
        // A serial's sequence goes with its default: an identity has one of its own.
        if let Some(sequence) = earlier.default.as_deref().and_then(sequence).filter(|_| column.identity) {
            statements.push(Statement::DropSequence(sequence));
        }
        if earlier.not_null && !column.not_null && !column.identity {
            statements.push(Statement::SetNotNull { table: of(), column: this(), not_null: false });
        }
        if column.identity && !earlier.identity {
            if !earlier.not_null {
                statements.push(Statement::SetNotNull { table: of(), column: this(), not_null: true });
            }
            statements.push(Statement::SetIdentity { table: of(), column: this(), identity: true });
            statements.push(Statement::SetSequence { table: of(), column: this() });
        }
        if statements.is_empty() {
            return Ok(());
        }
        let subject = self.subject;
        let is_rewritten = earlier.ty != column.ty && !self.is_wider(declared, name);
        let is_read = column.identity && !earlier.not_null;
        let verb = if is_retyped { "change the type of" } else { "change" };
        let step = self.push(title(verb), statements);
        if is_rewritten {
            step.rewrites(subject.object(table, name), table);
        } else if is_read {
            step.locks(subject.object(table, name), table);
        }
        Ok(())
    }

    /// Whether a column's new type only allows more: PostgreSQL then leaves the rows as they are.
    fn is_wider(&self, declared: &schema::Table, column: &str) -> bool {
        let before = self
            .subject
            .transition
            .rows
            .get(&declared.name)
            .and_then(|rows| self.subject.transition.previous(rows.from.as_deref()?)?.column(rows.origin(column)?));
        match (before.map(|before| &before.ty), declared.column(column).map(|column| &column.ty)) {
            (
                Some(schema::Type::Decimal { precision: before, scale }),
                Some(schema::Type::Decimal { precision: after, scale: same }),
            ) => scale == same && before <= after,
            _ => false,
        }
    }

    /// What a value of a column becomes, under the column's name after; nothing where it stays.
    fn converted(&self, declared: &schema::Table, column: &str) -> Option<String> {
        if !self.subject.transition.changes(&declared.name, column) {
            return None;
        }
        let rows = self.subject.transition.rows.get(&declared.name)?;
        let Source::Kept { from, rows: said } = rows.columns.get(column)? else { return None };
        let before = &self.subject.transition.previous(rows.from.as_ref()?)?.column(from)?.ty;
        let x = self.quote(column);
        let converted = convert(self.subject.engine, &x, before, &declared.column(column)?.ty, &said.values)?;
        (converted.value != x).then_some(converted.value)
    }

    /// Gives values to the rows that have none.
    fn fill(
        &mut self,
        declared: &schema::Table,
        table: &str,
        before: &Table,
        columns: &[&Column],
    ) -> Result<(), Refusal> {
        let (mut sets, mut missing, mut defaults) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let Some(said) = declared.column(&column.name) else { continue };
            let Some(backfill) = rows::backfill(self.subject, declared, said) else { continue };
            let text = rows::text(self.subject, declared, said, backfill)?;
            let name = self.quote(&column.name);
            let is_new = before.column(&column.name).is_none();
            sets.push((column.name.clone(), if is_new { text } else { format!("coalesce({name}, {text})") }));
            missing.push(format!("{name} IS NULL"));
            if is_new && column.default.is_some() {
                defaults.push(Statement::SetDefault {
                    table: table.to_owned(),
                    column: column.name.clone(),
                    default: column.default.clone(),
                });
            }
        }
        let names: Vec<String> = sets.iter().map(|(name, _)| format!("`{}`", shown(name))).collect();
        let title = format!("fill {} of `{}` in the rows that are there", names.join(", "), shown(table));
        let condition = Some(missing.join(" OR "));
        let mut statements = vec![Statement::Update { table: table.to_owned(), sets, condition }];
        statements.extend(defaults);
        self.push(title, statements);
        Ok(())
    }

    /// Makes a column required: a check is validated while others write, and then says so to `SET NOT NULL`.
    fn require(&mut self, table: &str, column: &Column) {
        let name = names::constraint(table, &[&column.name], "required");
        let expression = format!("{} IS NOT NULL", self.quote(&column.name));
        let of = || table.to_owned();
        let title = format!("require `{}` of `{}` in rows that come", shown(&column.name), shown(table));
        let check = Check { name: name.clone(), expression };
        self.push(title, vec![Statement::AddCheck { table: of(), check, trusted: true }]);
        let title = format!("check rows for `{}` of `{}`", shown(&column.name), shown(table));
        self.push(title, vec![Statement::Validate { table: of(), name: name.clone() }]);
        let title = format!("require `{}` of `{}`", shown(&column.name), shown(table));
        let require = Statement::SetNotNull { table: of(), column: column.name.clone(), not_null: true };
        self.push(title, vec![require, Statement::DropConstraint { table: of(), name }]);
    }
}

/// The sequence that a default takes its values from, as the engine prints its name: `nextval('users_id_seq'::regclass)`.
fn sequence(default: &str) -> Option<String> {
    let name = default.strip_prefix("nextval('")?.strip_suffix("'::regclass)")?;
    Some(name.replace("''", "'"))
}
