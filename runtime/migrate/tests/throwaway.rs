//! Throwaway databases: they start, are apart from each other, and leave nothing behind however their owner ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cell_migrate::throwaway::{Cluster, sqlite};
use sqlx::{Connection, PgConnection};

fn folder(cluster: &Cluster) -> PathBuf {
    socket_folder(cluster.url().as_str())
}

fn socket_folder(url: &str) -> PathBuf {
    let (_, folder) = url.split_once("host=").expect("a socket");
    PathBuf::from(folder)
}

#[tokio::test]
async fn databases_of_one_prefix_are_apart() {
    let cluster = Cluster::shared().await.unwrap();
    let (first, second) = (
        cluster.create_database("Zwei \"Wörter\"").await.unwrap(),
        cluster.create_database("Zwei \"Wörter\"").await.unwrap(),
    );
    assert_ne!(first, second);
    let mut connection = PgConnection::connect(first.as_str()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE only_here (id int)").execute(&mut connection).await.unwrap();
    let mut connection = PgConnection::connect(second.as_str()).await.unwrap();
    assert!(sqlx::raw_sql("SELECT * FROM only_here").execute(&mut connection).await.is_err());
}

#[tokio::test]
async fn a_dropped_cluster_leaves_no_folder() {
    let cluster = Cluster::start().await.unwrap();
    let folder = folder(&cluster);
    assert!(folder.exists());
    drop(cluster);
    assert!(!folder.exists());
}

#[tokio::test]
async fn an_owner_that_is_killed_leaves_nothing() {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/cluster-owner");
    let mut owner = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(owner.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let folder = socket_folder(url.trim());
    let server: i32 =
        std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap().lines().next().unwrap().parse().unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    gone(&folder, server);
}

/// Waits for the server and its folder to go: both are other processes' work, and neither reports to this one.
fn gone(folder: &Path, server: i32) {
    let begun = std::time::Instant::now();
    let process = Path::new("/proc").join(server.to_string());
    while folder.exists() || process.exists() {
        assert!(begun.elapsed().as_secs() < 60, "`{}` or process {server} is still there", folder.display());
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_sqlite_file_goes_with_its_folder() {
    let file = sqlite().unwrap();
    let path = file.path();
    std::fs::write(&path, "").unwrap();
    drop(file);
    assert!(!path.exists());
}
