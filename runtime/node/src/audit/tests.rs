//! Logs that were changed, cut and torn.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use expect_test::expect;
use proptest::prelude::*;

use super::{Audit, AuditError, Entry, verify};

const AT: &str = "2026-01-05T10:00:00Z";

fn entry(what: &str) -> Entry {
    let details = BTreeMap::from([("application".to_owned(), "catalog \"é\"\n".to_owned())]);
    Entry { at: AT.to_owned(), who: "local".to_owned(), what: what.to_owned(), outcome: "ok".to_owned(), details }
}

fn log(entries: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    let mut audit = Audit::open(&path, AT).expect("a log");
    for number in 0..entries {
        audit.append(&entry(&format!("deploy {number}"))).expect("added");
    }
    (folder, path)
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("a log").lines().map(str::to_owned).collect()
}

/// The line at which it is broken.
fn broken(path: &Path) -> u64 {
    let line = |error| match error {
        AuditError::BrokenAt { line, .. } => line,
        other => panic!("{other}"),
    };
    let found = line(verify(path).expect_err("broken"));
    let before = fs::read(path).expect("a log");
    assert_eq!(line(Audit::open(path, AT).expect_err("broken")), found);
    assert_eq!(fs::read(path).expect("a log"), before, "what is broken stays as it is");
    found
}

#[test]
fn entries_are_lines_that_verify() {
    let (_folder, path) = log(2);
    assert_eq!(verify(&path).expect("whole"), 2);
    assert_eq!(fs::metadata(&path).expect("a log").permissions().mode() & 0o7777, 0o600);
    expect![[r#"{"at":"2026-01-05T10:00:00Z","who":"local","what":"deploy 1","outcome":"ok","details":{"application":"catalog \"é\"\n"},"previous":"56050df79b6adebff940e6d2eb2ea28c6143d47fabb3c78a87b8c48d0d2b9f39","hash":"ec4827e4a706cf77503442a7f467c19be1644a50e7e6964fed5470311664f583"}"#]].assert_eq(&lines(&path)[1]);
    let mut audit = Audit::open(&path, AT).expect("a log");
    audit.append(&entry("rollback")).expect("added");
    assert_eq!(audit.count(), 3);
    assert_eq!(verify(&path).expect("whole"), 3);
    assert!(lines(&path)[2].ends_with(&format!("{}\"}}", audit.last())));
    assert!(lines(&path).iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[test]
fn an_empty_log_verifies_and_none_does_not() {
    let (folder, path) = log(0);
    assert_eq!(verify(&path).expect("whole"), 0);
    assert!(matches!(verify(&folder.path().join("none")), Err(AuditError::Io { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_changed_byte_is_found(at in 0_usize..2000, change in 1_u8..=255) {
        let (_folder, path) = log(5);
        let mut bytes = fs::read(&path).expect("a log");
        let at = at % bytes.len();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        bytes[at] ^= change;
        fs::write(&path, &bytes).expect("written");
        prop_assert_eq!(broken(&path), line);
    }
}

#[test]
fn a_line_that_was_removed_moved_or_repeated_is_found() {
    let (_folder, path) = log(5);
    let all = lines(&path);
    let write = |lines: &[&String]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).expect("written");
    };
    let [a, b, c, d, e] = all.iter().collect::<Vec<_>>()[..] else { panic!("five lines") };
    write(&[b, c, d, e]);
    assert_eq!(broken(&path), 1);
    write(&[a, b, d, e]);
    assert_eq!(broken(&path), 3);
    write(&[a, c, b, d, e]);
    assert_eq!(broken(&path), 2);
    write(&[a, b, b, c, d, e]);
    assert_eq!(broken(&path), 3);
    // Without the head these would be whole logs.
    write(&[a, b, c, d]);
    assert_eq!(broken(&path), 5);
    write(&[]);
    assert_eq!(broken(&path), 1);
    fs::remove_file(&path).expect("removed");
    assert!(matches!(Audit::open(&path, AT), Err(AuditError::BrokenAt { line: 1, .. })));
    write(&[a, b, c, d, e]);
    assert_eq!(verify(&path).expect("whole"), 5);
}

#[test]
fn a_head_that_is_damaged_or_old_is_found() {
    let (_folder, path) = log(2);
    let head = path.with_file_name("audit.log.head");
    let previous = fs::read(&head).expect("a head");
    let mut audit = Audit::open(&path, AT).expect("a log");
    audit.append(&entry("deploy")).expect("added");
    // As after a crash between the line and the head.
    fs::write(&head, &previous).expect("written");
    assert_eq!(verify(&path).expect("whole"), 3);
    let mut audit = Audit::open(&path, AT).expect("a log");
    audit.append(&entry("deploy")).expect("added");
    assert_eq!(verify(&path).expect("whole"), 4);
    fs::write(&head, &previous).expect("written");
    assert_eq!(broken(&path), 4);
    fs::remove_file(&head).expect("removed");
    assert_eq!(broken(&path), 2);
    fs::write(&head, "{}").expect("written");
    assert_eq!(broken(&path), 1);
}

#[test]
fn a_line_that_was_torn_by_a_crash_is_told() {
    let (_folder, path) = log(3);
    let whole = fs::read(&path).expect("a log");
    let head = path.with_file_name("audit.log.head");
    let noted = fs::read(&head).expect("a head");
    let mut audit = Audit::open(&path, AT).expect("a log");
    audit.append(&entry(&"long ".repeat(1000))).expect("added");
    let line = fs::read(&path).expect("a log").split_off(whole.len());
    for length in [1, 50, line.len() - 1] {
        // The crash came before the line was whole, so before the head was written.
        fs::write(&head, &noted).expect("written");
        fs::write(&path, [&whole, &line[..length]].concat()).expect("written");
        assert!(matches!(verify(&path), Err(AuditError::BrokenAt { line: 4, .. })));
        let mut audit = Audit::open(&path, AT).expect("repaired");
        assert_eq!(audit.count(), 4);
        let told = lines(&path).pop().expect("a line");
        assert!(told.contains("\"what\":\"repair\"") && told.contains(&format!("\"bytes\":\"{length}\"")), "{told}");
        audit.append(&entry("after")).expect("added");
        assert_eq!(verify(&path).expect("whole"), 5);
    }
    // A line that the head knows was not torn by a crash.
    fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    fs::write(&head, &noted).expect("written");
    assert_eq!(broken(&path), 3);
}

#[test]
fn an_entry_that_is_too_long_is_refused_and_the_log_goes_on() {
    let (_folder, path) = log(1);
    let mut audit = Audit::open(&path, AT).expect("a log");
    assert!(matches!(audit.append(&entry(&"x".repeat(70_000))), Err(AuditError::TooLong { .. })));
    audit.append(&entry("deploy")).expect("added");
    assert_eq!(verify(&path).expect("whole"), 2);
}

#[test]
fn a_head_that_could_not_be_written_is_written_before_the_next_line() {
    let (_folder, path) = log(1);
    let head = path.with_file_name("audit.log.head");
    let mut audit = Audit::open(&path, AT).expect("a log");
    // A folder in its place: a rename cannot replace it.
    let noted = fs::read(&head).expect("a head");
    fs::remove_file(&head).expect("removed");
    fs::create_dir(&head).expect("made");
    assert!(matches!(audit.append(&entry("deploy")), Err(AuditError::Io { .. })));
    assert!(matches!(audit.append(&entry("deploy")), Err(AuditError::Io { .. })));
    assert_eq!(lines(&path).len(), 2, "the log is never two lines ahead");
    fs::remove_dir(&head).expect("removed");
    fs::write(&head, &noted).expect("written");
    assert_eq!(verify(&path).expect("whole"), 2);
    audit.append(&entry("deploy")).expect("added");
    assert_eq!(verify(&path).expect("whole"), 3);
}
