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
            expect![[r#"
                error[default-does-not-fit]: this is no value of `Category`
                 --> src/main.rs:5:37
                  |
                5 |                  #[column(default = Film)] category: Category,
                  |                                     ^^^^
                  |
                  = help: write one of `Book` and `Music`

                error[default-does-not-fit]: `now` is a point in time, which this column does not hold
                 --> src/main.rs:6:37
                  |
                6 |                  #[column(default = now)] name: String,
                  |                                     ^^^
                  |
                  = help: give the column the type `DateTime<Utc>`, `NaiveDate` or `NaiveTime`, or write a constant

                error[default-does-not-fit]: 32768 is no value of `i16`
                 --> src/main.rs:7:37
                  |
                7 |                  #[column(default = 32768)] small: i16,
                  |                                     ^^^^^
                  |
                  = help: write a number from -32768 to 32767

                error[default-does-not-fit]: -1 is no value of `u32`
                 --> src/main.rs:8:37
                  |
                8 |                  #[column(default = -1)] count: u32,
                  |                                     ^^
                  |
                  = help: write a number from 0 to 4294967295

                error[default-does-not-fit]: 0.125 does not fit `decimal(4, 2)`
                 --> src/main.rs:9:37
                  |
                9 |                  #[column(default = 0.125)] #[decimal(4, 2)] price: Decimal,
                  |                                     ^^^^^
                  |
                  = help: write at most 2 digits before the point and 2 behind it

                error[default-does-not-fit]: 100 does not fit `decimal(4, 2)`
                  --> src/main.rs:10:37
                   |
                10 |                  #[column(default = 100)] #[decimal(4, 2)] cost: Decimal,
                   |                                     ^^^
                   |
                   = help: write at most 2 digits before the point and 2 behind it

                error[default-does-not-fit]: this text has 8 characters, but the column holds 3 at most
                  --> src/main.rs:11:37
                   |
                11 |                  #[column(default = "too long", max_len = 3)] note: String,
                   |                                     ^^^^^^^^^^
                   |
                   = help: shorten it, or raise `max_len`

                error[default-does-not-fit]: this is no value of a column of `bool`
                  --> src/main.rs:12:37
                   |
                12 |                  #[column(default = 1)] on: bool,
                   |                                     ^
                   |
                   = help: write a literal of the column's type

                error[default-does-not-fit]: a point in time has no literal
                  --> src/main.rs:13:37
                   |
                13 |                  #[column(default = "2026-01-01")] at: NaiveDate,
                   |                                     ^^^^^^^^^^^^
                   |
                   = help: write `default = now`

                error[default-does-not-fit]: this is no value of a column of whole numbers
                  --> src/main.rs:14:37
                   |
                14 |                  #[column(default = 1.5)] whole: i64,
                   |                                     ^^^
                   |
                   = help: write a literal of the column's type

            "#]],
        );
    }
}
