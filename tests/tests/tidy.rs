//! The rules of the house that no lint knows, and the map held against the tree.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of Rust sources that are the project's own.
const SOURCES: [&str; 7] = ["attrs", "cargo-cell", "codegen", "examples", "runtime", "tests", "benches"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is below the root").to_owned()
}

/// Every Rust file below a folder, but what tests feed to the compiler.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "fixtures", "ui", ".cell"].contains(&name.as_str()) {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut files = Vec::new();
    for folder in SOURCES {
        rust_files(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "the sources are found");
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("UTF-8");
            (path.strip_prefix(&root).expect("below the root").display().to_string(), text)
        })
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "these begin without `//!`: {silent:#?}");
}

#[test]
fn no_file_is_longer_than_people_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 400)
        // A longer one says in its first lines why it is not split.
        .filter(|(_, text)| !text.lines().take(4).any(|line| line.contains("one file because")))
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "these are longer than 400 lines: {long:#?}");
}

#[test]
fn the_map_names_every_package_and_module() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let mut missing = Vec::new();
    for package in [
        "attrs",
        "cargo-cell",
        "codegen",
        "codegen/schema",
        "codegen/syntax",
        "runtime",
        "runtime/manifest",
        "runtime/migrate",
        "runtime/node",
    ] {
        assert!(map.contains(&format!("`{package}/`")), "the map does not name `{package}/`");
        for entry in fs::read_dir(root().join(package).join("src")).expect("sources") {
            let path = entry.expect("a readable folder").path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !path.join("mod.rs").exists() && !path.with_extension("rs").exists() {
                continue;
            }
            if ["lib", "main", "bin", "tests"].contains(&name.as_str()) {
                continue;
            }
            if !map.contains(&format!("`{name}`")) {
                missing.push(format!("{package}/src/{name}"));
            }
        }
    }
    missing.sort();
    missing.dedup();
    assert!(missing.is_empty(), "the map does not name: {missing:#?}");
}

#[test]
fn the_map_names_nothing_that_is_gone() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let gone: Vec<&str> = map
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.contains('/') && !word.contains(['*', ' ', '<', '{', '…', ':']))
        .filter(|word| !word.starts_with("cell/") && !word.starts_with(".cell") && !word.starts_with('/'))
        .filter(|word| !root().join(word).exists())
        .collect();
    assert!(gone.is_empty(), "the map names what is not there: {gone:#?}");
}

#[test]
fn all_lints_are_the_workspaces() {
    for entry in [
        "attrs",
        "cargo-cell",
        "codegen",
        "codegen/schema",
        "codegen/syntax",
        "examples/catalog",
        "runtime",
        "runtime/manifest",
        "runtime/migrate",
        "runtime/node",
        "tests",
    ] {
        let manifest = fs::read_to_string(root().join(entry).join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "`{entry}` has lints of its own");
    }
}
