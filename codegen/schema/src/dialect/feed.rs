//! The feed: the log of changed keys, and the triggers that write to it. In: a table, its key and its uniques. Out: SQL that makes the
//! log, and the triggers, and takes them away. Absent: who reads the log (the runtime), and when triggers are made ([`crate::plan`]).
//!
//! A line is (table, key, operation). The key is a JSON array of the stored values, bytes in hexadecimal digits. Nobody waits for
//! anybody: lines have numbers, and on PostgreSQL the transaction's number too, by which a reader tells what it has not seen.
//!
//! PostgreSQL's triggers fire once a statement, also for what a reference takes along. SQLite's fire for each row, and before it too:
//! rows that `OR REPLACE` puts away fire none of their own.

use super::{Dialect, text};
use crate::ddl::FollowSql;
use crate::engine::Engine;
use crate::names;
use crate::schema::Type;

/// What a query calls the table that it reads. By its own name a table called `new` would be what the trigger itself calls so.
const ROW: &str = "\"row\"";

const SQLITE: &str = "\
CREATE TABLE IF NOT EXISTS cell_feed (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    key TEXT,
    operation TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS cell_consumers (
    name TEXT NOT NULL PRIMARY KEY,
    cursor TEXT NOT NULL,
    mark TEXT NOT NULL,
    next_cursor TEXT,
    next_mark TEXT,
    live_until INTEGER NOT NULL
) STRICT;";

const POSTGRES: &str = "\
CREATE TABLE IF NOT EXISTS cell_feed (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    position bigint GENERATED ALWAYS AS IDENTITY,
    table_name text COLLATE \"C\" NOT NULL,
    key text COLLATE \"C\",
    operation text COLLATE \"C\" NOT NULL,
    PRIMARY KEY (xid, position)
);

CREATE TABLE IF NOT EXISTS cell_consumers (
    name text COLLATE \"C\" NOT NULL PRIMARY KEY,
    cursor text NOT NULL,
    mark text NOT NULL,
    next_cursor text,
    next_mark text,
    live_until bigint NOT NULL
);";

/// Makes the log, and the list of those who read it.
pub(super) fn create(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    }
}

/// Makes a table's triggers.
pub(super) fn follow(dialect: &dyn Dialect, follow: &FollowSql) -> String {
    match dialect.engine() {
        Engine::Sqlite => sqlite(dialect, follow),
        Engine::Postgres => postgres(dialect, follow),
    }
}

/// Takes a table's triggers away, and its lines.
pub(super) fn unfollow(dialect: &dyn Dialect, table: &str) -> String {
    let on = dialect.quote(table);
    let mut parts: Vec<String> = triggers(dialect.engine(), table)
        .iter()
        .map(|name| match dialect.engine() {
            Engine::Sqlite => format!("DROP TRIGGER IF EXISTS {};", dialect.quote(name)),
            Engine::Postgres => format!("DROP TRIGGER IF EXISTS {} ON {on};", dialect.quote(name)),
        })
        .collect();
    if dialect.engine() == Engine::Postgres {
        parts.push(format!("DROP FUNCTION IF EXISTS {}();", dialect.quote(&function(table))));
    }
    parts.push(format!("DELETE FROM cell_feed WHERE table_name = {};", text(table)));
    parts.join("\n\n")
}

/// Says that any row of a table may have changed.
pub(super) fn reset(engine: Engine, table: &str) -> String {
    let table = text(table);
    let line = format!("INSERT INTO cell_feed (table_name, operation) VALUES ({table}, 'reset');");
    match engine {
        Engine::Sqlite => line,
        Engine::Postgres => format!("SELECT set_config('cell.reset', {table}, true);\n\n{line}"),
    }
}

/// The names of a table's triggers.
#[must_use]
pub fn triggers(engine: Engine, table: &str) -> Vec<String> {
    let parts: &[&str] = match engine {
        Engine::Sqlite => &["feed1", "feed2", "feed3", "feed4", "feed5", "feed6"],
        Engine::Postgres => &["feed1", "feed2", "feed3", "feed4"],
    };
    parts.iter().map(|part| names::constraint(table, &[], part)).collect()
}

/// PostgreSQL: what the triggers call.
fn function(table: &str) -> String {
    names::constraint(table, &[], "feed")
}

/// The key of a row as lines have it.
fn key(dialect: &dyn Dialect, follow: &FollowSql, row: &str) -> String {
    let value = |(column, ty): &(String, Type)| {
        let column = format!("{row}.{}", dialect.quote(column));
        match (dialect.engine(), ty) {
            (Engine::Sqlite, Type::Bytes { .. } | Type::Uuid) => format!("hex({column})"),
            (Engine::Postgres, Type::Bytes { .. }) => format!("encode({column}, 'hex')"),
            // A number in JSON is read as a binary one.
            (Engine::Postgres, Type::Decimal { .. }) => format!("CAST({column} AS text)"),
            // As a text it would be in the session's time zone.
            (Engine::Postgres, Type::Instant) => format!("({column} AT TIME ZONE 'UTC')"),
            _ => column,
        }
    };
    let values: Vec<String> = follow.key.iter().map(value).collect();
    match dialect.engine() {
        Engine::Sqlite => format!("json_array({})", values.join(", ")),
        Engine::Postgres => format!("CAST(json_build_array({}) AS text)", values.join(", ")),
    }
}

fn sqlite(dialect: &dyn Dialect, follow: &FollowSql) -> String {
    let on = dialect.quote(&follow.table);
    let table = text(&follow.table);
    let quoted = |columns: &mut dyn Iterator<Item = &String>| {
        columns.map(|column| dialect.quote(column)).collect::<Vec<_>>().join(", ")
    };
    let line = |row: &str, operation: &str| {
        let key = key(dialect, follow, row);
        format!("    INSERT INTO cell_feed (table_name, key, operation) VALUES ({table}, {key}, '{operation}');")
    };
    let same = |columns: &mut dyn Iterator<Item = &String>| {
        let parts: Vec<String> =
            columns.map(|column| dialect.quote(column)).map(|it| format!("{ROW}.{it} = NEW.{it}")).collect();
        format!("({})", parts.join(" AND "))
    };
    let key_columns = || follow.key.iter().map(|(column, _)| column);
    // Rows that are in the way of the one that is written: where it replaces them, nothing else tells.
    let in_the_way = |constraints: Vec<String>, but: &str| {
        format!(
            "    INSERT INTO cell_feed (table_name, key, operation)\n        SELECT {table}, {}, 'delete' FROM {on} AS {ROW}\n        WHERE ({}){but};",
            key(dialect, follow, ROW),
            constraints.join(" OR ")
        )
    };
    let mut constraints = vec![same(&mut key_columns())];
    constraints.extend(follow.uniques.iter().map(|columns| same(&mut columns.iter())));
    let moved: Vec<String> =
        key_columns().map(|it| dialect.quote(it)).map(|it| format!("OLD.{it} IS NOT NEW.{it}")).collect();
    let itself: Vec<String> =
        key_columns().map(|it| dialect.quote(it)).map(|it| format!("{ROW}.{it} IS OLD.{it}")).collect();
    let itself = format!(" AND NOT ({})", itself.join(" AND "));
    let mut unique_columns: Vec<&String> = key_columns().chain(follow.uniques.iter().flatten()).collect();
    unique_columns.sort();
    unique_columns.dedup();
    let bodies = [
        ("AFTER INSERT".to_owned(), None, line("NEW", "insert")),
        ("AFTER UPDATE".to_owned(), None, line("NEW", "update")),
        (format!("AFTER UPDATE OF {}", quoted(&mut key_columns())), Some(moved.join(" OR ")), line("OLD", "delete")),
        ("AFTER DELETE".to_owned(), None, line("OLD", "delete")),
        ("BEFORE INSERT".to_owned(), None, in_the_way(constraints.clone(), "")),
        (
            format!("BEFORE UPDATE OF {}", quoted(&mut unique_columns.into_iter())),
            None,
            in_the_way(constraints, &itself),
        ),
    ];
    let parts = bodies.into_iter().zip(triggers(Engine::Sqlite, &follow.table)).map(|((event, when, body), name)| {
        let when = when.map(|when| format!("\n    WHEN {when}")).unwrap_or_default();
        format!("CREATE TRIGGER {} {event} ON {on}{when}\nBEGIN\n{body}\nEND;", dialect.quote(&name))
    });
    parts.collect::<Vec<_>>().join("\n\n")
}

fn postgres(dialect: &dyn Dialect, follow: &FollowSql) -> String {
    let on = dialect.quote(&follow.table);
    let table = text(&follow.table);
    let function = dialect.quote(&function(&follow.table));
    let keys = |row: &str| format!("SELECT {} FROM {row}", key(dialect, follow, row));
    let lines = |operation: &str, keys: &str| {
        format!(
            "        INSERT INTO cell_feed (table_name, key, operation)\n            SELECT {table}, changed.key, '{operation}' FROM ({keys}) AS changed (key);"
        )
    };
    let body = format!(
        "\n#variable_conflict use_column\nBEGIN\n    IF current_setting('cell.reset', true) = {table} THEN\n        RETURN NULL;\n    END IF;\n    \
         IF TG_OP = 'INSERT' THEN\n{}\n    ELSIF TG_OP = 'UPDATE' THEN\n{}\n    ELSIF TG_OP = 'DELETE' THEN\n{}\n    ELSE\n        \
         INSERT INTO cell_feed (table_name, operation) VALUES ({table}, 'reset');\n    END IF;\n    RETURN NULL;\nEND\n",
        lines("insert", &keys("written")),
        lines("update", &format!("{} UNION {}", keys("replaced"), keys("written"))),
        lines("delete", &keys("replaced")),
    );
    // Whoever may write to the table may not be one who may write to the feed, nor look for it where it is.
    // Nor may a temporary table of a name stand in its way, which would be looked for first.
    let mut parts = vec![
        "SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), 'pg_temp'), true);".to_owned(),
        format!(
            "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS {};",
            text(&body)
        ),
        format!("REVOKE ALL ON FUNCTION {function}() FROM PUBLIC;"),
    ];
    let events = [
        ("INSERT", " REFERENCING NEW TABLE AS written"),
        ("UPDATE", " REFERENCING OLD TABLE AS replaced NEW TABLE AS written"),
        ("DELETE", " REFERENCING OLD TABLE AS replaced"),
        ("TRUNCATE", ""),
    ];
    parts.extend(events.into_iter().zip(triggers(Engine::Postgres, &follow.table)).map(|((event, tables), name)| {
        format!(
            "CREATE TRIGGER {} AFTER {event} ON {on}{tables}\n    FOR EACH STATEMENT EXECUTE FUNCTION {function}();",
            dialect.quote(&name)
        )
    }));
    parts.join("\n\n")
}
