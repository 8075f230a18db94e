//! Values of an enumeration that has others in the next release: renamed ones stand under the name that both releases read.

use std::collections::BTreeMap;

use cell_schema::hints::{ColumnHints, Hints, TableHints};
use cell_schema::history::{next, seal};
use cell_schema::schema::{Column, Default, Schema, Type};

use super::support::*;
use super::{Releases, contract, expand, said};

fn kind(name: &str, values: &[&str]) -> Column {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    column(name, Type::Enumeration { values })
}

fn becomes(moves: &[(&str, &str)], renamed: &[&str]) -> ColumnHints {
    let values = moves.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    let renamed = renamed.iter().map(|value| (*value).to_owned()).collect();
    ColumnHints { values, renamed, ..ColumnHints::default() }
}

#[tokio::test]
async fn a_renamed_value_is_written_as_both_read_it() {
    let t = |values: &[&str], default: &str| {
        let set = Column {
            default: Some(Default::Value(cell_schema::expr::Literal::Text(default.to_owned()))),
            ..kind("set", values)
        };
        schema(vec![table("t", vec![kind("kind", values), set, column("n", Type::I32)])])
    };
    let before = t(&["it's", "book", "reel"], "reel");
    let after = t(&["that's", "book", "spool", "more"], "spool");
    let moves = becomes(&[("it's", "that's"), ("reel", "spool")], &["it's", "reel"]);
    let mut hints = said("kind", moves.clone());
    hints.tables.get_mut("t").unwrap().columns.insert("set".to_owned(), moves);
    let releases = Releases::of(before, after, &hints).await;
    let migration = releases.migration();
    assert_eq!(migration.interrupts(), [] as [String; 0]);
    // Only what is new is nothing that the release before reads.
    let told = migration.told(cell_schema::Engine::Sqlite);
    let unread: Vec<&String> = told.iter().filter(|line| line.contains("cannot read")).collect();
    assert_eq!(
        unread,
        [
            "the release before cannot read: `more` in `kind` of `t`",
            "the release before cannot read: `more` in `set` of `t`"
        ]
    );
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO t (kind, n) VALUES ('it''s', 1)").await;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (kind, n) VALUES ('it''s', 2), ('that''s', 3), ('book', 4)").await;
        run(target, "INSERT INTO t (kind, \"set\", n) VALUES ('more', 'spool', 5), ('more', 'book', 6)").await;
        run(target, "UPDATE t SET kind = 'spool' WHERE n = 1; UPDATE t SET \"set\" = 'that''s' WHERE n = 4").await;
        run(
            target,
            "INSERT INTO t (id, kind, n) VALUES (6, 'book', 7) ON CONFLICT (id) DO UPDATE SET kind = 'that''s'",
        )
        .await;
        let all = "SELECT kind || ' ' || \"set\" FROM t ORDER BY id";
        let between = ["reel reel", "it's reel", "it's reel", "book it's", "more reel", "it's book"];
        assert_eq!(texts(target, all).await, between);
        contract(target, &releases).await;
        let expected = between.map(|row| row.replace("reel", "spool").replace("it's", "that's"));
        assert_eq!(texts(target, all).await, expected);
        run(target, "INSERT INTO t (kind, n) VALUES ('spool', 8)").await;
        assert_eq!(texts(target, "SELECT kind || \"set\" FROM t WHERE n = 8").await, ["spoolspool"]);
        assert!(try_run(target, "INSERT INTO t (kind, n) VALUES ('reel', 9)").await.is_err());
    }
}

#[tokio::test]
async fn a_removed_value_waits_for_the_earlier_release_to_go() {
    let t = |values: &[&str]| schema(vec![table("t", vec![kind("kind", values)])]);
    let hints = said("kind", becomes(&[("tape", "disc")], &[]));
    let releases = Releases::of(t(&["book", "tape"]), t(&["book", "disc"]), &hints).await;
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO t (kind) VALUES ('tape')").await;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (kind) VALUES ('tape'), ('disc'), ('book')").await;
        // It has not taken the other's place: the next release reads both.
        assert_eq!(texts(target, "SELECT kind FROM t ORDER BY id").await, ["tape", "tape", "disc", "book"]);
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT kind FROM t ORDER BY id").await, ["disc", "disc", "disc", "book"]);
    }
}

#[tokio::test]
async fn a_table_and_its_values_have_two_names_at_once() {
    let t = |name: &str, values: &[&str]| schema(vec![table(name, vec![kind("kind", values), column("n", Type::I32)])]);
    let columns = BTreeMap::from([("kind".to_owned(), becomes(&[("tape", "disc")], &["tape"]))]);
    let renamed = TableHints { renamed_from: Some("old".to_owned()), columns };
    let hints = Hints { tables: BTreeMap::from([("t".to_owned(), renamed)]), ..Hints::default() };
    let releases = Releases::of(t("old", &["book", "tape"]), t("t", &["book", "disc"]), &hints).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO old (kind, n) VALUES ('tape', 1)").await;
        expand(target, &releases.second).await;
        run(
            target,
            "INSERT INTO t (kind, n) VALUES ('disc', 2), ('book', 3); INSERT INTO old (kind, n) VALUES ('tape', 4)",
        )
        .await;
        run(target, "UPDATE t SET kind = 'disc' WHERE n = 3; UPDATE old SET n = 5 WHERE n = 4").await;
        for name in ["old", "t"] {
            let all = format!("SELECT kind || n FROM {name} ORDER BY id");
            assert_eq!(texts(target, &all).await, ["tape1", "tape2", "tape3", "tape5"]);
        }
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT kind || n FROM t ORDER BY id").await, ["disc1", "disc2", "disc3", "disc5"]);
    }
}

#[test]
fn values_that_rows_are_found_by_have_their_new_names_at_once() {
    let t = |values: &[&str]| table("t", vec![kind("kind", values)]);
    let hints = said("kind", becomes(&[("tape", "disc")], &["tape"]));
    let migration = |of: &dyn Fn(&[&str]) -> Schema| {
        let first = seal(&next(None, &of(&["book", "tape"]), &Hints::default()).unwrap());
        let second =
            next(Some(&first), &of(&["book", "disc"]), &hints).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        let migration = &second.migrations[1];
        (migration.interrupts().to_vec(), migration.has_contract())
    };
    let expected = (vec!["values of column `kind` of `t` have other names".to_owned()], false);
    assert_eq!(migration(&|values| schema(vec![t(values).with_unique(&["kind"])])), expected);
    assert_eq!(migration(&|values| schema(vec![t(values).with_key(&["kind"])])), expected);
}
