//! The command as a process: what it says, and one that runs until it is told to stop.
//! Absent: waiting for a time. What a process does is known from its pipes, whose end says that nobody holds them any more.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};

use crate::application::profile;

/// What a process said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Said {
    /// Runs a command to its end.
    #[must_use]
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the command runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The command's program.
#[must_use]
pub fn tested_cell() -> PathBuf {
    profile().join(format!("tested-cell{}", std::env::consts::EXE_SUFFIX))
}

/// The command, as cargo starts it, without what the tests' own environment would change in it.
#[must_use]
pub fn cell(arguments: &[&str]) -> Command {
    let mut command = program(&tested_cell());
    command.arg("cell").args(arguments);
    command
}

/// Cargo itself.
#[must_use]
pub fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()).as_ref())
}

/// A program, without what the tests' own environment would change in it.
#[must_use]
pub fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        // Where the engines are stays known.
        let engines = ["CELL_POSTGRES_BIN", "CELL_TEST_POSTGRES"].contains(&&*name);
        let ours = (name.starts_with("CELL_") && !engines) || name.starts_with("IMPORTER_");
        // What cargo tells a test about its package is about no other.
        let of_package = name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if ours || of_package || ["CI", "DATABASE_URL", "NO_COLOR", "RUST_LOG"].contains(&&*name) {
            command.env_remove(&*name);
        }
    }
    command
}

/// A `cargo cell run`.
#[derive(Debug)]
pub struct Running {
    command: Child,
    out: BufReader<ChildStdout>,
    /// Lines of standard error, as they come.
    log: Receiver<String>,
    seen: String,
}

impl Running {
    /// Starts a command.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut command = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command runs");
        let out = BufReader::new(command.stdout.take().expect("a pipe"));
        let errors = BufReader::new(command.stderr.take().expect("a pipe"));
        let (sender, log) = channel();
        // Read at once, so that nobody waits for a full pipe.
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        Self { command, out, log, seen: String::new() }
    }

    /// Waits for the line that says where the application listens. Out: `127.0.0.1:41713`.
    #[must_use]
    pub fn address(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        if line.is_empty() {
            self.seen.extend(self.log.iter());
        }
        let address = line.trim_end().strip_prefix("listening on http://");
        address.unwrap_or_else(|| panic!("not an address: {line:?}\n{}", self.seen)).to_owned()
    }

    /// Waits for a line of the log that contains a text.
    pub fn wait_for(&mut self, text: &str) {
        for line in self.log.iter() {
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.contains(text) {
                return;
            }
        }
        panic!("ended without `{text}`:\n{}", self.seen);
    }

    /// Presses Ctrl-C, and waits until the command and every process that it started are gone.
    #[must_use]
    pub fn interrupt(mut self) -> Said {
        let pid = Pid::from_raw(self.command.id().cast_signed()).expect("a process");
        kill_process(pid, Signal::INT).expect("the command is there");
        let mut out = String::new();
        // All of them hold both pipes.
        self.out.read_to_string(&mut out).expect("the end of the pipe");
        let mut err = std::mem::take(&mut self.seen);
        for line in self.log.iter() {
            err.push_str(&line);
            err.push('\n');
        }
        Said { code: self.command.wait().expect("the command ends").code(), out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a test that failed; otherwise there is nobody any more.
        let _ = self.command.kill();
        let _ = self.command.wait();
    }
}
