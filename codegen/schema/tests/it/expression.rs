//! Expressions: what they become on both engines.

use cell_schema::expr::{Expr, Literal};
use cell_schema::schema::Type;
use cell_schema::{Engine, dialect};
use expect_test::{Expect, expect};

use crate::build::*;

pub(crate) fn columns() -> Vec<cell_schema::schema::Column> {
    vec![
        column("qty", Type::I32),
        column("small", Type::I16),
        column("big", Type::I64),
        column("price", PRICE),
        column("rate", Type::Decimal { precision: 5, scale: 4 }),
        column("huge", Type::Decimal { precision: 18, scale: 2 }),
        column("whole", Type::Decimal { precision: 9, scale: 0 }),
        column("weight", Type::F64),
        column("single", Type::F32),
        column("active", Type::Bool),
        nullable("name", TEXT),
        column("sku", TEXT),
        column("data", Type::Bytes { max_len: None }),
        column("token", Type::Uuid),
        column("at", Type::Instant),
        column("day", Type::Date),
        column("json", Type::Json),
        column("kind", enumeration(&["book", "film"])),
        column("other", enumeration(&["film", "book"])),
    ]
}

pub(crate) fn lowered(expr: Expr, engine: Engine) -> String {
    let schema = schema([table("t", columns()).check("own", expr)]);
    match dialect::lower(engine, &schema) {
        Ok(database) => {
            let mut checks = database.tables[0].checks.iter();
            checks.find(|check| check.name == "own").expect("the check").expression.clone()
        }
        Err(refusals) => shown(&refusals),
    }
}

/// Each expression as it is written, then as each engine has it.
fn conditions(expressions: impl IntoIterator<Item = Expr>, expected: Expect) {
    let mut text = String::new();
    for expr in expressions {
        let (sqlite, postgres) = (lowered(expr.clone(), Engine::Sqlite), lowered(expr.clone(), Engine::Postgres));
        text.push_str(&format!("{expr}\n    {sqlite}\n"));
        if postgres != sqlite {
            text.push_str(&format!("    {postgres}\n"));
        }
    }
    expected.assert_eq(&text);
}

#[test]
fn decimals_are_compared_at_a_common_scale() {
    conditions(
        [
            op(c("price"), ">=", num("0.5")),
            op(c("price"), ">=", num("0.505")),
            op(c("price"), "<", int(100)),
            op(negate(num("0.25")), "<", c("price")),
            op(c("price"), ">", c("rate")),
            op(c("qty"), ">", num("1.5")),
            op(op(c("price"), "*", c("small")), "<=", int(5000)),
            op(op(c("price"), "+", c("qty")), ">", op(c("price"), "-", num("0.001"))),
            op(op(c("price"), "%", int(5)), "==", int(0)),
            op(call("abs", [c("price")]), "<", call("coalesce", [c("price"), int(3)])),
        ],
        expect![[r#"
            price >= 0.5
                "price" >= 50
                "price" >= 0.50
            price >= 0.505
                "price" * 10 >= 505
                "price" >= 0.505
            price < 100
                "price" < 10000
                "price" < 100.00
            -0.25 < price
                -25 < "price"
                -0.25 < "price"
            price > rate
                "price" * 100 > "rate"
                "price" > "rate"
            qty > 1.5
                "qty" * 10 > 15
                "qty" > 1.5
            (price * small) <= 5000
                "price" * "small" <= 500000
                "price" * "small" <= 5000.00
            (price + qty) > (price - 0.001)
                ("price" + "qty" * 100) * 10 > "price" * 10 - 1
                "price" + "qty" > "price" - 0.001
            (price % 5) == 0
                "price" % 500 = 0
                "price" % 5.00 = 0.00
            abs(price) < coalesce(price, 3)
                abs("price") < coalesce("price", 300)
                abs("price") < coalesce("price", 3.00)
        "#]],
    );
}

#[test]
fn whole_numbers_are_computed_in_64_bits_and_divide_alike() {
    conditions(
        [
            op(op(c("small"), "+", c("small")), ">", int(0)),
            op(op(c("small"), "-", op(c("qty"), "-", int(1))), ">", negate(int(1))),
            op(op(c("qty"), "/", int(3)), "==", int(2)),
            op(op(c("qty"), "/", c("small")), "==", int(2)),
            op(op(c("qty"), "%", op(c("small"), "*", int(2))), "!=", int(0)),
            op(negate(c("small")), "<", negate(negate(c("qty")))),
            op(call("abs", [c("small")]), "<", int(9)),
            op(op(c("weight"), "/", c("single")), "<", num("0.1")),
            op(c("single"), "==", num("0.1")),
            op(op(int(2), "*", op(c("qty"), "+", int(1))), ">", int(3)),
        ],
        expect![[r#"
            (small + small) > 0
                "small" + "small" > 0
                "small"::bigint + "small" > 0
            (small - (qty - 1)) > -1
                "small" - ("qty" - 1) > -1
                "small" - ("qty"::bigint - 1) > -1
            (qty / 3) == 2
                "qty" / 3 = 2
                "qty"::bigint / 3 = 2
            (qty / small) == 2
                "qty" / "small" = 2
                "qty"::bigint / nullif("small", 0) = 2
            (qty % (small * 2)) != 0
                "qty" % ("small" * 2) <> 0
                "qty" % nullif("small"::bigint * 2, 0) <> 0
            -small < --qty
                -"small" < -(-"qty")
                -"small"::bigint < -(-"qty"::bigint)
            abs(small) < 9
                abs("small") < 9
                abs("small"::bigint) < 9
            (weight / single) < 0.1
                "weight" / "single" < 0.1
                "weight" / nullif("single", 0) < 0.1
            single == 0.1
                "single" = 0.10000000149011612
            (2 * (qty + 1)) > 3
                2 * ("qty" + 1) > 3
                2 * ("qty"::bigint + 1) > 3
        "#]],
    );
}

#[test]
fn text_means_the_same_on_both_engines() {
    conditions(
        [
            op(call("len", [c("name")]), "==", int(8)),
            op(call("len", [c("data")]), "<=", int(8)),
            op(call("lower", [c("name")]), "==", call("upper", [call("trim", [c("sku")])])),
            op(call("lower", [text("É")]), "<", c("name")),
            op(c("name"), "<", c("sku")),
            op(call("concat", [c("name"), text("-"), c("kind")]), ">=", text("it's")),
            call("starts_with", [c("sku"), text("a\"b")]),
            call("starts_with", [c("sku"), call("concat", [c("name"), text("x")])]),
            not(call("contains", [call("lower", [c("sku")]), text("%_")])),
        ],
        expect![[r#"
            len(name) == 8
                length("name") = 8
                char_length("name") = 8
            len(data) <= 8
                length("data") <= 8
                octet_length("data") <= 8
            lower(name) == upper(trim(sku))
                lower("name") = upper(trim("sku"))
                lower("name") = upper(btrim("sku") COLLATE "C")
            lower("É") < name
                lower('É') < "name"
                lower('É' COLLATE "C") COLLATE "C" < "name"
            name < sku
                "name" < "sku"
            concat(name, "-", kind) >= "it's"
                "name" || '-' || "kind" >= 'it''s'
                ("name" || '-' || "kind") COLLATE "C" >= 'it''s'
            starts_with(sku, "a\"b")
                substr("sku", 1, length('a"b')) = 'a"b'
                starts_with("sku", 'a"b')
            starts_with(sku, concat(name, "x"))
                substr("sku", 1, length("name" || 'x')) = "name" || 'x'
                starts_with("sku", "name" || 'x')
            !contains(lower(sku), "%_")
                NOT instr(lower("sku"), '%_') > 0
                NOT strpos(lower("sku"), '%_') > 0
        "#]],
    );
}

#[test]
fn logic_keeps_its_meaning_with_few_parentheses() {
    conditions(
        [
            op(op(c("active"), "&&", op(c("qty"), ">", int(0))), "||", not(call("is_null", [c("name")]))),
            op(c("active"), "&&", op(c("active"), "||", c("active"))),
            not(op(c("active"), "&&", c("active"))),
            op(c("active"), "==", op(c("qty"), ">", int(0))),
            op(c("active"), "!=", Expr::Literal(Literal::Bool(false))),
            op(call("coalesce", [c("name"), text("")]), "!=", text("")),
            op(c("kind"), "==", text("book")),
            op(c("kind"), "!=", c("other")),
            op(c("token"), "!=", text("00000000-0000-0000-0000-000000000000")),
            op(c("at"), ">=", text("2020-01-01T00:00:00Z")),
            op(c("day"), "<", text("2020-02-29")),
            call("is_null", [op(c("qty"), "+", int(1))]),
            call("is_null", [c("json")]),
        ],
        expect![[r#"
            (active && (qty > 0)) || !is_null(name)
                "active" AND "qty" > 0 OR "name" IS NOT NULL
            active && (active || active)
                "active" AND ("active" OR "active")
            !(active && active)
                NOT ("active" AND "active")
            active == (qty > 0)
                "active" = ("qty" > 0)
            active != false
                "active" <> 0
                "active" <> false
            coalesce(name, "") != ""
                coalesce("name", '') <> ''
            kind == "book"
                "kind" = 'book'
            kind != other
                "kind" <> "other"
            token != "00000000-0000-0000-0000-000000000000"
                "token" <> x'00000000000000000000000000000000'
                "token" <> '00000000-0000-0000-0000-000000000000'::uuid
            at >= "2020-01-01T00:00:00Z"
                "at" >= '2020-01-01T00:00:00.000000Z'
                "at" >= '2020-01-01 00:00:00.000000+00'::timestamptz
            day < "2020-02-29"
                "day" < '2020-02-29'
                "day" < '2020-02-29'::date
            is_null(qty + 1)
                "qty" + 1 IS NULL
                "qty"::bigint + 1 IS NULL
            is_null(json)
                "json" IS NULL
        "#]],
    );
}
