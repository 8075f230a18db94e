//! `#[Cache::memoize]`: what it reads, and each mistake with its place and words.

use expect_test::expect;
use quote::ToTokens as _;

use super::{accepted, refused};
use crate::decl::{Decl, Memoize, Memoized, MemoizedFunction};

fn memoize(arguments: &str, item: &str) -> Memoize {
    let Decl::Memoize(memoize) = accepted("Cache::memoize", arguments, item) else { panic!("a cache") };
    memoize
}

fn function(arguments: &str, item: &str) -> MemoizedFunction {
    let Memoized::Function(function) = memoize(arguments, item).of else { panic!("a function's cache") };
    *function
}

#[test]
fn a_function_is_read_with_all_that_tells_its_calls_apart() {
    let arguments = "ttl = \"5m\", idle = \"1m\", capacity = 10_000, none_ttl = \"1s\", tag = \"best\", tags(\"shop\", \"all\"), \
                     key = \"(limit, name.len())\", reads(Product, shop::Order), ignores(AuditLog), crate = storage";
    let item = "pub async fn best(&self, limit: u32, name: &str) -> Result<Vec<ProductId>> { Ok(Vec::new()) }";
    let read = memoize(arguments, item);
    let number = |value: &Option<crate::decl::Spanned<u64>>| value.as_ref().map(|value| value.value);
    assert_eq!(
        (number(&read.ttl), number(&read.idle), number(&read.none_ttl)),
        (Some(300_000), Some(60_000), Some(1_000))
    );
    assert_eq!(read.capacity.as_ref().map(|capacity| capacity.value), Some(10_000));
    assert_eq!(read.tags.iter().map(|tag| tag.value.as_str()).collect::<Vec<_>>(), ["best", "shop", "all"]);
    let function = function(arguments, item);
    assert!(function.receiver.is_some());
    let known = |argument: &crate::decl::KeyArgument| {
        (argument.ident.to_string(), argument.ty.to_token_stream().to_string(), argument.borrowed)
    };
    assert_eq!(
        function.arguments.iter().map(known).collect::<Vec<_>>(),
        [("limit".to_owned(), "u32".to_owned(), false), ("name".to_owned(), "str".to_owned(), true)]
    );
    let key = function.key.expect("a key");
    assert_eq!(key.value.to_token_stream().to_string(), "(limit , name . len ())");
    assert_eq!((function.reads.len(), function.ignores.len()), (2, 1));
}

#[test]
fn a_table_is_read() {
    let read = memoize("ttl = \"10m\", capacity = 5", "#[Database::table] struct Product { #[key] id: i64 }");
    assert!(matches!(read.of, Memoized::Table(ident) if ident == "Product"));
}

#[test]
fn mistakes_are_told_at_their_places() {
    let ok = "async fn f(a: u32) -> u32 { a }";
    refused(
        "Cache::memoize",
        "weight = 3, stale = \"30s\", shared = env(\"REDIS_URL\")",
        ok,
        expect![[r#"
        not-yet at `weight`: `weight` does not work in this version of Cell
          help: say how many entries it holds by `capacity`
        not-yet at `stale`: `stale` does not work in this version of Cell
          help: remove it: what is out of date is computed again before it is given
        not-yet at `shared`: `shared` does not work in this version of Cell
          help: remove it: each process has entries of its own, which fall as the database changes
    "#]],
    );
    refused(
        "Cache::memoize",
        "capacity = 0, tag = \"\", ttl = 5, size = 4",
        ok,
        expect![[r#"
        wrong-value at `5`: this is not a text
          help: write it in double quotes
        wrong-value at `0`: a cache that holds nothing is none
          help: write how many entries it holds at most, or remove `#[Cache::memoize]`
        wrong-value at `""`: `` cannot be a tag
          help: write a word
        unknown-argument at `size`: `Cache::memoize` has no argument `size`
          help: it takes `capacity`, `crate`, `idle`, `ignores`, `key`, `none_ttl`, `reads`, `tag`, `tags` and `ttl`
    "#]],
    );
    refused(
        "Cache::memoize",
        "key = \"a +\"",
        ok,
        expect![[r#"
        wrong-value at `"a +"`: `key` is no expression: unexpected end of input, expected an expression
          help: write what tells calls apart, of the arguments: `key = "(tenant, limit)"`
    "#]],
    );
    refused(
        "Cache::memoize",
        "reads(1)",
        ok,
        expect![[r#"
        wrong-value at `1`: this is no struct of a table
          help: write `reads(Product)`
    "#]],
    );
    refused(
        "Cache::memoize",
        "key = \"id\", reads(Product)",
        "struct Product { id: i64 }",
        expect![[r#"
        unknown-argument at `key`: `key` is about a function, and this is a table
          help: remove it: a table's rows are held by their keys, and depend on themselves
        unknown-argument at `reads`: `reads` is about a function, and this is a table
          help: remove it: a table's rows are held by their keys, and depend on themselves
    "#]],
    );
    refused(
        "Cache::memoize",
        "",
        "enum A { B }",
        expect![[r#"
        wrong-item at `A`: `#[Cache::memoize]` stands on an enum
          help: put it on a function, a handler, or the struct of a table
    "#]],
    );
    refused(
        "Cache::memoize",
        "",
        "fn f<T, const N: usize>(&mut self, (a, b): (u8, u8), c: &mut u8, d: impl Fn()) -> T { }",
        expect![[r#"
            memoize-signature at `f`: `f` is not async
              help: write `async fn`: several calls with the same arguments wait for one of them
            memoize-signature at `T`: `f` is generic
              help: name the types: each cache holds values of one
            memoize-signature at `const N: usize`: `f` is generic
              help: name the types: each cache holds values of one
            memoize-signature at `&mut self`: `f` does not take `&self`
              help: write `&self`: what is held does not change its cell
            memoize-signature at `(a, b)`: `f` has an argument without a single name
              help: give it a name, and take it apart in the body
            memoize-signature at `&mut u8`: `f` can change its caller's value
              help: take it by `&` or by value: a result that is held changes nothing
            memoize-signature at `impl Fn()`: `f` is generic
              help: name the types: each cache holds values of one
        "#]],
    );
    refused(
        "Cache::memoize",
        "",
        "async fn f() {}",
        expect![[r#"
        memoize-signature at `f`: `f` returns nothing
          help: there is nothing to hold: remove `#[Cache::memoize]`
    "#]],
    );
    refused(
        "Cache::memoize",
        "",
        "async fn f() -> Result<&str> { }",
        expect![[r#"
        memoize-signature at `Result<&str>`: `f` returns what cannot be held
          help: return a type of its own that is `Clone`
    "#]],
    );
    refused(
        "Cache::memoize",
        "",
        "async fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8) -> u8 { }",
        expect![[r#"
            memoize-signature at `a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8`: `f` takes too many arguments
              help: write `key = "(a, b)"` with at most 8 of what tells calls apart
        "#]],
    );
}
