//! How names are found where they hide each other, go in circles, or are wrong.

use expect_test::expect;

use crate::fixture::{Fixture, declarations, diagnostics};

#[test]
fn a_misspelt_attribute_of_cells_is_named() {
    let scanned = Fixture::app(
        "use cell::Database as Db;\n\
         #[Db::tabel]\nstruct A;\n\
         #[cell::servise]\nstruct B;\n\
         #[cell::Search::everything_at_once]\nstruct C;\n\
         #[cell::Databse::table]\nstruct G;\n#[cell::tracing::instrument]\nstruct H;\n\
         #[other::tabel]\nstruct D;\n\
         #[tabel]\nstruct E;\n\
         #[cfg_attr(feature = \"extra\", Db::tabel)]\nstruct F;",
        &[],
    )
    .scan();
    expect![[r#"
        unknown-attribute at src/main.rs:2 `Db::tabel`
          Cell has no attribute `Database::tabel`
          help: did you mean `#[Database::table]`?
        unknown-attribute at src/main.rs:4 `cell::servise`
          Cell has no attribute `servise`
          help: did you mean `#[service]`?
        unknown-attribute at src/main.rs:6 `cell::Search::everything_at_once`
          Cell has no attribute `Search::everything_at_once`
          help: the attributes there: `Search::index`
        unknown-attribute at src/main.rs:8 `cell::Databse::table`
          Cell has no attribute `Databse::table`
          help: did you mean `#[Database::table]`?
    "#]]
    .assert_eq(&diagnostics(&scanned));
}

#[test]
fn an_item_hides_a_glob_and_two_globs_hide_each_other() {
    let scanned = Fixture::app(
        "mod one { pub use cell::message as mark; pub mod Database { pub use cell::message as table; } }\n\
         mod two { pub use cell::service as mark; }\n\
         use one::*;\nuse two::*;\nuse cell::prelude::*;\n\
         #[mark]\nstruct Ambiguous;\n\
         mod inner { use super::*; use cell::message as mark; #[mark] struct Explicit; }\n\
         mod item { use cell::prelude::*; mod Database { pub(super) use cell::message as table; } \
            #[Database::table] struct NoTable; }",
        &[],
    )
    .scan();
    expect![[r#"
        message app::inner::Explicit in src/main.rs
        message app::item::NoTable in src/main.rs
    "#]]
    .assert_eq(&declarations(&scanned));
}

#[test]
fn imports_in_circles_end() {
    let scanned = Fixture::app(
        "use a::x as y;\nmod a { pub use super::y as x; pub use super::b::*; }\nmod b { pub use super::a::*; \
         pub use crate::b::z; pub use cell::message; }\n#[y]\nstruct Nothing;\n#[a::message]\nstruct Found;",
        &[],
    )
    .scan();
    expect![[r#"
        message app::Found in src/main.rs
    "#]]
    .assert_eq(&declarations(&scanned));
}

#[test]
fn an_import_does_not_see_the_name_it_gives() {
    let fixture = Fixture::copy("market");
    fixture.write("domain/src/lib.rs", b"pub mod domain { pub use cell::message; }");
    fixture.write("app/src/lib.rs", b"");
    fixture.write("app/src/main.rs", b"use domain::domain;\n#[domain::message]\nstruct Found;\ncell::main!();");
    expect![[r#"
        message market::Found in app/src/main.rs
    "#]]
    .assert_eq(&declarations(&fixture.scan()));
}

#[test]
fn a_private_name_is_not_taken_by_a_glob_from_outside() {
    let scanned = Fixture::app(
        "mod a { use cell::message; pub mod below { use super::*; #[message] struct Inside; } }\n\
         use a::*;\n#[message]\nstruct Outside;",
        &[],
    )
    .scan();
    expect![[r#"
        message app::a::below::Inside in src/main.rs
    "#]]
    .assert_eq(&declarations(&scanned));
}

#[test]
fn macro_use_brings_the_roots_attributes() {
    let scanned = Fixture::app(
        "#[macro_use]\nextern crate cell as c;\nmod m { #[message]\nstruct A; #[c::message] struct B; }",
        &[],
    )
    .scan();
    expect![[r#"
        message app::m::A in src/main.rs
        message app::m::B in src/main.rs
    "#]]
    .assert_eq(&declarations(&scanned));
}
