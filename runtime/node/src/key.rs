//! Who a node or a person is: an ed25519 key.
//! In: a file that only its owner reads. Out: a public key that people can compare, copy and mistype noticeably. Absent: passwords
//! and certificates. Whether a key may do something is in `peers`.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{base32, durable};

/// A key file is far smaller.
const MAX_FILE: u64 = 4096;

/// What a public key begins with.
const PREFIX: &str = "cell1";

/// How many bytes of a hash follow the key, so that a typo is seen: all but one in sixteen million. With them the text has whole
/// characters.
const CHECK: usize = 3;

/// The beginning of an ed25519 key in the form of X.509 (RFC 8410, section 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A secret key and its public half. It is never shown.
#[derive(Clone)]
pub struct Key {
    /// PKCS#8, version 2.
    document: Vec<u8>,
    public: PublicKey,
}

/// A public key: in text `cell1` and 56 characters of Crockford's base 32, of which the last are a checksum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else may read the file.
    #[error("`{path}` is a secret, but others may read it (its mode is {mode:o}): say `chmod 600 {path}`")]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no key.
    #[error("`{path}` holds no key that Cell made: bring it back from a copy, or remove it and pair again")]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers for a key")]
    Random,
}

impl Key {
    /// A new key, in no file.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::Random)?;
        Self::from_document(document.as_ref()).ok_or(KeyError::Random)
    }

    /// The key in a file, which only its owner may read.
    ///
    /// # Errors
    /// The file is not there, is readable by others, or holds no key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        // Asked of the file that is open: the name may come to mean another.
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Readable { path: path.to_owned(), mode });
        }
        let mut document = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut document).map_err(failed)?;
        Self::from_document(&document).ok_or_else(|| KeyError::Form { path: path.to_owned() })
    }

    /// The key in a file; where there is no file, a new key, which it then holds.
    ///
    /// # Errors
    /// As [`Key::load`], or the file cannot be written.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match Self::load(path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let key = Self::generate()?;
        match durable::write_new(path, 0o600, &key.document) {
            Ok(()) => Ok(key),
            // Another process was first, and its key is the one that lasts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(source) => Err(KeyError::Io { path: path.to_owned(), source }),
        }
    }

    /// The half that others may know.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// PKCS#8 for the TLS library.
    pub(crate) fn document(&self) -> &[u8] {
        &self.document
    }

    fn from_document(document: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(document).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { document: document.to_owned(), public })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.public)
    }
}

impl PublicKey {
    /// The key whose bytes are these.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key in a `SubjectPublicKeyInfo`, if that is an ed25519 key.
    pub(crate) fn from_spki(spki: &[u8]) -> Option<Self> {
        Some(Self(spki.strip_prefix(&SPKI)?.try_into().ok()?))
    }

    fn check(&self) -> [u8; CHECK] {
        let hash = blake3::derive_key("cell-node 1 checksum of a public key", &self.0);
        let mut check = [0; CHECK];
        check.copy_from_slice(hash.get(..CHECK).unwrap_or(&[0; CHECK]));
        check
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.to_vec();
        bytes.extend(self.check());
        write!(f, "{PREFIX}{}", base32::encode(&bytes))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// Why a text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// It does not look like one.
    #[error("a public key is `cell1` and 56 letters and digits")]
    Form,
    /// It looks like one, but a character is wrong.
    #[error("the public key has a typo: its checksum does not fit, copy it again")]
    Checksum,
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let text = text.trim();
        let (prefix, rest) = text.split_at_checked(PREFIX.len()).ok_or(PublicKeyError::Form)?;
        if !prefix.eq_ignore_ascii_case(PREFIX) || rest.len() != (32 + CHECK) * 8 / 5 {
            return Err(PublicKeyError::Form);
        }
        let bytes = base32::decode(rest).ok_or(PublicKeyError::Form)?;
        let (key, check) = bytes.split_first_chunk::<32>().ok_or(PublicKeyError::Form)?;
        let key = Self(*key);
        if key.check() == check { Ok(key) } else { Err(PublicKeyError::Checksum) }
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use expect_test::expect;
    use proptest::prelude::*;

    use super::{Key, KeyError, PublicKey, PublicKeyError};

    proptest! {
        #[test]
        fn a_public_key_reads_back(bytes: [u8; 32]) {
            let key = PublicKey::from_bytes(bytes);
            let text = key.to_string();
            prop_assert_eq!(text.parse(), Ok(key));
            prop_assert_eq!(text.to_uppercase().parse(), Ok(key));
            let body = text.strip_prefix("cell1").expect("the prefix");
            prop_assert_eq!(format!("cell1{}", body.replace('0', "o").replace('1', "l")).parse(), Ok(key));
        }

        #[test]
        fn a_typo_is_seen(bytes: [u8; 32], at in 5_usize..61, other in 0_usize..32) {
            let text = PublicKey::from_bytes(bytes).to_string();
            let other = &"0123456789abcdefghjkmnpqrstvwxyz"[other..=other];
            let mut typo = text.clone();
            typo.replace_range(at..=at, other);
            prop_assume!(typo != text);
            prop_assert_eq!(typo.parse::<PublicKey>(), Err(PublicKeyError::Checksum));
        }

        #[test]
        fn other_text_is_refused(text in "(cell1)?\\PC{0,70}") {
            prop_assert!(text.parse::<PublicKey>().is_err());
        }
    }

    #[test]
    fn a_public_key_looks_like_this() {
        expect!["cell10000000000000000000000000000000000000000000000000001jq14"]
            .assert_eq(&PublicKey::from_bytes([0; 32]).to_string());
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        assert!(matches!(Key::load(&path), Err(KeyError::Io { .. })));
        let made = Key::load_or_create(&path).expect("a key");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o7777, 0o600);
        assert_eq!(Key::load_or_create(&path).expect("a key").public(), made.public());
        assert_eq!(Key::load(&path).expect("a key").public(), made.public());
        assert_ne!(Key::generate().expect("a key").public(), made.public());
        assert_eq!(format!("{made:?}"), format!("Key({})", made.public()));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn many_that_make_a_key_at_once_get_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let keys: Vec<PublicKey> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| *Key::load_or_create(&path).expect("a key").public())).collect();
            makers.into_iter().map(|maker| maker.join().expect("a key")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        Key::load_or_create(&path).expect("a key");
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("changed");
            let error = Key::load_or_create(&path).expect_err("refused").to_string();
            let shown = path.display();
            assert_eq!(
                error,
                format!(
                    "`{shown}` is a secret, but others may read it (its mode is {mode:o}): say `chmod 600 {shown}`"
                )
            );
        }
    }

    #[test]
    fn a_damaged_key_is_an_error_and_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        Key::load_or_create(&path).expect("a key");
        let good = fs::read(&path).expect("a file");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            fs::write(&path, &bad).expect("written");
            // A changed byte of the secret half no longer fits the public one.
            assert!(matches!(Key::load_or_create(&path), Err(KeyError::Form { .. })), "byte {at}");
            assert_eq!(fs::read(&path).expect("a file"), bad);
        }
        fs::write(&path, "").expect("written");
        assert!(matches!(Key::load_or_create(&path), Err(KeyError::Form { .. })));
    }
}
