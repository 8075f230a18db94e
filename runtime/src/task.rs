//! Background work of cells, under supervision.
//! In: the tasks that started cells show. Out: runs; an error or a panic is logged with its causes and ends no process.
//! Absent: a choice among replicas. Each process that has the cell runs its tasks.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Result;

/// How long a task that failed waits before it runs again: twice as long after each failure, within these bounds.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// After a run of this length the next failure counts as the first.
const STEADY: Duration = Duration::from_secs(60);

/// A cell's background work.
pub(crate) struct Task {
    pub(crate) cell: &'static str,
    pub(crate) name: &'static str,
    /// From the end of one run to the start of the next; without it, it runs once, for as long as it likes.
    pub(crate) every: Option<Duration>,
    pub(crate) run: Box<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>,
}

impl Task {
    /// One run; an error or a panic is logged. Whether all went well.
    async fn once(&self) -> bool {
        let (cell, task) = (self.cell, self.name);
        // What others write it need not see.
        #[cfg(any(feature = "postgres", feature = "sqlite"))]
        let run = crate::db::alone((self.run)());
        #[cfg(not(any(feature = "postgres", feature = "sqlite")))]
        let run = (self.run)();
        match AssertUnwindSafe(run).catch_unwind().await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(cell, task, "the task failed: {error}");
                false
            }
            Err(panic) => {
                tracing::error!(cell, task, "the task panicked: {}", panic_text(&*panic));
                false
            }
        }
    }

    /// Runs until the work is done or `stop` says so.
    async fn supervise(self, mut stop: watch::Receiver<bool>) {
        match self.every {
            Some(pause) => {
                // A run under way is not cut in the middle: it has the grace period to end.
                while !*stop.borrow() {
                    self.once().await;
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = stopped(&mut stop) => return,
                    }
                }
            }
            None => {
                // Such a task may well never end by itself, so it is dropped where it waits.
                tokio::select! {
                    () = self.until_done() => {}
                    () = stopped(&mut stop) => {}
                }
            }
        }
    }

    async fn until_done(&self) {
        let mut failures = 0;
        loop {
            let begun = tokio::time::Instant::now();
            if self.once().await {
                return;
            }
            failures = if begun.elapsed() >= STEADY { 1 } else { failures + 1 };
            let pause = backoff(failures, uuid::Uuid::new_v4().as_u128());
            tracing::info!(cell = self.cell, task = self.name, "the task runs again in {:.1} s", pause.as_secs_f32());
            tokio::time::sleep(pause).await;
        }
    }
}

/// Tasks under supervision. Dropping it drops them where they wait.
pub(crate) struct Tasks {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Tasks {
    /// Starts `tasks`.
    pub(crate) fn start(tasks: impl IntoIterator<Item = Task>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut running = JoinSet::new();
        for task in tasks {
            running.spawn(task.supervise(stopped.clone()));
        }
        Self { stop, running }
    }

    /// Stops them, waiting up to `grace` for runs under way.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(true);
        let ended = tokio::time::timeout(grace, async { while self.running.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("{} tasks did not end within {} s and are dropped", self.running.len(), grace.as_secs());
            self.running.shutdown().await;
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The sender is gone only when the process is.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The pause after the `failures`th failure in a row: doubled each time, and between half and the whole of that, so
/// that processes which failed together do not come back together.
fn backoff(failures: u32, random: u128) -> Duration {
    let (least, most) = BACKOFF;
    let whole = least.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(most);
    let share = (random % 1000) as u32;
    whole / 2 + whole / 2 * share / 1000
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{Task, Tasks, backoff};
    use crate::{Error, Result};

    /// When runs began, counted from the start of the test.
    #[derive(Clone)]
    struct Runs {
        begun: Instant,
        at: Arc<Mutex<Vec<Duration>>>,
    }

    impl Runs {
        fn new() -> Self {
            Self { begun: Instant::now(), at: Arc::default() }
        }

        /// Notes a run, and tells how many there were before it.
        fn note(&self) -> usize {
            let mut at = self.at.lock().unwrap();
            at.push(self.begun.elapsed());
            at.len() - 1
        }

        fn seconds(&self) -> Vec<u64> {
            self.at.lock().unwrap().iter().map(Duration::as_secs).collect()
        }
    }

    fn task<F>(every: Option<u64>, runs: &Runs, run: impl Fn(Runs) -> F + Send + Sync + 'static) -> Task
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let runs = runs.clone();
        let every = every.map(Duration::from_secs);
        Task { cell: "test", name: "task", every, run: Box::new(move || Box::pin(run(runs.clone()))) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_task_pauses_between_the_end_of_a_run_and_the_next() {
        let runs = Runs::new();
        let tasks = Tasks::start([task(Some(60), &runs, |runs: Runs| async move {
            runs.note();
            sleep(Duration::from_secs(5)).await;
            Ok(())
        })]);
        sleep(Duration::from_secs(140)).await;
        tasks.stop(Duration::from_secs(10)).await;
        assert_eq!(runs.seconds(), [0, 65, 130]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_task_goes_on_after_an_error_and_a_panic() {
        let runs = Runs::new();
        let tasks = Tasks::start([task(Some(60), &runs, |runs: Runs| async move {
            match runs.note() {
                0 => Err(Error::message("no network")),
                1 => panic!("no memory"),
                _ => Ok(()),
            }
        })]);
        sleep(Duration::from_secs(130)).await;
        tasks.stop(Duration::from_secs(10)).await;
        assert_eq!(runs.seconds(), [0, 60, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_runs_again_later_each_time_until_it_is_done() {
        let runs = Runs::new();
        let _tasks = Tasks::start([task(None, &runs, |runs: Runs| async move {
            match runs.note() {
                0 | 2 | 4 => Err(Error::message("no network")),
                1 | 3 => panic!("no memory"),
                _ => Ok(()),
            }
        })]);
        sleep(Duration::from_secs(3600)).await;
        let at = runs.at.lock().unwrap();
        assert_eq!(at.len(), 6);
        for (failures, pair) in (1..).zip(at.windows(2)) {
            let pause = pair[1] - pair[0];
            let (least, most) = (backoff(failures, 0), backoff(failures, 999));
            assert!(least <= pause && pause <= most + Duration::from_millis(1), "{pause:?} after {failures} failures");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_drops_a_task_where_it_waits_and_lets_a_repeated_run_end() {
        let runs = Runs::new();
        let tasks = Tasks::start([
            task(None, &runs, |_| std::future::pending()),
            task(Some(60), &runs, |runs: Runs| async move {
                sleep(Duration::from_secs(5)).await;
                runs.note();
                Ok(())
            }),
        ]);
        sleep(Duration::from_secs(1)).await;
        tasks.stop(Duration::from_secs(10)).await;
        assert_eq!(runs.begun.elapsed().as_secs(), 5);
        assert_eq!(runs.seconds(), [5]);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_waits_no_longer_than_the_grace_period() {
        let runs = Runs::new();
        let tasks = Tasks::start([task(Some(60), &runs, |_| std::future::pending())]);
        sleep(Duration::from_secs(1)).await;
        tasks.stop(Duration::from_secs(10)).await;
        assert_eq!(runs.begun.elapsed().as_secs(), 11);
    }

    #[test]
    fn the_pause_doubles_up_to_a_minute_and_varies_by_half() {
        let whole = |failures| backoff(failures, 0) * 2;
        assert_eq!([1, 2, 3, 7, 40].map(|failures| whole(failures).as_secs()), [1, 2, 4, 60, 60]);
        assert!(backoff(1, 999) > backoff(1, 0) && backoff(1, 999) < whole(1));
    }
}
