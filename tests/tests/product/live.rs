//! A live database on either engine: what it lacks, what brings it up to date, and what was changed by hand.
//! Nothing is compiled: the committed migrations count.

use std::process::{Command, Stdio};

use cell_migrate::throwaway::{Cluster, sqlite};
use cell_tests::application::{Application, Purpose};
use cell_tests::command::Said;
use sqlx::{Connection as _, PgConnection, SqliteConnection, raw_sql};

const MIGRATION: &str = "0001_create_crates_and_3_more";

#[tokio::test]
async fn a_sqlite_database_is_brought_up_to_date_and_held_against_its_migrations() {
    let file = sqlite().expect("a folder");
    let application = Application::example("live-sqlite", Purpose::Read);
    check(&application, "SQLite", "CELL_REGISTRY_URL", file.url().as_str()).await;
}

#[tokio::test]
async fn a_postgres_database_is_brought_up_to_date_and_held_against_its_migrations() {
    let cluster = Cluster::start().await.expect("a cluster");
    let url = cluster.create_database("registry").await.expect("a database");
    let application = Application::example("live-postgres", Purpose::Read);
    application.switch_to_postgres();
    check(&application, "PostgreSQL", "DATABASE_URL", url.as_str()).await;
}

async fn check(application: &Application, engine: &str, variable: &str, url: &str) {
    let migrate = |arguments: &[&str]| -> Said {
        let mut command: Command = application.cell(&[&["migrate"], arguments].concat());
        Said::of(command.env(variable, url))
    };
    let said = migrate(&["status"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.starts_with(&format!("registry on {engine}: ")), "{}", said.out);
    assert_eq!(state(&said.out), Some("not applied"), "{}", said.out);
    let said = migrate(&["verify"]);
    assert_eq!(said.code, Some(3), "what is not there cannot be compared: {}", said.out);

    let said = migrate(&["apply"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.starts_with(&format!("registry: {MIGRATION}\n  step 1: create table `crates`\n")), "{}", said.out);
    assert_eq!(migrate(&["apply"]).out, "registry: nothing to apply\n");
    let said = migrate(&["status"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(state(&said.out).is_some_and(|state| state.starts_with("applied")), "{}", said.out);
    let said = migrate(&["verify"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "registry is as its migrations say\n"));

    by_hand(url, "ALTER TABLE crates ADD COLUMN note TEXT").await;
    let said = migrate(&["verify"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.starts_with("registry: 1 difference\n  registry.crates.note\n  + "), "{}", said.out);
    assert!(said.err.contains("differ from the migrations\nhelp: undo what was changed by hand"), "{}", said.err);
    by_hand(url, "ALTER TABLE crates DROP COLUMN note").await;
    assert_eq!(migrate(&["verify"]).code, Some(0));
}

/// What stands beside the first migration.
fn state(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.trim().strip_prefix(MIGRATION)).map(str::trim)
}

async fn by_hand(url: &str, statement: &'static str) {
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("the database");
        raw_sql(statement).execute(&mut connection).await.expect("a change by hand");
        connection.close().await.expect("the end");
    } else {
        let mut connection = PgConnection::connect(url).await.expect("the database");
        raw_sql(statement).execute(&mut connection).await.expect("a change by hand");
        connection.close().await.expect("the end");
    }
}

#[tokio::test]
async fn a_copy_that_is_killed_goes_on_when_it_is_run_again() {
    let file = sqlite().expect("a folder");
    let cluster = Cluster::start().await.expect("a cluster");
    let url = cluster.create_database("copy").await.expect("a database");
    let application = Application::example("live-copy", Purpose::Read);
    let migrate = |arguments: &[&str]| -> Command {
        let mut command: Command = application.cell(&[&["migrate"], arguments].concat());
        command.env("CELL_REGISTRY_URL", file.url().as_str()).env("CELL_COPY_TO", url.as_str());
        command
    };
    assert_eq!(Said::of(&mut migrate(&["apply"])).code, Some(0));
    let rows = "INSERT INTO crates (name, description) \
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200000) \
        SELECT 'crate-' || n, 'the crate of this number' FROM n";
    by_hand(file.url().as_str(), rows).await;

    let mut child = migrate(&["copy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command");
    let mut connection = PgConnection::connect(url.as_str()).await.expect("the database");
    let count = "SELECT count(*) FROM crates";
    loop {
        // Before there is a table this fails.
        let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap_or_default();
        if rows > 0 {
            break;
        }
        assert!(child.try_wait().expect("its state").is_none(), "it ended before");
    }
    child.kill().expect("it is killed");
    child.wait().expect("its end");
    let there: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("a count");
    assert!(there < 200_000, "it was done before");
    let said = Said::of(application.cell(&["migrate", "status"]).env("CELL_REGISTRY_URL", url.as_str()));
    assert!(said.code == Some(1) && said.err.contains("error[copy-unfinished]"), "{}", said.err);

    let said = Said::of(&mut migrate(&["copy"]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains(" of 200000 rows are there already\n"), "{}", said.err);
    assert!(said.out.ends_with("registry: 200000 rows copied and compared\n"), "{}", said.out);
    let said = Said::of(&mut migrate(&["copy"]));
    assert!(said.code == Some(1) && said.err.contains("error[copy-not-empty]"), "{}", said.err);
    let said = Said::of(application.cell(&["migrate", "verify"]).env("CELL_REGISTRY_URL", url.as_str()));
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}
