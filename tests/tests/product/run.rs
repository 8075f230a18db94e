//! `cargo cell run` on the example, as its reader runs it: an address, a page in a browser, Ctrl-C, and again.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cell_tests::application::{Application, Purpose};
use cell_tests::command::Running;
use cell_tests::web::{get, links, page};
use serde_json::Value;

/// More crates than one page of the list holds, of which two depend on the first.
fn made_up_registry(sources: &Path) {
    for number in 0..60 {
        let name = format!("crate-{number:02}");
        let folder = sources.join("registry-0123").join(format!("{name}-1.{number}.0"));
        fs::create_dir_all(folder.join("src")).expect("a folder");
        fs::write(folder.join("src/lib.rs"), "//! Made up.\n").expect("a source");
        let dependencies = if number % 30 == 1 { "[dependencies]\ncrate-00 = \"1\"\n" } else { "" };
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"1.{number}.0\"\ndescription = \"The <b>{number}</b>\"\n{dependencies}"
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
        fs::write(folder.join("README.md"), format!("# The {number}th\n\nA *made up* crate.\n")).expect("a readme");
        fs::write(folder.join(".cargo-ok"), "").expect("a mark");
    }
}

/// `cargo cell run` of an application, from another folder, on these sources.
fn run(application: &Application, sources: &Path) -> Command {
    let mut command = application.cell(&["run", "--manifest-path"]);
    command.arg(application.path("Cargo.toml")).current_dir(sources).env("IMPORTER_SOURCES", sources);
    command
}

fn json(address: &str, path: &str) -> Value {
    let answer = get(address, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

/// What the README shows of the first command's output, but for the address, which is on standard output.
fn shown_in_readme() -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let (_, shown) = readme.split_once("```text\n").expect("a picture");
    let (shown, _) = shown.split_once("```").expect("its end");
    shown.lines().filter(|line| !line.starts_with("listening on ")).map(str::to_owned).collect()
}

#[test]
fn the_example_runs_answers_and_leaves_nothing_but_its_data() {
    let application = Application::example("run", Purpose::Build);
    let sources = tempfile::tempdir().expect("a folder");
    made_up_registry(sources.path());
    let mut running = Running::start(&mut run(&application, sources.path()));
    running.wait_for("Checked catalog: 1 database, 5 tables, 2 cells");
    running.wait_for("Migrated registry: ");
    let address = running.address();
    running.wait_for("imported");

    let first = json(&address, "/crates?limit=2");
    assert_eq!(first["crates"][1]["name"], "crate-01");
    let next = first["next"].as_str().expect("a cursor");
    assert_eq!(json(&address, &format!("/crates?limit=2&after={next}"))["crates"][0]["name"], "crate-02");
    for wrong in ["nonsense", "", "W10"] {
        assert_eq!(get(&address, &format!("/crates?after={wrong}")).status, 400, "{wrong}");
    }
    let details = json(&address, "/crates/crate-59");
    assert_eq!(details["versions"][0]["number"], "1.59.0");
    let dependents = json(&address, "/crates/crate-00/dependents");
    let names: Vec<_> = dependents.as_array().into_iter().flatten().map(|one| &one["name"]).collect();
    assert_eq!(names, ["crate-01", "crate-31"]);
    let missing = get(&address, "/crates/nothing");
    assert_eq!(missing.status, 404, "{}", missing.body);
    assert_eq!(json(&address, "/openapi.json")["openapi"], "3.1.0");

    let list = page(&format!("http://{address}/"));
    assert!(list.contains("<small>60 crates, 60 versions on this machine</small>"), "{list}");
    assert!(list.contains("The &lt;b&gt;7&lt;/b&gt;") && !list.contains("crate-50"), "{list}");
    let more = links(&list, "More");
    assert_eq!(more.len(), 1, "{list}");
    let rest = page(&format!("http://{address}{}", more[0]));
    assert!(rest.contains("crate-59") && !rest.contains("crate-49<"), "{rest}");
    let link = links(&list, "crate-00");
    let krate = page(&format!("http://{address}{}", link[0]));
    assert!(krate.contains("<h1>crate-00</h1>") && krate.contains("<h2>Needed by 2</h2>"), "{krate}");

    search_is_answered(&address);

    let said = running.interrupt();
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{}", said.err);
    assert!(TcpStream::connect(&address).is_err(), "nobody listens any more");
    for line in shown_in_readme() {
        assert!(said.err.contains(&line), "the README shows `{line}`, and the command said:\n{}", said.err);
    }

    // Started again where there is nothing to import.
    let nothing = tempfile::tempdir().expect("a folder");
    let mut running = Running::start(run(&application, nothing.path()).arg("-q"));
    let address = running.address();
    assert_eq!(json(&address, "/crates/crate-59"), details, "the data is still there");
    let said = running.interrupt();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(!said.err.contains("Migrated"), "there was nothing to migrate: {}", said.err);
}

/// Asks until the index has this many crates: it follows the table a moment later. Out: what it says.
fn wait_for_index(address: &str, crates: u64) -> Value {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let found = json(address, "/search?limit=1");
        if found["count"] == crates {
            return found;
        }
        assert!(Instant::now() < deadline, "{crates} crates, and still {found}");
    }
}

/// By requests, in the browser, and refused.
fn search_is_answered(address: &str) {
    wait_for_index(address, 60);
    let found = json(address, "/search?q=the%207th%20crate");
    assert_eq!((&found["count"], &found["hits"][0]["name"]), (&1.into(), &"crate-07".into()), "{found}");
    let piece = found["hits"][0]["highlight"]["readme"].as_str().unwrap_or_default();
    assert_eq!(piece, "The <mark>7th</mark>\nA made up <mark>crate</mark>.");
    for (wrong, status) in [("limit=x", 400), ("offset=200000", 400), (&format!("q={}", "w".repeat(2_000)), 400)] {
        let answer = get(address, &format!("/search?{wrong}"));
        assert_eq!(answer.status, status, "{wrong}: {}", answer.body);
        assert!(answer.body.contains("\"status\":400"), "a problem document: {}", answer.body);
    }

    let results = page(&format!("http://{address}/pages?q=made+up"));
    assert!(results.contains("<small>60 crates</small>") && results.contains("<mark>made</mark>"), "{results}");
    let next = links(&results, "Next");
    assert_eq!(next.len(), 1, "{results}");
    let second = page(&format!("http://{address}{}", next[0].replace("&amp;", "&")));
    assert_eq!((links(&second, "Previous").len(), second.matches("<article>").count()), (1, 20), "{second}");
}

#[test]
fn real_readmes_are_searched() {
    let application = Application::example("run", Purpose::Build);
    // Without a folder of its own, it imports what cargo has unpacked on this machine.
    let mut running = Running::start(&mut application.cell(&["run"]));
    let address = running.address();
    running.wait_for("imported");
    let list = get(&address, "/").body;
    let crates = list.split_once("<small>").and_then(|(_, rest)| rest.split_once(" crates")).expect("their number").0;
    let all = wait_for_index(&address, crates.parse().expect("a number"));
    assert!(all["licenses"].as_array().is_some_and(|licenses| licenses.len() > 3), "{all}");

    // What the guide shows, here where everything that Cell needs is unpacked.
    let guide = include_str!("../../../docs/search.md");
    let (_, shown) = guide.split_once("curl 'http://127.0.0.1:41713").expect("a request");
    let (path, shown) = shown.split_once("'\n```\n\n```json\n").expect("an answer");
    let shown: Value = serde_json::from_str(shown.split_once("```").expect("its end").0).expect("JSON");
    let found = json(&address, path);
    let (hit, shown) = (&found["hits"][0], &shown["hits"][0]);
    assert_eq!((&hit["name"], &hit["highlight"]["description"]), (&shown["name"], &shown["highlight"]["description"]));
    assert!(hit["highlight"]["readme"].as_str().is_some_and(|piece| piece.contains("<mark>JSON</mark>")), "{found}");

    let popular = json(&address, "/most-depended-on?limit=1");
    assert!(popular[0]["dependents"].as_u64().is_some_and(|dependents| dependents > 10), "{popular}");

    let results = page(&format!("http://{address}/pages?q=serialize+json"));
    assert!(results.contains("<a href=\"/pages/serde_json\">serde_json</a>"), "{results}");
    assert!(results.contains("<mark>JSON</mark>"), "{results}");
    let narrow = links(&results, "MIT OR Apache-2.0");
    let narrow = page(&format!("http://{address}{}", narrow[0].replace("&amp;", "&")));
    assert!(narrow.contains("Only MIT OR Apache-2.0."), "{narrow}");
    assert_eq!(running.interrupt().code, Some(0));
}

#[test]
fn a_field_that_is_added_moves_the_local_database_on_and_keeps_its_rows() {
    let application = Application::example("run-again", Purpose::Build);
    let sources = tempfile::tempdir().expect("a folder");
    made_up_registry(sources.path());
    let mut running = Running::start(&mut run(&application, sources.path()));
    let address = running.address();
    running.wait_for("imported");
    let before = json(&address, "/crates/crate-07");
    assert_eq!(running.interrupt().code, Some(0));

    application.add_a_field();
    let nothing = tempfile::tempdir().expect("a folder");
    let mut running = Running::start(&mut run(&application, nothing.path()));
    running.wait_for("Wrote cell/registry/snapshot.json");
    running.wait_for("Migrated registry: 1 step");
    let address = running.address();
    let mut after = json(&address, "/crates/crate-07");
    let added = after["summary"].as_object_mut().and_then(|summary| summary.remove("homepage"));
    assert_eq!(added, Some(Value::Null));
    assert_eq!(after, before, "everything else is as it was");
    assert_eq!(json(&address, "/crates?limit=500")["crates"].as_array().map(Vec::len), Some(60));
    assert_eq!(running.interrupt().code, Some(0));

    // Not by a sixth migration: the fifth is still open.
    let said = application.succeed(&["migrate", "status"]);
    assert_eq!(said.out.lines().count(), 6, "{}", said.out);
    application.succeed(&["migrate", "verify"]);
}
