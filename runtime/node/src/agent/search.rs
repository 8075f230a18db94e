//! Builds the search indexes that a release has anew, by the bundle's own program, before anything of it is started: what ran before
//! serves meanwhile, with its own. In: a release's folder, its environment. Out: which indexes were built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cell_manifest::{Manifest, SearchSaid, SearchWork};

use super::migrate::{last_lines, read, spawn};
use crate::bundle;
use crate::protocol::Refused;

/// Runs the program, if the release has search indexes. It may take as long as it needs: a table may be large.
///
/// # Errors
/// It cannot be run, or an index cannot be built.
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
    let (out, err, status) = tokio::join!(read(child.stdout.take()), read(child.stderr.take()), child.wait());
    let status = status.map_err(|error| failed(format!("the program cannot be awaited: {error}")))?;
    let said: Vec<SearchSaid> = out.lines().filter_map(|line| SearchSaid::from_json(line).ok()).collect();
    if !status.success() || !matches!(said.last(), Some(SearchSaid::Indexes(_))) {
        let message = format!("the search indexes of the release can't be built ({status})");
        return Err(failed(message).lines(last_lines(&err)).help("see what is in the way, and run this again"));
    }
    let built = said.into_iter().filter_map(|said| match said {
        SearchSaid::Progress(progress) if progress.work == SearchWork::Build => Some(progress.index),
        _ => None,
    });
    Ok(built.collect())
}
