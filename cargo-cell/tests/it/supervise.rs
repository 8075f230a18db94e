//! No process is left behind, however the command ends. Every process of a test holds the same pipe, so its end says that
//! none of them is there any more; a process that stayed would make the test hang, and the test's time limit end it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::cell;

/// A shell with a child of its own, both in the background.
const FAMILY: &str = "sleep 1000 & echo ready; wait";
/// A shell that takes no notice of being asked to end.
const DEAF: &str = "trap '' TERM; echo ready; while :; do sleep 1000; done";

struct Supervised {
    command: Child,
    out: BufReader<ChildStdout>,
}

impl Supervised {
    fn start(options: &[&str], script: &str) -> Self {
        let mut command = cell(&[&["__supervise"], options, &["--", "sh", "-c", script]].concat());
        let mut command = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the command runs");
        let out = BufReader::new(command.stdout.take().expect("a pipe"));
        Self { command, out }
    }

    fn started(options: &[&str], script: &str) -> Self {
        let mut supervised = Self::start(options, script);
        let mut line = String::new();
        supervised.out.read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        supervised
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.command.id().cast_signed()).expect("a process");
        kill_process(pid, signal).expect("the process is there");
    }

    /// Waits until no process holds the pipe, then for the command's end.
    fn end(mut self) -> (String, Option<i32>, Option<i32>) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).expect("the end of the pipe");
        let status = self.command.wait().expect("the command ends");
        (rest, status.code(), status.signal())
    }
}

#[test]
fn the_exit_code_is_the_programs() {
    let (_, code, _) = Supervised::start(&[], "exit 7").end();
    assert_eq!(code, Some(7));
    let (_, code, _) = Supervised::start(&[], "kill -9 $$").end();
    assert_eq!(code, Some(137), "as a shell tells a signal");
}

#[test]
fn ctrl_c_ends_the_program_and_its_children() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let supervised = Supervised::started(&[], FAMILY);
        supervised.signal(signal);
        let (_, code, _) = supervised.end();
        assert_eq!(code, Some(143));
    }
}

#[test]
fn a_program_may_end_in_its_own_way() {
    let supervised = Supervised::started(&[], "trap 'echo bye; exit 3' TERM; echo ready; sleep 1000 & wait");
    supervised.signal(Signal::INT);
    assert_eq!(supervised.end(), ("bye\n".to_owned(), Some(3), None));
}

#[test]
fn a_program_that_does_not_end_is_killed_after_its_grace() {
    let supervised = Supervised::started(&["--grace", "200"], DEAF);
    supervised.signal(Signal::TERM);
    assert_eq!(supervised.end().1, Some(137));
}

#[test]
fn a_second_ctrl_c_kills_at_once() {
    // The shell says when the first signal has arrived.
    let script = "trap 'echo asked' TERM; echo ready; while :; do sleep 1000 & wait; done";
    let mut supervised = Supervised::started(&["--grace", "100000000"], script);
    supervised.signal(Signal::INT);
    let mut line = String::new();
    supervised.out.read_line(&mut line).expect("a line");
    assert_eq!(line, "asked\n");
    supervised.signal(Signal::INT);
    assert_eq!(supervised.end().1, Some(137));
}

#[test]
fn a_killed_command_leaves_nothing_behind() {
    let supervised = Supervised::started(&[], FAMILY);
    supervised.signal(Signal::KILL);
    assert_eq!(supervised.end().2, Some(9));
    let supervised = Supervised::started(&["--grace", "200"], DEAF);
    supervised.signal(Signal::KILL);
    assert_eq!(supervised.end().2, Some(9));
    // Nor a file.
    let mut supervised = Supervised::started(&[], "echo ready; echo \"$CELL_SUPERVISOR\"; sleep 1000");
    let mut socket = String::new();
    supervised.out.read_line(&mut socket).expect("a line");
    let folder = Path::new(socket.trim_end()).parent().expect("a folder").to_owned();
    assert!(folder.is_dir());
    supervised.signal(Signal::KILL);
    assert_eq!(supervised.end().2, Some(9));
    assert!(!folder.exists(), "{}", folder.display());
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    let (_, code, _) = Supervised::start(&[], "sleep 1000 & exit 0").end();
    assert_eq!(code, Some(0));
}

#[test]
fn a_killed_keeper_takes_the_program_with_it() {
    let (_, code, _) = Supervised::start(&[], "sleep 1000 & kill -9 $PPID; wait").end();
    assert_eq!(code, Some(137));
}

#[test]
fn standard_output_stays_json() {
    let mut command = cell(&["__supervise", "--message-format", "json", "--", "echo", "words"]);
    let said = crate::fixture::said(command.output().expect("the command runs"));
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", "words\n"));
}

#[test]
fn a_program_that_is_not_there_is_a_mistake() {
    let mut command = cell(&["__supervise", "--", "/nowhere/program"]);
    let said = crate::fixture::said(command.output().expect("the command runs"));
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("error: cannot start `/nowhere/program`: "), "{}", said.err);
}
