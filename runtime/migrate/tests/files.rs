//! Reading a history's folder: what a build wrote, and nothing that a link or a large file could make of it.

mod support;

use std::fs;
use std::path::Path;

use cell_migrate::read_history;
use cell_schema::history::{History, write};
use support::*;

fn written(folder: &Path) -> History {
    let history = history(&[&schema(vec![table("a", vec![column("x", TEXT)])])]);
    for (name, bytes) in write(&history) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    history
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let history = written(folder.path());
    assert_eq!(read_history(folder.path()).unwrap(), Some(history));
}

#[test]
fn hidden_files_are_no_part_of_a_history() {
    let folder = tempfile::tempdir().unwrap();
    let history = written(folder.path());
    let migration = folder.path().join("migrations").join(&history.migrations[0].name);
    for path in
        [folder.path().join("migrations/.DS_Store"), migration.join(".cell-Xa3f"), migration.join(".change.json.swp")]
    {
        fs::write(path, [0xff]).unwrap();
    }
    assert_eq!(read_history(folder.path()).unwrap(), Some(history));
}

#[test]
fn a_database_that_was_never_built_has_no_history() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read_history(&folder.path().join("shop")).unwrap(), None);
    assert_eq!(read_history(folder.path()).unwrap(), None);
}

#[test]
fn an_edited_script_is_refused_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let history = written(folder.path());
    let file = format!("migrations/{}/expand.sqlite.sql", history.migrations[0].name);
    let path = folder.path().join(&file);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("CREATE TABLE", "CREATE  TABLE")).unwrap();
    let error = read_history(folder.path()).unwrap_err();
    assert_eq!(error.code(), "history-edited", "{error}");
}

#[test]
fn links_and_deeper_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("migrations/passwd")).unwrap();
    let error = read_history(folder.path()).unwrap_err();
    assert_eq!(error.code(), "history-unreadable");
    assert!(error.to_string().contains("no links"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    fs::create_dir_all(folder.path().join("migrations/a/b/c/d/e")).unwrap();
    assert_eq!(read_history(folder.path()).unwrap_err().code(), "history-unreadable");
}

#[test]
fn a_history_larger_than_any_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let large = fs::File::create(folder.path().join("snapshot.json")).unwrap();
    large.set_len(65 << 20).unwrap();
    assert!(read_history(folder.path()).unwrap_err().to_string().contains("larger"));
}
