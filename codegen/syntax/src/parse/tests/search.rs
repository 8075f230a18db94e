//! `#[Search::index]`: what it reads, and each mistake with its place and words.

use expect_test::expect;

use super::{accepted, refused};
use crate::decl::{Decl, SearchIndex, Tokenizer};

fn index(arguments: &str, item: &str) -> SearchIndex {
    let Decl::SearchIndex(index) = accepted("Search::index", arguments, item) else { panic!("a search index") };
    index
}

#[test]
fn a_whole_index_is_read_and_its_tables_helpers_are_passed_over() {
    let index = index(
        "name = \"goods\", language = \"en\", crate = storage",
        "#[Database::table(name = \"products\")] #[unique(sku)] #[check(len(sku) == 8)]
         struct Product {
             #[key] id: i64,
             #[skip] seen: bool,
             #[text(boost = 2.5)] #[column(max_len = 80)] name: String,
             #[text(tokenizer = \"exact\")] #[filter] #[unique] sku: String,
             #[text(boost = 3, tokenizer = \"prefix\")] brand: Option<String>,
             #[decimal(12, 2)] #[filter] price: Decimal,
             #[facet] #[index] category: Category,
             stock: i64,
         }",
    );
    assert_eq!(index.name.as_ref().map(|name| name.value.as_str()), Some("goods"));
    assert_eq!(index.language.as_ref().map(|language| language.value.as_str()), Some("en"));
    let fields: Vec<_> = index
        .fields
        .iter()
        .map(|field| {
            let text = field.uses.text.as_ref().map(|text| (text.boost, text.tokenizer));
            (field.ident.to_string(), field.column, text, field.uses.filter.is_some(), field.uses.facet.is_some())
        })
        .collect();
    let name = |name: &str| name.to_owned();
    assert_eq!(
        fields,
        [
            (name("name"), 1, Some((2.5, Tokenizer::Words)), false, false),
            (name("sku"), 2, Some((1.0, Tokenizer::Exact)), true, false),
            (name("brand"), 3, Some((3.0, Tokenizer::Prefix)), false, false),
            (name("price"), 4, None, true, false),
            (name("category"), 5, None, false, true),
        ]
    );
}

#[test]
fn a_table_passes_over_the_helpers_of_its_index_and_knows_them() {
    let item =
        "struct Product { #[key] id: i64, #[text(boost = 2.0)] #[filter] name: String, #[skip] #[stored] seen: bool }";
    let Decl::Table(table) = accepted("Database::table", "", item) else { panic!("a table") };
    let searched: Vec<&str> = table.searched.iter().map(|helper| helper.value.as_str()).collect();
    assert_eq!(searched, ["text", "filter", "stored"]);
}

#[test]
fn every_mistake_of_an_index_is_reported_at_once() {
    refused(
        "Search::index",
        "name = \"my goods\", language = \"xx\", lang = \"en\"",
        "#[text] #[fliter]
         struct Product<T> {
             #[key] id: i64,
             #[txt] title: String,
             #[text(boost = 0, tokenizer = \"wrods\")] name: String,
             #[text(boost = 1000.5)] #[text] more: String,
             #[text(boost = -1.0)] #[filter(desc)] less: String,
             #[text(boost = \"2\")] #[facet = 1] other: String,
             #[text(2.0)] brand: String,
             #[facet] #[filter] category: Category,
             #[stored] price: Decimal,
             #[skip] #[facet] seen: bool,
             #[uniqe] sku: String,
         }",
        expect![[r#"
            unknown-argument at `lang`: `Search::index` has no argument `lang`
              help: it takes `crate`, `language` and `name`
            invalid-name at `"my goods"`: `my goods` cannot name a search index
              help: use letters of ASCII, digits, `-` and `_`, beginning with a letter or `_`, 63 bytes at the most
            wrong-value at `"xx"`: `xx` is no language whose words Cell can stem
              help: leave it out, or write one of `ar`, `da`, `de`, `el`, `en`, `es`, `fi`, `fr`, `hu`, `it`, `nl`, `no`, `pt`, `ro`, `ru`, `sv`, `ta` and `tr`
            generic-item at `<T>`: `#[Search::index]` stands on a generic item
              help: remove the parameters; one declaration is one thing in the database or on the wire
            wrong-item at `#[text]`: `#[text]` stands on a struct
              help: put it on the field that it is about
            unknown-attribute at `#[fliter]`: `#[fliter]` is unknown here
              help: did you mean `#[filter]`?
            unknown-attribute at `#[txt]`: `#[txt]` is unknown here
              help: did you mean `#[text]`?
            wrong-value at `0`: this is no boost
              help: write a number above 0, and at most 1000: with `boost = 2.0` a word counts twice here
            wrong-value at `"wrods"`: `wrods` is no tokenizer
              help: did you mean `words`?
            wrong-value at `1000.5`: this is no boost
              help: write a number above 0, and at most 1000: with `boost = 2.0` a word counts twice here
            duplicate-argument at `#[text]`: `text` is said twice of `more`
              `#[text(boost = 1000.5)]`: first said here
              help: keep one of them
            wrong-value at `-1.0`: this is no boost
              help: write a number above 0, and at most 1000: with `boost = 2.0` a word counts twice here
            unknown-argument at `desc`: `filter` has no argument `desc`
              help: it takes nothing
            wrong-value at `"2"`: this is no boost
              help: write a number above 0, and at most 1000: with `boost = 2.0` a word counts twice here
            attribute-syntax at `facet = 1`: `facet` takes no `=`
              help: write `#[facet(…)]`
            unknown-argument at `2.0`: `text` does not take this argument
              help: it takes `boost` and `tokenizer`
            conflicting-attributes at `#[filter]`: a facet filters and orders already
              `#[facet]`: a facet
              help: remove `#[filter]`
            unknown-attribute at `#[stored]`: a search index stores no values
              help: remove `#[stored]`: what a search finds is read from the table, as it is then
            conflicting-attributes at `#[facet]`: a skipped field is no column, so no index can hold it
              help: remove this attribute, or remove `#[skip]`
        "#]],
    );
}

#[test]
fn an_index_finds_words_of_something() {
    refused(
        "Search::index",
        "",
        "struct Product { #[key] id: i64, #[filter] price: i64 }",
        expect![[r#"
        index-without-text at `Product`: the search index of `Product` has no text
          help: put `#[text]` on a field whose words are to be found
    "#]],
    );
    // A text that is written wrong is one mistake.
    refused(
        "Search::index",
        "",
        "struct Product { #[key] id: i64, #[tetx] name: String }",
        expect![[r#"
        unknown-attribute at `#[tetx]`: `#[tetx]` is unknown here
          help: did you mean `#[text]`?
    "#]],
    );
}

#[test]
fn an_index_stands_on_a_struct_with_named_fields() {
    refused(
        "Search::index",
        "",
        "enum Product { A }",
        expect![[r#"
        wrong-item at `Product`: `#[Search::index]` stands on an enum
          help: put it on a struct with named fields
    "#]],
    );
    refused(
        "Search::index",
        "",
        "struct Product(i64);",
        expect![[r#"
        wrong-item at `Product`: `#[Search::index]` stands on a struct without named fields
          help: write `struct Product { … }`
    "#]],
    );
}

#[test]
fn fields_of_the_row_that_a_reference_leads_to_are_included() {
    let index = index(
        "",
        "struct Product {
             #[key] id: i64,
             #[skip] seen: bool,
             #[references(stock::Brand, on_delete = cascade)] #[filter]
             #[include(name(text(boost = 2.0), filter), country(facet))] brand_id: Option<i64>,
             #[include(name(text))] #[references(Seller)] seller_id: i64,
             #[text] seller: String,
         }",
    );
    let includes: Vec<_> = index
        .includes
        .iter()
        .map(|include| {
            let fields = include.fields.iter().map(|(name, uses)| {
                let boost = uses.text.as_ref().map(|text| text.boost);
                (name.to_string(), boost, uses.filter.is_some(), uses.facet.is_some())
            });
            (include.relation.to_string(), fields.collect::<Vec<_>>())
        })
        .collect();
    let (name, country) = ("name".to_owned(), "country".to_owned());
    assert_eq!(
        includes,
        [
            ("brand".to_owned(), vec![(name.clone(), Some(2.0), true, false), (country, None, false, true)]),
            ("seller_id".to_owned(), vec![(name, Some(1.0), false, false)]),
        ]
    );
    assert_eq!(index.fields.len(), 2, "the reference's own field is another thing");
}

#[test]
fn what_cannot_be_included_is_refused_where_it_stands() {
    refused(
        "Search::index",
        "",
        "struct Product {
    #[text] name: String,
    #[include(name(text))] brand_id: i64,
    #[references(Brand)] #[include] maker: i64,
    #[references(Brand)] #[include(name, country(facett), name(text), 7)] seller: i64,
    #[references(Brand)] #[include(name(filter, facet))] #[include(name(text))] buyer: i64,
    #[references(Brand)] #[skip] #[include(name(text))] former: i64,
}",
        expect![[r#"
            missing-argument at `#[include(name(text))]`: `brand_id` leads to no row of which fields could be included
              help: put `#[references(Other)]` on the field too
            unknown-argument at `7`: `include` does not take this argument
              help: it takes fields, each with what is done with it: `name(text)`
            missing-argument at `name`: nothing is said of `name`
              help: write `name(text)`, `name(filter)` or `name(facet)`
            unknown-argument at `facett`: a search does no `facett` with a field
              help: did you mean `facet`?
            duplicate-argument at `#[include(name(text))]`: `include` is said twice of `buyer`
              `#[include(name(filter, facet))]`: first said here
              help: write all fields in one of them
            conflicting-attributes at `filter`: a facet filters and orders already
              `facet`: a facet
              help: remove `#[filter]`
            conflicting-attributes at `#[include(name(text))]`: a skipped field is no column, so no index can hold it
              help: remove this attribute, or remove `#[skip]`
        "#]],
    );
}
