//! A default that its column cannot hold.

use super::{Context, Findings, Rule};
use crate::lower::defaults;
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in &row.table.columns {
            let (Some(default), Some(ty)) = (&column.default, row.column_type(column)) else { continue };
            if let Err(misfit) = defaults::default(&row, column, &ty, &default.value) {
                let place = row.place(default.span);
                findings.push(Rule::DefaultDoesNotFit.at(place, misfit.found).help(misfit.instead));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn what_a_column_holds_may_be_its_default() {
        accepted(
            "#[Database::enumeration] pub enum Category { Book, Music }
             #[Database::table] pub struct Product {
                 #[key] #[column(default = uuid)] id: Uuid,
                 #[column(default = Book)] first: Category,
                 #[column(default = Category::Music)] second: Category,
                 #[column(default = now)] at: DateTime<Utc>,
                 #[column(default = -32768)] small: i16,
                 #[column(default = 12.50)] #[decimal(4, 2)] price: Decimal,
                 #[column(default = 0.25)] share: f64,
                 #[column(default = \"it's \\\"quoted\\\"\", max_len = 20)] note: String,
                 #[column(default = true)] on: bool,
             }",
        );
    }

    #[test]
    fn what_a_column_does_not_hold_may_not() {
        refused(
            "#[Database::enumeration] pub enum Category { Book, Music }
             #[Database::table] pub struct Product {
                 #[key] id: i64,
                 #[column(default = Film)] category: Category,
                 #[column(default = now)] name: String,
                 #[column(default = 32768)] small: i16,
                 #[column(default = -1)] count: u32,
                 #[column(default = 0.125)] #[decimal(4, 2)] price: Decimal,
                 #[column(default = 100)] #[decimal(4, 2)] cost: Decimal,
                 #[column(default = \"too long\", max_len = 3)] note: String,
                 #[column(default = 1)] on: bool,
                 #[column(default = \"2026-01-01\")] at: NaiveDate,
                 #[column(default = 1.5)] whole: i64,
             }",
            expect![[]],
        );
    }
}
