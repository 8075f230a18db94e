//! Files and folders that are there as a whole or not at all, also when the machine loses its power.
//! In: a place and bytes. Out: a draft beside the place, published by a rename. Absent: what the bytes mean.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

const SUFFIX: &str = ".draft";

/// A file or folder that is not published yet. It is removed when dropped.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    published: bool,
}

impl Draft {
    /// A new, empty file beside `target`, with exactly this mode.
    pub(crate) fn file(target: &Path, mode: u32) -> io::Result<(Self, File)> {
        Self::made(target, |path| {
            let file = OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)?;
            // The mode of `open` is narrowed by the umask; a release is to have the same modes everywhere.
            rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(mode))?;
            Ok(file)
        })
    }

    /// A new, empty folder beside `target`.
    pub(crate) fn folder(target: &Path) -> io::Result<Self> {
        Self::made(target, |path| DirBuilder::new().mode(0o755).create(path)).map(|(draft, ())| draft)
    }

    fn made<T>(target: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(Self, T)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        // The whole name stays below the 255 bytes of file systems.
        let name: String = name.chars().take(40).collect();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder_of(target).join(format!(".{name}.{}-{number}{SUFFIX}", process()));
        let made = make(&path)?;
        Ok((Self { path, published: false }, made))
    }

    /// Where it is for now.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, in place of what has that name. What it holds must be on the disk already.
    pub(crate) fn publish(self, target: &Path) -> io::Result<()> {
        self.rename(target)?;
        sync_folder(folder_of(target))
    }

    /// As [`Draft::publish`], but the name may be lost with the machine's power.
    pub(crate) fn rename(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.published = true;
        Ok(())
    }

    /// As [`Draft::publish`] for a file, but fails with `AlreadyExists` where something has that name.
    pub(crate) fn publish_new(self, target: &Path) -> io::Result<()> {
        // A rename would replace; a second link does not. The draft's own name goes when it is dropped.
        fs::hard_link(&self.path, target)?;
        drop(self);
        sync_folder(folder_of(target))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed now is removed by `sweep`.
            let _ = if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
        }
    }
}

/// Writes a file as a whole.
pub(crate) fn write(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let (draft, mut file) = Draft::file(path, mode)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    draft.publish(path)
}

/// Writes a file as a whole, unless there is one.
pub(crate) fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let (draft, mut file) = Draft::file(path, mode)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    draft.publish_new(path)
}

/// Makes the names in a folder last.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes the drafts that processes before this one left in a folder, and says how many there were.
pub(crate) fn sweep(folder: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with('.') || !name.ends_with(SUFFIX) || name.contains(&format!(".{}-", process())) {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(path)?
        } else {
            fs::remove_file(path)?
        }
        removed += 1;
    }
    Ok(removed)
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What tells this process's drafts from those of a dead one. Not its id: in a container every daemon has the same.
fn process() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| format!("{:016x}", RandomState::new().build_hasher().finish()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;

    use super::{Draft, sweep, write, write_new};

    #[test]
    fn a_file_is_replaced_as_a_whole_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        write(&path, 0o600, b"first").expect("written");
        write(&path, 0o600, b"second").expect("written");
        assert_eq!(fs::read(&path).expect("a file"), b"second");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_new_file_replaces_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        write_new(&path, 0o600, b"first").expect("written");
        assert_eq!(write_new(&path, 0o600, b"second").expect_err("refused").kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("a file"), b"first");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn only_drafts_of_others_are_swept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (own, _file) = Draft::file(&folder.path().join("own"), 0o600).expect("a draft");
        fs::write(folder.path().join(".a.0000000000000000-1.draft"), "").expect("written");
        fs::create_dir(folder.path().join(".b.0000000000000000-2.draft")).expect("made");
        fs::write(folder.path().join("kept.draft"), "").expect("written");
        assert_eq!(sweep(folder.path()).expect("swept"), 2);
        assert!(own.path().exists());
        drop(own);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
