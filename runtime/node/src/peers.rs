//! Whose keys may do what on a node.
//! In: the file `peers.json`. Out: the role of a key. Absent: guesses. A file that cannot be read is an error, for an empty list
//! would lock everybody out, and a lenient one would let somebody in.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::key::PublicKey;

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// A file with thousands of keys is smaller.
const MAX_FILE: u64 = 1 << 20;

/// The longest label and date, in bytes.
const MAX_TEXT: usize = 100;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// See status, logs and plans.
    Observe,
    /// All, deploying above all.
    Deploy,
}

impl Role {
    /// Whether one with this role may do what `needed` may.
    #[must_use]
    pub fn allows(self, needed: Self) -> bool {
        self >= needed
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observe => "observe",
            Self::Deploy => "deploy",
        })
    }
}

/// The text is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is `deploy` or `observe`")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        [Self::Observe, Self::Deploy].into_iter().find(|role| role.to_string() == text).ok_or(RoleError)
    }
}

/// A key that was paired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// The key.
    pub key: PublicKey,
    /// What it may do.
    pub role: Role,
    /// Whose it is, in the words of the one who paired.
    pub label: String,
    /// When it was paired, as the caller writes dates.
    pub since: String,
}

/// The keys that a node knows, and the file that keeps them.
#[derive(Debug)]
pub struct Peers {
    path: PathBuf,
    peers: BTreeMap<PublicKey, Peer>,
}

/// Why the keys are not known or not kept.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// The file cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could let keys in.
    #[error("`{path}` says who may deploy, but others may write it (its mode is {mode:o}): say `chmod 600 {path}`")]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is damaged.
    #[error("`{path}` is damaged: {message}; bring it back from a copy, or remove it and pair again")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// It was written in a format that this version does not read.
    #[error("`{path}` has format {found}, but this version reads format {FORMAT}: run the newer version again")]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: u32,
    },
    /// A label or date is not one line of text.
    #[error("a label is one line of 1 to {MAX_TEXT} bytes")]
    Label,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    peers: Vec<Peer>,
}

impl Peers {
    /// Reads the file. One that is not there holds nobody.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, has another format, or may be written by others.
    pub fn open(path: &Path) -> Result<Self, PeersError> {
        let failed = |source| PeersError::Io { path: path.to_owned(), source };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path: path.to_owned(), peers: BTreeMap::new() });
            }
            other => other.map_err(failed)?,
        };
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(PeersError::Writable { path: path.to_owned(), mode });
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        let peers = read(path, &bytes)?;
        Ok(Self { path: path.to_owned(), peers })
    }

    /// What a key may do; nothing for one that is not known.
    #[must_use]
    pub fn role_of(&self, key: &PublicKey) -> Option<Role> {
        self.peers.get(key).map(|peer| peer.role)
    }

    /// A key that is known.
    #[must_use]
    pub fn get(&self, key: &PublicKey) -> Option<&Peer> {
        self.peers.get(key)
    }

    /// All that are known, ordered by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Peer> {
        self.peers.values()
    }

    /// Lets a key in, or gives one that is known another role. It counts once it is on the disk.
    ///
    /// # Errors
    /// The label or the date is not a line of text, or the file cannot be written.
    pub fn add(&mut self, peer: Peer) -> Result<(), PeersError> {
        if !is_line(&peer.label) || !is_line(&peer.since) {
            return Err(PeersError::Label);
        }
        let mut next = self.peers.clone();
        next.insert(peer.key, peer);
        self.keep(next)
    }

    /// Shuts a key out, and says whether it was known.
    ///
    /// # Errors
    /// The file cannot be written; the key is still known.
    pub fn remove(&mut self, key: &PublicKey) -> Result<bool, PeersError> {
        let mut next = self.peers.clone();
        if next.remove(key).is_none() {
            return Ok(false);
        }
        self.keep(next)?;
        Ok(true)
    }

    fn keep(&mut self, next: BTreeMap<PublicKey, Peer>) -> Result<(), PeersError> {
        let failed = |source| PeersError::Io { path: self.path.clone(), source };
        let document = Document { format: FORMAT, peers: next.values().cloned().collect() };
        let mut json = serde_json::to_vec_pretty(&document).map_err(|error| failed(error.into()))?;
        json.push(b'\n');
        if json.len() as u64 > MAX_FILE {
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "too many keys are paired: remove some")));
        }
        durable::write(&self.path, 0o600, &json).map_err(failed)?;
        self.peers = next;
        Ok(())
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<BTreeMap<PublicKey, Peer>, PeersError> {
    /// Read first, and with anything beside it: another format may have other fields.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let form = |message: String| PeersError::Form { path: path.to_owned(), message };
    if bytes.len() as u64 > MAX_FILE {
        return Err(form("it is larger than any that Cell writes".to_owned()));
    }
    let Head { format } = serde_json::from_slice(bytes).map_err(|error| form(error.to_string()))?;
    if format != FORMAT {
        return Err(PeersError::Format { path: path.to_owned(), found: format });
    }
    let document: Document = serde_json::from_slice(bytes).map_err(|error| form(error.to_string()))?;
    let mut peers = BTreeMap::new();
    for peer in document.peers {
        if !is_line(&peer.label) || !is_line(&peer.since) {
            return Err(form(format!("the label or date of {} is not a line of text", peer.key)));
        }
        let key = peer.key;
        // Of two roles for one key, either could be the wrong one.
        if peers.insert(key, peer).is_some() {
            return Err(form(format!("{key} occurs twice")));
        }
    }
    Ok(peers)
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use expect_test::expect;

    use super::{Peer, Peers, PeersError, Role};
    use crate::key::PublicKey;

    fn key(number: u8) -> PublicKey {
        PublicKey::from_bytes([number; 32])
    }

    fn peer(number: u8, role: Role) -> Peer {
        Peer { key: key(number), role, label: "laptop".to_owned(), since: "2026-01-05T10:00:00Z".to_owned() }
    }

    fn write(path: &Path, text: &str) {
        fs::write(path, text).expect("written");
        fs::set_permissions(path, Permissions::from_mode(0o600)).expect("changed");
    }

    #[test]
    fn what_was_added_is_there_again_and_what_was_removed_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peers.json");
        let mut peers = Peers::open(&path).expect("nobody");
        assert_eq!(peers.iter().len(), 0);
        peers.add(peer(2, Role::Deploy)).expect("added");
        peers.add(peer(1, Role::Observe)).expect("added");
        peers.add(peer(3, Role::Observe)).expect("added");
        assert!(peers.remove(&key(3)).expect("removed"));
        assert!(!peers.remove(&key(3)).expect("not there"));
        expect![[r#"
            {
              "format": 1,
              "peers": [
                {
                  "key": "cell1040g2081040g2081040g2081040g2081040g2081040g2081040ghq28",
                  "role": "observe",
                  "label": "laptop",
                  "since": "2026-01-05T10:00:00Z"
                },
                {
                  "key": "cell1081040g2081040g2081040g2081040g2081040g2081040g20811d0qt",
                  "role": "deploy",
                  "label": "laptop",
                  "since": "2026-01-05T10:00:00Z"
                }
              ]
            }
        "#]]
        .assert_eq(&fs::read_to_string(&path).expect("a file"));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o7777, 0o600);

        let mut again = Peers::open(&path).expect("peers");
        assert_eq!(again.iter().collect::<Vec<_>>(), [&peer(1, Role::Observe), &peer(2, Role::Deploy)]);
        assert_eq!(again.role_of(&key(1)), Some(Role::Observe));
        assert_eq!(again.role_of(&key(3)), None);
        again.add(peer(1, Role::Deploy)).expect("added");
        assert_eq!(Peers::open(&path).expect("peers").role_of(&key(1)), Some(Role::Deploy));
    }

    #[test]
    fn a_damaged_file_is_an_error_and_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peers.json");
        let mut peers = Peers::open(&path).expect("nobody");
        peers.add(peer(1, Role::Deploy)).expect("added");
        let good = fs::read_to_string(&path).expect("a file");
        let twice = good.replacen(
            "\"peers\": [",
            &format!("\"peers\": [{},", serde_json::to_string(&peer(1, Role::Observe)).expect("json")),
            1,
        );
        for bad in [
            "",
            "{}",
            "[]",
            &good[..good.len() / 2],
            &good.replace("deploy", "root"),
            &good.replace("cell1040", "cell1042"),
            &good.replace("laptop", ""),
            &good.replace("laptop", "a\\u001b[2J"),
            &good.replace("\"label\"", "\"lable\""),
            &twice,
        ] {
            write(&path, bad);
            let error = Peers::open(&path).expect_err("refused");
            assert!(matches!(error, PeersError::Form { .. }), "{bad}: {error}");
            assert!(error.to_string().starts_with(&format!("`{}` is damaged: ", path.display())), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("a file"), *bad);
        }
        write(&path, &good.replace("\"format\": 1", "\"format\": 2, \"more\": true"));
        assert!(matches!(Peers::open(&path), Err(PeersError::Format { found: 2, .. })));
        write(&path, &good);
        fs::set_permissions(&path, Permissions::from_mode(0o620)).expect("changed");
        assert!(matches!(Peers::open(&path), Err(PeersError::Writable { mode: 0o620, .. })));
    }

    #[test]
    fn who_could_not_be_written_down_is_not_let_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = folder.path().join("gone");
        fs::create_dir(&gone).expect("made");
        let mut peers = Peers::open(&gone.join("peers.json")).expect("nobody");
        fs::remove_dir(&gone).expect("removed");
        assert!(matches!(peers.add(peer(1, Role::Deploy)), Err(PeersError::Io { .. })));
        assert_eq!(peers.role_of(&key(1)), None);
        let mut strange = peer(1, Role::Deploy);
        strange.label = "two\nlines".to_owned();
        assert!(matches!(peers.add(strange), Err(PeersError::Label)));
    }

    #[test]
    fn one_who_deploys_may_also_look() {
        assert!(Role::Deploy.allows(Role::Observe) && Role::Deploy.allows(Role::Deploy));
        assert!(Role::Observe.allows(Role::Observe) && !Role::Observe.allows(Role::Deploy));
        for role in [Role::Observe, Role::Deploy] {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_string(&role).expect("json"), format!("\"{role}\""));
        }
        assert!("root".parse::<Role>().is_err());
    }
}
