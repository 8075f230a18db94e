//! From `default = …` to what the column holds when an insert does not say. In: the column and the constant as written.
//! Out: the schema's default, or why the column cannot hold it.

use cell_schema::expr::Literal;
use cell_schema::schema::{Default, Type};
use cell_syntax::decl::{self, DefaultValue};

use super::expression::{constant, enumeration_value};
use super::row::Row;
use super::types::Kind;

/// Why a default does not fit its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// What was found.
    pub(crate) found: String,
    /// What to write instead.
    pub(crate) instead: String,
}

fn misfit<T>(found: impl Into<String>, instead: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { found: found.into(), instead: instead.into() })
}

/// A column's default. `ty` is the column's type in the schema.
pub(crate) fn default(
    row: &Row<'_>,
    column: &decl::Column,
    ty: &Type,
    value: &DefaultValue,
) -> Result<Default, Misfit> {
    match value {
        DefaultValue::Now if matches!(ty, Type::Instant | Type::Date | Type::Time) => Ok(Default::Now),
        DefaultValue::Now => misfit(
            "`now` is a point in time, which this column does not hold",
            "give the column the type `DateTime<Utc>`, `NaiveDate` or `NaiveTime`, or write a constant",
        ),
        DefaultValue::Uuid if *ty == Type::Uuid => Ok(Default::RandomUuid),
        DefaultValue::Uuid => {
            misfit("`uuid` is a random UUID, which this column does not hold", "give the column the type `Uuid`")
        }
        DefaultValue::Value(syn::Expr::Path(path)) => enumeration_default(row, column, &path.path),
        DefaultValue::Value(expression) => {
            let literal = match expression {
                syn::Expr::Lit(literal) => constant(&literal.lit, false),
                syn::Expr::Unary(unary) => match (&unary.op, &*unary.expr) {
                    (syn::UnOp::Neg(_), syn::Expr::Lit(literal)) => constant(&literal.lit, true),
                    _ => Err("this is no constant".to_owned()),
                },
                _ => Err("this is no constant".to_owned()),
            };
            match literal {
                Ok(literal) => fit(ty, literal).map(Default::Value),
                Err(found) => misfit(found, "write a literal, an enumeration's value, `now` or `uuid`"),
            }
        }
    }
}

/// `Category::Book`, or `Book` alone, which can only be a value of the column's own enumeration.
fn enumeration_default(row: &Row<'_>, column: &decl::Column, path: &syn::Path) -> Result<Default, Misfit> {
    let Ok(Kind::Enumeration(id)) = row.stored(column).map(|stored| stored.kind) else {
        return misfit(
            "this names an enumeration's value, but the column is none",
            "write a literal, or give the column the enumeration's type",
        );
    };
    let decl::Decl::Enumeration(enumeration) = &row.program.declared(id).decl else {
        return misfit("this names no enumeration's value", "write a literal");
    };
    let value = match path.get_ident() {
        Some(variant) => enumeration.values.iter().find(|value| value.ident == *variant),
        None => enumeration_value(row.program, row.declared.module, path)
            .filter(|(owner, _)| *owner == id)
            .map(|(_, value)| value),
    };
    match value {
        Some(value) if value.removed_to.is_none() => Ok(Default::Value(Literal::Text(value.text.clone()))),
        Some(value) => misfit(
            format!("`{}` is stored no longer", value.ident),
            "write one of the values that are not `#[removed(…)]`",
        ),
        None => {
            let kept = enumeration.values.iter().filter(|value| value.removed_to.is_none());
            let names: Vec<String> = kept.map(|value| value.ident.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            misfit(
                format!("this is no value of `{}`", enumeration.ident),
                format!("write one of {}", cell_syntax::suggest::list(&names)),
            )
        }
    }
}

/// A constant as a value of a type.
fn fit(ty: &Type, literal: Literal) -> Result<Literal, Misfit> {
    match (ty, &literal) {
        (Type::I16, Literal::Integer(value)) => within(*value, i16::MIN.into(), i16::MAX.into(), "i16")?,
        (Type::I32, Literal::Integer(value)) => within(*value, i32::MIN.into(), i32::MAX.into(), "i32")?,
        (Type::U16, Literal::Integer(value)) => within(*value, 0, u16::MAX.into(), "u16")?,
        (Type::U32, Literal::Integer(value)) => within(*value, 0, u32::MAX.into(), "u32")?,
        (Type::I64, Literal::Integer(_))
        | (Type::Bool, Literal::Bool(_))
        | (Type::F32 | Type::F64, Literal::Integer(_) | Literal::Number(_)) => {}
        (Type::Decimal { precision, scale }, Literal::Integer(value)) => {
            decimal(&value.to_string(), *precision, *scale)?;
        }
        (Type::Decimal { precision, scale }, Literal::Number(text)) => decimal(text, *precision, *scale)?,
        (Type::Text { max_len }, Literal::Text(text)) => {
            let length = text.chars().count();
            if let Some(most) = max_len.filter(|most| length > usize::try_from(*most).unwrap_or(usize::MAX)) {
                return misfit(
                    format!("this text has {length} characters, but the column holds {most} at most"),
                    "shorten it, or raise `max_len`",
                );
            }
        }
        (Type::Enumeration { .. }, _) => {
            return misfit(
                "a column of an enumeration holds its values",
                "write one of them: `default = Category::Book`",
            );
        }
        (Type::Uuid, _) => return misfit("a UUID has no literal", "write `default = uuid` for a random one"),
        (Type::Instant | Type::Date | Type::Time, _) => {
            return misfit("a point in time has no literal", "write `default = now`");
        }
        (Type::Bytes { .. } | Type::Json, _) => {
            return misfit("a column of this type can have no default", "set the value in each insert");
        }
        _ => return misfit(format!("this is no value of {}", name(ty)), "write a literal of the column's type"),
    }
    Ok(literal)
}

fn within(value: i64, least: i64, most: i64, name: &str) -> Result<(), Misfit> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    misfit(format!("{value} is no value of `{name}`"), format!("write a number from {least} to {most}"))
}

fn decimal(text: &str, precision: u8, scale: u8) -> Result<(), Misfit> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0').len();
    let fraction = fraction.trim_end_matches('0').len();
    if fraction > usize::from(scale) || whole > usize::from(precision - scale) {
        return misfit(
            format!("{text} does not fit `decimal({precision}, {scale})`"),
            format!("write at most {} digits before the point and {scale} behind it", precision - scale),
        );
    }
    Ok(())
}

fn name(ty: &Type) -> &'static str {
    match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => "a column of whole numbers",
        Type::Bool => "a column of `bool`",
        Type::F32 | Type::F64 => "a column of floating-point numbers",
        Type::Text { .. } => "a column of text",
        Type::Decimal { .. } => "a column of decimals",
        _ => "this column",
    }
}
