//! A whole process under a supervisor: the example `clock`, started, told to serve, replaced while it is asked, and found again.
//! The examples are built with the package's tests.

mod service_client;

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cell_node::supervisor::{Exit, Instance, Log, Phase, Settings, Spec, State, Supervisor, last_lines};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use service_client::send;

type Outcome = Result<(), Box<dyn Error>>;

/// Long enough for anything that happens at all.
const LONG: Duration = Duration::from_secs(20);

/// A supervisor in a folder of its own, and a socket.
struct House {
    folder: TempDir,
    supervisor: Supervisor,
    listener: TcpListener,
    address: SocketAddr,
}

impl House {
    async fn open() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let settings = Settings { ping: Duration::from_millis(100), ..Settings::default() };
        let supervisor = Supervisor::open(&folder.path().join("s"), settings).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        Ok(Self { folder, supervisor, listener, address })
    }

    async fn start(&self, greeting: &str) -> Result<Instance, Box<dyn Error>> {
        let spec = Spec {
            application: "clock".to_owned(),
            process: "clock".to_owned(),
            replica: 0,
            release: greeting.to_owned(),
            program: example("clock")?,
            arguments: Vec::new(),
            environment: [("CLOCK_GREETING", greeting), ("CELL_LOG", "info")]
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<BTreeMap<_, _>>(),
            inherit_environment: false,
            folder: self.folder.path().to_owned(),
            log: Log::File(self.log(greeting)),
            lifeline: false,
        };
        Ok(self.supervisor.start(spec).await?)
    }

    /// Starts one and lets it serve.
    async fn serve(&self, greeting: &str) -> Result<Instance, Box<dyn Error>> {
        let instance = self.start(greeting).await?;
        self.supervisor.ready(instance).await?;
        self.supervisor.serve(instance, Some(self.listener.try_clone()?)).await?;
        Ok(instance)
    }

    fn log(&self, greeting: &str) -> PathBuf {
        self.folder.path().join(format!("{greeting}.log"))
    }

    async fn until(&self, instance: Instance, wanted: impl Fn(&State) -> bool) -> Result<State, Box<dyn Error>> {
        let mut state = self.supervisor.watch(instance).ok_or("no such instance")?;
        Ok(timeout(LONG, state.wait_for(|state| wanted(state))).await??.clone())
    }
}

/// Beside this test's folder, where cargo puts examples.
fn example(name: &str) -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).ok_or_else(|| io::Error::other("the test is in no folder"))?;
    Ok(folder.join("examples").join(name))
}

fn signal(pid: Option<u32>, signal: Signal) -> Outcome {
    Ok(kill_process(pid.and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or("no process")?, signal)?)
}

/// Waits until a log says something.
async fn logged(path: &Path, text: &str) -> Outcome {
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        if last_lines(path, usize::MAX).is_ok_and(|lines| lines.iter().any(|line| line.contains(text))) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(format!("no `{text}` in `{}`", path.display()).into())
}

/// A request whose bytes come a moment after its connection: the process may be told to stop in between.
async fn hesitant(address: SocketAddr, pause: Duration) -> io::Result<String> {
    let mut socket = TcpStream::connect(address).await?;
    tokio::time::sleep(pause).await;
    socket.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await?;
    let mut text = String::new();
    socket.read_to_string(&mut text).await?;
    if text.starts_with("HTTP/1.1 200 OK\r\n") {
        return Ok(text);
    }
    Err(io::Error::other(format!("not an answer: {text:?}")))
}

#[tokio::test]
async fn a_process_opens_its_doors_and_begins_its_tasks_when_it_is_told_to() -> Outcome {
    let house = House::open().await?;
    let instance = house.start("one").await?;
    house.supervisor.ready(instance).await?;
    let asked = tokio::spawn(send(house.address, "GET", "/"));
    assert!(last_lines(&house.log("one"), 100)?.is_empty(), "no task has begun");
    house.supervisor.serve(instance, Some(house.listener.try_clone()?)).await?;
    // The request waited in the socket.
    assert_eq!(asked.await??.body, "\"one\"");
    logged(&house.log("one"), "tick").await?;
    let state = house.until(instance, |_| true).await?;
    assert_eq!((state.phase, state.doors), (Phase::Serving, true));
    house.supervisor.clone().shutdown().await;
    let lines = last_lines(&house.log("one"), usize::MAX)?;
    assert!(lines.iter().any(|line| line.contains("stopping")), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("listening on")), "the supervisor tells the address: {lines:?}");
    Ok(())
}

#[tokio::test]
async fn a_process_without_a_socket_does_its_tasks_only() -> Outcome {
    let house = House::open().await?;
    let instance = house.start("one").await?;
    house.supervisor.ready(instance).await?;
    house.supervisor.serve(instance, None).await?;
    logged(&house.log("one"), "tick").await?;
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_process_that_cannot_start_says_why() -> Outcome {
    let house = House::open().await?;
    let instance = house.start("").await?;
    let error = house.supervisor.ready(instance).await.err().ok_or("it was ready")?;
    assert_eq!(error.reason, Some(Exit::Code(1)));
    assert!(error.last_lines.iter().any(|line| line.contains("`CLOCK_GREETING` is not set")), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_process_that_crashes_is_replaced_and_its_socket_keeps_what_came_meanwhile() -> Outcome {
    let house = House::open().await?;
    let instance = house.serve("one").await?;
    for restarts in 1..=2 {
        signal(house.until(instance, |state| state.phase == Phase::Serving).await?.pid, Signal::KILL)?;
        house.until(instance, |state| state.phase == Phase::Waiting).await?;
        assert_eq!(timeout(LONG, send(house.address, "GET", "/")).await??.body, "\"one\"");
        assert_eq!(house.until(instance, |state| state.phase == Phase::Serving).await?.restarts, restarts);
    }
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_a_process_is_replaced() -> Outcome {
    let house = House::open().await?;
    let mut running = house.serve("release-0").await?;
    let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for client in 0..8_u64 {
        let (over, answered, address) = (Arc::clone(&over), Arc::clone(&answered), house.address);
        clients.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                hesitant(address, Duration::from_millis(client)).await?;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            io::Result::Ok(())
        });
    }
    for release in 1..=8 {
        let next = house.serve(&format!("release-{release}")).await?;
        house.supervisor.stop(running).await;
        running = next;
        let goal = answered.load(Ordering::Relaxed) + 50;
        let begun = Instant::now();
        while answered.load(Ordering::Relaxed) < goal {
            assert!(begun.elapsed() < LONG, "nobody answers");
            if let Some(ended) = clients.try_join_next() {
                ended??;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    assert!(hesitant(house.address, Duration::ZERO).await?.contains("release-8"));
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_killed_supervisor_leaves_its_processes_serving_and_the_next_one_finds_them() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut first = tokio::process::Command::new(example("supervise")?)
        .arg(folder.path())
        .arg(example("clock")?)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(first.stdout.take().ok_or("no output")?).lines();
    let address: SocketAddr = timeout(LONG, lines.next_line()).await??.ok_or("no address")?.parse()?;
    assert_eq!(send(address, "GET", "/").await?.body, "\"hello\"");
    first.kill().await?;
    assert_eq!(send(address, "GET", "/").await?.body, "\"hello\"", "it serves on");

    let supervisor = Supervisor::open(&folder.path().join("s"), Settings::default()).await?;
    let [state] = <[State; 1]>::try_from(supervisor.instances()).map_err(|states| format!("{states:?}"))?;
    assert_eq!((state.phase, state.adopted, state.connected, state.restarts), (Phase::Serving, true, true, 0));
    let listener = supervisor.listener(state.instance).ok_or("the socket did not come back")?;
    assert_eq!(listener.local_addr()?, address);
    assert_eq!(send(address, "GET", "/").await?.body, "\"hello\"");

    // It is replaced as one's own would be, on the same socket.
    let house = House { folder, supervisor, listener, address };
    house.serve("next").await?;
    house.supervisor.stop(state.instance).await;
    assert_eq!(house.supervisor.instances().len(), 1);
    assert_eq!(send(address, "GET", "/").await?.body, "\"next\"");
    assert_eq!(std::fs::read_dir(house.folder.path().join("s/instances"))?.count(), 1);
    house.supervisor.shutdown().await;
    drop(house.listener);
    assert!(send(address, "GET", "/").await.is_err(), "nobody holds the socket any more");
    Ok(())
}

#[tokio::test]
async fn an_adopted_process_that_ends_is_started_again_on_the_socket_that_it_gave_back() -> Outcome {
    let House { folder, supervisor, listener, address } = House::open().await?;
    let house = House { folder, supervisor, listener, address };
    house.serve("one").await?;
    let House { folder, supervisor, listener, address } = house;
    supervisor.leave().await;
    drop(listener);
    let supervisor = Supervisor::open(&folder.path().join("s"), Settings::default()).await?;
    let [state] = <[State; 1]>::try_from(supervisor.instances()).map_err(|states| format!("{states:?}"))?;
    let listener = supervisor.listener(state.instance).ok_or("the socket did not come back")?;
    let house = House { folder, supervisor, listener, address };
    signal(state.pid, Signal::KILL)?;
    let again = house.until(state.instance, |state| state.restarts == 1 && state.phase == Phase::Serving).await?;
    assert_eq!((again.exit, again.adopted), (Some(Exit::Unknown), false));
    assert_eq!(send(address, "GET", "/").await?.body, "\"one\"");
    house.supervisor.shutdown().await;
    Ok(())
}
