//! The index of a bundle: its hash and the chunks it is cut into.
//! In: an archive, or JSON. Out: hashes and lengths that add up. Absent: the chunks' bytes, which `store` keeps.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use fastcdc::v2020::StreamCDC;
use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::digest::Digest;

/// The largest bundle, in bytes: 4 GiB.
pub const MAX_BUNDLE: u64 = 4 << 30;

/// The largest chunk that is accepted, in bytes: 1 MiB.
pub const MAX_CHUNK: u32 = 1 << 20;

/// The most chunks: as many as the largest bundle cut into the smallest pieces.
pub const MAX_CHUNKS: usize = (MAX_BUNDLE / SMALLEST as u64) as usize + 1;

// Content decides where to cut, so a change in one place leaves the chunks elsewhere as they were.
const SMALLEST: usize = 16 << 10;
const AVERAGE: usize = 64 << 10;
const LARGEST: usize = 256 << 10;

/// What a bundle is made of. Its parts agree: the lengths add up and keep the limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Index {
    hash: Digest,
    length: u64,
    chunks: Vec<Chunk>,
}

/// A piece of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// The hash of its bytes.
    pub hash: Digest,
    /// Its length in bytes.
    pub length: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    hash: Digest,
    length: u64,
    chunks: Vec<Chunk>,
}

impl TryFrom<Raw> for Index {
    type Error = IndexError;

    fn try_from(raw: Raw) -> Result<Self, IndexError> {
        Self::new(raw.hash, raw.length, raw.chunks)
    }
}

/// Why an index is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The bundle is too large.
    #[error("the bundle has {length} bytes, but {MAX_BUNDLE} are the most")]
    Length {
        /// Its length.
        length: u64,
    },
    /// A chunk has no bytes or too many.
    #[error("a chunk of the bundle has {length} bytes, but 1 to {MAX_CHUNK} are allowed")]
    Chunk {
        /// Its length.
        length: u32,
    },
    /// There are too many chunks.
    #[error("the bundle has {count} chunks, but {MAX_CHUNKS} are the most")]
    Count {
        /// How many.
        count: usize,
    },
    /// The chunks are more or less than the bundle.
    #[error("the chunks of the bundle have {chunks} bytes together, but the bundle has {length}")]
    Sum {
        /// The sum of their lengths.
        chunks: u64,
        /// The bundle's length.
        length: u64,
    },
}

impl Index {
    /// An index of these chunks, in order.
    ///
    /// # Errors
    /// A limit is passed, or the lengths do not add up.
    pub fn new(hash: Digest, length: u64, chunks: Vec<Chunk>) -> Result<Self, IndexError> {
        if length > MAX_BUNDLE {
            return Err(IndexError::Length { length });
        }
        if chunks.len() > MAX_CHUNKS {
            return Err(IndexError::Count { count: chunks.len() });
        }
        if let Some(chunk) = chunks.iter().find(|chunk| chunk.length == 0 || chunk.length > MAX_CHUNK) {
            return Err(IndexError::Chunk { length: chunk.length });
        }
        let sum = chunks.iter().map(|chunk| u64::from(chunk.length)).sum();
        if sum != length {
            return Err(IndexError::Sum { chunks: sum, length });
        }
        Ok(Self { hash, length, chunks })
    }

    /// The hash of the whole bundle, which is its address.
    #[must_use]
    pub const fn hash(&self) -> &Digest {
        &self.hash
    }

    /// The length of the whole bundle in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Its chunks, in order. One that occurs twice is listed twice.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Its chunks, each with the place of its first byte.
    pub fn places(&self) -> impl Iterator<Item = (u64, &Chunk)> {
        self.chunks.iter().scan(0, |next, chunk| {
            let place = *next;
            *next += u64::from(chunk.length);
            Some((place, chunk))
        })
    }
}

/// Cuts an archive into chunks. It is read once, a piece at a time.
///
/// # Errors
/// It cannot be read, or is larger than [`MAX_BUNDLE`].
pub fn index(archive: &Path) -> Result<Index, BundleError> {
    let failed = BundleError::io(archive);
    let file = File::open(archive).map_err(&failed)?;
    // One byte more than is allowed tells one that is too large from one that just fits.
    let mut whole = Hashing { reader: file.take(MAX_BUNDLE + 1), hasher: blake3::Hasher::new() };
    let mut chunks = Vec::new();
    let mut length = 0;
    for chunk in StreamCDC::new(&mut whole, SMALLEST, AVERAGE, LARGEST) {
        let chunk = chunk.map_err(|error| failed(error.into()))?;
        length += chunk.data.len() as u64;
        // A cut is never longer than `LARGEST`; `Index::new` refuses what would not fit.
        let chunk_length = u32::try_from(chunk.data.len()).unwrap_or(u32::MAX);
        chunks.push(Chunk { hash: Digest::of(&chunk.data), length: chunk_length });
    }
    Ok(Index::new(Digest::of_hasher(&whole.hasher), length, chunks)?)
}

/// Reads one chunk of an archive from its place.
///
/// # Errors
/// It cannot be read, or is not what the index says.
pub fn read_chunk(archive: &File, place: u64, chunk: &Chunk) -> Result<Vec<u8>, BundleError> {
    let name = || format!("chunk {}", chunk.hash.short());
    if chunk.length > MAX_CHUNK {
        return Err(IndexError::Chunk { length: chunk.length }.into());
    }
    let mut bytes = vec![0; chunk.length as usize];
    archive.read_exact_at(&mut bytes, place).map_err(|source| BundleError::Io { path: name().into(), source })?;
    let found = Digest::of(&bytes);
    if found != chunk.hash {
        return Err(BundleError::Changed { name: name(), expected: chunk.hash, found });
    }
    Ok(bytes)
}

/// Hashes what is read through it.
pub(super) struct Hashing<R> {
    pub(super) reader: R,
    pub(super) hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.hasher.update(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use proptest::prelude::*;

    use super::{Chunk, Index, IndexError, LARGEST, MAX_BUNDLE, MAX_CHUNK, SMALLEST, index, read_chunk};
    use crate::digest::Digest;

    fn noise(length: usize, seed: u64) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn chunks_are_the_whole(length in 0_usize..2_000_000, seed: u64) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("bundle");
            let bytes = noise(length, seed);
            fs::write(&path, &bytes).expect("written");
            let index = index(&path).expect("an index");
            let archive = File::open(&path).expect("a file");
            let mut whole = Vec::new();
            for (place, chunk) in index.places() {
                prop_assert_eq!(place, whole.len() as u64);
                prop_assert!(chunk.length as usize <= LARGEST);
                whole.extend(read_chunk(&archive, place, chunk).expect("a chunk"));
            }
            prop_assert!(index.chunks().iter().rev().skip(1).all(|chunk| chunk.length as usize >= SMALLEST));
            prop_assert_eq!(&whole, &bytes);
            prop_assert_eq!(*index.hash(), Digest::of(&bytes));
            let json = serde_json::to_string(&index).expect("text");
            prop_assert_eq!(serde_json::from_str::<Index>(&json).expect("an index"), index);
        }
    }

    #[test]
    fn a_change_in_the_middle_leaves_most_chunks_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bundle");
        let mut bytes = noise(4 << 20, 1);
        fs::write(&path, &bytes).expect("written");
        let previous = index(&path).expect("an index");
        bytes.splice(2_000_000..2_000_000, *b"inserted");
        fs::write(&path, &bytes).expect("written");
        let next = index(&path).expect("an index");
        let new = next.chunks().iter().filter(|chunk| !previous.chunks().contains(chunk)).count();
        assert!((1..=3).contains(&new), "{new} of {} chunks are new", next.chunks().len());
    }

    #[test]
    fn an_index_that_does_not_add_up_is_refused() {
        let hash = Digest::of(b"");
        let chunk = |length| Chunk { hash, length };
        let refused = |length, chunks| Index::new(hash, length, chunks).expect_err("refused");
        assert_eq!(refused(5, vec![chunk(4)]), IndexError::Sum { chunks: 4, length: 5 });
        assert_eq!(refused(0, vec![chunk(0)]), IndexError::Chunk { length: 0 });
        assert_eq!(refused(0, vec![chunk(MAX_CHUNK + 1)]), IndexError::Chunk { length: MAX_CHUNK + 1 });
        assert_eq!(refused(MAX_BUNDLE + 1, vec![]), IndexError::Length { length: MAX_BUNDLE + 1 });
        assert_eq!(
            refused(0, vec![chunk(1); super::MAX_CHUNKS + 1]),
            IndexError::Count { count: super::MAX_CHUNKS + 1 }
        );
        let json = format!(r#"{{"hash":"{hash}","length":7,"chunks":[]}}"#);
        assert!(serde_json::from_str::<Index>(&json).is_err());
    }

    #[test]
    fn a_changed_byte_of_a_chunk_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bundle");
        let mut bytes = noise(300_000, 2);
        fs::write(&path, &bytes).expect("written");
        let index = index(&path).expect("an index");
        bytes[0] ^= 1;
        fs::write(&path, &bytes).expect("written");
        let (place, chunk) = index.places().next().expect("a chunk");
        assert!(read_chunk(&File::open(&path).expect("a file"), place, chunk).is_err());
    }
}
