//! What is asked of a live database before the first step: how many rows stand in the way, and an example. In: findings. Out:
//! queries over the tables as they are, so that nothing has changed where one refuses. Each gives one row: a count, and a text
//! or null. Absent: asking.

use super::findings::{Counted, Finding};
use super::{Subject, rows};
use crate::dialect::{self, convert::convert};
use crate::engine::Engine;
use crate::hazard::HazardKind;
use crate::mapping::Source;
use crate::refusal::Refusal;
use crate::schema::{Column, Table};

/// A question about rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// What may happen.
    pub hazard: HazardKind,
    /// To what: `shop.products.price`.
    pub object: String,
    /// Whether rows that are counted refuse the migration; else their number is only told.
    pub refuses: bool,
    /// One query without a semicolon: a count, and an example as text.
    pub sql: String,
}

/// The guards of findings. Those that say whether values can be converted come first: the others convert them.
pub(super) fn guards(subject: &Subject<'_>, findings: &[Finding]) -> Result<Vec<Guard>, Vec<Refusal>> {
    let mut guards = Vec::new();
    for finding in findings {
        let sql = match sql(subject, &finding.counted) {
            Ok(Some(sql)) => sql,
            Ok(None) => continue,
            Err(refusal) => return Err(vec![refusal]),
        };
        let kind = finding.hazard.kind;
        guards.push(Guard { hazard: kind, object: finding.hazard.object.clone(), refuses: kind.refuses_rows(), sql });
    }
    guards.sort_by_key(|guard| match guard.hazard {
        HazardKind::ObjectInTheWay => 0,
        HazardKind::CastMayFail | HazardKind::ValueRemoved => 1,
        _ => 2,
    });
    Ok(guards)
}

fn sql(subject: &Subject<'_>, counted: &Counted) -> Result<Option<String>, Refusal> {
    let quote = |name: &str| subject.quote(name);
    let table_of = |name: &str| subject.transition.next(name);
    Ok(match counted {
        Counted::Nothing => None,
        Counted::Rows { table } => Some(format!("SELECT count(*), CAST(NULL AS text) FROM {}", quote(table))),
        Counted::Values { table, column } => {
            let x = quote(column);
            let example = example(subject, &[&x]);
            Some(format!("SELECT count(*), min({example}) FROM {} WHERE {x} IS NOT NULL", quote(table)))
        }
        Counted::Cast { table, column, lost } => cast(subject, table, column, *lost),
        Counted::Nulls { table, column } => {
            let Some(table) = table_of(table) else { return Ok(None) };
            let key: Vec<String> = table.key.clone();
            let query = query_of(subject, table, key.iter().chain([column]))?;
            let key: Vec<String> = key.iter().map(|name| quote(name)).collect();
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            let example = example(subject, &key);
            Some(format!("SELECT count(*), min({example}) FROM ({query}) AS later WHERE {} IS NULL", quote(column)))
        }
        Counted::Repeated { table, columns } => {
            let Some(table) = table_of(table) else { return Ok(None) };
            let query = query_of(subject, table, columns.iter())?;
            let names: Vec<String> = columns.iter().map(|name| quote(name)).collect();
            let values: Vec<&str> = names.iter().map(String::as_str).collect();
            let example = example(subject, &values);
            let there: Vec<String> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
            let (names, there) = (names.join(", "), there.join(" AND "));
            Some(format!(
                "SELECT count(*), min(example) FROM (SELECT {example} AS example FROM ({query}) AS later WHERE {there} \
                 GROUP BY {names} HAVING count(*) > 1) AS repeated"
            ))
        }
        Counted::Unmet { table, name, expression } => {
            let Some(table) = table_of(table) else { return Ok(None) };
            if !expression.has(subject.engine) {
                return Ok(None);
            }
            let condition =
                dialect::text_of(subject.engine, subject.transition.database(), table, name, expression, None)?;
            let query = query_of(subject, table, table.columns.iter().map(|column| &column.name))?;
            let key: Vec<String> = table.key.iter().map(|name| quote(name)).collect();
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            let example = example(subject, &key);
            Some(format!("SELECT count(*), min({example}) FROM ({query}) AS later WHERE NOT ({condition})"))
        }
        Counted::Dangling { table, reference } => {
            let (Some(own), Some(target)) = (table_of(table), table_of(&reference.table)) else { return Ok(None) };
            let query = query_of(subject, own, reference.columns.iter())?;
            let targets = query_of(subject, target, reference.target.iter())?;
            let names: Vec<String> = reference.columns.iter().map(|name| format!("source.{}", quote(name))).collect();
            let there: Vec<String> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
            let pairs = names.iter().zip(&reference.target);
            let pairs: Vec<String> = pairs.map(|(name, target)| format!("target.{} = {name}", quote(target))).collect();
            let values: Vec<&str> = names.iter().map(String::as_str).collect();
            let example = example(subject, &values);
            Some(format!(
                "SELECT count(*), min({example}) FROM ({query}) AS source WHERE {} AND NOT EXISTS (SELECT 1 FROM ({targets}) \
                 AS target WHERE {})",
                there.join(" AND "),
                pairs.join(" AND ")
            ))
        }
        Counted::Objects { table, column } => objects(subject, table, column.as_deref()),
    })
}

fn cast(subject: &Subject<'_>, table: &str, column: &str, lost: bool) -> Option<String> {
    let rows = subject.transition.rows.get(table)?;
    let from = rows.from.as_ref()?;
    let Source::Kept { from: name, rows } = rows.columns.get(column)? else { return None };
    let x = subject.quote(name);
    let before = &subject.transition.previous(from)?.column(name)?.ty;
    let after = &subject.transition.next(table)?.column(column)?.ty;
    let converted = convert(subject.engine, &x, before, after, &rows.values)?;
    let condition = match (lost, converted.fits, converted.keeps) {
        // What is unknown does not fit: SQLite's functions of dates give null where there is no such day.
        (false, Some(fits), _) => format!("({fits}) IS NOT TRUE"),
        (true, None, Some(keeps)) => format!("NOT ({keeps})"),
        (true, Some(fits), Some(keeps)) => {
            format!("CASE WHEN {fits} THEN NOT ({keeps}) ELSE {} END", no(subject.engine))
        }
        _ => return None,
    };
    let example = example(subject, &[&x]);
    let table = subject.quote(from);
    Some(format!("SELECT count(*), min({example}) FROM {table} WHERE {x} IS NOT NULL AND {condition}"))
}

fn no(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "0",
        Engine::Postgres => "false",
    }
}

/// The rows of a table as they will be, with these columns, each once.
fn query_of<'n>(
    subject: &Subject<'_>,
    table: &Table,
    names: impl Iterator<Item = &'n String>,
) -> Result<String, Refusal> {
    let mut columns: Vec<&Column> = Vec::new();
    for column in names.filter_map(|name| table.column(name)) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(rows::query(subject, table, &columns)?.replace('\n', " "))
}

/// Values as one text.
fn example(subject: &Subject<'_>, values: &[&str]) -> String {
    let text = |value: &&str| match subject.engine {
        // Bytes are no text.
        Engine::Sqlite => format!("CASE typeof({value}) WHEN 'blob' THEN hex({value}) ELSE CAST({value} AS text) END"),
        Engine::Postgres => format!("CAST({value} AS text)"),
    };
    let texts: Vec<String> = values.iter().map(text).collect();
    if texts.is_empty() { "CAST(NULL AS text)".to_owned() } else { texts.join(" || ', ' || ") }
}

/// PostgreSQL refuses to change what a view or a rule stands on. SQLite has no such bonds: a rebuild tries afterwards.
fn objects(subject: &Subject<'_>, table: &str, column: Option<&str>) -> Option<String> {
    if subject.engine != Engine::Postgres {
        return None;
    }
    let relation = dialect::literal(&subject.quote(table));
    let column = column.map(|column| {
        format!(
            " AND depend.refobjsubid = (SELECT attnum FROM pg_catalog.pg_attribute WHERE attrelid = {relation}::regclass \
             AND attname = {})",
            dialect::literal(column)
        )
    });
    let own: Vec<String> = subject.views.iter().map(|view| dialect::literal(view)).collect();
    let others = if own.is_empty() { String::new() } else { format!(" AND class.relname NOT IN ({})", own.join(", ")) };
    Some(format!(
        "SELECT count(*), min(view.relname::text) FROM (SELECT DISTINCT class.relname FROM pg_catalog.pg_depend AS depend \
         JOIN pg_catalog.pg_rewrite AS rule ON rule.oid = depend.objid AND depend.classid = 'pg_catalog.pg_rewrite'::regclass \
         JOIN pg_catalog.pg_class AS class ON class.oid = rule.ev_class \
         WHERE depend.refobjid = {relation}::regclass AND rule.ev_class <> {relation}::regclass{}{others}) AS view",
        column.unwrap_or_default()
    ))
}
