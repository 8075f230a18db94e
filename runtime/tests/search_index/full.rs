//! A disk without room: what is there is searched, nothing is lost, and what was written is found when there is room again. The disk is
//! one of the memory that only this test's own process sees, and holds the index alone.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cell::prelude::*;
use cell::search::{IndexStatus, SearchError};
use cell_migrate::throwaway::{Cluster, sqlite};

use crate::shop::{Place, at, product};

/// Where the disk is.
const DISK: &str = "CELL_TEST_DISK";

#[test]
fn sqlite_a_full_disk_loses_nothing() {
    on_a_disk_of_its_own("sqlite_a_full_disk_loses_nothing", async |disk| {
        let file = sqlite().expect("a folder");
        let beside = PathBuf::from(format!("{}.search", file.url().as_str().strip_prefix("sqlite:").expect("a file")));
        symlink(&disk, beside).expect("a link");
        loses_nothing(&disk, &at(file.url().as_str()).await).await;
    });
}

#[test]
fn postgres_a_full_disk_loses_nothing() {
    on_a_disk_of_its_own("postgres_a_full_disk_loses_nothing", async |disk| {
        let url = Cluster::shared().await.expect("a server").create_database("search").await.expect("a database");
        loses_nothing(&disk, &at(url.as_str()).await).await;
    });
}

/// Runs the test of this name once more, where a small disk is mounted.
fn on_a_disk_of_its_own(name: &str, test: impl AsyncFnOnce(PathBuf)) {
    if let Some(disk) = std::env::var_os(DISK) {
        return tokio::runtime::Runtime::new().expect("a runtime").block_on(test(disk.into()));
    }
    let disk = tempfile::tempdir().expect("a folder");
    let mounted = "mount -t tmpfs -o size=4m none \"$CELL_TEST_DISK\" && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", mounted]);
    command.arg(std::env::current_exe().expect("this program"));
    command.args(["--exact", &format!("full::{name}"), "--nocapture"]);
    // On PostgreSQL the index lies in the state's folder.
    command.env(DISK, disk.path()).env("CELL_STATE", disk.path()).stdin(Stdio::null());
    let output = command.output().expect("a process");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    let mut file = File::create(path).expect("a file");
    for size in [1 << 20, 64 << 10, 4096, 1] {
        let piece = vec![1; size];
        while file.write_all(&piece).is_ok() {}
    }
}

async fn insert(place: &Place, from: i64, to: i64) {
    let rows = (from..to).map(|at| product(&format!("s{at}"), &format!("Thing {at}"), dec!(1)));
    place.shop.products.insert_many(rows.collect::<Vec<_>>()).await.expect("rows");
}

/// Waits until the index stands so.
async fn until(place: &Place, is_so: impl Fn(&IndexStatus) -> bool) {
    let stands = async {
        while !is_so(&place.shop.products.search_status().await.expect("a status")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), stands).await.expect("it does not come to that");
}

async fn loses_nothing(disk: &Path, place: &Place) {
    let products = &place.shop.products;
    insert(place, 0, 100).await;
    let found = products.search("thing").after(place.shop.last_write()).limit(0).await.expect("an answer");
    assert_eq!(found.count, 100);

    let filler = disk.join("filler");
    fill(&filler);
    insert(place, 100, 200).await;
    until(place, |status| status.trouble.is_some()).await;
    assert_eq!(products.search("thing").limit(0).await.expect("what was there").count, 100);
    let late = products.search("thing").after(place.shop.last_write()).within(Duration::from_millis(50)).await;
    assert!(matches!(late, Err(SearchError::Behind { .. })), "{late:?}");

    fs::remove_file(&filler).expect("room");
    let found = products.search("thing").after(place.shop.last_write()).within(Duration::from_secs(60)).limit(0).await;
    assert_eq!(found.expect("an answer").count, 200);
    until(place, |status| status.trouble.is_none() && status.behind == Some(0)).await;
    let verified = products.verify_search().await.expect("both");
    assert_eq!((verified.documents, verified.differing), (200, Vec::new()));
}
