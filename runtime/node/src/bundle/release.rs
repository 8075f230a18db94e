//! `release.json`: what a bundle holds and where it runs.
//! In and out: JSON. Absent: times, hosts and paths of the machine that packed it, so that one source gives one bundle.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::host::Libc;

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The manifest of the default environment, in a bundle.
pub const MANIFEST: &str = "cell/manifest.json";

/// The longest text of a field, in bytes.
const MAX_TEXT: usize = 256;

/// The most features.
const MAX_FEATURES: usize = 1000;

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// [`FORMAT`].
    pub format: u32,
    /// The application's package.
    pub application: String,
    /// The number of the release: the first is 1.
    pub release: u32,
    /// The version of Cell that packed it.
    pub cell: String,
    /// The profile that it was built with.
    pub profile: String,
    /// The package's features that were on, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The target that it was built for, such as `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// The C library that it needs.
    pub libc: Libc,
    /// The executable.
    pub executable: Executable,
    /// The hash of [`MANIFEST`].
    pub manifest: Digest,
}

/// The executable of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Executable {
    /// `bin/<application>`.
    pub path: String,
    /// The hash of its bytes.
    pub hash: Digest,
}

/// Why a text is no release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// It is not JSON of this form.
    #[error("`release.json` is not of the form that was expected: {0}")]
    Form(#[source] serde_json::Error),
    /// It was written in a format that this version does not read.
    #[error(
        "the bundle has format {found}, but this version reads format {FORMAT}: use one version of Cell to pack and to run"
    )]
    Format {
        /// The format it names.
        found: u32,
    },
    /// A field has a value that no build writes.
    #[error("`{field}` in `release.json` is refused: {reason}")]
    Field {
        /// Which.
        field: &'static str,
        /// Which rule it breaks.
        reason: &'static str,
    },
}

impl Release {
    /// Reads a `release.json`.
    ///
    /// # Errors
    /// The text is not a release, is one of another format, or has a value that no build writes.
    pub fn from_json(text: &str) -> Result<Self, ReleaseError> {
        /// Read first, and with anything beside it: another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_str(text).map_err(ReleaseError::Form)?;
        if format != FORMAT {
            return Err(ReleaseError::Format { found: format });
        }
        let release: Self = serde_json::from_str(text).map_err(ReleaseError::Form)?;
        release.check()?;
        Ok(release)
    }

    /// The text of `release.json`: indented, with a line break at its end.
    ///
    /// # Errors
    /// A field has a value that [`Release::from_json`] would refuse.
    pub fn to_json(&self) -> Result<String, ReleaseError> {
        self.check()?;
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(ReleaseError::Form)
    }

    /// Where the executable of an application is in its bundle.
    #[must_use]
    pub fn executable_of(application: &str) -> String {
        format!("bin/{application}")
    }

    fn check(&self) -> Result<(), ReleaseError> {
        let refused = |field, reason| Err(ReleaseError::Field { field, reason });
        if self.format != FORMAT {
            return Err(ReleaseError::Format { found: self.format });
        }
        // The name becomes a folder's on every node.
        let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !self.application.starts_with(first)
            || !self.application.chars().all(|c| first(c) || c == '-')
            || self.application.len() > 64
        {
            return refused(
                "application",
                "a name has 1 to 64 letters, digits, `_` and `-`, and does not begin with `-`",
            );
        }
        if self.release == 0 {
            return refused("release", "the first is 1");
        }
        for (field, text) in [("cell", &self.cell), ("profile", &self.profile), ("target", &self.target)] {
            if !is_text(text) {
                return refused(field, "it is empty, longer than 256 bytes or has control characters");
            }
        }
        if self.features.len() > MAX_FEATURES || !self.features.iter().all(|feature| is_text(feature)) {
            return refused("features", "they are too many, or one is empty, too long or has control characters");
        }
        if !self.features.is_sorted_by(|previous, next| previous < next) {
            return refused("features", "each stands there once, in order");
        }
        if self.executable.path != Self::executable_of(&self.application) {
            return refused("executable.path", "it is `bin/` and the application's name");
        }
        Ok(())
    }
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::Release;
    use crate::bundle::tests::release;

    #[test]
    fn it_is_written_in_one_way_and_reads_back() {
        let release = release(b"the program", b"{}");
        let text = release.to_json().expect("text");
        expect![[r#"
            {
              "format": 1,
              "application": "catalog",
              "release": 3,
              "cell": "0.1.0",
              "profile": "release",
              "target": "x86_64-unknown-linux-gnu",
              "libc": {
                "gnu": "2.34"
              },
              "executable": {
                "path": "bin/catalog",
                "hash": "1d12578e081209abaa0fbc4373723083a2efaf63d76ef02e7082e99648b39a65"
              },
              "manifest": "6e46dd10defc9b56c29a6ec56b508c21f54c08192194e4df25bf36f0c9c3c279"
            }
        "#]]
        .assert_eq(&text);
        assert_eq!(Release::from_json(&text).expect("a release"), release);
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let refused = Release::from_json(r#"{"format": 2, "something": "else"}"#).expect_err("refused");
        expect!["the bundle has format 2, but this version reads format 1: use one version of Cell to pack and to run"]
            .assert_eq(&refused.to_string());
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused() {
        let text = release(b"", b"{}").to_json().expect("text").replacen('{', "{\"host\": \"here\",", 1);
        expect!["`release.json` is not of the form that was expected: unknown field `host`, expected one of `format`, `application`, `release`, `cell`, `profile`, `features`, `target`, `libc`, `executable`, `manifest` at line 1 column 7"]
            .assert_eq(&Release::from_json(&text).expect_err("refused").to_string());
    }

    #[test]
    fn a_value_that_would_leave_its_folder_is_refused() {
        let good = release(b"", b"{}");
        for name in ["", ".", "..", "a/b", "../a", "-a", "a b", "a\n", "é", &"a".repeat(65)] {
            let mut bad = good.clone();
            bad.application = name.to_owned();
            bad.executable.path = Release::executable_of(name);
            assert!(bad.to_json().is_err(), "{name:?}");
        }
        for change in [
            |bad: &mut Release| bad.executable.path = "bin/../catalog".to_owned(),
            |bad: &mut Release| bad.release = 0,
            |bad: &mut Release| bad.profile = String::new(),
            |bad: &mut Release| bad.target = "a\nb".to_owned(),
            |bad: &mut Release| bad.cell = "x".repeat(257),
            |bad: &mut Release| bad.features = vec!["b".to_owned(), "a".to_owned()],
            |bad: &mut Release| bad.features = vec!["a".to_owned(), "a".to_owned()],
        ] {
            let mut bad = good.clone();
            change(&mut bad);
            assert!(bad.to_json().is_err(), "{bad:?}");
        }
    }
}
