//! The C library that a machine has or an executable needs. In and out: JSON and text. Absent: finding it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A C library: in JSON `{"gnu": "2.34"}`, `"musl"` or `"static"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Libc {
    /// glibc of this version, or a newer one.
    Gnu(Glibc),
    /// musl, loaded when the program starts.
    Musl,
    /// None: all that is needed is in the executable.
    Static,
}

/// A version of glibc. A newer one runs what an older one runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    /// 2 for all that are in use.
    pub major: u32,
    /// 34 of 2.34.
    pub minor: u32,
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gnu(version) => write!(f, "glibc {version}"),
            Self::Musl => f.write_str("musl"),
            Self::Static => f.write_str("no C library"),
        }
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is no version of glibc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version of glibc is written as `2.34`")]
pub struct GlibcError;

impl FromStr for Glibc {
    type Err = GlibcError;

    fn from_str(text: &str) -> Result<Self, GlibcError> {
        let number = |text: &str| {
            let written = text.parse::<u32>().map_err(|_| GlibcError)?;
            // One version has one text: neither `+2` nor `02`.
            if written.to_string() == text { Ok(written) } else { Err(GlibcError) }
        };
        let (major, minor) = text.split_once('.').ok_or(GlibcError)?;
        Ok(Self { major: number(major)?, minor: number(minor)? })
    }
}

impl Serialize for Glibc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Glibc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Glibc, Libc};

    proptest! {
        #[test]
        fn a_version_reads_back(major: u32, minor: u32) {
            let version = Glibc { major, minor };
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "2", "2.", ".34", "2.34.1", "2.x", "+2.34", "02.34", "2. 34"] {
            assert!(text.parse::<Glibc>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn it_has_three_forms_in_json() {
        for (libc, json) in [
            (Libc::Gnu(Glibc { major: 2, minor: 34 }), r#"{"gnu":"2.34"}"#),
            (Libc::Musl, r#""musl""#),
            (Libc::Static, r#""static""#),
        ] {
            assert_eq!(serde_json::to_string(&libc).expect("text"), json);
            assert_eq!(serde_json::from_str::<Libc>(json).expect("a library"), libc);
        }
    }

    #[test]
    fn a_newer_one_is_greater() {
        let version = |text: &str| text.parse::<Glibc>().expect("a version");
        assert!(version("2.9") < version("2.34"));
        assert!(version("2.34") < version("3.0"));
    }
}
