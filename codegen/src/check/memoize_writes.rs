//! A memoized function that writes: a call that is answered from the cache would not.

use cell_syntax::suggest;

use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for cache in &context.model.caches {
        let name = context.program.declared(cache.decl).name();
        for write in &cache.writes {
            let what: Vec<&str> = write.what.iter().map(String::as_str).collect();
            findings.push(
                Rule::MemoizeWrites
                    .at(
                        cache.place,
                        format!(
                            "`{name}` writes {}, which a call that is answered from the cache would not",
                            suggest::list(&what)
                        ),
                    )
                    .related(write.place, &write.because)
                    .help("write outside of it, and hold what only reads; or remove `#[Cache::memoize]`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused, refused_files};

    #[test]
    fn reading_in_a_transaction_is_fine() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }
             #[Cache::memoize] async fn f(shop: &Shop) -> Result<u64> { shop.transaction(async |tx| { Ok(tx.p.count().await?) }).await }
             async fn g(shop: &Shop) -> Result<()> { shop.p.delete(1).await?; Ok(()) }",
        );
    }

    #[test]
    fn a_write_far_below_is_shown_with_the_way_there() {
        refused_files(
            &[
                (
                    "src/main.rs",
                    "mod below;
#[Database::table] pub struct P { #[key] id: i64, n: i64 }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }
#[Cache::memoize] async fn f(shop: &Shop) -> Result<u64> { below::note(shop).await?; Ok(shop.p.count().await?) }",
                ),
                (
                    "src/below.rs",
                    "pub async fn note(shop: &crate::Shop) -> Result<()> { shop.p.filter(|p| p.n.gt(1)).update(|p| p.n.set(0)).await?; Ok(()) }",
                ),
            ],
            expect![[r#"
                error[memoize-writes]: `f` writes `shop.p`, which a call that is answered from the cache would not
                 --> src/main.rs:5:28
                  |
                5 | #[Cache::memoize] async fn f(shop: &Shop) -> Result<u64> { below::note(shop).await?; Ok(shop.p.count().await?) }
                  |                            ^
                  |
                 ::: src/below.rs:2:55
                  |
                2 | pub async fn note(shop: &crate::Shop) -> Result<()> { shop.p.filter(|p| p.n.gt(1)).update(|p| p.n.set(0)).await?; Ok(()) }
                  |                                                       --------------------------------------------------- f → note: shop.p.filter(|p| p.n.gt(1)).update(…)
                  |
                  = help: write outside of it, and hold what only reads; or remove `#[Cache::memoize]`

            "#]],
        );
    }

    #[test]
    fn a_statement_of_ones_own_may_write_anything() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64 }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }
#[Cache::memoize] async fn f(shop: &Shop) -> Result<u64> { Ok(sql!(\"update p set id = 1\").execute(shop).await?) }",
            expect![[r#"
                error[memoize-writes]: `f` writes `shop`, which a call that is answered from the cache would not
                 --> src/main.rs:4:28
                  |
                4 | #[Cache::memoize] async fn f(shop: &Shop) -> Result<u64> { Ok(sql!("update p set id = 1").execute(shop).await?) }
                  |                            ^                                  --------------------------- f: sql!("update p set id = 1")
                  |
                  = help: write outside of it, and hold what only reads; or remove `#[Cache::memoize]`

            "#]],
        );
    }
}
