//! What is wrong with a bundle, in words for those who made it or received it.

use std::io;
use std::path::{Path, PathBuf};

use super::{IndexError, ReleaseError};
use crate::digest::Digest;

/// Why a bundle cannot be packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file or folder cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk has no room for it.
    #[error("no room is left on the disk for `{path}`: free some and try again")]
    Full {
        /// What was to be written.
        path: PathBuf,
    },
    /// `release.json` is refused.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// It cannot be cut into an index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A name is not one that a bundle may hold.
    #[error("`{name}` has no place in a bundle: {reason}")]
    Name {
        /// The name, as far as it is text.
        name: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// Something that is no regular file.
    #[error("`{name}` is a {kind}: a bundle holds regular files only")]
    Kind {
        /// Its name, as far as it is text.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// It is too large, or there is too much.
    #[error("the bundle holds too much: {what}, but {limit} is the most")]
    TooLarge {
        /// What there is too much of.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// The bytes are not those of an archive that this version packs.
    #[error("the bundle is damaged at byte {at}: {reason}")]
    Form {
        /// Where, in bytes from the beginning.
        at: u64,
        /// What is wrong.
        reason: String,
    },
    /// A file that each bundle holds is not there.
    #[error("the bundle has no `{name}`")]
    Absent {
        /// Which.
        name: String,
    },
    /// Bytes are not those that a hash promised.
    #[error("`{name}` has the hash {}, but {} was promised: it was changed or cut, send it again", .found.short(), .expected.short())]
    Changed {
        /// What was hashed.
        name: String,
        /// The promised hash.
        expected: Digest,
        /// The hash of what is there.
        found: Digest,
    },
    /// A length is not the one that was promised.
    #[error("`{name}` has {found} bytes, but {expected} were promised: it was changed or cut, send it again")]
    Length {
        /// What was measured.
        name: String,
        /// The promised length.
        expected: u64,
        /// The length of what is there.
        found: u64,
    },
    /// The place is taken.
    #[error("`{path}` exists already")]
    Exists {
        /// Where the release was to be.
        path: PathBuf,
    },
}

impl BundleError {
    /// An error of the file system at a path.
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path: path.to_owned() },
            _ => Self::Io { path: path.to_owned(), source },
        }
    }

    pub(super) fn form(at: u64, reason: impl Into<String>) -> Self {
        Self::Form { at, reason: reason.into() }
    }
}
