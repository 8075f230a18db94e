//! A database with rows, what is said of its next schema, and what becomes of both.

use std::collections::BTreeMap;

use cell_migrate::{Applied, Counted, MigrateError, Target, verify};
use cell_schema::expr::{Expr, Expression};
use cell_schema::hazard::{Allowed, HazardKind};
use cell_schema::hints::{ColumnHints, Hints};
use cell_schema::history::{History, next, seal};
use cell_schema::schema::{Table, Type};

use crate::support::*;

/// A database whose first migrations are sealed and applied.
pub(super) struct Story {
    pub(super) place: Place,
    pub(super) history: History,
}

impl Story {
    /// A database with this schema, and rows made by SQL.
    pub(super) async fn of(place: Place, before: Vec<Table>, rows: &str) -> Self {
        let first = next(None, &schema(before), &Hints::default()).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        let story = Self { place, history: seal(&first) };
        applied(story.target(), &story.history).await.unwrap();
        story.run(rows).await;
        story
    }

    pub(super) fn target(&self) -> &Target {
        &self.place.target
    }

    pub(super) async fn run(&self, sql: &str) {
        run(self.target(), sql).await;
    }

    /// What the engine says no to.
    pub(super) async fn fails(&self, sql: &str) {
        assert!(try_run(self.target(), sql).await.is_err(), "{sql}");
    }

    pub(super) async fn rows(&self, sql: &str) -> Vec<String> {
        texts(self.target(), sql).await
    }

    /// The history with a migration to this schema.
    pub(super) fn next(&self, after: Vec<Table>, hints: &Hints) -> History {
        next(Some(&self.history), &schema(after), hints).unwrap_or_else(|refusals| panic!("{refusals:#?}"))
    }

    /// Why there is none: `code object` of each refusal.
    pub(super) fn refused(&self, after: Vec<Table>, hints: &Hints) -> Vec<String> {
        let refusals = next(Some(&self.history), &schema(after), hints).expect_err("a refusal");
        refusals.iter().map(|refusal| format!("{} {}", refusal.code, refusal.object)).collect()
    }

    /// Seals a migration to this schema and applies it: the database is then what the schema says.
    pub(super) async fn migrate(&mut self, after: Vec<Table>, hints: &Hints) -> Applied {
        self.history = seal(&self.next(after, hints));
        let done = applied(self.target(), &self.history).await.unwrap();
        self.verified().await;
        done
    }

    pub(super) async fn verified(&self) {
        let verified = verify(self.target(), &self.history.snapshot).await.unwrap();
        assert_eq!(verified.differences, []);
    }

    /// Rows or objects refuse the migration: `hazard object: count example` of each. Everything is as it was.
    pub(super) async fn guarded(&self, after: Vec<Table>, hints: &Hints) -> Vec<String> {
        let before = self.contents().await;
        let error = applied(self.target(), &self.next(after, hints)).await.unwrap_err();
        let MigrateError::Guarded { found, .. } = error else { panic!("{error}") };
        assert_eq!(self.contents().await, before);
        self.verified().await;
        let shown = |found: &Counted| {
            let Counted { hazard, object, count, example } = found;
            format!("{hazard} {object}: {count} {}", example.as_deref().unwrap_or("-"))
        };
        found.iter().map(shown).collect()
    }

    /// The same schema with the same hints is no change.
    pub(super) fn is_settled(&self, after: Vec<Table>, hints: &Hints) {
        assert_eq!(self.next(after, hints).migrations.len(), self.history.migrations.len());
    }

    /// Every row of every table and every object, but the journal's.
    pub(super) async fn contents(&self) -> Vec<String> {
        let is_sqlite = self.target().url().as_str().starts_with("sqlite:");
        let (objects, columns) = if is_sqlite { (SQLITE_OBJECTS, SQLITE_COLUMNS) } else { (OBJECTS, COLUMNS) };
        let mut contents = self.rows(objects).await;
        for select in self.rows(columns).await {
            contents.extend(self.rows(&select).await);
        }
        contents
    }
}

const SQLITE_OBJECTS: &str =
    "SELECT name || coalesce(sql, '') FROM sqlite_schema WHERE tbl_name NOT LIKE 'cell\\_%' ESCAPE '\\' ORDER BY 1";
const SQLITE_COLUMNS: &str = "SELECT 'SELECT ''' || t.name || ':'' || ' || group_concat('quote(\"' || c.name || '\")', ' || '','' || ') || \
     ' FROM \"' || t.name || '\" ORDER BY 1' FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c WHERE t.type = 'table' \
     AND t.name NOT LIKE 'cell\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' GROUP BY t.name ORDER BY t.name";
const OBJECTS: &str = "SELECT * FROM (SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
     WHERE connamespace = 'public'::regnamespace \
     UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
     UNION ALL SELECT viewname || definition FROM pg_views WHERE schemaname = 'public' \
     UNION ALL SELECT attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull \
     FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace \
     AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped) AS all_objects (line) \
     WHERE line NOT LIKE 'cell\\_%' AND line NOT LIKE '%ON public.cell\\_%' ORDER BY line";
const COLUMNS: &str = "SELECT format('SELECT %L || t::text FROM %I AS t ORDER BY 1', relname, relname) FROM pg_class \
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE 'cell\\_%' ORDER BY relname";

/// Says things of the next schema.
pub(super) trait Saying {
    fn column(self, table: &str, column: &str, said: ColumnHints) -> Self;
    fn renamed(self, table: &str, from: &str) -> Self;
    fn allow(self, hazard: HazardKind, object: &str) -> Self;
}

impl Saying for Hints {
    fn column(mut self, table: &str, column: &str, said: ColumnHints) -> Self {
        self.tables.entry(table.to_owned()).or_default().columns.insert(column.to_owned(), said);
        self
    }

    fn renamed(mut self, table: &str, from: &str) -> Self {
        self.tables.entry(table.to_owned()).or_default().renamed_from = Some(from.to_owned());
        self
    }

    fn allow(mut self, hazard: HazardKind, object: &str) -> Self {
        self.allowed.insert(Allowed { hazard, object: object.to_owned() });
        self
    }
}

/// Nothing, to say more of.
pub(super) fn said() -> Hints {
    Hints::default()
}

pub(super) fn fill(expr: Expr) -> ColumnHints {
    ColumnHints { backfill: Some(Expression::Portable(expr)), ..ColumnHints::default() }
}

pub(super) fn from(name: &str) -> ColumnHints {
    ColumnHints { renamed_from: Some(name.to_owned()), ..ColumnHints::default() }
}

/// What becomes of an enumeration's values.
pub(super) fn becomes(values: &[(&str, &str)]) -> ColumnHints {
    let values: BTreeMap<String, String> =
        values.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    ColumnHints { values, ..ColumnHints::default() }
}

pub(super) fn one_of(values: &[&str]) -> Type {
    Type::Enumeration { values: values.iter().map(|value| (*value).to_owned()).collect() }
}

/// The titles of the steps, without their migration.
pub(super) fn steps(done: &Applied) -> Vec<&str> {
    done.steps.iter().map(|step| step.title.as_str()).collect()
}

/// Whether a step copied a table of SQLite's.
pub(super) fn rebuilt(done: &Applied, table: &str) -> bool {
    done.steps.iter().any(|step| step.sql.contains(&format!("DROP TABLE \"{table}\"")))
}
