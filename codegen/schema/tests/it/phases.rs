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
fn values_that_it_cannot_read_interrupt_the_release_before() {
    assert_eq!(interrupts(column("a", TEXT), nullable("a", TEXT)), ["column `a` of `t` may be empty"]);
    let kind = |values: &[&str]| column("kind", enumeration(values));
    assert_eq!(
        interrupts(kind(&["book"]), kind(&["book", "disc", "map"])),
        ["column `kind` of `t` may hold `disc`", "column `kind` of `t` may hold `map`"]
    );
    assert_eq!(interrupts(column("n", Type::I32), column("n", Type::I64)), ["column `n` of `t` has another type"]);
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
    let t = |columns: &[Column], unique: &[&str]| {
        let t = table("t", columns.iter().cloned());
        if unique.is_empty() { t } else { t.unique("t_key", unique) }
    };
    let (a, b, c) = (column("a", TEXT), nullable("b", TEXT), column("c", TEXT));
    let waits = |previous: Table, next: Table| migration(previous, next).has_contract();
    assert!(waits(t(std::slice::from_ref(&a), &[]), t(std::slice::from_ref(&a), &["a"])));
    assert!(waits(t(&[a.clone(), c.clone()], &["a", "c"]), t(&[a.clone(), c.clone()], &["a"])));
    // It keeps to that already, or leaves empty what is new.
    assert!(!waits(t(&[a.clone(), c.clone()], &["a"]), t(&[a.clone(), c], &["a", "c"])));
    assert!(!waits(t(std::slice::from_ref(&a), &[]), t(&[a.clone(), b.clone()], &["b"])));
    assert!(!waits(t(std::slice::from_ref(&a), &[]), t(&[a, b], &["a", "b"])));
}
