//! Opening a database and bringing it to the newest of its migrations.

use cell::db::{self, DataError, SchemaError, dec};

use crate::engines::{self, on_every_engine};
use crate::schema;
use crate::shop::{Shop, product};

on_every_engine! {
    async fn a_migrated_database_is_at_the_newest_and_stays_so(shop: Shop) {
        db::check_from(&shop, schema::root()).await.unwrap();
        shop.products.insert(product("boot", dec!(1))).await.unwrap();
        db::migrate_from(&shop, schema::root()).await.unwrap();
        assert_eq!(shop.products.count().await, Ok(1));
    }
}

on_every_engine! {
    async fn a_database_that_a_later_release_migrated_serves_the_earlier_one(shop: Shop) {
        let later = schema::write_later();
        db::migrate_from(&shop, later.path()).await.unwrap();
        db::check_from(&shop, schema::root()).await.unwrap();
        db::check_from(&shop, later.path()).await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_database_is_behind_and_says_what_to_run() {
    for url in ["sqlite::memory:".to_owned(), engines::empty_postgres().await] {
        let shop = Shop::open_at(&url).await.unwrap();
        let error = db::check_from(&shop, schema::root()).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, SchemaError::Behind { database: "shop", .. }), "{error:?}");
        assert!(text.contains("`0001_") && text.contains("cargo cell migrate apply"), "{text}");
    }
}

#[tokio::test]
async fn a_folder_without_migrations_is_named() {
    let shop = Shop::open_at("sqlite::memory:").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = db::migrate_from(&shop, folder.path()).await.unwrap_err();
    assert!(matches!(error, SchemaError::NoMigrations { database: "shop", .. }), "{error:?}");
    assert!(error.to_string().contains("cargo cell build"));
}

#[tokio::test]
async fn the_migrations_of_a_database_of_another_package_are_where_the_manifest_says() {
    let domain = schema::write(&schema::schema());
    let root = domain.path().join("app");
    std::fs::create_dir_all(root.join("cell")).unwrap();
    let manifest = root.join("cell/manifest.json");
    let database = r#"{"name": "shop", "engine": "sqlite", "folder": "../cell/shop", "schema": ""}"#;
    let text = format!(r#"{{"format": 1, "application": "app", "databases": [{database}], "topology": ""}}"#);
    std::fs::write(&manifest, text).unwrap();
    let fresh = engines::sqlite_memory().await;
    db::check_from(&fresh.shop, &root).await.unwrap();

    std::fs::write(&manifest, "{").unwrap();
    let error = db::check_from(&fresh.shop, &root).await.unwrap_err();
    assert!(matches!(error, SchemaError::Manifest { database: "shop", .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_in_a_file_keeps_its_rows() {
    let fresh = engines::sqlite_file().await;
    let row = fresh.shop.products.insert(product("boot", dec!(1))).await.unwrap();
    fresh.shop.close().await;
    let again = Shop::open_at(&fresh.url).await.unwrap();
    assert_eq!(again.products.get(row.id).await, Ok(Some(row)));
}

#[tokio::test]
async fn two_databases_in_memory_are_two() {
    let (first, second) = (engines::sqlite_memory().await, engines::sqlite_memory().await);
    first.shop.products.insert(product("boot", dec!(1))).await.unwrap();
    assert_eq!(second.shop.products.count().await, Ok(0));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    std::fs::write(&path, "not a database, but long enough to look at").unwrap();
    let error = Shop::open_at(&format!("sqlite:{}", path.display())).await.map(drop).unwrap_err();
    assert!(matches!(&error, DataError::Open { database, .. } if database == "shop"), "{error:?}");
    assert!(error.to_string().contains("shop.db"), "{error}");
}
