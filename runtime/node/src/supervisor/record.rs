//! What is to run, on disk: one file for each instance, written before its process is started, and removed once it has stopped.
//! In: what a supervisor runs. Out: what the next one finds. Absent: processes; they are found by the token in their environment.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::spec::Spec;
use crate::durable;

/// The format that this version writes and reads.
const FORMAT: u32 = 1;

/// The largest file that is read.
const LIMIT: u64 = 4 << 20;

/// The secret by which a process is known: 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Token(String);

impl Token {
    /// A new one.
    pub(super) fn new() -> io::Result<Self> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random numbers"))?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// A token from its text, if it is one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (text.len() == 32 && digits).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is known about an instance when its supervisor is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    format: u32,
    pub(super) spec: Spec,
    /// Whether a process of it was ever ready.
    pub(super) was_ready: bool,
    /// Whether it was told to serve, and if so, whether on a socket.
    pub(super) served: Option<bool>,
}

/// The folder of records.
#[derive(Clone, Debug)]
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        durable::sweep(&folder)?;
        Ok(Self { folder })
    }

    /// What was to run. What is no record is left alone, and said.
    pub(super) fn all(&self) -> io::Result<Vec<(Token, Record)>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let token = path.file_stem().and_then(|name| name.to_str()).and_then(Token::parse);
            let Some(token) = token.filter(|_| path.extension().is_some_and(|extension| extension == "json")) else {
                continue;
            };
            match read(&path) {
                Ok(record) => records.push((token, record)),
                Err(error) => tracing::error!("a record of what is to run cannot be read and is left alone: {error}"),
            }
        }
        // In an order that does not depend on the file system.
        records.sort_by(|one, other| {
            let key = |(token, record): &(Token, Record)| {
                let Spec { application, process, replica, .. } = &record.spec;
                (application.clone(), process.clone(), *replica, token.clone())
            };
            key(one).cmp(&key(other))
        });
        Ok(records)
    }

    /// Writes a record: wholly, or not at all.
    pub(super) fn write(&self, token: &Token, record: &Record) -> io::Result<()> {
        durable::write(&self.path(token), 0o600, &serde_json::to_vec_pretty(record)?)
    }

    /// Removes a record, if it is there.
    pub(super) fn remove(&self, token: &Token) -> io::Result<()> {
        match fs::remove_file(self.path(token)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, token: &Token) -> PathBuf {
        self.folder.join(format!("{}.json", token.as_str()))
    }
}

impl Record {
    pub(super) fn new(spec: Spec) -> Self {
        Self { format: FORMAT, spec, was_ready: false, served: None }
    }
}

fn read(path: &Path) -> io::Result<Record> {
    let mut text = String::new();
    File::open(path)?.take(LIMIT).read_to_string(&mut text)?;
    let record: Record = serde_json::from_str(&text)?;
    if record.format != FORMAT {
        return Err(io::Error::other(format!("it has format {}, not {FORMAT}", record.format)));
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::super::spec::{Log, Spec};
    use super::{Record, Records, Token};

    #[test]
    fn a_record_is_read_back_and_strangers_are_left_alone() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let records = Records::open(folder.path().join("instances"))?;
        let spec = Spec {
            application: "shop".to_owned(),
            process: "shop".to_owned(),
            replica: 0,
            release: "1".to_owned(),
            program: PathBuf::from("/bin/true"),
            arguments: vec!["-x".to_owned()],
            environment: [("A".to_owned(), "b".to_owned())].into(),
            inherit_environment: false,
            folder: PathBuf::from("/"),
            log: Log::File(PathBuf::from("/x.log")),
            lifeline: false,
        };
        let token = Token::new()?;
        records.write(&token, &Record { served: Some(true), ..Record::new(spec.clone()) })?;
        std::fs::write(folder.path().join("instances").join(format!("{}.json", Token::new()?.as_str())), "{")?;
        std::fs::write(folder.path().join("instances/notes.json"), "{}")?;
        let all = records.all()?;
        assert!(matches!(&*all, [(found, record)] if *found == token && record.spec == spec));
        records.remove(&token)?;
        records.remove(&token)?;
        assert!(records.all()?.is_empty());
        Ok(())
    }
}
