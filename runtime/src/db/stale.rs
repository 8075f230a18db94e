//! How old the rows of a read may be. In: a duration, or the text of one. Out: it, or where the text was written that is none.

use std::panic::Location;
use std::time::Duration;

use super::error::DataError;
use super::settings::milliseconds;

/// How old rows may be: a [`Duration`], or a text such as `"250ms"`, `"5s"` or `"1m"`.
#[derive(Clone, Debug)]
pub struct Staleness(Result<Duration, String>);

impl From<Duration> for Staleness {
    fn from(duration: Duration) -> Self {
        Self(Ok(duration))
    }
}

impl From<&str> for Staleness {
    fn from(text: &str) -> Self {
        Self(milliseconds(text).map(Duration::from_millis).ok_or_else(|| text.to_owned()))
    }
}

impl Staleness {
    /// The duration.
    ///
    /// # Errors
    /// The text, which stands in the source at `place`, is none.
    pub(crate) fn duration(self, place: &Location<'_>) -> Result<Duration, DataError> {
        self.0.map_err(|text| {
            DataError::other(format!(
                "`{text}` at {place} is no duration: write a whole number and a unit, such as `5s`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_whole_number_of_a_unit() {
        for (text, wanted) in [("250ms", 250), ("5s", 5_000), ("2m", 120_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(Staleness::from(text).duration(Location::caller()), Ok(Duration::from_millis(wanted)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "1.5s", "5 s", "99999999999999999999s", "18446744073709551615d"] {
            let error = Staleness::from(text).duration(Location::caller()).unwrap_err().to_string();
            assert!(error.contains("stale.rs:"), "{error}");
        }
    }
}
