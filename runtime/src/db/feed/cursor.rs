//! How far a consumer has come in the feed. In: an engine's word for it, or a text that was kept. Out: whether one cursor has seen all that
//! another has. On SQLite lines are committed in the order of their numbers, so a number says it; on PostgreSQL they are not, so it is
//! said by a snapshot: which transactions had ended.

use std::fmt;
use std::str::FromStr;

use crate::db::error::DataError;

/// A place in the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// SQLite: the number of the last line.
    Line(i64),
    /// PostgreSQL: what had ended.
    Ended(Snapshot),
}

/// PostgreSQL's `pg_snapshot`: all transactions before `xmin` have ended, none from `xmax` on, and in between all but `running`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) xmin: u64,
    pub(crate) xmax: u64,
    running: Vec<u64>,
}

impl Snapshot {
    /// The numbers of those that were running, separated by commas.
    pub(crate) fn running(&self) -> String {
        self.running.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    fn sees(&self, transaction: u64) -> bool {
        transaction < self.xmin || (transaction < self.xmax && self.running.binary_search(&transaction).is_err())
    }
}

impl Cursor {
    /// It has seen every line below this: below this number, or of a transaction below it.
    pub(crate) fn bound(&self) -> i64 {
        match self {
            Self::Line(number) => number.saturating_add(1),
            Self::Ended(snapshot) => i64::try_from(snapshot.xmin).unwrap_or(i64::MAX),
        }
    }

    /// Whether it has seen all that `other` has.
    pub(crate) fn reaches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Line(own), Self::Line(other)) => own >= other,
            (Self::Ended(own), Self::Ended(other)) => {
                // What it does not see between its bounds, the other may not see either.
                let missed = own.running.iter().filter(|it| **it < other.xmax);
                own.xmax >= other.xmax.min(other.running_bound()) && missed.copied().all(|it| !other.sees(it))
            }
            _ => false,
        }
    }
}

impl Snapshot {
    /// Behind the last transaction that it sees, as far as its bounds tell.
    fn running_bound(&self) -> u64 {
        let mut bound = self.xmax;
        while bound > self.xmin && self.running.binary_search(&(bound - 1)).is_ok() {
            bound -= 1;
        }
        bound
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => number.fmt(f),
            Self::Ended(snapshot) => write!(f, "{}:{}:{}", snapshot.xmin, snapshot.xmax, snapshot.running()),
        }
    }
}

impl FromStr for Cursor {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        parsed(text).ok_or_else(|| DataError::other(["`", text, "` is no place in the feed"].concat()))
    }
}

fn parsed(text: &str) -> Option<Cursor> {
    let Some((xmin, rest)) = text.split_once(':') else { return text.parse().ok().map(Cursor::Line) };
    let (xmax, running) = rest.split_once(':')?;
    let (xmin, xmax) = (xmin.parse().ok()?, xmax.parse().ok()?);
    let running = running.split(',').filter(|number| !number.is_empty()).map(str::parse);
    let mut running: Vec<u64> = running.collect::<Result<_, _>>().ok()?;
    running.sort_unstable();
    let is_sound = xmin <= xmax && running.iter().all(|it| (xmin..xmax).contains(it));
    is_sound.then_some(Cursor::Ended(Snapshot { xmin, xmax, running }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Cursor {
        text.parse().expect("a cursor")
    }

    #[test]
    fn a_cursor_is_read_as_it_is_written_and_nothing_else_is() {
        for text in ["0", "17", "10:10:", "10:20:11,14"] {
            assert_eq!(cursor(text).to_string(), text);
        }
        for text in ["", "x", "10", "10:", "20:10:", "10:20:9", "10:20:20", "10:20:1;2"] {
            assert_eq!(text.parse::<Cursor>().is_ok(), text == "10", "{text}");
        }
    }

    #[test]
    fn one_reaches_another_where_it_has_seen_every_transaction_that_the_other_has() {
        let reaches = |one: &str, other: &str| cursor(one).reaches(&cursor(other));
        assert!(reaches("5", "5") && reaches("6", "5") && !reaches("4", "5"));
        assert!(!reaches("5", "10:10:") && !reaches("10:10:", "5"));
        assert!(reaches("10:20:", "10:20:"));
        assert!(reaches("10:20:14", "10:20:14"), "what was running for both was seen by neither");
        assert!(!reaches("10:20:14", "10:20:"), "the other has seen 14");
        assert!(reaches("10:20:", "10:20:14"));
        assert!(!reaches("10:15:", "10:20:"), "the other has seen 15 to 19");
        assert!(reaches("10:15:", "10:17:15,16"), "of what is behind the one, the other has seen nothing");
        assert!(reaches("14:30:14", "14:20:14"));
    }

    /// Against the definition, transaction by transaction.
    #[test]
    fn reaching_is_seeing_all() {
        let mut cursors = Vec::new();
        for xmin in 1..4_u64 {
            for xmax in xmin..6 {
                for mask in 0..(1_u32 << (xmax - xmin)) {
                    let running = (xmin..xmax).filter(|it| mask & (1 << (it - xmin)) != 0).collect();
                    cursors.push(Snapshot { xmin, xmax, running });
                }
            }
        }
        for one in &cursors {
            for other in &cursors {
                let all = (0..8).all(|it| !other.sees(it) || one.sees(it));
                let reaches = Cursor::Ended(one.clone()).reaches(&Cursor::Ended(other.clone()));
                assert_eq!(reaches, all, "{one:?} {other:?}");
            }
        }
    }
}
