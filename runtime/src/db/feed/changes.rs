//! The changes between two places, page by page: for who makes something of each. In: a cursor. Out: lines, or how many there are.

use super::{Cursor, Feed, Line, text};
use crate::db::column::ColumnInfo;
use crate::db::error::DataError;
use crate::db::reader::Reader;
use crate::db::value::Value;

const COUNT: &[ColumnInfo] = &[ColumnInfo::of::<i64>("count")];
const LINE: &[ColumnInfo] = &[
    ColumnInfo::of::<String>("xid"),
    ColumnInfo::of::<i64>("position"),
    ColumnInfo::of::<String>("table_name"),
    ColumnInfo::of::<Option<String>>("key"),
];

/// The changes between two cursors, page by page.
pub(crate) struct Changes {
    feed: Feed,
    since: Cursor,
    upto: Cursor,
    /// The transaction and the number of the last line that was read.
    behind: (String, i64),
}

impl Feed {
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
