//! Reads PostgreSQL's catalogue: the current schema, without what belongs to extensions.
//! The engine prints its own expressions (`pg_get_expr`); lists of columns come as JSON, since names may hold anything.

use cell_schema::Engine;
use cell_schema::ddl::{Check, Column, ForeignKey, Index, Table, Unique};
use cell_schema::schema::Action;
use serde::de::DeserializeOwned;

use super::{Found, columns, required};
use crate::connection::Connection;
use crate::journal;

const TABLES: &str = "SELECT CAST(relname AS text) FROM pg_catalog.pg_class AS class \
    WHERE relkind IN ('r', 'p') AND relnamespace = CAST(current_schema() AS regnamespace) \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS depend WHERE depend.deptype = 'e' \
        AND depend.classid = CAST('pg_catalog.pg_class' AS regclass) AND depend.objid = class.oid) \
    ORDER BY relname";

const COLUMNS: &str = "SELECT CAST(class.relname AS text), CAST(attname AS text), format_type(atttypid, atttypmod), \
    CASE WHEN attcollation <> typcollation THEN CAST(collname AS text) END, CAST(attnotnull AS text), \
    pg_get_expr(adbin, adrelid), CAST(attgenerated AS text), CAST(attidentity AS text) \
    FROM pg_catalog.pg_attribute AS attribute \
    JOIN pg_catalog.pg_class AS class ON class.oid = attrelid \
    JOIN pg_catalog.pg_type AS type ON type.oid = atttypid \
    LEFT JOIN pg_catalog.pg_collation AS coll ON coll.oid = attcollation \
    LEFT JOIN pg_catalog.pg_attrdef AS def ON adrelid = attrelid AND adnum = attnum \
    WHERE relkind IN ('r', 'p') AND relnamespace = CAST(current_schema() AS regnamespace) \
    AND attnum > 0 AND NOT attisdropped ORDER BY class.relname, attnum";

const CONSTRAINTS: &str = "SELECT CAST(class.relname AS text), CAST(conname AS text), CAST(contype AS text), \
    CAST((SELECT json_agg(attname ORDER BY place) FROM unnest(conkey) WITH ORDINALITY AS key (number, place) \
        JOIN pg_catalog.pg_attribute ON attrelid = conrelid AND attnum = number) AS text), \
    pg_get_expr(conbin, conrelid), CAST(target.relname AS text), \
    CAST((SELECT json_agg(attname ORDER BY place) FROM unnest(confkey) WITH ORDINALITY AS key (number, place) \
        JOIN pg_catalog.pg_attribute ON attrelid = confrelid AND attnum = number) AS text), \
    CAST(confdeltype AS text), CAST(confupdtype AS text), CAST(condeferrable AS text), CAST(convalidated AS text), \
    pg_get_constraintdef(con.oid) \
    FROM pg_catalog.pg_constraint AS con JOIN pg_catalog.pg_class AS class ON class.oid = conrelid \
    LEFT JOIN pg_catalog.pg_class AS target ON target.oid = confrelid \
    WHERE class.relnamespace = CAST(current_schema() AS regnamespace) AND contype <> 'n' \
    ORDER BY class.relname, conname";

const INDEXES: &str = "SELECT CAST(class.relname AS text), CAST(index.relname AS text), CAST(indisunique AS text), \
    CAST((SELECT json_agg(json_build_array(attname, (indoption[CAST(place AS int) - 1] & 1) = 1) ORDER BY place) \
        FROM unnest(CAST(indkey AS int2[])) WITH ORDINALITY AS key (number, place) \
        JOIN pg_catalog.pg_attribute ON attrelid = indrelid AND attnum = number WHERE place <= indnkeyatts) AS text), \
    pg_get_expr(indpred, indrelid), CAST(amname AS text), CAST(indexprs IS NOT NULL AS text), \
    CAST(indnkeyatts < indnatts AS text), CAST(indisvalid AS text) \
    FROM pg_catalog.pg_index JOIN pg_catalog.pg_class AS class ON class.oid = indrelid \
    JOIN pg_catalog.pg_class AS index ON index.oid = indexrelid JOIN pg_catalog.pg_am AS am ON am.oid = index.relam \
    WHERE class.relnamespace = CAST(current_schema() AS regnamespace) AND class.relkind IN ('r', 'p') \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) \
    ORDER BY class.relname, index.relname";

const UNMODELLED: &str = "WITH here AS (SELECT CAST(current_schema() AS regnamespace) AS schema), \
    object AS ( \
    SELECT CAST('pg_catalog.pg_class' AS regclass) AS class, class.oid, CASE relkind WHEN 'v' THEN 'view' \
        WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' \
        WHEN 'c' THEN 'type' END || ' `' || relname || '`' AS text \
    FROM pg_catalog.pg_class AS class, here WHERE relnamespace = schema AND relkind IN ('v', 'm', 'f', 'S', 'c') \
    UNION ALL SELECT CAST('pg_catalog.pg_type' AS regclass), oid, 'type `' || typname || '`' \
    FROM pg_catalog.pg_type, here WHERE typnamespace = schema AND typtype IN ('d', 'e', 'r') \
    UNION ALL SELECT CAST('pg_catalog.pg_proc' AS regclass), oid, 'function `' || proname || '`' \
    FROM pg_catalog.pg_proc, here WHERE pronamespace = schema) \
    SELECT object.text FROM object WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS depend \
        WHERE depend.classid = object.class AND depend.objid = object.oid AND depend.deptype IN ('e', 'i')) \
    ORDER BY object.text";

// What a trigger does is in its function, and it does nothing where it is switched off.
const TRIGGERS: &str = "SELECT CAST(relname AS text), CAST(tgname AS text), \
    CASE tgenabled WHEN 'D' THEN 'disabled ' ELSE '' END || pg_get_triggerdef(trigger.oid, true) || ': ' || prosrc \
    FROM pg_catalog.pg_trigger AS trigger JOIN pg_catalog.pg_class AS class ON class.oid = tgrelid \
    JOIN pg_catalog.pg_proc AS proc ON proc.oid = tgfoid \
    WHERE relnamespace = CAST(current_schema() AS regnamespace) AND NOT tgisinternal \
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS depend WHERE depend.deptype IN ('e', 'i') \
        AND depend.classid = CAST('pg_catalog.pg_trigger' AS regclass) AND depend.objid = trigger.oid) \
    ORDER BY tgname, relname";

pub(super) async fn read(connection: &mut Connection) -> Result<Found, sqlx::Error> {
    let mut found = Found::default();
    for row in connection.texts(TABLES, &[]).await? {
        let [name] = columns(row)?;
        found.database.tables.push(Table { name: required(name)?, strict: true, ..Table::default() });
    }
    found.database.tables.retain(|table| !journal::is_own(&table.name));
    for row in connection.texts(COLUMNS, &[]).await? {
        column(&mut found, columns(row)?)?;
    }
    for row in connection.texts(CONSTRAINTS, &[]).await? {
        constraint(&mut found, columns(row)?)?;
    }
    for row in connection.texts(INDEXES, &[]).await? {
        index(&mut found, columns(row)?)?;
    }
    for row in connection.texts(TRIGGERS, &[]).await? {
        let [table, name, text] = columns(row)?;
        found.trigger(Engine::Postgres, &required(table)?, required(name)?, required(text)?);
    }
    let unmodelled = connection.texts(UNMODELLED, &[]).await?;
    found.unmodelled.extend(unmodelled.into_iter().flatten().flatten());
    Ok(found)
}

fn table<'f>(found: &'f mut Found, name: Option<&String>) -> Option<&'f mut Table> {
    found.database.tables.iter_mut().find(|table| Some(&table.name) == name)
}

fn column(found: &mut Found, row: [Option<String>; 8]) -> Result<(), sqlx::Error> {
    let [table_name, name, ty, collation, not_null, expression, generated, identity] = row;
    let name = required(name)?;
    let Some(table) = table(found, table_name.as_ref()) else { return Ok(()) };
    let is_generated = generated.is_some_and(|kind| !kind.is_empty());
    let (default, generated) = if is_generated { (None, expression) } else { (expression, None) };
    table.columns.push(Column {
        name: name.clone(),
        ty: required(ty)?,
        collation,
        not_null: not_null.as_deref() == Some("true"),
        default,
        generated,
        identity: identity.as_deref().is_some_and(|identity| !identity.is_empty()),
    });
    if identity.as_deref() == Some("a") {
        let always = format!("`GENERATED ALWAYS` of column `{}.{name}`", table.name);
        found.unmodelled.push(always);
    }
    Ok(())
}

fn constraint(found: &mut Found, row: [Option<String>; 12]) -> Result<(), sqlx::Error> {
    let [table_name, name, kind, key, expression, target, target_key, on_delete, on_update, deferrable, valid, text] =
        row;
    let (name, kind) = (required(name)?, required(kind)?);
    let Some(table) = table(found, table_name.as_ref()) else { return Ok(()) };
    let mut notes = Vec::new();
    match kind.as_str() {
        "p" => table.key = json(key)?,
        "u" => table.uniques.push(Unique { name: name.clone(), columns: json(key)? }),
        "c" => table.checks.push(Check { name: name.clone(), expression: required(expression)? }),
        "f" => {
            let on_delete = match on_delete.as_deref() {
                Some("a") => Action::Refuse,
                Some("c") => Action::Cascade,
                Some("n") => Action::SetNull,
                _ => {
                    notes.push("its action on delete");
                    Action::Refuse
                }
            };
            if on_update.as_deref() != Some("a") {
                notes.push("its action on update");
            }
            table.foreign_keys.push(ForeignKey {
                name: name.clone(),
                columns: json(key)?,
                table: required(target)?,
                target: json(target_key)?,
                on_delete,
            });
        }
        _ => notes.push("its kind"),
    }
    if deferrable.as_deref() == Some("true") {
        notes.push("that it can be deferred");
    }
    if valid.as_deref() == Some("false") {
        notes.push("that rows were not checked for it");
    }
    let (table, text) = (table.name.clone(), text.unwrap_or_default());
    let notes = notes.into_iter().map(|note| format!("constraint `{name}` of table `{table}`: {note} (`{text}`)"));
    found.unmodelled.extend(notes);
    Ok(())
}

fn index(found: &mut Found, row: [Option<String>; 9]) -> Result<(), sqlx::Error> {
    let [table_name, name, unique, keys, predicate, method, expressions, including, valid] = row;
    let name = required(name)?;
    let Some(table) = table(found, table_name.as_ref()) else { return Ok(()) };
    let yes = |value: Option<String>| value.as_deref() == Some("true");
    let over_expression = yes(expressions);
    if !over_expression {
        table.indexes.push(Index { name: name.clone(), columns: json(keys)?, unique: yes(unique), predicate });
    }
    let table = table.name.clone();
    let method = method.filter(|method| method != "btree").map(|method| format!("its method `{method}`"));
    let notes = [
        method,
        over_expression.then(|| "an expression in it".to_owned()),
        yes(including).then(|| "columns that it only includes".to_owned()),
        (!yes(valid)).then(|| "that it is not valid".to_owned()),
    ];
    let notes = notes.into_iter().flatten().map(|note| format!("index `{name}` of table `{table}`: {note}"));
    found.unmodelled.extend(notes);
    Ok(())
}

/// A list that a query gave as JSON; null is an empty one.
fn json<T: DeserializeOwned>(text: Option<String>) -> Result<Vec<T>, sqlx::Error> {
    match text {
        Some(text) => serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into())),
        None => Ok(Vec::new()),
    }
}
