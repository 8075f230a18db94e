//! An index that holds fields of the rows that its table's rows refer to: what changes there is found here.

use cell::prelude::*;
use cell::search::SearchError;

use crate::shop::{NewMaker, NewProduct, Place, places, product};

/// Two makers, one product of each, and one of nobody.
async fn filled() -> Vec<Place> {
    let places = places().await;
    for place in &places {
        let (shop, mut products) = (&place.shop, Vec::new());
        for (name, country) in [("Acme works", Some("FR")), ("Bolt & sons", None)] {
            let maker = NewMaker { name: name.to_owned(), country: country.map(str::to_owned) };
            let maker = shop.makers.insert(maker).await.expect("a maker");
            let product = product(&format!("s{}", maker.id), "Red boots", dec!(40));
            products.push(NewProduct { maker: Some(maker.id), ..product });
        }
        products.push(product("s3", "Blue hat", dec!(15)));
        shop.products.insert_many(products).await.expect("products");
    }
    places
}

async fn skus(place: &Place, words: &str) -> Vec<String> {
    let search = place.shop.products.search(words).after(place.shop.last_write()).order_by(|p| p.sku.asc());
    search.await.expect("an answer").hits.into_iter().map(|hit| hit.row.sku).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_filters_orders_facets_and_highlights_reach_into_the_row_that_is_referred_to() {
    for place in filled().await {
        let products = &place.shop.products;
        assert_eq!(skus(&place, "acme").await, ["s1"]);
        assert_eq!(skus(&place, "acme boots").await, ["s1"], "words of both rows");
        assert_eq!(skus(&place, "maker.name:bolt").await, ["s2"]);
        assert_eq!(skus(&place, "name:bolt").await, Vec::<String>::new(), "that is the product's own name");

        let found = products
            .search("")
            .filter_of(|p| p.maker, |m| m.country.eq("FR") | m.name.starts_with("Bolt"))
            .filter(|p| p.price.gt(dec!(1)))
            .order_by_of(|p| p.maker, |m| m.name.desc())
            .facet_of(|p| p.maker, |m| m.country)
            .await
            .expect("an answer");
        let skus: Vec<_> = found.hits.iter().map(|hit| hit.row.sku.as_str()).collect();
        assert_eq!(skus, ["s2", "s1"]);
        let countries = found.facet_of(|p| p.maker, |m| m.country).expect("countries");
        assert_eq!(countries, [(Some("FR".to_owned()), 1)]);

        let from_nowhere =
            products.search("").filter_of(|p| p.maker, |m| m.country.is_null()).order_by(|p| p.sku.asc());
        let skus: Vec<_> = from_nowhere.await.expect("an answer").hits.into_iter().map(|hit| hit.row.sku).collect();
        assert_eq!(skus, ["s2", "s3"], "of no maker or of no country");

        let shown = products.search("sons").highlight_of(|p| p.maker, |m| m.name).await.expect("an answer");
        let shown = shown.hits.first().and_then(|hit| hit.highlight_of(|p| p.maker, |m| m.name)).expect("a highlight");
        assert_eq!(shown.to_html(), "Bolt &amp; <mark>sons</mark>");

        let refused = products.search("").filter_of(|p| p.maker, |m| m.id.eq(1)).await.expect_err("not included");
        let SearchError::NotIndexed { column, .. } = refused else { panic!("{refused}") };
        assert_eq!(column, "maker.id");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_a_row_is_found_in_all_that_refer_to_it() {
    for place in filled().await {
        place.raw("UPDATE makers SET name = 'Zenith' WHERE name LIKE 'Acme%'").await;
        assert_eq!(skus(&place, "zenith").await, ["s1"]);
        assert_eq!(skus(&place, "acme").await, Vec::<String>::new());

        place.raw("UPDATE products SET maker = (SELECT id FROM makers WHERE name LIKE 'Bolt%') WHERE sku = 's1'").await;
        assert_eq!(skus(&place, "zenith").await, Vec::<String>::new(), "it refers to another one now");
        assert_eq!(skus(&place, "bolt").await, ["s1", "s2"]);

        place.raw("BEGIN; UPDATE makers SET name = 'Nobody'; ROLLBACK").await;
        assert_eq!(skus(&place, "bolt").await, ["s1", "s2"]);

        place.raw("DELETE FROM makers WHERE name LIKE 'Bolt%'").await;
        assert_eq!(skus(&place, "").await, ["s3"], "and all that refer to it go with it");
    }
}

/// More rows than are read at once refer to one.
#[tokio::test(flavor = "multi_thread")]
async fn very_many_rows_may_refer_to_one() {
    for place in places().await {
        let shop = &place.shop;
        let maker = NewMaker { name: "Acme".to_owned(), country: None };
        let maker = shop.makers.insert(maker).await.expect("a maker").id;
        let many =
            (0..3_000).map(|at| NewProduct { maker: Some(maker), ..product(&format!("k{at}"), "Boots", dec!(1)) });
        shop.products.insert_many(many).await.expect("products");
        let count = async |words: &str| {
            shop.products
                .search(words)
                .after(shop.last_write())
                .within(std::time::Duration::from_secs(60))
                .await
                .expect("an answer")
                .count
        };
        assert_eq!(count("acme").await, 3_000);
        place.raw("UPDATE makers SET name = 'Zenith'").await;
        assert_eq!((count("zenith").await, count("acme").await), (3_000, 0));
        let verified = shop.products.verify_search().await.expect("both");
        assert_eq!((verified.documents, verified.differing), (3_000, Vec::new()));
    }
}

/// Whoever only looks at what another process commits is as far as that one, also when nobody refers to the row that has changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_nobody_refers_to_keeps_nobody_waiting() {
    for place in filled().await {
        assert_eq!(skus(&place, "acme").await, ["s1"]);
        let second = place.shop_again().await;
        for round in 0..5 {
            let maker = NewMaker { name: format!("Nobody {round}"), country: None };
            place.shop.makers.insert(maker).await.expect("a maker");
            let found = second.products.search("acme").after(second.last_write()).await;
            assert_eq!(found.expect("an answer").count, 1);
        }
    }
}

/// A row that can't be indexed because of the one that it refers to is indexed when that one is mended.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_set_aside_because_of_another_and_taken_when_that_is_mended() {
    let place = filled().await.remove(0);
    let damage = "PRAGMA ignore_check_constraints = ON; UPDATE makers SET country = CAST(x'ff' AS text) WHERE name LIKE 'Acme%'; \
                  PRAGMA ignore_check_constraints = OFF";
    place.raw(damage).await;
    assert_eq!(skus(&place, "").await, ["s2", "s3"]);
    let status = place.shop.products.search_status().await.expect("a status");
    assert_eq!(status.set_aside.count, 1);
    place.raw("UPDATE makers SET country = 'FR' WHERE name LIKE 'Acme%'").await;
    assert_eq!(skus(&place, "acme").await, ["s1"]);
    let status = place.shop.products.search_status().await.expect("a status");
    assert_eq!((status.set_aside.count, status.documents), (0, Some(3)));
}
