//! Columns: types within their limits, defaults of the column's type, numbering only where engines number.

use std::collections::BTreeSet;

use super::{Report, Subject};
use crate::constant::{Constant, MAX_DIGITS, is_plain};
use crate::expr::Literal;
use crate::refusal::shown;
use crate::schema::{Column, Default, Type};

pub(super) fn column(subject: Subject<'_>, column: &Column, report: &mut Report) {
    if let Some((message, help)) = wrong_type(&column.ty) {
        report.refuse("column-type", subject.part(&column.name), message, help);
    }
    let is_key = subject.table.key == [column.name.as_str()];
    let plain = !column.nullable && column.default.is_none() && column.generated.is_none();
    if column.automatic && !(is_key && plain && column.ty == Type::I64) {
        report.refuse(
            "table-key",
            subject.part(&column.name),
            format!("`{}` cannot be numbered by the engine", shown(&column.name)),
            "only a single key column of type `i64` without a default is; write `#[key(assigned)]` otherwise",
        );
    }
    if column.generated.is_some() && column.default.is_some() {
        report.refuse(
            "column-generated",
            subject.part(&column.name),
            format!("`{}` is generated and has a default", shown(&column.name)),
            "remove one of them",
        );
    }
    if let Some((message, help)) = wrong_default(column) {
        report.refuse("column-default", subject.part(&column.name), message, help);
    }
}

fn wrong_type(ty: &Type) -> Option<(String, &'static str)> {
    match ty {
        Type::Decimal { precision, scale } => (!(1..=MAX_DIGITS).contains(precision) || scale > precision).then(|| {
            let message = format!("a decimal of {precision} digits with {scale} behind the point does not exist");
            (message, "use 1 to 18 digits, and at most as many behind the point")
        }),
        Type::Text { max_len: Some(0) } | Type::Bytes { max_len: Some(0) } => {
            Some(("a length of at most 0 leaves nothing to store".to_owned(), "use a greater `max_len`"))
        }
        Type::Enumeration { values } => {
            let distinct = values.iter().collect::<BTreeSet<_>>().len() == values.len();
            (values.is_empty() || !distinct || !values.iter().all(|value| is_plain(value))).then(|| {
                let message = "an enumeration needs values, each once, without U+0000 and U+000D".to_owned();
                (message, "change the enumeration")
            })
        }
        _ => None,
    }
}

fn wrong_default(column: &Column) -> Option<(String, String)> {
    let refused = |what: &str, help: &str| {
        let message = format!("`{what}` is no default for `{}`, which is {}", shown(&column.name), column.ty.shown());
        Some((message, help.to_owned()))
    };
    match column.default.as_ref()? {
        Default::Now if !matches!(column.ty, Type::Instant | Type::Date | Type::Time) => {
            refused("now", "use it for a date, a time or an instant")
        }
        Default::RandomUuid if column.ty != Type::Uuid => refused("uuid", "use it for a UUID"),
        Default::Now | Default::RandomUuid => None,
        Default::Value(Literal::Null) => {
            refused("null", "leave the default out: a column that may be null is null by default")
        }
        Default::Value(literal) => Constant::of(&column.ty, literal)
            .err()
            .and_then(|wanted| refused(&literal.to_string(), &format!("write {wanted}"))),
    }
}
