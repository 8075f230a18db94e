//! How a log's lines hang together. In: the log and its head, a small file beside it that says how far it goes, without which lines
//! cut off at the end would not be missed. Out: the chain, or the first line that is wrong.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{AuditError, Entry};
use crate::digest::{Digest, DigestError};
use crate::durable;

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 64 << 10;

/// What stands between a line's content and its hash, and behind that.
const BEFORE: &[u8] = b",\"hash\":\"";
const AFTER: &[u8] = b"\"}";

/// How far a log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// How many lines.
    pub(super) count: u64,
    /// The hash of the last.
    pub(super) hash: Digest,
}

/// What the first line names as the one before it.
const START: Head = Head { count: 0, hash: Digest::from_bytes([0; 32]) };

/// A log that was read.
pub(super) struct Chain {
    pub(super) head: Head,
    /// The length of its whole lines, in bytes.
    pub(super) end: u64,
    /// What stands behind them.
    pub(super) torn: Vec<u8>,
    /// The head on the disk is that of the last line.
    pub(super) noted: bool,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    previous: &'a Digest,
}

/// The line of an entry, and its hash.
pub(super) fn line(entry: &Entry, previous: &Digest) -> serde_json::Result<(Vec<u8>, Digest)> {
    let mut line = serde_json::to_vec(&Content { entry, previous })?;
    // The hash is of all that stands before it: what a person sees is what was hashed.
    line.pop();
    let hash = Digest::of(&line);
    line.extend(BEFORE);
    line.extend(hash.to_string().as_bytes());
    line.extend(AFTER);
    line.push(b'\n');
    Ok((line, hash))
}

/// Reads a log and checks each line.
pub(super) fn read(path: &Path, file: &File) -> Result<Chain, AuditError> {
    let failed = |source| AuditError::Io { path: path.to_owned(), source };
    let broken = |line, reason: &str| AuditError::BrokenAt { path: path.to_owned(), line, reason: reason.to_owned() };
    let noted = read_head(path)?;
    let mut reader = BufReader::new(file);
    let mut chain = Chain { head: START, end: 0, torn: Vec::new(), noted: noted == START };
    loop {
        let number = chain.head.count + 1;
        let mut line = Vec::new();
        reader.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line).map_err(failed)?;
        if line.last() != Some(&b'\n') {
            if line.len() > MAX_LINE {
                return Err(broken(number, "it is longer than any that is written"));
            }
            chain.torn = line;
            break;
        }
        let hash = check(&line, &chain.head.hash).map_err(|reason| broken(number, reason))?;
        chain.head = Head { count: number, hash };
        chain.end += line.len() as u64;
        if noted.count == number {
            if noted.hash != hash {
                return Err(broken(number, "another line was noted as the last here"));
            }
            chain.noted = true;
        } else if number > noted.count + 1 {
            return Err(broken(number, "nobody noted that the log goes so far"));
        } else {
            chain.noted = false;
        }
    }
    if chain.head.count < noted.count {
        let reason = format!("it is missing, {} lines were noted", noted.count);
        return Err(broken(chain.head.count + 1, &reason));
    }
    Ok(chain)
}

/// Checks a line with the line break at its end, and gives its hash.
fn check(line: &[u8], previous: &Digest) -> Result<Digest, &'static str> {
    #[derive(Deserialize)]
    struct Link {
        previous: Digest,
    }
    const FORM: &str = "it is no line that this log has";
    let text = line.strip_suffix(b"\n").and_then(|line| line.strip_suffix(AFTER)).ok_or(FORM)?;
    let (text, hash) = text.split_last_chunk::<64>().ok_or(FORM)?;
    let content = text.strip_suffix(BEFORE).ok_or(FORM)?;
    let hash: Result<Digest, DigestError> = std::str::from_utf8(hash).map_err(|_| FORM)?.parse();
    let hash = hash.map_err(|_| FORM)?;
    if Digest::of(content) != hash {
        return Err("it was changed: its hash is another");
    }
    let mut json = content.to_vec();
    json.push(b'}');
    let link: Link = serde_json::from_slice(&json).map_err(|_| FORM)?;
    if link.previous == *previous {
        Ok(hash)
    } else {
        Err("the line before it is another: one was removed, added or moved")
    }
}

fn head_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".head");
    name.into()
}

fn read_head(path: &Path) -> Result<Head, AuditError> {
    let path = head_path(path);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| AuditError::BrokenAt {
            path,
            line: 1,
            reason: format!("it is no head of a log: {error}"),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(START),
        Err(source) => Err(AuditError::Io { path, source }),
    }
}

pub(super) fn write_head(path: &Path, head: &Head) -> Result<(), AuditError> {
    let path = head_path(path);
    let json = serde_json::to_vec(head).map_err(io::Error::from);
    json.and_then(|json| durable::write(&path, 0o600, &json)).map_err(|source| AuditError::Io { path, source })
}
