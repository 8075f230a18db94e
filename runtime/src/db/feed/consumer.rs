//! Who reads the feed, as the database remembers it: how far each has come. In: a name, cursors. Out: where it stands; and lines that
//! all have seen are forgotten.
//!
//! What a consumer makes of the feed lies elsewhere (a folder), and either may be put back to an earlier state without the other. So each
//! step of a consumer has a mark that nobody can guess, which stands in both places: before a step it is written here as the next one,
//! then with the step itself, and then here as the last one. What has neither of the two marks is of another past, and is made anew.

use super::{Cursor, FACTS, Feed};
use crate::db::call::{Call, Reads};
use crate::db::column::ColumnInfo;
use crate::db::error::DataError;
use crate::db::reader::Reader;
use crate::db::value::Value;

const ROW: &[ColumnInfo] = &[
    ColumnInfo::of::<String>("name"),
    ColumnInfo::of::<String>("cursor"),
    ColumnInfo::of::<String>("mark"),
    ColumnInfo::of::<Option<String>>("next_cursor"),
    ColumnInfo::of::<Option<String>>("next_mark"),
];

const ROWS: &str = "SELECT name, cursor, mark, next_cursor, next_mark FROM cell_consumers";

/// So long, in milliseconds, lines are kept for a consumer that does not come: a week.
const KEPT: i64 = 7 * 24 * 60 * 60 * 1_000;

/// One that reads the feed.
#[derive(Clone)]
pub(crate) struct Consumer {
    pub(super) feed: Feed,
    pub(super) name: String,
    /// For so long lines are kept for it, in milliseconds.
    kept: i64,
}

/// How far a consumer has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) cursor: Cursor,
    /// The mark of its last step.
    pub(crate) mark: String,
    /// The cursor and the mark of a step that it was about to make.
    pub(crate) next: Option<(Cursor, String)>,
}

impl Consumer {
    pub(crate) fn new(feed: Feed, name: impl Into<String>) -> Self {
        Self { feed, name: name.into(), kept: KEPT }
    }

    /// The same, for which lines are kept for so many milliseconds when it does not come.
    #[cfg(feature = "cache")]
    pub(crate) fn kept(self, milliseconds: i64) -> Self {
        Self { kept: milliseconds, ..self }
    }

    /// How far it has come; nothing where it is unknown, or was away for so long that it was forgotten.
    #[cfg(feature = "search")]
    pub(crate) async fn standing(&self) -> Result<Option<Standing>, DataError> {
        let all = self.all().await?;
        Ok(all.into_iter().find(|(name, _)| *name == self.name).map(|(_, standing)| standing))
    }

    /// It begins here, whatever it was before.
    pub(crate) async fn begin(&self, cursor: &Cursor, mark: &str) -> Result<(), DataError> {
        let sql = format!(
            "INSERT INTO cell_consumers (name, cursor, mark, live_until) VALUES ($1, $2, $3, {0} + $4) \
             ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, mark = excluded.mark, next_cursor = NULL, \
             next_mark = NULL, live_until = excluded.live_until",
            self.clock()
        );
        self.write(&sql, &[cursor.to_string(), mark.to_owned()], Some(self.kept)).await.map(drop)
    }

    /// It has come further since the step with this mark, without another: nothing of its own has changed. Out: whether it is known.
    #[cfg(feature = "search")]
    pub(crate) async fn advance(&self, cursor: &Cursor, mark: &str) -> Result<bool, DataError> {
        let sql = format!(
            "UPDATE cell_consumers SET cursor = $2, live_until = {} + $4 WHERE name = $1 AND mark = $3",
            self.clock()
        );
        Ok(self.write(&sql, &[cursor.to_string(), mark.to_owned()], Some(self.kept)).await? > 0)
    }

    /// It is about to make a step behind the one with the mark `last`. Out: whether that is its last one, and it is still known.
    #[cfg(feature = "search")]
    pub(crate) async fn intend(&self, cursor: &Cursor, mark: &str, last: &str) -> Result<bool, DataError> {
        let sql = format!(
            "UPDATE cell_consumers SET next_cursor = $2, next_mark = $3, live_until = {} + $5 WHERE name = $1 AND mark = $4",
            self.clock()
        );
        let texts = [cursor.to_string(), mark.to_owned(), last.to_owned()];
        Ok(self.write(&sql, &texts, Some(self.kept)).await? > 0)
    }

    /// It has made the step with this mark. Out: whether that was its next one.
    #[cfg(feature = "search")]
    pub(crate) async fn made(&self, mark: &str) -> Result<bool, DataError> {
        let sql = "UPDATE cell_consumers SET cursor = next_cursor, mark = next_mark, next_cursor = NULL, next_mark = NULL \
                   WHERE name = $1 AND next_mark = $2";
        Ok(self.write(sql, &[mark.to_owned()], None).await? > 0)
    }

    /// It reads no more.
    pub(crate) async fn end(&self) -> Result<(), DataError> {
        self.write("DELETE FROM cell_consumers WHERE name = $1", &[], None).await.map(drop)
    }

    /// Forgets consumers that did not come for a week, and the lines that all others have seen.
    pub(crate) async fn trim(&self) -> Result<(), DataError> {
        let dead = format!("DELETE FROM cell_consumers WHERE live_until < {} AND name <> $1", self.clock());
        self.write(&dead, &[], None).await?;
        let standings = self.all().await?;
        let Some(seen) = standings.iter().map(|(_, standing)| standing.cursor.bound()).min() else { return Ok(()) };
        let call = self.feed.call(self.feed.statements().forget, &[], &[Value::Int(seen)])?;
        self.feed.handle.changed(Call { reads: Reads::No, bounded: false, ..call }).await.map(drop)
    }

    /// For so long lines are kept for it, in milliseconds.
    #[cfg(feature = "cache")]
    pub(super) fn lasts(&self) -> i64 {
        self.kept
    }

    async fn all(&self) -> Result<Vec<(String, Standing)>, DataError> {
        let call = self.feed.call(ROWS, ROW, &[])?;
        let read = |row: &mut Reader<'_>| {
            let (name, cursor, mark) = (row.read::<String>()?, row.read::<String>()?, row.read::<String>()?);
            let next = row.read::<Option<String>>()?.zip(row.read::<Option<String>>()?);
            let next = next.map(|(cursor, mark)| Ok::<_, DataError>((cursor.parse()?, mark))).transpose()?;
            Ok((name, Standing { cursor: cursor.parse()?, mark, next }))
        };
        self.feed.handle.rows(call, read).await
    }

    /// Runs a statement whose first value is the consumer's name.
    pub(super) async fn write(&self, sql: &str, texts: &[String], number: Option<i64>) -> Result<u64, DataError> {
        let mut values = vec![super::text(&self.name)];
        values.extend(texts.iter().map(|text| super::text(text)));
        values.extend(number.map(Value::Int));
        let call = Call { reads: Reads::No, ..self.feed.call(sql, FACTS.columns, &values)? };
        self.feed.handle.changed(call).await
    }

    /// The engine's clock: consumers on several machines go by one.
    pub(super) fn clock(&self) -> &'static str {
        self.feed.statements().clock
    }
}
