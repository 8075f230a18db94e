//! A node's daemon as a process, with a client's key of its own, and whatever it runs gone at the end.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::command::{self, Said};

/// A daemon with a state folder of its own.
#[derive(Debug)]
pub struct Daemon {
    state: PathBuf,
    /// Where it listens.
    pub address: String,
    /// The code that it showed when it started, where it knows no client.
    pub code: Option<String>,
    /// Where it dies when it is started the next time.
    pub failpoint: Option<&'static str>,
    process: Option<Child>,
    wrapper: Vec<String>,
}

/// An address on loopback where nothing listens.
#[must_use]
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

impl Daemon {
    /// Starts a daemon in a folder.
    #[must_use]
    pub fn start(state: &Path) -> Self {
        Self::start_by(state, &[])
    }

    /// Starts a daemon by a command that runs what stands behind it.
    #[must_use]
    pub fn start_by(state: &Path, wrapper: &[&str]) -> Self {
        let mut daemon = Self {
            state: state.to_owned(),
            address: "127.0.0.1:0".to_owned(),
            code: None,
            failpoint: None,
            process: None,
            wrapper: wrapper.iter().map(|word| (*word).to_owned()).collect(),
        };
        daemon.start_again();
        daemon
    }

    /// Starts it where it was, after it ended.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let state = self.state.to_string_lossy().into_owned();
        let mut command = command::cell(&["daemon", "--state", &state, "--listen", &self.address]);
        if let [program, arguments @ ..] = self.wrapper.as_slice() {
            let mut wrapped = Command::new(program);
            wrapped.args(arguments).arg(command.get_program()).args(command.get_args());
            for (name, value) in command.get_envs() {
                match value {
                    Some(value) => wrapped.env(name, value),
                    None => wrapped.env_remove(name),
                };
            }
            command = wrapped;
        }
        if let Some(place) = self.failpoint {
            command.env("CELL_FAILPOINT", place);
        }
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.state.with_extension("log")).expect("a log");
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().expect("the daemon starts");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        self.process = Some(process);
        let first = lines.next().unwrap_or_else(|| panic!("the daemon did not start:\n{}", self.log()));
        self.address = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("{first}")).to_owned();
        let key = lines.next().unwrap_or_default();
        assert!(key.starts_with("key cell1"), "{key}");
        let known = fs::read_to_string(self.state.join("peers.json")).is_ok_and(|peers| peers.contains("cell1"));
        self.code =
            if known { None } else { lines.next().and_then(|line| Some(line.strip_prefix("code ")?.to_owned())) };
    }

    /// What it wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.state.with_extension("log")).unwrap_or_default()
    }

    /// Its state folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Writes the file with an application's environment.
    pub fn environment(&self, application: &str, variables: &[(&str, &str)]) {
        let folder = self.state.join("applications").join(application);
        fs::create_dir_all(&folder).expect("a folder");
        let text: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let path = folder.join("env");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    }

    /// Kills it, as the system does where memory is short.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("it is there");
        process.wait().expect("it ended");
    }

    /// Waits until it is dead.
    pub fn wait_for_its_death(&mut self) {
        let status = self.process.take().expect("it runs").wait().expect("it ended");
        assert_eq!(status.code(), None, "it was killed");
    }

    /// Tells it to stop: by SIGINT with what it runs, by SIGTERM without.
    pub fn stop(&mut self, signal: Signal) {
        let mut process = self.process.take().expect("it runs");
        let pid = Pid::from_raw(process.id().cast_signed()).expect("a process");
        kill_process(pid, signal).expect("it is there");
        let status = process.wait().expect("it ended");
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// A code for one more client.
    #[must_use]
    pub fn pair(&self, role: &str) -> String {
        let state = self.state.to_string_lossy().into_owned();
        let said = Said::of(&mut command::cell(&["daemon", "pair", "--state", &state, "--role", role]));
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out.trim().to_owned()
    }

    /// The processes that have this state folder in their environment.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        let state = self.state.join("applications").to_string_lossy().into_owned();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            if String::from_utf8_lossy(&environment).contains(&state) {
                found.push(pid);
            }
        }
        found
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        for pid in self.processes() {
            if let Some(pid) = Pid::from_raw(pid) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}
