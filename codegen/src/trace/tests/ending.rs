//! What leads to itself, or grows, and ends all the same: bounds, impls, tuples, arguments.

use expect_test::expect;

use super::traced;

#[test]
fn bounds_may_name_their_own_parameters() {
    traced(
        "struct Matrix<T> { cells: Vec<T>, shop: Shop }
         impl<T: std::ops::Mul<Output = T> + PartialOrd<T>> Matrix<T> { fn get(&self, at: usize) -> u64 { self.shop.lines.count() } }
         async fn sum<T: std::ops::Add<Output = T>>(shop: &Shop, it: T) -> u64 { shop.lines.count().await }
         async fn both<A: Into<B>, B: Into<A>>(shop: &Shop, it: A) -> u64 { shop.orders.count().await }
         fn held<A: Into<B>, B: Iterator<Item = (A, Shop)>>(it: A) -> u64 { it.run() }
         #[Cache::memoize] async fn a(shop: &Shop, n: u64) -> u64 { sum(shop, n).await; both(shop, n).await }
         #[Cache::memoize] async fn b(n: u64) -> u64 { held(n) }
         #[Cache::memoize] async fn loose(map: &std::collections::HashMap<usize, u64>) -> u64 { map.get(1).copied().unwrap_or(0) }",
        expect![[r#"
            a
              shop.lines <- a → sum: shop.lines
              shop.orders <- a → both: shop.orders
            b
              shop <- b → held: it.run()
              ~ shop: `it.run()` is used by `run`
            loose
        "#]],
    );
}

#[test]
fn impls_may_be_of_what_holds_their_own_trait() {
    traced(
        "trait Store { async fn top(&self) -> u64; }
         struct Logged<S> { inner: S }
         impl<S: Store> Store for Logged<S> { async fn top(&self) -> u64 { self.inner.top().await } }
         impl Store for Logged<Box<dyn Store>> { async fn top(&self) -> u64 { self.inner.top().await } }
         impl<T: Store + ?Sized> Store for std::sync::Arc<T> { async fn top(&self) -> u64 { (**self).top().await } }
         struct One { shop: Shop }
         impl Store for One { async fn top(&self) -> u64 { self.shop.lines.count().await } }
         #[Cache::memoize] async fn a(store: &dyn Store) -> u64 { store.top().await }
         #[Cache::memoize] async fn b(store: &Logged<One>) -> u64 { store.top().await }
         #[Cache::memoize] async fn c(store: Box<dyn Store>) -> u64 { outside::ask(store).await }",
        expect![[r#"
            a
              shop <- a → top: self.inner
              shop.lines <- a → top → top: self.shop.lines
              ~ shop: `self.inner` is taken apart
              ~ shop: `self.inner` is taken apart
            b
              shop <- b → top: (**self).top()
              ~ shop: `(**self).top()` is used by `top`
              ~ shop: `store.top()` is used by `top`
              ~ shop: `self.inner` is taken apart
              ~ shop: `self.inner` is taken apart
              ~ shop: `self.shop` is taken apart
            c
              shop <- c: store
              ~ shop: `store` is passed to `ask`
        "#]],
    );
}

#[test]
fn values_that_are_doubled_again_and_again_stay_small() {
    let doubled = |first: &str| {
        let lines: String = (1..36).map(|at| format!("let v{at} = (v{}, v{});\n", at - 1, at - 1)).collect();
        format!("let v0 = {first};\n{lines}")
    };
    traced(
        &format!(
            "struct Item {{ id: i64 }}
             #[Cache::memoize] async fn a(n: u64) -> u64 {{ {} n }}
             #[Cache::memoize] async fn b(shop: &Shop) -> u64 {{ {} outside::ask(v35) }}
             #[Cache::memoize] async fn c(item: &Item) -> u64 {{ {} outside::ask(v35) }}",
            doubled("(1, 1)"),
            doubled("shop"),
            doubled("tokio::join!(item, shop())"),
        ),
        expect![[r#"
            a
            b
              shop <- b: v35
              ~ shop: `v35` is passed to `ask`
            c
        "#]],
    );
}

#[test]
fn a_function_is_followed_with_so_many_states_of_its_arguments() {
    let types: String = (0..12).map(|at| format!("struct T{at} {{ id: i64 }}\n")).collect();
    let calls: String = (0..12).map(|at| format!("all(T{at} {{ id: 1 }}, b, c, d, e);\n")).collect();
    let more: String = (0..12).map(|at| format!("all(a, T{at} {{ id: 1 }}, d, e, c);\n")).collect();
    traced(
        &format!(
            "{types}
             fn all<A, B, C, D, E>(a: A, b: B, c: C, d: D, e: E) -> u64 {{ {calls} {more} all(b, c, d, e, a); outside::ask(e) }}
             #[Cache::memoize] async fn a(shop: &Shop) -> u64 {{ all(1, 2, 3, 4, shop) }}",
        ),
        expect![[r#"
            a
              shop <- a → all → all → all → all → all → all → all → all → all → all → all → all → all: e
              ~ shop: `e` is passed to `ask`
        "#]],
    );
}
