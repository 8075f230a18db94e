//! Bad input, as a person meets it: a code, a place, what to do, exit code 1, and nothing written. Nothing is compiled.

use cell_tests::application::{Application, Purpose, differing};
use cell_tests::command::{Said, cell};
use serde_json::Value;

/// A mistake: what it is, its code, and the files that it is made of.
struct Case {
    what: &'static str,
    code: &'static str,
    files: &'static [(&'static str, &'static [u8])],
}

/// A `src/main.rs` of an application with these items.
macro_rules! application {
    ($items:literal) => {
        &[("src/main.rs", concat!("use cell::prelude::*;\n", $items, "\ncell::main!();\n").as_bytes())]
    };
}

const CASES: &[Case] = &[
    Case {
        what: "a source that does not parse",
        code: "syntax-error",
        files: application!("struct 1;"),
    },
    Case {
        what: "a source with an open bracket",
        code: "syntax-error",
        files: application!("struct A { a: i64,"),
    },
    Case { what: "a package that is no application", code: "no-application", files: &[("src/main.rs", b"fn main() {}\n")] },
    Case { what: "a package without a binary", code: "no-application", files: &[("src/lib.rs", b"")] },
    Case {
        what: "modules in a circle",
        code: "cyclic-module",
        files: &[
            ("src/main.rs", b"mod a;\ncell::main!();\n"),
            ("src/a.rs", b"#[path = \"b.rs\"]\nmod b;\n"),
            ("src/b.rs", b"#[path = \"a.rs\"]\nmod a;\n"),
        ],
    },
    Case {
        what: "a file that is not UTF-8",
        code: "not-utf8",
        files: &[("src/main.rs", b"mod a;\ncell::main!();\n"), ("src/a.rs", b"// caf\xe9\n")],
    },
    Case {
        what: "a table without a key",
        code: "table-without-key",
        files: application!("#[Database::table] struct A { id: i64 }"),
    },
    Case {
        what: "two tables of one name",
        code: "duplicate-table",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A>, b: Table<B> }
             #[Database::table] struct A { #[key] id: i64 }
             #[Database::table(name = \"a\")] struct B { #[key] id: i64 }"
        ),
    },
    Case {
        what: "a reference to nothing",
        code: "reference-to-nothing",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A> }
             #[Database::table] struct A { #[key] id: i64, #[references(B)] b: i64 }"
        ),
    },
    Case {
        what: "a reference into another database",
        code: "reference-into-another-database",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A> }
             #[Database::sqlite(file = \"e.db\")] struct E { b: Table<B> }
             #[Database::table] struct A { #[key] id: i64, #[references(B)] b: i64 }
             #[Database::table] struct B { #[key] id: i64 }"
        ),
    },
    Case {
        what: "a schema that depends on cfg",
        code: "schema-depends-on-cfg",
        files: application!("#[cfg(unix)] #[Database::table] struct A { #[key] id: i64 }"),
    },
    Case {
        what: "a column's name over 63 bytes",
        code: "name-too-long",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A> }
             #[Database::table] struct A { #[key] id: i64,
             a234567890123456789012345678901234567890123456789012345678901234: i64 }"
        ),
    },
    Case {
        what: "a table's name over 63 bytes, in two-byte letters",
        code: "name-too-long",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A> }
             #[Database::table(name = \"\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\")]
             struct A { #[key] id: i64 }"
        ),
    },
    Case {
        what: "a name that no engine takes",
        code: "unprintable-name",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A> }
             #[Database::table(name = \"a\\n\\\"b\")] struct A { #[key] id: i64 }"
        ),
    },
    Case {
        what: "a column of u64",
        code: "unsupported-type",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A> }
             #[Database::table] struct A { #[key] id: i64, big: u64 }"
        ),
    },
    Case {
        what: "a decimal without its scale",
        code: "decimal-without-scale",
        files: application!(
            "#[Database::sqlite(file = \"d.db\")] struct D { a: Table<A> }
             #[Database::table] struct A { #[key] id: i64, price: Decimal }"
        ),
    },
    Case {
        what: "a generic table",
        code: "generic-item",
        files: application!("#[Database::table] struct A<T> { #[key] id: T }"),
    },
];

/// An application without sources.
fn empty() -> Application {
    let application = Application::fixture("refused", "bazaar", "", Purpose::Read);
    let manifest = std::fs::read_to_string(application.path("Cargo.toml")).expect("a manifest");
    let binary = "[[bin]]\nname = \"bazaar-server\"\npath = \"server/start.rs\"\n";
    application.write("Cargo.toml", manifest.replace(binary, "").replace("storage = ", "cell = "));
    forget_sources(&application);
    application
}

fn forget_sources(application: &Application) {
    for path in application.files().keys().filter(|path| path.ends_with(".rs")) {
        std::fs::remove_file(application.path(path)).expect("a source");
    }
}

#[test]
fn bad_input_is_refused_with_its_place_and_nothing_is_written() {
    let application = empty();
    for Case { what, code, files } in CASES {
        for (path, content) in *files {
            application.write(path, content);
        }
        let before = application.files();

        let said = application.run(&["check", "--message-format", "json"]);
        assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{what}");
        let diagnostics: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let found = diagnostics.iter().find(|diagnostic| diagnostic["code"] == *code);
        let found = found.unwrap_or_else(|| panic!("{what}: no `{code}`:\n{}", said.out));
        for part in ["file", "line", "column", "message", "help"] {
            assert!(!found[part].is_null(), "{what}: no {part}: {found}");
        }
        assert!(application.path(found["file"].as_str().unwrap_or("?")).is_file(), "{what}: {found}");

        let said = application.run(&["build"]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{what}");
        assert!(said.err.contains(&format!("error[{code}]: ")), "{what}: {}", said.err);
        assert_eq!(differing(&application.files(), &before), [""; 0], "{what}: nothing is written");
        forget_sources(&application);
    }
}

#[test]
fn every_code_that_is_met_has_its_page() {
    for Case { code, .. } in CASES {
        let said = Said::of(&mut cell(&["explain", code]));
        assert!(said.out.contains("// wrong") && said.out.contains("// right"), "{code}: {}", said.out);
    }
}
