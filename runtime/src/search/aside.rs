//! Rows that an index can't take. In: their keys, with what is wrong. Out: what a commit keeps of them, so that it is of one piece with the
//! documents: all of their number, and the first with their errors.
//!
//! Such a row is not tried again by itself, however often: what is wrong with it is in the row, and stays until somebody writes it. It is
//! read again when it changes, and whenever the index is built anew. What may pass by itself (a connection, a disk) fails as a whole, and
//! is tried again with pauses that grow.

use std::collections::{BTreeMap, BTreeSet};

use cell_manifest::{SetAside, SetAsideRow};
use serde::{Deserialize, Serialize};

/// So many are kept with their errors.
const SHOWN: usize = 100;
/// Of so many more it is known which they are. Where there are more than that, their number is the least that there are.
const MORE: usize = 10_000;
/// So much is kept of an error, in characters.
const LENGTH: usize = 300;

/// Rows that an index can't take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Aside {
    /// Errors by keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rows: BTreeMap<String, String>,
    /// What stands for the keys of the others.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    more: BTreeSet<u64>,
}

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.more.is_empty()
    }

    /// The row with this key can't be taken.
    pub(super) fn add(&mut self, key: String, error: &str) {
        self.remove(&key);
        if self.rows.len() < SHOWN {
            self.rows.insert(key, error.chars().take(LENGTH).collect());
        } else if self.more.len() < MORE {
            self.more.insert(print(&key));
        }
    }

    /// The row with this key was taken, or is no more.
    pub(super) fn remove(&mut self, key: &str) {
        if self.is_empty() {
            return;
        }
        self.rows.remove(key);
        self.more.remove(&print(key));
    }

    /// Whether the row with this key is among them.
    pub(super) fn has(&self, key: &str) -> bool {
        !self.is_empty() && (self.rows.contains_key(key) || self.more.contains(&print(key)))
    }

    /// How many there are, where that is known.
    pub(super) fn count(&self) -> Option<u64> {
        (self.more.len() < MORE).then_some((self.rows.len() + self.more.len()) as u64)
    }

    /// What is told of them.
    pub(super) fn told(&self) -> SetAside {
        let rows = self.rows.iter().map(|(key, error)| SetAsideRow { key: key.clone(), error: error.clone() });
        SetAside { count: (self.rows.len() + self.more.len()) as u64, rows: rows.collect() }
    }
}

fn print(key: &str) -> u64 {
    let mut print = [0; 8];
    blake3::Hasher::new().update(key.as_bytes()).finalize_xof().fill(&mut print);
    u64::from_le_bytes(print)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_the_first_are_told_and_each_goes_when_it_is_taken() {
        let mut aside = Aside::default();
        for key in 0..250 {
            aside.add(key.to_string(), &"x".repeat(1_000));
            aside.add(key.to_string(), "again");
        }
        let told = aside.told();
        assert_eq!((told.count, told.rows.len()), (250, SHOWN));
        assert!(aside.has("249") && !aside.has("250"));
        let kept: Aside = serde_json::from_str(&serde_json::to_string(&aside).expect("JSON")).expect("the same");
        assert_eq!(kept, aside);
        for key in 0..250 {
            aside.remove(&key.to_string());
        }
        assert_eq!(aside, Aside::default());
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut aside = Aside::default();
        for key in 0..SHOWN + MORE + 5 {
            aside.add(key.to_string(), &"é".repeat(LENGTH + 1));
        }
        assert_eq!(aside.told().count, (SHOWN + MORE) as u64);
        assert!(aside.told().rows.iter().all(|row| row.error.chars().count() == LENGTH));
    }
}
