//! Search indexes from the source to their files: what a build says and writes when one comes, holds something else, or goes.

use cell_tests::application::{Application, Purpose};
use expect_test::{Expect, expect};
use sqlx::{Connection as _, SqliteConnection};

const SOURCE: &str = "server/start.rs";

/// What a build says of search indexes and of their files.
#[track_caller]
fn builds(application: &Application, expected: &Expect) {
    let said = application.succeed(&["build"]);
    let lines = said.out.lines().filter(|line| line.contains(" Index ") || line.contains("cell/search/"));
    expected.assert_eq(&lines.map(|line| format!("{}\n", line.trim_start())).collect::<String>());
    application.succeed(&["build", "--check", "-q"]);
}

#[test]
fn a_build_says_what_becomes_of_each_index_and_keeps_its_file() {
    let application = Application::fixture("bazaar-indexes", "bazaar", "", Purpose::Build);
    builds(
        &application,
        &expect![[r#"
            Index `bazaar.brief`: new
            Index `bazaar.direct`: new
            Added cell/search/bazaar.brief.json
            Added cell/search/bazaar.direct.json
        "#]],
    );
    application.replace(SOURCE, "tokenizer = \"exact\"", "tokenizer = \"prefix\"");
    application.replace(SOURCE, "boost = 2.0", "boost = 4.0");
    let said = application.run(&["build", "--check", "-q"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.contains("`cell/search/bazaar.brief.json` differs from line "), "{}", said.out);
    builds(
        &application,
        &expect![[r#"
            Index `bazaar.brief`: changed: it is rebuilt beside the old one
            Changed cell/search/bazaar.brief.json
            Changed cell/search/bazaar.direct.json
        "#]],
    );
    application.replace(SOURCE, ", name = \"brief\"", "");
    builds(
        &application,
        &expect![[r#"
            Index `bazaar.brief`: gone
            Index `bazaar.short`: new
            Removed cell/search/bazaar.brief.json
            Added cell/search/bazaar.short.json
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_says_how_many_rows_are_indexed_anew_where_a_database_is_there() {
    let application = Application::fixture("bazaar-sizes", "bazaar", "", Purpose::Build);
    application.succeed(&["build", "-q"]);
    application.succeed(&["migrate", "apply", "-q"]);
    let file = application.path(".cell/bazaar.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.expect("a database");
    sqlx::raw_sql("INSERT INTO direct (id, name, kind) VALUES (1, 'a', 'one'), (2, 'b', 'one')")
        .execute(&mut connection)
        .await
        .expect("rows");
    connection.close().await.expect("closed");
    application.replace(SOURCE, "language = \"de\"", "language = \"en\"");
    let said = application.succeed(&["build", "--message-format", "json", "-q"]);
    assert!(said.out.contains(r#""indexes":[{"change":"changed","index":"bazaar.direct","rows":2}]"#), "{}", said.out);
    application.replace(SOURCE, "language = \"en\"", "language = \"fr\"");
    builds(
        &application,
        &expect![[r#"
            Index `bazaar.direct`: changed: it is rebuilt beside the old one (2 rows in this environment's database)
            Changed cell/search/bazaar.direct.json
        "#]],
    );
}
