//! Each mistake, with the place and the words of its error. The text of the place stands before the message. It is one file because
//! it reads as one list of mistakes.

mod memoize;
mod search;

use std::fmt::Write as _;
use std::str::FromStr as _;

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;

use super::{CODES, parse};
use crate::Attribute;
use crate::decl::{Decl, Numbering};

fn read(path: &str, arguments: &str, item: &str) -> (Option<Decl>, String) {
    let attribute = Attribute::from_path(path).expect("an attribute of Cell");
    let arguments = TokenStream::from_str(arguments).expect("tokens");
    let item = syn::parse_str(item).expect("an item");
    let (decl, diagnostics) = parse(attribute, arguments, &item);
    let mut text = String::new();
    for diagnostic in diagnostics {
        assert!(CODES.contains(&diagnostic.code), "`{}` is not listed", diagnostic.code);
        let place = diagnostic.span.source_text().unwrap_or_default();
        writeln!(text, "{} at `{place}`: {}", diagnostic.code, diagnostic.message).expect("a string takes it");
        for (span, label) in diagnostic.related {
            writeln!(text, "  `{}`: {label}", span.source_text().unwrap_or_default()).expect("a string takes it");
        }
        if let Some(help) = diagnostic.help {
            writeln!(text, "  help: {help}").expect("a string takes it");
        }
    }
    (decl, text)
}

#[track_caller]
fn refused(path: &str, arguments: &str, item: &str, expected: Expect) {
    let (decl, text) = read(path, arguments, item);
    assert!(decl.is_none(), "a mistake gives no declaration");
    expected.assert_eq(&text);
}

#[track_caller]
fn accepted(path: &str, arguments: &str, item: &str) -> Decl {
    let (decl, text) = read(path, arguments, item);
    assert_eq!(text, "");
    decl.expect("a declaration")
}

#[test]
fn a_whole_table_is_read() {
    let decl = accepted(
        "Database::table",
        "name = \"goods\", new = Fresh",
        "#[unique(sku, shop)] #[index(name, price desc, where = price > 0)] #[check(len(sku) == 8 && price >= 0)]
         #[references(Shop, shop)]
         struct Product {
             #[key] id: i64,
             #[column(name = \"code\", max_len = 8, renamed_from = \"ean\")] sku: String,
             #[index] name: String,
             #[decimal(12, 2)] #[column(default = 0.5, backfill = 1)] price: Decimal,
             #[references(Shop, on_delete = cascade)] shop: i64,
             #[column(default = now, allow(lossy_cast))] at: DateTime<Utc>,
             #[generated(lower(name))] folded: String,
             #[check(sqlite = \"stock >= 0\", postgres = \"stock >= 0\")] stock: i32,
             #[column(default = Category::Book)] category: Category,
             #[skip] seen: bool,
         }",
    );
    let Decl::Table(table) = decl else { panic!("a table") };
    assert_eq!(table.columns.len(), 9);
    assert_eq!(table.numbering, Numbering::Automatic);
    assert_eq!((table.indexes.len(), table.uniques.len(), table.references.len(), table.checks.len()), (2, 1, 2, 2));
    assert!(table.indexes.iter().any(|index| index.columns.iter().any(|(_, descending)| *descending)));
    assert_eq!(table.columns[3].decimal.as_ref().map(|decimal| decimal.value), Some((12, 2)));
}

#[test]
fn a_key_that_something_else_gives_is_assigned() {
    for item in [
        "struct A { #[key] id: String }",
        "struct A { #[key(assigned)] id: i64 }",
        "struct A { #[key] #[references(B)] id: i64 }",
        "#[key(a, b)] struct A { a: i64, b: i64 }",
    ] {
        let Decl::Table(table) = accepted("Database::table", "", item) else { panic!("a table") };
        assert_eq!(table.numbering, Numbering::Assigned, "{item}");
    }
}

#[test]
fn a_table_without_a_key_is_refused() {
    refused(
        "Database::table",
        "",
        "struct Product { id: i64 }",
        expect![[r#"
            table-without-key at `Product`: the table `Product` has no key
              help: put `#[key]` on the field `id`
        "#]],
    );
}

#[test]
fn every_mistake_of_a_table_is_reported_at_once() {
    refused(
        "Database::table",
        "nmae = \"x\", crate",
        "#[unique(skuu)] #[index(price down)] #[many(lines)] #[many(other: Line)]
         struct Product<T> {
             #[key(sometimes)] id: i64,
             #[uniqe] sku: String,
             #[decimal(40, 2)] price: Decimal,
             #[column(defualt = 1, max_len = \"8\")] stock: i32,
             #[references] shop: i64,
             #[references(Shop, on_delete = casacde)] other: i64,
             #[cfg(unix)] unix: bool,
         }",
        expect![[r#"
            wrong-value at `crate`: `crate` of `Database::table` is written in another form
              help: write `crate = …`
            unknown-argument at `nmae`: `Database::table` has no argument `nmae`
              help: did you mean `name`?
            generic-item at `<T>`: `#[Database::table]` stands on a generic item
              help: remove the parameters; one declaration is one thing in the database or on the wire
            conditional-member at `#[cfg(unix)]`: this field depends on `cfg`
              help: remove the condition, or put it on the whole item where the item may depend on one
            unknown-argument at `sometimes`: `key` has no argument `sometimes`
              help: it takes `assigned` and `automatic`
            unknown-attribute at `#[uniqe]`: `#[uniqe]` is unknown here
              help: did you mean `#[unique]`?
            decimal-out-of-range at `#[decimal(40, 2)]`: no column can hold `decimal(40, 2)`
              help: digits in all: 1 to 18, which 64 bits hold exactly; digits behind the point: no more than that
            wrong-value at `"8"`: this is not a whole number
              help: write one from 0 to 4294967295
            unknown-argument at `defualt`: `column` has no argument `defualt`
              help: did you mean `default`?
            missing-argument at `#[references]`: `references` names no table
              help: write `references(Customer)`, with the struct of the other table
            wrong-value at `casacde`: `casacde` is nothing that can happen on delete
              help: did you mean `cascade`?
            unknown-field at `skuu`: `Product` has no column `skuu`
              help: did you mean `sku`?
            unknown-argument at `down`: `down` is no order
              help: it takes `asc` and `desc`
            wrong-value at `#[many(lines)]`: `many` is a list of names and tables
              help: write `#[many(lines: Line)]`, with the struct of the table that refers to this one
            duplicate-value at `other`: `other` names two relations
              `other`: the other is here
              help: call it otherwise
        "#]],
    );
}

#[test]
fn a_rule_outside_the_language_is_refused_where_it_leaves_it() {
    refused(
        "Database::table",
        "",
        "#[check(sku.len() == 8)] #[check(price > 1u32 || lenn(sku) < 3)] #[check(match price { _ => true })] #[check(a, b)]
         #[check(abs(a, b) > 0 && \"\\0\" != sku)]
         struct Product { #[key] id: i64, #[generated(total)] total: i64, #[generated(id)] #[column(default = 1)] twice: i64 }",
        expect![[r#"
            conflicting-attributes at `#[generated(total)]`: a column cannot be generated from itself
              help: write an expression over other columns
            conflicting-attributes at `1`: a generated column has no `default`
              `#[generated(id)]`: generated here
              help: remove one of the two; the engine computes the column in every row
            unsupported-expression at `len`: methods are not part of this language
              help: write `len(…)` with the receiver as the first argument
            unsupported-expression at `1u32`: this literal is not part of this language
              help: write a number without a suffix, a text in double quotes, `true` or `false`
            unknown-function at `lenn`: `lenn` is not a function of this language
              help: did you mean `len`?
            unsupported-expression at `match price { _ => true }`: this expression means nothing to both engines, so it is not part of this language
              help: use columns, literals, `! - && || == != < <= > >= + - * / %` and the functions `abs`, `coalesce`, `concat`, `contains`, `is_null`, `len`, `lower`, `starts_with`, `trim` and `upper`; or say it for each engine: `sqlite = "…", postgres = "…"`
            wrong-value at `#[check(a, b)]`: `check` takes one expression
              help: write `check(price >= 0)`, or `check(sqlite = "…", postgres = "…")`
            unsupported-expression at `abs(a, b)`: `abs` got 2 arguments
              help: it takes 1
            unsupported-expression at `"\0"`: this text holds U+0000
              help: no engine's text can hold it; leave it out
        "#]],
    );
}

#[test]
fn an_expression_without_end_is_refused() {
    let deep = format!("{}id{}", "!(".repeat(200), ")".repeat(200));
    let (decl, text) = read("Database::table", "", &format!("#[check({deep})] struct A {{ #[key] id: i64 }}"));
    assert!(decl.is_none());
    assert!(text.contains("these brackets nest too deep"), "{text}");
}

#[test]
fn a_database_names_its_engine() {
    accepted(
        "Database::sqlite",
        "file = \"shop.db\", pool = 4, statements = 64, slow = \"250ms\", timeouts(acquire = \"5s\")",
        "struct Shop { a: Table<A> }",
    );
    accepted(
        "Database::postgres",
        "url = env(\"DATABASE_URL\"), primary = \"us-east\", replicas = [\"us-east\", \"eu-west\"], timeouts(replica = \"50ms\", behind = \"1m\")",
        "struct Shop { a: cell::Table<A> }",
    );
    refused(
        "Database::sqlite",
        "url = \"x\", pool = 0, statements = 10001, timeouts(idle = \"25d\", behind = \"1s\")",
        "struct Shop { a: Table<A>, b: Vec<A>, c: Table<A, B> }",
        expect![[r#"
            missing-argument at `Shop`: `Database::sqlite` needs `file`
              help: write `#[Database::sqlite(file = "shop.db")]`
            wrong-value at `0`: a pool of 0 connections
              help: write a number from 1 to 10000
            wrong-value at `10001`: connections that keep 10001 statements
              help: write how many each keeps prepared, from 1 to 10000
            wrong-value at `"25d"`: a database cannot be told to wait for so long
              help: write 24 days, `"24d"`, or less
            wrong-value at `"1s"`: how far a replica is behind is known to two seconds, and for a quarter of an hour
              help: write `"3s"` to `"15m"`
            unknown-argument at `url`: `Database::sqlite` has no argument `url`
              help: it takes `crate`, `file`, `pool`, `slow`, `statements` and `timeouts`
            unsupported-field at `Vec<A>`: the field `b` is no `Table<…>`
              help: a database is a struct of tables; keep other state in a cell (`#[service]`)
            unsupported-field at `Table<A, B>`: the field `c` is no `Table<…>`
              help: a database is a struct of tables; keep other state in a cell (`#[service]`)
        "#]],
    );
    refused(
        "Database::sqlite",
        "file = \"../shop.db\", timeouts(aquire = \"5\")",
        "struct Shop(Table<A>);",
        expect![[r#"
            wrong-value at `"../shop.db"`: `../shop.db` is not a file below the state's folder
              help: write a relative path without `..`, such as `file = "shop.db"`; the node decides where its state is
            unknown-argument at `aquire`: `timeouts` has no argument `aquire`
              help: did you mean `acquire`?
            wrong-item at `Shop`: `#[Database::sqlite]` stands on a struct without named fields
              help: write `struct Shop { … }`
        "#]],
    );
    refused(
        "Database::postgres",
        "url = \"postgres://me:secret@host/db\", cluster = \"main\", replicas = [\"eu-west\", \"EU\", \"eu_west\"]",
        "enum Shop {}",
        expect![[r#"
            not-yet at `"main"`: `cluster` does not work in this version of Cell
              help: run the server yourself and name its URL: `url = env("DATABASE_URL")`
            missing-argument at `["eu-west", "EU", "eu_west"]`: replicas of a primary that is nowhere
              help: say in which region the primary is: `primary = "us-east"`
            invalid-name at `"EU"`: `EU` cannot name a region
              help: use lower case letters, digits, `-` and `_`, beginning with a letter, 63 bytes at the most
            duplicate-value at `"eu_west"`: two replicas whose URLs are in one environment variable
              `"eu-west"`: the first is here
              help: keep one: a region has one replica, whose URL is in `<URL>_<REGION>`, such as `DATABASE_URL_EU_WEST`
            wrong-value at `"postgres://me:secret@host/db"`: this is not `env("NAME")`
              help: secrets are named, never held: put the value in the environment
            wrong-item at `Shop`: `#[Database::postgres]` stands on an enum
              help: put it on a struct with named fields
        "#]],
    );
    refused(
        "Database::postgres",
        "pool = 3",
        "struct Shop { }",
        expect![[r#"
        missing-argument at `Shop`: `Database::postgres` needs `url`
          help: write `#[Database::postgres(url = env("DATABASE_URL"))]`
    "#]],
    );
}

#[test]
fn an_enumeration_has_distinct_values() {
    accepted(
        "Database::enumeration",
        "",
        "enum Category { Book, #[removed(to = Book)] Scroll, #[renamed_from = \"x\"] Map }",
    );
    refused(
        "Database::enumeration",
        "",
        "enum Kind { HttpServer, HTTPServer, With(u8), #[removed] A, #[removed(to = Bok)] B, #[renamed_from(\"x\")] C }",
        expect![[r#"
            wrong-item at `(u8)`: the value `With` has fields
              help: an enumeration is stored as a text; keep the fields in columns of the table
            missing-argument at `#[removed]`: `removed` needs `to`
              help: write `#[removed(to = Other)]`
            attribute-syntax at `renamed_from("x")`: `renamed_from` is written in another form
              help: write `#[renamed_from = "…"]`
            duplicate-value at `HTTPServer`: `HTTPServer` is stored as `http_server`, as `HttpServer` is
              `HttpServer`: stored as the same text
              help: rename one of them
            unknown-field at `Bok`: `Bok` is no value that is kept
              help: it takes `A`, `C`, `HTTPServer`, `HttpServer` and `With`
        "#]],
    );
    refused(
        "Database::enumeration",
        "",
        "enum Kind { #[renamed_from = \"map\"] Book, Map, #[renamed_from = \"tape\"] Reel, #[removed(to = Map)] Tape }",
        expect![[r#"
            duplicate-value at `"map"`: `Book` was stored as `map`, as `Map` is
              `Map`: stored as the same text
              help: remove `renamed_from`, or rename the other value
            duplicate-value at `"tape"`: `Reel` was stored as `tape`, as `Tape` is
              `Tape`: stored as the same text
              help: remove `renamed_from`, or rename the other value
        "#]],
    );
    refused(
        "Database::enumeration",
        "",
        "enum Kind {}",
        expect![[r#"
        wrong-item at `Kind`: `Kind` has no values
          help: add a value; a column of this type could hold nothing
    "#]],
    );
}

#[test]
fn a_value_wraps_one_type() {
    accepted("Database::value", "", "struct ProductId(i64);");
    refused(
        "Database::value",
        "",
        "struct Pair(i64, i64);",
        expect![[r#"
        wrong-item at `(i64, i64)`: `#[Database::value]` stands on a struct of another form
          help: write `struct Pair(Inner);` with one unnamed field
    "#]],
    );
    refused(
        "Database::value",
        "",
        "struct Unit;",
        expect![[r#"
        wrong-item at `Unit`: `#[Database::value]` stands on a struct of another form
          help: write `struct Unit(Inner);` with one unnamed field
    "#]],
    );
}

#[test]
fn a_message_has_named_parts() {
    accepted("message", "", "enum Event { Started, Moved { to: i64 }, Said(String) }");
    refused(
        "message",
        "",
        "struct Pair(i64, #[serde(skip)] i64);",
        expect![[r#"
            unsupported-field at `(i64, #[serde(skip)] i64)`: a message's unnamed fields have no names to be read by
              help: name the fields, or keep one
        "#]],
    );
    refused(
        "message",
        "",
        "struct Renamed { #[serde(rename = \"x\")] a: i64 }",
        expect![[r#"
        unsupported-field at `#[serde(rename = "x")]`: `#[serde(…)]` inside a message
          help: remove it; a message's shape is its fields as they are declared
    "#]],
    );
    refused(
        "message",
        "",
        "fn f() {}",
        expect![[r#"
        wrong-item at `f`: `#[message]` stands on a function
          help: put it on a struct or an enum
    "#]],
    );
}

#[test]
fn a_cell_has_a_name_of_its_own() {
    let Decl::Service(service) = accepted("service", "", "struct TaxOffice { rate: Config<Decimal> }") else {
        panic!("a cell")
    };
    assert_eq!(service.cell_name(), "tax_office");
    accepted("service", "name = \"tax\", start = make", "struct Tax(Client);");
    refused(
        "service",
        "name = \"Tax Office\"",
        "struct Tax(Client);",
        expect![[r#"
        invalid-name at `"Tax Office"`: `Tax Office` cannot name a cell
          help: use lower case letters, digits and `_`, beginning with a letter, 63 bytes at the most
        wrong-item at `Tax`: Cell can't fill fields without names
          help: name the fields, or say how the cell is made: `#[service(start = path)]`
    "#]],
    );
}

#[test]
fn handlers_are_public_async_methods() {
    let item = "impl Tax {
        pub async fn calculate(&self, order: &Order, limit: u32) -> Result<Decimal> { }
        #[http(GET, \"/tax/{id}\")] #[idempotent] pub async fn get(&self, id: i64) -> Result<Tax> { }
        #[task(every = \"1h\")] async fn sweep(&self) -> Result<()> { }
        async fn private(&self) {}
        pub fn plain(&self) {}
        pub async fn make() -> Self { }
    }";
    let Decl::Handlers(handlers) = accepted("handler", "", item) else { panic!("handlers") };
    let names: Vec<String> = handlers.handlers.iter().map(|handler| handler.ident.to_string()).collect();
    assert_eq!(names, ["calculate", "get", "sweep"]);
    assert!(handlers.handlers[0].arguments[0].borrowed);
}

#[test]
fn a_handler_that_cannot_be_called_is_refused() {
    refused(
        "handler",
        "",
        "impl Tax {
            pub async fn generic<T>(&self, a: T) -> Result<()> { }
            pub async fn nothing(&self) { }
            pub async fn changes(&mut self, a: &mut i64) -> Result<()> { }
            pub async fn parts(&self, (a, b): (i64, i64)) -> Result<()> { }
            pub async fn streams(&self, a: impl Stream<Item = i64>) -> Result<()> { }
            #[idempotent] fn late(self) -> Result<()> { }
            #[task(every = \"soon\")] #[http(GET, \"/x\")] async fn task(&self, a: i64) -> Result<()> { }
            #[cfg(unix)] pub async fn sometimes(&self) -> Result<()> { }
        }",
        expect![[r#"
            handler-signature at `<T>`: the handler `generic` is generic
              help: name the types: both sides of a call must know them
            handler-signature at `nothing`: the handler `nothing` returns nothing
              help: write `-> Result<()>`: a call may fail, and says so
            handler-signature at `&mut self`: the handler `changes` does not take `&self`
              help: write `&self`: a cell serves many calls at once
            handler-signature at `&mut i64`: a handler can't change its caller's value
              help: take it by `&` or by value, and return what changed
            handler-signature at `(a, b)`: an argument of a handler has no single name
              help: give it a name, and take it apart in the body
            not-yet at `impl Stream<Item = i64>`: streams do not cross a synapse in this version of Cell
              help: take a `Vec` instead
            handler-signature at `late`: the handler `late` is not async
              help: write `async fn`: a call may have to wait for another machine
            handler-signature at `self`: the handler `late` does not take `&self`
              help: write `&self`: a cell serves many calls at once
            wrong-value at `"soon"`: this is not a duration
              help: write a whole number and a unit: `"250ms"`, `"30s"`, `"10m"`, `"1h"`, `"2d"`
            handler-signature at `a`: a task takes arguments, but nobody calls it
              `#[task(every = "soon")]`: a task
              help: remove the arguments; a task finds what it needs in its cell's fields
            conflicting-attributes at `#[http(GET, "/x")]`: a task has no HTTP door
              `#[task(every = "soon")]`: a task
              help: write a handler of its own for the door
            conditional-member at `#[cfg(unix)]`: this handler depends on `cfg`
              help: remove the condition, or put it on the whole item where the item may depend on one
        "#]],
    );
    refused(
        "handler",
        "",
        "impl Clone for Tax { }",
        expect![[r#"
        wrong-item at `Clone`: `#[handler]` stands on the impl of a trait
          help: put it on the cell's own impl: `impl Orders { … }`
    "#]],
    );
    refused(
        "handler",
        "",
        "impl Tax<u8> { }",
        expect![[r#"
        wrong-item at `Tax<u8>`: this type is no cell
          help: put `#[handler]` on the impl of a struct with `#[service]`
    "#]],
    );
}

#[test]
fn a_door_that_cannot_open_is_refused() {
    refused(
        "handler",
        "",
        "impl Tax {
            #[http(FETCH, \"/a\")] pub async fn a(&self) -> Result<()> { }
            #[http(get, \"/a\")] pub async fn b(&self) -> Result<()> { }
            #[http(GET)] pub async fn c(&self) -> Result<()> { }
            #[http(GET, \"a\")] pub async fn d(&self) -> Result<()> { }
            #[http(GET, \"/a/{idd}\")] pub async fn e(&self, id: i64) -> Result<()> { }
            #[http(GET, \"/{id}/{id}\")] pub async fn f(&self, id: i64) -> Result<()> { }
            #[http(GET, \"/x{id}\")] pub async fn g(&self, id: i64) -> Result<()> { }
            #[http(GET, \"/a/\")] pub async fn h(&self) -> Result<()> { }
        }",
        expect![[r#"
            wrong-value at `FETCH`: `FETCH` is no method of a door
              help: it takes `DELETE`, `GET`, `PATCH`, `POST` and `PUT`
            wrong-value at `get`: `get` is no method of a door
              help: did you mean `GET`?
            attribute-syntax at `#[http(GET)]`: a door needs a method and a path
              help: write `#[http(GET, "/crates/{name}")]`
            http-path at `"a"`: the path `a` does not begin with `/`
              help: write the whole path, from the root
            http-path at `"/a/{idd}"`: `{idd}` is no argument of the handler
              help: did you mean `id`?
            http-path at `"/{id}/{id}"`: `{id}` stands twice in the path
              help: use each name once
            http-path at `"/x{id}"`: the segment `x{id}` holds what a path can't
              help: use letters, digits and `- . _ ~`, or a name in braces that fills the segment
            http-path at `"/a/"`: the path `/a/` has an empty segment
              help: remove the `/` too many
        "#]],
    );
}

#[test]
fn a_placement_names_regions_and_copies() {
    for (arguments, regions, replicas) in [
        ("region = \"us-east\"", &["us-east"][..], None),
        ("regions = [\"us\", \"eu\"], replicas = 2,", &["us", "eu"], Some(2)),
        ("replicas = 1000, crate = storage", &[], Some(1000)),
    ] {
        let Decl::Placement(placement) = accepted("Placement", arguments, "#[service] struct A { shop: Shop }") else {
            panic!("a placement")
        };
        assert_eq!(placement.regions.iter().map(|region| region.value.as_str()).collect::<Vec<_>>(), regions);
        assert_eq!(placement.replicas.map(|replicas| replicas.value), replicas);
    }
}

#[test]
fn every_mistake_of_a_placement_is_reported() {
    refused(
        "Placement",
        "region = \"US East\", regions = [\"eu\", \"eu\", 3], replicas = 0, only = [1], with(A), regon = 1",
        "enum A { B }",
        expect![[r#"
            not-yet at `only`: `only` does not work in this version of Cell
              help: remove it, and say where the cell runs by `region`, `regions` and `replicas`
            not-yet at `with`: `with` does not work in this version of Cell
              help: remove it, and say where the cell runs by `region`, `regions` and `replicas`
            unknown-argument at `regon`: `Placement` has no argument `regon`
              help: did you mean `region`?
            conflicting-attributes at `["eu", "eu", 3]`: `Placement` has both `region` and `regions`
              `"US East"`: one region
              help: keep one of them: `regions = ["…", "…"]` names them all
            wrong-value at `3`: this is not a text
              help: write it in double quotes
            invalid-name at `"US East"`: `US East` cannot name a region
              help: use lower case letters, digits, `-` and `_`, beginning with a letter, 63 bytes at the most
            wrong-value at `0`: a cell cannot run in 0 copies
              help: write a number from 1 to 1000; it counts in each region
            wrong-item at `A`: `#[Placement]` stands on an enum
              help: put it on the struct of a cell
        "#]],
    );
    refused(
        "Placement",
        "regions = [\"eu\", \"us\", \"eu\"], replicas = 1001",
        "struct A;",
        expect![[r#"
        duplicate-value at `"eu"`: `eu` is named twice
          `"eu"`: first named here
          help: keep one of them; `replicas` says how many copies run in a region
        wrong-value at `1001`: a cell cannot run in 1001 copies
          help: write a number from 1 to 1000; it counts in each region
    "#]],
    );
    refused(
        "Placement",
        "regions = []",
        "struct A;",
        expect![[r#"
        wrong-value at `[]`: a cell that runs in no region cannot be called
          help: name a region, or remove `regions`: then the topology's first counts
    "#]],
    );
    refused(
        "Placement",
        "regions = \"eu\", replicas = \"2\"",
        "struct A;",
        expect![[r#"
        wrong-value at `"2"`: this is not a whole number
          help: write one from 0 to 4294967295
        wrong-value at `"eu"`: this is not a list of texts
          help: write `["a", "b"]`
    "#]],
    );
    refused(
        "Placement",
        "",
        "struct A;",
        expect![[r#"
        missing-argument at `A`: `Placement` needs `region`
          help: write `#[Placement(region = "us-east")]`
    "#]],
    );
    refused(
        "Placement",
        "region = \"eu\"",
        "fn process() {}",
        expect![[r#"
        not-yet at `process`: `#[Placement]` on a handler does not work in this version of Cell
          help: put it on the struct with `#[service]`: all handlers of a cell run where it does
    "#]],
    );
}

#[test]
fn every_attribute_that_does_not_work_yet_says_so() {
    for attribute in Attribute::ALL.into_iter().filter(|attribute| !attribute.works()) {
        let (decl, text) = read(attribute.path(), "whatever = [1]", "fn f() {}");
        assert!(decl.is_none());
        assert!(text.starts_with("not-yet at `f`: "), "{text}");
        assert!(text.contains(attribute.path()));
    }
}

#[test]
fn tokens_that_are_no_arguments_are_refused() {
    refused(
        "Database::table",
        "name = = 1",
        "struct A { #[key] id: i64 }",
        expect![[r#"
        attribute-syntax at `=`: expected an expression
    "#]],
    );
    refused(
        "Database::table",
        "name = \"a\", name = \"b\"",
        "struct A { #[key] #[unique = 3] id: i64 }",
        expect![[r#"
        duplicate-argument at `name`: `name` is given twice
          `name`: first given here
          help: keep one of them
        attribute-syntax at `unique = 3`: `unique` takes no `=`
          help: write `#[unique(…)]`
    "#]],
    );
}
