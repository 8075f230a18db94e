//! The programs of other libraries, each a workspace of its own since no two agree on the native SQLite. In: a library's name and a
//! database's URL. Out: the times that its program took. Absent: what the libraries are asked in; `peers/` has a program for each.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use cell_bench_protocol::{Question, Result};

/// The libraries: how they are called, and the folder of each below `peers/`.
const PEERS: [(&str, &str); 3] = [("SeaORM", "seaorm"), ("Diesel", "diesel"), ("Toasty", "toasty")];

/// A library whose program is built.
pub struct Built {
    pub name: &'static str,
    program: PathBuf,
}

/// A program that runs for one database.
pub struct Peer {
    pub name: &'static str,
    child: Child,
    // None when it is time to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// Builds the programs of these libraries, or of all where none is named. Those that the benchmark has in any case may be named too.
pub fn build(wanted: &[String]) -> Result<Vec<Built>> {
    let known = |name: &str| ["cell", "sqlx"].contains(&name) || PEERS.iter().any(|(_, folder)| *folder == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        return Err(format!("no library is called `{unknown}` here").into());
    }
    let is_wanted = |folder: &str| wanted.is_empty() || wanted.iter().any(|name| name == folder);
    let peers = PEERS.into_iter().filter(|(_, folder)| is_wanted(folder));
    peers.map(|(name, folder)| Ok(Built { name, program: cargo(folder)? })).collect()
}

fn cargo(folder: &str) -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| here.join("target"), PathBuf::from);
    let manifest = here.join("peers").join(folder).join("Cargo.toml");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]).arg(manifest);
    if !cargo.arg("--target-dir").arg(&target).status()?.success() {
        return Err(format!("the program of `{folder}` does not build").into());
    }
    Ok(target.join("release").join(format!("cell-bench-{folder}")))
}

impl Built {
    /// Runs the program for the database of this URL.
    pub fn start(&self, url: &str) -> Result<Peer> {
        let mut child = Command::new(&self.program).arg(url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take().ok_or("a pipe is there")?);
        Ok(Peer { name: self.name, child, questions, answers: BufReader::new(answers) })
    }
}

impl Peer {
    /// The time of one of so many answers.
    pub fn ask(&mut self, question: Question, times: u32) -> Result<Duration> {
        let questions = self.questions.as_mut().ok_or("a pipe is there")?;
        writeln!(questions, "{} {times}", question.word())?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(format!("{} ended at the question `{}`", self.name, question.name()).into());
        }
        Ok(Duration::from_nanos(answer.trim_end().parse()?))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.questions.take());
        // It has read the end of its input; how it ended, it said itself.
        drop(self.child.wait());
    }
}
