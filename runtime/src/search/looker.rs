//! An index that another process writes. In: what that one has committed. Out: what is searched here, and how far it has come.

use super::error::SearchError;
use super::index::Indexed;
use super::indexer::{Indexer, LINES};
use crate::db::feed::{Cursor, Feed};

impl<T: Indexed> Indexer<T> {
    /// Looks at what another process has committed.
    pub(super) async fn look(&self, feed: &Feed) -> Result<(), SearchError> {
        let current = self.live.store.current();
        let shown = self.live.generation().filter(|shown| Some(shown.number) == current);
        let generation = match shown {
            Some(shown) => shown,
            None => match self.live.store.open(&self.live.layout, self.live.info.language) {
                Ok(Some(opened)) => opened,
                Ok(None) => return Ok(()),
                Err(error) => return Err(self.index(&error)),
            },
        };
        // In this order: what is shown may be newer than what is said of it, and never older.
        let payload = generation.payload().map_err(|error| self.index(&error))?;
        generation.reader.reload().map_err(|error| self.index(&error))?;
        self.live.show(generation.clone());
        let Some(payload) = payload else { return Ok(()) };
        let committed: Cursor = payload.cursor.parse()?;
        let came = self.live.state().came.filter(|came| came.reaches(&committed)).unwrap_or(committed);
        // Whoever writes commits nothing where nothing of the table has changed.
        let mut changes = feed.since(&came).await?;
        if !changes.upto().reaches(&came) {
            // The database is of another past, which whoever writes notices too.
            self.live.note(|state| state.came = None);
            return Ok(());
        }
        let mut is_behind = false;
        while !is_behind {
            let lines = changes.next(LINES).await?;
            if lines.is_empty() {
                break;
            }
            is_behind = lines.iter().any(|line| self.live.follows(&line.table));
        }
        let came = if is_behind { came } else { changes.upto().clone() };
        if generation.payload().map_err(|error| self.index(&error))?.is_none_or(|now| now.mark != payload.mark) {
            // There has been a commit since, whose lines may be gone by now: what is shown has not come that far.
            return Ok(());
        }
        self.live.note(|state| state.came = Some(came));
        Ok(())
    }
}
