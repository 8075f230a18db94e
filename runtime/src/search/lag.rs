//! When it is said that an index does not keep up. In: how many changes it lacks, and that it has them all. Out: one warning when it
//! falls far behind, one line when it is level again, and now and then an event with the figures. Absent: catching up; the further
//! behind it is, the more one commit takes.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, info, warn};

/// More changes than this are far behind.
const MANY: u64 = 50_000;
/// So is who was not level for so long.
const LONG: Duration = Duration::from_secs(10);
/// How often the figures are told.
const EVERY: Duration = Duration::from_secs(10);

/// Whether an index keeps up.
#[derive(Debug, Default)]
pub(super) struct Lag {
    /// Since when it is not level.
    since: Option<Instant>,
    /// Whether that was said.
    is_said: bool,
    /// When the figures were last told.
    told: Option<Instant>,
}

/// What is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    FarBehind,
    LevelAgain,
}

impl Lag {
    /// It lacks so many changes.
    pub(super) fn behind(&mut self, table: &str, lines: u64) {
        let now = Instant::now();
        let word = self.lacks(lines, now);
        let lag = now - self.since.unwrap_or(now);
        let lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
        if word == Some(Word::FarBehind) {
            warn!(target: "cell::search", table, lag_lines = lines, lag_ms, "the search index does not keep up with its table");
        }
        self.tell(table, lines, lag_ms, now);
    }

    /// It has all. Out: whether it had not.
    pub(super) fn level(&mut self, table: &str) -> bool {
        let was_behind = self.since.is_some();
        if self.has_all() == Some(Word::LevelAgain) {
            info!(target: "cell::search", table, "the search index has caught up with its table");
        }
        self.tell(table, 0, 0, Instant::now());
        was_behind
    }

    /// It is built anew, or cannot go on: how far behind it is means nothing.
    pub(super) fn rests(&mut self) {
        self.since = None;
    }

    fn tell(&mut self, table: &str, lag_lines: u64, lag_ms: u64, now: Instant) {
        if self.told.is_none_or(|told| now - told >= EVERY) {
            self.told = Some(now);
            debug!(target: "cell::search", table, lag_lines, lag_ms, "how far the search index is behind");
        }
    }

    fn lacks(&mut self, lines: u64, now: Instant) -> Option<Word> {
        let since = *self.since.get_or_insert(now);
        let is_news = !self.is_said && (lines > MANY || now - since >= LONG);
        self.is_said |= is_news;
        is_news.then_some(Word::FarBehind)
    }

    fn has_all(&mut self) -> Option<Word> {
        self.since = None;
        std::mem::take(&mut self.is_said).then_some(Word::LevelAgain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_behind_is_said_once_and_so_is_level_again() {
        let (mut lag, now) = (Lag::default(), Instant::now());
        assert_eq!(lag.lacks(MANY, now), None);
        assert_eq!(lag.lacks(MANY + 1, now), Some(Word::FarBehind));
        assert_eq!(lag.lacks(MANY * 2, now + LONG), None);
        assert_eq!(lag.has_all(), Some(Word::LevelAgain));
        assert_eq!(lag.has_all(), None);
        assert_eq!(lag.lacks(MANY + 1, now), Some(Word::FarBehind), "each time anew");
    }

    #[test]
    fn a_little_behind_for_long_is_far_behind() {
        let (mut lag, now) = (Lag::default(), Instant::now());
        assert_eq!(lag.lacks(1, now), None);
        assert_eq!(lag.lacks(1, now + LONG / 2), None);
        assert_eq!(lag.lacks(1, now + LONG), Some(Word::FarBehind));
        assert_eq!(lag.has_all(), Some(Word::LevelAgain));
        assert_eq!(lag.lacks(1, now + LONG * 2), None, "counted from when it was last level");
    }
}
