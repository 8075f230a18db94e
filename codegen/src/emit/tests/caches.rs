//! What depends on what: its file, its lines in the manifest, and when both go.

use cell_manifest::{Cache, Manifest};
use expect_test::expect;

use super::super::{MANIFEST, Previous, caches, outdated, write};
use super::{compiled, listed};

const SHOP: &str = "use cell::prelude::*;
#[Database::table] #[Cache::memoize(ttl = \"10m\", capacity = 100_000)] pub struct Product { #[key] pub id: i64 }
#[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub products: Table<Product> }
#[service] pub struct Goods { shop: Shop }
#[handler] impl Goods {
    #[Cache::memoize(none_ttl = \"1s\", tag = \"best\")]
    pub async fn best(&self) -> Result<u64> { self.count().await }
}
impl Goods { async fn count(&self) -> Result<u64> { Ok(self.shop.products.count().await?) } }
#[Cache::memoize] async fn all(shop: &Shop) -> Result<u64> { outside::of(shop).await }
";

#[test]
fn caches_have_one_file_and_a_line_each_in_the_manifest() {
    let files = compiled(SHOP, &Previous::default()).files;
    expect![[r#"
        {
          "format": 1,
          "caches": [
            {
              "name": "app::all",
              "of": "function",
              "depends": [
                {
                  "on": "shop",
                  "because": "all: shop"
                }
              ]
            },
            {
              "name": "app::best",
              "of": "function",
              "none_ttl": 1000,
              "tags": [
                "best"
              ],
              "depends": [
                {
                  "on": "shop.products",
                  "because": "best → count: self.shop.products"
                }
              ]
            },
            {
              "name": "shop.products",
              "of": "rows",
              "ttl": 600000,
              "capacity": 100000,
              "depends": [
                {
                  "on": "shop.products",
                  "because": "it holds its rows"
                }
              ]
            }
          ]
        }
    "#]]
    .assert_eq(&String::from_utf8_lossy(&files[caches::FILE]));
    let manifest = Manifest::from_json(&String::from_utf8_lossy(&files[MANIFEST])).expect("a manifest");
    let cache = |name: &str, on: &str| Cache { name: name.to_owned(), depends: vec![on.to_owned()] };
    assert_eq!(
        manifest.caches,
        [cache("app::all", "shop"), cache("app::best", "shop.products"), cache("shop.products", "shop.products")]
    );
}

#[test]
fn lines_above_a_function_change_nothing() {
    let moved = SHOP.replace("#[service]", "\n\n// More words.\n#[service]");
    assert!(compiled(SHOP, &Previous::default()) == compiled(&moved, &Previous::default()));
}

#[test]
fn the_file_goes_with_the_last_cache_and_a_strangers_stays() {
    let none = SHOP.lines().filter(|line| !line.starts_with("#[Cache")).collect::<Vec<_>>().join("\n");
    let none = none.replace("#[Cache::memoize(ttl = \"10m\", capacity = 100_000)]", "");
    let none = none.replace("    #[Cache::memoize(none_ttl = \"1s\", tag = \"best\")]", "");
    let folder = tempfile::tempdir().expect("a folder");
    let first = compiled(SHOP, &Previous::default());
    write(folder.path(), &first).expect("written");
    let next = compiled(&none, &Previous::new(first.files.clone()));
    assert!(next.removals.contains(caches::FILE) && !next.files.contains_key(caches::FILE), "{}", listed(&next));
    let found = outdated(folder.path(), &next).expect("read");
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(found.contains(&"`cell/caches.json` is no longer needed".to_owned()), "{found:?}");
    write(folder.path(), &next).expect("written");
    assert!(!folder.path().join(caches::FILE).exists());

    let mut files = first.files;
    files.insert(caches::FILE.to_owned(), b"{\"mine\": true}".to_vec());
    assert!(!compiled(&none, &Previous::new(files)).removals.contains(caches::FILE));
}
