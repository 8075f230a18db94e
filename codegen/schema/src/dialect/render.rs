//! Writes statements: one column or constraint a line, always in the same order.
//! In: a [`Statement`]. Out: its text, with a semicolon. Absent: comments, which belong to the file ([`crate::history`]).

use super::Dialect;
use crate::ddl::{Check, Column, ForeignKey, Index, Statement, Table};
use crate::names;
use crate::schema::Action;

pub(super) fn statement(dialect: &dyn Dialect, statement: &Statement) -> String {
    let render = Render { dialect };
    match statement {
        Statement::CreateTable(table) => render.create_table(table),
        Statement::AddColumn { table, column, checks, foreign_key } => {
            render.add_column(table, column, checks, foreign_key.as_ref())
        }
        Statement::AddForeignKey { table, foreign_key } => {
            format!("ALTER TABLE {}\n    ADD {};", dialect.quote(table), render.foreign_key(foreign_key))
        }
        Statement::CreateIndex { table, index } => render.create_index(table, index),
    }
}

struct Render<'a> {
    dialect: &'a dyn Dialect,
}

impl Render<'_> {
    fn create_table(&self, table: &Table) -> String {
        let capability = self.dialect.capability();
        let mut lines = Vec::new();
        let mut key_is_written = table.key.is_empty();
        let key_name = self.quote(&names::constraint(&table.name, &[], "pkey"));
        for column in &table.columns {
            let mut line = self.column(column);
            if column.identity {
                if capability.identity_is_key {
                    line = format!("{line} CONSTRAINT {key_name} PRIMARY KEY");
                    key_is_written = true;
                }
                line = format!("{line} {}", capability.identity);
            }
            lines.push(line);
        }
        if !key_is_written {
            lines.push(format!("CONSTRAINT {key_name} PRIMARY KEY ({})", self.list(&table.key)));
        }
        for unique in &table.uniques {
            lines.push(format!("CONSTRAINT {} UNIQUE ({})", self.quote(&unique.name), self.list(&unique.columns)));
        }
        lines.extend(table.foreign_keys.iter().map(|key| self.foreign_key(key)));
        lines.extend(table.checks.iter().map(|check| self.check(check)));
        let strict = if table.strict { capability.strict } else { "" };
        format!("CREATE TABLE {} (\n    {}\n){strict};", self.quote(&table.name), lines.join(",\n    "))
    }

    fn add_column(&self, table: &str, column: &Column, checks: &[Check], foreign_key: Option<&ForeignKey>) -> String {
        let mut lines = vec![self.column(column)];
        if let Some(key) = foreign_key {
            let (name, target) = (self.quote(&key.name), self.target(key));
            lines.push(format!("CONSTRAINT {name} {target}"));
        }
        lines.extend(checks.iter().map(|check| self.check(check)));
        format!("ALTER TABLE {}\n    ADD COLUMN {};", self.quote(table), lines.join("\n        "))
    }

    fn create_index(&self, table: &str, index: &Index) -> String {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let columns: Vec<String> = index
            .columns
            .iter()
            .map(|(column, descending)| format!("{}{}", self.quote(column), if *descending { " DESC" } else { "" }))
            .collect();
        let predicate = match &index.predicate {
            Some(predicate) => format!("\n    WHERE {predicate}"),
            None => String::new(),
        };
        let (name, table, columns) = (self.quote(&index.name), self.quote(table), columns.join(", "));
        format!("CREATE {unique}INDEX {name} ON {table} ({columns}){predicate};")
    }

    fn column(&self, column: &Column) -> String {
        let mut text = format!("{} {}", self.quote(&column.name), column.ty);
        if let Some(collation) = &column.collation {
            text = format!("{text} COLLATE {}", self.quote(collation));
        }
        if column.not_null {
            text.push_str(" NOT NULL");
        }
        if let Some(default) = &column.default {
            // Only calls compute, and a literal may have parentheses too.
            let wrap = self.dialect.capability().wraps_computed_defaults && default.contains('(');
            let default = if wrap { format!("({default})") } else { default.clone() };
            text = format!("{text} DEFAULT {default}");
        }
        if let Some(expression) = &column.generated {
            text = format!("{text} GENERATED ALWAYS AS ({expression}) STORED");
        }
        text
    }

    fn foreign_key(&self, key: &ForeignKey) -> String {
        let (name, columns, target) = (self.quote(&key.name), self.list(&key.columns), self.target(key));
        format!("CONSTRAINT {name} FOREIGN KEY ({columns}) {target}")
    }

    fn target(&self, key: &ForeignKey) -> String {
        let action = match key.on_delete {
            Action::Refuse => "",
            Action::Cascade => " ON DELETE CASCADE",
            Action::SetNull => " ON DELETE SET NULL",
        };
        format!("REFERENCES {} ({}){action}", self.quote(&key.table), self.list(&key.target))
    }

    fn check(&self, check: &Check) -> String {
        format!("CONSTRAINT {} CHECK ({})", self.quote(&check.name), check.expression)
    }

    fn list(&self, names: &[String]) -> String {
        names.iter().map(|name| self.quote(name)).collect::<Vec<_>>().join(", ")
    }

    fn quote(&self, name: &str) -> String {
        self.dialect.quote(name)
    }
}
