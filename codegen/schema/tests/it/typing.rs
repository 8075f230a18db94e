//! Which expressions are refused, and what a generated column may be.

use cell_schema::expr::{Expr, Literal};
use cell_schema::schema::{Schema, Type};
use cell_schema::{Engine, dialect};
use expect_test::{Expect, expect};

use crate::build::*;
use crate::expression::{columns, lowered};

/// The refusals of each expression.
fn refused(expressions: impl IntoIterator<Item = Expr>, expected: Expect) {
    let mut text = String::new();
    for expr in expressions {
        let sqlite = lowered(expr.clone(), Engine::Sqlite);
        assert_eq!(sqlite, lowered(expr.clone(), Engine::Postgres), "both engines refuse alike");
        text.push_str(&sqlite);
    }
    expected.assert_eq(&text);
}

#[test]
fn types_that_do_not_go_together_are_refused() {
    refused(
        [
            c("qty"),
            op(c("qty"), "==", text("1")),
            op(c("name"), "+", c("sku")),
            op(c("weight"), ">", c("qty")),
            op(c("weight"), ">", c("price")),
            op(c("name"), "==", Expr::Literal(Literal::Null)),
            op(c("kind"), "==", text("boook")),
            op(c("kind"), "<", text("film")),
            op(c("active"), "<", c("active")),
            op(c("json"), "==", c("json")),
            op(op(c("price"), "/", int(2)), ">", int(1)),
            op(op(c("whole"), "/", int(2)), ">", int(1)),
            op(op(c("qty"), "/", num("2.0")), ">", int(1)),
            op(op(c("qty"), "/", int(0)), ">", int(1)),
            op(op(c("weight"), "%", c("weight")), ">", num("1.0")),
            op(c("missing"), ">", int(1)),
            op(call("len", [c("qty")]), ">", int(1)),
            op(c("qty"), "&&", c("active")),
            op(c("day"), "==", text("2023-02-29")),
            call("is_null", [int(1)]),
            call("starts_with", [c("name")]),
            op(call("coalesce", [c("name"), int(1)]), "==", text("")),
            op(c("qty"), ">", num("1e3")),
        ],
        expect![[r#"
            shop.t.own: `qty` is a whole number, not a condition [expression-type]; write a comparison, such as `price >= 0`
            shop.t.own: `qty == "1"` compares a whole number with text [expression-type]; compare values of one type
            shop.t.own: `name + sku` has text and text around `+` [expression-type]; use `concat(a, b)` for texts
            shop.t.own: `weight > qty` compares an `f64` with a whole number [expression-type]; compare values of one type
            shop.t.own: `weight > price` compares an `f64` with a decimal with 2 digits behind the point [expression-type]; compare values of one type
            shop.t.own: nothing compares with `null`: the result is always unknown [expression-type]; use `is_null(column)` or `!is_null(column)`
            shop.t.own: `"boook"` does not fit here [expression-type]; write one of "book", "film"
            shop.t.own: `kind < "film"` cannot be decided: the values of an enumeration have no order in a database [expression-type]; use `==` or `!=` on plain values
            shop.t.own: `active < active` cannot be decided: conditions have no order [expression-type]; use `==` or `!=` on plain values
            shop.t.own: `json == json` cannot be decided: JSON documents are equal in one engine and not in the other [expression-type]; use `==` or `!=` on plain values
            shop.t.own: `price / 2` divides decimals, and each engine rounds that differently [expression-type]; multiply instead, divide in the application, or write it for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `whole / 2` divides decimals, and each engine rounds that differently [expression-type]; multiply instead, divide in the application, or write it for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `qty / 2.0` divides decimals, and each engine rounds that differently [expression-type]; multiply instead, divide in the application, or write it for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `qty / 0` divides by zero [expression-type]; divide by another number
            shop.t.own: `weight % weight` takes the remainder of floating-point numbers, which PostgreSQL does not know [expression-type]; use whole numbers or decimals
            shop.t.own: table `t` has no column `missing` [expression-type]; use one of `id`, `qty`, `small`, `big`, `price`, `rate`, `huge`, `whole`, `weight`, `single`, `active`, `name`, `sku`, `data`, `token`, `at`, `day`, `json`, `kind`, `other`
            shop.t.own: `qty` is a whole number, not text [expression-type]; use a text
            shop.t.own: `qty` is a whole number, not a condition [expression-type]; write a comparison, such as `price >= 0`
            shop.t.own: `"2023-02-29"` does not fit here [expression-type]; write a date such as "2020-01-31"
            shop.t.own: `is_null(1)` asks a constant [expression-type]; name a column
            shop.t.own: `starts_with` takes 2 arguments, not 1 [expression-type]; see `cargo cell explain expression-type` for the functions
            shop.t.own: `coalesce(name, 1)` has text and a whole number [expression-type]; give all arguments one type
            shop.t.own: `1e3` is no number that fits exactly [expression-type]; write at most 18 digits, without an exponent
        "#]],
    );
}

#[test]
fn a_number_that_may_leave_64_bits_is_refused() {
    refused(
        [
            op(op(c("big"), "+", int(1)), ">", int(0)),
            op(negate(c("big")), "<", int(0)),
            op(c("huge"), ">", c("rate")),
            op(c("huge"), ">", num("0.00001")),
            op(op(c("price"), "*", c("price")), ">", int(0)),
            op(c("price"), ">", num("99999999999999999.5")),
            op(c("small"), "<", int(40_000)),
            op(c("qty"), "<", num("12345678901234567890")),
        ],
        expect![[r#"
            shop.t.own: `(big + 1) > 0` has a number in it that may not fit 64 bits [expression-overflow]; use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the condition for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `-big < 0` has a number in it that may not fit 64 bits [expression-overflow]; use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the condition for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `huge > rate` has a number in it that may not fit 64 bits [expression-overflow]; use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the condition for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `huge > 0.00001` has a number in it that may not fit 64 bits [expression-overflow]; use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the condition for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `(price * price) > 0` has a number in it that may not fit 64 bits [expression-overflow]; use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the condition for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `price > 99999999999999999.5` has a number in it that may not fit 64 bits [expression-overflow]; use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the condition for each engine: `sqlite = "…", postgres = "…"`
            shop.t.own: `small < 40000` is always the same: an i16 lies between -32768 and 32767 [expression-overflow]; write a number that the column can hold, or give the column a larger type
            shop.t.own: `12345678901234567890` is no number that fits exactly [expression-type]; write at most 18 digits, without an exponent
        "#]],
    );
}

fn generated_in(ty: Type, expr: Expr) -> Schema {
    let mut columns = columns();
    columns.push(generated("own", ty, expr));
    schema([table("t", columns)])
}

fn generations(cases: impl IntoIterator<Item = (Type, Expr)>, expected: Expect) {
    let mut text = String::new();
    for (ty, expr) in cases {
        text.push_str(&format!("{}: {expr}\n", ty.shown()));
        let schema = generated_in(ty, expr);
        for engine in Engine::ALL {
            match dialect::lower(engine, &schema) {
                Ok(database) => {
                    let mut columns = database.tables[0].columns.iter();
                    let column = columns.find(|column| column.name == "own").expect("the column");
                    text.push_str(&format!("    {}\n", column.generated.as_deref().unwrap_or("-")));
                }
                Err(refusals) if engine == Engine::Sqlite => text.push_str(&format!("    {}", shown(&refusals))),
                Err(_) => {}
            }
        }
    }
    expected.assert_eq(&text);
}

#[test]
fn a_generated_value_has_the_form_of_its_column() {
    let decimal = |precision, scale| Type::Decimal { precision, scale };
    generations(
        [
            (PRICE, op(c("price"), "*", c("qty"))),
            (decimal(18, 6), op(c("price"), "*", c("rate"))),
            (decimal(18, 4), c("price")),
            (PRICE, op(c("price"), "*", c("rate"))),
            (PRICE, c("qty")),
            (PRICE, num("1.5")),
            (Type::I64, op(c("big"), "+", int(1))),
            (Type::I64, op(op(c("big"), "+", int(1)), "*", int(2))),
            (Type::Bool, op(c("qty"), ">", int(0))),
            (TEXT, call("lower", [c("name")])),
            (TEXT, c("kind")),
            (Type::F32, op(c("single"), "*", c("single"))),
            (Type::F32, c("single")),
            (Type::I32, c("price")),
            (enumeration(&["film", "book"]), c("kind")),
        ],
        expect![[r#"
            decimal(12, 2): price * qty
                "price" * "qty"
                "price" * "qty"
            decimal(18, 6): price * rate
                "price" * "rate"
                "price" * "rate"
            decimal(18, 4): price
                "price" * 100
                "price"
            decimal(12, 2): price * rate
                shop.t.own: a value with 6 digits behind the point would be rounded to 2 [expression-type]; declare the column with 6 digits behind the point: Cell never rounds silently
            decimal(12, 2): qty
                "qty" * 100
                "qty"
            decimal(12, 2): 1.5
                150
                1.50
            i64: big + 1
                "big" + 1
                "big" + 1
            i64: (big + 1) * 2
                shop.t.own: `(big + 1) * 2` has a number in it that may not fit 64 bits [expression-overflow]; use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the condition for each engine: `sqlite = "…", postgres = "…"`
            bool: qty > 0
                "qty" > 0
                "qty" > 0
            text: lower(name)
                lower("name")
                lower("name")
            text: kind
                "kind"
                "kind"
            f32: single * single
                shop.t.own: `single * single` is an `f64` and the column is f32 [expression-type]; declare the column as an `f64`, or change the expression
            f32: single
                "single"
                "single"
            i32: price
                shop.t.own: `price` is a decimal with 2 digits behind the point and the column is i32 [expression-type]; declare the column as a decimal with 2 digits behind the point, or change the expression
            enumeration: kind
                "kind"
                "kind"
        "#]],
    );
}

#[test]
fn a_generated_column_is_not_computed_from_another() {
    let mut columns = columns();
    columns.push(generated("one", Type::I32, c("qty")));
    columns.push(generated("two", Type::I32, c("one")));
    let refusals = dialect::lower(Engine::Sqlite, &schema([table("t", columns)])).expect_err("refused");
    expect![[r#"
        shop.t.two: `two` is computed from `one`, which is generated itself [column-generated]; compute it from plain columns: PostgreSQL does not chain generated columns
    "#]].assert_eq(&shown(&refusals));
}

#[test]
fn raw_text_serves_the_engines_it_names() {
    let schema = schema([table("t", columns()).raw_check("own", Some(" qty > 0 "), None)]);
    let sqlite = dialect::lower(Engine::Sqlite, &schema).expect("lowered");
    assert!(sqlite.tables[0].checks.iter().any(|check| check.expression == "qty > 0"));
    let refusals = dialect::lower(Engine::Postgres, &schema).expect_err("refused");
    expect![[r#"
        shop.t.own: `own` says nothing for PostgreSQL [expression-engine]; add `postgres = "…"`, or write the expression in Rust syntax, which serves every engine
    "#]].assert_eq(&shown(&refusals));
}

#[test]
fn raw_text_that_breaks_out_of_its_statement_is_refused() {
    let hostile = schema([table("t", columns()).raw_check("own", Some("1); DROP TABLE t; --"), Some("'"))]);
    let refusals = dialect::lower(Engine::Sqlite, &hostile).expect_err("refused");
    expect![[r#"
        shop.t.own: the text for PostgreSQL cannot stand in a statement: it opens a quote that it does not close [expression-raw]; write one expression without comments, semicolons and dollar quotes
        shop.t.own: the text for SQLite cannot stand in a statement: it closes a parenthesis that it did not open [expression-raw]; write one expression without comments, semicolons and dollar quotes
    "#]].assert_eq(&shown(&refusals));
}

#[test]
fn an_expression_nested_too_deep_is_refused() {
    let deep = (0..40).fold(c("active"), |expr, _| not(expr));
    let refusals =
        dialect::lower(Engine::Sqlite, &schema([table("t", columns()).check("own", deep)])).expect_err("refused");
    expect![[r#"
        shop.t.own: an expression of `own` is nested more than 32 levels deep [expression-depth]; write several checks instead of one; a row must meet them all
    "#]].assert_eq(&shown(&refusals));
}
