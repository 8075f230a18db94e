//! `#[Cache::memoize]` on functions, methods and structs, by any road; and where it may not stand.

use cell_codegen::records::{Record, compare};
use expect_test::expect;

use crate::fixture::{Fixture, declarations, diagnostics};

#[test]
fn caches_are_found_on_functions_methods_and_structs() {
    let main = "use cell::Cache as Held;\nuse cell::prelude::*;\n\
        #[Database::table]\n#[Cache::memoize]\npub struct Product { #[key] id: i64 }\n\
        #[Held::memoize(ttl = \"1s\")]\nasync fn one() -> u64 { 1 }\n\
        #[service]\nstruct Goods;\n\
        #[handler]\nimpl Goods { #[http(GET, \"/\")] #[cell::Cache::memoize] pub async fn two(&self) -> Result<u64> { Ok(2) } }\n\
        impl Goods { #[Cache::memoize] async fn r#type(&self, n: &str) -> u64 { 3 } }\n\
        mod deep { use cell::Cache; fn outer() { #[Cache::memoize] async fn inside() -> u64 { 4 } } }\n\
        #[cfg(test)] mod tests { use cell::Cache; #[Cache::memoize] async fn tested() -> u64 { 5 } }";
    let scanned = Fixture::app(main, &[]).scan();
    expect![[r#"
        handler app::Goods in src/main.rs
        service app::Goods in src/main.rs
        memoize app::Product in src/main.rs
        table app::Product in src/main.rs
        memoize app::one in src/main.rs
        memoize app::two in src/main.rs
        memoize app::type in src/main.rs
        memoize app::deep::inside in src/main.rs
    "#]]
    .assert_eq(&declarations(&scanned));
    let records: Vec<Record> = scanned
        .program
        .declarations()
        .iter()
        .map(|declared| Record {
            kind: declared.kind().to_owned(),
            module_path: declared.module_path.clone(),
            name: declared.name(),
            fingerprint: declared.fingerprint,
        })
        .collect();
    assert!(compare(&scanned.program, &records).is_empty());
    let others: Vec<Record> = records.into_iter().filter(|record| record.name != "two").collect();
    let missing = compare(&scanned.program, &others);
    let messages: Vec<&str> = missing.iter().map(|located| located.diagnostic.message.as_str()).collect();
    assert_eq!(messages, ["the cache `two` is not in the binary"]);
}

#[test]
fn a_record_is_of_the_function_without_its_body_and_its_other_attributes() {
    let of = |function: &str| {
        let main = format!("struct A;\nimpl A {{ #[cell::Cache::memoize(ttl = \"1s\")] {function} }}");
        let scanned = Fixture::app(&main, &[]).scan();
        assert_eq!(diagnostics(&scanned), "");
        scanned.program.declarations().first().map(|declared| declared.fingerprint)
    };
    let method = of("/// Words.\n#[allow(unused)] pub async fn f(&self, n: u64) -> u64 { n }");
    let macros = syn::parse_str::<syn::Item>("pub async fn f(&self, n: u64) -> u64 { 0 }").expect("a function");
    let attribute = cell_syntax::Attribute::CacheMemoize;
    let arguments = "ttl = \"1s\"".parse().expect("tokens");
    assert_eq!(method, Some(cell_syntax::fingerprint(attribute, &arguments, &macros)), "as the macro reads it");
    assert_ne!(method, of("pub async fn f(&self, n: u32) -> u64 { 0 }"));
}

#[test]
fn a_traits_methods_and_what_hangs_on_the_build_are_refused() {
    let main = "use cell::prelude::*;\n\
        trait Top {\n    #[Cache::memoize] async fn top(&self) -> u64;\n}\n\
        struct A;\nimpl Top for A {\n    #[Cache::memoize] async fn top(&self) -> u64 { 1 }\n}\n\
        #[cfg(feature = \"extra\")]\n#[Cache::memoize] async fn sometimes() -> u64 { 1 }\n\
        #[cfg_attr(feature = \"extra\", Cache::memoize)]\nasync fn held_sometimes() -> u64 { 1 }\n\
        #[Database::table]\n#[cfg_attr(feature = \"extra\", Cache::memoize)]\nstruct Product { #[key] id: i64 }\n\
        #[Cache::memoize]\nenum Kind { A }";
    expect![[r#"
        wrong-item at src/main.rs:3 `Cache::memoize`
          `#[Cache::memoize]` stands on a method of a trait
          help: put it on a function, or on a method of an impl without a trait, and call that from here
        wrong-item at src/main.rs:7 `Cache::memoize`
          `#[Cache::memoize]` stands on a method of a trait
          help: put it on a function, or on a method of an impl without a trait, and call that from here
        schema-depends-on-cfg at src/main.rs:10 `sometimes`
          the cache `sometimes` depends on `cfg`
          the condition: src/main.rs:9 `#[cfg(feature = "extra")]`
          help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
        schema-depends-on-cfg at src/main.rs:12 `held_sometimes`
          the cache `held_sometimes` depends on `cfg`
          the condition: src/main.rs:11 `#[cfg_attr(feature = "extra", Cache::memoize)]`
          help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
        schema-depends-on-cfg at src/main.rs:15 `Product`
          the cache `Product` depends on `cfg`
          the condition: src/main.rs:14 `#[cfg_attr(feature = "extra", Cache::memoize)]`
          help: remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)
        wrong-item at src/main.rs:17 `Kind`
          `#[Cache::memoize]` stands on an enum
          help: put it on a function, a handler, or the struct of a table
    "#]]
    .assert_eq(&diagnostics(&Fixture::app(main, &[]).scan()));
}
