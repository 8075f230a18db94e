//! Whether a schema makes sense by itself: what every engine would refuse, and what would mean different things on them.
//! In: a [`Schema`], from a model or from a file. Out: refusals, ordered by object. Absent: places, and changes.

mod column;
mod expression;
mod name;
mod table;

use crate::refusal::Refusal;
use crate::schema::{Schema, Table};

/// Everything wrong with a schema; nothing for one that every stage of this package can work with.
#[must_use]
pub fn check(schema: &Schema) -> Vec<Refusal> {
    let mut report = Report { refusals: Vec::new() };
    let mut relations = name::Relations::of(schema);
    for table in &schema.tables {
        let subject = Subject { schema, table };
        relations.names(subject, &mut report);
        table::table(subject, &mut report);
        for column in &table.columns {
            column::column(subject, column, &mut report);
        }
        expression::expressions(subject, &mut report);
    }
    report.refusals.sort();
    report.refusals.dedup();
    report.refusals
}

/// The table that is looked at.
#[derive(Clone, Copy)]
struct Subject<'a> {
    schema: &'a Schema,
    table: &'a Table,
}

impl Subject<'_> {
    /// `shop.products`
    fn object(self) -> String {
        format!("{}.{}", self.schema.database, self.table.name)
    }

    /// `shop.products.price`
    fn part(self, part: &str) -> String {
        format!("{}.{}.{part}", self.schema.database, self.table.name)
    }
}

struct Report {
    refusals: Vec<Refusal>,
}

impl Report {
    fn refuse(
        &mut self,
        code: &'static str,
        object: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.refusals.push(Refusal::new(code, object, message, help));
    }
}
