//! Keys: text, newtypes, tuples, and tables that are all key.

use cell::db::{Model, dec};

use crate::engines::on_every_engine;
use crate::shop::{Code, Order, Tag, customer, order, product};

on_every_engine! {
    async fn a_row_is_found_by_a_key_that_is_a_newtype(shop: Shop) {
        let ann = shop.customers.insert(customer("ann")).await.unwrap();
        assert_eq!(shop.customers.get(Code("ann".into())).await, Ok(Some(ann.clone())));
        assert_eq!(shop.customers.get(&ann.code).await, Ok(Some(ann)));
        assert_eq!(shop.customers.get(Code("bob".into())).await, Ok(None));
    }

    async fn a_composite_key_is_a_tuple_in_the_keys_order(shop: Shop) {
        shop.customers.insert(customer("ann")).await.unwrap();
        shop.customers.insert(customer("bob")).await.unwrap();
        for (code, number) in [("ann", 1), ("ann", 2), ("bob", 1)] {
            shop.orders.insert(order(code, number)).await.unwrap();
        }
        let key = (Code("ann".into()), 2);
        let found = shop.orders.get(&key).await.unwrap().unwrap();
        assert_eq!(found.key(), key);

        shop.orders.update(&Order { total: dec!(0.0001), ..found }).await.unwrap();
        let totals: Vec<_> = shop
            .orders
            .order_by(|o| (o.customer.asc(), o.number.desc()))
            .all()
            .await
            .unwrap()
            .into_iter()
            .map(|o| o.total.to_string())
            .collect();
        assert_eq!(totals, ["0.0001", "10.0000", "10.0000"]);
        assert_eq!(shop.orders.delete((Code("ann".into()), 1)).await, Ok(true));
        assert_eq!(shop.orders.count().await, Ok(2));
    }

    async fn a_row_that_is_all_key_is_updated_upserted_and_deleted(shop: Shop) {
        let boot = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        let tag = Tag { product: boot.id, tag: "new".into() };
        assert_eq!(shop.tags.upsert(&tag).await, Ok(tag.clone()));
        assert_eq!(shop.tags.upsert(&tag).await, Ok(tag.clone()));
        assert_eq!(shop.tags.update(&tag).await, Ok(()));
        assert!(shop.tags.update(&Tag { tag: "sale".into(), ..tag.clone() }).await.is_err());
        assert_eq!(shop.tags.get((boot.id, "new")).await, Ok(Some(tag)));
        assert_eq!(shop.tags.delete((boot.id, "new")).await, Ok(true));
    }
}
