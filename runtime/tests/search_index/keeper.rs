//! A program that is told to look after the indexes of a shop, and what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cell::db::Database as _;
use cell::prelude::*;
use cell_manifest::{SearchProgress, SearchSaid, SearchedIndex};

use crate::shop::{Place, Plain, plain, product};

/// Beside this test's folder, where cargo puts examples.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test's path");
    let folder = test.ancestors().nth(2).expect("a folder");
    folder.join("examples").join(format!("shopkeeper{}", std::env::consts::EXE_SUFFIX))
}

/// The program, asked about the shop at this URL.
pub fn asked(url: &str, mode: &str, indexes: &str) -> Command {
    let mut command = Command::new(program());
    command.env("CELL_SEARCH", mode).env("CELL_SEARCH_INDEXES", indexes);
    command.env("CELL_SHOP_URL", url).env("CELL_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// What the program says of the index of `products`, and how it ends.
pub struct Told {
    pub progress: Vec<SearchProgress>,
    pub index: SearchedIndex,
    pub code: Option<i32>,
    pub err: String,
}

pub fn told(place: &Place, mode: &str) -> Told {
    let output = asked(&place.url, mode, "shop.products").output().expect("a process");
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    let (mut progress, mut indexes) = (Vec::new(), Vec::new());
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        match SearchSaid::from_json(line).unwrap_or_else(|error| panic!("{error}: {line}")) {
            SearchSaid::Progress(step) => progress.push(step),
            SearchSaid::Indexes(all) => indexes.extend(all.indexes),
        }
    }
    assert_eq!(indexes.len(), 1, "{err}");
    Told { progress, index: indexes.remove(0), code: output.status.code(), err }
}

/// Waits until it is so with the index.
#[track_caller]
pub fn until(place: &Place, is_so: impl Fn(&SearchedIndex) -> bool) -> SearchedIndex {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(120);
    loop {
        let index = told(place, "status").index;
        if is_so(&index) {
            return index;
        }
        assert!(std::time::Instant::now() < end, "it does not become so: {index:?}");
    }
}

pub async fn fill(place: &Place, rows: i64) {
    let rows = (0..rows).map(|at| product(&format!("s{at}"), &format!("Thing {at}"), Decimal::new(at, 2)));
    place.shop.products.insert_many(rows.collect::<Vec<_>>()).await.expect("rows");
}

/// A shop with so many products, which this process does not follow any more.
pub async fn closed(place: &Place, rows: i64) -> Plain {
    fill(place, rows).await;
    place.shop.products.search("").after(place.shop.last_write()).await.expect("an answer");
    place.shop.handle().close().await;
    until(place, |index| !index.written);
    plain(&place.url).await
}

/// The folder of the index of `products`, on SQLite.
pub fn folder(place: &Place) -> PathBuf {
    let file = place.url.strip_prefix("sqlite:").expect("a file");
    let products = Path::new(&format!("{file}.search")).join("products");
    std::fs::read_dir(products).expect("an index").next().expect("an index").expect("a folder").path()
}

pub fn generation(place: &Place) -> String {
    std::fs::read_to_string(folder(place).join("current")).expect("a number")
}
