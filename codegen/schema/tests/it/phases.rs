//! What the release before cannot live with is said, and nothing else is.

use cell_schema::hints::Hints;
use cell_schema::history::{Migration, next, seal};
use cell_schema::schema::{Column, Table, Type};

use crate::build::*;

fn migration(previous: Table, table: Table) -> Migration {
    let first = seal(&next(None, &schema([previous]), &Hints::default()).expect("a history"));
    let mut second = next(Some(&first), &schema([table]), &Hints::default()).expect("a history");
    second.migrations.pop().expect("a migration")
}

/// What is said where one column of a table changes.
fn interrupts(previous: Column, next: Column) -> Vec<String> {
    migration(table("t", [previous]), table("t", [next])).interrupts().to_vec()
}

#[test]
fn another_type_interrupts_the_release_before_and_values_that_it_may_meet_do_not() {
    assert_eq!(interrupts(column("n", Type::I32), column("n", TEXT)), ["column `n` of `t` has another type"]);
    assert_eq!(interrupts(column("n", Type::I32), column("n", Type::I64)), [""; 0]);
    // Of these it is told what cannot be read: see `plan`.
    let kind = |values: &[&str]| column("kind", enumeration(values));
    assert_eq!(interrupts(kind(&["book"]), kind(&["book", "disc"])), [""; 0]);
    assert_eq!(interrupts(column("a", TEXT), nullable("a", TEXT)), [""; 0]);
}

#[test]
fn rows_that_it_can_no_longer_write_interrupt_the_release_before() {
    let computed = generated("b", TEXT, call("lower", [c("a")]));
    let t = |columns: &[Column]| table("t", columns.iter().cloned());
    let with_default = with_default("b", TEXT, value(cell_schema::expr::Literal::Text(String::new())));
    for harmless in [nullable("b", TEXT), with_default, computed] {
        let added = migration(t(&[column("a", TEXT)]), t(&[column("a", TEXT), harmless]));
        assert_eq!(added.interrupts(), [""; 0]);
    }
    assert_eq!(interrupts(nullable("a", TEXT), column("a", TEXT)), ["column `a` of `t` is required"]);
}

#[test]
fn what_binds_more_waits_where_rows_of_the_release_before_could_break_it() {
    let (a, b, c) = (column("a", TEXT), nullable("b", TEXT), column("c", TEXT));
    let t = |names: &str, unique: &[&str]| {
        let columns = [&a, &b, &c].into_iter().filter(|column| names.contains(&column.name)).cloned();
        let t = table("t", columns);
        if unique.is_empty() { t } else { t.unique("t_key", unique) }
    };
    let waits = |previous: Table, next: Table| migration(previous, next).has_contract();
    assert!(waits(t("a", &[]), t("a", &["a"])));
    assert!(waits(t("ac", &["a", "c"]), t("ac", &["a"])));
    // It keeps to that already, or leaves empty what is new.
    assert!(!waits(t("ac", &["a"]), t("ac", &["a", "c"])));
    assert!(!waits(t("a", &[]), t("ab", &["b"])));
    assert!(!waits(t("a", &[]), t("ab", &["a", "b"])));
}
