//! For how long something is held, by which arguments, and how it is taken away by name.
#![expect(dead_code, reason = "a cell has a client, which nobody calls from elsewhere")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cell::cache;
use cell::prelude::*;

use crate::shop::*;

static NEXT: AtomicU64 = AtomicU64::new(1);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::SeqCst)
}

/// Once this is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let is_so = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), is_so).await.expect("it becomes so");
}

#[tokio::test]
async fn a_value_is_held_for_as_long_as_is_said_and_not_longer() {
    #[Cache::memoize(ttl = "200ms")]
    async fn short(of: u32) -> u64 {
        u64::from(of) * 1_000 + next()
    }
    let from = std::time::Instant::now();
    let first = short(1).await;
    assert_eq!(short(1).await, first);
    until(async || short(1).await != first).await;
    let held = from.elapsed();
    assert!(held >= Duration::from_millis(170) && status("short").expired == 1, "{held:?} {:?}", status("short"));
}

#[tokio::test]
async fn none_may_be_held_for_a_shorter_time() {
    #[Cache::memoize(ttl = "1h", none_ttl = "50ms")]
    async fn maybe(of: u32) -> Option<u64> {
        let number = next();
        (of > 0).then_some(number)
    }
    let some = maybe(1).await;
    assert_eq!(maybe(0).await, None);
    let misses = status("maybe").misses;
    assert_eq!(maybe(0).await, None);
    assert_eq!(status("maybe").misses, misses);
    until(async || maybe(0).await.is_none() && status("maybe").misses > misses).await;
    assert_eq!(maybe(1).await, some);
}

#[tokio::test]
async fn what_nobody_asks_for_goes_and_so_does_what_has_no_room() {
    #[Cache::memoize(ttl = "1h", idle = "100ms")]
    async fn idle(of: u32) -> u64 {
        u64::from(of) + next()
    }
    let first = idle(1).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_ne!(idle(1).await, first);

    #[Cache::memoize(ttl = "1h", capacity = 10)]
    async fn few(of: u32) -> u64 {
        u64::from(of)
    }
    for of in 0..100 {
        few(of).await;
    }
    let status = status("few");
    assert!(status.entries <= 10 && status.evictions >= 80, "{status:?}");
}

#[tokio::test]
async fn calls_are_told_apart_by_the_exact_values_of_all_arguments() {
    #[Cache::memoize(ttl = "1h")]
    async fn pair(one: &str, other: String) -> u64 {
        let _ = (one, other);
        next()
    }
    #[Cache::memoize(ttl = "1h")]
    async fn also(one: &str, other: String) -> u64 {
        let _ = (one, other);
        next()
    }
    let first = pair("a", "bc".to_owned()).await;
    assert_ne!(pair("ab", "c".to_owned()).await, first);
    assert_ne!(pair("a", "bc ".to_owned()).await, first);
    assert_ne!(also("a", "bc".to_owned()).await, first);
    assert_eq!(pair("a", "bc".to_owned()).await, first);

    // Of this name it may be anything.
    #[derive(Clone)]
    struct NumberResult(u64);
    #[Cache::memoize(ttl = "1h")]
    async fn result(of: u64) -> NumberResult {
        NumberResult(of + next())
    }
    let first = result(1).await.0;
    assert_eq!(result(1).await.0, first);
    // Whatever arguments are called.
    #[Cache::memoize(ttl = "1h")]
    async fn named(ask: u64, held: &str, mut site: Vec<u8>) -> usize {
        site.push(1);
        if held.is_empty() {
            return site.len();
        }
        ask as usize + held.len()
    }
    assert_eq!((named(1, "abc", Vec::new()).await, named(1, "", Vec::new()).await), (4, 1));

    #[Cache::memoize(ttl = "1h", key = "(of.len(), rate.to_bits())")]
    async fn keyed(of: &[f64], rate: f64) -> u64 {
        let _ = (of, rate);
        next()
    }
    let first = keyed(&[1.0], 0.5).await;
    assert_eq!(keyed(&[2.0], 0.5).await, first);
    assert_ne!(keyed(&[2.0], 0.25).await, first);
}

#[derive(Clone)]
struct Repository {
    shop: Shop,
    tenant: u32,
}

impl Repository {
    #[Cache::memoize(key = "(self.tenant, limit)")]
    async fn best(&self, mut limit: u32) -> Result<Vec<String>> {
        limit += 1;
        let products = self.shop.products.query().limit(u64::from(limit)).all().await?;
        let named = |product: Product| format!("{} {}", self.tenant, product.name);
        Ok(products.into_iter().map(named).collect())
    }
}

#[service]
pub struct Counter {
    shop: Shop,
}

#[handler]
impl Counter {
    #[Cache::memoize]
    pub async fn products(&self) -> Result<u64> {
        Ok(self.shop.products.count().await?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_are_told_apart_by_their_cell_or_by_what_is_said_of_self() {
    let places = places().await;
    let [one, two] = &places[..] else { panic!("two places") };
    let repository = Repository { shop: one.shop.clone(), tenant: 1 };
    assert_eq!(repository.best(0).await.expect("names"), ["1 boots"]);
    let other = Repository { tenant: 2, ..repository.clone() };
    assert_eq!(other.best(0).await.expect("names"), ["2 boots"]);
    assert_eq!(repository.best(1).await.expect("names").len(), 2);
    repository.best(0).await.expect("names");
    assert_eq!(status("best").hits, 1);

    // Two instances of one cell, and one where another was.
    two.shop.products.insert(product(1, "scarf")).await.expect("a row");
    for (place, expected) in [(one, 3), (two, 4), (one, 3)] {
        let counter = Counter { shop: place.shop.clone() };
        assert_eq!(counter.products().await.expect("a number"), expected);
        assert_eq!(counter.products().await.expect("a number"), expected);
    }
    // A database tells calls apart, too.
    assert_eq!((count(&one.shop).await.expect("3"), count(&two.shop).await.expect("4")), (3, 4));
}

#[tokio::test]
async fn what_is_held_is_taken_away_by_call_by_tag_and_all_at_once() {
    #[Cache::memoize(ttl = "1h", tag = "best", tags("shop"))]
    async fn best(of: u32) -> u64 {
        u64::from(of) * 1_000_000 + next()
    }
    let (one, two) = (best(1).await, best(2).await);
    cache::invalidate(best(1)).await;
    assert_ne!(best(1).await, one);
    assert_eq!(best(2).await, two);
    let one = best(1).await;
    assert_eq!(cache::invalidate_tag("worst"), 0);
    assert_eq!(best(1).await, one);
    assert_eq!(cache::invalidate_tag("shop"), 1);
    assert_ne!(best(1).await, one);
    assert_ne!(best(2).await, two);
    let two = best(2).await;
    assert!(cache::invalidate_all() >= 1);
    assert_ne!(best(2).await, two);

    let two = best(2).await;
    let fresh = cache::bypass(best(2)).await;
    assert_ne!(fresh, two);
    assert_eq!(best(2).await, two, "what is computed by the way is not held");
    let fresh = cache::refresh(best(2)).await;
    assert_ne!(fresh, two);
    assert_eq!(best(2).await, fresh);
}

/// What is taken away while it is computed is not put in afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_while_it_is_computed_is_not_held() {
    static GATE: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    #[Cache::memoize(ttl = "1h", tag = "gated")]
    async fn gated(of: u32) -> u64 {
        let number = u64::from(of) + next();
        BEGUN.fetch_add(1, Ordering::SeqCst);
        GATE.acquire().await.expect("open").forget();
        number
    }
    for by_tag in [false, true] {
        let begun = BEGUN.load(Ordering::SeqCst);
        let computing = tokio::spawn(gated(u32::from(by_tag)));
        until(async || BEGUN.load(Ordering::SeqCst) > begun).await;
        if by_tag {
            assert_eq!(cache::invalidate_tag("gated"), 1);
        } else {
            cache::invalidate(gated(0)).await;
        }
        GATE.add_permits(1);
        let first = computing.await.expect("an end");
        GATE.add_permits(1);
        assert_ne!(gated(u32::from(by_tag)).await, first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_table_are_held_by_their_keys() {
    for place in places().await {
        let shop = &place.shop;
        let (hits, label) = (
            async || status("shop.tags").hits,
            |language: &str| NewLabel { product: 1, language: language.to_owned(), text: format!("in {language}") },
        );
        assert_eq!(shop.labels.get((1, "en")).await.expect("an answer"), None);
        assert_eq!(shop.labels.get((1, "en")).await.expect("an answer"), None);
        assert_eq!(hits().await, 1, "that there is none is held, too");
        shop.labels.insert(label("en")).await.expect("a row");
        shop.labels.insert(label("de")).await.expect("a row");
        for _ in 0..2 {
            for language in ["en", "de"] {
                let row = shop.labels.get((1, language)).await.expect("an answer").expect("a row");
                assert_eq!(row.text, format!("in {language}"));
            }
        }
        assert_eq!(hits().await, 3);
        place.script("UPDATE tags SET text = 'other' WHERE language = 'en'").await;
        assert_eq!(shop.labels.get((1, "en")).await.expect("an answer").expect("a row").text, "other");
        assert_eq!(shop.labels.get((1, "de")).await.expect("an answer").expect("a row").text, "in de");
        assert_eq!(hits().await, 4);
        let mut english = shop.labels.get((1, "en")).await.expect("an answer").expect("a row");
        english.text = "new".to_owned();
        shop.transaction(async |tx| {
            tx.labels.update(&english).await?;
            assert_eq!(tx.labels.get((1, "en")).await?.map(|row| row.text).as_deref(), Some("new"));
            Ok(())
        })
        .await
        .expect("a commit");
        assert_eq!(shop.labels.get((1, "en")).await.expect("an answer").expect("a row").text, "new");
        assert!(shop.labels.delete((1, "en")).await.expect("a row"));
        assert_eq!(shop.labels.get((1, "en")).await.expect("an answer"), None);
        shop.handle_closed().await;
    }
}

impl Shop {
    async fn handle_closed(&self) {
        cell::db::Database::handle(self).close().await;
    }
}
