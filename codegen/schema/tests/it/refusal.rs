//! What a schema may not be.

use cell_schema::check::check;
use cell_schema::expr::Literal;
use cell_schema::schema::{Action, Column, Default, Reference, Schema, Table, Type};
use expect_test::{Expect, expect};

use crate::build::*;

fn refused(schema: &Schema, expected: Expect) {
    expected.assert_eq(&shown(&check(schema)));
}

#[test]
fn names_that_an_engine_would_cut_or_confuse_are_refused() {
    let long = "x".repeat(64);
    let tables = [
        table("Users", [column("Name", TEXT), column("name", TEXT), column("ctid", TEXT)]),
        table("users", []),
        table("sqlite_thing", [column(&long, TEXT), column("", TEXT), column("a\nb", TEXT)]),
        table("logs", []).index("users", &["id"], None),
        table("logs_id_seq", []).unique("logs_id_seq_pkey", &["id"]),
    ];
    refused(
        &schema(tables),
        expect![[r#"
            shop.Users.ctid: `ctid` is a column that PostgreSQL has in every table [sql-name]; choose another name: `name = "…"`
            shop.Users.name: `name` is also the name of shop.Users.Name (`Name`); SQLite takes upper and lower case for the same [sql-name-clash]; choose another name: `name = "…"`
            shop.logs.users: `users` is also the name of shop.Users (`Users`); SQLite takes upper and lower case for the same [sql-name-clash]; choose another name: `name = "…"`
            shop.logs_id_seq: `logs_id_seq` is also the name of the sequence of shop.logs.id (`logs_id_seq`) [sql-name-clash]; choose another name: `name = "…"`
            shop.logs_id_seq.logs_id_seq_pkey: `(id)` is unique by the key or by another unique already [index-columns]; remove one of them
            shop.sqlite_thing: `sqlite_thing` begins with `sqlite_`, which SQLite keeps for itself [sql-name]; choose another name: `name = "…"`
            shop.sqlite_thing.: a name is empty [sql-name]; choose another name: `name = "…"`
            shop.sqlite_thing.a\u{a}b: `a\u{a}b` contains a control character [sql-name]; choose another name: `name = "…"`
            shop.sqlite_thing.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` has 64 bytes, and PostgreSQL cuts names at 63 [sql-name]; choose another name: `name = "…"`
            shop.users: `users` is also the name of shop.logs.users (`users`) [sql-name-clash]; choose another name: `name = "…"`
        "#]],
    );
}

#[test]
fn a_table_without_a_sound_key_is_refused() {
    let mut empty = table("empty", []);
    empty.key.clear();
    empty.columns[0].automatic = false;
    let mut missing = table("missing", []);
    missing.key = vec!["nothing".to_owned()];
    let mut null = table("null", []);
    null.columns[0] = nullable("id", Type::I64);
    let mut text = table("text", []);
    text.columns[0].ty = TEXT;
    let second = table("second", [Column { automatic: true, ..column("n", Type::I64) }]);
    refused(
        &schema([empty, missing, null, text, second]),
        expect![[r#"
        shop.empty: table `empty` has no key [table-key]; mark a field with `#[key]`
        shop.missing.id: `id` cannot be numbered by the engine [table-key]; only a single key column of type `i64` without a default is; write `#[key(assigned)]` otherwise
        shop.missing.missing: `missing` names column `nothing`, which the table does not have [index-columns]; name each column of the table once, and none of JSON
        shop.null.id: the key's column `id` may be null or is generated [table-key]; use a column that always has a value of its own
        shop.second.n: `n` cannot be numbered by the engine [table-key]; only a single key column of type `i64` without a default is; write `#[key(assigned)]` otherwise
        shop.text.id: `id` cannot be numbered by the engine [table-key]; only a single key column of type `i64` without a default is; write `#[key(assigned)]` otherwise
    "#]],
    );
}

#[test]
fn columns_of_indexes_and_references_must_fit() {
    let other = |mut table: Table, name: &str, column: &str, target: &[&str]| {
        table.references.push(Reference {
            name: name.to_owned(),
            columns: vec![column.to_owned()],
            table: "other".to_owned(),
            target: target.iter().map(ToString::to_string).collect(),
            on_delete: Action::SetNull,
        });
        table
    };
    let t = table("t", [column("json", Type::Json), column("n", Type::I64), nullable("s", TEXT)])
        .index("t_none_idx", &[], None)
        .index("t_json_idx", &["json"], None)
        .unique("t_twice_key", &["n", "n"])
        .references("t_nowhere_fkey", "s", "nowhere", Action::Refuse);
    let t = other(other(other(t, "t_null", "n", &["id"]), "t_type", "s", &["id"]), "t_no_key", "s", &["name"]);
    refused(
        &schema([t, table("other", [column("name", TEXT)])]),
        expect![[r#"
        shop.t.t_json_idx: `t_json_idx` names column `json`, whose JSON each engine orders differently [index-columns]; name each column of the table once, and none of JSON
        shop.t.t_no_key: the columns that are referred to are no key of `other` [reference-target]; refer to the whole key, or to columns that are unique together
        shop.t.t_none_idx: `t_none_idx` covers no column [index-columns]; name at least one
        shop.t.t_nowhere_fkey: the table `nowhere` is not in this database [reference-target]; refer to a table of the same database
        shop.t.t_null: `n` cannot become null when its target is deleted [reference-target]; make the field an `Option`, or use `on_delete = cascade` or `refuse`
        shop.t.t_twice_key: `t_twice_key` names column `n`, twice [index-columns]; name each column of the table once, and none of JSON
        shop.t.t_type: `s` is text and refers to `id`, which is i64 [reference-target]; give both columns the same type
    "#]],
    );
}

#[test]
fn types_and_defaults_out_of_their_limits_are_refused() {
    let literal = |text: &str| value(Literal::Text(text.to_owned()));
    let columns = [
        column("a", Type::Decimal { precision: 0, scale: 0 }),
        column("b", Type::Decimal { precision: 4, scale: 5 }),
        column("c", Type::Text { max_len: Some(0) }),
        column("d", enumeration(&[])),
        column("e", enumeration(&["x", "x"])),
        with_default("f", TEXT, Default::Now),
        with_default("g", TEXT, Default::RandomUuid),
        with_default("h", Type::I16, value(Literal::Integer(70_000))),
        with_default("i", PRICE, value(Literal::Number("0.125".to_owned()))),
        with_default("j", enumeration(&["x"]), literal("y")),
        with_default("k", TEXT, value(Literal::Null)),
        with_default("l", TEXT, literal("a\r\nb")),
        with_default("m", Type::Bytes { max_len: None }, literal("")),
        with_default("n", Type::Date, literal("yesterday")),
        Column { default: Some(value(Literal::Integer(1))), ..generated("o", Type::I64, c("id")) },
    ];
    refused(
        &schema([table("t", columns)]),
        expect![[r#"
        shop.t.a: a decimal of 0 digits with 0 behind the point does not exist [column-type]; use 1 to 18 digits, and at most as many behind the point
        shop.t.b: a decimal of 4 digits with 5 behind the point does not exist [column-type]; use 1 to 18 digits, and at most as many behind the point
        shop.t.c: a length of at most 0 leaves nothing to store [column-type]; use a greater `max_len`
        shop.t.d: an enumeration needs values, each once, without U+0000 and U+000D [column-type]; change the enumeration
        shop.t.e: an enumeration needs values, each once, without U+0000 and U+000D [column-type]; change the enumeration
        shop.t.f: `now` is no default for `f`, which is text [column-default]; use it for a date, a time or an instant
        shop.t.g: `uuid` is no default for `g`, which is text [column-default]; use it for a UUID
        shop.t.h: `70000` is no default for `h`, which is i16 [column-default]; write a whole number from -32768 to 32767
        shop.t.i: `0.125` is no default for `i`, which is decimal(12, 2) [column-default]; write a number of 12 digits, 2 of them behind the point
        shop.t.j: `"y"` is no default for `j`, which is enumeration [column-default]; write one of "x"
        shop.t.k: `null` is no default for `k`, which is text [column-default]; leave the default out: a column that may be null is null by default
        shop.t.l: `"a\r\nb"` is no default for `l`, which is text [column-default]; write a text without U+0000 and U+000D
        shop.t.m: `""` is no default for `m`, which is bytes [column-default]; write no constant: bytes cannot be written as one
        shop.t.n: `"yesterday"` is no default for `n`, which is date [column-default]; write a date such as "2020-01-31"
        shop.t.o: `o` is generated and has a default [column-generated]; remove one of them
    "#]],
    );
}
