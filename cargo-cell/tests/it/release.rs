//! Environments, releases and plans, by the command alone.

use expect_test::expect;
use serde_json::Value;

use crate::fixture::Fixture;

/// An application that runs in the region `eu`, of which the environment `staging` has a topology too.
fn placed(name: &str) -> Fixture {
    let fixture = Fixture::new(name);
    fixture.replace("src/main.rs", "#[service]\n", "#[service]\n#[Placement(region = \"eu\", replicas = 2)]\n");
    fixture.write("cell/topology.toml", "format = 1\n[regions.us]\n[regions.eu]\n");
    fixture.write("cell/topology.staging.toml", "format = 1\n[regions.eu]\n");
    fixture
}

#[test]
fn an_environment_without_a_topology_is_refused_by_the_file_it_lacks() {
    let fixture = placed("release-unknown");
    for command in [&["check"][..], &["plan"], &["run"], &["migrate", "status"], &["build"], &["release"]] {
        let said = fixture.run(&[command, &["--env", "stagin"]].concat());
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{command:?}: {}", said.err);
        expect![[r#"
            error: there is no environment `stagin`: `cell/topology.stagin.toml` is not there
            help: did you mean `staging`?
        "#]]
        .assert_eq(&said.err);
    }
    let said = fixture.run(&["check", "--env", "../x"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("`../x` names no environment"), "{}", said.err);
    assert_eq!(fixture.run(&["check", "--env", "staging", "-q"]).code, Some(0));
}

#[test]
fn a_mistake_in_a_topology_is_shown_in_its_file() {
    let fixture = placed("release-topology");
    fixture.write("cell/topology.staging.toml", "format = 1\n[regions.eu]\n[nodes.one]\nregion = \"us\"\n");
    let said = fixture.run(&["check"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("error[invalid-topology]: there is no region `us`"), "{}", said.err);
    assert!(said.err.contains("cell/topology.staging.toml:4:10"), "{}", said.err);
    fixture.write("cell/topology.staging.toml", "format = 1\n[regions.us]\n");
    let said = fixture.run(&["check"]);
    assert!(
        said.err.contains("error[unknown-region]: there is no region `eu` in `cell/topology.staging.toml`"),
        "{}",
        said.err
    );
}

#[test]
fn a_plan_before_the_first_release_shows_everything() {
    let fixture = placed("release-plan");
    let said = fixture.run(&["plan"]);
    assert_eq!((said.code, said.err.as_str()), (Some(3), ""));
    expect![[r#"
        release-plan: there is no release yet
        7 files under `cell/` are out of date; `cargo cell build` writes them
          `cell/manifest.json` is missing
          `cell/manifest.staging.json` is missing
          `cell/shop/chain` is missing
          `cell/shop/migrations/0001_create_products/change.json` is missing
          `cell/shop/migrations/0001_create_products/expand.postgres.sql` is missing
          `cell/shop/migrations/0001_create_products/expand.sqlite.sql` is missing
          `cell/shop/snapshot.json` is missing

        Databases
          + shop  on SQLite

        Migrations to release
          shop: 0001_create_products (open)
              create table `products`

        Handlers
          + goods.count  GET /products

        Cells
          + goods  in eu, 2 copies

        Processes, by cell/topology.staging.toml
          + release-plan  goods in eu, 2 copies

        Processes, by cell/topology.toml
          + release-plan  goods in eu, 2 copies
    "#]]
    .assert_eq(&said.out);
    let said = fixture.run(&["plan", "--format", "markdown", "--env", "staging"]);
    assert_eq!((said.code, said.err.as_str()), (Some(3), ""));
    expect![[r#"
        ## `release-plan`: there is no release yet

        7 files under `cell/` are out of date; `cargo cell build` writes them.

        - `cell/manifest.json` is missing
        - `cell/manifest.staging.json` is missing
        - `cell/shop/chain` is missing
        - `cell/shop/migrations/0001_create_products/change.json` is missing
        - `cell/shop/migrations/0001_create_products/expand.postgres.sql` is missing
        - `cell/shop/migrations/0001_create_products/expand.sqlite.sql` is missing
        - `cell/shop/snapshot.json` is missing

        ### Databases

        |  | database | engine |
        | --- | --- | --- |
        | added | `shop` | on SQLite |

        ### Migrations to release

        - `shop`: `0001_create_products` (open)
          - create table `products`

        ### Handlers

        |  | handler | door |
        | --- | --- | --- |
        | added | `goods.count` | GET /products |

        ### Cells

        |  | cell | placement |
        | --- | --- | --- |
        | added | `goods` | in eu, 2 copies |

        ### Processes, by `cell/topology.staging.toml`

        |  | process | runs |
        | --- | --- | --- |
        | added | `release-plan` | goods in eu, 2 copies |
    "#]]
    .assert_eq(&said.out);
    for arguments in [&["plan", "--format", "json"][..], &["plan", "--message-format", "json"]] {
        let said = fixture.run(arguments);
        assert_eq!(said.code, Some(3));
        let value: Value = serde_json::from_str(&said.out).expect("one object");
        assert_eq!((&value["kind"], &value["command"]), (&"result".into(), &"plan".into()));
        assert_eq!((&value["release"], &value["differs"]), (&Value::Null, &true.into()));
        assert_eq!(value["migrations"][0]["steps"][0], "create table `products`");
    }
    let said = fixture.run(&["plan", "--format", "human", "--message-format", "json"]);
    assert_eq!(said.code, Some(2));
    assert!(fixture.emitted().len() == 2, "nothing is written: {:?}", fixture.emitted());
}

#[test]
fn a_release_is_sealed_once_and_the_next_change_is_a_migration_of_its_own() {
    let fixture = placed("release-seal");
    let said = fixture.run(&["release"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told: Vec<&str> = said.out.lines().map(str::trim_start).collect();
    assert_eq!(
        told,
        [
            "Sealed shop: 0001_create_products",
            "Added goods.count, GET /products",
            "Released release-seal 1; commit `cell/`"
        ]
    );
    let chain = std::fs::read_to_string(fixture.path("cell/shop/chain")).expect("the chain");
    assert_eq!(std::fs::read_to_string(fixture.path("cell/shop/sealed")).expect("the seal"), chain);
    let released = fixture.emitted();
    assert!(fixture.path("cell/manifest.staging.json").is_file());

    let said = fixture.run(&["release"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out, "   Unchanged release-seal: release 1 is exactly this\n");
    assert_eq!(fixture.run(&["build", "--check", "-q"]).code, Some(0), "what is sealed is up to date");
    assert_eq!(fixture.emitted(), released);
    let said = fixture.run(&["plan"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    expect![[r#"
        release-seal against release 1
        everything under `cell/` is up to date
        nothing differs
    "#]]
    .assert_eq(&said.out);

    let field = "    pub sku: String,\n";
    fixture.replace("src/main.rs", field, &format!("{field}    pub note: Option<String>,\n"));
    fixture.replace(
        "src/main.rs",
        "    #[http(GET, \"/products\")]\n    pub async fn count(",
        "    pub async fn total(",
    );
    fixture.replace("src/main.rs", "replicas = 2", "replicas = 3");
    let said = fixture.run(&["plan"]);
    assert_eq!((said.code, said.err.as_str()), (Some(3), ""));
    expect![[r#"
        release-seal against release 1
        7 files under `cell/` are out of date; `cargo cell build` writes them
          `cell/manifest.json` differs from line 10 on
          `cell/manifest.staging.json` differs from line 10 on
          `cell/shop/chain` differs from line 2 on
          `cell/shop/migrations/0002_add_note/change.json` is missing
          `cell/shop/migrations/0002_add_note/expand.postgres.sql` is missing
          `cell/shop/migrations/0002_add_note/expand.sqlite.sql` is missing
          `cell/shop/snapshot.json` differs from line 18 on

        Migrations to release
          shop: 0002_add_note (open)
              add column `note` to `products`

        Handlers
          - goods.count  GET /products
          + goods.total

        Cells
          ~ goods  in eu, 3 copies, was in eu, 2 copies

        Processes, by cell/topology.staging.toml
          ~ release-seal  goods in eu, 3 copies; was goods in eu, 2 copies

        Processes, by cell/topology.toml
          ~ release-seal  goods in eu, 3 copies; was goods in eu, 2 copies
    "#]]
    .assert_eq(&said.out);

    // A build rewrites the open migration as often as it likes; only a release seals it.
    assert_eq!(fixture.run(&["build", "-q"]).code, Some(0));
    assert!(fixture.path("cell/shop/migrations/0002_add_note").is_dir());
    assert_eq!(std::fs::read_to_string(fixture.path("cell/shop/sealed")).expect("the seal"), chain);
    let said = fixture.run(&["release", "--message-format", "json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let value: Value = serde_json::from_str(said.out.lines().last().unwrap_or_default()).expect("one object");
    assert_eq!((&value["release"], &value["unchanged"]), (&2.into(), &false.into()), "{value}");
    assert_eq!(value["migrations"][0]["migration"], "0002_add_note");
    assert!(said.err.contains("note: `goods.count`, GET /products is no more"), "{}", said.err);
    let sealed = std::fs::read_to_string(fixture.path("cell/shop/sealed")).expect("the seal");
    assert!(sealed.starts_with("0002_add_note "), "{sealed}");

    fixture.write("cell/released.json", "{\"format\": 9}");
    for command in ["plan", "release"] {
        let said = fixture.run(&[command, "-q"]);
        assert_eq!(said.code, Some(1));
        assert!(said.err.contains("`cell/released.json` is no record of a release: it has format 9"), "{}", said.err);
    }
}
