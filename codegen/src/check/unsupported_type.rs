//! A column's type that not every engine can hold, with the one to write instead.

use cell_syntax::decl::Decl;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::lower::types::{self, Unstorable};
use crate::model::Place;
use crate::program::FileId;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in &row.table.columns {
            // What is wrong inside a value is shown at the value.
            if let Err(unstorable) = row.stored(column)
                && !unstorable.inside_value
            {
                report(row.declared.file, unstorable, findings);
            }
        }
    }
    for declared in context.program.declarations() {
        let Decl::Value(value) = &declared.decl else { continue };
        if let Err(unstorable) = types::stored(context.program, declared.module, &value.inner)
            && !unstorable.inside_value
        {
            report(declared.file, unstorable, findings);
        }
    }
}

fn report(file: FileId, unstorable: Unstorable, findings: &mut Findings) {
    let place = Place { file, span: unstorable.span };
    findings.push(Rule::UnsupportedType.at(place, unstorable.found).help(unstorable.instead));
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn every_type_of_the_table_is_stored_also_through_values_and_aliases() {
        accepted(
            "#[Database::value] pub struct Inner(String);
             #[Database::value] pub struct Outer(Inner);
             #[Database::enumeration] pub enum Kind { A }
             type Stamp = DateTime<Utc>;
             type Maybe<T> = Option<T>;
             pub struct Local;
             #[Database::table] pub struct P {
                 #[key] a: i16, b: i32, c: i64, d: u16, e: u32, f: bool, g: f32, h: f64, i: String, j: Vec<u8>, k: Uuid,
                 l: DateTime<Utc>, m: NaiveDate, n: NaiveTime, #[decimal(9, 3)] o: Decimal, p: Json<Local>, q: Option<Outer>,
                 r: Kind, s: Maybe<Stamp>,
             }",
        );
    }

    #[test]
    fn each_other_type_is_refused_with_the_one_to_write() {
        refused(
            "use std::collections::HashMap;
             pub struct Local;
             #[message] pub struct Packet { a: i64 }
             #[Database::table] pub struct Q { #[key] id: i64 }
             #[Database::table] pub struct P {
                 #[key] id: i64,
                 a: u64,
                 b: usize,
                 c: u8,
                 d: i128,
                 e: &'static str,
                 f: char,
                 g: Vec<String>,
                 h: HashMap<String, i64>,
                 i: DateTime<chrono::Local>,
                 j: Option<Option<i64>>,
                 k: (i64, i64),
                 l: Box<i64>,
                 m: Local,
                 n: Packet,
                 o: Q,
                 p: Missing,
             }",
            expect![[r#"
                error[unsupported-type]: no engine's integers hold every value of `u64`
                 --> src/main.rs:8:21
                  |
                8 |                  a: u64,
                  |                     ^^^
                  |
                  = help: write `i64`; a `#[check(… >= 0)]` keeps it from being negative

                error[unsupported-type]: `usize` has another size on other machines
                 --> src/main.rs:9:21
                  |
                9 |                  b: usize,
                  |                     ^^^^^
                  |
                  = help: write `i64`, or a smaller integer

                error[unsupported-type]: no engine has an integer as small as `u8`
                  --> src/main.rs:10:21
                   |
                10 |                  c: u8,
                   |                     ^^
                   |
                   = help: write `u16`, or `Vec<u8>` for bytes

                error[unsupported-type]: no engine has an integer as large as `i128`
                  --> src/main.rs:11:21
                   |
                11 |                  d: i128,
                   |                     ^^^^
                   |
                   = help: write `Uuid` for an identifier, or `i64`

                error[unsupported-type]: a row owns its values, but this is a reference
                  --> src/main.rs:12:21
                   |
                12 |                  e: &'static str,
                   |                     ^^^^^^^^^^^^
                   |
                   = help: write `String` or `Vec<u8>`

                error[unsupported-type]: no engine has a type for one `char`
                  --> src/main.rs:13:21
                   |
                13 |                  f: char,
                   |                     ^^^^
                   |
                   = help: write `String` with `#[column(max_len = 1)]`

                error[unsupported-type]: lists in columns do not work in this version of Cell
                  --> src/main.rs:14:21
                   |
                14 |                  g: Vec<String>,
                   |                     ^^^^^^^^^^^
                   |
                   = help: make a table of its own that refers to this one, or store a document: `Json<Vec<…>>`

                error[unsupported-type]: a `HashMap` is no single value
                  --> src/main.rs:15:21
                   |
                15 |                  h: HashMap<String, i64>,
                   |                     ^^^^^^^^^^^^^^^^^^^^
                   |
                   = help: make a table of its own that refers to this one, or store a document: `Json<…>`

                error[unsupported-type]: an instant is stored in UTC; another zone would be lost
                  --> src/main.rs:16:21
                   |
                16 |                  i: DateTime<chrono::Local>,
                   |                     ^^^^^^^^^^^^^^^^^^^^^^^
                   |
                   = help: write `DateTime<Utc>`, and keep the zone in a column of its own where it matters

                error[unsupported-type]: an `Option` inside an `Option`: a column has only one null
                  --> src/main.rs:17:21
                   |
                17 |                  j: Option<Option<i64>>,
                   |                     ^^^^^^^^^^^^^^^^^^^
                   |
                   = help: keep one of them

                error[unsupported-type]: a tuple is several values
                  --> src/main.rs:18:21
                   |
                18 |                  k: (i64, i64),
                   |                     ^^^^^^^^^^
                   |
                   = help: give each value a field of its own

                error[unsupported-type]: a `Box` is no value of its own
                  --> src/main.rs:19:21
                   |
                19 |                  l: Box<i64>,
                   |                     ^^^^^^^^
                   |
                   = help: write the type inside it

                error[unsupported-type]: `Local` is a type that Cell does not know how to store
                  --> src/main.rs:20:21
                   |
                20 |                  m: Local,
                   |                     ^^^^^
                   |
                   = help: put `#[Database::value]` on `Local` if it wraps one value, `#[Database::enumeration]` if it is an enum without fields, or store it as `Json<Local>`

                error[unsupported-type]: `Packet` is a message, not a column's value
                  --> src/main.rs:21:21
                   |
                21 |                  n: Packet,
                   |                     ^^^^^^
                   |
                   = help: store it as `Json<Packet>`, or give its values fields of their own

                error[unsupported-type]: `Q` is a table
                  --> src/main.rs:22:21
                   |
                22 |                  o: Q,
                   |                     ^
                   |
                   = help: store its key, and refer to it by `#[references(Q)]`

                error[unsupported-type]: this name means nothing that Cell can see
                  --> src/main.rs:23:21
                   |
                23 |                  p: Missing,
                   |                     ^^^^^^^
                   |
                   = help: import the type by a `use`; a type that another macro makes cannot be a column

            "#]],
        );
    }

    #[test]
    fn a_value_over_what_no_column_holds_is_refused_once_and_at_the_value() {
        refused(
            "#[Database::value] pub struct Big(u64);
             #[Database::value] pub struct Circle(Box<Circle>);
             #[Database::table] pub struct P { #[key] id: i64, a: Big, b: Option<Big> }",
            expect![[r#"
                error[unsupported-type]: no engine's integers hold every value of `u64`
                 --> src/main.rs:2:35
                  |
                2 | #[Database::value] pub struct Big(u64);
                  |                                   ^^^
                  |
                  = help: write `i64`; a `#[check(… >= 0)]` keeps it from being negative

                error[unsupported-type]: a `Box` is no value of its own
                 --> src/main.rs:3:51
                  |
                3 |              #[Database::value] pub struct Circle(Box<Circle>);
                  |                                                   ^^^^^^^^^^^
                  |
                  = help: write the type inside it

            "#]],
        );
    }
}
