//! What may go wrong with rows when a schema changes: each kind with its code, and what has to happen before such a change runs.
//! Absent: finding hazards ([`crate::plan`]), and counting rows, which `cell-migrate` does with the guards' SQL.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of hazard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HazardKind {
    /// A table is dropped, with its rows.
    RowsDeleted,
    /// A column is dropped, with its values.
    ValuesDeleted,
    /// A type that holds less of a value: digits, the time of a day.
    LossyCast,
    /// Texts or bytes are cut to a smaller length.
    ValuesTruncated,
    /// A type that some values cannot be turned into.
    CastMayFail,
    /// An enumeration loses a value without saying what becomes of it.
    ValueRemoved,
    /// A time gets a zone that it did not say.
    TimeZoneAssumed,
    /// A column becomes required, and rows may be null in it.
    NotNullOverRows,
    /// Columns become unique together, and rows may be equal in them.
    UniqueOverRows,
    /// A check is added, and rows may not meet it.
    CheckOverRows,
    /// A reference is added, and rows may point at nothing.
    ReferenceOverRows,
    /// A view or a rule that the model does not know stands on what is changed.
    ObjectInTheWay,
    /// The engine writes the whole table anew while nobody else can use it.
    TableRewritten,
    /// The engine reads the whole table while nobody else can write to it.
    TableLocked,
    /// An index is built over rows while nobody else can write to the table.
    IndexBuiltWithLock,
}

/// What a kind of hazard asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The hazard is refused until it is allowed by its code and its object.
    Needed,
    /// Nothing is lost: rows that stand in the way are counted before anything runs, and refuse the change where there are any.
    Counted,
    /// Nothing can go wrong with rows: it is said, since it takes time.
    Told,
}

/// A hazard of one change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hazard {
    /// The object, from the outside in: `shop.products.price`.
    pub object: String,
    /// What may happen.
    pub kind: HazardKind,
    /// What was found: lower case, no final stop, names in backticks.
    pub message: String,
    /// What makes the change safe, besides allowing it.
    pub help: Option<String>,
}

/// A hazard that someone said may happen, by code and object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The kind.
    pub hazard: HazardKind,
    /// The object.
    pub object: String,
}

impl HazardKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::RowsDeleted,
        Self::ValuesDeleted,
        Self::LossyCast,
        Self::ValuesTruncated,
        Self::CastMayFail,
        Self::ValueRemoved,
        Self::TimeZoneAssumed,
        Self::NotNullOverRows,
        Self::UniqueOverRows,
        Self::CheckOverRows,
        Self::ReferenceOverRows,
        Self::ObjectInTheWay,
        Self::TableRewritten,
        Self::TableLocked,
        Self::IndexBuiltWithLock,
    ];

    /// The code, as in `--allow lossy-cast=shop.products.price` and `cargo cell explain`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::RowsDeleted => "rows-deleted",
            Self::ValuesDeleted => "values-deleted",
            Self::LossyCast => "lossy-cast",
            Self::ValuesTruncated => "values-truncated",
            Self::CastMayFail => "cast-may-fail",
            Self::ValueRemoved => "value-removed",
            Self::TimeZoneAssumed => "time-zone-assumed",
            Self::NotNullOverRows => "not-null-over-rows",
            Self::UniqueOverRows => "unique-over-rows",
            Self::CheckOverRows => "check-over-rows",
            Self::ReferenceOverRows => "reference-over-rows",
            Self::ObjectInTheWay => "object-in-the-way",
            Self::TableRewritten => "table-rewritten",
            Self::TableLocked => "table-locked",
            Self::IndexBuiltWithLock => "index-built-with-lock",
        }
    }

    /// The kind of this code; an attribute writes it with underscores.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let code = code.replace('_', "-");
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What has to happen before such a change runs.
    #[must_use]
    pub fn consent(self) -> Consent {
        match self {
            Self::RowsDeleted
            | Self::ValuesDeleted
            | Self::LossyCast
            | Self::ValuesTruncated
            | Self::CastMayFail
            | Self::ValueRemoved
            | Self::TimeZoneAssumed => Consent::Needed,
            Self::NotNullOverRows
            | Self::UniqueOverRows
            | Self::CheckOverRows
            | Self::ReferenceOverRows
            | Self::ObjectInTheWay => Consent::Counted,
            Self::TableRewritten | Self::TableLocked | Self::IndexBuiltWithLock => Consent::Told,
        }
    }

    /// Whether rows that are counted refuse the change, also where it was allowed: there is no value that they could become.
    #[must_use]
    pub fn refuses_rows(self) -> bool {
        matches!(self, Self::CastMayFail | Self::ValueRemoved) || self.consent() == Consent::Counted
    }
}

impl fmt::Display for HazardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
