//! A field that a search cannot use as its helper says.

use cell_syntax::decl::SearchUses;
use syn::Ident;
use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::indexes::{self, Use};
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (_, index, row) in indexes::all(context.program) {
        let Some(row) = row else { continue };
        for field in &index.fields {
            unfit(&row, &row, &field.ident, &field.uses, findings);
        }
        for include in &index.includes {
            let Some(target) = indexes::target(&row, include) else { continue };
            for (ident, uses) in &include.fields {
                unfit(&row, &target, ident, uses, findings);
            }
        }
    }
}

/// A field of `of`, which the index of `row` holds.
fn unfit(row: &Row<'_>, of: &Row<'_>, ident: &Ident, uses: &SearchUses, findings: &mut Findings) {
    let Some(column) = of.column(ident) else { return };
    // What no column can hold is `unsupported-type`'s.
    let Ok(stored) = of.stored(column) else { return };
    for (wanted, span) in Use::of(uses).filter(|(wanted, _)| !wanted.takes(&stored.kind)) {
        let (message, label, help) = match wanted {
            Use::Text => (
                format!("`{ident}` has no words that a search could find"),
                "a text",
                "`#[text]` stands on a `String`, a newtype over it, or an `Option` of these",
            ),
            Use::Filter => (
                format!("what a search finds can't be filtered by `{ident}`"),
                "a filter",
                "`#[filter]` stands on every type of a column but `Vec<u8>` and `Json<T>`",
            ),
            Use::Facet => (
                format!("values of `{ident}` can't be counted by a search"),
                "a facet",
                "`#[facet]` stands on an enumeration, `String`, `bool`, an integer, a newtype over these, or an \
                         `Option` of these; `#[filter]` also takes numbers with a fraction, dates and times",
            ),
        };
        findings.push(
            Rule::SearchFieldType.at(of.place(column.ty.span()), message).related(row.place(span), label).help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn every_type_that_a_search_can_use_is_accepted_also_in_values_and_options() {
        accepted(
            "#[Database::enumeration] pub enum Kind { A }
             #[Database::value] pub struct Title(String);
             #[Database::value] pub struct Count(u32);
             #[Database::table] #[Search::index] pub struct P {
                 #[key] #[filter] id: i64,
                 #[text] #[filter] a: String, #[text] #[facet] b: Option<Title>,
                 #[facet] c: Kind, #[facet] d: bool, #[facet] e: Option<Count>, #[facet] f: i16, #[facet] g: u16,
                 #[filter] h: f32, #[filter] i: f64, #[filter] #[decimal(9, 2)] j: Option<Decimal>, #[filter] k: Uuid,
                 #[filter] l: DateTime<Utc>, #[filter] m: NaiveDate, #[filter] n: Option<NaiveTime>, #[filter] o: Kind,
             }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }",
        );
    }

    #[test]
    fn a_field_that_is_included_is_held_to_the_same() {
        refused(
            "#[Database::table] pub struct Brand { #[key] id: i64, image: Vec<u8> }
             #[Database::table] #[Search::index] pub struct P { #[key] id: i64, #[text] name: String,
                 #[references(Brand)] #[include(id(facet), image(filter))] brand_id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { brands: Table<Brand>, ps: Table<P> }",
            expect![[r#"
                error[search-field-type]: what a search finds can't be filtered by `image`
                 --> src/main.rs:2:62
                  |
                2 | #[Database::table] pub struct Brand { #[key] id: i64, image: Vec<u8> }
                  |                                                              ^^^^^^^
                3 |              #[Database::table] #[Search::index] pub struct P { #[key] id: i64, #[text] name: String,
                4 |                  #[references(Brand)] #[include(id(facet), image(filter))] brand_id: i64 }
                  |                                                                  ------ a filter
                  |
                  = help: `#[filter]` stands on every type of a column but `Vec<u8>` and `Json<T>`

            "#]],
        );
    }

    #[test]
    fn what_has_no_words_no_order_or_too_many_values_is_refused() {
        refused(
            "#[Database::value] pub struct Money(Decimal);
#[Database::enumeration] pub enum Kind { A }
#[Database::table] #[Search::index] pub struct Product {
    #[key] id: i64,
    #[text] kind: Kind,
    #[filter] image: Option<Vec<u8>>,
    #[facet] #[decimal(9, 2)] price: Money,
    #[text] #[facet] document: Json<Vec<i64>>,
}",
            expect![[r#"
                error[search-field-type]: `kind` has no words that a search could find
                 --> src/main.rs:6:19
                  |
                6 |     #[text] kind: Kind,
                  |     -------       ^^^^
                  |     |
                  |     a text
                  |
                  = help: `#[text]` stands on a `String`, a newtype over it, or an `Option` of these

                error[search-field-type]: what a search finds can't be filtered by `image`
                 --> src/main.rs:7:22
                  |
                7 |     #[filter] image: Option<Vec<u8>>,
                  |     ---------        ^^^^^^^^^^^^^^^
                  |     |
                  |     a filter
                  |
                  = help: `#[filter]` stands on every type of a column but `Vec<u8>` and `Json<T>`

                error[search-field-type]: values of `price` can't be counted by a search
                 --> src/main.rs:8:38
                  |
                8 |     #[facet] #[decimal(9, 2)] price: Money,
                  |     -------- a facet                 ^^^^^
                  |
                  = help: `#[facet]` stands on an enumeration, `String`, `bool`, an integer, a newtype over these, or an `Option` of these; `#[filter]` also takes numbers with a fraction, dates and times

                error[search-field-type]: `document` has no words that a search could find
                 --> src/main.rs:9:32
                  |
                9 |     #[text] #[facet] document: Json<Vec<i64>>,
                  |     ------- a text             ^^^^^^^^^^^^^^
                  |
                  = help: `#[text]` stands on a `String`, a newtype over it, or an `Option` of these

                error[search-field-type]: values of `document` can't be counted by a search
                 --> src/main.rs:9:32
                  |
                9 |     #[text] #[facet] document: Json<Vec<i64>>,
                  |             -------- a facet   ^^^^^^^^^^^^^^
                  |
                  = help: `#[facet]` stands on an enumeration, `String`, `bool`, an integer, a newtype over these, or an `Option` of these; `#[filter]` also takes numbers with a fraction, dates and times

            "#]],
        );
    }
}
