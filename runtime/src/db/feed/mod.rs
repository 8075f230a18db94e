//! Reads the feed: which rows changed since a cursor. In: a database whose migrations made a feed, a cursor. Out: lines of
//! (table, key), and the cursor that has seen them all. Absent: the triggers that write it (the migrations'), and what is done about a
//! change (search and caches).
//!
//! A line is seen once its transaction has ended, whichever number it has: so nothing is passed over, and nobody waits for a transaction
//! that stays open.

mod consumer;
mod cursor;
#[cfg(feature = "search")]
mod key;

pub(crate) use consumer::Consumer;
pub(crate) use cursor::Cursor;
#[cfg(feature = "search")]
pub(crate) use key::key;

#[cfg(feature = "cache")]
use std::collections::BTreeSet;

use super::call::{About, Call, Reads};
use super::column::{ColumnInfo, Type};
use super::dialect::{Arguments, feed};
use super::error::DataError;
use super::handle::Handle;
use super::model::Facts;
use super::reader::Reader;
use super::value::Value;

const FACTS: Facts = Facts { table: "cell_feed", columns: &[], key: &[] };
const TEXT: &[ColumnInfo] = &[ColumnInfo::of::<String>("cursor")];
const COUNT: &[ColumnInfo] = &[ColumnInfo::of::<i64>("count")];
const LINE: &[ColumnInfo] = &[
    ColumnInfo::of::<String>("xid"),
    ColumnInfo::of::<i64>("position"),
    ColumnInfo::of::<String>("table_name"),
    ColumnInfo::of::<Option<String>>("key"),
];

/// The changes of a database.
#[derive(Clone)]
pub(crate) struct Feed {
    handle: Handle,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The table's SQL name.
    pub(crate) table: String,
    /// The key, as a JSON array of stored values; none where any row may have changed.
    pub(crate) key: Option<String>,
}

/// The changes between two cursors, page by page.
pub(crate) struct Changes {
    feed: Feed,
    since: Cursor,
    upto: Cursor,
    /// The transaction and the number of the last line that was read.
    behind: (String, i64),
}

impl Feed {
    pub(crate) fn of(handle: &Handle) -> Self {
        // A replica may be behind.
        #[cfg(feature = "postgres")]
        return Self { handle: handle.at_primary() };
        #[cfg(not(feature = "postgres"))]
        Self { handle: handle.clone() }
    }

    /// The place that has seen everything which is committed by now.
    pub(crate) async fn now(&self) -> Result<Cursor, DataError> {
        let call = self.call(self.statements().now, TEXT, &[])?;
        let found = self.handle.row(call, |row: &mut Reader<'_>| row.read::<String>()).await?;
        found.unwrap_or_default().parse()
    }

    /// What has changed since the cursor.
    pub(crate) async fn since(&self, since: &Cursor) -> Result<Changes, DataError> {
        let upto = self.now().await?;
        let behind = match since {
            Cursor::Line(number) => (String::new(), *number),
            Cursor::Ended(snapshot) => (snapshot.xmin.to_string(), i64::MIN),
        };
        Ok(Changes { feed: self.clone(), since: since.clone(), upto, behind })
    }

    /// How many changes of a table there are since the cursor.
    pub(crate) async fn behind(&self, since: &Cursor, table: &str) -> Result<u64, DataError> {
        let changes = self.since(since).await?;
        let call = self.call(self.statements().count, COUNT, &changes.bounds(text(table))?)?;
        let count = self.handle.row(call, |row: &mut Reader<'_>| row.read::<i64>()).await?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// The tables whose changes are all in it.
    #[cfg(feature = "cache")]
    pub(crate) async fn followed(&self) -> Result<BTreeSet<String>, DataError> {
        let call = self.call(self.statements().followed, TEXT, &[])?;
        let tables = self.handle.rows(call, |row: &mut Reader<'_>| row.read::<String>()).await?;
        Ok(tables.into_iter().collect())
    }

    fn statements(&self) -> &'static feed::Statements {
        feed::statements(self.handle.engine())
    }

    fn call(&self, text: &str, columns: &'static [ColumnInfo], values: &[Value<'_>]) -> Result<Call, DataError> {
        let mut arguments = Arguments::new(self.handle.engine(), values.len());
        for value in values {
            let ty = if matches!(value, Value::Int(_)) { Type::I64 } else { Type::Text };
            arguments.push(value.clone(), ty).map_err(DataError::other)?;
        }
        let facts = Facts { columns, ..FACTS };
        let text = feed::numbered(self.handle.engine(), text);
        Ok(Call {
            text: text.into(),
            arguments,
            persistent: true,
            reads: Reads::Certainly,
            bounded: true,
            facts,
            about: About::Feed,
        })
    }
}

impl Changes {
    /// What has seen all of them.
    pub(crate) fn upto(&self) -> &Cursor {
        &self.upto
    }

    /// The next ones, at most so many; none where that was all.
    pub(crate) async fn next(&mut self, most: u32) -> Result<Vec<Line>, DataError> {
        let values = self.bounds(Value::Int(i64::from(most)))?;
        let call = self.feed.call(self.feed.statements().lines, LINE, &values)?;
        let read = |row: &mut Reader<'_>| {
            let place = (row.read::<String>()?, row.read::<i64>()?);
            Ok((place, Line { table: row.read()?, key: row.read()? }))
        };
        let mut found = self.feed.handle.rows(call, read).await?;
        if let Some((place, _)) = found.last_mut() {
            self.behind = std::mem::take(place);
        }
        Ok(found.into_iter().map(|(_, line)| line).collect())
    }

    /// What is bound for the lines that are still to come, and one more value.
    fn bounds(&self, last: Value<'static>) -> Result<Vec<Value<'static>>, DataError> {
        let (transaction, number) = (&self.behind.0, Value::Int(self.behind.1));
        match (&self.since, &self.upto) {
            (Cursor::Line(_), Cursor::Line(upto)) => Ok(vec![number, Value::Int(*upto), last]),
            (Cursor::Ended(since), upto @ Cursor::Ended(_)) => {
                let (xmax, upto) = (since.xmax.to_string(), upto.to_string());
                Ok(vec![text(transaction), number, text(&xmax), text(&since.running()), text(&upto), last])
            }
            _ => Err(DataError::other("the cursor is of another engine's feed")),
        }
    }
}

fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}
