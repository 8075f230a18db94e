//! A whole process, the example `clock`: started, asked, stopped by signals, and failing to start.
//! The example is built with the package's tests.

mod service_client;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use service_client::send;

/// The process, killed when the test ends early.
struct Clock {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    log: Lines<BufReader<ChildStderr>>,
}

impl Clock {
    fn start(variables: &[(&str, &str)]) -> io::Result<Self> {
        let mut child = Command::new(program()?)
            .env("CELL_HTTP", "127.0.0.1:0")
            .env_remove("CELL_PART")
            .env_remove("CLOCK_GREETING")
            .env("CELL_LOG", "info")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        let log = child.stderr.take().ok_or_else(|| io::Error::other("no standard error"))?;
        Ok(Self { child, output: BufReader::new(output).lines(), log: BufReader::new(log).lines() })
    }

    async fn address(&mut self) -> io::Result<SocketAddr> {
        let line = self.output.next_line().await?.unwrap_or_default();
        let address = line.strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        address.ok_or_else(|| io::Error::other(format!("no address in `{line}`")))
    }

    /// Reads the log up to a line with `text`.
    async fn logged(&mut self, text: &str) -> io::Result<String> {
        while let Some(line) = self.log.next_line().await? {
            if line.contains(text) {
                return Ok(line);
            }
        }
        Err(io::Error::other(format!("the log ended without `{text}`")))
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(kill_process(id.ok_or_else(|| io::Error::other("the process has ended"))?, signal)?)
    }

    async fn code(&mut self) -> io::Result<Option<i32>> {
        Ok(self.child.wait().await?.code())
    }
}

/// Beside this test's folder, where cargo puts examples.
fn program() -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).ok_or_else(|| io::Error::other("the test is in no folder"))?;
    Ok(folder.join("examples").join(format!("clock{}", std::env::consts::EXE_SUFFIX)))
}

#[tokio::test]
async fn a_signal_lets_requests_end_and_the_exit_code_is_0() -> io::Result<()> {
    for signal in [Signal::TERM, Signal::INT] {
        let mut clock = Clock::start(&[("CLOCK_GREETING", "hello")])?;
        let address = clock.address().await?;
        assert_eq!(send(address, "GET", "/").await?.body, "\"hello\"");
        let slow = tokio::spawn(async move { send(address, "GET", "/slow?milliseconds=300").await });
        clock.logged("a slow request began").await?;
        clock.signal(signal)?;
        clock.logged("stopping").await?;
        assert_eq!(slow.await??.body, "\"done\"");
        assert_eq!(clock.code().await?, Some(0));
        assert!(send(address, "GET", "/").await.is_err());
    }
    Ok(())
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() -> io::Result<()> {
    let mut clock = Clock::start(&[("CLOCK_GREETING", "hello")])?;
    let address = clock.address().await?;
    let slow = tokio::spawn(async move { send(address, "GET", "/slow?milliseconds=60000").await });
    clock.logged("a slow request began").await?;
    clock.signal(Signal::INT)?;
    clock.logged("stopping").await?;
    clock.signal(Signal::INT)?;
    assert_eq!(clock.code().await?, Some(130));
    assert!(!slow.await?.is_ok_and(|response| response.status == 200));
    Ok(())
}

#[tokio::test]
async fn tasks_run_and_one_that_fails_is_logged_and_run_again() -> io::Result<()> {
    let mut clock = Clock::start(&[("CLOCK_GREETING", "hello")])?;
    let line = clock.logged("the task failed: a task that always fails").await?;
    assert!(line.contains("broken"), "{line}");
    clock.logged("the task runs again in").await?;
    clock.logged("tick").await?;
    clock.logged("tick").await?;
    Ok(())
}

/// What a process that cannot start says, and its exit code.
async fn failure(variables: &[(&str, &str)]) -> io::Result<(String, Option<i32>)> {
    let mut clock = Clock::start(variables)?;
    let mut text = String::new();
    clock.log.get_mut().read_to_string(&mut text).await?;
    Ok((text, clock.code().await?))
}

#[tokio::test]
async fn a_start_that_fails_names_the_cell_and_the_field() -> io::Result<()> {
    let (text, code) = failure(&[]).await?;
    assert_eq!(code, Some(1));
    expect_test::expect![[r#"
        error: `cell-runtime` did not start: cannot make the field `greeting` of the cell `clock`: the environment variable `CLOCK_GREETING` is not set: give it a `String`
    "#]].assert_eq(&text);
    Ok(())
}

#[tokio::test]
async fn a_part_with_an_unknown_cell_is_refused() -> io::Result<()> {
    let (text, code) = failure(&[("CLOCK_GREETING", "hello"), ("CELL_PART", "clock, tax")]).await?;
    assert_eq!(code, Some(1));
    expect_test::expect![[r#"
        error: `cell-runtime` did not start: there is no cell `tax` in this program, which has `clock`
    "#]]
    .assert_eq(&text);
    Ok(())
}
