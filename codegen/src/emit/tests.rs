//! What is emitted for a small application, and that it is the same each time.

mod caches;
mod changes;
mod indexes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cell_schema::hazard::Allowed;
use expect_test::{Expect, expect};

use super::{Artifacts, Previous, emit, histories, outdated, write};
use crate::check::check;
use crate::lower::lower;
use crate::render;
use crate::scan;
use crate::topology::{self, Topologies};

const SHOP: &str = "use cell::prelude::*;
#[Database::table] pub struct Product { #[key] pub id: i64, #[unique] pub sku: String }
#[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub products: Table<Product> }
#[service] pub struct Catalog { shop: Shop }
#[handler] impl Catalog {
    #[http(GET, \"/products/{sku}\")] #[idempotent]
    pub async fn get(&self, sku: String) -> Result<Option<Product>> { answer() }
}
";

/// What is emitted over files that are there; or what is refused.
fn compile(source: &str, previous: &Previous) -> Result<Artifacts, String> {
    compile_with(source, previous, &BTreeSet::new())
}

/// The same where hazards may happen besides those that the source and the files allow.
fn compile_with(source: &str, previous: &Previous, allowed: &BTreeSet<Allowed>) -> Result<Artifacts, String> {
    let scanned = scan::from_sources(&[("src/main.rs", source)]);
    let program = scanned.program;
    let model = lower(&program);
    let mut diagnostics = scanned.diagnostics;
    let topologies = previous.under("cell").map(|(path, bytes)| (format!("cell/{path}"), bytes.to_vec()));
    let topologies = Topologies::parse(&topologies.collect()).map_err(|errors| format!("{errors:?}"))?;
    diagnostics.extend(check(&program, &model, &topologies));
    if diagnostics.is_empty() {
        match histories(&model, previous, allowed) {
            Ok(histories) => return Ok(emit(&model, &histories, &topologies, previous)),
            Err(refused) => diagnostics = refused,
        }
    }
    Err(render::human(&program, &diagnostics, render::Color::Never))
}

fn compiled(source: &str, previous: &Previous) -> Artifacts {
    compile(source, previous).expect("an application that compiles")
}

fn listed(artifacts: &Artifacts) -> String {
    let removed = artifacts.removals.iter().map(|path| format!("- {path}\n"));
    artifacts.files.keys().map(|path| format!("{path}\n")).chain(removed).collect()
}

#[track_caller]
fn refused(source: &str, previous: &Previous, expected: Expect) {
    expected.assert_eq(&compile(source, previous).expect_err("an application that does not compile"));
}

#[test]
fn the_first_build_emits_every_file() {
    let artifacts = compiled(SHOP, &Previous::default());
    expect![[r#"
        cell/manifest.json
        cell/shop/chain
        cell/shop/migrations/0001_create_products/change.json
        cell/shop/migrations/0001_create_products/expand.postgres.sql
        cell/shop/migrations/0001_create_products/expand.sqlite.sql
        cell/shop/snapshot.json
        cell/topology.toml
    "#]]
    .assert_eq(&listed(&artifacts));
    let manifest = artifacts.files.get(super::MANIFEST).expect("a manifest");
    expect![[r#"
        {
          "format": 1,
          "application": "app",
          "databases": [
            {
              "name": "shop",
              "engine": "sqlite",
              "folder": "cell/shop",
              "file": "shop.db",
              "schema": "f813f5eb61cd5b7d57acda496bf8172cc264c2705cfbe68168a1fb01f37a4767",
              "chain": "e15ae0805155ab92f6c0ae99eecc1bc682b0dfc3684179a9d5c2fb11c46bc7a4"
            }
          ],
          "cells": [
            {
              "name": "catalog",
              "needs": {
                "databases": [
                  "shop"
                ]
              },
              "replicas": [
                {
                  "region": "local"
                }
              ],
              "handlers": [
                {
                  "name": "get",
                  "hash": "971bde76ba6f979fda670b801db19f6f",
                  "shape": {
                    "arguments": [
                      {
                        "name": "sku",
                        "shape": "string"
                      }
                    ],
                    "result": {
                      "option": {
                        "type": "Product"
                      }
                    }
                  },
                  "idempotent": true,
                  "http": {
                    "method": "GET",
                    "path": "/products/{sku}"
                  }
                }
              ]
            }
          ],
          "types": {
            "Product": {
              "struct": [
                {
                  "name": "id",
                  "shape": "i64"
                },
                {
                  "name": "sku",
                  "shape": "string"
                }
              ]
            }
          },
          "processes": [
            {
              "name": "app",
              "cells": [
                "catalog"
              ],
              "regions": [
                "local"
              ],
              "replicas": 1
            }
          ],
          "topology": "62f9b84890dfc95c0ebf685268b5a83480a880b53893317dda20d620295f3478"
        }
    "#]]
    .assert_eq(&String::from_utf8_lossy(manifest));
}

#[test]
fn the_same_sources_give_the_same_bytes_in_any_folder_and_over_their_own_output() {
    // Each call has a temporary folder of its own.
    let first = compiled(SHOP, &Previous::default());
    let second = compiled(SHOP, &Previous::default());
    assert_eq!(first, second);
    let third = compiled(SHOP, &Previous::new(first.files.clone()));
    let mut but_topology = first.files.clone();
    but_topology.remove(topology::DEFAULT);
    assert_eq!(third, Artifacts { files: but_topology, removals: Default::default() });
}

#[test]
fn a_topology_that_is_there_is_never_written() {
    let topology = b"format = 1\n[regions.eu]\n".to_vec();
    let previous = Previous::new(BTreeMap::from([(topology::DEFAULT.to_owned(), topology)]));
    assert!(!compiled(SHOP, &previous).files.contains_key(topology::DEFAULT));
    let broken = Previous::new(BTreeMap::from([(topology::DEFAULT.to_owned(), b"regions = [".to_vec())]));
    assert!(compile(SHOP, &broken).is_err());
}

#[test]
fn each_topology_has_a_manifest_and_one_without_a_topology_goes() {
    let source = SHOP.replace("#[service]", "#[service] #[Placement(region = \"eu\", replicas = 2)]");
    let topology = |regions: &str| format!("format = 1\n{regions}").into_bytes();
    let mut files = BTreeMap::from([
        (topology::DEFAULT.to_owned(), topology("[regions.us]\n[regions.eu]\n")),
        ("cell/topology.staging.toml".to_owned(), topology("[regions.eu]\n")),
        ("cell/manifest.mine.json".to_owned(), b"{}".to_vec()),
    ]);
    let first = compiled(&source, &Previous::new(files.clone()));
    let manifest = |path: &str| {
        let text = String::from_utf8(first.files.get(path).expect("a manifest").clone()).expect("UTF-8");
        cell_manifest::Manifest::from_json(&text).expect("a manifest")
    };
    let (default, staging) = (manifest(super::MANIFEST), manifest("cell/manifest.staging.json"));
    assert_ne!(default.topology, staging.topology);
    let cell = default.cells.first().expect("a cell");
    assert_eq!(cell.replicas.iter().map(|replica| replica.region.as_str()).collect::<Vec<_>>(), ["eu", "eu"]);
    let process = default.processes.first().expect("a process");
    assert_eq!(
        (process.name.as_str(), process.regions.as_slice(), process.replicas),
        ("app", &["eu".to_owned()][..], 2)
    );
    assert_eq!(default.cells, staging.cells);

    files.extend(first.files.clone());
    files.remove("cell/topology.staging.toml");
    let removals: Vec<String> = compiled(&source, &Previous::new(files)).removals.into_iter().collect();
    assert_eq!(removals, ["cell/manifest.staging.json"], "what no build wrote stays");
}

#[test]
fn an_open_migration_that_was_edited_or_merged_badly_is_written_again() {
    let good = compiled(SHOP, &Previous::default()).files;
    let mut files = good.clone();
    files.insert("cell/shop/chain".to_owned(), b"<<<<<<< ours\nnonsense\n".to_vec());
    files.insert("cell/shop/snapshot.json".to_owned(), b"{".to_vec());
    let written = compiled(SHOP, &Previous::new(files)).files;
    for path in ["cell/shop/chain", "cell/shop/snapshot.json"] {
        assert_eq!(written.get(path), good.get(path), "{path}");
    }
}

#[test]
fn what_a_release_sealed_is_kept_and_the_next_change_is_a_migration_of_its_own() {
    let mut files = released();
    let sealed = compiled(SHOP, &Previous::new(files.clone()));
    assert_eq!(sealed.files.get("cell/shop/sealed"), files.get("cell/shop/sealed"));
    let source = SHOP.replace("pub sku: String", "pub sku: String, pub note: Option<String>");
    let next = compiled(&source, &Previous::new(files.clone()));
    assert!(next.removals.is_empty(), "{:?}", next.removals);
    for (path, bytes) in files.iter().filter(|(path, _)| path.contains("/migrations/") || path.ends_with("/sealed")) {
        assert_eq!(next.files.get(path), Some(bytes), "{path}");
    }
    assert!(next.files.contains_key("cell/shop/migrations/0002_add_note/change.json"), "{}", listed(&next));
    // The open one goes with its change.
    let mut later = files.clone();
    later.extend(next.files);
    let undone = compiled(SHOP, &Previous::new(later));
    assert!(undone.files == sealed.files, "{}", listed(&undone));
    assert_eq!(undone.removals.len(), 3, "{:?}", undone.removals);

    // A sealed file that is not as it was is refused, not written again.
    let change = "cell/shop/migrations/0001_create_products/change.json";
    let edited = String::from_utf8_lossy(&files[change]).replace("sku", "code").into_bytes();
    files.insert(change.to_owned(), edited);
    let said = compile(SHOP, &Previous::new(files)).expect_err("an edited sealed migration");
    assert!(said.contains("error[history-edited]"), "{said}");
}

/// The files of a shop after its first release.
fn released() -> BTreeMap<String, Vec<u8>> {
    sealed(compiled(SHOP, &Previous::default()).files)
}

/// The files with every migration sealed, as a release leaves them: the seal is the chain's last line.
fn sealed(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let chain = String::from_utf8_lossy(&files["cell/shop/chain"]).into_owned();
    let last = chain.lines().last().expect("a link");
    files.insert("cell/shop/sealed".to_owned(), format!("{last}\n").into_bytes());
    files
}

#[test]
fn what_the_declared_engine_cannot_hold_is_refused_at_its_place() {
    let source = SHOP.replace("#[unique]", "#[check(postgres = \"sku ~ 'a'\")]");
    refused(
        &source,
        &Previous::default(),
        expect![[r#"
        error[expression-engine]: `products_check` says nothing for SQLite
         --> src/main.rs:2:61
          |
        2 | #[Database::table] pub struct Product { #[key] pub id: i64, #[check(postgres = "sku ~ 'a'")] pub sku: String }
          |                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ shop.products.products_check
          |
          = help: add `sqlite = "…"`, or write the expression in Rust syntax, which serves every engine

    "#]],
    );
    let source = SHOP.replace("#[unique]", "#[check(sku > 5)]");
    refused(
        &source,
        &Previous::default(),
        expect![[r#"
        error[expression-type]: `sku > 5` compares text with a whole number
         --> src/main.rs:2:61
          |
        2 | #[Database::table] pub struct Product { #[key] pub id: i64, #[check(sku > 5)] pub sku: String }
          |                                                             ^^^^^^^^^^^^^^^^^ shop.products.products_sku_check
          |
          = help: compare values of one type

    "#]],
    );
}

#[test]
fn only_files_of_a_migration_that_is_another_now_are_removed() {
    let mut files = compiled(SHOP, &Previous::default()).files;
    for own in ["notes.md", "seeds/products.sql", "migrations/README.md", "migrations/0001_create_products/plan.txt"] {
        files.insert(format!("cell/shop/{own}"), b"mine".to_vec());
    }
    files.insert("cell/shop/migrations/0002_add_sku/change.json".to_owned(), b"{}".to_vec());
    files.insert("cell/shop/migrations/0002_add_sku/expand.sqlite.sql".to_owned(), b"".to_vec());
    let removals: Vec<String> = compiled(SHOP, &Previous::new(files)).removals.into_iter().collect();
    assert_eq!(
        removals,
        ["cell/shop/migrations/0002_add_sku/change.json", "cell/shop/migrations/0002_add_sku/expand.sqlite.sql"]
    );
}

#[test]
fn an_added_field_changes_the_open_migration() {
    let first = compiled(SHOP, &Previous::default());
    let source = SHOP.replace("pub sku: String", "pub sku: String, pub note: Option<String>");
    let second = compiled(&source, &Previous::new(first.files.clone()));
    let changed: String = second
        .files
        .iter()
        .filter(|(path, bytes)| first.files.get(*path) != Some(*bytes))
        .map(|(path, _)| format!("{path}\n"))
        .chain(second.removals.iter().map(|path| format!("- {path}\n")))
        .collect();
    expect![[r#"
        cell/manifest.json
        cell/shop/chain
        cell/shop/migrations/0001_create_products/change.json
        cell/shop/migrations/0001_create_products/expand.postgres.sql
        cell/shop/migrations/0001_create_products/expand.sqlite.sql
        cell/shop/snapshot.json
    "#]]
    .assert_eq(&changed);
}

#[test]
fn writing_changes_what_differs_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let first = compiled(SHOP, &Previous::default());
    assert_eq!(write(root, &first).expect("written").len(), first.files.len());
    assert_eq!(outdated(root, &first).expect("read"), []);
    assert_eq!(write(root, &first).expect("written"), Vec::<String>::new());

    std::fs::write(root.join(super::MANIFEST), "{\n}\n").expect("written");
    std::fs::remove_file(root.join("cell/shop/chain")).expect("removed");
    let found: Vec<String> = outdated(root, &first).expect("read").iter().map(ToString::to_string).collect();
    assert_eq!(found, ["`cell/manifest.json` differs from line 2 on", "`cell/shop/chain` is missing"]);

    let stale = first.files.keys().find(|path| path.ends_with("change.json")).expect("a migration").clone();
    let mut second = first.clone();
    let folder_of_stale = Path::new(&stale).parent().expect("a folder").to_owned();
    second.files.retain(|path, _| !Path::new(path).starts_with(&folder_of_stale));
    second.removals = first.files.keys().filter(|path| !second.files.contains_key(*path)).cloned().collect();
    write(root, &second).expect("written");
    assert_eq!(outdated(root, &second).expect("read"), []);
    assert!(!root.join(folder_of_stale).exists(), "an empty folder does not stay");
    assert_eq!(hidden(root), Vec::<String>::new());
}

#[test]
fn a_failed_write_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let mut artifacts = Artifacts::default();
    artifacts.files.insert("cell/a.json".to_owned(), b"next".to_vec());
    artifacts.files.insert("cell/b/c/d.json".to_owned(), b"next".to_vec());
    // A folder stands where the last file is to be: its text is staged, and then cannot be put in its place.
    artifacts.files.insert("cell/z.json".to_owned(), b"next".to_vec());
    std::fs::create_dir_all(root.join("cell/z.json/full")).expect("a folder");
    std::fs::write(root.join("cell/a.json"), "previous").expect("written");
    let error = write(root, &artifacts).expect_err("a folder cannot be replaced");
    assert_eq!(error.path, "cell/z.json");
    assert_eq!(std::fs::read_to_string(root.join("cell/a.json")).expect("read"), "previous");
    assert!(!root.join("cell/b").exists());
    assert_eq!(hidden(root), Vec::<String>::new());
}

/// Hidden files under `cell/`, which only an unfinished write would leave.
fn hidden(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("cell")).expect("the folder");
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with('.'))
        .collect()
}

#[test]
fn a_manifest_says_which_variables_hold_the_urls_of_replicas() {
    let engine = "#[Database::postgres(url = env(\"SHOP\"), primary = \"local\", replicas = [\"local\"])]";
    let artifacts = compiled(&SHOP.replace("#[Database::sqlite(file = \"shop.db\")]", engine), &Previous::default());
    let manifest = String::from_utf8_lossy(artifacts.files.get(super::MANIFEST).expect("a manifest").as_ref());
    assert!(manifest.contains("\"env\": \"SHOP_LOCAL\""), "{manifest}");
}
