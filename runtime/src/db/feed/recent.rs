//! What has changed since a place, in one look: for who only listens, and keeps nothing of it anywhere else. In: a consumer and its marks.
//! Out: lines, and whether none is missing.

use super::consumer::Consumer;
use super::{Cursor, Line, text};
use crate::db::column::ColumnInfo;
use crate::db::error::DataError;
use crate::db::reader::Reader;
use crate::db::value::Value;

const RECENT: &[ColumnInfo] = &[
    ColumnInfo::of::<String>("upto"),
    ColumnInfo::of::<bool>("is_known"),
    ColumnInfo::of::<Option<String>>("table_name"),
    ColumnInfo::of::<Option<String>>("key"),
];

/// What has changed since a place.
pub(crate) struct Recent {
    /// What has seen all of it.
    pub(crate) upto: Cursor,
    /// Whether the database knows who asks, by one of its marks: then no line that it has not seen is gone.
    pub(crate) is_known: bool,
    /// Whether there is more.
    pub(crate) is_cut: bool,
    pub(crate) lines: Vec<Line>,
}

impl Consumer {
    /// What has changed since a cursor, as the database is at one moment.
    pub(crate) async fn recent(&self, since: &Cursor, marks: [&str; 2], most: u32) -> Result<Recent, DataError> {
        let [mark, next] = marks;
        let mut values = vec![text(&self.name), text(mark), text(next)];
        match since {
            Cursor::Line(number) => values.push(Value::Int(*number)),
            Cursor::Ended(snapshot) => values.extend([
                text(&snapshot.xmin.to_string()),
                text(&snapshot.xmax.to_string()),
                text(&snapshot.running()),
            ]),
        }
        values.push(Value::Int(i64::from(most) + 1));
        let call = self.feed.call(self.feed.statements().recent, RECENT, &values)?;
        let read = |row: &mut Reader<'_>| {
            let (upto, is_known) = (row.read::<String>()?, row.read::<bool>()?);
            let (table, key) = (row.read::<Option<String>>()?, row.read::<Option<String>>()?);
            Ok((upto, is_known, table.map(|table| Line { table, key })))
        };
        let rows = self.feed.handle.rows(call, read).await?;
        let Some((upto, is_known, _)) = rows.first() else {
            return Err(DataError::other("the feed does not say how far it is"));
        };
        let (upto, is_known) = (upto.parse()?, *is_known);
        let is_cut = rows.len() > most as usize;
        let lines = rows.into_iter().filter_map(|(_, _, line)| line).collect();
        Ok(Recent { upto, is_known, is_cut, lines })
    }

    /// It has come so far, and is there. Out: whether it was known, by its previous mark.
    pub(crate) async fn renew(&self, cursor: &Cursor, mark: &str, previous: &str) -> Result<bool, DataError> {
        let sql = format!(
            "UPDATE cell_consumers SET cursor = $2, mark = $3, live_until = {} + $5 WHERE name = $1 AND mark = $4",
            self.clock()
        );
        let texts = [cursor.to_string(), mark.to_owned(), previous.to_owned()];
        Ok(self.write(&sql, &texts, Some(self.lasts())).await? > 0)
    }
}
