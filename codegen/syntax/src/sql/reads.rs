//! Whether a statement may write, by the words before its parentheses. What the engines do is not known here: an unknown function may.

/// Whether a statement only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// It calls nothing but what is known to.
    Certainly,
    /// It calls something that may write.
    Likely,
    /// It writes, or locks what it reads.
    No,
}

/// What stands before a parenthesis, and writes nothing: functions that both engines have, and words that are none.
const HARMLESS: &str = "abs all and any array as avg between by case cast ceil char_length coalesce concat count date dense_rank \
     distinct else except exists filter first_value floor from greatest having in intersect interval is join lag \
     last_value lead least length like lower max min not nullif on or over rank replace round row_number select \
     substr sum then trim union upper";

impl Reads {
    /// The same of a statement that has this word, too, in lower case, with `rest` behind it.
    pub(super) fn behind(self, word: &str, is_first: bool, rest: &str) -> Self {
        if is_first {
            return if ["select", "values", "with"].contains(&word) { Self::Certainly } else { Self::No };
        }
        // `for update` locks rows, as a write does.
        if ["delete", "insert", "into", "merge", "update"].contains(&word) {
            return Self::No;
        }
        let is_harmless = || HARMLESS.split_whitespace().any(|known| known == word);
        if self == Self::Certainly && rest.trim_start().starts_with('(') && !is_harmless() {
            Self::Likely
        } else {
            self
        }
    }
}
