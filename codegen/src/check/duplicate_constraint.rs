//! The same unique constraint, index or reference twice, or a unique constraint over the key.

use cell_schema::schema::Table;

use super::{Context, Findings, Rule};
use crate::model::Database;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for database in &context.model.databases {
        for table in &database.schema.tables {
            for (name, first, what) in repeated(table) {
                let place = |name: &str| database.places.of(&object(database, table, name));
                let finding = Rule::DuplicateConstraint.at(place(&name), what);
                findings.push(match first {
                    Some(first) => finding.related(place(&first), "the other is here").help("remove one of them"),
                    None => finding.help("remove it; a key occurs once anyway"),
                });
            }
        }
    }
}

fn object(database: &Database, table: &Table, name: &str) -> String {
    format!("{}.{}.{name}", database.name, table.name)
}

/// What is said twice: its name, the first one's name unless that is the key, and a message.
fn repeated(table: &Table) -> Vec<(String, Option<String>, String)> {
    let mut found = Vec::new();
    for (at, unique) in table.uniques.iter().enumerate() {
        if unique.columns == table.key {
            found.push((unique.name.clone(), None, "these columns are the key, so they are unique already".to_owned()));
        } else if let Some(first) = table.uniques.iter().take(at).find(|first| first.columns == unique.columns) {
            found.push((unique.name.clone(), Some(first.name.clone()), "these columns are unique already".to_owned()));
        }
    }
    for (at, index) in table.indexes.iter().enumerate() {
        let same =
            |first: &&cell_schema::schema::Index| first.columns == index.columns && first.predicate == index.predicate;
        if let Some(first) = table.indexes.iter().take(at).find(same) {
            found.push((index.name.clone(), Some(first.name.clone()), "this index is there already".to_owned()));
        }
    }
    for (at, reference) in table.references.iter().enumerate() {
        let same = |first: &&cell_schema::schema::Reference| {
            first.columns == reference.columns && first.table == reference.table
        };
        if let Some(first) = table.references.iter().take(at).find(same) {
            found.push((
                reference.name.clone(),
                Some(first.name.clone()),
                "this reference is there already".to_owned(),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    const SHOP: &str = "#[Database::sqlite(file = \"s.db\")] pub struct Shop { pub products: Table<Product> }\n";

    #[test]
    fn indexes_over_the_same_columns_may_differ_in_order_or_rows() {
        accepted(&format!(
            "{SHOP}#[Database::table] #[index(a)] #[index(a desc)] #[index(a, where = a > 0)] #[unique(a, b)] #[unique(b, a)]
             pub struct Product {{ #[key] id: i64, a: i64, b: i64 }}"
        ));
    }

    #[test]
    fn saying_the_same_twice_is_refused() {
        refused(
            &format!(
                "{SHOP}#[Database::table] #[index(a)] #[unique(b)]
                 pub struct Product {{ #[key] #[unique] id: i64, #[index] a: i64, #[unique] b: i64 }}"
            ),
            expect![[r#"
                error[duplicate-constraint]: this index is there already
                 --> src/main.rs:3:20
                  |
                3 | #[Database::table] #[index(a)] #[unique(b)]
                  |                    ^^^^^^^^^^^
                4 |                  pub struct Product { #[key] #[unique] id: i64, #[index] a: i64, #[unique] b: i64 }
                  |                                                                 -------- the other is here
                  |
                  = help: remove one of them

                error[duplicate-constraint]: these columns are unique already
                 --> src/main.rs:3:32
                  |
                3 | #[Database::table] #[index(a)] #[unique(b)]
                  |                                ^^^^^^^^^^^^
                4 |                  pub struct Product { #[key] #[unique] id: i64, #[index] a: i64, #[unique] b: i64 }
                  |                                                                                  --------- the other is here
                  |
                  = help: remove one of them

                error[duplicate-constraint]: these columns are the key, so they are unique already
                 --> src/main.rs:4:46
                  |
                4 |                  pub struct Product { #[key] #[unique] id: i64, #[index] a: i64, #[unique] b: i64 }
                  |                                              ^^^^^^^^^
                  |
                  = help: remove it; a key occurs once anyway

            "#]],
        );
    }
}
