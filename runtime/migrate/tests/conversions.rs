//! Conversions that engines make differently by themselves come out alike: rounding, digits, days that there are not.

mod support;

use cell_schema::hazard::{Allowed, HazardKind};
use cell_schema::hints::Hints;
use cell_schema::history::{next, seal};
use cell_schema::schema::{Schema, Type};
use support::*;

fn t(ty: Type) -> Schema {
    schema(vec![table("t", vec![nullable("x", ty)])])
}

/// The values, as text, that rows of one type hold in another, on both engines; or what the rows are refused with.
async fn both(from: Type, to: Type, values: &str, shown: [&str; 2]) -> [Vec<String>; 2] {
    let kinds = HazardKind::ALL.map(|hazard| Allowed { hazard, object: "shop.t.x".to_owned() });
    let hints = Hints { allowed: kinds.into_iter().collect(), ..Hints::default() };
    let first = seal(&next(None, &t(from), &Hints::default()).unwrap());
    let second = next(Some(&first), &t(to), &hints).unwrap();
    let mut found = Vec::new();
    for (place, shown) in places().await.iter().zip(shown) {
        applied(&place.target, &first).await.unwrap();
        run(&place.target, &format!("INSERT INTO t (x) VALUES {values}")).await;
        found.push(match applied(&place.target, &second).await {
            Ok(_) => texts(&place.target, &format!("SELECT coalesce({shown}, 'null') FROM t ORDER BY id")).await,
            Err(error) => {
                vec![error.to_string().split_once("`: ").map(|(_, rows)| rows.to_owned()).unwrap_or_default()]
            }
        });
    }
    found.try_into().expect("two engines")
}

const TEXTS: [&str; 2] = ["CAST(x AS text)", "x::text"];
const CENTS: [&str; 2] = ["CAST(x AS text)", "(x * 100)::bigint::text"];

#[tokio::test]
async fn floats_are_rounded_half_away_from_zero() {
    let values = "(0.5), (1.5), (2.5), (-0.5), (-2.5), (9007199254740991.0), (1e15), (NULL)";
    let [sqlite, postgres] = both(Type::F64, Type::I64, values, TEXTS).await;
    assert_eq!(sqlite, ["1", "2", "3", "-1", "-3", "9007199254740991", "1000000000000000", "null"]);
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn floats_keep_their_last_digit_as_decimals() {
    let values = "(0.125), (-0.125), (1234567890123.45), (0.1), (NULL)";
    let decimal = Type::Decimal { precision: 18, scale: 2 };
    let [sqlite, postgres] = both(Type::F64, decimal, values, CENTS).await;
    assert_eq!(sqlite, ["13", "-13", "123456789012345", "10", "null"]);
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn texts_keep_every_digit_as_decimals() {
    let values = "('1234567890123456.78'), ('-0.01'), ('0.00'), (NULL)";
    let decimal = Type::Decimal { precision: 18, scale: 2 };
    let [sqlite, postgres] = both(TEXT, decimal, values, CENTS).await;
    assert_eq!(sqlite, ["123456789012345678", "-1", "0", "null"]);
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn a_day_that_there_is_not_is_none() {
    for day in ["2023-02-29", "2023-04-31", "2023-13-01", "0000-01-01", "2023-1-01"] {
        let [sqlite, postgres] = both(TEXT, Type::Date, &format!("('{day}'), ('2024-02-29')"), TEXTS).await;
        assert_eq!(sqlite, [format!("`shop.t.x`: 1 [cast-may-fail], for example `{day}`")]);
        assert_eq!(sqlite, postgres);
    }
}
