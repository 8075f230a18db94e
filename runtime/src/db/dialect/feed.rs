//! The feed in each engine's words: what its reader asks, and what its consumers forget. Absent: how lines and cursors are understood
//! ([`crate::db::feed`]), and the triggers that write them (the migrations').

use crate::db::model::Engine;

/// Statements of the feed on an engine.
pub(crate) struct Statements {
    /// The place that has seen all that is committed, as a text.
    pub(crate) now: &'static str,
    /// The next lines behind a place, up to another: the transaction, the number, the table and the key of each. What is bound is the
    /// cursors' to say.
    #[cfg(feature = "search")]
    pub(crate) lines: &'static str,
    /// How many lines of a table are between two places. What is bound is as of the lines, with the table in the place of their number.
    #[cfg(feature = "search")]
    pub(crate) count: &'static str,
    /// Deletes the lines below a bound.
    pub(crate) forget: &'static str,
    /// The engine's clock, in milliseconds since 1970.
    pub(crate) clock: &'static str,
    /// The tables whose changes are all in the feed.
    #[cfg(feature = "cache")]
    pub(crate) followed: &'static str,
    /// In one look: the place that has seen all that is committed, whether a consumer of this name has one of two marks, and the lines
    /// behind a place, each with its table and key: one line at least, whose table is nothing where there is none. What is bound is the
    /// name, the marks, the place, and how many lines at most.
    #[cfg(feature = "cache")]
    pub(crate) recent: &'static str,
}

const SQLITE: Statements = Statements {
    now: "SELECT CAST(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cell_feed'), 0) AS text)",
    #[cfg(feature = "search")]
    lines: "SELECT '', position, table_name, key FROM cell_feed WHERE position > $1 AND position <= $2 \
            ORDER BY position LIMIT $3",
    #[cfg(feature = "search")]
    count: "SELECT count(*) FROM cell_feed WHERE position > $1 AND position <= $2 AND table_name = $3",
    forget: "DELETE FROM cell_feed WHERE position < $1",
    clock: "CAST(unixepoch('subsec') * 1000 AS integer)",
    #[cfg(feature = "cache")]
    followed: "SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%cell_feed%' \
               GROUP BY tbl_name HAVING count(*) >= 6",
    #[cfg(feature = "cache")]
    recent: "SELECT CAST(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cell_feed'), 0) AS text), \
             EXISTS (SELECT 1 FROM cell_consumers WHERE name = $1 AND mark IN ($2, $3)), table_name, key \
             FROM (SELECT 1) LEFT JOIN cell_feed ON position > $4 ORDER BY position LIMIT $5",
};

const POSTGRES: Statements = Statements {
    now: "SELECT CAST(pg_current_snapshot() AS text)",
    // What a snapshot has not seen is what was running, and what began later.
    #[cfg(feature = "search")]
    lines: "SELECT CAST(xid AS text), position, table_name, key FROM cell_feed \
            WHERE (xid, position) > (CAST(CAST($1 AS text) AS xid8), $2) \
            AND (xid >= CAST(CAST($3 AS text) AS xid8) OR xid = ANY (CAST(string_to_array($4, ',') AS xid8[]))) \
            AND pg_visible_in_snapshot(xid, CAST(CAST($5 AS text) AS pg_snapshot)) \
            ORDER BY xid, position LIMIT $6",
    #[cfg(feature = "search")]
    count: "SELECT count(*) FROM cell_feed \
            WHERE (xid, position) > (CAST(CAST($1 AS text) AS xid8), $2) \
            AND (xid >= CAST(CAST($3 AS text) AS xid8) OR xid = ANY (CAST(string_to_array($4, ',') AS xid8[]))) \
            AND pg_visible_in_snapshot(xid, CAST(CAST($5 AS text) AS pg_snapshot)) \
            AND table_name = $6",
    forget: "DELETE FROM cell_feed WHERE xid < CAST(CAST(CAST($1 AS bigint) AS text) AS xid8)",
    clock: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    #[cfg(feature = "cache")]
    followed: "SELECT CAST(c.relname AS text) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid \
               JOIN pg_proc AS p ON p.oid = t.tgfoid \
               WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND p.prosrc LIKE '%cell_feed%' \
               AND c.relnamespace = CAST(current_schema() AS regnamespace) GROUP BY c.relname HAVING count(*) >= 4",
    // All of it sees the one snapshot that it tells of.
    #[cfg(feature = "cache")]
    recent: "SELECT CAST(s.upto AS text), \
             EXISTS (SELECT 1 FROM cell_consumers WHERE name = $1 AND mark IN ($2, $3)), f.table_name, f.key \
             FROM (SELECT pg_current_snapshot() AS upto) AS s LEFT JOIN cell_feed AS f \
             ON f.xid >= CAST(CAST($4 AS text) AS xid8) AND (f.xid >= CAST(CAST($5 AS text) AS xid8) \
             OR f.xid = ANY (CAST(string_to_array($6, ',') AS xid8[]))) LIMIT $7",
};

/// The statements of an engine.
pub(crate) fn statements(engine: Engine) -> &'static Statements {
    match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    }
}

/// A text whose values are `$1`, `$2` and so on, as the engine has it: SQLite numbers what stands behind a `$` by where it stands.
pub(crate) fn numbered(engine: Engine, text: &str) -> String {
    match engine {
        Engine::Sqlite => text.replace('$', "?"),
        Engine::Postgres => text.to_owned(),
    }
}
