//! `zone` on a column that is no instant, or a zone that has no name of one.

use cell_schema::schema::Type;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::lower::types::Kind;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in &row.table.columns {
            let (Some(zone), Ok(stored)) = (&column.zone, row.stored(column)) else { continue };
            let finding = if !matches!(stored.kind, Kind::Plain(Type::Instant)) {
                Rule::ZoneOnAnotherType
                    .at(row.place(zone.span), format!("`{}` is no instant", column.ident))
                    .help("remove `zone`; it says in which time zone a `DateTime<Utc>` was stored before without one")
            } else if !is_zone(&zone.value) {
                Rule::ZoneOnAnotherType
                    .at(row.place(zone.span), "this is no time zone's name")
                    .help("write `UTC`, or a name such as `Europe/Berlin`")
            } else {
                continue;
            };
            findings.push(finding);
        }
    }
}

/// Whether a text has the form of a name in the IANA database; whether there is one, the engine knows.
fn is_zone(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    name == "UTC" || (name.contains('/') && name.split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn an_instant_may_have_been_stored_in_a_zone() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(zone = \"Europe/Berlin\")] at: DateTime<Utc>, #[column(zone = \"UTC\")] on: Option<DateTime<Utc>> }",
        );
    }

    #[test]
    fn other_columns_have_no_zone_and_other_texts_are_none() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(zone = \"UTC\")] n: i64, #[column(zone = \"Mars\")] at: DateTime<Utc> }",
            expect![[r#"
                error[zone-on-another-type]: `n` is no instant
                 --> src/main.rs:2:67
                  |
                2 | #[Database::table] pub struct P { #[key] id: i64, #[column(zone = "UTC")] n: i64, #[column(zone = "Mars")] at: DateTime<Utc> }
                  |                                                                   ^^^^^
                  |
                  = help: remove `zone`; it says in which time zone a `DateTime<Utc>` was stored before without one

                error[zone-on-another-type]: this is no time zone's name
                 --> src/main.rs:2:99
                  |
                2 | #[Database::table] pub struct P { #[key] id: i64, #[column(zone = "UTC")] n: i64, #[column(zone = "Mars")] at: DateTime<Utc> }
                  |                                                                                                   ^^^^^^
                  |
                  = help: write `UTC`, or a name such as `Europe/Berlin`

            "#]],
        );
    }
}
