//! The way back from a migration: what `migrate reverse` prints is run as it is, and the database is as before.

use std::fs;

use cell_tests::application::{Application, Purpose};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

#[tokio::test]
async fn what_reverse_prints_leads_back_and_the_database_goes_on_from_there() {
    let application = Application::example("back", Purpose::Build);
    application.succeed(&["release"]);
    application.succeed(&["migrate", "apply"]);
    let renamed = "    #[column(name = \"licence\", renamed_from = \"license\")]\n    pub license:";
    application.replace("src/registry.rs", "    pub license:", renamed);
    application.succeed(&["build"]);
    // It undoes what a database has, and nothing else.
    let early = application.run(&["migrate", "reverse"]);
    assert_eq!(early.code, Some(1), "{}", early.out);
    assert!(early.err.contains("`0006_rename_licence` is not the newest migration that"), "{}", early.err);
    application.succeed(&["migrate", "apply"]);
    let sql = application.succeed(&["migrate", "reverse"]).out;

    let file = application.path(".cell/registry.db");
    let mut connection =
        SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.expect("the database");
    // As most connections are: what goes takes along what refers to it.
    for rows in [
        "PRAGMA foreign_keys = ON",
        "INSERT INTO crates (name, description, licence) VALUES ('serde', '', 'MIT'), ('syn', '', NULL)",
        "INSERT INTO versions (crate_name, number, size_kib) VALUES ('serde', '1.0.0', 1)",
    ] {
        sqlx::raw_sql(AssertSqlSafe(rows))
            .execute(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{rows}: {error}"));
    }
    sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let counts: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM crates), (SELECT count(*) FROM versions), (SELECT count(*) FROM crates WHERE license = 'MIT')",
    )
    .fetch_one(&mut connection)
    .await
    .expect("the rows");
    assert_eq!(counts, (2, 1, 1));
    connection.close().await.expect("the end");

    application.replace("src/registry.rs", renamed, "    pub license:");
    application.succeed(&["build"]);
    assert!(!fs::exists(application.path("cell/registry/migrations/0006_rename_licence")).unwrap_or(true));
    application.succeed(&["migrate", "apply"]);
    application.succeed(&["migrate", "verify"]);
}
