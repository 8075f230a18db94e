//! The records and the files of real builds, against the scan.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cell_codegen::program::Program;
use cell_codegen::records::{self, BuildError, How, ReadError, Record};
use cell_codegen::scan::Scanned;
use expect_test::expect;

use crate::fixture::{Fixture, diagnostic};

/// The records that a build of these declarations would leave.
fn records_of(program: &Program) -> Vec<Record> {
    let record = |declared: &cell_codegen::program::Declared| Record {
        kind: declared.kind().to_owned(),
        module_path: declared.module_path.clone(),
        name: declared.name(),
        fingerprint: declared.fingerprint,
    };
    program.declarations().iter().map(record).collect()
}

fn differences(scanned: &Scanned, records: &[Record]) -> String {
    let found = records::compare(&scanned.program, records);
    found.iter().map(|located| diagnostic(&scanned.program, located)).collect()
}

#[test]
fn records_that_equal_the_declarations_are_no_difference() {
    for name in ["orchard", "bazaar", "market"] {
        let scanned = Fixture::copy(name).scan();
        let mut records = records_of(&scanned.program);
        records.reverse();
        assert_eq!(differences(&scanned, &records), "");
    }
}

#[test]
fn each_difference_has_its_place() {
    let scanned = Fixture::copy("market").scan();
    let mut records = records_of(&scanned.program);
    records.retain(|record| record.name != "Stall" && record.name != "Good");
    let market = records.iter_mut().find(|record| record.name == "Market").expect("the database");
    market.fingerprint ^= 1;
    let mut made = market.clone();
    made.kind = "table".to_owned();
    made.name = "todo".to_owned();
    made.module_path = "market::made::by::a::macro".to_owned();
    records.push(made);
    expect![[r#"
        unscanned-declaration at app/src/lib.rs:1 `/`
          the binary has a table `todo` in `market::made::by::a::macro` that no source shows
          help: write the item out where a macro makes it; if it is under a `cfg` that a build script sets, remove that
        stale-record at app/src/lib.rs:6 `Market`
          the binary has the database `Market` in another form than this file
          help: build again; if this stays, another macro changes the item before Cell's attribute sees it: put that below
        unlinked-declaration at app/src/lib.rs:12 `Good`
          the table `Good` is not in the binary
          help: rustc leaves it out: a macro or a build script decides about it; write it without a `cfg`
        unlinked-declaration at domain/src/model.rs:4 `Stall`
          the table `Stall` is not in the binary, nor is anything else of `market_domain`
          help: add `use domain as _;` to `app/src/main.rs`: a crate that nothing names is not linked
    "#]].assert_eq(&differences(&scanned, &records));
}

#[test]
fn two_items_of_one_name_in_one_module_need_two_records() {
    let main = "fn f() { #[cell::message] struct A; }\nfn g() { #[cell::message] struct A { a: i64 } }";
    let scanned = Fixture::app(main, &[]).scan();
    let mut records = records_of(&scanned.program);
    assert_eq!(differences(&scanned, &records), "");
    records.pop();
    expect![[r#"
        unlinked-declaration at src/main.rs:2 `A`
          the message `A` is not in the binary
          help: rustc leaves it out: a macro or a build script decides about it; write it without a `cfg`
    "#]]
    .assert_eq(&differences(&scanned, &records));
}

/// Compiles a binary with two records in a dependency's manner, and one in a function.
fn binary(folder: &Path, flags: &[&str]) -> std::path::PathBuf {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runtime/src/lib.rs");
    let run = |arguments: &[&std::ffi::OsStr]| {
        let output =
            Command::new("rustc").current_dir(folder).args(arguments).args(flags).output().expect("rustc runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let library = ["--crate-type=rlib", "--crate-name=cell", "--edition=2024"];
    run(&library.map(AsRef::as_ref).into_iter().chain([runtime.as_os_str()]).collect::<Vec<_>>());
    std::fs::write(
        folder.join("shop.rs"),
        "mod r#type { cell::__record!(\"table\", \"Product\", \"00000000000000ff\"); }\n\
         cell::__record!(\"service\", \"r#in\", \"0000000000000001\");\n\
         fn unused() { cell::__record!(\"message\", \"Note\", \"ffffffffffffffff\"); }\n\
         cell::main!();\n",
    )
    .expect("a source");
    let binary = ["--crate-name=shop", "--edition=2024", "--extern=cell=libcell.rlib", "-Adead_code", "shop.rs"];
    run(&binary.map(AsRef::as_ref));
    folder.join(format!("shop{}", std::env::consts::EXE_SUFFIX))
}

#[test]
fn records_are_read_from_debug_and_release_binaries() {
    let builds: [&[&str]; 3] = [
        &[],
        &["-Copt-level=3", "-Clto=fat", "-Cstrip=symbols", "-Ccodegen-units=1"],
        &["-Copt-level=1", "-Cembed-bitcode=yes", "-Clto=thin", "-Cdebuginfo=2"],
    ];
    for flags in builds {
        let folder = tempfile::tempdir().expect("a folder");
        let mut records = records::read(&binary(folder.path(), flags)).expect("a binary with records");
        records.sort();
        let found: Vec<String> = records
            .iter()
            .map(|record| format!("{} {} {} {:x}", record.kind, record.module_path, record.name, record.fingerprint))
            .collect();
        let expected = ["message shop Note ffffffffffffffff", "service shop in 1", "table shop::r#type Product ff"];
        assert_eq!(found, expected, "{flags:?}");
    }
}

#[test]
fn files_that_are_no_binaries_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    assert!(matches!(records::read(&path), Err(ReadError::File { .. })));
    assert!(matches!(records::read(folder.path()), Err(ReadError::File { .. } | ReadError::Format { .. })));
    for content in
        [&b""[..], b"MZ", b"\x7fELF", b"\x7fELF\x02\x01\x01", b"#!/bin/sh\n", &[0; 4096], b"\xca\xfe\xba\xbe"]
    {
        std::fs::write(&path, content).expect("a file");
        assert!(matches!(records::read(&path), Err(ReadError::Format { .. })), "{content:?}");
    }
}

#[test]
fn a_damaged_binary_gives_records_or_an_error_but_never_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(binary(folder.path(), &["-Cstrip=symbols"])).expect("the binary");
    let path = folder.path().join("damaged");
    // The headers at both ends are what a reader trusts; a generator of fixed seed damages them.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..=round % 8 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let near = usize::try_from(seed % 2048).expect("small");
            let at = if round % 2 == 0 { near } else { bytes.len() - 1 - near };
            bytes[at] = (seed >> 32) as u8;
        }
        if round % 5 == 0 {
            bytes.truncate(usize::try_from(seed % whole.len() as u64).expect("in memory"));
        }
        std::fs::write(&path, bytes).expect("a file");
        drop(records::read(&path));
    }
}

#[test]
fn a_build_is_compared_by_its_records_and_files() {
    let main = "macro_rules! hidden { () => { mod made; cell::__record!(\"table\", \"Made\", \"0000000000000001\"); } }\n\
        hidden!();\nmod plain;\nmod only_tests;\nmod text {\n    pub const TEXT: &str = include_str!(\"with space.rs\");\n}\n\
        include!(\"included.rs\");\n#[cfg(by_build_script)]\nmod set;\n#[cfg(not(by_build_script))]\nmod unset;";
    let files = [
        ("build.rs", "fn main() { println!(\"cargo:rustc-cfg=by_build_script\"); }"),
        ("src/made.rs", ""),
        ("src/plain.rs", ""),
        ("src/only_tests.rs", "#![cfg(test)]\nmod without_a_file;"),
        ("src/with space.rs", "not Rust"),
        ("src/included.rs", "pub const INCLUDED: i64 = 1;"),
        ("src/set.rs", ""),
        ("src/unset.rs", ""),
    ];
    let fixture = Fixture::app(main, &files);
    let scanned = fixture.scan();
    assert!(scanned.diagnostics.is_empty());
    let mut output = Vec::new();
    let options = fixture.options();
    let outcome = records::build(&scanned.program, &options, &How::Usual(&BTreeMap::new()), false, &mut |bytes| {
        output.extend_from_slice(bytes)
    });
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output)));
    assert!(String::from_utf8_lossy(&output).contains("Compiling app"));
    let differences = records::verify(&scanned.program, &outcome).expect("what cargo built can be read");
    let show =
        |located: &Vec<_>| located.iter().map(|located| diagnostic(&scanned.program, located)).collect::<String>();
    expect![[r#"
        unscanned-declaration at src/main.rs:1 `Made`
          the binary has a table `Made` in `app` that no source shows
          help: write the item out where a macro makes it; if it is under a `cfg` that a build script sets, remove that
        unwalked-file at src/main.rs:1 `m`
          rustc compiles `src/made.rs`, but no `mod` of this crate names it
          help: write the `mod` outside of the macro that makes it, so that its declarations can be seen
    "#]]
    .assert_eq(&show(&differences.errors));
    expect![[r#"
        unwalked-file at src/main.rs:8 `include`
          `src/included.rs` is included here; what it declares is not scanned
          help: write tables, cells and messages in modules; their records are compared
        unwalked-file at src/set.rs:1 ``
          rustc compiles this file, under a `cfg` that the scan takes for false
          help: a build script may set it; its declarations are compared by their records
        unwalked-file at src/unset.rs:1 ``
          rustc does not compile this file, under a `cfg` that the scan takes for true
          help: a build script may set it; its declarations are compared by their records
    "#]]
    .assert_eq(&show(&differences.notes));
}

#[test]
fn a_build_that_fails_says_what_rustc_says() {
    let fixture = Fixture::app("fn f() -> i64 { \"text\" }", &[]);
    let scanned = fixture.scan();
    let mut output = Vec::new();
    let outcome =
        records::build(&scanned.program, &fixture.options(), &How::Usual(&BTreeMap::new()), false, &mut |bytes| {
            output.extend_from_slice(bytes)
        });
    assert!(matches!(outcome, Err(BuildError::Failed { code: Some(101) })), "{outcome:?}");
    assert!(String::from_utf8_lossy(&output).contains("mismatched types"));
}
