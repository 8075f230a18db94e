//! The triggers that keep rows fit for two releases. In: a bridge, and what the engine holds of its table. Out: SQL that makes it,
//! and SQL that takes it away. Both engines do the same: who writes a column under one name has written it under the other.

use super::{Dialect, list, text};
use crate::ddl::{BridgeSql, BridgeWork};
use crate::engine::Engine;
use crate::names;
use crate::object::Object;

/// The names of a bridge's objects begin like those of constraints, and end in this.
const SUFFIX: &str = "bridge";

/// Makes a bridge.
pub(super) fn create(dialect: &dyn Dialect, bridge: &BridgeSql) -> String {
    match dialect.engine() {
        Engine::Sqlite => sqlite(dialect, bridge),
        Engine::Postgres => postgres(dialect, bridge),
    }
}

/// Takes a bridge away.
pub(super) fn drop(dialect: &dyn Dialect, bridge: &BridgeSql) -> String {
    let name = dialect.quote(&name(bridge, SUFFIX));
    let table = dialect.quote(&bridge.table);
    match dialect.engine() {
        Engine::Postgres => format!("DROP TRIGGER {name} ON {table};\n\nDROP FUNCTION {name}();"),
        Engine::Sqlite => {
            let names = parts(bridge).iter().map(|part| self::name(bridge, part));
            let drops: Vec<String> = names.map(|name| format!("DROP TRIGGER {};", dialect.quote(&name))).collect();
            drops.join("\n\n")
        }
    }
}

/// What a bridge is made of.
pub(crate) fn objects(engine: Engine, bridge: &BridgeSql) -> Vec<Object> {
    let trigger = |name: String| Object::Trigger { name, table: bridge.table.clone() };
    match engine {
        Engine::Postgres => vec![trigger(name(bridge, SUFFIX)), Object::Function(name(bridge, SUFFIX))],
        Engine::Sqlite => parts(bridge).iter().map(|part| trigger(name(bridge, part))).collect(),
    }
}

fn name(bridge: &BridgeSql, suffix: &str) -> String {
    names::constraint(&bridge.table, &[&bridge.column], suffix)
}

/// SQLite: a trigger for each way in which a row is written.
fn parts(bridge: &BridgeSql) -> &'static [&'static str] {
    match bridge.work {
        BridgeWork::Same { .. } => &["bridge1", "bridge2", "bridge3"],
        BridgeWork::Fill(_) | BridgeWork::Values(_) => &["bridge1", "bridge2"],
    }
}

fn sqlite(dialect: &dyn Dialect, bridge: &BridgeSql) -> String {
    let quote = |name: &str| dialect.quote(name);
    let (table, column) = (quote(&bridge.table), quote(&bridge.column));
    let is = super::written(dialect, &bridge.key, "NEW");
    let trigger = |part: usize, on: &str, when: &str, set: &str| {
        let name = quote(&name(bridge, parts(bridge).get(part).copied().unwrap_or(SUFFIX)));
        format!(
            "CREATE TRIGGER {name} AFTER {on} ON {table}\n    WHEN {when}\nBEGIN\n    UPDATE {table} SET {set}\n        WHERE {is};\nEND;"
        )
    };
    // Both ways to write the column are followed by the same.
    let written = |when: &str, set: &str| {
        [trigger(0, "INSERT", when, set), trigger(1, &format!("UPDATE OF {column}"), when, set)].join("\n\n")
    };
    let (twin, unwritten) = match &bridge.work {
        BridgeWork::Fill(value) => return written(&format!("NEW.{column} IS NULL"), &format!("{column} = {value}")),
        BridgeWork::Values(values) => {
            let names: Vec<String> = values.iter().map(|(next, _)| next.clone()).collect();
            let set = format!("{column} = (SELECT {})", earlier_value(&format!("NEW.{column}"), values));
            return written(&format!("NEW.{column} IN ({})", list(&names)), &set);
        }
        BridgeWork::Same { twin, unwritten } => (quote(twin), unwritten),
    };
    let written = format!("(SELECT CASE WHEN NEW.{twin} IS NOT {unwritten} THEN NEW.{twin} ELSE NEW.{column} END)");
    let differ = format!("NEW.{twin} IS NOT NEW.{column}");
    let parts = [
        trigger(0, "INSERT", &differ, &format!("{twin} = {written}, {column} = {written}")),
        trigger(
            1,
            &format!("UPDATE OF {twin}"),
            &format!("NEW.{twin} IS NOT OLD.{twin} AND {differ}"),
            &format!("{column} = (SELECT NEW.{twin})"),
        ),
        trigger(
            2,
            &format!("UPDATE OF {column}"),
            &format!("NEW.{column} IS NOT OLD.{column} AND {differ}"),
            &format!("{twin} = (SELECT NEW.{column})"),
        ),
    ];
    parts.join("\n\n")
}

fn postgres(dialect: &dyn Dialect, bridge: &BridgeSql) -> String {
    let quote = |name: &str| dialect.quote(name);
    let (table, column, name) = (quote(&bridge.table), quote(&bridge.column), quote(&name(bridge, SUFFIX)));
    let body = match &bridge.work {
        BridgeWork::Fill(value) => format!(
            "    IF NEW.{column} IS NULL THEN\n        NEW.{column} := (SELECT {value} FROM (SELECT NEW.*) AS written);\n    END IF;"
        ),
        BridgeWork::Values(values) => {
            format!("    NEW.{column} := {};", earlier_value(&format!("NEW.{column}"), values))
        }
        BridgeWork::Same { twin, unwritten } => {
            let twin = quote(twin);
            format!(
                "    IF TG_OP = 'INSERT' THEN\n        IF NEW.{twin} IS DISTINCT FROM {unwritten} THEN\n            NEW.{column} := NEW.{twin};\n        ELSE\n            NEW.{twin} := NEW.{column};\n        END IF;\n    ELSIF NEW.{twin} IS DISTINCT FROM OLD.{twin} THEN\n        NEW.{column} := NEW.{twin};\n    ELSIF NEW.{column} IS DISTINCT FROM OLD.{column} THEN\n        NEW.{twin} := NEW.{column};\n    END IF;"
            )
        }
    };
    // The body is a text: whatever it holds, a quote in it is doubled. A column may be called as one of its variables.
    let body = text(&format!("\n#variable_conflict use_column\nBEGIN\n{body}\n    RETURN NEW;\nEND\n"));
    format!(
        "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS {body};\n\n\
         CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table}\n    FOR EACH ROW EXECUTE FUNCTION {name}();"
    )
}

/// What a release wrote, by the name that both know.
fn earlier_value(written: &str, values: &[(String, String)]) -> String {
    let arms = values.iter().map(|(next, previous)| format!("WHEN {} THEN {}", text(next), text(previous)));
    format!("CASE {written} {} ELSE {written} END", arms.collect::<Vec<_>>().join(" "))
}
