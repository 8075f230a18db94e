//! The example's migrations on the catalogue that it imports: a database of its first release, with every crate on this machine
//! in it, is brought to the newest, on both engines, and holds the same afterwards.

use std::path::{Path, PathBuf};

use catalog::importer::Importer;
use catalog::registry::Registry;
use cell_migrate::throwaway::{Cluster, sqlite};
use cell_migrate::{History, Options, Target, Url, apply, copy, read_history, verify};
use cell_schema::plan;
use cell_schema::schema::Schema;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/catalog")
}

/// The sources that cargo has unpacked on this machine: there are some, or this test would not have been built.
fn sources() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.expect("cargo's home").join("registry/src")
}

fn committed() -> History {
    read_history(&root().join("cell/registry")).expect("a history").expect("migrations")
}

/// What the first release had.
fn first() -> History {
    let all = committed();
    let empty = Schema { database: all.snapshot.database.clone(), ..Schema::default() };
    let snapshot = plan::replay(&empty, &all.migrations[0].changes).expect("the first schema");
    History { snapshot, migrations: all.migrations[..1].to_vec(), sealed: 1 }
}

/// Fills a database of the newest release with the catalogue. Out: how many versions.
async fn import(url: &str) -> u64 {
    let registry = Registry::open_at(url).await.expect("the database");
    apply(&Target::new(Url::new(url)).expect("a target"), &committed(), &Options::default()).await.expect("migrations");
    let imported = Importer::over(registry.clone(), &sources()).import().await.expect("an import");
    assert!(imported.versions > 100, "{imported:?}");
    assert_eq!(registry.readmes.count().await.expect("a count"), registry.crates.count().await.expect("a count"));
    registry.versions.count().await.expect("a count")
}

/// The catalogue as the first release would have stored it: it had nothing where there is no description, and another name for
/// where the sources are.
fn copies(from: &str, to: &str) -> String {
    let copy = |table: &str, columns: &str, values: &str| {
        format!("INSERT INTO {to}.{table} ({columns}) SELECT {values} FROM {from}.{table};")
    };
    let same = |table: &str, columns: &str| copy(table, columns, columns);
    [
        copy(
            "crates",
            "name, description, license, repository, seen_at",
            "name, NULLIF(description, ''), license, source_url, seen_at",
        ),
        same("versions", "id, crate_name, number, edition, rust_version, size_kib, imported_at"),
        same("dependencies", "id, version_id, name, requirement, kind, optional"),
        same("keywords", "crate_name, word"),
    ]
    .concat()
}

const TABLES: [(&str, &str); 4] = [
    ("crates", "name, description, license, source_url, seen_at"),
    ("versions", "id, crate_name, number, edition, rust_version, size_kib, imported_at"),
    ("dependencies", "id, version_id, name, requirement, kind, optional"),
    ("keywords", "crate_name, word"),
];
/// What no release had before the newest: an import brings it.
const READMES: (&str, &str) = ("readmes", "package, text");

/// Counts the rows that only one of two copies of a table has.
fn differing(table: &str, columns: &str, one: &str, other: &str) -> String {
    let only = |one: &str, other: &str| {
        format!(
            "SELECT count(*) AS n FROM (SELECT {columns} FROM {one}.{table} EXCEPT SELECT {columns} FROM {other}.{table}) AS a"
        )
    };
    format!("SELECT CAST(sum(n) AS bigint) FROM ({} UNION ALL {}) AS b", only(one, other), only(other, one))
}

#[tokio::test]
async fn the_catalogue_survives_every_migration_on_sqlite() {
    let (newest, earlier) = (sqlite().expect("a folder"), sqlite().expect("a folder"));
    let versions = import(newest.url().as_str()).await;
    let target = Target::new(earlier.url()).expect("a target");
    apply(&target, &first(), &Options::default()).await.expect("the first migration");

    let mut connection = SqliteConnection::connect(earlier.url().as_str()).await.expect("the database");
    let attach = format!("ATTACH DATABASE '{}' AS newest; {}", newest.path().display(), copies("newest", "main"));
    sqlx::raw_sql(AssertSqlSafe(attach)).execute(&mut connection).await.expect("the copy");
    apply(&target, &committed(), &Options::default()).await.expect("the other migrations");
    assert_eq!(verify(&target, &committed().snapshot).await.expect("an answer").differences, []);
    for (table, columns) in TABLES {
        let sql = AssertSqlSafe(differing(table, columns, "main", "newest"));
        let row = sqlx::query(sql).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(row.get::<i64, _>(0), 0, "{table}");
    }
    let row = sqlx::query("SELECT count(*) FROM versions").fetch_one(&mut connection).await.expect("a count");
    assert_eq!(row.get::<i64, _>(0).unsigned_abs(), versions);
}

#[tokio::test]
async fn the_catalogue_survives_every_migration_on_postgres() {
    let newest = Cluster::shared().await.expect("a cluster").create_database("catalogue").await.expect("a database");
    let versions = import(newest.as_str()).await;
    let mut connection = PgConnection::connect(newest.as_str()).await.expect("the database");
    sqlx::raw_sql("CREATE SCHEMA earlier").execute(&mut connection).await.expect("a schema");
    let joint = if newest.as_str().contains('?') { '&' } else { '?' };
    let earlier = Url::new(format!("{}{joint}options=-c%20search_path%3Dearlier", newest.as_str()));
    let target = Target::new(earlier).expect("a target");
    apply(&target, &first(), &Options::default()).await.expect("the first migration");
    let copies = AssertSqlSafe(copies("public", "earlier"));
    sqlx::raw_sql(copies).execute(&mut connection).await.expect("the copy");
    apply(&target, &committed(), &Options::default()).await.expect("the other migrations");
    assert_eq!(verify(&target, &committed().snapshot).await.expect("an answer").differences, []);
    for (table, columns) in TABLES {
        let sql = AssertSqlSafe(differing(table, columns, "earlier", "public"));
        let row = sqlx::query(sql).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(row.get::<i64, _>(0), 0, "{table}");
    }
    let row = sqlx::query("SELECT count(*) FROM earlier.versions").fetch_one(&mut connection).await.expect("a count");
    assert_eq!(row.get::<i64, _>(0).unsigned_abs(), versions);
}

#[tokio::test]
async fn the_catalogue_copied_to_postgres_and_back_is_equal() {
    let (first, last) = (sqlite().expect("a folder"), sqlite().expect("a folder"));
    let versions = import(first.url().as_str()).await;
    let between = Cluster::shared().await.expect("a cluster").create_database("catalogue").await.expect("a database");
    let target = |url: Url| Target::new(url).expect("a target");
    let (from, between, into) = (target(first.url()), target(between), target(last.url()));
    let there = copy(&from, &between, &committed(), &mut |_| {}).await.expect("a copy");
    let back = copy(&between, &into, &committed(), &mut |_| {}).await.expect("a copy");
    assert_eq!(there, back);
    assert_eq!(there.tables.iter().find(|table| table.table == "versions").map(|table| table.rows), Some(versions));

    let mut connection = SqliteConnection::connect(last.url().as_str()).await.expect("the database");
    let attach = format!("ATTACH DATABASE '{}' AS first", first.path().display());
    sqlx::raw_sql(AssertSqlSafe(attach)).execute(&mut connection).await.expect("the first database");
    for (table, columns) in TABLES.into_iter().chain([READMES]) {
        let sql = AssertSqlSafe(differing(table, columns, "main", "first"));
        let row = sqlx::query(sql).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(row.get::<i64, _>(0), 0, "{table}");
    }
}
