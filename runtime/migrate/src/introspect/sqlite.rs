//! Reads SQLite: pragmas for structure, the tables' own text for what pragmas do not say.

use std::collections::BTreeMap;

use cell_schema::Engine;
use cell_schema::ddl::{Check, Column, ForeignKey, Index, Table, Unique};
use cell_schema::schema::Action;

use super::declared::{self, Declared};
use super::{Found, columns, required};
use crate::connection::Connection;
use crate::{journal, tokens};

const TABLES: &str = "SELECT list.name, list.type, CAST(list.strict AS text), CAST(list.wr AS text), \
    (SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = list.name) \
    FROM pragma_table_list AS list \
    WHERE list.schema = 'main' AND substr(list.name, 1, 7) <> 'sqlite_' ORDER BY list.name";

const TRIGGERS: &str = "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";

// A key without an index of its own is the row's number, which is never null, whatever was declared.
const COLUMNS: &str = "SELECT name, type, \
    CAST(\"notnull\" OR (pk > 0 AND NOT EXISTS (SELECT 1 FROM pragma_index_list($1) WHERE origin = 'pk')) AS text), \
    dflt_value, CAST(pk AS text), CAST(hidden AS text) FROM pragma_table_xinfo($1) ORDER BY cid";

const INDEXES: &str = "SELECT list.name, CAST(list.\"unique\" AS text), \
    (SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = list.name) \
    FROM pragma_index_list($1) AS list WHERE list.origin = 'c' ORDER BY list.name";

const INDEX_COLUMNS: &str =
    "SELECT name, CAST(\"desc\" AS text), coll FROM pragma_index_xinfo($1) WHERE key = 1 ORDER BY seqno";

// The last that was declared has the first number.
const FOREIGN_KEYS: &str = "SELECT CAST(id AS text), \"table\", \"from\", \"to\", on_update, on_delete \
    FROM pragma_foreign_key_list($1) ORDER BY id DESC, seq";

pub(super) async fn read(connection: &mut Connection) -> Result<Found, sqlx::Error> {
    let mut found = Found::default();
    for row in connection.texts(TABLES, &[]).await? {
        let [name, kind, strict, without_rowid, sql] = columns(row)?;
        let (name, kind) = (required(name)?, required(kind)?);
        match kind.as_str() {
            "table" if journal::is_own(&name) => {}
            "table" => {
                if without_rowid.as_deref() == Some("1") {
                    found.unmodelled.push(format!("clause `WITHOUT ROWID` of table `{name}`"));
                }
                let declared = declared::table(&sql.unwrap_or_default());
                let strict = strict.as_deref() == Some("1");
                let table = table(connection, name, strict, declared, &mut found.unmodelled).await?;
                found.database.tables.push(table);
            }
            // They belong to a virtual table.
            "shadow" => {}
            "virtual" => found.unmodelled.push(format!("virtual table `{name}`")),
            other => found.unmodelled.push(format!("{other} `{name}`")),
        }
    }
    for row in connection.texts(TRIGGERS, &[]).await? {
        let [name, table, sql] = columns(row)?;
        let text = tokens::normalised(&sql.unwrap_or_default());
        found.trigger(Engine::Sqlite, &required(table)?, required(name)?, text);
    }
    Ok(found)
}

async fn table(
    connection: &mut Connection,
    name: String,
    strict: bool,
    mut declared: Declared,
    unmodelled: &mut Vec<String>,
) -> Result<Table, sqlx::Error> {
    let mut table = Table { name, strict, ..Table::default() };
    let mut key = BTreeMap::new();
    for row in connection.texts(COLUMNS, &[&table.name]).await? {
        let [name, ty, not_null, default, place, hidden] = columns(row)?;
        let name = required(name)?;
        let place: u32 = required(place)?.parse().unwrap_or_default();
        if place > 0 {
            key.insert(place, name.clone());
        }
        let generated = declared.generated.remove(&name).map(|expression| tokens::normalised(&expression));
        if hidden.as_deref() == Some("2") {
            unmodelled.push(format!("virtual generated column `{}.{name}`", table.name));
        }
        table.columns.push(Column {
            ty: required(ty)?,
            collation: None,
            not_null: not_null.as_deref() == Some("1"),
            default: default.map(|default| tokens::normalised(&default)),
            generated,
            identity: place > 0 && declared.autoincrement,
            name,
        });
    }
    table.key = key.into_values().collect();
    let foreign_keys = std::mem::take(&mut declared.foreign_keys);
    table.foreign_keys = self::foreign_keys(connection, &table.name, foreign_keys, unmodelled).await?;
    table.indexes = indexes(connection, &table.name, unmodelled).await?;
    table.uniques = declared.uniques.into_iter().map(|(name, columns)| Unique { name, columns }).collect();
    table.checks = declared
        .checks
        .into_iter()
        .map(|(name, expression)| Check { name, expression: tokens::normalised(&expression) })
        .collect();
    unmodelled.extend(declared.unmodelled.into_iter().map(|clause| format!("{clause} of table `{}`", table.name)));
    Ok(table)
}

async fn foreign_keys(
    connection: &mut Connection,
    table: &str,
    names: Vec<String>,
    unmodelled: &mut Vec<String>,
) -> Result<Vec<ForeignKey>, sqlx::Error> {
    let mut keys: Vec<(String, ForeignKey)> = Vec::new();
    let mut names = names.into_iter();
    for row in connection.texts(FOREIGN_KEYS, &[table]).await? {
        let [id, target, from, to, on_update, on_delete] = columns(row)?;
        let (id, target, from) = (required(id)?, required(target)?, required(from)?);
        if keys.last().is_none_or(|(last, _)| *last != id) {
            let name = names.next().unwrap_or_default();
            let on_delete = match on_delete.as_deref() {
                Some("CASCADE") => Action::Cascade,
                Some("SET NULL") => Action::SetNull,
                Some("NO ACTION") => Action::Refuse,
                other => {
                    let action = other.unwrap_or_default();
                    unmodelled.push(format!("`ON DELETE {action}` of foreign key `{name}` of table `{table}`"));
                    Action::Refuse
                }
            };
            if let Some(action) = on_update.filter(|action| action != "NO ACTION") {
                unmodelled.push(format!("`ON UPDATE {action}` of foreign key `{name}` of table `{table}`"));
            }
            let key = ForeignKey { name, columns: Vec::new(), table: target, target: Vec::new(), on_delete };
            keys.push((id, key));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(from);
            // Null where the declaration leaves the target's key out.
            key.target.extend(to);
        }
    }
    let mut keys: Vec<ForeignKey> = keys.into_iter().map(|(_, key)| key).collect();
    for key in keys.iter_mut().filter(|key| key.target.is_empty()) {
        let rows =
            connection.texts("SELECT name FROM pragma_table_xinfo($1) WHERE pk > 0 ORDER BY pk", &[&key.table]).await?;
        key.target = rows.into_iter().flatten().flatten().collect();
    }
    Ok(keys)
}

async fn indexes(
    connection: &mut Connection,
    table: &str,
    unmodelled: &mut Vec<String>,
) -> Result<Vec<Index>, sqlx::Error> {
    let mut indexes = Vec::new();
    for row in connection.texts(INDEXES, &[table]).await? {
        let [name, unique, sql] = columns(row)?;
        let name = required(name)?;
        let mut index = Index { name, columns: Vec::new(), unique: unique.as_deref() == Some("1"), predicate: None };
        index.predicate = declared::predicate(&sql.unwrap_or_default()).map(|text| tokens::normalised(&text));
        let mut over_expression = false;
        for row in connection.texts(INDEX_COLUMNS, &[&index.name]).await? {
            let [column, descending, collation] = columns(row)?;
            match column {
                Some(column) => index.columns.push((column, descending.as_deref() == Some("1"))),
                None => over_expression = true,
            }
            if let Some(collation) = collation.filter(|collation| collation != "BINARY") {
                unmodelled.push(format!("collation `{collation}` of index `{}` of table `{table}`", index.name));
            }
        }
        if over_expression {
            unmodelled.push(format!("index `{}` of table `{table}`: an expression in it", index.name));
        } else {
            indexes.push(index);
        }
    }
    Ok(indexes)
}
