//! The chunks of bundles that a node has, each under its hash.
//! In: chunks from the network. Out: which are missing, and whole bundles. Absent: trust in the disk. A chunk is hashed again
//! when it is used, and one that is damaged is forgotten, so that it is sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::bundle::{Chunk, Index, MAX_CHUNK};
use crate::digest::Digest;
use crate::durable::{self, Draft};

/// A folder of chunks. One process works in it at a time, with as many threads as it likes.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// Why chunks cannot be stored or put together.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
    /// The bytes are not those of the hash.
    #[error("chunk {} arrived with the hash {}: it was changed on its way", .expected.short(), .found.short())]
    Changed {
        /// The hash it was sent under.
        expected: Digest,
        /// The hash of what arrived.
        found: Digest,
    },
    /// The chunk is larger than any that is cut.
    #[error("a chunk has {length} bytes, but {MAX_CHUNK} are the most")]
    TooLarge {
        /// Its length.
        length: usize,
    },
    /// Chunks are not here. Those that were damaged are among them.
    #[error("{} chunks of the bundle are missing", .0.len())]
    Missing(Vec<Digest>),
    /// All chunks are right, and yet the whole is not what was promised.
    #[error("the chunks make a bundle with the hash {}, but {} was promised: its index is wrong", .found.short(), .expected.short())]
    Whole {
        /// The hash in the index.
        expected: Digest,
        /// The hash of the chunks in order.
        found: Digest,
    },
}

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many chunks.
    pub chunks: usize,
    /// Their bytes.
    pub bytes: u64,
    /// How many files that were never finished.
    pub drafts: usize,
}

impl Store {
    /// Opens the store in `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The chunks of a bundle that are not here, each once, in the order they are needed.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn missing(&self, index: &Index) -> Result<Vec<Digest>, StoreError> {
        let mut seen = BTreeSet::new();
        let mut missing = Vec::new();
        for chunk in index.chunks().iter().filter(|chunk| seen.insert(chunk.hash)) {
            let path = self.path(&chunk.hash);
            match fs::metadata(&path) {
                // One of another length is damaged: `put` replaces it.
                Ok(metadata) if metadata.is_file() && metadata.len() == u64::from(chunk.length) => {}
                Ok(_) => missing.push(chunk.hash),
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(chunk.hash),
                Err(error) => return Err(failed(&path)(error)),
            }
        }
        Ok(missing)
    }

    /// Stores a chunk. It is here as a whole or not at all; storing it again changes nothing.
    ///
    /// # Errors
    /// The bytes do not have the hash, or cannot be written.
    pub fn put(&self, hash: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.len() > MAX_CHUNK as usize {
            return Err(StoreError::TooLarge { length: bytes.len() });
        }
        let found = Digest::of(bytes);
        if found != *hash {
            return Err(StoreError::Changed { expected: *hash, found });
        }
        let path = self.path(hash);
        let failed = failed(&path);
        let folder = durable::folder_of(&path);
        if !folder.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(&failed)?;
        }
        let (draft, mut file) = Draft::file(&path, 0o600).map_err(&failed)?;
        file.write_all(bytes).map_err(&failed)?;
        // Not forced to the disk: that would cost more than sending it again after a loss of power, which `assemble` notices.
        draft.rename(&path).map_err(&failed)
    }

    /// Puts a bundle together in the file `out`, which appears when it is whole and verified.
    ///
    /// # Errors
    /// Chunks are missing or damaged ([`StoreError::Missing`], and the damaged are removed); the whole is not the bundle that the
    /// index promises; a file cannot be written.
    pub fn assemble(&self, index: &Index, out: &Path) -> Result<(), StoreError> {
        let missing = self.missing(index)?;
        if !missing.is_empty() {
            return Err(StoreError::Missing(missing));
        }
        let failed = failed(out);
        let (draft, file) = Draft::file(out, 0o600).map_err(&failed)?;
        let mut writer = BufWriter::new(file);
        let mut hasher = blake3::Hasher::new();
        let mut damaged = BTreeSet::new();
        for chunk in index.chunks() {
            match self.get(chunk)? {
                Some(bytes) => {
                    hasher.update(&bytes);
                    writer.write_all(&bytes).map_err(&failed)?;
                }
                None => _ = damaged.insert(chunk.hash),
            }
        }
        if !damaged.is_empty() {
            return Err(StoreError::Missing(damaged.into_iter().collect()));
        }
        let found = Digest::of_hasher(&hasher);
        if found != *index.hash() {
            return Err(StoreError::Whole { expected: *index.hash(), found });
        }
        let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(&failed)?;
        draft.publish(out).map_err(&failed)
    }

    /// Removes all chunks but those of the bundles to keep, and files that were never finished. A bundle that is arriving is to be
    /// among those that are kept.
    ///
    /// # Errors
    /// A file or folder cannot be read or removed.
    pub fn collect(&self, keep: &[Index]) -> Result<Collected, StoreError> {
        let keep: BTreeSet<String> = keep.iter().flat_map(Index::chunks).map(|chunk| chunk.hash.to_string()).collect();
        let mut collected = Collected::default();
        for folder in entries(&self.folder)?.into_values().filter(|path| path.is_dir()) {
            collected.drafts += durable::sweep(&folder).map_err(failed(&folder))?;
            for (name, path) in entries(&folder)? {
                // What is no chunk was put there by somebody else, or is being written.
                if keep.contains(&name) || name.parse::<Digest>().is_err() {
                    continue;
                }
                let bytes = fs::metadata(&path).map_err(failed(&path))?.len();
                remove(&path)?;
                collected.chunks += 1;
                collected.bytes += bytes;
            }
        }
        Ok(collected)
    }

    /// A chunk's bytes, or nothing where they are gone or damaged, and then the file is gone too.
    fn get(&self, chunk: &Chunk) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(&chunk.hash);
        let mut bytes = Vec::with_capacity(chunk.length as usize);
        let read = File::open(&path).and_then(|file| file.take(u64::from(chunk.length) + 1).read_to_end(&mut bytes));
        match read {
            Ok(length) if length == chunk.length as usize && Digest::of(&bytes) == chunk.hash => Ok(Some(bytes)),
            Ok(_) => {
                remove(&path)?;
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path)(error)),
        }
    }

    /// `ab/ab12…`: a folder for each first byte keeps folders small.
    fn path(&self, hash: &Digest) -> PathBuf {
        let name = hash.to_string();
        self.folder.join(name.get(..2).unwrap_or_default()).join(name)
    }
}

/// The bytes that are free for this process on the disk of a folder.
///
/// # Errors
/// The folder is not there, or its file system does not say.
pub fn free(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn entries(folder: &Path) -> Result<BTreeMap<String, PathBuf>, StoreError> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        if let Ok(name) = entry.file_name().into_string() {
            found.insert(name, entry.path());
        }
    }
    Ok(found)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path)(error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { path: path.to_owned() },
        _ => StoreError::Io { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, OpenOptions};
    use std::io::Write;
    use std::path::PathBuf;

    use super::{Collected, Store, StoreError, failed, free};
    use crate::bundle::{Chunk, Index, MAX_CHUNK, index, read_chunk};
    use crate::digest::Digest;

    struct Place {
        folder: tempfile::TempDir,
        store: Store,
        bundle: PathBuf,
        index: Index,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("chunks")).expect("a store");
        let bundle = folder.path().join("bundle");
        let mut bytes = vec![0; 700_000];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        // The same chunk may occur twice: so many zeros are cut at the largest length.
        bytes.resize(1_500_000, 0);
        fs::write(&bundle, bytes).expect("written");
        let index = index(&bundle).expect("an index");
        Place { folder, store, bundle, index }
    }

    impl Place {
        fn put(&self, wanted: &[Digest]) {
            let archive = File::open(&self.bundle).expect("a bundle");
            for (place, chunk) in self.index.places().filter(|(_, chunk)| wanted.contains(&chunk.hash)) {
                self.store.put(&chunk.hash, &read_chunk(&archive, place, chunk).expect("a chunk")).expect("stored");
            }
        }

        fn missing(&self) -> Vec<Digest> {
            self.store.missing(&self.index).expect("a store")
        }
    }

    #[test]
    fn what_is_missing_is_sent_and_makes_the_same_bundle() {
        let place = place();
        let missing = place.missing();
        assert!(missing.len() > 5 && missing.len() < place.index.chunks().len(), "one chunk occurs twice");
        let out = place.folder.path().join("out");
        let (first, rest) = missing.split_at(3);
        place.put(first);
        assert_eq!(place.missing(), rest);
        assert!(
            matches!(place.store.assemble(&place.index, &out), Err(StoreError::Missing(missing)) if missing == rest)
        );
        assert!(!out.exists());
        place.put(rest);
        place.put(rest);
        assert_eq!(place.missing(), []);
        place.store.assemble(&place.index, &out).expect("assembled");
        assert_eq!(fs::read(out).expect("a file"), fs::read(&place.bundle).expect("a file"));
    }

    #[test]
    fn a_damaged_chunk_is_forgotten_and_can_be_sent_again() {
        let place = place();
        place.put(&place.missing());
        let out = place.folder.path().join("out");
        let hash = place.index.chunks()[1].hash;
        let path = place.store.path(&hash);
        let mut bytes = fs::read(&path).expect("a chunk");
        bytes[7] ^= 1;
        fs::write(&path, &bytes).expect("written");
        assert_eq!(place.missing(), []);
        assert!(
            matches!(place.store.assemble(&place.index, &out), Err(StoreError::Missing(missing)) if missing == [hash])
        );
        assert!(!path.exists() && !out.exists());
        assert_eq!(place.missing(), [hash]);
        // As after a loss of power: the name is there, the bytes are not.
        fs::write(&path, b"").expect("written");
        assert_eq!(place.missing(), [hash]);
        place.put(&[hash]);
        place.store.assemble(&place.index, &out).expect("assembled");
    }

    #[test]
    fn bytes_that_are_not_the_hash_are_refused() {
        let place = place();
        let hash = Digest::of(b"good");
        assert!(matches!(place.store.put(&hash, b"bad"), Err(StoreError::Changed { .. })));
        let large = vec![0; MAX_CHUNK as usize + 1];
        assert!(matches!(place.store.put(&Digest::of(&large), &large), Err(StoreError::TooLarge { .. })));
        assert_eq!(fs::read_dir(place.folder.path().join("chunks")).expect("a folder").count(), 0);
    }

    #[test]
    fn an_index_that_lies_about_the_whole_is_found_out() {
        let place = place();
        let chunk = Chunk { hash: Digest::of(b"good"), length: 4 };
        place.store.put(&chunk.hash, b"good").expect("stored");
        let index = Index::new(Digest::of(b"other"), 8, vec![chunk, chunk]).expect("an index");
        let out = place.folder.path().join("out");
        assert!(matches!(place.store.assemble(&index, &out), Err(StoreError::Whole { .. })));
        let index = Index::new(Digest::of(b"goodgood"), 8, vec![chunk, chunk]).expect("an index");
        place.store.assemble(&index, &out).expect("assembled");
        assert_eq!(fs::read(out).expect("a file"), b"goodgood");
    }

    #[test]
    fn collection_keeps_what_is_needed_and_removes_the_rest() {
        let place = place();
        place.put(&place.missing());
        place.store.put(&Digest::of(b"unused"), b"unused").expect("stored");
        let folder = place.store.path(&place.index.chunks()[0].hash).with_file_name("");
        fs::write(folder.join(".x.0000000000000000-1.draft"), b"half").expect("written");
        fs::write(folder.join("notes"), b"mine").expect("written");
        let keep = std::slice::from_ref(&place.index);
        let collected = place.store.collect(keep).expect("collected");
        assert_eq!(collected, Collected { chunks: 1, bytes: 6, drafts: 1 });
        assert_eq!(place.missing(), []);
        assert_eq!(place.store.collect(keep).expect("collected"), Collected::default());
        assert!(place.store.collect(&[]).expect("collected").chunks > 5);
        assert!(folder.join("notes").exists());
    }

    #[test]
    fn the_same_chunk_may_be_stored_by_many_at_once() {
        let place = place();
        let hash = Digest::of(b"good");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..20).for_each(|_| place.store.put(&hash, b"good").expect("stored")));
            }
        });
        assert_eq!(fs::read(place.store.path(&hash)).expect("a chunk"), b"good");
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        // A device whose disk is always full.
        let mut full = OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let error = full.write_all(b"x").expect_err("full");
        assert!(matches!(failed("/dev/full".as_ref())(error), StoreError::Full { .. }));
        let folder = tempfile::tempdir().expect("a folder");
        assert!(free(folder.path()).expect("a disk") > 0);
        assert!(free(&folder.path().join("none")).is_err());
    }
}
