//! Appliers in processes of their own, which stay in a step until they are killed.
//! In: a database, a story, a step. Out: a child that is at work there. Absent: sleeping: what a child does is asked of the database.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cell_migrate::Target;

use super::{example, texts};

/// Starts an applier of a story that never gets past a place: the number of a step, and a side of it.
pub fn stay(target: &Target, story: &str, place: &str) -> Child {
    Command::new(example("stuck-applier"))
        .args([target.url().as_str(), story])
        .args(place.split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the child is in the endless statement, which it never says itself.
pub async fn wait_until_it_stays(target: &Target, child: &mut Child) {
    let begun = Instant::now();
    loop {
        let stays = match target.engine() {
            cell_schema::Engine::Postgres => {
                let waiting = "SELECT CAST(wait_event AS text) FROM pg_stat_activity \
                    WHERE datname = current_database() AND wait_event = 'PgSleep'";
                !texts(target, waiting).await.is_empty()
            }
            cell_schema::Engine::Sqlite => {
                let file = target.url().as_str().trim_start_matches("sqlite:");
                std::fs::metadata(PathBuf::from(format!("{file}-wal"))).is_ok_and(|log| log.len() > 8 << 20)
            }
        };
        if stays {
            return;
        }
        if child.try_wait().unwrap().is_some() || begun.elapsed() > Duration::from_secs(60) {
            let mut said = String::new();
            child.kill().unwrap();
            child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
            panic!("the child did not stay in its step: {said}");
        }
        tokio::task::yield_now().await;
    }
}

pub fn kill(mut child: Child) {
    // SIGKILL: the child cannot clean up.
    child.kill().unwrap();
    child.wait().unwrap();
}
