//! Writes statements: one column or constraint a line, always in the same order.
//! In: a [`Statement`]. Out: its text, with a semicolon. Absent: comments, which belong to the file ([`crate::history`]).

use super::Dialect;
use crate::ddl::{Check, Column, ForeignKey, Index, Statement, Table};
use crate::names;
use crate::schema::Action;

pub(super) fn statement(dialect: &dyn Dialect, statement: &Statement) -> String {
    let render = Render { dialect };
    let quote = |name: &str| dialect.quote(name);
    let alter = |table: &str, what: String| format!("ALTER TABLE {}\n    {what};", quote(table));
    let column =
        |table: &str, column: &str, what: String| alter(table, format!("ALTER COLUMN {} {what}", quote(column)));
    match statement {
        Statement::CreateTable(table) => render.create_table(table),
        Statement::DropTables(tables) => format!("DROP TABLE {};", render.list(tables)),
        Statement::RenameTable { from, to } => alter(from, format!("RENAME TO {}", quote(to))),
        Statement::AddColumn { table, column, checks, foreign_key } => {
            render.add_column(table, column, checks, foreign_key.as_ref())
        }
        Statement::DropColumn { table, column } => alter(table, format!("DROP COLUMN {}", quote(column))),
        Statement::RenameColumn { table, from, to } => {
            alter(table, format!("RENAME COLUMN {} TO {}", quote(from), quote(to)))
        }
        Statement::AlterType { table, column: next, using } => {
            let collation = next.collation.as_ref().map(|name| format!(" COLLATE {}", quote(name))).unwrap_or_default();
            column(table, &next.name, format!("TYPE {}{collation} USING {using}", next.ty))
        }
        Statement::SetDefault { table, column: name, default } => match default {
            Some(default) => column(table, name, format!("SET DEFAULT {default}")),
            None => column(table, name, "DROP DEFAULT".to_owned()),
        },
        Statement::SetNotNull { table, column: name, not_null } => {
            column(table, name, format!("{} NOT NULL", if *not_null { "SET" } else { "DROP" }))
        }
        Statement::SetIdentity { table, column: name, identity: true } => {
            column(table, name, format!("ADD {}", dialect.capability().identity))
        }
        Statement::SetIdentity { table, column: name, .. } => column(table, name, "DROP IDENTITY".to_owned()),
        Statement::DropExpression { table, column: name } => column(table, name, "DROP EXPRESSION".to_owned()),
        Statement::DropSequence(name) => format!("DROP SEQUENCE {name};"),
        Statement::SetSequence { table, column } => {
            let (literal, name) = (super::text(&quote(table)), super::text(column));
            format!(
                "SELECT setval(pg_get_serial_sequence({literal}, {name}), greatest((SELECT max({0}) FROM {1}), 0) + 1, false);",
                quote(column),
                quote(table),
            )
        }
        Statement::AddKey { table, columns, index } => {
            let name = quote(&names::constraint(table, &[], "pkey"));
            let over = match index {
                Some(index) => format!("USING INDEX {}", quote(index)),
                None => format!("({})", render.list(columns)),
            };
            alter(table, format!("ADD CONSTRAINT {name} PRIMARY KEY {over}"))
        }
        Statement::AddUnique { table, name } => {
            alter(table, format!("ADD CONSTRAINT {0} UNIQUE USING INDEX {0}", quote(name)))
        }
        Statement::AddCheck { table, check, trusted } => {
            alter(table, format!("ADD {}{}", render.check(check), not_valid(*trusted)))
        }
        Statement::AddForeignKey { table, foreign_key, trusted } => {
            alter(table, format!("ADD {}{}", render.foreign_key(foreign_key), not_valid(*trusted)))
        }
        Statement::Validate { table, name } => alter(table, format!("VALIDATE CONSTRAINT {}", quote(name))),
        Statement::DropConstraint { table, name } => alter(table, format!("DROP CONSTRAINT {}", quote(name))),
        Statement::RenameConstraint { table, from, to } => {
            alter(table, format!("RENAME CONSTRAINT {} TO {}", quote(from), quote(to)))
        }
        Statement::CreateIndex { table, index, concurrently } => render.create_index(table, index, *concurrently),
        Statement::DropIndex { name, concurrently, lenient } => {
            let concurrently = if *concurrently { "CONCURRENTLY " } else { "" };
            let lenient = if *lenient { "IF EXISTS " } else { "" };
            format!("DROP INDEX {concurrently}{lenient}{};", quote(name))
        }
        Statement::RenameIndex { from, to } => format!("ALTER INDEX {} RENAME TO {};", quote(from), quote(to)),
        Statement::Update { table, sets, condition } => {
            let sets: Vec<String> = sets.iter().map(|(name, value)| format!("{} = {value}", quote(name))).collect();
            let condition = condition.as_ref().map(|condition| format!("\n    WHERE {condition}")).unwrap_or_default();
            format!("UPDATE {}\n    SET {}{condition};", quote(table), sets.join(",\n        "))
        }
        Statement::CreateBridge(bridge) => super::bridge::create(dialect, bridge),
        Statement::DropBridge(bridge) => super::bridge::drop(dialect, bridge),
        Statement::CreateView { name, table, columns } => {
            format!("CREATE VIEW {} AS\n    SELECT {}\n    FROM {};", quote(name), render.list(columns), quote(table))
        }
        Statement::DropView(name) => format!("DROP VIEW {};", quote(name)),
        Statement::CreateMirror(mirror) => super::mirror::create(dialect, mirror),
        Statement::DropMirror(mirror) => super::mirror::drop(dialect, mirror),
        Statement::CreateFeed => super::feed::create(dialect.engine()).to_owned(),
        Statement::Follow(follow) => super::feed::follow(dialect, follow),
        Statement::Unfollow { table } => super::feed::unfollow(dialect, table),
        Statement::Reset { table } => super::feed::reset(dialect.engine(), table),
        Statement::Copy { table, columns, query } => {
            format!("INSERT INTO {} ({})\n    {};", quote(table), render.list(columns), query.replace('\n', "\n    "))
        }
        Statement::CopySequence { from, to } => {
            let (from, to) = (super::text(from), super::text(to));
            format!(
                "DELETE FROM sqlite_sequence WHERE name = {to};\n\n\
                 INSERT INTO sqlite_sequence (name, seq)\n    SELECT {to}, seq FROM sqlite_sequence WHERE name = {from};"
            )
        }
    }
}

fn not_valid(trusted: bool) -> &'static str {
    if trusted { " NOT VALID" } else { "" }
}

struct Render<'a> {
    dialect: &'a dyn Dialect,
}

impl Render<'_> {
    fn create_table(&self, table: &Table) -> String {
        let capability = self.dialect.capability();
        let mut lines = Vec::new();
        let mut key_is_written = table.key.is_empty();
        let key_name = self.quote(&names::constraint(table.key_name.as_ref().unwrap_or(&table.name), &[], "pkey"));
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

    fn create_index(&self, table: &str, index: &Index, concurrently: bool) -> String {
        let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
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
        format!("CREATE {unique}INDEX {concurrently}{name} ON {table} ({columns}){predicate};")
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
