//! Packs a bundle. In: a release, its executable and the files of `cell/`. Out: an archive with the same bytes on every machine.
//! Absent: choosing the files. Whatever is given is packed, if a bundle may hold it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use super::index::Hashing;
use super::{BundleError, Index, MANIFEST, Release, archive, index};
use crate::digest::Digest;
use crate::durable::Draft;

/// Packs a release into the file `out`, which appears when it is whole.
///
/// `files` are those of `cell/`, by their names in the bundle (`cell/manifest.json`).
///
/// # Errors
/// A file cannot be read or written; a name has no place in a bundle; the release does not agree with what is packed.
pub fn pack(
    release: &Release,
    executable: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    out: &Path,
) -> Result<Index, BundleError> {
    let description = release.to_json()?;
    let manifest = files.get(MANIFEST).ok_or_else(|| BundleError::Absent { name: MANIFEST.to_owned() })?;
    agree(MANIFEST, release.manifest, Digest::of(manifest))?;
    if let Some(name) = files.keys().find(|name| !name.starts_with("cell/")) {
        let name = name.escape_debug().to_string();
        return Err(BundleError::Name { name, reason: "a file of an application's `cell/` begins with it" });
    }
    let names = files.keys().map(String::as_str);
    archive::check_together([release.executable.path.as_str()].into_iter().chain(names).chain([archive::RELEASE]))?;

    let failed = BundleError::io(out);
    let (draft, file) = Draft::file(out, 0o644).map_err(&failed)?;
    let mut tar = tar::Builder::new(BufWriter::new(file));
    append_executable(&mut tar, release, executable, out)?;
    let others = files.iter().map(|(name, content)| (name.as_str(), content.as_slice()));
    for (name, content) in others.chain([(archive::RELEASE, description.as_bytes())]) {
        tar.append(&archive::header(name, content.len() as u64)?, content).map_err(&failed)?;
    }
    let file = tar.into_inner().and_then(|writer| writer.into_inner().map_err(Into::into)).map_err(&failed)?;
    file.sync_all().map_err(&failed)?;

    let index = index(draft.path())?;
    draft.publish(out).map_err(&failed)?;
    Ok(index)
}

fn append_executable(
    tar: &mut tar::Builder<impl Write>,
    release: &Release,
    executable: &Path,
    out: &Path,
) -> Result<(), BundleError> {
    let failed = BundleError::io(executable);
    let name = &release.executable.path;
    let file = File::open(executable).map_err(&failed)?;
    let metadata = file.metadata().map_err(&failed)?;
    if !metadata.is_file() {
        return Err(BundleError::Kind { name: name.clone(), kind: "folder or device" });
    }
    let length = metadata.len();
    // The header is written first, so a file that grows or shrinks meanwhile must not change the archive's form.
    let mut content = Hashing { reader: file.take(length), hasher: blake3::Hasher::new() };
    tar.append(&archive::header(name, length)?, &mut content).map_err(BundleError::io(out))?;
    let found = length - content.reader.limit();
    if found != length {
        return Err(BundleError::Length { name: name.clone(), expected: length, found });
    }
    agree(name, release.executable.hash, Digest::of_hasher(&content.hasher))
}

/// Whether a file is the one that the release names.
pub(super) fn agree(name: &str, expected: Digest, found: Digest) -> Result<(), BundleError> {
    if expected == found { Ok(()) } else { Err(BundleError::Changed { name: name.to_owned(), expected, found }) }
}
