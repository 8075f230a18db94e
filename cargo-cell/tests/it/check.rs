//! Diagnostics, for people and for programs. Nothing here is compiled.

use expect_test::expect;
use serde_json::Value;

use crate::fixture::Fixture;

fn mistaken(name: &str) -> Fixture {
    let fixture = Fixture::new(name);
    fixture.replace("src/main.rs", "    #[key]\n    pub id: i64,", "    #[key]\n    pub id: f64,");
    fixture
}

#[test]
fn a_sound_application_is_summed_up_in_a_line() {
    let fixture = Fixture::new("check-sound");
    let said = fixture.run(&["check"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, "     Checked check-sound: 1 database, 1 table, 1 cell\n");
    assert_eq!(fixture.run(&["check", "-q"]).out, "");
    assert!(fixture.emitted().is_empty(), "nothing is written");
}

#[test]
fn a_diagnostic_shows_its_place_and_ends_with_the_way_to_its_page() {
    let said = mistaken("check-human").run(&["check"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    expect![[r#"
        error[key-type]: a floating-point number cannot be a key
          --> src/main.rs:11:13
           |
        11 |     pub id: f64,
           |             ^^^
           |
           = help: choose a column with exact values as the key, such as `i64`, `Uuid` or `String`

        error: 1 error; run `cargo cell explain key-type` for more
    "#]]
    .assert_eq(&said.err);
}

#[test]
fn a_diagnostic_is_an_object_a_line_for_programs() {
    let said = mistaken("check-json").run(&["check", "--message-format", "json"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let diagnostic = &lines[0];
    assert_eq!(diagnostic["kind"], "diagnostic");
    assert_eq!(diagnostic["code"], "key-type");
    assert_eq!(diagnostic["file"], "src/main.rs");
    assert_eq!((&diagnostic["line"], &diagnostic["column"]), (&Value::from(11), &Value::from(13)));
}

#[test]
fn the_result_is_an_object_too() {
    let said = Fixture::new("check-result").run(&["check", "--message-format", "json"]);
    assert_eq!(said.code, Some(0));
    expect![[r#"
        {"kind":"result","command":"check","application":"check-result","databases":1,"tables":1,"cells":1}
    "#]]
    .assert_eq(&said.out);
}

#[test]
fn a_cell_that_does_not_exist_is_refused_before_anything_is_built() {
    let fixture = Fixture::new("run-stranger");
    let said = fixture.run(&["run", "gods"]);
    assert_eq!(said.code, Some(2));
    expect![[r#"
        error: `run-stranger` has no cell `gods`
        help: did you mean `goods`?
    "#]]
    .assert_eq(&said.err);
    assert!(!fixture.path(".cell").exists());
}

#[test]
fn a_server_without_its_url_is_refused_before_anything_is_built() {
    let fixture = Fixture::new("run-no-url");
    fixture.replace("src/main.rs", "sqlite(file = \"shop.db\")", "postgres(url = env(\"NO_SUCH_VARIABLE\"))");
    let said = fixture.run(&["run", "-q"]);
    assert_eq!(said.code, Some(1));
    expect![[r#"
        error[database-url]: the environment variable `NO_SUCH_VARIABLE` is not set
        help: the database `shop` is on a server; set `NO_SUCH_VARIABLE` to its URL, `postgres://user@host/database`
    "#]]
    .assert_eq(&said.err);
}

#[test]
fn ci_wants_both_engines_and_says_how_to_install_the_missing_one() {
    let fixture = Fixture::new("build-ci");
    // The cluster that all tests share is no engine of this machine's.
    let mut command = fixture.command(&["build", "-q"]);
    let output = command.env("CI", "true").env_remove("CELL_TEST_POSTGRES").output().expect("the command runs");
    let said = crate::fixture::said(output);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("error[engine-missing]: `shop` does not stand"), "{}", said.err);
    assert!(said.err.contains("apt-get install postgresql"), "{}", said.err);
    assert!(fixture.emitted().is_empty(), "nothing is written");
}

#[test]
fn migrations_that_were_never_built_are_out_of_date() {
    let said = Fixture::new("migrate-nothing").run(&["migrate", "status"]);
    assert_eq!(said.code, Some(3));
    expect![[r#"
        error: `shop` has no migrations yet
        help: `cargo cell build` writes them
    "#]]
    .assert_eq(&said.err);
}

#[test]
fn a_database_that_does_not_exist_is_refused() {
    let said = Fixture::new("migrate-stranger").run(&["migrate", "status", "--database", "shp"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("did you mean `shop`?"), "{}", said.err);
}
