//! One line decides the engine: the example's own tests, unchanged, on PostgreSQL.

use cell_migrate::throwaway::Cluster;
use cell_tests::application::{Application, Purpose, differing, repository, target, tree};
use cell_tests::command::{Said, cargo};

#[tokio::test]
async fn the_examples_tests_pass_on_postgres_when_its_attribute_says_so() {
    let cluster = Cluster::start().await.expect("a cluster");
    let application = Application::example("on-postgres", Purpose::Build);
    application.switch_to_postgres();
    application.succeed(&["build", "-q"]);

    let on_sqlite = tree(&repository().join("examples/catalog/cell"));
    let mut on_postgres = application.emitted();
    let manifest = on_postgres.get_mut("manifest.json").expect("a manifest");
    let text = String::from_utf8_lossy(manifest);
    let (engine, variable) = ("\"engine\": \"postgres\",", "\n      \"env\": [\n        \"DATABASE_URL\"\n      ],");
    assert!(text.contains(engine) && text.contains(variable), "{text}");
    *manifest = text
        .replace(engine, "\"engine\": \"sqlite\",")
        .replace(variable, "\n      \"file\": \"registry.db\",")
        .into_bytes();
    assert_eq!(
        differing(&on_postgres, &on_sqlite),
        [""; 0],
        "the engine and how its server is found differ, and nothing else"
    );

    let mut cargo = cargo();
    cargo.args(["test", "--quiet", "--test", "application", "--test", "catalog", "--test", "search"]);
    cargo.current_dir(application.folder()).env("CARGO_TARGET_DIR", target());
    cargo.env("DATABASE_URL", cluster.url().as_str());
    let said = Said::of(&mut cargo);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    for file in ["application", "catalog", "search"] {
        let tests = std::fs::read_to_string(application.path(&format!("tests/{file}.rs"))).expect("tests");
        let passed =
            format!("test result: ok. {} passed; 0 failed; 0 ignored", tests.matches("#[tokio::test]").count());
        assert!(said.out.contains(&passed), "{file}: {passed}: {}", said.out);
    }
}
