//! The files that processes write their logs to. In: a path. Out: files to append to, put aside when they grow; last lines.
//! Absent: reading what a process says. It writes by itself, so its log goes on while its supervisor is away.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The most bytes that are read for the last lines.
const TAIL: u64 = 64 * 1024;

/// Which file lies at a path: its device and number.
pub(super) type Identity = (u64, u64);

/// Opens a log to append to, and makes it and its folder where they are missing.
pub(super) fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Which file it is.
pub(super) fn identity(file: &File) -> io::Result<Identity> {
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Puts a log of `bytes` or more aside: `x.log` becomes `x.1.log`, that `x.2.log`, and the last of `files` is removed.
/// Out: the file that is now at the path, where it is not `handed`.
pub(super) fn tend(path: &Path, bytes: u64, files: usize, handed: Option<Identity>) -> io::Result<Option<File>> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() >= bytes) {
        for number in (1..files.max(2)).rev() {
            let earlier = if number == 1 { path.to_owned() } else { aside(path, number - 1) };
            match fs::rename(earlier, aside(path, number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    let file = open(path)?;
    Ok((Some(identity(&file)?) != handed).then_some(file))
}

/// `x.log`, 2 → `x.2.log`.
fn aside(path: &Path, number: usize) -> PathBuf {
    path.with_extension(match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => format!("{number}.{extension}"),
        None => number.to_string(),
    })
}

/// The last `count` lines of a log, from its last 64 KiB at most.
///
/// # Errors
/// It cannot be read.
pub fn last_lines(path: &Path, count: usize) -> io::Result<Vec<String>> {
    last_lines_since(path, 0, count)
}

/// As [`last_lines`], of what was written behind the first `since` bytes.
pub(super) fn last_lines_since(path: &Path, since: u64, count: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    // A shorter file is a new one.
    let since = if since > length { 0 } else { since };
    let begin = length.saturating_sub(TAIL).max(since);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<&str> = text.lines().collect();
    // The first may be half a line.
    if begin > since && lines.len() > 1 {
        lines.remove(0);
    }
    let skipped = lines.len().saturating_sub(count);
    Ok(lines.into_iter().skip(skipped).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{self, Write as _};
    use std::os::unix::fs::PermissionsExt as _;

    use super::{identity, last_lines, last_lines_since, open, tend};

    #[test]
    fn a_log_that_grew_is_put_aside_and_the_oldest_removed() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("logs/shop.log");
        let mut handed = None;
        for text in ["one", "two", "three", "four"] {
            let mut file = tend(&path, 3, 3, handed)?.ok_or_else(|| io::Error::other("no new file"))?;
            file.write_all(text.as_bytes())?;
            handed = Some(identity(&file)?);
        }
        let read = |name: &str| fs::read_to_string(folder.path().join("logs").join(name));
        assert_eq!([read("shop.log")?, read("shop.1.log")?, read("shop.2.log")?], ["four", "three", "two"]);
        assert!(read("shop.3.log").is_err());
        assert!(tend(&path, 1000, 3, handed)?.is_none(), "it stays while it is small");
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        Ok(())
    }

    #[test]
    fn the_last_lines_are_whole_and_bounded() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.log");
        let mut file = open(&path)?;
        for number in 0..20_000 {
            writeln!(file, "line {number}")?;
        }
        assert_eq!(last_lines(&path, 2)?, ["line 19998", "line 19999"]);
        let all = last_lines(&path, usize::MAX)?;
        assert!(all.len() < 10_000 && all.iter().all(|line| line.starts_with("line ")), "{}", all.len());
        let length = file.metadata()?.len();
        file.write_all(b"\xff end")?;
        assert_eq!(last_lines_since(&path, length, 5)?, ["\u{fffd} end"]);
        Ok(())
    }
}
