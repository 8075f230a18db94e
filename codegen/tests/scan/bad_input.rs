//! Sources and packages that are wrong: each gives a diagnostic with a place and a help line, and none ends the scan.

use cell_codegen::scan::{CODES, ScanError, scan};
use expect_test::{Expect, expect};

use crate::fixture::{Fixture, diagnostics};

fn check(fixture: &Fixture, expected: Expect) {
    let scanned = fixture.scan();
    let known = |code: &str| CODES.contains(&code) || cell_syntax::parse::CODES.contains(&code);
    assert!(scanned.diagnostics.iter().all(|located| known(located.diagnostic.code)));
    expected.assert_eq(&diagnostics(&scanned));
}

#[test]
fn sources_that_do_not_parse_are_shown_together() {
    let main = "mod open;\nmod broken;\nmod text;\nmod empty;\nmod end;";
    let files = [
        ("src/open.rs", "struct A {\n"),
        ("src/broken.rs", "pub fn f() {}\n\nstruct 1;\n"),
        ("src/text.rs", "const A: &str = \"never closed;\n"),
        ("src/empty.rs", ""),
        ("src/end.rs", "pub fn f()\n"),
    ];
    check(
        &Fixture::app(main, &files),
        expect![[r#"
        syntax-error at src/broken.rs:3 `1`
          this file does not parse: expected identifier
          help: `cargo check` shows all of rustc's errors
        syntax-error at src/end.rs:1 `)`
          this file does not parse: unexpected end of input, expected curly braces
          help: `cargo check` shows all of rustc's errors
        syntax-error at src/open.rs:1 `{`
          this file does not parse: expected a token of Rust; a bracket or a quote may be open
          help: `cargo check` shows all of rustc's errors
        syntax-error at src/text.rs:1 `;`
          this file does not parse: expected a token of Rust; a bracket or a quote may be open
          help: `cargo check` shows all of rustc's errors
    "#]],
    );
}

#[test]
fn a_file_that_is_not_utf8_is_refused() {
    let fixture = Fixture::app("mod latin;", &[]);
    fixture.write("src/latin.rs", b"// caf\xe9\nstruct A;\n");
    check(
        &fixture,
        expect![[r#"
        not-utf8 at src/latin.rs:1 `�`
          `src/latin.rs` is not UTF-8
          here: the byte 0xe9
          help: save the file as UTF-8; Rust sources have no other encoding
    "#]],
    );
}

#[test]
fn a_module_without_a_file_and_one_with_two_are_refused() {
    let main = "mod nowhere;\nmod twice;\n#[path = \"gone.rs\"]\nmod moved;\nfn f() {\n    mod inside;\n}\n\
                #[cfg(feature = \"extra\")]\nmod absent;\n#[cfg(test)]\nmod tests;\nmod above { mod missing; }";
    check(
        &Fixture::app(main, &[("src/twice.rs", ""), ("src/twice/mod.rs", "")]),
        expect![[r#"
        module-not-found at src/main.rs:1 `nowhere`
          the module `nowhere` has no file
          help: create `src/nowhere.rs` or `src/nowhere/mod.rs`
        ambiguous-module at src/main.rs:2 `twice`
          the module `twice` has two files: `src/twice.rs` and `src/twice/mod.rs`
          help: remove one of them
        module-not-found at src/main.rs:4 `moved`
          the module `moved` has no file
          help: create `src/gone.rs`, or correct `#[path]`
        module-not-found at src/main.rs:6 `inside`
          the module `inside` has no file
          help: name its file with `#[path]`, or move the module out of the function
        module-not-found at src/main.rs:12 `missing`
          the module `missing` has no file
          help: create `src/above/missing.rs` or `src/above/missing/mod.rs`
    "#]],
    );
}

#[test]
fn a_circle_of_modules_is_refused() {
    let files = [
        ("src/a.rs", "#[path = \"b.rs\"]\nmod b;\n"),
        ("src/b.rs", "#[path = \"a.rs\"]\nmod a;\n"),
        ("src/own.rs", "#[path = \"own.rs\"]\nmod own;\n"),
    ];
    check(
        &Fixture::app("mod a;\nmod own;", &files),
        expect![[r#"
        cyclic-module at src/b.rs:2 `a`
          this module contains itself: `src/a.rs` → `src/b.rs` → `src/a.rs`
          help: remove one of the `mod`s; another module's items are reached with `use`
        cyclic-module at src/own.rs:2 `own`
          this module contains itself: `src/own.rs` → `src/own.rs`
          help: remove one of the `mod`s; another module's items are reached with `use`
    "#]],
    );
}

#[test]
fn brackets_nested_without_end_do_not_exhaust_the_stack() {
    let deep = format!("const A: () = {}{};", "(".repeat(50_000), ")".repeat(50_000));
    check(
        &Fixture::app("mod deep;", &[("src/deep.rs", &deep)]),
        expect![[r#"
        syntax-error at src/deep.rs:1 `(`
          brackets are nested more than 128 deep
          help: move the inner part to a function or a file of its own
    "#]],
    );
}

#[test]
fn a_schema_that_depends_on_cfg_is_refused_in_every_build() {
    let main = "use cell::prelude::*;\n\
        #[cfg(feature = \"extra\")]\n#[Database::table]\nstruct Own { #[key] id: i64 }\n\
        #[cfg(not(feature = \"extra\"))]\n#[Database::value]\nstruct Other(i64);\n\
        #[cfg_attr(feature = \"extra\", Database::enumeration)]\nenum Attribute { A }\n\
        #[Database::table]\n#[cfg_attr(unix, index(name))]\nstruct Helper { #[key] id: i64, name: String }\n\
        #[Database::table]\n#[cfg_attr(unix, Search::index)]\nstruct Searched { #[key] id: i64, #[text] name: String }\n\
        #[Database::table]\nstruct Field { #[key] id: i64, #[cfg(unix)] name: String }\n\
        #[cfg(windows)]\nmod windows;\n\
        #[cfg(not(test))]\n#[Database::value]\nstruct Fine(i64);\n\
        #[Database::value]\n#[cfg_attr(feature = \"extra\", derive(Debug))]\nstruct AlsoFine(i64);";
    let files = [("src/windows.rs", "#[cell::Database::sqlite(file = \"a.db\")]\nstruct Around {}\nmod gone;\n")];
    check(
        &Fixture::app(main, &files),
        expect![[r#"
            schema-depends-on-cfg at src/main.rs:4 `Own`
              the table `Own` depends on `cfg`
              the condition: src/main.rs:2 `#[cfg(feature = "extra")]`
              help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
            schema-depends-on-cfg at src/main.rs:7 `Other`
              the value `Other` depends on `cfg`
              the condition: src/main.rs:5 `#[cfg(not(feature = "extra"))]`
              help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
            schema-depends-on-cfg at src/main.rs:9 `Attribute`
              the enumeration `Attribute` depends on `cfg`
              the condition: src/main.rs:8 `#[cfg_attr(feature = "extra", Database::enumeration)]`
              help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
            schema-depends-on-cfg at src/main.rs:12 `Helper`
              the table `Helper` depends on `cfg`
              the condition: src/main.rs:11 `#[cfg_attr(unix, index(name))]`
              help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
            schema-depends-on-cfg at src/main.rs:15 `Searched`
              the search index `Searched` depends on `cfg`
              the condition: src/main.rs:14 `#[cfg_attr(unix, Search::index)]`
              help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
            conditional-member at src/main.rs:17 `#[cfg(unix)]`
              this field depends on `cfg`
              help: remove the condition, or put it on the whole item where the item may depend on one
            schema-depends-on-cfg at src/windows.rs:2 `Around`
              the database `Around` depends on `cfg`
              the condition: src/main.rs:18 `#[cfg(windows)]`
              help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
        "#]],
    );
}

#[test]
fn attributes_that_do_not_work_yet_are_refused_also_on_functions() {
    let main = "#[cell::Latency::budget(\"50ms\")]\nfn function() {}\n\
        struct A;\nimpl A { #[cell::Telemetry::span] fn method(&self) {} }\n#[cell::message = \"x\"]\nstruct B;";
    check(
        &Fixture::app(main, &[]),
        expect![[r#"
        not-yet at src/main.rs:2 `function`
          `#[Latency::budget]` does not work in this version of Cell
          help: remove `#[Latency::budget]`; it is refused so that nothing is silently left undone
        not-yet at src/main.rs:4 `method`
          `#[Telemetry::span]` does not work in this version of Cell
          help: remove `#[Telemetry::span]`; it is refused so that nothing is silently left undone
        attribute-syntax at src/main.rs:5 `=`
          an attribute macro takes its arguments in parentheses
          help: write `#[message(…)]`
    "#]],
    );
}

#[test]
fn a_package_without_main_is_no_application() {
    check(
        &Fixture::bare(&[("src/main.rs", "fn main() {}\n")]),
        expect![[r#"
        no-application at Cargo.toml:1 `[package]`
          `app` is no application: no binary has a `cell::main!()`
          help: write `cell::main!();` in `src/main.rs` in place of `fn main`, or name another package with `-p`
    "#]],
    );
    check(
        &Fixture::bare(&[("src/lib.rs", "")]),
        expect![[r#"
        no-application at Cargo.toml:1 `[package]`
          `app` is no application: no binary has a `cell::main!()`
          help: write `cell::main!();` in `src/main.rs` in place of `fn main`, or name another package with `-p`
    "#]],
    );
}

#[test]
fn a_workspace_without_an_application_and_a_package_that_is_not_there_are_named() {
    let fixture = Fixture::copy("market");
    fixture.write("app/src/main.rs", b"fn main() {}");
    check(
        &fixture,
        expect![[r#"
        no-application at Cargo.toml:1 `[workspace]`
          this workspace is no application: no binary has a `cell::main!()`
          help: write `cell::main!();` in `src/main.rs` in place of `fn main`, or name another package with `-p`
    "#]],
    );
    let scanned = fixture.scan_with(|options| options.package = Some("markt".to_owned()));
    expect![[r#"
        no-application at Cargo.toml:1 `[workspace]`
          this workspace has no package `markt`
          help: did you mean `market`?
    "#]]
    .assert_eq(&diagnostics(&scanned));
}

#[test]
fn two_applications_must_be_told_apart() {
    let fixture = Fixture::copy("market");
    fixture.write("tool/src/main.rs", b"cell::main!();");
    check(
        &fixture,
        expect![[r#"
        several-applications at tool/src/main.rs:1 `cell::main`
          this workspace has more than one application: `market` and `tool`
          help: choose one with `-p`, such as `-p market`
    "#]],
    );
    let scanned = fixture.scan_with(|options| options.package = Some("market".to_owned()));
    assert!(scanned.diagnostics.is_empty(), "{}", diagnostics(&scanned));

    let bins = [("src/main.rs", "cell::main!();\n"), ("src/bin/second.rs", "use cell::main;\nmain!();\n")];
    check(
        &Fixture::bare(&bins),
        expect![[r#"
        several-applications at src/bin/second.rs:2 `main`
          `app` has more than one binary with `cell::main!()`
          here: `second` has one, as has `app`
          help: move all but one to packages of their own: an application is one binary
    "#]],
    );
}

#[test]
fn a_binary_that_is_not_built_is_no_second_application() {
    let fixture = Fixture::app("", &[("src/bin/second.rs", "#[cfg(feature = \"extra\")]\ncell::main!();\n")]);
    assert_eq!(diagnostics(&fixture.scan()), "");
}

#[test]
fn a_manifest_that_is_not_there_or_does_not_parse_is_an_error() {
    let fixture = Fixture::app("", &[]);
    let mut options = fixture.options();
    options.manifest_path = fixture.path("nowhere/Cargo.toml");
    assert!(matches!(scan(&options), Err(ScanError::Manifest(_))));
    fixture.write("Cargo.toml", b"[package");
    assert!(matches!(scan(&fixture.options()), Err(ScanError::Metadata(_))));
    let mut options = Fixture::app("", &[]).options();
    options.target = Some("no-such-target".to_owned());
    assert!(matches!(scan(&options), Err(ScanError::Rustc(_) | ScanError::Manifest(_))));
}
