//! What earlier runs found out, kept in cargo's target folder. Losing it costs time only, so nothing about it is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most results that are kept.
const MOST: usize = 200;

/// Results by what they depend on.
pub(crate) struct Cache<T> {
    file: Option<PathBuf>,
    kept: BTreeMap<String, T>,
    changed: bool,
}

impl<T: Serialize + DeserializeOwned> Cache<T> {
    /// Reads a file below the target folder.
    pub(crate) fn read(target: Option<&Path>, file: &str) -> Self {
        let file = target.map(|target| target.join(file));
        let read = |file: &Path| serde_json::from_slice(&std::fs::read(file).ok()?).ok();
        let kept = file.as_deref().and_then(read).unwrap_or_default();
        Self { file, kept, changed: false }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.kept.get(key)
    }

    pub(crate) fn keep(&mut self, key: String, kept: T) {
        if self.kept.len() >= MOST {
            self.kept.clear();
        }
        self.kept.insert(key, kept);
        self.changed = true;
    }

    pub(crate) fn write(&self) {
        let (Some(file), true) = (&self.file, self.changed) else { return };
        let Some(folder) = file.parent() else { return };
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            // Renamed into place: another build may be reading.
            let mut next = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut next, &self.kept)?;
            next.persist(file)?;
            Ok(())
        };
        let _ = write();
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn a_kept_result_is_found_again_and_a_broken_file_is_none() -> std::io::Result<()> {
        let target = tempfile::tempdir()?;
        let read = || Cache::<u64>::read(Some(target.path()), "cell/kept.json");
        let mut cache = read();
        cache.keep("a".to_owned(), 7);
        cache.write();
        assert_eq!(read().get("a"), Some(&7));
        std::fs::write(target.path().join("cell/kept.json"), "{")?;
        assert_eq!(read().get("a"), None);
        Ok(())
    }
}
