//! The order of steps, and what is refused.

use cell_schema::Engine;
use cell_schema::hints::Hints;
use cell_schema::plan::{Indexes, Phases, plan, program};
use cell_schema::schema::{Action, Column, Schema, Table, Type};
use expect_test::{Expect, expect};

use crate::build::*;

fn steps(previous: &Schema, next: &Schema, expected: Expect) {
    let plan = plan(previous, next, &Hints::default()).expect("a plan");
    let program = program(Engine::Sqlite, previous, &plan.changes, Indexes::Concurrently).expect("a program");
    let lines: Vec<String> = program.steps.iter().map(|step| format!("{}\n", step.title)).collect();
    expected.assert_eq(&lines.concat());
}

fn refused(previous: &Schema, next: &Schema, expected: Expect) {
    expected.assert_eq(&shown(&plan(previous, next, &Hints::default()).expect_err("refused")));
}

fn link(name: &str, to: &[&str]) -> Table {
    let columns: Vec<Column> = to.iter().map(|target| nullable(target, Type::I64)).collect();
    to.iter().fold(table(name, columns), |table, target| {
        table.references(&format!("{name}_{target}_fkey"), target, target, Action::Refuse)
    })
}

#[test]
fn a_table_comes_after_those_it_refers_to() {
    let next = schema([link("a", &["m", "z"]), link("m", &["z"]), link("z", &[]), link("b", &[])]);
    steps(
        &schema([]),
        &next,
        expect![[r#"
            create table `b`
            create table `z`
            create table `m`
            create table `a`
        "#]],
    );
}

#[test]
fn a_circle_is_entered_at_its_first_name_and_its_followers_wait() {
    let next = schema([link("a", &["c"]), link("b", &["b", "c"]), link("c", &["d"]), link("d", &["c"])]);
    steps(
        &schema([]),
        &next,
        expect![[r#"
            create table `c`
            create table `a`
            create table `b`
            create table `d`
        "#]],
    );
}

#[test]
fn tables_come_before_columns_and_columns_before_indexes() {
    let next = schema([
        table("a", [nullable("x", Type::I64)]).references("a_x_fkey", "x", "z", Action::Refuse).index(
            "a_x_idx",
            &["x"],
            None,
        ),
        table("z", []),
    ]);
    steps(
        &schema([table("a", [])]),
        &next,
        expect![[r#"
            create table `z`
            add column `x` to `a`
            create index `a_x_idx` on `a`
        "#]],
    );
}

#[test]
fn a_column_that_rows_would_not_survive_is_refused() {
    let before = schema([table("t", [])]);
    let after = schema([table("t", [column("rating", Type::I16)])]);
    refused(
        &before,
        &after,
        expect![[r#"
        shop.t.rating: rows that are there would have no value for the new column `rating` [not-null-without-default]; say what they hold with `#[column(backfill = …)]` or `#[column(default = …)]`, or make the field an `Option`
    "#]],
    );
}

#[test]
fn what_loses_rows_or_values_is_refused_with_its_object() {
    let before = schema([
        table("gone", []),
        table("t", [column("a", TEXT), column("b", Type::I32), nullable("c", Type::I64)])
            .unique("t_a_key", &["a"])
            .index("t_b_idx", &["b"], None)
            .references("t_c_fkey", "c", "gone", Action::Refuse)
            .check("t_b_check", op(c("b"), ">", int(0))),
    ]);
    let mut t = table("t", [column("a", Type::Text { max_len: Some(9) }), nullable("c", Type::I32)])
        .unique("t_c_key", &["c"])
        .check("t_a_check", op(c("a"), "!=", text("")));
    t.columns[0].automatic = false;
    t.key = vec!["id".to_owned(), "a".to_owned()];
    refused(
        &before,
        &schema([t]),
        expect![[r#"
            shop.gone: table `gone` is dropped with its rows [rows-deleted]; to let it happen, pass `--allow rows-deleted=shop.gone`
            shop.t.a: values of `a` are cut to its new length [values-truncated]; to let it happen, pass `--allow values-truncated=shop.t.a`
            shop.t.b: column `b` is dropped with its values [values-deleted]; to let it happen, pass `--allow values-deleted=shop.t.b`
            shop.t.c: `c` was i64 and becomes i32, which not every value is [cast-may-fail]; to let it happen, pass `--allow cast-may-fail=shop.t.c`
        "#]],
    );
}

#[test]
fn an_impossible_schema_is_refused_before_its_changes() {
    let mut t = table("t", [column("a", Type::Decimal { precision: 19, scale: 2 })]).check("c", c("nothing"));
    t.key.clear();
    t.columns[0].automatic = false;
    refused(
        &schema([]),
        &schema([t]),
        expect![[r#"
        shop.t: table `t` has no key [table-key]; mark a field with `#[key]`
        shop.t.a: a decimal of 19 digits with 2 behind the point does not exist [column-type]; use 1 to 18 digits, and at most as many behind the point
        shop.t.c: table `t` has no column `nothing` [expression-type]; use one of `id`, `a`
    "#]],
    );
}

#[test]
fn what_the_release_before_cannot_read_is_told() {
    let kind = |values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        column("kind", Type::Enumeration { values })
    };
    let before = schema([table("t", [kind(&["a", "b"]), column("note", TEXT), nullable("more", TEXT)])]);
    let after = schema([table("t", [kind(&["a", "b", "c"]), nullable("note", TEXT), nullable("more", TEXT)])]);
    let changes = plan(&before, &after, &Hints::default()).expect("a plan").changes;
    let unread = |changes| cell_schema::plan::unread(changes, &Phases::default());
    assert_eq!(unread(&changes), ["`c` in `kind` of `t`", "rows without a value in `note` of `t`"]);
    let back = unread(&plan(&before, &before, &Hints::default()).expect("a plan").changes);
    assert_eq!(back, [""; 0]);
}
