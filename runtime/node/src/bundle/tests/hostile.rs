//! Archives as an attacker sends them: with the right hash, and anything inside.

use std::fs;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use tar::{EntryType, Header};

use super::{PROGRAM, names, release};
use crate::bundle::{BundleError, Index, MANIFEST, Release, archive, index, unpack};

/// An archive that is built a member at a time, whose index is its own.
struct Hostile {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Hostile {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), bytes: Vec::new() }
    }

    /// A header as `pack` writes it, but for what `change` does to it.
    fn add(mut self, name: &str, content: &[u8], change: impl Fn(&mut Header)) -> Self {
        let mut header = archive::header("cell/x", content.len() as u64).expect("a header");
        let field = &mut header.as_ustar_mut().expect("ustar").name;
        field.fill(0);
        field[..name.len()].copy_from_slice(name.as_bytes());
        change(&mut header);
        header.set_cksum();
        self.bytes.extend(header.as_bytes());
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, content: &[u8]) -> Self {
        self.add(name, content, |header| header.set_mode(archive::mode(name)))
    }

    fn good(self, release: &Release) -> Self {
        let description = release.to_json().expect("text");
        self.file("bin/catalog", PROGRAM).file(MANIFEST, b"{}").file("release.json", description.as_bytes())
    }

    fn end(mut self) -> Self {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self
    }

    fn unpack(&self) -> Result<Release, BundleError> {
        let path = self.folder.path().join("bundle");
        fs::write(&path, &self.bytes).expect("written");
        let index: Index = index(&path).expect("an index");
        let unpacked = unpack(&path, &index, &self.folder.path().join("into"));
        if unpacked.is_err() {
            assert_eq!(names(self.folder.path()), ["bundle"]);
        }
        unpacked
    }

    fn refused(self, expected: Expect) {
        expected.assert_eq(&self.end().unpack().expect_err("refused").to_string());
    }
}

#[test]
fn a_made_up_archive_of_the_right_form_is_accepted() {
    let release = release(PROGRAM, b"{}");
    assert_eq!(Hostile::new().good(&release).end().unpack().expect("unpacked"), release);
}

#[test]
fn every_kind_but_a_file_is_refused() {
    for (kind, word) in [
        (EntryType::Symlink, "symbolic link"),
        (EntryType::Link, "hard link"),
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
        (EntryType::Directory, "folder"),
        (EntryType::Fifo, "pipe"),
        (EntryType::GNUSparse, "sparse file"),
        (EntryType::GNULongName, "mark of another kind of archive"),
        (EntryType::GNULongLink, "mark of another kind of archive"),
        (EntryType::XGlobalHeader, "mark of another kind of archive"),
        (EntryType::XHeader, "mark of another kind of archive"),
        (EntryType::Continuous, "mark of another kind of archive"),
        (EntryType::new(b'S' + 1), "mark of another kind of archive"),
    ] {
        let hostile = Hostile::new().add("cell/x", b"", |header| {
            header.set_entry_type(kind);
            header.set_link_name_literal("/etc/passwd").expect("set");
        });
        let error = hostile.end().unpack().expect_err("refused");
        assert_eq!(error.to_string(), format!("`cell/x` is a {word}: a bundle holds regular files only"));
    }
}

#[test]
fn every_name_that_leads_elsewhere_is_refused() {
    for name in [
        "/etc/passwd",
        "../x",
        "cell/../x",
        "cell/./x",
        "cell//x",
        "cell/",
        "cell",
        "bin/a/b",
        "bin/",
        "",
        "etc/x",
        "cell/a\\b",
        "cell/\u{1b}[2J",
        "release.json/x",
    ] {
        let error = Hostile::new().file(name, b"").end().unpack().expect_err("refused");
        assert!(matches!(error, BundleError::Name { .. }), "{name:?}: {error}");
        assert!(!error.to_string().contains(char::is_control));
    }
    let error = Hostile::new().add("cell/x", b"", |header| header.as_ustar_mut().expect("ustar").name[5] = 0xff);
    error.refused(expect!["`cell/�` has no place in a bundle: it is not UTF-8"]);
    Hostile::new()
        .file("cell/a", b"")
        .file("cell/a", b"")
        .refused(expect!["`cell/a` has no place in a bundle: it occurs twice or out of order"]);
    Hostile::new()
        .file("cell/b", b"")
        .file("cell/a", b"")
        .refused(expect!["`cell/a` has no place in a bundle: it occurs twice or out of order"]);
    Hostile::new()
        .file("cell/a", b"")
        .file("cell/a-", b"")
        .file("cell/a/b", b"")
        .refused(expect!["`cell/a/b` has no place in a bundle: what it is in is a file itself"]);
}

#[test]
fn marks_that_no_bundle_has_are_refused() {
    let changes: [fn(&mut Header); 8] = [
        |header| header.set_mode(0o4755),
        |header| header.set_mode(0o755),
        |header| header.set_uid(1000),
        |header| header.set_gid(1000),
        |header| header.set_mtime(1),
        |header| header.set_username("root").expect("set"),
        |header| header.set_link_name_literal("x").expect("set"),
        |header| header.as_mut_bytes()[156] = 0,
    ];
    for change in changes {
        let error = Hostile::new().add("cell/x", b"", change).end().unpack().expect_err("refused");
        assert!(matches!(error, BundleError::Form { at: 0, .. }), "{error}");
    }
}

#[test]
fn lengths_that_are_not_there_are_refused() {
    let large = |size: u64| Hostile::new().add("cell/x", b"", move |header| header.set_size(size));
    large(1).refused(expect!["the bundle is damaged at byte 1536: it is cut short: failed to fill whole buffer"]);
    large(4096).refused(expect!["the bundle is damaged at byte 0: `cell/x` is longer than what follows"]);
    large(1 << 40).refused(expect![
        "the bundle holds too much: `cell/x` has 1099511627776 bytes, but 67108864 bytes is the most"
    ]);
    large(u64::MAX >> 1).refused(expect![
        "the bundle holds too much: `cell/x` has 9223372036854775807 bytes, but 67108864 bytes is the most"
    ]);
    let mut many = Hostile::new();
    for number in 0..10_001 {
        many = many.file(&format!("cell/{number:05}"), b"");
    }
    many.refused(expect!["the bundle holds too much: more files, but 10000 is the most"]);
}

#[test]
fn bytes_that_no_file_holds_are_refused() {
    let release = release(PROGRAM, b"{}");
    let mut padded = Hostile::new().good(&release);
    padded.bytes[512 + PROGRAM.len()] = 1;
    padded.refused(expect!["the bundle is damaged at byte 523: what fills a file's last block is not empty"]);
    let mut behind = Hostile::new().good(&release).end();
    behind.bytes.push(0);
    assert!(matches!(behind.unpack(), Err(BundleError::Form { .. })));
    let mut cut = Hostile::new().good(&release).end();
    cut.bytes.truncate(cut.bytes.len() - 512);
    assert!(matches!(cut.unpack(), Err(BundleError::Form { .. })));
    let mut noise = Hostile::new();
    noise.bytes = (0..4096_u32).flat_map(|number| blake3::hash(&number.to_le_bytes()).as_bytes().to_vec()).collect();
    assert!(noise.unpack().is_err());
}

#[test]
fn an_archive_that_disagrees_with_its_description_is_refused() {
    let good = release(PROGRAM, b"{}");
    Hostile::new().good(&release(b"another", b"{}")).refused(expect![
        "`bin/catalog` has the hash 1d12578e0812, but cee450a24062 was promised: it was changed or cut, send it again"
    ]);
    Hostile::new().good(&release(PROGRAM, b"[]")).refused(expect!["`cell/manifest.json` has the hash 6e46dd10defc, but d53d18c23212 was promised: it was changed or cut, send it again"]);
    let json = good.to_json().expect("text");
    let described = |json: &str| {
        Hostile::new().file("bin/catalog", PROGRAM).file(MANIFEST, b"{}").file("release.json", json.as_bytes())
    };
    described(&json.replace("\"format\": 1", "\"format\": 2")).refused(expect![
        "the bundle has format 2, but this version reads format 1: use one version of Cell to pack and to run"
    ]);
    described(&json.replace("catalog", "../../x")).refused(expect!["`application` in `release.json` is refused: a name has 1 to 64 letters, digits, `_` and `-`, and does not begin with `-`"]);
    described(json.trim_end())
        .refused(expect!["`release.json` is not of the form that was expected: it is not written as Cell writes it"]);
    described("\u{0}")
        .refused(expect!["`release.json` is not of the form that was expected: expected value at line 1 column 1"]);
    Hostile::new().refused(expect!["the bundle has no `release.json`"]);
    Hostile::new().file("release.json", json.as_bytes()).refused(expect!["the bundle has no `bin/catalog`"]);
    Hostile::new()
        .file("bin/catalog", PROGRAM)
        .file("release.json", json.as_bytes())
        .refused(expect!["the bundle has no `cell/manifest.json`"]);
    Hostile::new()
        .file("bin/another", b"")
        .good(&good)
        .refused(expect!["`bin/another` has no place in a bundle: the release names another executable"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    // `Hostile::unpack` looks that nothing is left beside.
    #[test]
    fn changed_bytes_are_refused_or_are_read_as_they_are(changes in proptest::collection::vec((0_usize..5120, 1_u8..=255), 1..4)) {
        let good = release(PROGRAM, b"{}");
        let description = good.to_json().expect("text");
        // The release's own members are checked by the hashes in its description; `cell/a` is anybody's.
        let mut hostile = Hostile::new()
            .file("bin/catalog", PROGRAM)
            .file("cell/a", b"free")
            .file(MANIFEST, b"{}")
            .file("release.json", description.as_bytes())
            .end();
        let mut touched = hostile.bytes.clone();
        for (at, change) in changes {
            let at = at % touched.len();
            touched[at] ^= change;
        }
        let free = 3 * 512..3 * 512 + 4;
        let described = 7 * 512..7 * 512 + description.len();
        let changed: Vec<usize> = (0..touched.len()).filter(|at| touched[*at] != hostile.bytes[*at]).collect();
        hostile.bytes = touched;
        match hostile.unpack() {
            // Of the description itself, such as the name of a profile, only the bundle's hash knows what it was.
            Ok(unpacked) => {
                prop_assert!(changed.iter().all(|at| free.contains(at) || described.contains(at)));
                let again = unpacked.to_json().expect("text");
                prop_assert_eq!(again.as_bytes(), &hostile.bytes[described]);
            }
            Err(_) => prop_assert!(changed.iter().any(|at| !free.contains(at))),
        }
    }

    #[test]
    fn noise_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let mut hostile = Hostile::new();
        hostile.bytes = bytes;
        prop_assert!(hostile.unpack().is_err());
    }
}
