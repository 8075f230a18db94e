//! What an index holds of rows: the values of their own fields, and behind them those of the rows that they refer to. In: rows of the
//! table. Out: values in the layout's order; none of a row that is not there, or of what cannot be read. A query for each reference,
//! however many rows there are.

use std::collections::HashMap;

use super::given::Given;
use super::index::{IncludeInfo, Indexed};
use crate::db::filter::Node;
use crate::db::key::Mark;
use crate::db::operand::Side;
use crate::db::select::Ask;
use crate::db::{ColumnInfo, DataError, Handle, Reader, Value, page};

/// The most keys that one statement asks for.
const MOST_KEYS: usize = 4_096;

/// The values of one row; or why there are none.
type Values<'row> = Result<Vec<Value<'row>>, DataError>;

/// The values of a row's own fields.
pub(super) fn own<T: Indexed>(row: &T) -> Vec<Value<'_>> {
    let mut given = Given::default();
    row.give(&mut given);
    given.take()
}

/// The values of rows, in their order.
pub(super) async fn values<'row, T: Indexed>(
    handle: &Handle,
    rows: impl Iterator<Item = &'row T> + Clone,
) -> Result<Vec<Values<'row>>, DataError> {
    let mut all: Vec<Values<'row>> = rows.clone().map(|row| Ok(own(row))).collect();
    if T::INDEX.includes.is_empty() {
        return Ok(all);
    }
    let keys: Vec<Vec<Value<'row>>> = rows
        .map(|row| {
            let mut given = Given::default();
            row.refer(&mut given);
            given.take()
        })
        .collect();
    for (at, include) in T::INDEX.includes.iter().enumerate() {
        let of_row: Vec<Option<Mark>> =
            keys.iter().map(|keys| keys.get(at).filter(|key| !matches!(key, Value::Null)).map(Mark::of)).collect();
        let wanted: HashMap<&Mark, Value<'static>> = of_row
            .iter()
            .zip(&keys)
            .filter_map(|(mark, keys)| Some((mark.as_ref()?, keys.get(at)?.clone().into_owned())))
            .collect();
        let found = included(handle, include, wanted.into_values().collect()).await?;
        for (values, mark) in all.iter_mut().zip(&of_row) {
            let Ok(known) = values else { continue };
            match mark.as_ref().and_then(|mark| found.get(mark)) {
                Some(Ok(found)) => known.extend(found.iter().cloned()),
                Some(Err(error)) => *values = Err(error.clone()),
                None => known.extend(include.fields.iter().map(|_| Value::Null)),
            }
        }
    }
    Ok(all)
}

/// The values of the included fields of rows, by the rows' keys.
async fn included(
    handle: &Handle,
    include: &IncludeInfo,
    keys: Vec<Value<'static>>,
) -> Result<HashMap<Mark, Result<Vec<Value<'static>>, DataError>>, DataError> {
    let facts = (include.reference.facts)(handle)?;
    let mut key = facts.key_columns();
    let (Some(column), None) = (key.next(), key.next()) else {
        return Err(DataError::other(
            ["`", facts.table, "` has a key of several columns, and one refers to it"].concat(),
        ));
    };
    let columns: Vec<&'static ColumnInfo> = include.fields.iter().map(|field| field.column).collect();
    let mut found = HashMap::new();
    for keys in keys.chunks(MOST_KEYS) {
        let sides = keys.iter().cloned().map(Side::Value).collect();
        let ask = Ask { filters: vec![Node::In { column, sides }], ..Ask::default() };
        let columns = columns.clone();
        let read = move |row: &mut Reader<'_>| {
            let key = page::values(row, [column], facts)?.into_iter().next().map(|key| column.current(key));
            let values = page::values(row, columns.iter().copied(), facts);
            Ok((
                key,
                values.map(|values| {
                    values.into_iter().zip(&columns).map(|(value, column)| column.current(value)).collect()
                }),
            ))
        };
        let rows = handle.rows(ask.rows(handle.engine(), facts)?, read).await?;
        found.extend(rows.into_iter().filter_map(|(key, values)| Some((Mark::of(&key?), values))));
    }
    Ok(found)
}
