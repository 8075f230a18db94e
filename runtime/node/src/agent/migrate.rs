//! Brings databases up to date by the bundle's own program in its migrate mode. In: a release's folder, its environment.
//! Out: what the program reported. Absent: a database client.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cell_manifest::{Migrated, MigratedDatabase};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use crate::protocol::Refused;

/// How long a question may take. Applying may take as long as it needs: a table may be large.
const QUESTION: Duration = Duration::from_secs(30);

/// The most that is read of what the program says.
const LARGEST: u64 = 4 << 20;

/// How many lines of a failure are told, and how many characters of each.
const LINES: usize = 20;
const LINE: usize = 1000;

/// What the program is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// What the databases have.
    Status,
    /// To bring them up to date.
    Apply,
    /// To remember that its release runs alone.
    Record,
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Apply => "apply",
            Self::Record => "record",
        }
    }
}

/// What a program reports, by database.
pub(super) type Reports = BTreeMap<String, MigratedDatabase>;

/// Runs the program, on all of its databases or on some.
///
/// # Errors
/// It cannot be run, it fails, or a database is not as it should be.
pub(super) async fn run(
    program: &Path,
    mode: Mode,
    databases: Option<&[&str]>,
    environment: &BTreeMap<String, String>,
) -> Result<Reports, Refused> {
    let failed = |what: String| Refused::new("migrate-failed", what);
    let mut environment = environment.clone();
    if let Some(databases) = databases {
        environment.insert("CELL_MIGRATE_DATABASES".to_owned(), databases.join(","));
    }
    // Where the deploy ends early, so does this: what it did is in the database's own journal.
    let mut child = spawn(program, &environment, ("CELL_MIGRATE", mode.word()))
        .map_err(|error| failed(format!("the program cannot be started: {error}")))?;
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    let ended = async {
        let (out, err, status) = tokio::join!(out, err, child.wait());
        status.map(|status| (status, out, err))
    };
    let ended = match mode {
        Mode::Apply => ended.await,
        Mode::Status | Mode::Record => tokio::time::timeout(QUESTION, ended)
            .await
            .map_err(|_| failed(format!("the databases did not answer within {} s", QUESTION.as_secs())))?,
    };
    let (status, out, err) = ended.map_err(|error| failed(format!("the program cannot be awaited: {error}")))?;
    let lines = last_lines(&err);
    let Ok(migrated) = Migrated::from_json(&out) else {
        let message = format!("the program did not report on its databases ({status})");
        return Err(failed(message).lines(lines));
    };
    let mut reports = BTreeMap::new();
    for report in migrated.databases {
        if let Some(problem) = report.problem.as_ref().filter(|_| mode != Mode::Status) {
            let refused = Refused::new(&problem.code, format!("the database `{}`: {}", report.name, problem.message));
            return Err(match &problem.help {
                Some(help) => refused.help(help.clone()),
                None => refused,
            });
        }
        reports.insert(report.name.clone(), report);
    }
    if !status.success() && mode != Mode::Status {
        return Err(failed(format!("the migration failed ({status})")).lines(lines));
    }
    Ok(reports)
}

/// Starts a program in one of its modes. It ends with who waits for it.
pub(super) fn spawn(
    program: &Path,
    environment: &BTreeMap<String, String>,
    (mode, word): (&str, &str),
) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.env_clear().envs(environment).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env(mode, word).kill_on_drop(true).spawn()
}

/// The last lines of a text, each as long as people read.
pub(super) fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LINES));
    last.map(|line| line.chars().take(LINE).collect()).collect()
}

/// Everything a pipe gives, up to a limit.
pub(super) async fn read(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let mut limited = pipe.take(LARGEST);
        // What came before an error is still worth showing.
        let _ = limited.read_to_end(&mut bytes).await;
        // A program that says more is not to wait for a reader.
        let _ = tokio::io::copy(limited.get_mut(), &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
