//! Unpacks a bundle. In: an archive that came from the network. Out: a folder with exactly its files, or nothing.
//! Absent: tar's ways of writing elsewhere. Nothing is written before the whole archive was read and found good.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::archive::{self, Member};
use super::index::Hashing;
use super::pack::agree;
use super::{BundleError, Index, MANIFEST, Release, ReleaseError};
use crate::digest::Digest;
use crate::durable::{Draft, sync_folder};

/// Unpacks an archive into the folder `into`, which appears when all of it is on the disk.
///
/// # Errors
/// The archive is not the one of `index`, is not one that [`super::pack`] made, or disagrees with its own description; `into`
/// exists; a file cannot be read or written.
pub fn unpack(archive: &Path, index: &Index, into: &Path) -> Result<Release, BundleError> {
    let failed = BundleError::io(archive);
    let mut file = File::open(archive).map_err(&failed)?;
    let length = file.metadata().map_err(&failed)?.len();
    if length != index.length() {
        return Err(BundleError::Length {
            name: archive.display().to_string(),
            expected: index.length(),
            found: length,
        });
    }
    let found = Digest::of_reader(&mut file).map_err(&failed)?;
    agree(&archive.display().to_string(), *index.hash(), found)?;
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;

    let mut reader = BufReader::new(file);
    let members = archive::list(&mut reader, length)?;
    let release = description(&mut reader, &members)?;
    check_members(&release, &members)?;
    if into.exists() {
        return Err(BundleError::Exists { path: into.to_owned() });
    }
    let draft = Draft::folder(into).map_err(BundleError::io(into))?;
    let mut folders = BTreeSet::from([draft.path().to_owned()]);
    for member in &members {
        let hash = write(&mut reader, member, draft.path(), &mut folders)?;
        if member.name == release.executable.path {
            agree(&member.name, release.executable.hash, hash)?;
        } else if member.name == MANIFEST {
            agree(MANIFEST, release.manifest, hash)?;
        }
    }
    for folder in &folders {
        sync_folder(folder).map_err(BundleError::io(folder))?;
    }
    draft.publish(into).map_err(|error| match error.kind() {
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            BundleError::Exists { path: into.to_owned() }
        }
        _ => BundleError::io(into)(error),
    })?;
    Ok(release)
}

fn description(reader: &mut (impl Read + Seek), members: &[Member]) -> Result<Release, BundleError> {
    let absent = || BundleError::Absent { name: archive::RELEASE.to_owned() };
    let member = members.iter().find(|member| member.name == archive::RELEASE).ok_or_else(absent)?;
    let mut text = String::new();
    reader
        .seek(SeekFrom::Start(member.place))
        .and_then(|_| reader.take(member.length).read_to_string(&mut text))
        .map_err(|error| BundleError::form(member.place, error.to_string()))?;
    let release = Release::from_json(&text)?;
    // One release has one text, as it has one archive.
    if release.to_json()? != text {
        let error = serde::de::Error::custom("it is not written as Cell writes it");
        return Err(ReleaseError::Form(error).into());
    }
    Ok(release)
}

fn check_members(release: &Release, members: &[Member]) -> Result<(), BundleError> {
    for wanted in [release.executable.path.as_str(), MANIFEST] {
        if !members.iter().any(|member| member.name == wanted) {
            return Err(BundleError::Absent { name: wanted.to_owned() });
        }
    }
    let stranger = |member: &&Member| member.name.starts_with("bin/") && member.name != release.executable.path;
    if let Some(member) = members.iter().find(stranger) {
        let name = member.name.escape_debug().to_string();
        return Err(BundleError::Name { name, reason: "the release names another executable" });
    }
    Ok(())
}

/// Writes one file below `folder`, and gives its hash. Names were checked: they stay below.
fn write(
    reader: &mut (impl Read + Seek),
    member: &Member,
    folder: &Path,
    folders: &mut BTreeSet<PathBuf>,
) -> Result<Digest, BundleError> {
    let path = folder.join(&member.name);
    let failed = BundleError::io(&path);
    let above = path.ancestors().skip(1).take_while(|above| *above != folder);
    for above in above.map(Path::to_owned).collect::<Vec<_>>().into_iter().rev() {
        if folders.insert(above.clone()) {
            fs::create_dir(&above).map_err(BundleError::io(&above))?;
        }
    }
    let mode = archive::mode(&member.name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).map_err(&failed)?;
    reader.seek(SeekFrom::Start(member.place)).map_err(&failed)?;
    let mut content = Hashing { reader: reader.take(member.length), hasher: blake3::Hasher::new() };
    io::copy(&mut content, &mut file).map_err(&failed)?;
    // The umask narrowed the mode of `open`.
    rustix::fs::fchmod(&file, rustix::fs::Mode::from_raw_mode(mode)).map_err(|error| failed(error.into()))?;
    file.sync_all().map_err(&failed)?;
    Ok(Digest::of_hasher(&content.hasher))
}
