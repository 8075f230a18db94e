//! An index holds what its table holds, whoever writes to it.

use cell::prelude::*;
use cell::search::SearchError;

use crate::shop::{Kind, Note, Place, Product, places, product};

async fn filled() -> Vec<Place> {
    let places = places().await;
    for place in &places {
        let rows = [
            product("r1", "Red boots", dec!(40.00)),
            product("r2", "Red running shoes", dec!(60.50)),
            NewProductOf::hat("b1", "Blue hat", dec!(15.99)),
        ];
        place.shop.products.insert_many(rows).await.expect("rows");
    }
    places
}

struct NewProductOf;

impl NewProductOf {
    fn hat(sku: &str, name: &str, price: Decimal) -> crate::shop::NewProduct {
        crate::shop::NewProduct {
            kind: Some(Kind::Hats),
            about: Some("Keeps the sun off, & looks <fine>".to_owned()),
            stock: None,
            ..product(sku, name, price)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_find_rows_whatever_their_endings_case_and_order() {
    for place in filled().await {
        assert_eq!(place.found("red boots").await, ["Red boots"]);
        assert_eq!(place.found("SHOE run").await, ["Red running shoes"]);
        assert_eq!(place.found("red").await, ["Red boots", "Red running shoes"]);
        assert_eq!(place.found("sun").await, ["Blue hat"], "in another field");
        assert_eq!(place.found("r2").await, ["Red running shoes"]);
        assert_eq!(place.found("the red boots").await, ["Red boots"], "nobody looks for `the`");
        assert_eq!(place.found("the").await, Vec::<String>::new());
        assert_eq!(place.found("boots hat").await, Vec::<String>::new(), "all words have to be there");
        let any = place.shop.products.search("boots hat").any_word().await.expect("an answer");
        assert_eq!(any.count, 2);
        assert_eq!(place.found("").await.len(), 3, "no words find everything");
        assert_eq!(place.found("\"red running\" -boots").await, ["Red running shoes"]);
        assert_eq!(place.found("name:hat OR sku:r1").await, ["Red boots", "Blue hat"]);
        let fuzzy = place.shop.products.search("bluw").fuzzy(1).await.expect("an answer");
        assert_eq!(fuzzy.count, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_found_and_what_is_not_there_any_more_is_not() {
    for place in filled().await {
        place.raw("UPDATE products SET name = 'Green boots' WHERE sku = 'r1'").await;
        assert_eq!(place.found("green").await, ["Green boots"]);
        assert_eq!(place.found("red").await, ["Red running shoes"]);
        place.raw("DELETE FROM products WHERE sku = 'r2'").await;
        assert_eq!(place.found("red").await, Vec::<String>::new());
        place.raw("UPDATE products SET id = 70 WHERE sku = 'b1'").await;
        let hits = place.shop.products.search("hat").after(place.shop.last_write()).await.expect("an answer").hits;
        assert_eq!(hits.iter().map(|hit| hit.row.id).collect::<Vec<_>>(), [70], "under its new key alone");
        place.raw("BEGIN; DELETE FROM products; ROLLBACK").await;
        assert_eq!(place.found("").await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_orders_facets_and_highlights_are_typed() {
    for place in filled().await {
        let products = &place.shop.products;
        let found = products
            .search("red")
            .filter(|p| p.price.lt(dec!(60.505)) & p.kind.eq(Kind::Shoes))
            .facet(|p| p.kind)
            .order_by(|p| p.price.desc())
            .highlight(|p| p.name)
            .after(place.shop.last_write())
            .await
            .expect("an answer");
        assert_eq!(found.hits.iter().map(|hit| hit.row.price).collect::<Vec<_>>(), [dec!(60.50), dec!(40.00)]);
        assert_eq!(found.facet(|p| p.kind).expect("values"), [(Some(Kind::Shoes), 2)]);
        let highlight = found.hits[0].highlight(|p| p.name).expect("a highlight");
        assert_eq!(highlight.to_html(), "<mark>Red</mark> running shoes");
        let all = products.search("").facet(|p| p.kind).limit(0).await.expect("an answer");
        assert_eq!((all.count, all.hits.len()), (3, 0));
        assert_eq!(all.facet(|p| p.kind).expect("values"), [(Some(Kind::Shoes), 2), (Some(Kind::Hats), 1)]);
        let sun = products.search("looks").highlight(|p| p.about).await.expect("an answer");
        let html = sun.hits[0].highlight(|p| p.about).expect("a highlight").to_html();
        assert_eq!(html, "Keeps the sun off, &amp; <mark>looks</mark> &lt;fine");
    }
}

/// Every filter gives the same rows as in the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_filter_means_what_it_means_in_the_database() {
    type Condition = fn(&'static <Product as cell::db::Model>::Columns) -> cell::db::Filter<Product>;
    let conditions: [Condition; 18] = [
        |p| p.price.eq(dec!(15.99)),
        |p| p.price.lt(dec!(40.001)) & p.price.ge(dec!(15.9899)),
        |p| !p.price.gt(dec!(40)),
        |p| p.price.ne(dec!(0.001)),
        |p| p.price.in_([dec!(40), dec!(60.5), dec!(1.001)]),
        |p| p.stock.is_null(),
        |p| !p.stock.eq(1),
        |p| p.stock.eq(1) | p.kind.eq(Kind::Hats),
        |p| p.stock.in_([1, 2]),
        |p| !p.stock.in_([2, 3]),
        |p| p.name.ge("Red"),
        |p| p.name.lt("Red boots") | p.name.eq("Red running shoes"),
        |p| p.name.contains("d b"),
        |p| p.name.starts_with("Red"),
        |p| p.name.like("%e_ %s"),
        |p| !p.name.like("Red%"),
        |p| p.kind.ne(Kind::Hats),
        |p| p.made_at.le(DateTime::from_timestamp(1_700_000_000, 0).expect("a time")),
    ];
    for place in filled().await {
        place.raw("UPDATE products SET kind = NULL WHERE sku = 'r2'").await;
        for (at, condition) in conditions.iter().enumerate() {
            let rows = place.shop.products.filter(condition).order_by(|p| p.id.asc()).all().await.expect("rows");
            let search = place.shop.products.search("").filter(condition).order_by(|p| p.made_at.asc());
            let mut hits = search.after(place.shop.last_write()).await.expect("an answer").hits;
            hits.sort_by_key(|hit| hit.row.id);
            assert_eq!(hits.into_iter().map(|hit| hit.row).collect::<Vec<_>>(), rows, "condition {at}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_index_does_not_know_and_what_is_not_well_formed_is_refused_with_its_place() {
    let place = crate::shop::on_sqlite().await;
    let products = &place.shop.products;
    let refused = products.search("x").filter(|p| p.maker.eq(1)).await.expect_err("no filter");
    let expected = "the search index of `products` can't filter by `maker`: put `#[filter]` or `#[facet]` on its field, or say so where it is included";
    assert_eq!(refused.to_string(), expected);
    let refused = products.search("x").facet(|p| p.stock).await.expect_err("no facet");
    assert!(matches!(refused, SearchError::NotIndexed { .. }), "{refused}");
    for words in [
        "red (boots",
        "nothing:red",
        "\"red",
        "name:*",
        "stock:*",
        "#key:[1 TO 9]",
        "#3:>100",
        "name: IN [a b]",
        "price:1",
    ] {
        match products.search(words).await {
            Err(SearchError::Syntax { .. }) => {}
            other => panic!("{words}: {other:?}"),
        }
        products.search(words).lenient().await.expect("an answer");
    }
    for words in ["x ".repeat(600), "a ".repeat(65), "(] ".repeat(17), "NOT ".repeat(17), "+".repeat(2000)] {
        let refused = products.search(words.as_str()).lenient().await.expect_err("too much");
        assert!(matches!(refused, SearchError::TooMuch { .. }), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_several_columns_is_followed_and_beginnings_are_found() {
    for place in places().await {
        let notes = &place.shop.notes;
        let note = |product, language: &str, text: &str| Note {
            product,
            language: language.to_owned(),
            text: text.to_owned(),
        };
        for row in [note(1, "de\"x", "Größe"), note(1, "en", "Size"), note(2, "en", "Grow")] {
            notes.upsert(&row).await.expect("a row");
        }
        let found = notes.search("gr").after(place.shop.last_write()).await.expect("an answer");
        assert_eq!(found.count, 2);
        notes.delete((1_i64, "de\"x".to_owned())).await.expect("a row");
        let found = notes.search("gr").after(place.shop.last_write()).await.expect("an answer");
        assert_eq!(found.hits.into_iter().map(|hit| hit.row).collect::<Vec<_>>(), [note(2, "en", "Grow")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_goes_on_where_it_was_left_and_is_built_anew_where_its_database_is_another() {
    for place in filled().await {
        assert_eq!(place.found("red").await.len(), 2);
        place.raw("UPDATE products SET name = 'Red cap' WHERE sku = 'b1'").await;
        let again = crate::shop::Shop::open_at(&place.url).await.expect("a shop");
        let found = again.products.search("red").after(again.last_write()).await.expect("an answer");
        assert_eq!(found.count, 3, "a second process looks at what the first one commits");
    }
}
