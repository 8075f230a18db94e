//! What the scan finds in the sources is what rustc put into the program: real attributes, real builds.

use std::path::Path;

use cell_codegen::records::read;
use cell_codegen::scan::{Options, scan};
use cell_tests::application::{Application, Purpose, differing};
use expect_test::{Expect, expect};
use serde_json::Value;

/// Builds, and compares the declarations with the records of the program, each with its fingerprint.
fn check(application: &Application, arguments: &[&str], expected: &Expect) {
    let said = application.succeed(&[&["build", "--message-format", "json"], arguments].concat());
    let result: Value = serde_json::from_str(said.out.lines().last().unwrap_or_default()).expect("JSON");
    let program = Path::new(result["executable"].as_str().expect("a program"));
    let record = |kind: &str, module: &str, name: &str, print: u64| format!("{kind} {module}::{name} {print:016x}");
    let mut recorded: Vec<String> = read(program)
        .expect("records")
        .iter()
        .map(|found| record(&found.kind, &found.module_path, &found.name, found.fingerprint))
        .collect();
    let scanned = scan(&Options::new(application.path("Cargo.toml"))).expect("a scan");
    let mut declared: Vec<String> = scanned
        .program
        .declarations()
        .iter()
        .map(|found| record(found.kind(), &found.module_path, &found.name(), found.fingerprint))
        .collect();
    recorded.sort();
    declared.sort();
    assert_eq!(declared, recorded);
    let names = declared.iter().map(|record| record.rsplit_once(' ').map_or("", |(name, _)| name));
    expected.assert_eq(&names.map(|name| format!("{name}\n")).collect::<String>());
}

#[test]
fn modules_of_every_place_are_scanned_as_they_are_compiled() {
    let application = Application::fixture("orchard", "orchard", "", Purpose::Build);
    check(
        &application,
        &[],
        &expect![[r#"
        database orchard::Orchard
        enumeration orchard::pears::Pear
        handler orchard::Press
        message orchard::InClosure
        message orchard::Inner
        message orchard::Pressed
        message orchard::cellar::barrels::Barrel
        message orchard::cellar::shelf::by_hand::ByHand
        message orchard::cellar::shelf::jars::Jar
        message orchard::fruit::Plum
        message orchard::fruit::damson::Damson
        message orchard::nested::InModule
        message orchard::pears::williams::Williams
        message orchard::press::Real
        message orchard::r#type::In
        service orchard::Press
        table orchard::Group
        table orchard::apples::Apple
        value orchard::apples::boskoop::Boskoop
    "#]],
    );
    // Its table has names and texts of SQL's own; both engines took them.
    assert_eq!(rehearsed(&application), ["postgres", "sqlite"]);
}

/// The engines on which the first database was rehearsed.
fn rehearsed(application: &Application) -> Vec<String> {
    let said = application.succeed(&["build", "--message-format", "json"]);
    let result: Value = serde_json::from_str(said.out.lines().last().unwrap_or_default()).expect("JSON");
    let rehearsed = result["rehearsed"].as_array().into_iter().flatten();
    let mut engines: Vec<String> = rehearsed.filter_map(|one| one["engine"].as_str().map(str::to_owned)).collect();
    engines.sort();
    engines
}

#[test]
fn attributes_of_every_name_are_scanned_as_they_are_compiled() {
    check(
        &Application::fixture("bazaar", "bazaar", "", Purpose::Build),
        &[],
        &expect![[r#"
        database bazaar_server::Bazaar
        enumeration bazaar_server::Kind
        message bazaar_server::InBlock
        message bazaar_server::Letter
        message bazaar_server::ThroughExternCrate
        search bazaar_server::Direct
        search bazaar_server::Short
        service bazaar_server::circle_two::Round
        table bazaar_server::Direct
        table bazaar_server::Short
        value bazaar_server::Id
        value bazaar_server::below::further::FromPrelude
        value bazaar_server::below::further::Up
    "#]],
    );
}

/// The declarations of the application with a crate for its domain.
fn market() -> Expect {
    expect![[r#"
        database market::Market
        handler market::Stalls
        service market::Stalls
        table market::Good
        table market_domain::model::Stall
    "#]]
}

#[test]
fn a_domain_crate_is_scanned_as_it_is_compiled() {
    check(&Application::fixture("market", "market", "app", Purpose::Build), &[], &market());
}

#[test]
fn a_release_with_link_time_optimization_keeps_every_record() {
    let application = Application::fixture("market-release", "market", "app", Purpose::Release);
    // Less to compile: what is linked does not decide about records.
    let features = "default-features = false, features = [\"sqlite\"]";
    application.replace("Cargo.toml", "features = [\"http\"]", features);
    check(&application, &["--release"], &market());
}

#[test]
fn what_another_macro_declares_is_found_in_the_program() {
    let application = Application::fixture("orchard-hidden", "orchard", "", Purpose::Build);
    let hidden = "macro_rules! hidden {\n    ($name:ident) => {\n        #[Database::table]\n        pub struct $name {\n            \
                  #[key]\n            id: i64,\n        }\n    };\n}\nhidden!(Hidden);\n\ncell::main!();\n";
    application.replace("src/main.rs", "cell::main!();\n", hidden);
    let before = application.files();
    let said = application.run(&["build", "-q"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let error = said.err.find("error[unscanned-declaration]").map(|at| &said.err[at..]).unwrap_or(&said.err);
    expect![[r#"
        error[unscanned-declaration]: the binary has a table `Hidden` in `orchard` that no source shows
           --> src/main.rs:120:9
            |
        120 | hidden!(Hidden);
            |         ^^^^^^
            |
            = help: write the item out where a macro makes it; if it is under a `cfg` that a build script sets, remove that

        error: 1 error; run `cargo cell explain unscanned-declaration` for more
    "#]].assert_eq(error);
    assert_eq!(differing(&application.files(), &before), [""; 0], "nothing is written");
}

#[test]
fn a_dependency_that_nothing_names_is_told_from_one_that_is_linked() {
    let application = Application::fixture("market-unlinked", "market", "app", Purpose::Build);
    let manifest = "[package]\nname = \"attic\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                    [dependencies]\ncell = { workspace = true }\n";
    application.write("attic/Cargo.toml", manifest);
    application.write("attic/src/lib.rs", "//! Declares a message.\n\n#[cell::message]\npub struct Forgotten;\n");
    application.replace("Cargo.toml", "\"domain\"]", "\"domain\", \"attic\"]");
    application.replace("app/Cargo.toml", "[dependencies]\n", "[dependencies]\nattic = { path = \"../attic\" }\n");
    let said = application.run(&["build", "-q"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let error = said.err.find("error[unlinked-declaration]").map(|at| &said.err[at..]).unwrap_or(&said.err);
    expect![[r#"
        error[unlinked-declaration]: the message `Forgotten` is not in the binary, nor is anything else of `attic`
         --> attic/src/lib.rs:4:12
          |
        4 | pub struct Forgotten;
          |            ^^^^^^^^^
          |
          = help: add `use attic as _;` to `app/src/main.rs`: a crate that nothing names is not linked

        error: 1 error; run `cargo cell explain unlinked-declaration` for more
    "#]]
    .assert_eq(error);
    assert!(application.emitted().is_empty(), "nothing is written");

    application.replace("app/src/main.rs", "use domain::prelude::*;\n", "use attic as _;\nuse domain::prelude::*;\n");
    application.succeed(&["build", "-q"]);
}
