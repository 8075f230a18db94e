//! Calls that meet: one computes and the others wait, whoever is dropped, panics, or needs itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cell::prelude::*;
use futures_util::FutureExt as _;
use tokio::sync::{Notify, Semaphore};

use crate::shop::status;

/// Begun computations, and the permission to end one.
struct Gate {
    begun: AtomicU64,
    open: Semaphore,
    told: Notify,
}

impl Gate {
    const fn new() -> Self {
        Self { begun: AtomicU64::new(0), open: Semaphore::const_new(0), told: Notify::const_new() }
    }

    async fn pass(&self) -> u64 {
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        self.told.notify_waiters();
        self.open.acquire().await.expect("open").forget();
        number
    }

    async fn until(&self, begun: u64) {
        loop {
            let told = self.told.notified();
            if self.begun.load(Ordering::SeqCst) >= begun {
                return;
            }
            told.await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_who_ask_for_one_compute_once() {
    static GATE: Gate = Gate::new();
    #[Cache::memoize(ttl = "1h")]
    async fn number(of: u32) -> u64 {
        let _ = of;
        GATE.pass().await
    }
    let all: Vec<_> = (0..10).map(|_| tokio::spawn(number(1))).collect();
    GATE.until(1).await;
    while status("number").waits < 9 {
        tokio::task::yield_now().await;
    }
    GATE.open.add_permits(1);
    for one in all {
        assert_eq!(one.await.expect("an end"), 1);
    }
    assert_eq!((GATE.begun.load(Ordering::SeqCst), status("number").waits), (1, 9));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_who_computes_is_dropped_or_panics_another_does() {
    static GATE: Gate = Gate::new();
    #[Cache::memoize(ttl = "1h")]
    async fn number(of: &str) -> u64 {
        let number = GATE.pass().await;
        assert!(of != "first" || number != 1, "the first one panics");
        number
    }
    let first = tokio::spawn(number("first"));
    GATE.until(1).await;
    let second = tokio::spawn(number("first"));
    while status("number").waits < 1 {
        tokio::task::yield_now().await;
    }
    GATE.open.add_permits(1);
    assert!(first.await.expect_err("a panic").is_panic());
    GATE.open.add_permits(1);
    assert_eq!(second.await.expect("an end"), 2);

    let dropped = tokio::spawn(number("other"));
    GATE.until(3).await;
    let next = tokio::spawn(number("other"));
    while status("number").waits < 2 {
        tokio::task::yield_now().await;
    }
    dropped.abort();
    GATE.until(4).await;
    GATE.open.add_permits(1);
    assert_eq!(next.await.expect("an end"), 4);
    assert_eq!(number("other").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_waited_for_too_long_leaves_and_nothing_else_happens() {
    static GATE: Gate = Gate::new();
    #[Cache::memoize(ttl = "1h")]
    async fn number(of: u32) -> u64 {
        let _ = of;
        GATE.pass().await
    }
    let first = tokio::spawn(number(1));
    GATE.until(1).await;
    assert!(tokio::time::timeout(Duration::from_millis(30), number(1)).await.is_err());
    GATE.open.add_permits(1);
    assert_eq!(first.await.expect("an end"), 1);
    assert_eq!(number(1).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_itself_computes_and_does_not_wait() {
    static DEEP: AtomicU64 = AtomicU64::new(0);
    #[Cache::memoize(ttl = "1h")]
    async fn inner(of: u32) -> u64 {
        match DEEP.fetch_add(1, Ordering::SeqCst) {
            0 => Box::pin(inner(of)).await + 1,
            _ => 10,
        }
    }
    let answer = tokio::time::timeout(Duration::from_secs(5), inner(1)).await.expect("no waiting for itself");
    assert_eq!(answer, 11);
    assert_eq!(inner(1).await, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_need_each_other_do_not_wait_for_ever() {
    static BOTH: std::sync::LazyLock<Arc<tokio::sync::Barrier>> =
        std::sync::LazyLock::new(|| Arc::new(tokio::sync::Barrier::new(2)));
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    #[Cache::memoize(ttl = "1h")]
    async fn one(of: u32) -> u64 {
        if ROUNDS.fetch_add(1, Ordering::SeqCst) < 2 {
            BOTH.wait().await;
            return Box::pin(other(of)).await + 1;
        }
        1
    }
    #[Cache::memoize(ttl = "1h")]
    async fn other(of: u32) -> u64 {
        if ROUNDS.fetch_add(1, Ordering::SeqCst) < 2 {
            BOTH.wait().await;
            return Box::pin(one(of)).await + 1;
        }
        1
    }
    let (left, right) = (tokio::spawn(one(1)), tokio::spawn(other(1)));
    let both = async { (left.await.expect("an end"), right.await.expect("an end")) };
    let (left, right) = tokio::time::timeout(Duration::from_secs(5), both).await.expect("no waiting in a circle");
    assert!(left > 1 && right > 1, "{left} {right}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_not_held_and_nobody_waits_twice_for_one() {
    static GATE: Gate = Gate::new();
    #[Cache::memoize(ttl = "1h")]
    async fn number(of: u32) -> std::result::Result<u64, String> {
        match GATE.pass().await {
            number @ 1..=3 => Err(format!("{of} fails the {number}. time")),
            number => Ok(number),
        }
    }
    let all: Vec<_> = (0..3).map(|_| tokio::spawn(number(7))).collect();
    GATE.until(1).await;
    while status("number").waits < 2 {
        tokio::task::yield_now().await;
    }
    GATE.open.add_permits(1);
    // The other two compute at the same time.
    GATE.until(3).await;
    GATE.open.add_permits(2);
    for one in all {
        assert!(one.await.expect("an end").is_err());
    }
    GATE.open.add_permits(1);
    assert_eq!(number(7).await, Ok(4));
    assert_eq!(number(7).await, Ok(4));
    assert_eq!(status("number").failures, 3);
}

/// Nothing is done before a future is polled.
#[tokio::test]
async fn a_call_that_nobody_awaits_does_nothing() {
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    #[Cache::memoize(ttl = "1h")]
    async fn number(of: u32) -> u64 {
        BEGUN.fetch_add(1, Ordering::SeqCst) + u64::from(of)
    }
    drop(number(1));
    assert_eq!(BEGUN.load(Ordering::SeqCst), 0);
    assert_eq!(number(1).now_or_never(), Some(1));
    assert_eq!(number(1).now_or_never(), Some(1));
}
