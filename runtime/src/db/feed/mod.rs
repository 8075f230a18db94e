//! Reads the feed: which rows changed since a cursor. In: a database whose migrations made a feed, a cursor. Out: lines of
//! (table, key), and the cursor that has seen them all. Absent: the triggers that write it (the migrations'), and what is done about a
//! change (search and caches).
//!
//! A line is seen once its transaction has ended, whichever number it has: so nothing is passed over, and nobody waits for a transaction
//! that stays open.

#[cfg(feature = "search")]
mod changes;
mod consumer;
mod cursor;
#[cfg(feature = "search")]
mod key;
#[cfg(feature = "cache")]
mod recent;

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

fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}
