//! What small programs read, write and let go of: each cache's lines are what it reads and why, `!` what it writes, `~` where a handle
//! leaves what is followed.

mod ending;
mod guesses;
mod handles;
mod leaving;
mod macros;

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::trace;
use crate::scan;

/// Two databases, with relations, a search and a second table of one struct.
const SHOP: &str = "use cell::prelude::*;
#[Database::table] pub struct Country { #[key] pub id: i64, pub name: String }
#[Database::table] #[many(orders: Order)] pub struct Customer { #[key] pub id: i64, #[references(Country)] pub country_id: i64 }
#[Database::table] #[many(lines: Line)] pub struct Order { #[key] pub id: i64, #[references(Customer)] pub customer_id: i64 }
#[Database::table] pub struct Line { #[key] pub id: i64, #[references(Order)] pub order_id: i64, pub note: String }
#[Database::table] #[Search::index] pub struct Product { #[key] pub id: i64, #[text] pub name: String, #[references(Country)] #[include(name(text))] pub country_id: i64 }
#[Database::sqlite(file = \"shop.db\")] pub struct Shop {
    pub countries: Table<Country>, pub customers: Table<Customer>, pub orders: Table<Order>, pub lines: Table<Line>, pub products: Table<Product>
}
#[Database::sqlite(file = \"stock.db\")] pub struct Stock { pub products: Table<Product>, pub countries: Table<Country> }
";

/// Holds what the caches of a source do. The source stands behind [`SHOP`].
#[track_caller]
fn traced(source: &str, expected: Expect) {
    expected.assert_eq(&lines(source));
}

fn lines(source: &str) -> String {
    let scanned = scan::from_sources(&[("src/main.rs", &format!("{SHOP}{source}"))]);
    let program = scanned.program;
    assert_eq!(crate::render::human(&program, &scanned.diagnostics, crate::render::Color::Never), "");
    let name = |(database, table): &super::Reached| {
        let database = cell_syntax::name::snake_case(&program.declared(*database).name());
        table.as_ref().map_or_else(|| database.clone(), |table| format!("{database}.{table}"))
    };
    let mut text = String::new();
    for (id, traced) in trace(&program) {
        writeln!(text, "{}", program.declared(id).name()).expect("a line");
        for (reached, because) in &traced.reads {
            writeln!(text, "  {} <- {because}", name(reached)).expect("a line");
        }
        for written in &traced.writes {
            let what: Vec<String> = written.what.iter().map(name).collect();
            writeln!(text, "  ! {} <- {}", what.join(", "), written.because).expect("a line");
        }
        for left in &traced.left {
            let file = program.file(left.place.file);
            let place = file.text.get(left.place.span.byte_range()).unwrap_or_default();
            writeln!(text, "  ~ {}: `{place}` {}", name(&(left.database, None)), left.how).expect("a line");
        }
    }
    text
}

#[test]
fn a_cell_reads_by_its_field_and_by_what_it_calls() {
    traced(
        "#[service] pub struct Goods { shop: Shop, limit: Config<i64> }
         #[handler] impl Goods {
             #[Cache::memoize] pub async fn best(&self, limit: u64) -> Result<Vec<Product>> {
                 let found = self.top(limit).await?;
                 let n = helper::count(&self.shop).await?;
                 Ok(found)
             }
             async fn top(&self, limit: u64) -> Result<Vec<Product>> {
                 Ok(self.shop.products.order_by(|p| p.name.desc()).limit(limit).all().await?)
             }
         }
         mod helper {
             pub async fn count(shop: &super::Shop) -> super::Result<u64> { deeper(shop).await }
             async fn deeper(s: &super::Shop) -> super::Result<u64> { let t = &s.lines; Ok(t.count().await?) }
         }",
        expect![[r#"
            best
              shop.lines <- best → count → deeper: t.count(…)
              shop.products <- best → top: self.shop.products
        "#]],
    );
}
