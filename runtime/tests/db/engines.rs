//! Empty databases of the shop's schema on each engine, and the macro that runs a test on all of them.

use std::sync::atomic::{AtomicU32, Ordering};

use cell::db;
use cell_migrate::throwaway::{self, Cluster, SqliteFile};

use super::schema;
use super::shop::Shop;

/// A database, and what keeps it alive.
pub(crate) struct Fresh {
    pub(crate) shop: Shop,
    pub(crate) url: String,
    _file: Option<SqliteFile>,
}

/// Makes a test of `$test` for each engine.
macro_rules! on_every_engine {
    ($($(#[$attribute:meta])* async fn $test:ident($shop:ident: Shop) $body:block)+) => {$(
        mod $test {
            #[allow(unused_imports, reason = "not every test needs all of its module's")]
            use super::*;

            $(#[$attribute])*
            async fn holds($shop: crate::shop::Shop) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_a_sqlite_file() {
                let fresh = crate::engines::sqlite_file().await;
                holds(fresh.shop.clone()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite_in_memory() {
                let fresh = crate::engines::sqlite_memory().await;
                holds(fresh.shop.clone()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let fresh = crate::engines::postgres().await;
                holds(fresh.shop.clone()).await;
            }
        }
    )+};
}

pub(crate) use on_every_engine;

pub(crate) async fn sqlite_file() -> Fresh {
    let file = throwaway::sqlite().expect("a SQLite file");
    let url = file.url().as_str().to_owned();
    Fresh { shop: migrated(&url).await, url, _file: Some(file) }
}

pub(crate) async fn sqlite_memory() -> Fresh {
    let url = "sqlite::memory:".to_owned();
    Fresh { shop: migrated(&url).await, url, _file: None }
}

pub(crate) async fn postgres() -> Fresh {
    let url = empty_postgres().await;
    Fresh { shop: migrated(&url).await, url, _file: None }
}

/// The URL of an empty database on PostgreSQL.
pub(crate) async fn empty_postgres() -> String {
    static TESTS: AtomicU32 = AtomicU32::new(0);
    let cluster = Cluster::shared().await.expect("a throwaway PostgreSQL cluster");
    let prefix = format!("runtime{}", TESTS.fetch_add(1, Ordering::Relaxed));
    cluster.create_database(&prefix).await.expect("an empty database").as_str().to_owned()
}

async fn migrated(url: &str) -> Shop {
    let shop = Shop::open_at(url).await.expect("the database opens");
    db::migrate_from(&shop, schema::root()).await.expect("the shop's tables are made");
    shop
}
