//! What this package says no to: one type for every stage, and every code it may carry.
//! Absent: places in sources. An object's name is what the compiler finds the place by.

use std::fmt;

/// Something that cannot be done, or not yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The object, from the outside in: `shop.products.price`.
    pub object: String,
    /// One of [`CODES`].
    pub code: &'static str,
    /// What was found: lower case, no final stop, names in backticks.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Refusal {
    pub(crate) fn new(
        code: &'static str,
        object: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { object: object.into(), code, message: message.into(), help: help.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]; {}", shown(&self.object), self.message, self.code, self.help)
    }
}

impl std::error::Error for Refusal {}

/// A name as messages, titles and comments show it: on one line, whatever it holds.
pub(crate) fn shown(name: &str) -> String {
    name.chars()
        .flat_map(|c| {
            // U+2028 and U+2029 end a line for some programs, though Rust does not count them as control characters.
            let escaped = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            let (plain, unicode) = if escaped { (None, Some(c.escape_unicode())) } else { (Some(c), None) };
            plain.into_iter().chain(unicode.into_iter().flatten())
        })
        .collect()
}

/// Every code of this package, in order.
pub const CODES: &[&str] = &[
    "baseline-differs",
    "column-default",
    "column-generated",
    "column-type",
    "expression-depth",
    "expression-engine",
    "expression-overflow",
    "expression-raw",
    "expression-type",
    "history-behind",
    "history-branches",
    "history-change",
    "history-edited",
    "history-format",
    "history-missing",
    "history-order",
    "history-seal",
    "history-snapshot",
    "history-stray",
    "history-unreadable",
    "index-columns",
    "not-null-without-default",
    "reference-target",
    "rename-of-what-exists",
    "sql-name",
    "sql-name-clash",
    "table-columns",
    "table-key",
    "unsupported-change",
];
