//! The same mistake is the same value on every engine.

use cell::db::{DataError, Database, dec};

use crate::engines::on_every_engine;
use crate::shop::{NewProduct, Tag, customer, order, product};

on_every_engine! {
    async fn a_second_row_with_a_unique_value_names_the_table_and_the_columns(shop: Shop) {
        shop.products.insert(product("boot", dec!(1))).await.unwrap();
        let again = shop.products.insert(product("boot", dec!(2))).await;
        assert_eq!(again, Err(DataError::UniqueViolation { table: "products", columns: vec!["sku"] }));
        assert_eq!(again.unwrap_err().to_string(), "`products` already has a row with this `sku`");
    }

    async fn a_second_row_with_a_key_names_the_keys_columns(shop: Shop) {
        shop.customers.insert(customer("ann")).await.unwrap();
        let again = shop.customers.insert(customer("ann")).await;
        assert_eq!(again, Err(DataError::UniqueViolation { table: "customers", columns: vec!["code"] }));

        shop.orders.insert(order("ann", 1)).await.unwrap();
        let again = shop.orders.insert(order("ann", 1)).await;
        let columns = vec!["customer", "number"];
        assert_eq!(again, Err(DataError::UniqueViolation { table: "orders", columns }));

        let boot = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        let id = boot.id;
        let script = format!(
            "INSERT INTO products (id, sku, name, category, price) VALUES ({id}, 'x', 'x', 'book', 1)"
        );
        assert!(shop.handle().script(&script).await.is_err());
    }

    async fn a_reference_to_no_row_is_refused(shop: Shop) {
        let nobody = shop.orders.insert(order("nobody", 1)).await;
        assert_eq!(nobody, Err(DataError::ReferenceViolation { table: "orders" }));
        let nothing = shop.tags.insert_many([Tag { product: 1, tag: "x".into() }]).await;
        assert_eq!(nothing, Err(DataError::ReferenceViolation { table: "tags" }));
        assert_eq!(shop.orders.count().await, Ok(0));
    }

    async fn a_row_that_others_refer_to_stays(shop: Shop) {
        let ann = shop.customers.insert(customer("ann")).await.unwrap();
        shop.orders.insert(order("ann", 1)).await.unwrap();
        let refused = Err(DataError::ReferenceViolation { table: "customers" });
        assert_eq!(shop.customers.delete(&ann.code).await, refused);
        assert_eq!(shop.customers.query().delete().await.map(|_| true), refused);
        assert_eq!(shop.customers.count().await, Ok(1));
    }

    async fn a_row_that_breaks_a_check_names_it(shop: Shop) {
        let negative = shop.products.insert(product("boot", dec!(-0.01))).await;
        let constraint = "products_price_check".to_owned();
        assert_eq!(negative, Err(DataError::CheckViolation { table: "products", constraint }));

        let mut row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        row.name = "x".repeat(21);
        match shop.products.update(&row).await {
            Err(DataError::CheckViolation { table: "products", constraint }) => {
                assert!(constraint.contains("name"), "{constraint}");
            }
            other => panic!("not refused: {other:?}"),
        }
        row.name = "ä".repeat(20);
        assert_eq!(shop.products.update(&row).await, Ok(()));
    }

    async fn a_column_without_its_value_names_it(shop: Shop) {
        let handle = shop.handle();
        // Only SQL by hand gets so far: the types do not.
        let error = handle.script("UPDATE products SET name = NULL; INSERT INTO customers (code) VALUES ('x')").await;
        assert_eq!(error, Err(DataError::NotNull { table: "shop", column: "name".into() }));
    }

    async fn a_refused_row_leaves_the_connection_usable(shop: Shop) {
        for at in 0..20 {
            let new = NewProduct { stock: Some(at), ..product("boot", dec!(1)) };
            assert_eq!(shop.products.insert(new).await.is_ok(), at == 0);
        }
        assert_eq!(shop.products.count().await, Ok(1));
    }
}
