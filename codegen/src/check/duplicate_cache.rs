//! Two caches of one name: functions or methods that are called alike in one module, or two attributes on one item.

use std::collections::BTreeMap;

use cell_syntax::decl::Memoized;

use super::{Context, Findings, Rule};
use crate::lower::caches;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut functions: BTreeMap<(&str, String), Place> = BTreeMap::new();
    let mut tables = BTreeMap::new();
    for (declared, memoize) in caches::all(context.program) {
        let place = Place { file: declared.file, span: declared.span() };
        let (name, at) = (declared.name(), declared.span().byte_range());
        let first = match &memoize.of {
            Memoized::Function(_) => functions.insert((&declared.module_path, name.clone()), place),
            Memoized::Table(_) => tables.insert((declared.module, declared.file, at.start), place),
        };
        let Some(first) = first else { continue };
        if first.file == place.file && first.span.byte_range() == at {
            findings.push(
                Rule::DuplicateCache
                    .at(place, format!("`{name}` has two caches"))
                    .help("make one of them: `#[Cache::memoize]` stands once, with all its settings"),
            );
            continue;
        }
        findings.push(
            Rule::DuplicateCache
                .at(place, format!("two caches are called `{}::{name}`", declared.module_path))
                .related(first, "the other is here")
                .help("rename one of the functions, or put it in a module of its own: a cache is called by its module and function"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn one_name_in_two_modules_and_a_tables_beside_a_functions_are_fine() {
        accepted(
            "#[Database::table] #[Cache::memoize] pub struct P { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }
             mod one { use super::*; #[Cache::memoize] pub async fn p(shop: &Shop) -> Result<u64> { Ok(shop.p.count().await?) } }
             mod two { use super::*; #[Cache::memoize] pub async fn p(shop: &Shop) -> Result<u64> { Ok(shop.p.count().await?) } }
             fn p() {}",
        );
    }

    #[test]
    fn methods_of_two_types_and_a_function_would_share_one_cache() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64 }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }
struct One { shop: Shop }
impl One { #[Cache::memoize] async fn count(&self) -> Result<u64> { Ok(self.shop.p.count().await?) } }
#[Cache::memoize] async fn count(shop: &Shop) -> Result<u64> { Ok(shop.p.count().await?) }",
            expect![[r#"
                error[duplicate-cache]: two caches are called `app::count`
                 --> src/main.rs:6:28
                  |
                5 | impl One { #[Cache::memoize] async fn count(&self) -> Result<u64> { Ok(self.shop.p.count().await?) } }
                  |                                       ----- the other is here
                6 | #[Cache::memoize] async fn count(shop: &Shop) -> Result<u64> { Ok(shop.p.count().await?) }
                  |                            ^^^^^
                  |
                  = help: rename one of the functions, or put it in a module of its own: a cache is called by its module and function

            "#]],
        );
        refused(
            "#[Database::table] #[Cache::memoize] #[Cache::memoize(ttl = \"1s\")] pub struct P { #[key] id: i64 }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P> }",
            expect![[r#"
                error[duplicate-cache]: `P` has two caches
                 --> src/main.rs:2:79
                  |
                2 | #[Database::table] #[Cache::memoize] #[Cache::memoize(ttl = "1s")] pub struct P { #[key] id: i64 }
                  |                                                                               ^
                  |
                  = help: make one of them: `#[Cache::memoize]` stands once, with all its settings

            "#]],
        );
    }
}
