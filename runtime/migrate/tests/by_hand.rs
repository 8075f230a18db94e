//! SQL by hand beside a migration: it runs behind the generated steps, is hashed with them, rehearsed and journaled.

mod support;

use std::collections::BTreeMap;

use cell_migrate::{rehearse, verify};
use cell_schema::Engine;
use cell_schema::hints::{Data, Hints};
use cell_schema::history::{History, by_hand, next, read, seal, write};
use cell_schema::schema::{Schema, Type};
use support::*;

fn t(more: &[&str]) -> Schema {
    let mut columns = vec![column("name", TEXT)];
    columns.extend(more.iter().map(|name| nullable(name, Type::I32)));
    schema(vec![table("t", columns)])
}

const SQL: &str = "-- lengths of names\nUPDATE t SET length = length(name) WHERE name <> 'a; -- b';\n";

fn said(name: &str, sql: &str) -> Hints {
    let texts = Engine::ALL.into_iter().map(|engine| (engine, sql.to_owned())).collect();
    Hints { data: Some(Data { name: name.to_owned(), texts }), ..Hints::default() }
}

fn first() -> History {
    seal(&next(None, &t(&[]), &Hints::default()).unwrap())
}

#[tokio::test]
async fn it_runs_between_the_generated_steps() {
    let second = seal(&next(Some(&first()), &t(&["length"]), &said("ignored", SQL)).unwrap());
    let third = next(Some(&second), &t(&["length", "more"]), &Hints::default()).unwrap();
    assert_eq!(read(&write(&third)).unwrap(), third);
    for place in places().await {
        applied(&place.target, &first()).await.unwrap();
        run(&place.target, "INSERT INTO t (name) VALUES ('abc')").await;
        let done = applied(&place.target, &third).await.unwrap();
        let expected = [
            "0002_add_length: add column `length` to `t`",
            "0002_add_length: by hand: lengths of names",
            "0003_add_more: add column `more` to `t`",
        ];
        assert_eq!(titles(&done), expected);
        assert_eq!(texts(&place.target, "SELECT CAST(length AS text) FROM t").await, ["3"]);
        assert_eq!(verify(&place.target, &third.snapshot).await.unwrap().differences, []);
    }
    for engine in Engine::ALL {
        rehearse(engine, &third).await.unwrap();
    }
}

#[tokio::test]
async fn it_may_be_all_that_a_migration_has() {
    let fix = "UPDATE t SET name = upper(name);";
    let second = next(Some(&first()), &t(&[]), &said("shout", fix)).unwrap();
    assert_eq!(second.migrations[1].name, "0002_shout");
    // The next build finds it where it lies, and writes the same.
    let files = write(&second);
    let found = by_hand(&files).unwrap().expect("the SQL");
    let again = Hints { data: Some(found), ..Hints::default() };
    assert_eq!(next(Some(&first()), &t(&[]), &again).unwrap(), second);
    for place in places().await {
        applied(&place.target, &first()).await.unwrap();
        run(&place.target, "INSERT INTO t (name) VALUES ('abc')").await;
        applied(&place.target, &second).await.unwrap();
        assert_eq!(texts(&place.target, "SELECT name FROM t").await, ["ABC"]);
    }
}

#[tokio::test]
async fn rows_with_numbers_of_their_own_leave_a_sequence_behind_which_the_rehearsal_finds() {
    let rows = "INSERT INTO t (id, name) VALUES (1000000, 'tea');";
    let wrong = next(Some(&first()), &t(&[]), &said("rows", rows)).unwrap();
    let error = rehearse(Engine::Postgres, &wrong).await.unwrap_err().to_string();
    assert!(error.contains("shop.t.id\n  - its next number is above 1000000"), "{error}");
    rehearse(Engine::Sqlite, &wrong).await.unwrap();

    let mut right = said("rows", rows);
    let set = "SELECT setval(pg_get_serial_sequence('t', 'id'), (SELECT max(id) FROM t));";
    right.data.as_mut().unwrap().texts.entry(Engine::Postgres).and_modify(|text| *text = format!("{text}\n{set}"));
    rehearse(Engine::Postgres, &next(Some(&first()), &t(&[]), &right).unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_the_engine_refuses_is_found_in_the_rehearsal() {
    let second = next(Some(&first()), &t(&[]), &said("wrong", "UPDATE t SET nothing = 1;")).unwrap();
    for engine in Engine::ALL {
        let error = rehearse(engine, &second).await.unwrap_err();
        assert!(error.to_string().contains("by hand: data") && error.to_string().contains("nothing"), "{error}");
    }
}

#[test]
fn an_edit_after_it_was_accepted_is_found() {
    let second = seal(&next(Some(&first()), &t(&["length"]), &said("x", SQL)).unwrap());
    let mut files: BTreeMap<String, Vec<u8>> = write(&second);
    let path = "migrations/0002_add_length/data.sqlite.sql";
    files.insert(path.to_owned(), SQL.replace("length(name)", "1").into_bytes());
    assert_eq!(read(&files).unwrap_err().code, "history-edited");
    files.insert(path.to_owned(), SQL.replace("-- lengths", "-- the lengths").into_bytes());
    assert!(read(&files).is_ok(), "a comment may change");
    for broken in ["", "-- nothing\n", "UPDATE t SET name = 'a;\n"] {
        files.insert(path.to_owned(), broken.as_bytes().to_vec());
        assert_eq!(read(&files).unwrap_err().code, "history-format");
    }
}
