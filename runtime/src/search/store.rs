//! An index on disk. In: a folder, a layout. Out: tantivy's index that is current there, and new ones beside it.
//!
//! A folder holds generations, each an index of its own, and a file that names the current one. A new generation is built where nobody
//! looks, and becomes the current one when that file is replaced, which happens at once or not at all. What an index was committed with
//! (how far it follows the feed) is in the commit itself. Who writes holds a lock on the folder; the system takes it from the dead.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tantivy::{Index, IndexReader, ReloadPolicy, TantivyError};

use super::aside::Aside;
use super::layout::Layout;
use super::tokenizer;

const CURRENT: &str = "current";
pub(super) const LOCK: &str = "lock";
const BUILDING: &str = "building";

/// Where the generations of an index are.
#[derive(Clone, Debug)]
pub(super) enum Store {
    Folder(PathBuf),
    /// It goes with the process, as its database does.
    Memory,
}

/// A generation that is open.
#[derive(Clone)]
pub(super) struct Generation {
    pub(super) index: Index,
    pub(super) reader: IndexReader,
    /// Its folder's name; in memory, a number all the same.
    pub(super) number: u64,
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payload {
    /// How far it follows the feed.
    pub(super) cursor: String,
    /// The mark of this step, as the database has it too.
    pub(super) mark: String,
    /// As whom the index follows the feed.
    pub(super) consumer: String,
    /// Rows that it can't take.
    #[serde(default, skip_serializing_if = "Aside::is_empty")]
    pub(super) aside: Aside,
}

/// The right to write. It ends with the process that has it, however that ends.
pub(super) struct Lease(#[expect(dead_code, reason = "held for its lock")] Option<File>);

impl Store {
    /// The right to write, where nobody else has it.
    pub(super) fn lease(&self) -> io::Result<Option<Lease>> {
        let Self::Folder(folder) = self else { return Ok(Some(Lease(None))) };
        fs::create_dir_all(folder)?;
        let file = File::options().create(true).append(true).open(folder.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lease(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Keeps in mind as whom a generation is being built, and the one before it was: whoever is not needed any more reads no more.
    pub(super) fn begins(&self, names: &[&str]) -> io::Result<()> {
        let Self::Folder(folder) = self else { return Ok(()) };
        write(folder, BUILDING, &names.join("\n"))
    }

    /// The names that [`Store::begins`] kept.
    pub(super) fn begun(&self) -> Vec<String> {
        let Self::Folder(folder) = self else { return Vec::new() };
        let names = fs::read_to_string(folder.join(BUILDING)).unwrap_or_default();
        names.lines().map(str::to_owned).collect()
    }

    /// The number of the current generation.
    pub(super) fn current(&self) -> Option<u64> {
        let Self::Folder(folder) = self else { return None };
        fs::read_to_string(folder.join(CURRENT)).ok()?.trim().parse().ok()
    }

    /// The current generation.
    pub(super) fn open(&self, layout: &Layout, language: Option<&str>) -> tantivy::Result<Option<Generation>> {
        let (Self::Folder(folder), Some(number)) = (self, self.current()) else { return Ok(None) };
        let index = Index::open_in_dir(folder.join(number.to_string()))?;
        if index.schema() != layout.schema {
            return Err(TantivyError::SchemaError("the index holds other fields".to_owned()));
        }
        opened(index, number, language).map(Some)
    }

    /// A new generation, empty, which is not the current one yet. What was left of one that was not finished goes.
    pub(super) fn create(&self, layout: &Layout, language: Option<&str>, after: u64) -> tantivy::Result<Generation> {
        let Self::Folder(folder) = self else {
            return opened(Index::create_in_ram(layout.schema.clone()), after + 1, language);
        };
        let current = self.current();
        let number = current.unwrap_or(0).max(after) + 1;
        self.clean(current);
        let place = folder.join(number.to_string());
        fs::create_dir_all(&place)?;
        opened(Index::create_in_dir(place, layout.schema.clone())?, number, language)
    }

    /// Makes a generation the current one.
    pub(super) fn publish(&self, number: u64) -> io::Result<()> {
        let Self::Folder(folder) = self else { return Ok(()) };
        write(folder, CURRENT, &number.to_string())
    }

    /// Removes all generations but one. One that is open elsewhere stays readable there.
    pub(super) fn clean(&self, but: Option<u64>) {
        let Self::Folder(folder) = self else { return };
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let number = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            if number.is_some() && number != but {
                // What cannot be removed now is removed the next time.
                drop(fs::remove_dir_all(entry.path()));
            }
        }
    }
}

/// Writes a file at once or not at all.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let next = folder.join(format!("{name}.next"));
    let mut file = File::create(&next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, folder.join(name))?;
    sync(folder)
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

fn opened(mut index: Index, number: u64, language: Option<&str>) -> tantivy::Result<Generation> {
    index.set_tokenizers(tokenizer::of_texts(language));
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok(Generation { index, reader, number })
}

impl Generation {
    /// What its last commit says of itself.
    pub(super) fn payload(&self) -> tantivy::Result<Option<Payload>> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
