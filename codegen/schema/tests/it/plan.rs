//! The order of steps, and what is refused.

use cell_schema::expr::Literal;
use cell_schema::plan::plan;
use cell_schema::schema::{Action, Column, Default, Schema, Table, Type};
use expect_test::{Expect, expect};

use crate::build::*;

fn steps(previous: &Schema, next: &Schema, expected: Expect) {
    let plan = plan(previous, next).expect("a plan");
    let lines: Vec<String> = plan.steps.iter().map(|step| format!("{}: {}\n", step.object, step.summary)).collect();
    expected.assert_eq(&lines.concat());
}

fn refused(previous: &Schema, next: &Schema, expected: Expect) {
    expected.assert_eq(&shown(&plan(previous, next).expect_err("refused")));
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
        shop.b: create table `b`
        shop.z: create table `z`
        shop.m: create table `m`
        shop.a: create table `a`
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
        shop.c: create table `c`
        shop.a: create table `a`
        shop.b: create table `b`
        shop.d: create table `d`
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
        shop.z: create table `z`
        shop.a.x: add column `x` to `a`
        shop.a.a_x_idx: create index `a_x_idx` on `a`
    "#]],
    );
}

#[test]
fn a_column_that_rows_would_not_survive_is_refused() {
    let before = schema([table("t", [])]);
    let with = |column: Column| schema([table("t", [column])]);
    let mut text = String::new();
    for column in [
        column("rating", Type::I16),
        with_default("at", Type::Instant, Default::Now),
        with_default("token", Type::Uuid, Default::RandomUuid),
        Column { nullable: true, ..with_default("day", Type::Date, Default::Now) },
        generated("double", Type::I64, op(c("id"), "/", int(2))),
    ] {
        text.push_str(&shown(&plan(&before, &with(column)).expect_err("refused")));
    }
    let referring = table("t", [with_default("parent", Type::I64, value(Literal::Integer(1)))]);
    let referring = schema([referring.references("t_parent_fkey", "parent", "t", Action::Refuse)]);
    text.push_str(&shown(&plan(&before, &referring).expect_err("refused")));
    let unique = schema([table("t", [nullable("name", TEXT)]).unique("t_name_key", &["name"])]);
    text.push_str(&shown(&plan(&before, &unique).expect_err("refused")));
    expect![[r#"
        shop.t.rating: rows that are there would have no value for the new column `rating` [not-null-without-default]; say what they hold with `#[column(default = …)]`, or make the field an `Option`
        shop.t.at: SQLite cannot add column `at` with a default that is computed for each row [unsupported-change]; make the field an `Option` without it, or wait for the table rebuild, which arrives with the migration engine
        shop.t.token: SQLite cannot add column `token` with a default that is computed for each row [unsupported-change]; make the field an `Option` without it, or wait for the table rebuild, which arrives with the migration engine
        shop.t.day: SQLite cannot add column `day` with a default that is computed for each row [unsupported-change]; make the field an `Option` without it, or wait for the table rebuild, which arrives with the migration engine
        shop.t.double: SQLite cannot add the generated column `double` to a table that is there [unsupported-change]; make the field an `Option` without it, or wait for the table rebuild, which arrives with the migration engine
        shop.t.parent: SQLite cannot add column `parent` with both a reference and a default [unsupported-change]; make the field an `Option` without it, or wait for the table rebuild, which arrives with the migration engine
        shop.t.t_name_key: adding unique `t_name_key` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
    "#]].assert_eq(&text);
}

#[test]
fn every_other_change_is_refused_with_its_object() {
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
            shop.gone: removing table `gone` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t: changing the key from `(id)` to `(id, a)` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.a: changing column `a` (the limits of its text differ) is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.b: removing column `b` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.c: changing column `c` (its type was i64 and is i32) is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.id: changing column `id` (who numbers it differs) is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.t_a_check: adding check `t_a_check` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.t_a_key: removing unique `t_a_key` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.t_b_check: removing check `t_b_check` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.t_b_idx: removing index `t_b_idx` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.t_c_fkey: removing reference `t_c_fkey` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
            shop.t.t_c_key: adding unique `t_c_key` is not supported yet [unsupported-change]; restore it as the last release has it; changes of tables that hold rows arrive with the migration engine
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
