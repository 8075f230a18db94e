//! What the two branches of a merge have in a folder. In: a folder of a git work tree. Out: each branch's files, as git has them.
//! A merge, a rebase or a cherry-pick that is going on says which branches they are, or the merge that was committed last.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use crate::stop::Mistake;

type Files = BTreeMap<String, Vec<u8>>;

/// Where git keeps the other branch's commit while it waits for someone to resolve a conflict.
const OTHERS: [&str; 3] = ["MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD"];

/// The files of both branches, `ours` first, by their paths in `folder`. `None` where git knows of no two branches.
///
/// # Errors
/// Git says what a branch has, but not how it is.
pub(super) fn branches(root: &Path, folder: &str) -> Result<Option<[Files; 2]>, Mistake> {
    let place = root.join(folder);
    let is_there = |revision: &str| {
        let commit = format!("{revision}^{{commit}}");
        git(&place, &["rev-parse", "--quiet", "--verify", &commit]).is_some_and(|output| output.status.success())
    };
    let other = OTHERS.into_iter().find(|revision| is_there(revision));
    // A conflict of something else, such as a stash, has no branches: its marks in the files say all there is.
    let unmerged = git(&place, &["ls-files", "--unmerged", "-z", "--", "."]);
    let has_marks = unmerged.is_some_and(|output| !output.stdout.is_empty());
    let [ours, theirs] = match other {
        Some(other) => ["HEAD", other],
        None if !has_marks && is_there("HEAD^2") => ["HEAD^1", "HEAD^2"],
        None => return Ok(None),
    };
    Ok(Some([files(&place, ours)?, files(&place, theirs)?]))
}

/// The files below a folder in a revision.
fn files(place: &Path, revision: &str) -> Result<Files, Mistake> {
    let wrong = |what: &str, output: Option<Output>| {
        let said = output.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
        Mistake::new(format!("git does not say {what} at `{revision}`: {}", said.unwrap_or_default()))
    };
    let list = match git(place, &["ls-tree", "-r", "-z", "--name-only", revision, "."]) {
        Some(output) if output.status.success() => output.stdout,
        other => return Err(wrong("what is there", other)),
    };
    let mut files = Files::new();
    for path in list.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
        // A name that is not UTF-8 is none of ours.
        let Ok(path) = std::str::from_utf8(path) else { continue };
        match git(place, &["cat-file", "blob", &format!("{revision}:./{path}")]) {
            Some(output) if output.status.success() => drop(files.insert(path.to_owned(), output.stdout)),
            other => return Err(wrong(&format!("what `{path}` was"), other)),
        }
    }
    Ok(files)
}

/// What git says; `None` where there is no git.
fn git(place: &Path, arguments: &[&str]) -> Option<Output> {
    Command::new("git").current_dir(place).args(arguments).output().ok()
}
