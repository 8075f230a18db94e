//! Shortened histories: databases that have all of it go on, fresh ones begin with it, others are told what they lack.

mod support;

use std::collections::BTreeMap;

use cell_migrate::{rehearse, verify};
use cell_schema::Engine;
use cell_schema::hints::{ColumnHints, Hints, TableHints};
use cell_schema::history::{History, next, read, seal, squash, write};
use cell_schema::schema::{Schema, Type};
use support::*;

fn swapped() -> Hints {
    let from = |name: &str| ColumnHints { renamed_from: Some(name.to_owned()), ..ColumnHints::default() };
    let columns = BTreeMap::from([("x".to_owned(), from("y")), ("y".to_owned(), from("x"))]);
    Hints { tables: BTreeMap::from([("t".to_owned(), TableHints { renamed_from: None, columns })]), ..Hints::default() }
}

fn t(more: &[&str]) -> Schema {
    let mut columns = vec![column("x", Type::I32), column("y", Type::I32)];
    columns.extend(more.iter().map(|name| nullable(name, TEXT)));
    schema(vec![table("t", columns)])
}

/// Three sealed migrations, the second of which swaps two columns.
fn long() -> Vec<History> {
    let first = seal(&next(None, &t(&[]), &Hints::default()).unwrap());
    let second = seal(&next(Some(&first), &t(&[]), &swapped()).unwrap());
    let third = seal(&next(Some(&second), &t(&["note"]), &swapped()).unwrap());
    vec![first, second, third]
}

#[tokio::test]
async fn a_database_that_has_all_of_it_goes_on() {
    let long = long();
    let short = squash(&long[2]).unwrap().expect("a shorter history");
    assert_eq!(short.migrations.len(), 1);
    assert_eq!(read(&write(&short)).unwrap(), short);
    // What was said stays said, and swaps nothing again.
    let more = next(Some(&short), &t(&["note", "more"]), &swapped()).unwrap();
    assert_eq!(more.migrations.len(), 2);
    for place in places().await {
        applied(&place.target, &long[2]).await.unwrap();
        run(&place.target, "INSERT INTO t (x, y) VALUES (1, 2)").await;
        assert_eq!(applied(&place.target, &short).await.unwrap().steps, []);
        assert_eq!(applied(&place.target, &more).await.unwrap().steps.len(), 1);
        assert_eq!(texts(&place.target, "SELECT x || '-' || y FROM t").await, ["1-2"]);
        assert_eq!(verify(&place.target, &more.snapshot).await.unwrap().differences, []);
    }
    for engine in Engine::ALL {
        rehearse(engine, &more).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_has_less_is_told() {
    let long = long();
    let short = squash(&long[2]).unwrap().expect("a shorter history");
    for place in places().await {
        applied(&place.target, &long[1]).await.unwrap();
        assert_eq!(applied(&place.target, &short).await.unwrap_err().code(), "history-squashed");
        applied(&place.target, &long[2]).await.unwrap();
        applied(&place.target, &short).await.unwrap();
    }
    for place in places().await {
        applied(&place.target, &short).await.unwrap();
        assert_eq!(verify(&place.target, &short.snapshot).await.unwrap().differences, []);
        assert_eq!(applied(&place.target, &short).await.unwrap().steps, []);
    }
}

#[test]
fn one_migration_cannot_be_shortened() {
    assert_eq!(squash(&long()[0]).unwrap(), None);
}
