//! Diagnostics of several files, as text and as JSON.

use cell_syntax::diagnostic::Diagnostic;
use expect_test::expect;

use super::{Color, human, json};
use crate::program::{FileId, Located, Program, SourceFile};
use crate::scan::place;

fn program(texts: &[(&str, &str)]) -> Program {
    let files = texts
        .iter()
        .map(|(name, text)| SourceFile { path: name.into(), name: (*name).to_owned(), text: (*text).to_owned() })
        .collect();
    Program { files, ..Program::default() }
}

/// The diagnostics of two files, the later place first, one of them twice.
fn two_files() -> (Program, Vec<Located>) {
    let first = "struct Größe;\nstruct Other;\n";
    let second = "struct Third;\n";
    let mut later = Located::new(FileId(0), Diagnostic::new("late", place(23, 5), "this is later").help("move it"));
    later.elsewhere.push((FileId(1), place(7, 5), "and this".to_owned()));
    let earlier =
        Diagnostic::new("early", place(7, 7), "this is first").label("here").related(place(0, 6), "before it");
    let earlier = Located::new(FileId(0), earlier);
    (program(&[("src/a.rs", first), ("src/b.rs", second)]), vec![later, earlier.clone(), earlier])
}

#[test]
fn diagnostics_are_sorted_by_place_and_shown_once() {
    let (program, diagnostics) = two_files();
    expect![[r#"
        error[early]: this is first
         --> src/a.rs:1:8
          |
        1 | struct Größe;
          | ------ ^^^^^ here
          | |
          | before it

        error[late]: this is later
         --> src/a.rs:2:8
          |
        2 | struct Other;
          |        ^^^^^
          |
         ::: src/b.rs:1:8
          |
        1 | struct Third;
          |        ----- and this
          |
          = help: move it

    "#]]
    .assert_eq(&human(&program, &diagnostics, Color::Never));
}

#[test]
fn json_has_the_same_places_in_lines_columns_and_bytes() {
    let (program, diagnostics) = two_files();
    expect![[r#"
        {"code":"early","message":"this is first","file":"src/a.rs","line":1,"column":8,"start":7,"end":14,"label":"here","related":[{"file":"src/a.rs","line":1,"column":1,"start":0,"end":6,"label":"before it"}]}
        {"code":"late","message":"this is later","file":"src/a.rs","line":2,"column":8,"start":23,"end":28,"help":"move it","related":[{"file":"src/b.rs","line":1,"column":8,"start":7,"end":12,"label":"and this"}]}
    "#]].assert_eq(&json(&program, &diagnostics));
}

#[test]
fn colour_is_escape_sequences_and_nothing_else() {
    let (program, diagnostics) = two_files();
    assert!(human(&program, &diagnostics, Color::Always).contains("\u{1b}["));
    assert!(!human(&program, &diagnostics, Color::Never).contains('\u{1b}'));
}

#[test]
fn a_place_beyond_the_text_does_not_end_the_compiler() {
    let program = program(&[("Cargo.toml", "")]);
    let beyond = Located::new(FileId(0), Diagnostic::new("beyond", place(90, 9), "nothing is there"));
    expect![[r#"
        error[beyond]: nothing is there
        --> Cargo.toml

    "#]]
    .assert_eq(&human(&program, &[beyond], Color::Never));
}
