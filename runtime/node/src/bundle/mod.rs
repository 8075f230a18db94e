//! A bundle: one file that holds a release of an application, the same for every environment.
//! In: an executable, the files of `cell/` and a [`Release`]. Out: an uncompressed tar with the same bytes on every machine,
//! its [`Index`] of chunks, and, on a node, a folder. Absent: the network, and where a node keeps things.

mod archive;
mod error;
mod index;
mod pack;
mod release;
#[cfg(test)]
mod tests;
mod unpack;

use std::io;
use std::path::Path;

pub use error::BundleError;
pub use index::{Chunk, Index, IndexError, MAX_BUNDLE, MAX_CHUNK, MAX_CHUNKS, index, read_chunk};
pub use pack::pack;
pub use release::{Executable, FORMAT, MANIFEST, Release, ReleaseError};
pub use unpack::unpack;

/// Removes what unpackings that were killed left in a folder of releases, and says how many there were.
///
/// # Errors
/// The folder cannot be read, or something in it cannot be removed.
pub fn sweep(folder: &Path) -> io::Result<usize> {
    crate::durable::sweep(folder)
}
