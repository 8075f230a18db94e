//! SQLite: strict tables of integers, reals, texts and blobs. A decimal is a scaled integer; times are texts of a fixed
//! width, so that their order is the order of time. Checks keep everything else out.

use super::expression::{Level, Sql, float, number};
use super::{Capability, Dialect, Storage, list, text};
use crate::constant::{Constant, power};
use crate::engine::Engine;
use crate::expr::Function;
use crate::schema::{Column, Type};
use crate::typed::Typed;

pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn capability(&self) -> Capability {
        Capability {
            alters: false,
            adds_computed_defaults: false,
            adds_generated_columns: false,
            adds_references_with_values: false,
            wraps_computed_defaults: true,
            identity: "AUTOINCREMENT",
            identity_is_key: true,
            writes_views: false,
            strict: " STRICT",
        }
    }

    fn storage(&self, column: &Column) -> Storage {
        let x = self.quote(&column.name);
        let (ty, rule) = match &column.ty {
            Type::I64 => ("INTEGER", None),
            Type::I16 | Type::I32 | Type::U16 | Type::U32 => {
                let (least, greatest) = column.ty.integers().unwrap_or((i64::MIN, i64::MAX));
                ("INTEGER", Some(("range", format!("{x} BETWEEN {least} AND {greatest}"))))
            }
            Type::Bool => ("INTEGER", Some(("range", format!("{x} IN (0, 1)")))),
            Type::F32 | Type::F64 => ("REAL", None),
            Type::Text { max_len } => ("TEXT", max_len.map(|most| ("len", format!("length({x}) <= {most}")))),
            Type::Bytes { max_len } => ("BLOB", max_len.map(|most| ("len", format!("length({x}) <= {most}")))),
            Type::Uuid => ("BLOB", Some(("form", format!("length({x}) = 16")))),
            Type::Instant => ("TEXT", Some(("form", format!("{x} GLOB '????-??-??T??:??:??.??????Z'")))),
            Type::Date => ("TEXT", Some(("form", format!("{x} GLOB '????-??-??'")))),
            Type::Time => ("TEXT", Some(("form", format!("{x} GLOB '??:??:??.??????'")))),
            Type::Decimal { precision, .. } => {
                let most = power(*precision) - 1;
                ("INTEGER", Some(("range", format!("{x} BETWEEN -{most} AND {most}"))))
            }
            Type::Json => ("TEXT", Some(("form", format!("json_valid({x})")))),
            Type::Enumeration { values } => ("TEXT", Some(("values", format!("{x} IN ({})", list(values))))),
        };
        Storage { ty: ty.to_owned(), collation: None, rule }
    }

    fn constant(&self, constant: &Constant) -> Sql {
        match constant {
            Constant::Bool(value) => Sql::atom(if *value { "1" } else { "0" }),
            Constant::Integer(digits) | Constant::Decimal { digits, .. } => number(digits.to_string()),
            Constant::Float(value) => float(*value),
            Constant::Uuid(bytes) => Sql::atom(format!("x'{:032x}'", u128::from_be_bytes(*bytes))),
            Constant::Text(value)
            | Constant::Instant(value)
            | Constant::Date(value)
            | Constant::Time(value)
            | Constant::Json(value) => Sql::atom(text(value)),
        }
    }

    fn now(&self, ty: &Type) -> Option<&'static str> {
        // SQLite's clock has milliseconds; the zeros make it the fixed width of microseconds.
        match ty {
            Type::Instant => Some("strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'"),
            Type::Date => Some("strftime('%Y-%m-%d', 'now')"),
            Type::Time => Some("strftime('%H:%M:%f', 'now') || '000'"),
            _ => None,
        }
    }

    fn random_uuid(&self) -> &'static str {
        // Bytes 6 and 8 carry version 4 and the variant: 0x40 to 0x4F, and the second byte of U+0080 to U+00BF in UTF-8.
        "CAST(randomblob(6) || char(64 + (random() & 15)) || randomblob(1) || \
         substr(CAST(char(128 + (random() & 63)) AS BLOB), 2) || randomblob(7) AS BLOB)"
    }

    fn call(&self, function: Function, arguments: &[(Sql, &Typed)]) -> Sql {
        let all = Sql::arguments(arguments);
        let name = match function {
            Function::Len => "length",
            Function::Lower => "lower",
            Function::Upper => "upper",
            Function::Trim => "trim",
            Function::Abs => "abs",
            Function::Coalesce => "coalesce",
            Function::IsNull | Function::Concat => return shared(function, arguments),
            Function::Contains => return Sql::new(Level::Comparison, format!("instr({all}) > 0")),
            Function::StartsWith => {
                let [(whole, _), (start, _)] = arguments else { return Sql::atom(format!("starts_with({all})")) };
                let (length, start) = (&start.text, start.clone().within(Level::Concat));
                return Sql::new(Level::Comparison, format!("substr({}, 1, length({length})) = {start}", whole.text));
            }
        };
        Sql::atom(format!("{name}({all})"))
    }

    fn narrow(&self, _: &Typed) -> Option<&'static str> {
        // Whole numbers are computed in 64 bits, the rest in `f64`.
        None
    }

    fn divisor(&self, sql: Sql) -> Sql {
        // Dividing by zero is null already.
        sql
    }

    fn rescale(&self, sql: Sql, digits: u8) -> Sql {
        Sql::new(Level::Product, format!("{} * {}", sql.within(Level::Product), power(digits)))
    }

    fn ordered(&self, sql: Sql, _: &Typed) -> Sql {
        // Every text column has the collation BINARY, and so has every expression.
        sql
    }
}

/// What both engines write alike.
pub(super) fn shared(function: Function, arguments: &[(Sql, &Typed)]) -> Sql {
    let operands = |level| arguments.iter().map(|(sql, _)| sql.clone().within(level)).collect::<Vec<_>>();
    match function {
        Function::IsNull => Sql::new(Level::Comparison, format!("{} IS NULL", operands(Level::Concat).join(", "))),
        Function::Concat => Sql::new(Level::Concat, operands(Level::Concat).join(" || ")),
        _ => Sql::atom(format!("{}({})", function.name(), Sql::arguments(arguments))),
    }
}
