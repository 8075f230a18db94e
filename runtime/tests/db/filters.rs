//! Conditions, orders and pages.

use cell::db::{Filter, dec};

use crate::engines::on_every_engine;
use crate::shop::{Category, NewProduct, Product, Shop, order, product};

async fn stocked(shop: &Shop) {
    let notes = [None, Some("b"), Some("a"), None, Some("")];
    stocked_with(shop, ["apple", "Apple", "banana", "cherry", "50%_off"], notes).await;
}

/// Products with these numbers and notes; of each there is one more than of the one before, and every other one is a tool.
pub(crate) async fn stocked_with(shop: &Shop, skus: [&str; 5], notes: [Option<&str>; 5]) {
    let rows = skus.iter().zip(notes).zip(0..);
    let rows = rows.map(|((sku, note), at)| NewProduct {
        stock: Some(at),
        note: note.map(Into::into),
        category: if at % 2 == 0 { Category::Book } else { Category::Tool },
        ..product(sku, at.into())
    });
    shop.products.insert_many(rows.collect::<Vec<_>>()).await.unwrap();
}

async fn skus(shop: &Shop, filter: Filter<Product>) -> Vec<String> {
    let rows = shop.products.filter(|_| filter).order_by(|p| p.stock.asc()).all().await.unwrap();
    rows.into_iter().map(|p| p.sku).collect()
}

fn columns() -> &'static <Product as cell::db::Model>::Columns {
    <Product as cell::db::Model>::COLUMNS
}

on_every_engine! {
    async fn conditions_are_joined_by_and_or_and_not(shop: Shop) {
        stocked(&shop).await;
        let p = columns();
        assert_eq!(skus(&shop, p.stock.gt(0) & p.stock.lt(3)).await, ["Apple", "banana"]);
        assert_eq!(skus(&shop, p.stock.eq(0) | p.stock.eq(4)).await, ["apple", "50%_off"]);
        assert_eq!(skus(&shop, !(p.stock.le(2) | p.sku.eq("cherry"))).await, ["50%_off"]);
        assert_eq!(skus(&shop, (p.stock.eq(0) | p.stock.eq(1)) & p.category.eq(Category::Tool)).await, ["Apple"]);
        assert_eq!(skus(&shop, p.stock.eq(0) | p.stock.eq(1) & p.category.eq(Category::Book)).await, ["apple"]);
        assert_eq!(skus(&shop, p.stock.between(1, 2)).await, ["Apple", "banana"]);
        assert_eq!(skus(&shop, p.price.lt(dec!(0.5)) | p.price.ge(dec!(3.99))).await, ["apple", "50%_off"]);
        assert_eq!(skus(&shop, Filter::all([])).await.len(), 5);
        assert_eq!(skus(&shop, Filter::any([])).await.len(), 0);
    }

    async fn a_list_holds_the_values_that_are_in_it(shop: Shop) {
        stocked(&shop).await;
        let p = columns();
        let wanted = vec!["cherry".to_owned(), "apple".to_owned()];
        assert_eq!(skus(&shop, p.sku.in_(&wanted)).await, ["apple", "cherry"]);
        assert_eq!(skus(&shop, p.stock.in_([3, 3, 9])).await, ["cherry"]);
        assert_eq!(skus(&shop, p.stock.in_(Vec::<i32>::new())).await.len(), 0);
        assert_eq!(skus(&shop, !p.stock.in_(Vec::<i32>::new())).await.len(), 5);
        assert_eq!(skus(&shop, p.note.in_([Some("a".to_owned()), None])).await, ["banana"]);
        assert_eq!(skus(&shop, !p.note.in_([Some("a".to_owned()), None])).await, ["Apple", "50%_off"]);
        assert_eq!(skus(&shop, p.category.in_([Category::Tool])).await, ["Apple", "cherry"]);
    }

    async fn a_missing_value_is_found_by_none_and_by_no_comparison(shop: Shop) {
        stocked(&shop).await;
        let p = columns();
        assert_eq!(skus(&shop, p.note.is_null()).await, ["apple", "cherry"]);
        assert_eq!(skus(&shop, p.note.is_not_null()).await, ["Apple", "banana", "50%_off"]);
        assert_eq!(skus(&shop, p.note.eq(None)).await, ["apple", "cherry"]);
        assert_eq!(skus(&shop, p.note.ne(None)).await, ["Apple", "banana", "50%_off"]);
        assert_eq!(skus(&shop, p.note.eq("b")).await, ["Apple"]);
        assert_eq!(skus(&shop, p.note.ne("b")).await, ["banana", "50%_off"]);
        assert_eq!(skus(&shop, !p.note.eq("b")).await, ["banana", "50%_off"]);
        assert_eq!(skus(&shop, p.note.lt(None)).await.len(), 0);
        assert_eq!(skus(&shop, !p.note.lt(None)).await.len(), 0);
    }

    async fn a_column_is_compared_with_another(shop: Shop) {
        stocked(&shop).await;
        let p = columns();
        assert_eq!(skus(&shop, p.note.lt(p.sku)).await, ["banana", "50%_off"]);
        assert_eq!(skus(&shop, p.sku.gt(p.name)).await, ["apple", "Apple", "banana", "cherry", "50%_off"]);
        assert_eq!(skus(&shop, p.label.ne(p.name)).await.len(), 5);
    }

    async fn text_is_searched_case_and_all(shop: Shop) {
        stocked(&shop).await;
        let p = columns();
        assert_eq!(skus(&shop, p.sku.contains("pple")).await, ["apple", "Apple"]);
        assert_eq!(skus(&shop, p.sku.contains("APPLE")).await.len(), 0);
        assert_eq!(skus(&shop, p.sku.contains("%_")).await, ["50%_off"]);
        assert_eq!(skus(&shop, p.sku.contains("")).await.len(), 5);
        assert_eq!(skus(&shop, p.sku.starts_with("A")).await, ["Apple"]);
        assert_eq!(skus(&shop, p.sku.starts_with("50%")).await, ["50%_off"]);
        assert_eq!(skus(&shop, !p.sku.starts_with("a")).await, ["Apple", "banana", "cherry", "50%_off"]);
        assert_eq!(skus(&shop, p.sku.starts_with("")).await.len(), 5);
        assert_eq!(skus(&shop, p.sku.like("_pple")).await, ["apple", "Apple"]);
        assert_eq!(skus(&shop, p.sku.like("%an%")).await, ["banana"]);
        assert_eq!(skus(&shop, p.sku.like(r"50\%\_%")).await, ["50%_off"]);
        assert_eq!(skus(&shop, p.sku.like("A%")).await, ["Apple"]);
        assert_eq!(skus(&shop, p.note.contains("a")).await, ["banana"]);
    }

    async fn signs_of_other_patterns_mean_themselves(shop: Shop) {
        let texts = ["a*c", "abc", "a?c", "a[b]c", r"a\c", "ä𝄞c", "a\nc"];
        for text in texts {
            shop.products.insert(product(text, dec!(1))).await.unwrap();
        }
        let p = columns();
        for text in texts {
            assert_eq!(skus(&shop, p.sku.like(text.replace('\\', "\\\\"))).await, [text]);
            assert_eq!(skus(&shop, p.sku.contains(text)).await, [text]);
            assert_eq!(skus(&shop, p.sku.starts_with(text)).await, [text]);
        }
        assert_eq!(skus(&shop, p.sku.like("ä_c")).await, ["ä𝄞c"]);
        assert_eq!(skus(&shop, p.sku.like("a_c")).await.len(), 5);
    }

    async fn rows_without_a_value_come_last_unless_asked(shop: Shop) {
        stocked(&shop).await;
        let notes = async |rows: cell::db::Query<Product>| -> Vec<Option<String>> {
            rows.all().await.unwrap().into_iter().map(|p| p.note).collect()
        };
        let (none, text) = (None::<String>, |text: &str| Some(text.to_owned()));
        assert_eq!(
            notes(shop.products.order_by(|p| p.note.asc())).await,
            [text(""), text("a"), text("b"), none.clone(), none.clone()],
        );
        assert_eq!(
            notes(shop.products.order_by(|p| p.note.desc())).await,
            [text("b"), text("a"), text(""), none.clone(), none.clone()],
        );
        assert_eq!(
            notes(shop.products.order_by(|p| p.note.asc().nulls_first())).await,
            [none.clone(), none.clone(), text(""), text("a"), text("b")],
        );
        assert_eq!(
            notes(shop.products.order_by(|p| p.note.desc().nulls_first())).await,
            [none.clone(), none, text("b"), text("a"), text("")],
        );
    }

    async fn a_page_is_a_part_of_the_order(shop: Shop) {
        stocked(&shop).await;
        let page = async |rows: cell::db::Query<Product>| -> Vec<i32> {
            rows.order_by(|p| p.stock.asc()).all().await.unwrap().into_iter().map(|p| p.stock).collect()
        };
        assert_eq!(page(shop.products.limit(2)).await, [0, 1]);
        assert_eq!(page(shop.products.offset(3)).await, [3, 4]);
        assert_eq!(page(shop.products.offset(1).limit(2)).await, [1, 2]);
        assert_eq!(page(shop.products.limit(0)).await.len(), 0);
        assert_eq!(page(shop.products.limit(u64::MAX)).await.len(), 5);
        assert_eq!(page(shop.products.offset(u64::MAX)).await.len(), 0);
        assert_eq!(shop.products.offset(3).count().await, Ok(2));
        assert_eq!(shop.products.limit(3).count().await, Ok(3));
        assert_eq!(shop.products.query().count().await, Ok(5));
        assert_eq!(shop.products.limit(0).exists().await, Ok(false));
        assert_eq!(shop.products.offset(4).exists().await, Ok(true));
        assert_eq!(shop.products.offset(5).exists().await, Ok(false));

        // By keyset: go on behind the last row.
        let next = shop.products.filter(|p| p.stock.gt(1)).order_by(|p| p.stock.asc()).limit(2).all().await.unwrap();
        assert_eq!(next.iter().map(|p| p.stock).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(shop.products.order_by(|p| p.stock.desc()).first().await.unwrap().map(|p| p.stock), Some(4));
        assert_eq!(shop.products.filter(|p| p.stock.gt(9)).first().await, Ok(None));
    }

    async fn columns_of_another_scale_are_not_compared(shop: Shop) {
        // Only within a table and a type: what compiles beyond that is refused the same way everywhere.
        shop.customers.insert(crate::shop::customer("ann")).await.unwrap();
        shop.orders.insert(order("ann", 1)).await.unwrap();
        assert_eq!(shop.orders.filter(|o| o.total.eq(o.total)).count().await, Ok(1));
        let error = shop.samples.filter(|s| s.text.eq("a") & s.exact.gt(s.maybe_exact)).count().await;
        assert_eq!(error, Ok(0));
    }
}

on_every_engine! {
    async fn a_question_that_was_asked_before_is_asked_with_other_values(shop: Shop) {
        stocked(&shop).await;
        for round in 0..2 {
            for at in 0..5_i32 {
                let found = |filter: Filter<Product>| skus(&shop, filter);
                assert_eq!(found(columns().stock.eq(at)).await.len(), 1, "{round}");
                assert_eq!(found(columns().stock.ge(at)).await.len(), 5 - at as usize);
                assert_eq!(found(columns().stock.lt(at) | columns().stock.gt(3)).await.len(), (at as usize + 1).min(5));
                assert_eq!(found(!columns().stock.eq(at) & columns().note.is_null()).await.len(), if at == 0 || at == 3 { 1 } else { 2 });
                assert_eq!(found(columns().stock.eq(at) & columns().sku.ne("cherry")).await.len(), usize::from(at != 3));
                assert_eq!(found(columns().price.ge(dec!(0))).await.len(), 5);
                let page = shop.products.filter(|p| p.stock.ge(0)).order_by(|p| p.stock.desc());
                let page = page.offset(at.unsigned_abs().into()).limit(2).all().await.unwrap();
                assert_eq!(page.iter().map(|p| p.stock).collect::<Vec<_>>(), [4 - at, 3 - at][..(5 - at as usize).min(2)]);
                let rest = shop.products.order_by(|p| p.stock.asc()).offset(at.unsigned_abs().into()).all().await.unwrap();
                assert_eq!(rest.len(), 5 - at as usize);
                assert_eq!(shop.products.filter(|p| p.stock.eq(at)).first().await.unwrap().map(|p| p.stock), Some(at));
            }
            // A value that is none is another question.
            let none: Option<String> = None;
            assert_eq!(shop.products.filter(|p| p.note.eq(none)).all().await.unwrap().len(), 2);
            assert_eq!(shop.products.filter(|p| p.note.eq("b")).all().await.unwrap().len(), 1);
            let error = shop.products.filter(|p| p.sku.eq("a\0")).all().await.unwrap_err();
            assert!(error.to_string().contains("U+0000"), "{error}");
        }
    }
}
