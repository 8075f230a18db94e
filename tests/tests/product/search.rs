//! `cargo cell search` on an application: beside one that runs, and without any.

use cell_tests::application::{Application, Purpose};
use cell_tests::command::Running;
use cell_tests::web::get;
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

/// The application's database, for whoever is no application.
async fn database(application: &Application) -> SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(application.path(".cell/library.db"));
    options.connect().await.expect("a database")
}

async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.expect("SQL");
}

/// Runs SQL with the triggers on books switched off, as the feed does not hear of it.
async fn unheard(connection: &mut SqliteConnection, sql: &str) {
    let triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'books'";
    let triggers: Vec<(String, String)> = sqlx::query_as(triggers).fetch_all(&mut *connection).await.expect("triggers");
    assert!(!triggers.is_empty(), "books are followed");
    for (name, _) in &triggers {
        run(connection, &format!("DROP TRIGGER \"{name}\"")).await;
    }
    run(connection, sql).await;
    for (_, sql) in &triggers {
        run(connection, sql).await;
    }
}

/// The index, as the command tells programs of it.
fn status(application: &Application) -> Value {
    let said = application.succeed(&["search", "status", "--message-format", "json", "-q"]);
    let mut results = said.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    results.find(|line| line["kind"] == "result").expect("a result")
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_looked_after_beside_an_application_that_runs_and_without_one() {
    let application = Application::fixture("library-search", "library", "", Purpose::Build);
    drop(std::fs::remove_dir_all(application.path(".cell")));
    let said = application.run(&["search", "status", "-q"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("the database `library` is not there yet"), "{}", said.out);
    assert!(!application.path(".cell/library.db").exists(), "who looks makes nothing");
    let said = application.run(&["search", "verify", "library.boks", "-q"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(
        said.err.contains("has no search index `library.boks`") && said.err.contains("library.books"),
        "{}",
        said.err
    );

    let mut running = Running::start(&mut application.cell(&["run", "-q"]));
    let address = running.address();
    let mut rows = database(&application).await;
    let many = "WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 3000) \
                INSERT INTO books (id, title) SELECT at, 'The river ' || at FROM n";
    run(&mut rows, many).await;
    assert_eq!(get(&address, "/found/rivers").body, "3000");
    let index = status(&application);
    assert_eq!(
        (&index["command"], &index["state"], &index["written"]),
        (&"search status".into(), &"ready".into(), &true.into())
    );
    assert_eq!((&index["documents"], &index["rows"], &index["behind"]), (&3_000.into(), &3_000.into(), &0.into()));
    unheard(&mut rows, "UPDATE books SET title = 'The hill' WHERE id = 17").await;
    let said = application.run(&["search", "verify", "-q"]);
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    assert!(said.out.contains("  compared: 1 key differs:\n    17\n"), "{}", said.out);
    assert!(said.err.contains("error: 1 search index not as the table says\n"), "{}", said.err);
    let said = application.succeed(&["search", "rebuild", "library.books"]);
    assert!(said.err.contains("Building library.books: "), "{}", said.err);
    assert!(said.out.contains("library.books: 3000 documents, 3000 rows, "), "{}", said.out);
    assert!(said.out.contains("  a process writes it\n"), "{}", said.out);
    assert_eq!(get(&address, "/found/hill").body, "1");
    assert_eq!(running.interrupt().code, Some(0));

    run(&mut rows, "DELETE FROM books WHERE id <= 10").await;
    let said = application.succeed(&["search", "status", "-q"]);
    assert!(said.out.contains("  behind by 10 changes, level "), "{}", said.out);
    assert!(said.out.contains("  no process writes it\n"), "{}", said.out);
    let said = application.succeed(&["search", "verify", "-q"]);
    assert!(said.out.contains("  compared: as its table, in all 2990 rows\n"), "{}", said.out);
    unheard(&mut rows, "DELETE FROM books WHERE id = 20").await;
    assert_eq!(application.run(&["search", "verify", "-q"]).code, Some(3));
    let said = application.succeed(&["search", "rebuild"]);
    assert!(said.out.contains("library.books: 2989 documents, 2989 rows, "), "{}", said.out);
    application.succeed(&["search", "verify", "-q"]);

    // Ctrl-C: nobody is left, nothing is lost, and what was asked for is not forgotten.
    run(&mut rows, &many.replace("SELECT 1 UNION", "SELECT 10000 UNION").replace("at < 3000", "at < 110000")).await;
    let mut rebuild = Running::start(&mut application.cell(&["search", "rebuild"]));
    rebuild.wait_for("Building library.books: ");
    let said = rebuild.interrupt();
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert!(said.err.contains("note: the index is searched as it was"), "{}", said.err);
    let said = application.succeed(&["search", "status", "-q"]);
    // Who builds follows the one before first.
    assert!(said.out.contains("library.books: 102990 documents, 102990 rows, "), "{}", said.out);
    assert!(said.out.contains("  to be built anew, "), "{}", said.out);
    let said = application.succeed(&["search", "rebuild", "-q"]);
    assert!(said.out.contains("library.books: 102990 documents, 102990 rows, "), "{}", said.out);
    assert!(!said.out.contains("to be built anew"), "{}", said.out);

    std::fs::remove_dir_all(application.path(".cell/library.db.search")).expect("an index");
    let said = application.run(&["search", "status", "-q"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.contains("  not built yet\n"), "{}", said.out);
    rows.close().await.expect("an end");
}
