//! The supervisor with real processes: the example `program`, which is built with the package's tests, and shells. All in
//! one file because the tests are short and live in one house.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cell_manifest::supervision::{Channel, FromProcess, LIMIT, Progress, ToProcess, VERSION};
use cell_node::supervisor::{
    Exit, Instance, Log, Phase, Settings, Spec, State, Supervisor, SupervisorError, last_lines,
};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

type Outcome = Result<(), Box<dyn Error>>;

/// Long enough for anything that happens at all.
const LONG: Duration = Duration::from_secs(20);

/// A supervisor in a folder of its own.
struct House {
    folder: TempDir,
    supervisor: Supervisor,
}

fn settings() -> Settings {
    Settings {
        grace: Duration::from_secs(5),
        ready: Duration::from_secs(10),
        ping: Duration::from_millis(50),
        silence: Duration::from_secs(10),
        backoff: (Duration::from_millis(20), Duration::from_millis(200)),
        ..Settings::default()
    }
}

impl House {
    async fn open(settings: Settings) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let supervisor = Supervisor::open(&folder.path().join("s"), settings).await?;
        Ok(Self { folder, supervisor })
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("logs/program.log")
    }

    fn spec(&self, program: &Path, arguments: &[&str]) -> Spec {
        Spec {
            application: "test".to_owned(),
            process: "test".to_owned(),
            replica: 0,
            release: "1".to_owned(),
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())]),
            inherit_environment: false,
            folder: self.folder.path().to_owned(),
            log: Log::File(self.log()),
            lifeline: false,
        }
    }

    async fn program(&self, arguments: &[&str]) -> Result<Instance, Box<dyn Error>> {
        Ok(self.supervisor.start(self.spec(&program()?, arguments)).await?)
    }

    async fn shell(&self, script: &str) -> Result<Instance, Box<dyn Error>> {
        Ok(self.supervisor.start(self.spec(Path::new("/bin/sh"), &["-c", script])).await?)
    }

    fn state(&self, instance: Instance) -> Option<State> {
        self.supervisor.watch(instance).map(|state| state.borrow().clone())
    }

    /// Waits until an instance is as is wanted.
    async fn until(&self, instance: Instance, wanted: impl Fn(&State) -> bool) -> Result<State, Box<dyn Error>> {
        let mut state = self.supervisor.watch(instance).ok_or("no such instance")?;
        Ok(timeout(LONG, state.wait_for(|state| wanted(state))).await??.clone())
    }

    fn records(&self) -> io::Result<usize> {
        Ok(fs::read_dir(self.folder.path().join("s/instances"))?.count())
    }
}

/// Beside this test's folder, where cargo puts examples.
fn program() -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(2).ok_or_else(|| io::Error::other("the test is in no folder"))?;
    Ok(folder.join("examples/program"))
}

fn signal(state: &State, signal: Signal) -> Outcome {
    let pid = state.pid.and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or("no process")?;
    Ok(kill_process(pid, signal)?)
}

/// Waits until a file holds a text that ends, and gives it.
async fn written(path: &Path) -> Result<String, Box<dyn Error>> {
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return Ok(text),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    Err(format!("nothing in `{}`", path.display()).into())
}

/// Waits until a process is gone: killed, and taken note of by whoever is its parent.
async fn gone(pid: i32) -> Outcome {
    let pid = Pid::from_raw(pid).ok_or("no process")?;
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        let ended =
            fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).is_ok_and(|stat| stat.contains(") Z "));
        if ended || test_kill_process(pid).is_err() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err("it is still there".into())
}

#[tokio::test]
async fn a_process_is_started_made_ready_told_to_serve_and_stopped() -> Outcome {
    let house = House::open(settings()).await?;
    let instance = house.program(&[]).await?;
    house.supervisor.ready(instance).await?;
    assert_eq!(house.state(instance).map(|state| state.phase), Some(Phase::Ready));
    house.supervisor.serve(instance, None).await?;
    let state = house.state(instance).ok_or("no state")?;
    assert_eq!((state.phase, state.restarts, state.exit), (Phase::Serving, 0, None));
    assert_eq!(house.records()?, 1);
    house.supervisor.stop(instance).await;
    assert!(house.supervisor.instances().is_empty());
    assert_eq!(house.records()?, 0);
    gone(state.pid.ok_or("no process")?.cast_signed()).await
}

#[tokio::test]
async fn a_process_that_ends_before_it_is_ready_is_not_started_again_and_its_last_words_are_told() -> Outcome {
    let house = House::open(settings()).await?;
    let instance = house.shell("echo before; echo oh no >&2; exit 7").await?;
    let error = house.supervisor.ready(instance).await.err().ok_or("it was ready")?;
    assert_eq!(
        (error.reason.clone(), error.last_lines.as_slice()),
        (Some(Exit::Code(7)), &["before", "oh no"].map(str::to_owned)[..])
    );
    assert_eq!(error.to_string(), "the process ended with exit code 7");
    // What an earlier process said is not told again.
    let again = house.shell("kill -9 $$").await?;
    let error = house.supervisor.ready(again).await.err().ok_or("it was ready")?;
    assert_eq!((error.reason, error.last_lines), (Some(Exit::Signal(9)), Vec::new()));
    assert_eq!(house.records()?, 0);
    Ok(())
}

#[tokio::test]
async fn a_process_that_is_never_ready_is_killed_with_its_children() -> Outcome {
    let house = House::open(Settings { ready: Duration::from_millis(300), ..settings() }).await?;
    let file = house.folder.path().join("child");
    let instance = house.shell(&format!("sleep 1000 & echo $! > {}; wait", file.display())).await?;
    let child = written(&file).await?.trim().parse()?;
    let error = house.supervisor.ready(instance).await.err().ok_or("it was ready")?;
    assert_eq!(error.reason, Some(Exit::Late));
    gone(child).await
}

#[tokio::test]
async fn a_program_or_folder_that_is_not_there_is_said_at_once() -> Outcome {
    let house = House::open(settings()).await?;
    let error =
        house.supervisor.start(house.spec(Path::new("/nowhere/program"), &[])).await.err().ok_or("it started")?;
    assert!(error.to_string().starts_with("cannot start `/nowhere/program`: "), "{error}");
    let spec = Spec { folder: PathBuf::from("/nowhere"), ..house.spec(&program()?, &[]) };
    let error = house.supervisor.start(spec).await.err().ok_or("it started")?;
    assert!(error.to_string().ends_with("there is no folder `/nowhere`"), "{error}");
    assert_eq!(house.records()?, 0);
    Ok(())
}

#[tokio::test]
async fn a_process_that_was_ready_is_started_again_and_serves_again() -> Outcome {
    let house = House::open(settings()).await?;
    let instance = house.program(&[]).await?;
    house.supervisor.ready(instance).await?;
    house.supervisor.serve(instance, None).await?;
    for restarts in 1..=3 {
        let before = house.state(instance).ok_or("no state")?;
        signal(&before, Signal::KILL)?;
        let state = house.until(instance, |state| state.restarts == restarts && state.phase == Phase::Serving).await?;
        assert_eq!(state.exit, Some(Exit::Signal(9)));
        assert_ne!(state.pid, before.pid);
    }
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_process_that_fails_again_and_again_is_started_later_each_time() -> Outcome {
    let house = House::open(settings()).await?;
    let once = house.folder.path().join("once");
    let instance = house.program(&[&format!("once={}", once.display())]).await?;
    house.supervisor.ready(instance).await?;
    let begun = Instant::now();
    signal(&house.state(instance).ok_or("no state")?, Signal::KILL)?;
    let state = house.until(instance, |state| state.restarts >= 4 && state.phase == Phase::Waiting).await?;
    assert_eq!(state.exit, Some(Exit::Code(1)));
    // 20, 40, 80 and 160 ms.
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    // It can be stopped while it waits.
    house.supervisor.stop(instance).await;
    assert_eq!(house.records()?, 0);
    Ok(())
}

#[tokio::test]
async fn a_process_that_takes_no_notice_is_killed_with_its_group_after_its_grace() -> Outcome {
    let house = House::open(Settings { grace: Duration::from_millis(200), ..settings() }).await?;
    let file = house.folder.path().join("child");
    let script = format!("trap '' TERM; sleep 1000 & echo $! > {}; while :; do wait; done", file.display());
    let instance = house.shell(&script).await?;
    let child = written(&file).await?.trim().parse()?;
    let begun = Instant::now();
    house.supervisor.stop(instance).await;
    assert!(begun.elapsed() >= Duration::from_millis(200), "it had its grace");
    gone(child).await?;
    // One that would have all the time in the world, and none.
    let house = House::open(Settings { grace: Duration::from_secs(1000), ..settings() }).await?;
    let instance = house.program(&["deaf"]).await?;
    house.supervisor.ready(instance).await?;
    let stopping = tokio::spawn({
        let supervisor = house.supervisor.clone();
        async move { supervisor.stop(instance).await }
    });
    house.until(instance, |state| state.phase == Phase::Stopping).await?;
    timeout(LONG, house.supervisor.kill(instance)).await?;
    timeout(LONG, stopping).await??;
    Ok(())
}

#[tokio::test]
async fn what_a_process_leaves_behind_ends_with_it() -> Outcome {
    let house = House::open(settings()).await?;
    let file = house.folder.path().join("child");
    let instance = house.shell(&format!("sleep 1000 & echo $! > {}", file.display())).await?;
    let error = house.supervisor.ready(instance).await.err().ok_or("it was ready")?;
    assert_eq!(error.reason, Some(Exit::Code(0)));
    gone(written(&file).await?.trim().parse()?).await
}

#[tokio::test]
async fn a_process_that_gives_no_answer_is_replaced() -> Outcome {
    let house = House::open(Settings { silence: Duration::from_millis(500), ..settings() }).await?;
    let instance = house.program(&[]).await?;
    house.supervisor.ready(instance).await?;
    let before = house.state(instance).ok_or("no state")?;
    signal(&before, Signal::STOP)?;
    let state = house.until(instance, |state| state.restarts == 1 && state.phase == Phase::Ready).await?;
    assert_eq!(state.exit, Some(Exit::Silent));
    gone(before.pid.ok_or("no process")?.cast_signed()).await?;
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_supervisor_that_stood_still_blames_no_process() -> Outcome {
    let house = House::open(Settings { silence: Duration::from_millis(500), ..settings() }).await?;
    let instance = house.program(&[]).await?;
    house.supervisor.ready(instance).await?;
    for _ in 0..3 {
        // This thread is the only one: nobody asks, and nobody listens.
        std::thread::sleep(Duration::from_millis(700));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let state = house.state(instance).ok_or("no state")?;
    assert_eq!((state.restarts, state.phase, state.exit), (0, Phase::Ready, None));
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_log_is_rotated_and_no_line_is_lost() -> Outcome {
    let settings = Settings { log_bytes: 4096, log_files: 1000, ping: Duration::from_millis(10), ..settings() };
    let house = House::open(settings).await?;
    let instance = house.program(&["chatter"]).await?;
    house.supervisor.ready(instance).await?;
    let fourth = house.folder.path().join("logs/program.4.log");
    written(&fourth).await?;
    house.supervisor.stop(instance).await;
    let mut files: Vec<(usize, PathBuf)> = Vec::new();
    for entry in fs::read_dir(house.folder.path().join("logs"))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name")?.to_owned();
        files.push((name.split('.').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0), path));
    }
    // The oldest first.
    files.sort_by(|one, other| other.cmp(one));
    let mut number = 0;
    for (_, path) in &files {
        for line in fs::read_to_string(path)?.lines() {
            assert_eq!(line, format!("line {number}"));
            number += 1;
        }
    }
    assert!(files.len() > 4 && number > 1000, "{} files, {number} lines", files.len());
    Ok(())
}

#[tokio::test]
async fn two_supervisors_do_not_share_a_folder_and_a_long_path_is_refused() -> Outcome {
    let house = House::open(settings()).await?;
    let folder = house.folder.path().join("s");
    let error = Supervisor::open(&folder, settings()).await.err().ok_or("it opened")?;
    assert!(matches!(error, SupervisorError::Taken(_)), "{error}");
    let long = house.folder.path().join("x".repeat(120));
    let error = Supervisor::open(&long, settings()).await.err().ok_or("it opened")?;
    assert!(matches!(error, SupervisorError::TooLong(_)), "{error}");
    house.supervisor.shutdown().await;
    Supervisor::open(&folder, settings()).await?.leave().await;
    Ok(())
}

/// Whether the other end hangs up.
async fn hangs_up(mut stream: UnixStream) -> Result<bool, Box<dyn Error>> {
    // It may do so with what was sent still unread.
    Ok(matches!(timeout(LONG, stream.read(&mut [0; 16])).await?, Ok(0) | Err(_)))
}

#[tokio::test]
async fn strangers_garbage_and_endless_lines_are_dropped_and_harm_nobody() -> Outcome {
    let house = House::open(settings()).await?;
    let instance = house.program(&[]).await?;
    house.supervisor.ready(instance).await?;
    let pid = house.state(instance).and_then(|state| state.pid);
    let socket = house.folder.path().join("s/socket");
    let hello = |instance: String, version| FromProcess::Hello {
        version,
        instance,
        progress: Progress::Serving,
        doors: true,
        listener: false,
    };
    for message in
        [hello("0".repeat(32), VERSION), hello(String::new(), VERSION), hello("0".repeat(32), 9), FromProcess::Serving]
    {
        let mut channel = Channel::new(UnixStream::connect(&socket).await?);
        channel.send(&message, None).await?;
        assert!(!matches!(timeout(LONG, channel.receive::<ToProcess>()).await?, Ok(Some(_))), "{message:?}");
    }
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0xff; 10 * LIMIT], b"{}\n".to_vec()] {
        let mut stream = UnixStream::connect(&socket).await?;
        // Cut off in the middle, which is what is wanted.
        let _ = stream.write_all(&bytes).await;
        assert!(hangs_up(stream).await?);
    }
    house.supervisor.serve(instance, None).await?;
    assert_eq!(house.state(instance).map(|state| (state.pid, state.restarts)), Some((pid, 0)));
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_was_left_running_is_adopted_and_what_died_meanwhile_is_started_again() -> Outcome {
    let house = House::open(settings()).await?;
    let (lives, dies) = (house.program(&["stays", "say=one"]).await?, house.program(&["stays", "say=two"]).await?);
    for instance in [lives, dies] {
        house.supervisor.ready(instance).await?;
        house.supervisor.serve(instance, None).await?;
    }
    let (lived, died) = (house.state(lives).ok_or("no state")?, house.state(dies).ok_or("no state")?);
    let House { folder, supervisor } = house;
    supervisor.leave().await;
    signal(&died, Signal::KILL)?;
    gone(died.pid.ok_or("no process")?.cast_signed()).await?;
    let supervisor = Supervisor::open(&folder.path().join("s"), settings()).await?;
    let house = House { folder, supervisor };
    let states = house.supervisor.instances();
    let kept = states.iter().find(|state| state.pid == lived.pid).ok_or("it was not adopted")?;
    assert_eq!((kept.phase, kept.adopted, kept.restarts, &kept.exit), (Phase::Serving, true, 0, &None));
    let other = states.iter().find(|state| state.pid != lived.pid).ok_or("it was forgotten")?;
    let again = house.until(other.instance, |state| state.phase == Phase::Serving && state.connected).await?;
    assert_eq!((again.adopted, again.restarts, again.exit), (false, 1, Some(Exit::Unknown)));
    assert_eq!(last_lines(&house.log(), 10)?.len(), 3);
    // One that was adopted is stopped as any other.
    house.supervisor.stop(kept.instance).await;
    gone(kept.pid.ok_or("no process")?.cast_signed()).await?;
    house.supervisor.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_child_that_leads_a_group_of_its_own_is_not_taken_for_the_process() -> Outcome {
    let house = House::open(settings()).await?;
    let file = house.folder.path().join("child");
    let program = program()?;
    let script = format!("setsid sleep 1000 & echo $! > {}; exec {} stays", file.display(), program.display());
    let instance = house.shell(&script).await?;
    house.supervisor.ready(instance).await?;
    let child: i32 = written(&file).await?.trim().parse()?;
    let pid = house.state(instance).ok_or("no state")?.pid;
    let House { folder, supervisor } = house;
    supervisor.leave().await;
    let supervisor = Supervisor::open(&folder.path().join("s"), settings()).await?;
    let house = House { folder, supervisor };
    let adopted = house.supervisor.instances().pop().ok_or("it was forgotten")?;
    assert_eq!((adopted.pid, adopted.adopted, adopted.connected), (pid, true, true));
    house.supervisor.shutdown().await;
    gone(pid.ok_or("no process")?.cast_signed()).await?;
    kill_process(Pid::from_raw(child).ok_or("no process")?, Signal::KILL)?;
    gone(child).await
}
