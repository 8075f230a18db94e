//! What is emitted is the same from every place and in every run, and what is committed is held against it.

use cell_tests::application::{Application, Files, Purpose, differing, repository, tree};
use serde_json::Value;

/// What is in the repository.
fn committed() -> Files {
    tree(&repository().join("examples/catalog/cell"))
}

#[test]
fn two_checkouts_and_two_runs_emit_the_same_bytes() {
    // A second run in the first place; a second place, of another depth and with a space.
    for places in [&["emitted"; 2][..], &["a place/of another depth"]] {
        for place in places {
            let application = Application::example(place, Purpose::Build);
            application.forget_emitted();
            application.succeed(&["build", "-q"]);
            assert_eq!(differing(&application.emitted(), &committed()), [""; 0], "at {place}");
        }
    }
}

#[test]
fn what_is_committed_is_held_against_the_sources() {
    let application = Application::example("checked", Purpose::Build);
    let said = application.succeed(&["build", "--check"]);
    assert_eq!(said.out, "   Unchanged catalog: everything under `cell/` is up to date\n");

    application.add_a_field();
    let before = application.files();
    let said = application.run(&["build", "--check", "-q"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    for file in ["manifest.json", "registry/snapshot.json", "registry/chain"] {
        assert!(said.out.contains(&format!("`cell/{file}` differs from line ")), "{file}: {}", said.out);
    }
    assert!(said.out.lines().any(|line| line.starts_with("  +") && line.contains("\"homepage\"")), "{}", said.out);
    let said = application.run(&["build", "--check", "--message-format", "json"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    let result: Value = serde_json::from_str(said.out.lines().next().unwrap_or_default()).expect("JSON");
    let mut files: Vec<&str> =
        result["files"].as_array().into_iter().flatten().filter_map(|file| file["path"].as_str()).collect();
    files.sort_unstable();
    // The open migration is another one now, in a folder of another name.
    let migrations = ["0005_create_readmes_and_2_more", "0005_create_readmes_and_3_more"];
    let of_migrations = migrations.iter().flat_map(|migration| {
        let files = ["change.json", "expand.postgres.sql", "expand.sqlite.sql"];
        files.map(|file| format!("cell/registry/migrations/{migration}/{file}"))
    });
    let of_migrations: Vec<String> = of_migrations.collect();
    let mut expected = vec!["cell/manifest.json", "cell/registry/chain"];
    expected.extend(of_migrations.iter().map(String::as_str));
    expected.push("cell/registry/snapshot.json");
    assert_eq!(files, expected);
    assert_eq!(differing(&application.files(), &before), [""; 0], "nothing is written");

    application.succeed(&["build", "-q"]);
    application.succeed(&["build", "--check", "-q"]);
}
