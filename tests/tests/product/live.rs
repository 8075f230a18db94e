//! A live database on either engine: what it lacks, what brings it up to date, and what was changed by hand.
//! Nothing is compiled: the committed migrations count.

use std::process::Command;

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
    assert!(said.out.contains(&format!("  {MIGRATION}  not applied\n")), "{}", said.out);
    let said = migrate(&["verify"]);
    assert_eq!(said.code, Some(3), "what is not there cannot be compared: {}", said.out);

    let said = migrate(&["apply"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.starts_with(&format!("registry: {MIGRATION}\n  step 1: create table `crates`\n")), "{}", said.out);
    assert_eq!(migrate(&["apply"]).out, "registry: nothing to apply\n");
    let said = migrate(&["status"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains(&format!("  {MIGRATION}  applied")), "{}", said.out);
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
