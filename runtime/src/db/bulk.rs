//! Many rows at once: statements of many rows each, and on PostgreSQL `COPY` for what one statement does not hold.
//! In: rows. Out: what adds or writes them, and all of it in one transaction. Absent: the text of statements.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::iter::Peekable;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::binder::{Binder, Given, NewBinder, Part};
use super::call::{About, Call, Reads};
use super::condition::MOST_VALUES;
#[cfg(feature = "postgres")]
use super::dialect::{Arguments, postgres::copy::Copy};
use super::error::DataError;
use super::key::{Key as _, Mark};
use super::model::{Model, New};
use super::table::Table;
use super::transaction;

/// The most rows of one statement of [`Table::insert_many`]: with more, preparing it costs what it saves.
const MOST_ROWS: usize = 256;

/// A part of many rows.
pub(super) enum Bulk {
    Statement(Call),
    #[cfg(feature = "postgres")]
    Copy(Copy),
}

impl<T: Model> Table<T> {
    /// All of these or none, and how many rows they changed.
    pub(super) fn together(&self, parts: Result<Vec<Bulk>, DataError>) -> BoxFuture<'_, Result<u64, DataError>> {
        async move {
            let parts = parts?;
            transaction::once(&self.handle, async |handle| {
                let mut changed = 0;
                for part in parts {
                    changed += match part {
                        Bulk::Statement(call) => handle.changed(call).await?,
                        #[cfg(feature = "postgres")]
                        Bulk::Copy(copy) => handle.copied(copy).await?,
                    };
                }
                Ok(changed)
            })
            .await
        }
        .boxed()
    }

    /// What adds the rows, in their order.
    pub(super) fn batches(&self, rows: impl Iterator<Item = T::New>) -> Result<Vec<Bulk>, DataError> {
        let mut rows = rows.peekable();
        let mut parts = Vec::new();
        while let Some(first) = rows.next() {
            let given = self.given_by(&first);
            let call = self.batch(&given, first, &mut rows)?;
            parts.push(Bulk::Statement(call));
            // What one statement does not hold is copied, where the engine does.
            #[cfg(feature = "postgres")]
            parts.extend(self.copy(&given, &mut rows)?.map(Bulk::Copy));
        }
        Ok(parts)
    }

    /// The columns that a row gives.
    fn given_by(&self, row: &T::New) -> Given {
        let mut asking = NewBinder::asking(self.handle.engine(), self.facts());
        row.bind(&mut asking);
        asking.given()
    }

    /// One statement of `first` and those behind it that give the same columns.
    fn batch(
        &self,
        given: &Given,
        first: T::New,
        rows: &mut Peekable<impl Iterator<Item = T::New>>,
    ) -> Result<Call, DataError> {
        let facts = self.facts();
        let most = match given.count() {
            // Rows of defaults alone go one by one: there is no way to write several.
            0 => 1,
            columns => (MOST_VALUES / columns).clamp(1, MOST_ROWS),
        };
        let mut binder = NewBinder::new(self.handle.engine(), facts);
        first.bind(&mut binder);
        let mut count = 1;
        while count < most {
            let Some(row) = rows.next_if(|row| self.given_by(row) == *given) else { break };
            row.bind(binder.next_row());
            count += 1;
        }
        let (_, arguments) = binder.finish()?;
        let text = self.statements().insert_many(given, count)?;
        Ok(Call {
            text,
            arguments,
            persistent: count == most,
            reads: Reads::No,
            bounded: true,
            facts,
            about: About::Rows,
        })
    }

    /// All rows from here on that give the same columns, as the engine copies them; none where it does not.
    #[cfg(feature = "postgres")]
    fn copy(
        &self,
        given: &Given,
        rows: &mut Peekable<impl Iterator<Item = T::New>>,
    ) -> Result<Option<Copy>, DataError> {
        let facts = self.facts();
        let Some(mut binder) = NewBinder::copying(self.handle.engine(), facts) else { return Ok(None) };
        let first = rows.next_if(|row| given.count() > 0 && self.given_by(row) == *given);
        let Some(first) = first else { return Ok(None) };
        first.bind(&mut binder);
        while let Some(row) = rows.next_if(|row| self.given_by(row) == *given) {
            row.bind(binder.next_row());
        }
        let (_, Arguments::Copied(rows)) = binder.finish()? else { return Ok(None) };
        Ok(Some(Copy { columns: self.statements().listed(given), rows, facts }))
    }

    /// The statements that write the rows, in their order. One statement writes no row twice: PostgreSQL refuses that.
    pub(super) fn upserts<R: Borrow<T>>(&self, rows: impl Iterator<Item = R>) -> Result<Vec<Bulk>, DataError> {
        let facts = self.facts();
        let columns = facts.columns.iter().filter(|info| !info.generated).count();
        let most = (MOST_VALUES / columns.max(1)).clamp(1, MOST_ROWS);
        let mut parts = Vec::new();
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let mut binder = Binder::new(self.handle.engine(), facts);
            let mut keys = HashSet::new();
            let is_new = |row: &R, keys: &mut HashSet<Vec<Mark>>| {
                keys.len() < most && keys.insert(row.borrow().key().values().iter().map(Mark::of).collect())
            };
            while let Some(row) = rows.next_if(|row| is_new(row, &mut keys)) {
                row.borrow().bind(binder.part(Part::Written));
            }
            let text = self.statements().upsert_many(keys.len())?;
            let persistent = keys.len() == most;
            parts.push(Bulk::Statement(Call {
                text,
                arguments: binder.finish()?,
                persistent,
                reads: Reads::No,
                bounded: true,
                facts,
                about: About::Rows,
            }));
        }
        Ok(parts)
    }
}
