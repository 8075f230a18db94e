//! A memoized function that reads no table and has no `ttl`: what it gave once it would give for ever.

use super::{Context, Findings, Rule};
use crate::model::CacheOf;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for cache in &context.model.caches {
        // What it writes is a mistake of its own, and what it names wrongly might be what it reads.
        let named = cache.of == CacheOf::Rows || !cache.writes.is_empty() || unknown(context, cache.decl);
        if named || cache.ttl.is_some() || !cache.depends.is_empty() {
            continue;
        }
        let name = context.program.declared(cache.decl).name();
        findings.push(
            Rule::MemoizeReadsNothing
                .at(cache.place, format!("`{name}` reads no table that the compiler can follow, so nothing ever tells that its results are out of date"))
                .help("say for how long they hold, `ttl = \"5m\"`, or what it reads unseen, `reads(Product)`; or remove `#[Cache::memoize]`"),
        );
    }
}

/// Whether the cache names what is no table.
fn unknown(context: &Context<'_>, cache: crate::program::DeclId) -> bool {
    let declared = context.program.declared(cache);
    let cell_syntax::decl::Decl::Memoize(memoize) = &declared.decl else { return false };
    let cell_syntax::decl::Memoized::Function(function) = &memoize.of else { return false };
    let databases = &context.model.databases;
    let known = |path| crate::lower::caches::named(context.program, databases, declared, path).is_some();
    !function.reads.iter().all(known)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_time_a_table_or_the_word_that_there_is_one_is_enough() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }
             #[Cache::memoize(ttl = \"1s\")] async fn one(n: u64) -> u64 { n }
             #[Cache::memoize(reads(P))] async fn two(n: u64) -> u64 { outside::of(n) }
             #[Cache::memoize] async fn three(shop: &Shop) -> u64 { shop.p.count().await }",
        );
    }

    #[test]
    fn what_reads_nothing_or_ignores_all_of_it_is_refused() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64 }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }
#[Cache::memoize(idle = \"1s\")] async fn one(n: u64) -> u64 { n }
#[Cache::memoize(ignores(P))] async fn two(shop: &Shop) -> u64 { shop.p.count().await }",
            expect![[r#"
                error[memoize-reads-nothing]: `one` reads no table that the compiler can follow, so nothing ever tells that its results are out of date
                 --> src/main.rs:4:41
                  |
                4 | #[Cache::memoize(idle = "1s")] async fn one(n: u64) -> u64 { n }
                  |                                         ^^^
                  |
                  = help: say for how long they hold, `ttl = "5m"`, or what it reads unseen, `reads(Product)`; or remove `#[Cache::memoize]`

                error[memoize-reads-nothing]: `two` reads no table that the compiler can follow, so nothing ever tells that its results are out of date
                 --> src/main.rs:5:40
                  |
                5 | #[Cache::memoize(ignores(P))] async fn two(shop: &Shop) -> u64 { shop.p.count().await }
                  |                                        ^^^
                  |
                  = help: say for how long they hold, `ttl = "5m"`, or what it reads unseen, `reads(Product)`; or remove `#[Cache::memoize]`

            "#]],
        );
    }
}
