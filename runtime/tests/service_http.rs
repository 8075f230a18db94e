//! Doors over real sockets: what a request gets, and what a wrong one is told. It is one file because all cases ask one
//! application, whose doors stand at its head.

mod service_client;

use std::net::SocketAddr;

use cell::http::{Html, Problem};
use cell::message::{Message, Shape, Shapes};
use cell::service::{Cell, Context, Handle, Handlers, Handling, Interface, Service};
use cell::start::{Part, Running, start};
use cell::{Error, Result};
use expect_test::{Expect, expect, expect_file};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use service_client::{Response, send, send_json, send_raw};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Product {
    sku: String,
    price: Decimal,
    kind: Kind,
    parts: Vec<Product>,
}

impl Message for Product {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.define::<Self>("Product", |define| {
            define.structure(|fields| {
                fields
                    .field::<String>("sku")
                    .field::<Decimal>("price")
                    .field::<Kind>("kind")
                    .field::<Vec<Self>>("parts");
            })
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Book,
    BoardGame,
}

impl Message for Kind {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.define::<Self>("Kind", |define| define.enumeration(&["book", "board_game"]))
    }
}

#[derive(Debug, Serialize, Deserialize)]
enum Change {
    Rename(String),
    Price { to: Decimal, reason: Option<String> },
    Hide,
}

impl Message for Change {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.define::<Self>("Change", |define| {
            define.choice(|variants| {
                variants.newtype::<String>("Rename");
                variants.structure("Price", |fields| {
                    fields.field::<Decimal>("to").field::<Option<String>>("reason");
                });
                variants.unit("Hide");
            })
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("sold on {0}")]
struct Sold(&'static str);

cell::problem!(|error: &Sold| Some(Problem::new(409, error.to_string()).kind("https://example.com/sold")));

#[derive(Debug, thiserror::Error)]
#[error("the order cannot be placed")]
struct NotPlaced(#[source] Sold);

/// Hands back what it was given.
struct Shop;

impl Shop {
    async fn page(&self) -> Result<Html> {
        Ok(Html::from("<h1>Shop</h1>"))
    }

    async fn get(&self, sku: &str) -> Result<Option<Product>> {
        let product =
            Product { sku: sku.to_owned(), price: Decimal::new(1250, 2), kind: Kind::BoardGame, parts: vec![] };
        Ok((sku != "none").then_some(product))
    }

    async fn list(&self, after: Option<String>, limit: u32, kinds: Vec<Kind>) -> Result<Vec<String>> {
        Ok(vec![format!("{after:?} {limit} {kinds:?}")])
    }

    async fn create(&self, product: Product) -> Result<Product> {
        Ok(product)
    }

    async fn change(&self, sku: &str, change: Change, dry: Option<bool>) -> Result<String> {
        Ok(format!("{sku} {change:?} {dry:?}"))
    }

    async fn delete(&self, sku: i64) -> Result<()> {
        if sku == 0 { Err(Sold("Monday").into()) } else { Ok(()) }
    }
}

/// A request to `GET /waits` has reached its handler.
static WAITING: Notify = Notify::const_new();

/// Fails in every way.
struct Faulty;

impl Faulty {
    async fn order(&self) -> Result<(), NotPlaced> {
        Err(NotPlaced(Sold("Tuesday")))
    }

    async fn shipped(&self) -> Result<()> {
        Err(Problem::new(410, "it has been shipped").into())
    }

    async fn fail(&self) -> Result<()> {
        Err(Error::message("the password is hunter2"))
    }

    async fn panics(&self) -> Result<()> {
        panic!("the password is hunter2")
    }

    async fn hangs(&self) -> Result<()> {
        std::future::pending().await
    }

    async fn waits(&self) -> Result<()> {
        WAITING.notify_one();
        std::future::pending().await
    }
}

macro_rules! registered {
    ($cell:ident, $client:ident, $name:literal, |$interface:ident| $body:block) => {
        impl Cell for $cell {
            const NAME: &'static str = $name;

            async fn start(_: &Context) -> Result<Self> {
                Ok(Self)
            }
        }

        #[derive(Clone)]
        struct $client;

        impl From<Handle<$cell>> for $client {
            fn from(_: Handle<$cell>) -> Self {
                Self
            }
        }

        impl Handlers for $cell {
            type Client = $client;

            fn interface($interface: &mut Interface<Self>) $body
        }

        cell::__private::inventory::submit! { Service::of::<$cell>() }
        cell::__private::inventory::submit! { Handling::of::<$cell>() }
    };
}

registered!(Shop, ShopClient, "shop", |interface| {
    let handler = interface.handler("page").result::<Result<Html>>();
    cell::__door!(handler, Get, "/", |cell, input| cell.page().await);
    let handler = interface.handler("get").argument::<String>("sku").result::<Result<Option<Product>>>();
    cell::__door!(handler, Get, "/products/{sku}", |cell, input| cell.get(&input.take::<String>("sku")?).await);
    let handler = interface
        .handler("list")
        .argument::<Option<String>>("after")
        .argument::<u32>("limit")
        .argument::<Vec<Kind>>("kinds")
        .result::<Result<Vec<String>>>();
    cell::__door!(handler, Get, "/products", |cell, input| cell
        .list(input.take::<Option<String>>("after")?, input.take::<u32>("limit")?, input.take::<Vec<Kind>>("kinds")?)
        .await);
    let handler = interface.handler("create").argument::<Product>("product").result::<Result<Product>>();
    cell::__door!(handler, Post, "/products", |cell, input| cell.create(input.take::<Product>("product")?).await);
    let handler = interface
        .handler("change")
        .argument::<String>("sku")
        .argument::<Change>("change")
        .argument::<Option<bool>>("dry")
        .result::<Result<String>>();
    cell::__door!(handler, Patch, "/products/{sku}", |cell, input| cell
        .change(&input.take::<String>("sku")?, input.take::<Change>("change")?, input.take::<Option<bool>>("dry")?)
        .await);
    let handler = interface.handler("delete").idempotent().argument::<i64>("sku").result::<Result<()>>();
    cell::__door!(handler, Delete, "/products/{sku}", |cell, input| cell.delete(input.take::<i64>("sku")?).await);
});

registered!(Faulty, FaultyClient, "faulty", |interface| {
    let handler = interface.handler("order").result::<Result<(), NotPlaced>>();
    cell::__door!(handler, Post, "/order", |cell, input| cell.order().await);
    let handler = interface.handler("shipped").result::<Result<()>>();
    cell::__door!(handler, Get, "/shipped", |cell, input| cell.shipped().await);
    let handler = interface.handler("fail").result::<Result<()>>();
    cell::__door!(handler, Get, "/fail", |cell, input| cell.fail().await);
    let handler = interface.handler("panics").result::<Result<()>>();
    cell::__door!(handler, Get, "/panics", |cell, input| cell.panics().await);
    let handler = interface.handler("hangs").result::<Result<()>>();
    cell::__door!(handler, Get, "/hangs", |cell, input| cell.hangs().await);
    let handler = interface.handler("waits").result::<Result<()>>();
    cell::__door!(handler, Get, "/waits", |cell, input| cell.waits().await);
});

/// Its door answers the same requests as one of the shop's.
struct Rival;

registered!(Rival, RivalClient, "rival", |interface| {
    let handler = interface.handler("get").argument::<i64>("id").result::<Result<()>>();
    cell::__door!(handler, Get, "/products/{id}", |cell, input| {
        let (_, _): (_, i64) = (cell, input.take::<i64>("id")?);
        Ok::<(), Error>(())
    });
});

/// Its door has the path of one of the shop's, by another name.
struct Other;

registered!(Other, OtherClient, "other", |interface| {
    let handler = interface.handler("put").argument::<i64>("id").result::<Result<()>>();
    cell::__door!(handler, Put, "/products/{id}", |cell, input| {
        let (_, _): (_, i64) = (cell, input.take::<i64>("id")?);
        Ok::<(), Error>(())
    });
});

/// Its door would need a struct in a query.
struct Crooked;

registered!(Crooked, CrookedClient, "crooked", |interface| {
    let handler = interface.handler("find").argument::<Option<Product>>("like").result::<Result<()>>();
    cell::__door!(handler, Get, "/find", |cell, input| {
        let (_, _): (_, Option<Product>) = (cell, input.take::<Option<Product>>("like")?);
        Ok::<(), Error>(())
    });
});

async fn shop() -> Result<(Running, SocketAddr)> {
    let running = start(Part::of(["shop", "faulty"]).set("CELL_HTTP", "127.0.0.1:0")).await?;
    let address = listening(&running)?;
    Ok((running, address))
}

fn listening(running: &Running) -> Result<SocketAddr> {
    running.address().ok_or_else(|| Error::message("a cell with doors listens"))
}

async fn check(method: &str, target: &str, expected: Expect) -> Result<()> {
    let (_running, address) = shop().await?;
    expected.assert_eq(&send(address, method, target).await?.text());
    Ok(())
}

async fn check_json(method: &str, target: &str, body: &str, expected: Expect) -> Result<()> {
    let (_running, address) = shop().await?;
    expected.assert_eq(&send_json(address, method, target, body).await?.text());
    Ok(())
}

#[tokio::test]
async fn a_page_is_html() -> Result<()> {
    check(
        "GET",
        "/",
        expect![[r#"
        200 text/html; charset=utf-8
        <h1>Shop</h1>"#]],
    )
    .await
}

#[tokio::test]
async fn a_name_in_the_path_is_decoded() -> Result<()> {
    check(
        "GET",
        "/products/caf%C3%A9%2F1",
        expect![[r#"
        200 application/json
        {"sku":"café/1","price":"12.50","kind":"board_game","parts":[]}"#]],
    )
    .await
}

#[tokio::test]
async fn none_is_not_found() -> Result<()> {
    check(
        "GET",
        "/products/none",
        expect![[r#"
        404 application/problem+json
        {"type":"about:blank","title":"Not Found","status":404,"detail":"there is no such thing"}"#]],
    )
    .await
}

#[tokio::test]
async fn the_rest_of_a_get_comes_from_the_query() -> Result<()> {
    check(
        "GET",
        "/products?limit=3&kinds=book&kinds=board_game&after=a%20b&utm=x",
        expect![[r#"
        200 application/json
        ["Some(\"a b\") 3 [Book, BoardGame]"]"#]],
    )
    .await?;
    check(
        "GET",
        "/products?limit=3",
        expect![[r#"
        200 application/json
        ["None 3 []"]"#]],
    )
    .await
}

#[tokio::test]
async fn a_missing_or_wrong_argument_is_named() -> Result<()> {
    check("GET", "/products", expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `limit` is missing","argument":"limit"}"#]]).await?;
    check("GET", "/products?limit=-3", expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `limit` is `-3`, which is no unsigned integer of 32 bits","argument":"limit"}"#]]).await?;
    check("GET", "/products?limit=3&kinds=car", expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `kinds` cannot be read: unknown variant `car`, expected `book` or `board_game`","argument":"kinds"}"#]]).await?;
    check("DELETE", "/products/abc", expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `sku` is `abc`, which is no integer of 64 bits","argument":"sku"}"#]]).await
}

#[tokio::test]
async fn one_argument_is_the_body() -> Result<()> {
    let product =
        r#"{"sku":"a","price":"1.50","kind":"book","parts":[{"sku":"b","price":"2","kind":"book","parts":[]}]}"#;
    check_json(
        "POST",
        "/products",
        product,
        expect![[r#"
        200 application/json
        {"sku":"a","price":"1.50","kind":"book","parts":[{"sku":"b","price":"2","kind":"book","parts":[]}]}"#]],
    )
    .await
}

#[tokio::test]
async fn a_wrong_body_is_told_with_the_place_in_it() -> Result<()> {
    check_json("POST", "/products", "", expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `product` is missing","argument":"product"}"#]]).await?;
    check_json("POST", "/products", r#"{"sku":"a"}"#, expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `product` cannot be read: missing field `price` at line 1 column 11","argument":"product"}"#]]).await?;
    let product = r#"{"sku":"a","price":"1","kind":"book","parts":[{"sku":7}]}"#;
    check_json("POST", "/products", product, expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `product` cannot be read at `parts[0].sku`: invalid type: integer `7`, expected a string at line 1 column 54","argument":"product"}"#]]).await?;
    let two = r#"{"sku":"a","price":"1","kind":"book","parts":[]} {}"#;
    check_json("POST", "/products", two, expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `product` cannot be read: trailing characters at line 1 column 50","argument":"product"}"#]]).await?;
    check_json("POST", "/products", r#"{"sku":"#, expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `product` cannot be read at `sku`: EOF while parsing a value at line 1 column 7","argument":"product"}"#]]).await
}

#[tokio::test]
async fn several_arguments_are_an_object_of_their_names() -> Result<()> {
    check_json(
        "PATCH",
        "/products/a",
        r#"{"change":{"Price":{"to":"3"}},"dry":true}"#,
        expect![[r#"
        200 application/json
        "a Price { to: 3, reason: None } Some(true)""#]],
    )
    .await?;
    check_json(
        "PATCH",
        "/products/a",
        r#"{"change":"Hide"}"#,
        expect![[r#"
        200 application/json
        "a Hide None""#]],
    )
    .await?;
    check_json("PATCH", "/products/a", r#"{"dry":true}"#, expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the argument `change` is missing","argument":"change"}"#]]).await?;
    check_json("PATCH", "/products/a", r#"[1]"#, expect![[r#"
        400 application/problem+json
        {"type":"about:blank","title":"Bad Request","status":400,"detail":"the body is no JSON object of arguments: invalid type: sequence, expected a map at line 1 column 0"}"#]]).await
}

#[tokio::test]
async fn nothing_is_no_content() -> Result<()> {
    check(
        "DELETE",
        "/products/7",
        expect![[r#"
        204 -
    "#]],
    )
    .await
}

#[tokio::test]
async fn an_error_may_say_its_problem() -> Result<()> {
    check(
        "DELETE",
        "/products/0",
        expect![[r#"
        409 application/problem+json
        {"type":"https://example.com/sold","title":"Conflict","status":409,"detail":"sold on Monday"}"#]],
    )
    .await?;
    check(
        "POST",
        "/order",
        expect![[r#"
        409 application/problem+json
        {"type":"https://example.com/sold","title":"Conflict","status":409,"detail":"sold on Tuesday"}"#]],
    )
    .await?;
    check(
        "GET",
        "/shipped",
        expect![[r#"
        410 application/problem+json
        {"type":"about:blank","title":"Gone","status":410,"detail":"it has been shipped"}"#]],
    )
    .await
}

#[tokio::test]
async fn an_unknown_path_is_not_found_and_a_wrong_method_says_which_are_right() -> Result<()> {
    check(
        "GET",
        "/nothing",
        expect![[r#"
        404 application/problem+json
        {"type":"about:blank","title":"Not Found","status":404,"detail":"nothing answers at this path"}"#]],
    )
    .await?;
    check("PUT", "/products", expect![[r#"
        405 application/problem+json
        {"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"this path answers GET, POST, HEAD"}"#]]).await?;
    let (_running, address) = shop().await?;
    let response = send(address, "PUT", "/products/a").await?;
    assert_eq!(response.headers.get("allow").map(String::as_str), Some("GET, PATCH, DELETE, HEAD"));
    Ok(())
}

#[tokio::test]
async fn head_is_get_without_the_body() -> Result<()> {
    check(
        "HEAD",
        "/",
        expect![[r#"
        200 text/html; charset=utf-8
    "#]],
    )
    .await
}

/// The problem's `instance`, checked to be an id and then left out.
fn without_id(response: &Response) -> String {
    let mut document: serde_json::Value = serde_json::from_str(&response.body).expect("a problem is JSON");
    let id =
        document.as_object_mut().and_then(|document| document.remove("instance")).expect("a hidden error has an id");
    let id = id.as_str().and_then(|id| id.strip_prefix("urn:uuid:")).expect("the id is a URN");
    assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
    format!("{} {document}", response.status)
}

#[tokio::test]
async fn an_error_or_a_panic_tells_an_id_and_no_more() -> Result<()> {
    let (_running, address) = shop().await?;
    let expected = expect![[r#"500 {"status":500,"title":"Internal Server Error","type":"about:blank"}"#]];
    expected.assert_eq(&without_id(&send(address, "GET", "/fail").await?));
    expected.assert_eq(&without_id(&send(address, "GET", "/panics").await?));
    // The process still answers.
    assert_eq!(send(address, "GET", "/").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused() -> Result<()> {
    let (_running, address) = shop().await?;
    let head = "POST /products HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let body = " ".repeat(1024 * 1024 + 1);
    let response = send_raw(address, &format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await?;
    assert_eq!(response.status, 413, "{response:?}");
    let body = " ".repeat(1024 * 1024);
    let response = send_raw(address, &format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await?;
    assert_eq!(response.status, 400, "{response:?}");
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_site_reaches_no_door_that_changes_something() -> Result<()> {
    let (_running, address) = shop().await?;
    let request = |site: &str| {
        format!("POST /order HTTP/1.1\r\nhost: test\r\nconnection: close\r\nsec-fetch-site: {site}\r\n\r\n")
    };
    assert_eq!(send_raw(address, &request("cross-site")).await?.status, 403);
    assert_eq!(send_raw(address, &request("same-origin")).await?.status, 409, "the handler's own answer");
    Ok(())
}

#[tokio::test]
async fn a_body_that_does_not_say_it_is_json_is_refused() -> Result<()> {
    let (_running, address) = shop().await?;
    let request = "POST /products HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n{}";
    expect![[r#"
        415 application/problem+json
        {"type":"about:blank","title":"Unsupported Media Type","status":415,"detail":"the body must be JSON, with the header `content-type: application/json`"}"#]].assert_eq(&send_raw(address, request).await?.text());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_given_up() -> Result<()> {
    check(
        "GET",
        "/hangs",
        expect![[r#"
        504 application/problem+json
        {"type":"about:blank","title":"Gateway Timeout","status":504,"detail":"no answer within 30 s"}"#]],
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn shutting_down_cuts_off_what_does_not_end() -> Result<()> {
    let (running, address) = shop().await?;
    let waiting = tokio::spawn(async move { send(address, "GET", "/waits").await });
    WAITING.notified().await;
    let begun = tokio::time::Instant::now();
    running.shutdown().await;
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(waiting.await??.status, 503);
    assert!(send(address, "GET", "/").await.is_err());
    Ok(())
}

#[tokio::test]
async fn two_doors_that_answer_one_request_are_refused() {
    let error = start(Part::of(["shop", "rival"])).await.expect_err("both have GET /products/{…}");
    expect!["cannot open GET /products/{sku} of `shop.get`: GET /products/{id} of `rival.get` answers the same requests: change one of them"].assert_eq(&error.to_string());
}

#[tokio::test]
async fn two_names_for_one_part_of_a_path_are_refused() {
    let error = start(Part::of(["shop", "other"])).await.expect_err("the shop calls it `sku`");
    expect!["cannot open GET /products/{sku} of `shop.get`: PUT /products/{id} of `other.put` names the same path differently: use the same names"].assert_eq(&error.to_string());
}

#[tokio::test]
async fn a_door_whose_query_would_hold_a_struct_is_refused() {
    let error = start(Part::of(["crooked"])).await.expect_err("a query holds plain values");
    expect!["cannot open GET /find of `crooked.find`: `like` would be in the query, which holds only plain values: open it with POST"].assert_eq(&error.to_string());
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_on_is_told() {
    let error = start(Part::of(["shop"]).set("CELL_HTTP", "nonsense")).await.expect_err("that is no address");
    assert!(error.to_string().starts_with("cannot listen on `nonsense` (from `CELL_HTTP`): "), "{error}");
}

#[tokio::test]
async fn the_doors_are_described_as_open_api() -> Result<()> {
    let running = start(Part::of(["shop"]).named("shop", "1.2.3")).await?;
    let response = send(listening(&running)?, "GET", "/openapi.json").await?;
    assert_eq!(response.headers.get("content-type").map(String::as_str), Some("application/json"));
    expect_file!["service_openapi.json"].assert_eq(&response.body);
    Ok(())
}
