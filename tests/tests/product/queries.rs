//! Statements of `sql!` in a whole application: what the engines and rustc say of wrong ones, and that right ones are built and run.

use std::fs;

use cell_tests::application::{Application, Purpose};

/// The example with a module of these functions.
fn application(place: &str, functions: &str) -> Application {
    let application = Application::example(place, Purpose::Build);
    let root = fs::read_to_string(application.path("src/lib.rs")).expect("the root");
    application.write("src/lib.rs", format!("{root}\npub mod asked;\n"));
    write(&application, functions);
    application
}

fn write(application: &Application, functions: &str) {
    let head = "//! Statements.\n\nuse cell::prelude::*;\n\nuse crate::registry::Registry;\n";
    application.write("src/asked.rs", format!("{head}{functions}"));
}

/// What a failing build says of the module, without rustc's notes of where constants come from.
fn refused(application: &Application, wanted: &[&str]) {
    let said = application.run(&["build", "--check"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    for text in wanted {
        assert!(said.err.contains(text), "`{text}` is not in:\n{}", said.err);
    }
}

#[test]
fn what_the_engines_refuse_has_its_place_in_the_text() {
    let application = application(
        "queries",
        r#"
/// Wrong.
pub async fn wrong(registry: &Registry, name: &str) -> Result<()> {
    let crates: Vec<(String,)> = sql!("select nam\u{65}, descripton from crates where name = {name}").all(registry).await?;
    let more = format!("{:?}", sql!("select count(*) from cratez"));
    Ok(println!("{} {more}", crates.len()))
}
"#,
    );
    refused(
        &application,
        &[
            "error[query-refused]: SQLite refuses this statement: no such column: descripton\n --> src/asked.rs:9:",
            r#"9 |     let crates: Vec<(String,)> = sql!("select nam\u{65}, descripton from crates where name = {name}").all(registry).await?;"#,
            "  |                                                          ^^^^^^^^^^\n",
            "error[query-refused]: SQLite refuses this statement: no such table: cratez\n  --> src/asked.rs:10:",
            "`cargo cell explain query-refused`",
        ],
    );
    // What only the other engine refuses.
    write(
        &application,
        r#"
/// Wrong.
pub async fn wrong(registry: &Registry) -> Result<Vec<(String,)>> {
    Ok(sql!("select ifnull(description, 'none') from crates").all(registry).await?)
}
"#,
    );
    refused(
        &application,
        &[
            "error[query-refused]: PostgreSQL refuses this statement: function ifnull(text, unknown) does not exist",
            "= help: SQLite takes it; write it so that both do, and a switch of the engine changes nothing",
        ],
    );
}

#[test]
fn types_that_do_not_fit_are_errors_of_rustcs_which_name_the_column_or_the_value() {
    let application = application("queries", "");
    let row = "
/// A row.
#[Database::row]
pub struct Size {
    /// Its name.
    pub name: i64,
    /// Its size.
    pub size: i64,
}

/// A row.
#[Database::row]
pub struct Exact {
    /// Its number.
    pub name: i64,
    /// Its size.
    #[decimal(15, 2)]
    pub size: Decimal,
}
";
    let cases = [
        (
            r#"sql!("select number from versions where id = {name}").all::<(String,)>(registry).await.map(drop)"#,
            "the value `name` of this `sql!` is text, and the database expects a whole number",
        ),
        (
            r#"sql!("select number, id from versions where crate_name = {name}").all::<(String, bool)>(registry).await.map(drop)"#,
            "the column `id` (2) of this `sql!` is a whole number, and its field is a `bool`",
        ),
        (
            r#"sql!("select crate_name as name, id as size from versions where crate_name = {name}").all::<Size>(registry).await.map(drop)"#,
            "the column `name` (1) of this `sql!` is text, and its field is a whole number",
        ),
        (
            r#"sql!("select 1 as name from versions where crate_name = {name}").all::<Size>(registry).await.map(drop)"#,
            "this `sql!` gives no column `size`, which the struct has a field for",
        ),
        (
            r#"sql!("select license from crates where name = {name}").all::<(String,)>(registry).await.map(drop)"#,
            "the column `license` (1) of this `sql!` may be null, and its field is no `Option`",
        ),
        (
            r#"sql!("select id as name, size_kib as size from versions where crate_name = {name}").all::<Exact>(registry).await.map(drop)"#,
            "the column `size` (2) of this `sql!` has 3 digits behind the point, and its field 2",
        ),
        (
            r#"sql!("select id, substr(number, 1, {long}) from versions where crate_name = {name}").all::<(i64, String)>(registry).await.map(drop)"#,
            "the value `long` of this `sql!` is a whole number, and the database expects a whole number of 32 bits; to mean another type: `cast({long} as …)`",
        ),
        (
            r#"sql!("select name from crates where name = {name}").execute(registry).await.map(drop)"#,
            "this `sql!` changes no row: read what it gives with `all`, `first` or `stream`",
        ),
        (
            r#"sql!("delete from crates where name = {name}").all::<(String,)>(registry).await.map(drop)"#,
            "this `sql!` gives no rows: run it with `execute`",
        ),
    ];
    for (expression, message) in cases {
        let function = format!(
            "{row}\n/// Wrong.\npub async fn wrong(registry: &Registry, name: &str) -> Result<()> {{\n    let long = 3_i64;\n    let _ = long;\n    Ok({expression}?)\n}}\n"
        );
        write(&application, &function);
        refused(&application, &[&format!("evaluation panicked: {message}"), "src/asked.rs"]);
        // By itself rustc knows only what stands in the sources.
        let alone =
            cell_tests::command::cargo().arg("check").current_dir(application.folder()).output().expect("cargo");
        assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));
    }
}

#[test]
fn right_statements_are_built_and_prepared_once() {
    let functions = r#"
/// Right.
pub async fn right(registry: &Registry, name: &str, least: i64) -> Result<Vec<(String, i64)>> {
    let rows = sql!(
        "select v.crate_name, count(*) as versions from versions v
         where v.crate_name >= {name} and v.id > {least} group by v.crate_name order by v.crate_name"
    );
    Ok(rows.all(registry).await?)
}
"#;
    let application = application("queries", functions);
    application.succeed(&["build"]);
    let again = application.succeed(&["build"]);
    assert!(!again.err.contains("Compiling"), "{}", again.err);
    let kept =
        fs::read_to_string(cell_tests::application::target().join("cell/queries.json")).expect("what was learnt");
    assert!(kept.contains("v.crate_name"), "{kept}");
}
