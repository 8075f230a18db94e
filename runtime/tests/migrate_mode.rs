//! A whole process told to migrate its databases instead of starting its cells: the example `clock`, which would refuse to
//! start here, with the manifest and the histories of databases that are not its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cell_manifest::{Database, Engine, FORMAT, Manifest, Migrated, MigratedDatabase, MigrationState};
use cell_migrate::throwaway::Cluster;
use cell_migrate::{Release, Target, Url, releases};
use cell_schema::history::{History, next, seal, write};
use cell_schema::schema::{Column, Schema, Table, Type};
use tempfile::TempDir;

fn table(name: &str) -> Table {
    let column = |name: &str, automatic| Column {
        name: name.to_owned(),
        ty: Type::I64,
        nullable: false,
        automatic,
        default: None,
        generated: None,
    };
    Table {
        name: name.to_owned(),
        columns: vec![column("id", true), column("stock", false)],
        key: vec!["id".to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: false,
    }
}

/// A history with a sealed migration for each table.
fn history(database: &str, tables: &[&str]) -> History {
    let mut schema = Schema { database: database.to_owned(), tables: Vec::new() };
    let mut history = None;
    for name in tables {
        schema.tables.push(table(name));
        history =
            Some(seal(&next(history.as_ref(), &schema, &cell_schema::hints::Hints::default()).expect("a history")));
    }
    history.expect("a table")
}

/// A release as a node lays it out, and the state of its application.
struct Place {
    root: TempDir,
    state: TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    /// `shop` in a SQLite file, and `desk` on a server.
    async fn new() -> Self {
        let url = Cluster::shared().await.expect("a cluster").create_database("desk").await.expect("a database");
        let folder = || tempfile::tempdir().expect("a folder");
        let variables = vec![("DESK_DATABASE".to_owned(), url.as_str().to_owned())];
        let place = Self { root: folder(), state: folder(), variables };
        place.release(&["goods"]);
        place
    }

    /// Lays out a release whose two databases have these tables.
    fn release(&self, tables: &[&str]) {
        let database = |name: &str, engine, file: Option<&str>, env: &[&str]| Database {
            name: name.to_owned(),
            engine,
            folder: format!("cell/{name}"),
            file: file.map(str::to_owned),
            env: env.iter().map(|name| (*name).to_owned()).collect(),
            primary: None,
            replicas: Vec::new(),
            schema: String::new(),
            chain: None,
        };
        let manifest = Manifest {
            format: FORMAT,
            application: "store".to_owned(),
            features: Vec::new(),
            databases: vec![
                database("desk", Engine::Postgres, None, &["DESK_DATABASE"]),
                database("shop", Engine::Sqlite, Some("data/shop.db"), &[]),
            ],
            indexes: Vec::new(),
            caches: Vec::new(),
            cells: Vec::new(),
            types: std::collections::BTreeMap::new(),
            processes: Vec::new(),
            topology: String::new(),
        };
        let cell = self.root.path().join("cell");
        // Those of another release go first.
        let _ = std::fs::remove_dir_all(&cell);
        put(&cell.join("manifest.json"), manifest.to_json().expect("JSON").as_bytes());
        for name in ["desk", "shop"] {
            for (path, bytes) in write(&history(name, tables)) {
                put(&cell.join(name).join(path), &bytes);
            }
        }
    }

    /// What the process says when it is told this.
    fn told(&self, mode: &str, variables: &[(&str, &str)]) -> Output {
        Command::new(program())
            .env_remove("CLOCK_GREETING")
            .env_remove("CELL_RELEASE")
            .env_remove("CELL_REGION")
            .env("CELL_LOG", "warn")
            .env("CELL_MIGRATE", mode)
            .env("CELL_ROOT", self.root.path())
            .env("CELL_STATE", self.state.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("a process")
    }

    fn sqlite(&self) -> Target {
        Target::new(Url::sqlite(&self.state.path().join("data/shop.db"))).expect("a target")
    }

    fn postgres(&self) -> Target {
        let [(_, url)] = self.variables.as_slice() else { panic!("one variable") };
        Target::new(Url::new(url)).expect("a target")
    }
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

/// Beside this test's folder, where cargo puts examples.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let folder = test.ancestors().nth(2).expect("a folder");
    folder.join("examples").join(format!("clock{}", std::env::consts::EXE_SUFFIX))
}

/// The document on standard output, which is one line, and the exit code.
#[track_caller]
fn document(output: &Output) -> (Vec<MigratedDatabase>, Option<i32>) {
    let text = std::str::from_utf8(&output.stdout).expect("UTF-8");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.lines().count(), 1, "{text}{said}");
    (Migrated::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}")).databases, output.status.code())
}

/// `name: head | pending | ahead | applied | problem` of each database.
fn shown(databases: &[MigratedDatabase]) -> String {
    let line = |database: &MigratedDatabase| {
        let head = database.head.as_ref().map_or("-", |head| &head.name);
        let applied = database.applied.iter().flatten();
        let applied: Vec<String> =
            applied.map(|applied| format!("{}: {}", applied.migration, applied.steps.join(", "))).collect();
        let problem = database.problem.as_ref().map_or("-", |problem| &problem.code);
        let parts = [database.pending.join(" "), database.ahead.join(" "), applied.join("; "), problem.to_owned()];
        format!("{}: {head} | {}\n", database.name, parts.join(" | "))
    };
    databases.iter().map(line).collect()
}

#[tokio::test]
async fn the_databases_are_looked_at_and_brought_to_the_release() {
    let place = Place::new().await;
    let (databases, code) = document(&place.told("status", &[]));
    assert_eq!(code, Some(0));
    expect_test::expect![[r#"
        desk: - | 0001_create_goods |  |  | -
        shop: - | 0001_create_goods |  |  | -
    "#]]
    .assert_eq(&shown(&databases));
    assert!(!place.state.path().join("data").exists(), "looking creates nothing");

    let (databases, code) = document(&place.told("apply", &[("CELL_REGION", "eu"), ("CELL_RELEASE", "1")]));
    assert_eq!(code, Some(0));
    expect_test::expect![[r#"
        desk: 0001_create_goods |  |  | 0001_create_goods: create table `goods` | -
        shop: 0001_create_goods |  |  | 0001_create_goods: create table `goods` | -
    "#]]
    .assert_eq(&shown(&databases));
    for (database, target) in databases.iter().zip([place.postgres(), place.sqlite()]) {
        let head = database.head.as_ref().expect("a head");
        let expected = history(&database.name, &["goods"]);
        assert_eq!((head.number, head.state), (1, MigrationState::Sealed));
        assert_eq!(head.hash, expected.migrations[0].hash.to_string());
        let recorded = Release { application: "store".to_owned(), region: "eu".to_owned(), release: 1 };
        assert_eq!(releases(&target).await.expect("releases"), [recorded]);
    }

    // The next release, and then the one before on the same databases.
    place.release(&["goods", "notes"]);
    let (databases, _) = document(&place.told("status", &[]));
    expect_test::expect![[r#"
        desk: 0001_create_goods | 0002_create_notes |  |  | -
        shop: 0001_create_goods | 0002_create_notes |  |  | -
    "#]]
    .assert_eq(&shown(&databases));
    let (databases, _) = document(&place.told("apply", &[]));
    expect_test::expect![[r#"
        desk: 0002_create_notes |  |  | 0002_create_notes: create table `notes` | -
        shop: 0002_create_notes |  |  | 0002_create_notes: create table `notes` | -
    "#]]
    .assert_eq(&shown(&databases));
    place.release(&["goods"]);
    for mode in ["status", "apply"] {
        let (databases, code) = document(&place.told(mode, &[]));
        assert_eq!(code, Some(0));
        expect_test::expect![[r#"
            desk: 0002_create_notes |  | 0002_create_notes |  | -
            shop: 0002_create_notes |  | 0002_create_notes |  | -
        "#]]
        .assert_eq(&shown(&databases));
    }
}

#[tokio::test]
async fn only_the_databases_that_are_named_are_touched() {
    let place = Place::new().await;
    let (databases, code) = document(&place.told("apply", &[("CELL_MIGRATE_DATABASES", "shop")]));
    assert_eq!((databases.len(), code), (1, Some(0)));
    let (databases, _) = document(&place.told("status", &[]));
    expect_test::expect![[r#"
        desk: - | 0001_create_goods |  |  | -
        shop: 0001_create_goods |  |  |  | -
    "#]]
    .assert_eq(&shown(&databases));

    let output = place.told("apply", &[("CELL_MIGRATE_DATABASES", "shop,stock")]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    expect_test::expect![[r#"
        error: `cell-runtime`: `CELL_MIGRATE_DATABASES` names `stock`, which is no database of `store`
    "#]]
    .assert_eq(&String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_override_of_a_database_counts_as_for_the_running_application() {
    let place = Place::new().await;
    let elsewhere = place.state.path().join("elsewhere.db");
    let url = format!("sqlite:{}", elsewhere.display());
    let (databases, code) =
        document(&place.told("apply", &[("CELL_DESK_URL", &url), ("CELL_MIGRATE_DATABASES", "desk")]));
    assert_eq!((code, databases[0].engine), (Some(0), Engine::Sqlite));
    assert!(elsewhere.exists());
}

#[tokio::test]
async fn one_database_that_fails_is_told_and_nothing_after_it_is_touched() {
    let place = Place::new().await;
    let unreachable = ("DESK_DATABASE", "postgres://desk:hunter2@127.0.0.1:1/desk");
    for (variables, code_of_problem) in [
        (vec![unreachable], "database-unreachable"),
        (vec![("CELL_DESK_URL", "mysql://desk:hunter2@db/desk")], "database-url"),
        (vec![("CELL_DESK_URL", "sqlite::memory:")], "database-url"),
    ] {
        for mode in ["apply", "status"] {
            let output = place.told(mode, &variables);
            let (databases, code) = document(&output);
            assert_eq!(code, Some(1));
            let codes: Vec<Option<&str>> = databases
                .iter()
                .map(|database| database.problem.as_ref().map(|problem| problem.code.as_str()))
                .collect();
            assert_eq!(codes, [Some(code_of_problem), None], "{variables:?}");
            assert_eq!(databases[1].pending, ["0001_create_goods"]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.starts_with("error: `cell-runtime`: the database `desk` is not migrated: "), "{said}");
            assert!(
                !said.contains("hunter2") && !String::from_utf8_lossy(&output.stdout).contains("hunter2"),
                "{said}"
            );
        }
    }
}

#[tokio::test]
async fn a_database_that_went_another_way_is_a_problem() {
    let place = Place::new().await;
    document(&place.told("apply", &[]));
    place.release(&["others", "goods"]);
    let (databases, code) = document(&place.told("apply", &[]));
    assert_eq!(code, Some(1));
    expect_test::expect![[r#"
        desk: 0001_create_goods |  |  |  | migration-edited
        shop: 0001_create_goods |  |  |  | migration-edited
    "#]]
    .assert_eq(&shown(&databases));
}

#[tokio::test]
async fn an_unknown_mode_and_a_missing_manifest_are_errors() {
    let place = Place::new().await;
    let output = place.told("drop", &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    expect_test::expect![[r#"
        error: `cell-runtime`: `CELL_MIGRATE` is `drop`, and must be `status`, `apply` or `record`, or not be set
    "#]]
    .assert_eq(&String::from_utf8_lossy(&output.stderr));

    std::fs::remove_file(place.root.path().join("cell/manifest.json")).expect("a manifest");
    let output = place.told("status", &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: `cell-runtime`: cannot read `") && said.contains("CELL_ROOT"), "{said}");
}
