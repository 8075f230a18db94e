//! Empty databases of the shop's schema on each engine, also with a replica, and the macro that runs a test on all of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cell::db::{self, DataError, Database as _};
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

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres_with_a_replica() {
                let fresh = crate::engines::replicated().await;
                holds(fresh.shop.clone()).await;
                crate::engines::reads_at_replica(&fresh.shop).await;
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

pub(crate) async fn replicated() -> Fresh {
    let (primary, replica) = Cluster::shared_replicated().await.expect("a primary and its replica");
    replicated_on(primary, replica).await
}

/// A database on a primary and its replica.
pub(crate) async fn replicated_on(primary: &Cluster, replica: &Cluster) -> Fresh {
    let url = primary.create_database("replicated").await.expect("an empty database").as_str().to_owned();
    let theirs = replica.url().with_database(database_of(&url));
    // The database is made there a moment later.
    until("the replica has the database", async || Shop::open_at(theirs.as_str()).await.is_ok()).await;
    let shop: Shop = db::open_replicated(&url, &[("eu", theirs.as_str())]).await.expect("the database opens");
    db::migrate_from(&shop, schema::root()).await.expect("the shop's tables are made");
    healthy(&shop).await;
    Fresh { shop, url, _file: None }
}

/// The database's name in a URL of a throwaway cluster.
pub(crate) fn database_of(url: &str) -> &str {
    url.split_once('?').and_then(|(address, _)| address.rsplit_once('/')).expect("a URL with a socket's folder").1
}

/// Waits until every replica answers.
pub(crate) async fn healthy(shop: &Shop) {
    until("the replicas answer", async || shop.handle().replicas().iter().all(|replica| replica.is_healthy)).await;
}

/// Waits until a read is answered by a replica, or the database is closed.
pub(crate) async fn reads_at_replica(shop: &Shop) {
    let reads = || shop.handle().replicas().iter().map(|replica| replica.reads).sum::<u64>();
    let before = reads();
    until("a replica answers a read", async || match shop.products.count().await {
        Err(DataError::Closed) => true,
        count => reads() > before || count.is_err_and(|error| panic!("a read failed: {error}")),
    })
    .await;
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

async fn migrated(url: &str) -> Shop {
    let shop = Shop::open_at(url).await.expect("the database opens");
    db::migrate_from(&shop, schema::root()).await.expect("the shop's tables are made");
    shop
}
