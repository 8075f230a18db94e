//! The triggers that keep two tables in step (SQLite, whose views can be written neither with `ON CONFLICT` nor without a key).
//! In: the names of both, and their columns. Out: SQL that makes triggers on both tables, and SQL that takes them away.
//!
//! A trigger looks at the rows as they are, not as they were written: another one may have changed them meanwhile, and the order
//! of triggers is nobody's promise. It writes only where rows differ, so what it writes comes back to it and ends there. A row is
//! updated, never replaced: whatever refers to it would go. What the engine does to rows itself (`ON DELETE CASCADE`) fires triggers
//! too. Both tables number alike, since each hears of every key that the other has given.

use super::Dialect;
use crate::ddl::MirrorSql;
use crate::names;
use crate::object::Object;

/// The last parts of the triggers' names: of those on an insert, an update and a delete.
const PARTS: [&str; 3] = ["bridge1", "bridge2", "bridge3"];

/// What a query calls the table that it reads. By its own name a table called `new` would be what the trigger itself calls so.
const ROW: &str = "\"row\"";

/// Makes the triggers.
pub(super) fn create(dialect: &dyn Dialect, mirror: &MirrorSql) -> String {
    let [one, other] = both(mirror);
    [way(dialect, mirror, one, other), way(dialect, mirror, other, one)].concat().join("\n\n")
}

/// Takes the triggers away.
pub(super) fn drop(dialect: &dyn Dialect, mirror: &MirrorSql) -> String {
    let names = both(mirror).into_iter().flat_map(|table| PARTS.map(|part| name(table, part)));
    let drops: Vec<String> = names.map(|name| format!("DROP TRIGGER {};", dialect.quote(&name))).collect();
    drops.join("\n\n")
}

/// The second table and the triggers on both.
pub(crate) fn objects(mirror: &MirrorSql) -> Vec<Object> {
    let trigger = |table: &str, part: &str| Object::Trigger { name: name(table, part), table: table.to_owned() };
    let triggers = both(mirror).into_iter().flat_map(|table| PARTS.map(|part| trigger(table, part)));
    std::iter::once(Object::Table(mirror.previous.clone())).chain(triggers).collect()
}

fn both(mirror: &MirrorSql) -> [&str; 2] {
    [&mirror.previous, &mirror.next]
}

fn name(table: &str, part: &str) -> String {
    names::constraint(table, &[], part)
}

/// What a table that is written does to the other.
fn way(dialect: &dyn Dialect, mirror: &MirrorSql, written: &str, other: &str) -> Vec<String> {
    let quote = |name: &String| dialect.quote(name);
    let list = |names: &[String]| names.iter().map(quote).collect::<Vec<_>>().join(", ");
    let all = list(&[mirror.key.as_slice(), &mirror.rest].concat());
    let rest = list(&mirror.rest);
    let is = |row: &str| {
        let parts: Vec<String> =
            mirror.key.iter().map(quote).map(|column| format!("{ROW}.{column} = {row}.{column}")).collect();
        parts.join(" AND ")
    };
    let moved: Vec<String> =
        mirror.key.iter().map(quote).map(|column| format!("OLD.{column} IS NOT NEW.{column}")).collect();
    let moved = moved.join(" OR ");
    let (on, into) = (dialect.quote(written), dialect.quote(other));
    let (from, to) = (format!("{on} AS {ROW}"), format!("{into} AS {ROW}"));
    let (new, old) = (is("NEW"), is("OLD"));
    let [to_new, to_old] = ["NEW", "OLD"].map(|row| super::written(dialect, &mirror.key, row));
    let trigger = |part: &str, event: &str, body: &[String]| {
        let (name, body) = (dialect.quote(&name(written, part)), body.join("\n"));
        format!("CREATE TRIGGER {name} AFTER {event} ON {on}\nBEGIN\n{body}\nEND;")
    };
    let move_on = format!(
        "    UPDATE {into} SET ({all}) = (SELECT {all} FROM {from} WHERE {new})\n        WHERE {to_old} AND (SELECT {moved});"
    );
    let change = format!(
        "    UPDATE {into} SET ({rest}) = (SELECT {rest} FROM {from} WHERE {new})\n        WHERE {to_new} AND EXISTS \
         (SELECT {rest} FROM {from} WHERE {new} EXCEPT SELECT {rest} FROM {to} WHERE {new});"
    );
    // Where another trigger has written the row under its new key already, its earlier one goes: nothing refers to the second table.
    let move_on = if other == mirror.previous {
        format!(
            "    DELETE FROM {into}\n        WHERE {to_old} AND (SELECT {moved}) AND EXISTS (SELECT 1 FROM {to} WHERE {new});\n{move_on}"
        )
    } else {
        move_on
    };
    let change = Some(change).filter(|_| !mirror.rest.is_empty());
    let add = format!(
        "    INSERT INTO {into} ({all}) SELECT {all} FROM {from}\n        WHERE {new} AND NOT EXISTS (SELECT 1 FROM {to} WHERE {new});"
    );
    let remove =
        format!("    DELETE FROM {into}\n        WHERE {to_old} AND NOT EXISTS (SELECT 1 FROM {from} WHERE {old});");
    let inserted: Vec<String> = change.iter().chain([&add]).cloned().collect();
    let updated: Vec<String> = [&move_on].into_iter().chain(&inserted).cloned().collect();
    let [insert, update, delete] = PARTS;
    vec![
        trigger(insert, "INSERT", &inserted),
        trigger(update, &format!("UPDATE OF {all}"), &updated),
        trigger(delete, "DELETE", &[remove]),
    ]
}
