//! The questions. In: a word of a line. Out: which question it is, how often it is asked in a round, and how many rows it adds.

use std::str::FromStr;

use crate::ITEMS;

/// What a library is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A row by its key.
    Get,
    /// The first hundred rows by a filter, in the order of keys.
    List,
    /// A row to add, and to give back as it is stored.
    InsertOne,
    /// Ten thousand rows to add, all or none.
    InsertMany,
    /// Every column of a row to write, by its key.
    Update,
    /// The first hundred owners, each with its items.
    Eager,
}

impl Question {
    /// In the order in which they are asked.
    pub const ALL: [Self; 6] = [Self::Get, Self::List, Self::InsertOne, Self::InsertMany, Self::Update, Self::Eager];

    /// The word in a line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::InsertOne => "insert-one",
            Self::InsertMany => "insert-many",
            Self::Update => "update",
            Self::Eager => "eager",
        }
    }

    /// How people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get by key",
            Self::List => "list 100 by filter",
            Self::InsertOne => "insert one",
            Self::InsertMany => "insert 10,000",
            Self::Update => "update by key",
            Self::Eager => "eager-load 100 × 10",
        }
    }

    /// How often it is asked in a round.
    #[must_use]
    pub fn times(self) -> u32 {
        match self {
            Self::Get => 400,
            Self::List | Self::InsertOne | Self::Update => 60,
            Self::InsertMany => 1,
            Self::Eager => 12,
        }
    }

    /// How many items there are more after it was asked so often.
    #[must_use]
    pub fn adds(self, times: u32) -> i64 {
        match self {
            Self::InsertOne => i64::from(times),
            Self::InsertMany => i64::from(times) * ITEMS,
            Self::Get | Self::List | Self::Update | Self::Eager => 0,
        }
    }
}

impl FromStr for Question {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|question| question.word() == word).ok_or_else(|| format!("no question is `{word}`"))
    }
}
