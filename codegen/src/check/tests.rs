//! How rules are tested: a source in, the rendered diagnostics out.

use std::collections::BTreeMap;

use expect_test::Expect;

use super::{CODES, Rule, check};
use crate::lower::lower;
use crate::program::Program;
use crate::render;
use crate::scan;
use crate::topology::Topologies;

/// What every source of a test begins with, on a line of its own.
const PRELUDE: &str = "use cell::prelude::*;\n";

/// What is wrong with one source.
fn report(source: &str) -> String {
    report_files(&[], &[("src/main.rs", source)])
}

/// What is wrong with an application of several files, the first its root.
fn report_files(topologies: &[(&str, &str)], files: &[(&str, &str)]) -> String {
    let topologies = topologies.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let topologies = Topologies::parse(&BTreeMap::from_iter(topologies)).expect("topologies");
    let files: Vec<(String, String)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), format!("{PRELUDE}{text}"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let scanned = scan::from_sources(&files);
    let (program, mut diagnostics) = (scanned.program, scanned.diagnostics);
    if diagnostics.is_empty() {
        diagnostics = found(&program, &topologies);
    }
    render::human(&program, &diagnostics, render::Color::Never)
}

fn found(program: &Program, topologies: &Topologies) -> Vec<crate::program::Located> {
    check(program, &lower(program), topologies)
}

/// Holds that a source is refused, in these words.
#[track_caller]
pub(super) fn refused(source: &str, expected: Expect) {
    expected.assert_eq(&report(source));
}

/// Holds that an application of several files is refused, in these words.
#[track_caller]
pub(super) fn refused_files(files: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&report_files(&[], files));
}

/// Holds that a source is refused with these topologies, in these words.
#[track_caller]
pub(super) fn refused_in(topologies: &[(&str, &str)], source: &str, expected: Expect) {
    expected.assert_eq(&report_files(topologies, &[("src/main.rs", source)]));
}

/// Holds that a source is fine with these topologies.
#[track_caller]
pub(super) fn accepted_in(topologies: &[(&str, &str)], source: &str) {
    assert_eq!(report_files(topologies, &[("src/main.rs", source)]), "");
}

/// Holds that a source is fine.
#[track_caller]
pub(super) fn accepted(source: &str) {
    assert_eq!(report(source), "");
}

#[test]
fn a_rule_is_the_same_words_as_file_variant_and_code() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check");
    for rule in Rule::ALL {
        let variant = format!("{rule:?}");
        let words: String = rule.code().split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert_eq!(words, variant);
        let file = folder.join(format!("{}.rs", rule.code().replace('-', "_")));
        assert!(file.is_file(), "{} has no file", rule.code());
    }
    assert!(CODES.is_sorted(), "each code once, in order");
    let mut once = CODES.to_vec();
    once.dedup();
    assert_eq!(once.len(), CODES.len());
}
