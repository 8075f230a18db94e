//! Throwaway databases: they start, are apart from each other, and leave nothing behind however their owner ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cell_migrate::throwaway::{Cluster, sqlite};
use sqlx::{Connection, PgConnection};

/// Set for the process that `an_owner_that_is_killed_leaves_nothing` starts.
const OWNER: &str = "CELL_TEST_OWNER";

fn folder(cluster: &Cluster) -> PathBuf {
    let (_, folder) = cluster.url().as_str().split_once("host=").expect("a socket");
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
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["own_a_cluster_until_killed", "--exact", "--ignored", "--nocapture"])
        .env(OWNER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let folder = BufReader::new(owner.stdout.as_mut().unwrap())
        .lines()
        .find_map(|line| line.unwrap().split_once("cluster at ").map(|(_, folder)| PathBuf::from(folder)))
        .expect("the owner to start a cluster");
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
#[ignore = "the process that `an_owner_that_is_killed_leaves_nothing` starts and kills"]
async fn own_a_cluster_until_killed() {
    if std::env::var_os(OWNER).is_none() {
        return;
    }
    let cluster = Cluster::start().await.unwrap();
    writeln!(std::io::stdout(), "\ncluster at {}", folder(&cluster).display()).unwrap();
    // The parent never writes: this ends with the process.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    std::thread::park();
}

#[tokio::test]
async fn a_sqlite_file_goes_with_its_folder() {
    let file = sqlite().unwrap();
    let path = file.path();
    std::fs::write(&path, "").unwrap();
    drop(file);
    assert!(!path.exists());
}
