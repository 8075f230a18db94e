//! Packing and unpacking; `hostile` has the archives that nobody of good will makes.

mod hostile;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{BundleError, Executable, FORMAT, MANIFEST, Release, index, pack, unpack};
use crate::digest::Digest;
use crate::host::{Glibc, Libc};

const PROGRAM: &[u8] = b"the program";

pub(super) fn release(program: &[u8], manifest: &[u8]) -> Release {
    Release {
        format: FORMAT,
        application: "catalog".to_owned(),
        release: 3,
        cell: "0.1.0".to_owned(),
        profile: "release".to_owned(),
        features: vec![],
        target: "x86_64-unknown-linux-gnu".to_owned(),
        libc: Libc::Gnu(Glibc { major: 2, minor: 34 }),
        executable: Executable { path: "bin/catalog".to_owned(), hash: Digest::of(program) },
        manifest: Digest::of(manifest),
    }
}

fn files() -> BTreeMap<String, Vec<u8>> {
    let long = format!("cell/main/migrations/0001_{}/up.postgres.sql", "n".repeat(80));
    [(MANIFEST, "{}"), ("cell/main/snapshot.json", "{ }"), ("cell/empty", ""), (&long, "create table t (id int);\n")]
        .into_iter()
        .map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec()))
        .collect()
}

/// A folder with an executable in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let executable = folder.path().join("program");
    fs::write(&executable, PROGRAM).expect("written");
    (folder, executable)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn two_packs_have_equal_bytes_and_unpack_to_the_same_files() {
    let release = release(PROGRAM, b"{}");
    let mut bundles = Vec::new();
    for mode in [0o755, 0o600] {
        let (folder, executable) = place();
        fs::set_permissions(&executable, fs::Permissions::from_mode(mode)).expect("changed");
        // Any time but now: what the folder says of a file is not in the bundle.
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(mode));
        fs::File::open(&executable).expect("a file").set_modified(time).expect("changed");
        let out = folder.path().join("bundle");
        let packed = pack(&release, &executable, &files(), &out).expect("packed");
        assert_eq!(packed, index(&out).expect("an index"));
        assert_eq!(*packed.hash(), Digest::of_file(&out).expect("a file"));
        assert_eq!(names(folder.path()), ["bundle", "program"]);

        let into = folder.path().join("release");
        assert_eq!(unpack(&out, &packed, &into).expect("unpacked"), release);
        for (name, content) in files() {
            assert_eq!(fs::read(into.join(&name)).expect("a file"), content);
            assert_eq!(fs::metadata(into.join(&name)).expect("a file").permissions().mode() & 0o7777, 0o644);
        }
        assert_eq!(fs::read(into.join("bin/catalog")).expect("a file"), PROGRAM);
        assert_eq!(fs::metadata(into.join("bin/catalog")).expect("a file").permissions().mode() & 0o7777, 0o755);
        assert_eq!(names(&into), ["bin", "cell", "release.json"]);
        assert!(matches!(unpack(&out, &packed, &into), Err(BundleError::Exists { .. })));
        assert_eq!(names(folder.path()), ["bundle", "program", "release"]);
        bundles.push(fs::read(&out).expect("a bundle"));
    }
    assert_eq!(bundles[0], bundles[1]);
}

#[test]
fn what_would_not_unpack_is_not_packed() {
    let (folder, executable) = place();
    let out = folder.path().join("bundle");
    let good = release(PROGRAM, b"{}");
    let refused = |release: &Release, executable: &Path, more: &str| {
        let more = Some(more).filter(|name| !name.is_empty()).map(|name| (name.to_owned(), vec![]));
        let error = pack(release, executable, &files().into_iter().chain(more).collect(), &out).expect_err("refused");
        assert!(!out.exists());
        error
    };
    let long = format!("cell/{}", "n".repeat(120));
    for (name, reason) in [
        ("cell/../../etc/passwd", "a name is relative, and no part of it is empty, `.` or `..`"),
        ("/etc/passwd", "a file of an application's `cell/` begins with it"),
        ("bin/other", "a file of an application's `cell/` begins with it"),
        ("cell/empty/file", "what it is in is a file itself"),
        ("cell/a\nb", "it has control characters or backslashes"),
        (&long, "a part of it is too long for the archive"),
    ] {
        let error = refused(&good, &executable, name).to_string();
        assert_eq!(error, format!("`{}` has no place in a bundle: {reason}", name.escape_debug()));
    }
    let named = |error: BundleError| match error {
        BundleError::Changed { name, .. } | BundleError::Kind { name, .. } => name,
        other => other.to_string(),
    };
    assert_eq!(named(refused(&release(b"another", b"{}"), &executable, "")), "bin/catalog");
    assert_eq!(named(refused(&release(PROGRAM, b"[]"), &executable, "")), MANIFEST);
    assert_eq!(named(refused(&good, folder.path(), "")), "bin/catalog");
    assert_eq!(names(folder.path()), ["program"]);
}

#[test]
fn a_changed_or_cut_archive_is_refused_and_nothing_is_written() {
    let (folder, executable) = place();
    let out = folder.path().join("bundle");
    let packed = pack(&release(PROGRAM, b"{}"), &executable, &files(), &out).expect("packed");
    let bytes = fs::read(&out).expect("a bundle");
    let into = folder.path().join("release");
    for at in [0, 156, 600, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&out, changed).expect("written");
        assert!(matches!(unpack(&out, &packed, &into), Err(BundleError::Changed { .. })));
    }
    for length in [0, 512, bytes.len() - 1] {
        fs::write(&out, &bytes[..length]).expect("written");
        assert!(matches!(unpack(&out, &packed, &into), Err(BundleError::Length { .. })));
    }
    assert_eq!(names(folder.path()), ["bundle", "program"]);
}

#[test]
fn a_link_in_place_of_the_release_is_not_followed() {
    let (folder, executable) = place();
    let out = folder.path().join("bundle");
    let packed = pack(&release(PROGRAM, b"{}"), &executable, &files(), &out).expect("packed");
    fs::create_dir(folder.path().join("elsewhere")).expect("made");
    let into = folder.path().join("release");
    for target in ["elsewhere", "nowhere"] {
        symlink(target, &into).expect("a link");
        assert!(matches!(unpack(&out, &packed, &into), Err(BundleError::Exists { .. })));
        fs::remove_file(&into).expect("removed");
    }
    assert_eq!(names(&folder.path().join("elsewhere")), Vec::<String>::new());
    assert_eq!(names(folder.path()), ["bundle", "elsewhere", "program"]);
}
