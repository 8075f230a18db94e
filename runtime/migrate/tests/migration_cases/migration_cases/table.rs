//! Holds `CASES.md` against the tests: every number is there once, every test that it names exists, and it names every test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How many cases have a number.
const NUMBERED: usize = 56;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The names of the tests in a file, or in all files below a folder.
fn functions(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            functions(&entry.unwrap().path(), found);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let tests = text.split("#[tokio::test]\n").skip(1);
    found.extend(
        tests.map(|test| test.trim_start().trim_start_matches("async fn ").split('(').next().unwrap().to_owned()),
    );
}

/// The cells of each row of the tables, without their heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| --- "));
    let rows = rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    rows.filter(|row| row.last() == Some(&"✓")).collect()
}

#[test]
fn the_table_of_cases_names_every_test_and_no_other() {
    let text = fs::read_to_string(tests().join("CASES.md")).unwrap();
    let mut own = BTreeSet::new();
    functions(&tests().join("migration_cases"), &mut own);
    let (mut numbers, mut named) = (Vec::new(), BTreeSet::new());
    for row in rows(&text) {
        if let [number, _, _, _] = row[..] {
            numbers.push(number.parse::<usize>().unwrap());
        }
        let test = row[row.len() - 2];
        let (file, name) =
            test.split_once(": ").map_or((None, test), |(file, name)| (Some(file.trim_matches('`')), name));
        let name = name.trim_matches('`').to_owned();
        match file {
            Some(file) => {
                let mut others = BTreeSet::new();
                functions(&tests().join(file), &mut others);
                assert!(others.contains(&name), "`{file}` has no test `{name}`");
            }
            None => assert!(named.insert(name.clone()), "`{name}` is named twice"),
        }
    }
    assert_eq!(numbers, (1..=NUMBERED).collect::<Vec<_>>());
    assert_eq!(named, own);
}
