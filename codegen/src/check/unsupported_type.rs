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
            expect![[]],
        );
    }

    #[test]
    fn a_value_over_what_no_column_holds_is_refused_once_and_at_the_value() {
        refused(
            "#[Database::value] pub struct Big(u64);
             #[Database::value] pub struct Circle(Box<Circle>);
             #[Database::table] pub struct P { #[key] id: i64, a: Big, b: Option<Big> }",
            expect![[]],
        );
    }
}
