//! The form of the archive: which names it may hold and how a header is written.
//! In: the bytes of a tar. Out: its members, in order, or what is wrong. Absent: every freedom of tar. There is one header for
//! a name and a length, and a header with any other byte is refused: links, devices, extensions and sparse files cannot occur.

use std::io::{Read, Seek, SeekFrom};

use tar::{EntryType, Header};

use super::{BundleError, MAX_BUNDLE};

/// The name of the release's description.
pub(super) const RELEASE: &str = "release.json";

/// The most files.
const MAX_FILES: usize = 10_000;

/// The largest file but the executable, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// The largest description, in bytes.
const MAX_RELEASE: u64 = 1 << 20;

/// The longest name in bytes, and the most parts it has.
const MAX_NAME: usize = 250;
const MAX_DEPTH: usize = 16;

/// Tar counts in blocks of this many bytes.
const BLOCK: u64 = 512;

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// Its first byte.
    pub(super) place: u64,
    pub(super) length: u64,
}

/// The mode of a file: only what is in `bin/` may run.
pub(super) fn mode(name: &str) -> u32 {
    if name.starts_with("bin/") { 0o755 } else { 0o644 }
}

/// The one header of a file.
pub(super) fn header(name: &str, length: u64) -> Result<Header, BundleError> {
    check(name, length)?;
    let mut header = Header::new_ustar();
    header
        .set_path(name)
        .map_err(|_| BundleError::Name { name: name.to_owned(), reason: "a part of it is too long for the archive" })?;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(mode(name));
    header.set_size(length);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}

/// Whether a bundle may hold a file of this name and length.
pub(super) fn check(name: &str, length: u64) -> Result<(), BundleError> {
    let refused = |reason| Err(BundleError::Name { name: name.escape_debug().to_string(), reason });
    if name.len() > MAX_NAME || name.split('/').count() > MAX_DEPTH {
        return refused("it is too long or too deep");
    }
    if name.chars().any(|c| c.is_control() || c == '\\') {
        return refused("it has control characters or backslashes");
    }
    if name.split('/').any(|part| ["", ".", ".."].contains(&part)) {
        return refused("a name is relative, and no part of it is empty, `.` or `..`");
    }
    let limit = match name.split_once('/') {
        None if name == RELEASE => MAX_RELEASE,
        Some(("bin", program)) if !program.contains('/') => MAX_BUNDLE,
        Some(("cell", _)) => MAX_FILE,
        _ => return refused("only `release.json`, one file of `bin/` and the files of `cell/` belong there"),
    };
    if length > limit {
        return Err(BundleError::TooLarge {
            what: format!("`{name}` has {length} bytes"),
            limit: format!("{limit} bytes"),
        });
    }
    Ok(())
}

/// Whether these names, in order, can stand beside each other.
pub(super) fn check_together<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), BundleError> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        let refused = |reason| Err(BundleError::Name { name: name.escape_debug().to_string(), reason });
        if seen.last().is_some_and(|previous| *previous >= name) {
            return refused("it occurs twice or out of order");
        }
        if name.match_indices('/').any(|(at, _)| name.get(..at).is_some_and(|above| seen.binary_search(&above).is_ok()))
        {
            return refused("what it is in is a file itself");
        }
        seen.push(name);
        if seen.len() > MAX_FILES {
            return Err(BundleError::TooLarge { what: "more files".to_owned(), limit: MAX_FILES.to_string() });
        }
    }
    Ok(())
}

/// The members of an archive of `length` bytes. Every byte that is not a file's content is checked.
pub(super) fn list(archive: &mut (impl Read + Seek), length: u64) -> Result<Vec<Member>, BundleError> {
    let mut members: Vec<Member> = Vec::new();
    let mut at = 0;
    loop {
        let block = block(archive, at)?;
        if block == [0; BLOCK as usize] {
            break;
        }
        if members.len() == MAX_FILES {
            return Err(BundleError::TooLarge { what: "more files".to_owned(), limit: MAX_FILES.to_string() });
        }
        let member = member(&block, at)?;
        let end = member.place + member.length;
        let next = end.next_multiple_of(BLOCK);
        if next > length {
            return Err(BundleError::form(at, format!("`{}` is longer than what follows", member.name)));
        }
        let mut padding = Vec::new();
        archive
            .seek(SeekFrom::Start(end))
            .and_then(|_| archive.by_ref().take(next - end).read_to_end(&mut padding))
            .map_err(|error| BundleError::form(end, error.to_string()))?;
        if padding.len() as u64 != next - end || padding.iter().any(|byte| *byte != 0) {
            return Err(BundleError::form(end, "what fills a file's last block is not empty"));
        }
        members.push(member);
        at = next;
    }
    // Two empty blocks end an archive; bytes behind them would be hashed but seen by nobody.
    if block(archive, at + BLOCK)? != [0; BLOCK as usize] || at + 2 * BLOCK != length {
        return Err(BundleError::form(at, "it does not end where it says"));
    }
    check_together(members.iter().map(|member| member.name.as_str()))?;
    Ok(members)
}

fn block(archive: &mut impl Read, at: u64) -> Result<[u8; BLOCK as usize], BundleError> {
    let mut block = [0; BLOCK as usize];
    archive.read_exact(&mut block).map_err(|error| BundleError::form(at, format!("it is cut short: {error}")))?;
    Ok(block)
}

fn member(block: &[u8; BLOCK as usize], at: u64) -> Result<Member, BundleError> {
    let found = Header::from_byte_slice(block);
    let raw = found.path_bytes();
    let text = || String::from_utf8_lossy(&raw).escape_debug().to_string();
    if let Some(kind) = other_kind(found.entry_type()) {
        return Err(BundleError::Kind { name: text(), kind });
    }
    let Ok(name) = std::str::from_utf8(&raw) else {
        return Err(BundleError::Name { name: text(), reason: "it is not UTF-8" });
    };
    let length = found.size().map_err(|error| BundleError::form(at, error.to_string()))?;
    if header(name, length)?.as_bytes() != block {
        let reason = format!("`{}` has an owner, a time, a mode or marks that no bundle has", name.escape_debug());
        return Err(BundleError::form(at, reason));
    }
    Ok(Member { name: name.to_owned(), place: at + BLOCK, length })
}

fn other_kind(kind: EntryType) -> Option<&'static str> {
    Some(match kind {
        EntryType::Regular => return None,
        EntryType::Symlink => "symbolic link",
        EntryType::Link => "hard link",
        EntryType::Char | EntryType::Block => "device",
        EntryType::Directory => "folder",
        EntryType::Fifo => "pipe",
        EntryType::GNUSparse => "sparse file",
        _ => "mark of another kind of archive",
    })
}
