//! The application's program, told to look after its indexes. In: where it is, its environment. Out: how the indexes stand; how far it has
//! come is shown meanwhile. It is ended where nobody waits for it any more.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use cell_manifest::{SearchProgress, SearchSaid, SearchWork, SearchedIndex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use super::text;
use crate::output::Output;
use crate::stop::{Mistake, Stop};

/// Runs the program to its end.
///
/// # Errors
/// It cannot be started, or does not say how its indexes stand.
pub(super) async fn run(
    program: &Path,
    environment: &[(&str, OsString)],
    output: &Output,
) -> Result<Vec<SearchedIndex>, Stop> {
    let failed = |error: std::io::Error| Mistake::new(format!("cannot run `{}`: {error}", program.display()));
    let mut command = Command::new(program);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    if std::env::var_os("CELL_LOG").is_none() {
        // What it does is shown here.
        command.env("CELL_LOG", "warn");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (said, complaints) = tokio::join!(said(out, output), complaints(err, output));
    let status = child.wait().await.map_err(failed)?;
    match said? {
        Some(indexes) => Ok(indexes),
        None => {
            let reason = if complaints.is_empty() { status.to_string() } else { complaints.join("; ") };
            Err(Mistake::new(format!("the application does not say how its indexes stand: {reason}")).into())
        }
    }
}

/// Reads standard output to its end. Out: the last word.
async fn said(out: Option<impl AsyncRead + Unpin>, output: &Output) -> Result<Option<Vec<SearchedIndex>>, Stop> {
    let Some(out) = out else { return Ok(None) };
    let mut lines = BufReader::new(out).lines();
    let (mut meter, mut last) = (output.meter(), None);
    while let Ok(Some(line)) = lines.next_line().await {
        match SearchSaid::from_json(&line).map_err(|error| Mistake::new(error.to_string()))? {
            SearchSaid::Progress(SearchProgress { index, work, rows }) => {
                let verb = match work {
                    SearchWork::Build => "Building",
                    SearchWork::Compare => "Comparing",
                };
                meter.show(verb, &index, text::rows(rows));
            }
            SearchSaid::Indexes(indexes) => last = Some(indexes.indexes),
        }
    }
    Ok(last)
}

/// Reads standard error to its end, and passes it on. Out: what it says of the indexes, which is said at the end in our own words.
async fn complaints(err: Option<impl AsyncRead + Unpin>, output: &Output) -> Vec<String> {
    let Some(err) = err else { return Vec::new() };
    let mut lines = BufReader::new(err).lines();
    let mut complaints = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        match line.strip_prefix("error: ") {
            Some(complaint) => complaints.push(complaint.to_owned()),
            None => output.pass(format!("{line}\n").as_bytes()),
        }
    }
    complaints
}
