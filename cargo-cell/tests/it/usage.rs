//! Arguments, help and pages.

use expect_test::expect;

use crate::fixture::run;

#[test]
fn help_lists_what_works() {
    let said = run(&["-h"]);
    assert_eq!(said.code, Some(0));
    let commands: String = said
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .take_while(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    expect![[r#"
        Commands:
          check     Check the declarations, without building or writing anything
          build     Build the application and everything under `cell/`
          run       Build, migrate the local databases and start the application
          migrate   Look at a live database, bring it up to date, or compare it with its migrations
          search    Look after the search indexes: how they stand, whether they are as their tables, build them anew
          release   Seal the open migrations and the interfaces as the next release
          plan      Show what differs from the last release
          deploy    Deploy the release to the nodes of a region
          rollback  Go back to a release that the nodes of a region have kept
          status    Show what runs on the nodes
          logs      Show what the processes of a region wrote
          node      Change or list the nodes of the topology
          daemon    Run this machine as a node
          explain   Explain a diagnostic's code, with a wrong and a right example
          help      Print this message or the help of the given subcommand(s)
    "#]]
    .assert_eq(&commands);
}

#[test]
fn every_command_has_an_example() {
    for command in [
        &["check"][..],
        &["build"],
        &["run"],
        &["migrate", "status"],
        &["migrate", "apply"],
        &["migrate", "baseline"],
        &["migrate", "contract"],
        &["migrate", "reverse"],
        &["migrate", "squash"],
        &["search", "status"],
        &["search", "rebuild"],
        &["search", "verify"],
        &["release"],
        &["plan"],
        &["explain"],
    ] {
        let said = run(&[command, &["--help"]].concat());
        assert_eq!(said.code, Some(0));
        assert!(said.out.contains("Example"), "{command:?}: {}", said.out);
        assert!(said.out.contains("cargo cell"), "{command:?}: {}", said.out);
    }
}

#[test]
fn every_command_that_plans_migrations_takes_what_is_allowed() {
    let plain = ["check", "build", "run", "release", "plan", "deploy"].map(|command| vec![command]);
    let below = ["status", "apply", "baseline", "contract", "squash", "reverse", "verify"];
    for command in plain.into_iter().chain(below.map(|command| vec!["migrate", command])) {
        let said = run(&[command.as_slice(), &["-h"]].concat());
        assert!(said.out.contains("--allow <HAZARD=OBJECT>"), "{command:?}: {}", said.out);
    }
}

#[test]
fn a_mistyped_command_gets_the_nearest() {
    let said = run(&["chekc"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("a similar subcommand exists: 'check'"), "{}", said.err);
}

#[test]
fn a_command_of_a_later_version_says_so() {
    for (arguments, name) in [(&["graph"][..], "graph"), (&["dev", "--fast"], "dev")] {
        let said = run(arguments);
        assert_eq!(said.code, Some(2));
        let expected = format!("`cargo cell {name}` does not work in this version of Cell");
        assert!(said.err.contains(&expected), "{}", said.err);
    }
}

#[test]
fn a_folder_without_a_manifest_is_a_mistake_and_no_bug() {
    let said = run(&["check", "--manifest-path", "/nowhere/Cargo.toml"]);
    assert_eq!(said.code, Some(1));
    expect![[r#"
        error: there is no manifest at `/nowhere/Cargo.toml`; name one with `--manifest-path`
    "#]]
    .assert_eq(&said.err);
}

#[test]
fn a_code_has_a_page() {
    let said = run(&["explain", "key-type"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    expect![[r#"
        key-type

        A key has a type whose values are not equal for certain.

            // wrong
            #[Database::table]
            pub struct Product {
                #[key]
                pub weight: f64,
            }

            // right
            #[Database::table]
            pub struct Product {
                #[key]
                pub id: i64,
                pub weight: f64,
            }

        Whether two floating-point numbers or two documents are equal depends on how each was computed or
        written. A row must be found again by its key.
    "#]]
    .assert_eq(&said.out);
}

#[test]
fn headings_are_bold_where_there_is_colour() {
    let said = run(&["explain", "key-type", "--color", "always"]);
    assert!(said.out.starts_with("\u{1b}[1mkey-type\u{1b}[0m\n"), "{}", said.out);
}

#[test]
fn an_unknown_code_gets_the_nearest() {
    let said = run(&["explain", "tabel-without-key"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    expect![[r#"
        error: there is no code `tabel-without-key`
        help: did you mean `table-without-key`?
    "#]]
    .assert_eq(&said.err);
}

#[test]
fn all_codes_are_listed_one_a_line() {
    let said = run(&["explain", "--message-format", "json"]);
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 1));
    let value: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(value["kind"], "result");
    assert!(value["codes"].as_array().is_some_and(|codes| codes.len() > 100), "{value}");
    let listed = run(&["explain"]).out;
    assert!(listed.contains("\n  table-without-key "), "{listed}");
}
