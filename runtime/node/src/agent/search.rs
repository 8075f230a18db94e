//! Builds the search indexes that a release has anew, by the bundle's own program, before anything of it is started: what ran before
//! serves meanwhile, with its own. In: a release's folder, its environment. Out: which indexes were built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use cell_manifest::{Manifest, SearchSaid, SearchWork};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

use super::migrate::{last_lines, read, spawn};
use crate::bundle;
use crate::protocol::Refused;

/// So long the program may say nothing. It tells twice a second how far it has come, and may go on as long as it needs: a table may be large.
const QUIET: Duration = Duration::from_secs(600);
/// The longest line that is read.
const LINE: u64 = 4 << 20;

/// Runs the program, if the release has search indexes.
///
/// # Errors
/// It cannot be run, says nothing any more, or an index cannot be built.
pub(super) async fn prepare(
    release: &Path,
    program: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<BTreeSet<String>, Refused> {
    let manifest = tokio::fs::read_to_string(release.join(bundle::MANIFEST)).await.unwrap_or_default();
    // A manifest that can't be read is the program's to say.
    if Manifest::from_json(&manifest).is_ok_and(|manifest| manifest.indexes.is_empty()) {
        return Ok(BTreeSet::new());
    }
    let failed = |what: String| Refused::new("index-failed", what);
    let mut child = spawn(program, environment, ("CELL_SEARCH", "prepare"))
        .map_err(|error| failed(format!("the program cannot be started: {error}")))?;
    let (out, err) = (child.stdout.take(), read(child.stderr.take()));
    // Whoever says nothing is ended with the child that is dropped here.
    let (heard, err) = tokio::try_join!(hear(out), async { Ok(err.await) }).map_err(failed)?;
    let status = child.wait().await.map_err(|error| failed(format!("the program cannot be awaited: {error}")))?;
    if !status.success() || !heard.is_told {
        let message = format!("the search indexes of the release can't be built ({status})");
        return Err(failed(message).lines(last_lines(&err)).help("see what is in the way, and run this again"));
    }
    Ok(heard.built)
}

/// What the program said.
#[derive(Default)]
struct Heard {
    built: BTreeSet<String>,
    /// Whether it told at last how the indexes stand.
    is_told: bool,
}

async fn hear(out: Option<impl AsyncRead + Unpin>) -> Result<Heard, String> {
    let mut heard = Heard::default();
    let Some(out) = out else { return Ok(heard) };
    let mut out = BufReader::new(out);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut out).take(LINE);
        let reading = tokio::time::timeout(QUIET, limited.read_until(b'\n', &mut line)).await;
        match reading.map_err(|_| format!("the program has said nothing for {} s", QUIET.as_secs()))? {
            Ok(0) | Err(_) => return Ok(heard),
            Ok(_) => {}
        }
        match SearchSaid::from_json(String::from_utf8_lossy(&line).trim_end()) {
            Ok(SearchSaid::Progress(progress)) if progress.work == SearchWork::Build => {
                heard.built.insert(progress.index);
            }
            Ok(SearchSaid::Indexes(_)) => heard.is_told = true,
            _ => {}
        }
    }
}
