//! The law: when it is quiet, the index equals the table, whatever was done to it, by whomever, and whenever who follows was killed.

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cell::db::Database as _;
use cell::prelude::*;
use cell::search::Verified;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};

use crate::shop::{Place, Shop, on_sqlite, places};

/// What is done to the table.
#[derive(Clone, Debug)]
enum Step {
    Insert(u8),
    InsertMany(u8, u8),
    Rename(u8),
    Delete(u8),
    /// In one transaction, under the same key.
    Again(u8),
    Move(u8, u8),
    /// In a transaction that is rolled back.
    Undone(u8),
    /// With what refers to it.
    Maker(u8),
    /// It refers to another one, which is there.
    Refer(u8, u8),
    /// What some refer to is called otherwise.
    RenameMaker(u8),
    /// It has another key, which those take over that refer to it.
    MoveMaker(u8),
    Half,
    /// Who follows is closed and opened again.
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 1..40_u8;
    prop_oneof![
        3 => id.clone().prop_map(Step::Insert),
        2 => (id.clone(), 1..30_u8).prop_map(|(from, count)| Step::InsertMany(from, count)),
        3 => id.clone().prop_map(Step::Rename),
        3 => id.clone().prop_map(Step::Delete),
        1 => id.clone().prop_map(Step::Again),
        2 => (id.clone(), id.clone()).prop_map(|(from, to)| Step::Move(from, to)),
        1 => id.clone().prop_map(Step::Undone),
        1 => id.clone().prop_map(Step::Maker),
        3 => (id.clone(), 1..5_u8).prop_map(|(id, maker)| Step::Refer(id, maker)),
        2 => (1..5_u8).prop_map(Step::RenameMaker),
        1 => (1..5_u8).prop_map(Step::MoveMaker),
        1 => Just(Step::Half),
        1 => Just(Step::Reopen),
    ]
}

fn insert(id: u8, maker: &str) -> String {
    format!(
        "INSERT INTO products (id, maker, sku, name, price, made_at) VALUES ({id}, {maker}, 'k{id}', 'Thing {id}', 1, \
         '2024-01-01T00:00:00.000000Z') ON CONFLICT DO NOTHING"
    )
}

async fn run(shop: &Shop, step: &Step) {
    let sql = match step {
        Step::Insert(id) => insert(*id, "NULL"),
        Step::InsertMany(from, count) => {
            let all = (0..*count).map(|at| insert(from.saturating_add(at), "NULL"));
            format!("BEGIN; {}; COMMIT", all.collect::<Vec<_>>().join("; "))
        }
        Step::Rename(id) => format!("UPDATE products SET name = name || ' more' WHERE id = {id}"),
        Step::Delete(id) => format!("DELETE FROM products WHERE id = {id}"),
        Step::Again(id) => format!("BEGIN; DELETE FROM products WHERE id = {id}; {}; COMMIT", insert(*id, "NULL")),
        Step::Move(from, to) => {
            format!(
                "UPDATE products SET id = {to} WHERE id = {from} AND NOT EXISTS (SELECT 1 FROM products AS p WHERE p.id = {to})"
            )
        }
        Step::Undone(id) => format!("BEGIN; DELETE FROM products WHERE id > {id}; ROLLBACK"),
        Step::Maker(id) => format!(
            "INSERT INTO makers (id, name) VALUES ({id}, 'm') ON CONFLICT DO NOTHING; {}; UPDATE products SET maker = {id} \
             WHERE id = {id}; DELETE FROM makers WHERE id = {id}",
            insert(*id, &id.to_string())
        ),
        Step::Refer(id, maker) => format!(
            "INSERT INTO makers (id, name) VALUES ({maker}, 'm') ON CONFLICT DO NOTHING; \
             UPDATE products SET maker = {maker} WHERE id >= {id}"
        ),
        Step::RenameMaker(id) => format!("UPDATE makers SET name = name || 'x', country = 'c{id}' WHERE id = {id}"),
        Step::MoveMaker(id) => {
            let to = 100 + u16::from(*id);
            format!(
                "INSERT INTO makers (id, name, country) SELECT {to}, name, country FROM makers WHERE id = {id} \
                 ON CONFLICT DO NOTHING; UPDATE products SET maker = {to} WHERE maker = {id}; \
                 DELETE FROM makers WHERE id = {id}"
            )
        }
        Step::Half => "DELETE FROM products WHERE id % 2 = 0".to_owned(),
        Step::Reopen => return,
    };
    shop.handle().script(&sql).await.expect("SQL");
}

async fn holds(place: &Place, steps: &[Step]) -> Result<(), TestCaseError> {
    place.raw("DELETE FROM products; DELETE FROM makers").await;
    let mut shop = Shop::open_at(&place.url).await.expect("a shop");
    for step in steps {
        run(&shop, step).await;
        if matches!(step, Step::Reopen) {
            shop.handle().close().await;
            shop = Shop::open_at(&place.url).await.expect("a shop");
        }
    }
    let Verified { rows, documents, differing } = shop.products.verify_search().await.expect("both");
    prop_assert_eq!((documents, differing), (rows, Vec::new()));
    shop.handle().close().await;
    Ok(())
}

#[test]
fn when_it_is_quiet_the_index_equals_the_table() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 16, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let random = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, random);
    let places = runtime.block_on(places());
    let law = |steps: Vec<Step>| {
        for place in &places {
            runtime.block_on(holds(place, &steps))?;
        }
        Ok(())
    };
    runner.run(&prop::collection::vec(step(), 1..40), law).unwrap_or_else(|error| panic!("{error}"));
}

/// What this program does when it is one that follows, and is killed.
const FOLLOW: &str = "CELL_TEST_FOLLOW";

#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(url) = std::env::var(FOLLOW) else { return };
    let shop = Shop::open_at(&url).await.expect("a shop");
    loop {
        drop(shop.products.search("").after(shop.last_write()).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A process that follows.
pub fn follower(url: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "law::child", "--nocapture"]).env(FOLLOW, url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
}

/// The marks of the steps that were made last.
async fn marks(writer: &crate::shop::Plain) -> Vec<(String,)> {
    let marks = sql!("select mark from cell_consumers where name like 'search:products:%' order by mark");
    marks.all(writer).await.expect("marks")
}

/// Killed at any point, also while it builds the index for the first time: whoever comes next goes on.
#[tokio::test(flavor = "multi_thread")]
async fn who_follows_may_be_killed_at_any_point() {
    let on_server = crate::shop::on_postgres().await;
    for place in [on_sqlite().await, on_server] {
        // Only the children follow.
        place.shop.handle().close().await;
        let writer = crate::shop::plain(&place.url).await;
        let (mut at, mut steps) = (0_u32, HashSet::new());
        for round in 0..25_u64 {
            let mut child = follower(&place.url);
            let until = std::time::Instant::now() + Duration::from_millis(20 + round * 37 % 400);
            let before = marks(&writer).await;
            // Now and then it lives until it has done something.
            while std::time::Instant::now() < until || (round % 4 == 3 && marks(&writer).await == before) {
                at += 1;
                let sql = format!(
                    "INSERT INTO products (sku, name, price, made_at) VALUES ('q{at}', 'Thing {at}', 1, '2024-01-01T00:00:00.000000Z'); \
                     UPDATE products SET name = 'Other {at}' WHERE sku = 'q{}'; DELETE FROM products WHERE sku = 'q{}'",
                    at / 2,
                    at / 3
                );
                writer.handle().script(&sql).await.expect("SQL");
            }
            child.kill().expect("a kill");
            child.wait().expect("an end");
            steps.extend(marks(&writer).await);
        }
        assert!(steps.len() >= 5, "they did too little: {steps:?}");
        let verified = place.shop_again().await.products.verify_search().await.expect("both");
        assert!(verified.rows > 0);
        assert_eq!((verified.documents, verified.differing), (verified.rows, Vec::new()));
    }
}
