//! What a release seals, and how the next one differs, on small applications.

use std::collections::BTreeMap;

use cell_manifest::Released;
use cell_schema::history::{self, History};
use expect_test::expect;

use super::{between, last, next};
use crate::check::check;
use crate::emit::{self, Previous};
use crate::lower::lower;
use crate::model::Model;
use crate::scan;
use crate::topology::Topologies;

const SHOP: &str = "use cell::prelude::*;
#[Database::table] pub struct Product { #[key] pub id: i64, pub sku: String }
#[Database::postgres(url = env(\"DATABASE_URL\"))] pub struct Shop { pub products: Table<Product> }
#[service] #[Placement(region = \"eu\")] pub struct Goods { shop: Shop }
#[handler] impl Goods {
    #[http(GET, \"/products/{sku}\")] pub async fn get(&self, sku: String) -> Result<Option<Product>> { answer() }
    pub async fn count(&self) -> Result<i64> { answer() }
}
";

struct State {
    model: Model,
    histories: BTreeMap<String, History>,
    topologies: Topologies,
}

fn state(source: &str, topology: &str, files: &Previous) -> State {
    let scanned = scan::from_sources(&[("src/main.rs", source)]);
    let topologies =
        BTreeMap::from([("cell/topology.toml".to_owned(), format!("format = 1\n{topology}").into_bytes())]);
    let topologies = Topologies::parse(&topologies).expect("a topology");
    let model = lower(&scanned.program);
    let mut found = scanned.diagnostics;
    found.extend(check(&scanned.program, &model, &topologies));
    assert!(found.is_empty(), "{found:?}");
    let histories = emit::histories(&model, files, &Default::default()).expect("histories");
    State { model, histories, topologies }
}

impl State {
    fn next(&self, last: Option<&Released>) -> Released {
        next(&self.model, &self.histories, &self.topologies, last)
    }

    /// The difference as its JSON, an entry a line.
    fn difference(&self, last: Option<&Released>) -> String {
        let difference = between(last, &self.next(last), &self.model, &self.histories);
        let value = serde_json::to_value(&difference).expect("a value");
        let lists = value.as_object().into_iter().flatten();
        let lines = lists.flat_map(|(list, entries)| {
            entries.as_array().into_iter().flatten().map(move |entry| format!("{list} {entry}\n"))
        });
        lines.collect()
    }
}

#[test]
fn the_first_release_has_number_one_and_everything_is_new() {
    let state = state(SHOP, "[regions.eu]\n", &Previous::default());
    assert_eq!(state.next(None).release, 1);
    expect![[r#"
        cells {"cell":"goods","change":"added","placement":{"regions":["eu"]}}
        databases {"change":"added","database":"shop","engine":"postgres"}
        handlers {"cell":"goods","change":"added","handler":"count"}
        handlers {"cell":"goods","change":"added","door":"GET /products/{sku}","handler":"get"}
        migrations {"database":"shop","migration":"0001_create_products","open":true,"steps":["create table `products`"]}
        processes {"change":"added","process":{"cells":["goods"],"name":"app","regions":["eu"],"replicas":1},"topology":"cell/topology.toml"}
        types {"change":"added","type":"Product"}
    "#]].assert_eq(&state.difference(None));
}

#[test]
fn a_release_of_the_same_state_keeps_its_number() {
    let state = state(SHOP, "[regions.eu]\n", &Previous::default());
    let first = state.next(None);
    assert_eq!(state.next(Some(&first)), first);
    assert_eq!(state.difference(Some(&first)), "");
    let text = first.to_json().expect("JSON").into_bytes();
    let files = Previous::new(BTreeMap::from([(emit::RELEASED.to_owned(), text)]));
    assert_eq!(last(&files).expect("a record"), Some(first));
    let files = Previous::new(BTreeMap::from([(emit::RELEASED.to_owned(), b"{\"format\":1}\xff".to_vec())]));
    assert!(last(&files).is_err());
}

#[test]
fn what_differs_from_the_last_release_is_listed() {
    let first = state(SHOP, "[regions.eu]\n", &Previous::default());
    let released = first.next(None);
    let mut files = BTreeMap::new();
    for (name, history) in &first.histories {
        let written = history::write(&history::seal(history));
        files.extend(written.into_iter().map(|(path, bytes)| (format!("cell/{name}/{path}"), bytes)));
    }
    let source = SHOP
        .replace("postgres(url = env(\"DATABASE_URL\"))", "sqlite(file = \"shop.db\")")
        .replace("pub sku: String }", "pub sku: String, pub note: Option<String> }")
        .replace("region = \"eu\"", "region = \"eu\", replicas = 2")
        .replace("\"/products/{sku}\"", "\"/goods/{sku}\"")
        .replace("pub async fn count(&self) -> Result<i64>", "pub async fn total(&self) -> Result<i64>")
        + "#[service] pub struct Tax;";
    let second = state(&source, "[regions.eu]\n[regions.us]\n", &Previous::new(files));
    assert_eq!(second.next(Some(&released)).release, 2);
    expect![[r#"
        cells {"cell":"goods","change":"changed","placement":{"regions":["eu"],"replicas":2},"previous":{"regions":["eu"]}}
        cells {"cell":"tax","change":"added"}
        databases {"change":"changed","database":"shop","engine":"sqlite","previous":"postgres"}
        handlers {"cell":"goods","change":"removed","handler":"count"}
        handlers {"cell":"goods","change":"changed","door":"GET /goods/{sku}","handler":"get","previous_door":"GET /products/{sku}","what":["shape","door"]}
        handlers {"cell":"goods","change":"added","handler":"total"}
        migrations {"database":"shop","migration":"0002_add_note","open":true,"steps":["add column `note` to `products`"]}
        processes {"change":"removed","process":{"cells":["goods"],"name":"app","regions":["eu"],"replicas":1},"topology":"cell/topology.toml"}
        processes {"change":"added","process":{"cells":["goods"],"name":"goods","regions":["eu"],"replicas":2},"topology":"cell/topology.toml"}
        processes {"change":"added","process":{"cells":["tax"],"name":"tax","regions":["eu"],"replicas":1},"topology":"cell/topology.toml"}
        types {"change":"changed","type":"Product"}
    "#]].assert_eq(&second.difference(Some(&released)));
}

#[test]
fn a_search_index_that_holds_something_else_is_another_release() {
    let searched = |index: &str, name: &str| {
        let source = SHOP.replace("#[Database::table]", &format!("#[Database::table] {index}"));
        source.replace("pub sku: String }", &format!("#[text{name}] pub sku: String }}"))
    };
    let state = |source: &str| state(source, "[regions.eu]\n", &Previous::default());
    let released = state(&searched("#[Search::index]", "")).next(None);
    let boosted = state(&searched("#[Search::index]", "(boost = 2)"));
    assert_eq!(boosted.next(Some(&released)).release, 1, "a boost changes nothing that is in the index");
    let indexes = |source: &str| {
        let difference = state(source).difference(Some(&released));
        difference.lines().filter(|line| line.starts_with("indexes")).collect::<Vec<_>>().join("\n")
    };
    let exact = searched("#[Search::index]", "(tokenizer = \"exact\")");
    assert_eq!(state(&exact).next(Some(&released)).release, 2);
    assert_eq!(indexes(&exact), r#"indexes {"change":"changed","index":"shop.products"}"#);
    let renamed = indexes(&searched("#[Search::index(name = \"goods\")]", ""));
    expect![[r#"
        indexes {"change":"added","index":"shop.goods"}
        indexes {"change":"removed","index":"shop.products"}"#]]
    .assert_eq(&renamed);
}

#[test]
fn a_cache_that_depends_on_something_else_is_another_release() {
    let source = |more: &str| {
        let source = SHOP.replace("pub struct Shop {", "pub struct Shop { pub others: Table<Other>,");
        let cache = "#[Cache::memoize] async fn best(shop: &Shop) -> u64 { shop.products.count().await MORE }";
        format!("{source}#[Database::table] pub struct Other {{ #[key] pub id: i64 }}\n{cache}").replace("MORE", more)
    };
    let state = |source: &str| state(source, "[regions.eu]\n", &Previous::default());
    let released = state(&source("")).next(None);
    assert_eq!(released.caches.len(), 1);
    assert_eq!(state(&source("+ 1")).next(Some(&released)).release, 1, "what it computes is no part of a release");
    let caches = |source: &str| {
        let difference = state(source).difference(Some(&released));
        difference.lines().filter(|line| line.starts_with("caches")).collect::<Vec<_>>().join("\n")
    };
    let changed = source("+ shop.others.count().await");
    assert_eq!(state(&changed).next(Some(&released)).release, 2);
    let renamed = caches(&source("").replace("fn best", "fn top"));
    expect![[r#"
        caches {"cache":"app::best","change":"changed","depends":["shop.others","shop.products"],"previous":["shop.products"]}
        caches {"cache":"app::best","change":"removed","depends":["shop.products"]}
        caches {"cache":"app::top","change":"added","depends":["shop.products"]}"#]].assert_eq(&[caches(&changed), renamed].join("\n"));
    let change = super::CacheChange {
        change: super::Kind::Changed,
        cache: "app::best".to_owned(),
        depends: vec!["shop".to_owned()],
        previous: Some(Vec::new()),
    };
    assert_eq!(change.to_string(), "`app::best`: depends on shop, before on nothing");
}

#[test]
fn a_renamed_type_changes_no_call() {
    let source = |name: &str| {
        format!(
            "use cell::prelude::*; #[message] pub struct {name} {{ pub id: i64 }} #[service] pub struct Goods;
             #[handler] impl Goods {{ pub async fn put(&self, it: {name}) -> Result<()> {{ Ok(()) }} }}"
        )
    };
    let released = state(&source("Order"), "[regions.eu]\n", &Previous::default()).next(None);
    let second = state(&source("Purchase"), "[regions.eu]\n", &Previous::default());
    assert_eq!(second.next(Some(&released)).release, 2);
    expect![[r#"
        types {"change":"removed","type":"Order"}
        types {"change":"added","type":"Purchase"}
    "#]]
    .assert_eq(&second.difference(Some(&released)));
}
