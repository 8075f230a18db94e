//! Every code has a page, and what a page says is what the compiler does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cell_codegen::emit::{self, Previous};
use cell_codegen::model::UNFOLLOWED;
use cell_codegen::topology::{self, Topologies};
use cell_codegen::{check, lower, records, scan};

use super::{AREAS, page};

/// The command's own codes.
const OWN: &[&str] =
    &["client-key", "daemon-failed", "no-daemon", "node-protocol", "node-unreachable", "not-released", "query-refused"];

/// Codes that a single source text may yield, besides those of the attributes and the declarations.
const OF_ONE_SOURCE: [&str; 8] = [
    "expression-engine",
    "expression-overflow",
    "expression-raw",
    "expression-type",
    "index-columns",
    "schema-depends-on-cfg",
    "sql-name-clash",
    "syntax-error",
];

fn codes() -> BTreeSet<&'static str> {
    [scan::CODES, topology::CODES, records::CODES, cell_schema::CODES, cell_migrate::CODES, cell_node::CODES, OWN]
        .into_iter()
        .flatten()
        .chain(&cell_syntax::parse::CODES)
        .chain(&check::CODES)
        .chain(&[UNFOLLOWED])
        .copied()
        .chain(cell_schema::hazard::HazardKind::ALL.map(cell_schema::hazard::HazardKind::code))
        .collect()
}

/// The example of a page whose first line is the comment `// wrong` or `// right`.
fn example(text: &'static str, which: &str) -> Option<&'static str> {
    let mut blocks = text.split("\n```").skip(1).step_by(2);
    blocks.find_map(|block| {
        let (_language, block) = block.split_once('\n')?;
        let (first, example) = block.split_once('\n')?;
        let mark = first.trim_start_matches(['/', '#', '-']).trim();
        (mark == which && !example.trim().is_empty()).then_some(example)
    })
}

/// Where the pages' applications run.
fn topologies() -> Topologies {
    let nodes = ["one", "two"]
        .map(|name| format!("[nodes.{name}]\nregion = \"us\"\naddress = \"{name}.example:7700\"\nkey = \"k\"\n"));
    let text = format!("format = 1\n[regions.eu]\n[regions.us]\n{}", nodes.concat());
    Topologies::parse(&BTreeMap::from([(topology::DEFAULT.to_owned(), text.into_bytes())])).expect("a topology")
}

/// What is wrong with a topology, if anything is.
fn read(topology: &str) -> Vec<&'static str> {
    let errors = topology::Topology::parse(topology::DEFAULT, topology.as_bytes()).err().unwrap_or_default();
    errors.iter().map(|_| "invalid-topology").collect()
}

#[test]
fn the_wrong_topology_is_refused_and_the_right_one_read() {
    let text = page("invalid-topology").expect("a page").text;
    assert!(!read(example(text, "wrong").expect("a wrong example")).is_empty());
    assert_eq!(read(example(text, "right").expect("a right example")), [""; 0]);
}

/// The codes of what the compiler says about one source.
fn compile(source: &str) -> Vec<&'static str> {
    let source = format!("use cell::prelude::*;\n{source}\n");
    let scanned = scan::from_sources(&[("src/main.rs", &source)]);
    let mut found = scanned.diagnostics;
    if found.is_empty() {
        let model = lower::lower(&scanned.program);
        found = check::check(&scanned.program, &model, &topologies());
        if found.is_empty() {
            found = emit::histories(&model, &Previous::default(), &Default::default()).err().unwrap_or_default();
        }
    }
    found.iter().map(|located| located.diagnostic.code).collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("codes");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the pages")
        .map(|entry| entry.expect("a page").path().file_stem().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    let pages: Vec<&str> = AREAS.iter().flat_map(|area| area.pages).map(|page| page.code).collect();
    let listed: BTreeSet<&str> = pages.iter().copied().collect();
    assert_eq!(pages.len(), listed.len(), "a code is listed twice");
    assert_eq!(listed, codes());
    assert_eq!(files.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn every_page_has_a_line_two_examples_and_a_reason() {
    for page in AREAS.iter().flat_map(|area| area.pages) {
        let mut lines = page.text.lines();
        assert_eq!(lines.next(), Some(format!("# {}", page.code).as_str()));
        assert!(page.summary().ends_with('.'), "`{}` has no line that sums it up", page.code);
        for which in ["wrong", "right"] {
            assert!(example(page.text, which).is_some(), "`{}` has no {which} example", page.code);
        }
        let reason = page.text.trim_end().rsplit("```\n\n").next().unwrap_or_default();
        assert!(reason.ends_with('.') && !reason.contains("```"), "`{}` has no reason", page.code);
    }
}

#[test]
fn wrong_examples_yield_their_code_and_right_ones_nothing() {
    let mut surprises = Vec::new();
    for code in cell_syntax::parse::CODES.iter().chain(&check::CODES).chain(&OF_ONE_SOURCE) {
        let text = page(code).expect("a page").text;
        let wrong = compile(example(text, "wrong").expect("a wrong example"));
        if wrong.is_empty() || wrong.iter().any(|found| found != code) {
            surprises.push(format!("{code}, wrong: {wrong:?}"));
        }
        let right = compile(example(text, "right").expect("a right example"));
        if !right.is_empty() {
            surprises.push(format!("{code}, right: {right:?}"));
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn a_handle_that_is_lost_is_a_remark_and_one_that_is_followed_is_none() {
    let text = page(UNFOLLOWED).expect("a page").text;
    let notes = |which: &str| {
        let source = format!("use cell::prelude::*;\n{}\n", example(text, which).expect("an example"));
        assert_eq!(compile(example(text, which).expect("an example")), [""; 0], "{which}");
        let model = lower::lower(&scan::from_sources(&[("src/main.rs", &source)]).program);
        let notes = model.caches.iter().flat_map(|cache| cache.notes(&model));
        notes.map(|note| note.diagnostic.code).collect::<Vec<_>>()
    };
    assert_eq!(notes("wrong"), [UNFOLLOWED]);
    assert_eq!(notes("right"), [""; 0]);
}
