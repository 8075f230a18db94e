//! Two branches that both added migrations, merged: what is sealed stays, and what is open is written again behind it. In: the
//! files as a merge leaves them, and as each branch has them. Out: the files of what is sealed, with the SQL by
//! hand of what is open beside it. Absent: the open migration itself, which [`super::next()`] makes of the merged sources.

use std::collections::{BTreeMap, BTreeSet};

use super::{CHAIN, HistoryError, MIGRATIONS, SEALED, SNAPSHOT, document, is_migration_file, script_name, seal, slug};
use crate::engine::Engine;
use crate::hazard::Allowed;
use crate::plan::Phase;
use crate::refusal::shown;

/// Files by their paths in the database's folder.
type Files = BTreeMap<String, Vec<u8>>;
type ByHand = (String, BTreeMap<Engine, String>);

/// What becomes of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebased {
    /// Written: all that is not as it was.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Removed: the files of migrations that are written again.
    pub removals: BTreeSet<String>,
    /// The last sealed migration: what is open comes behind it. None where nothing is sealed, or all is in order as it is.
    pub onto: Option<String>,
    /// Migrations that the other branch had sealed: their changes are open again.
    pub reopened: Vec<String>,
    /// The folder that the SQL by hand is in now.
    pub by_hand: Option<String>,
    /// What was allowed for the open migrations, and has to be allowed again.
    pub allowed: BTreeSet<Allowed>,
}

/// Puts what is open behind what is sealed. `tree` are the files as the merge left them, `branches` as each of both has them.
/// Where both sealed migrations, `keep` is the last one of the branch whose migrations stay; where both have one name, `ours` or
/// `theirs`, as git calls them.
///
/// # Errors
/// Both branches sealed migrations, and `keep` is neither; the files of what is sealed are not as they were; SQL by hand has
/// marks of a conflict in it that neither branch has.
pub fn rebase(tree: &Files, branches: &[Files; 2], keep: Option<&str>) -> Result<Rebased, HistoryError> {
    if super::read(tree).is_ok() {
        return Ok(Rebased::default());
    }
    let chains = [text(&branches[0], CHAIN)?, text(&branches[1], CHAIN)?];
    let seals = [text(&branches[0], SEALED)?, text(&branches[1], SEALED)?];
    let kept = kept(&seals, &chains, keep)?;
    let seal = seals[kept].trim_end();
    // Where both say the same, one of them may have it in its chain only after the merge.
    let side = if chains[kept].lines().any(|line| line == seal) { kept } else { 1 - kept };
    let lines = sealed_lines(&chains[side], seal);
    let names: BTreeSet<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    let is_sealed = |path: &str| path.split('/').nth(1).is_some_and(|folder| names.contains(folder));

    let files = branches[side].iter().filter(|(path, _)| is_migration_file(path) && is_sealed(path));
    let mut sound: Files = files.map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
    if !seal.is_empty() {
        sound.insert(CHAIN.to_owned(), lines.iter().flat_map(|line| [line, "\n"]).collect::<String>().into_bytes());
        sound.insert(SEALED.to_owned(), format!("{seal}\n").into_bytes());
    }
    let history = super::read_sealed(&sound)?;
    if !seal.is_empty() {
        sound.insert(SNAPSHOT.to_owned(), document::print_snapshot(&history.snapshot).into_bytes());
    }

    let number = history.migrations.last().map_or(0, |migration| migration.number);
    let by_hand = by_hand(tree, branches, &sound)?;
    let folder = by_hand.as_ref().map(|(name, _)| format!("{:04}_{name}", number + 1));
    for (engine, text) in by_hand.into_iter().flat_map(|(_, texts)| texts) {
        let folder = folder.as_deref().unwrap_or_default();
        sound.insert(format!("{MIGRATIONS}/{folder}/{}", script_name(engine, Phase::Data)), text.into_bytes());
    }
    let is_ours = |path: &str| is_migration_file(path) || [CHAIN, SEALED, SNAPSHOT].contains(&path);
    let removals = tree.keys().filter(|path| is_ours(path) && !sound.contains_key(*path)).cloned().collect();
    let mut allowed = BTreeSet::new();
    for branch in branches {
        allowed.extend(super::remembered(branch));
    }
    sound.retain(|path, bytes| tree.get(path) != Some(bytes));
    Ok(Rebased {
        files: sound,
        removals,
        onto: history.migrations.last().map(|migration| migration.name.clone()),
        reopened: reopened(&seals, &chains, &lines),
        by_hand: folder.map(|folder| format!("{MIGRATIONS}/{folder}")),
        allowed,
    })
}

/// Files as each branch has them, by the marks that git leaves where both wrote: what can be known without asking it.
///
/// # Errors
/// A migration's file is no text.
pub fn sides(tree: &Files) -> Result<[Files; 2], HistoryError> {
    let mut branches = [Files::new(), Files::new()];
    for path in tree.keys() {
        for (branch, text) in branches.iter_mut().zip(parted(&text(tree, path)?)) {
            branch.insert(path.clone(), text.into_bytes());
        }
    }
    Ok(branches)
}

/// The branch whose sealed migrations stay.
fn kept(seals: &[String; 2], chains: &[String; 2], keep: Option<&str>) -> Result<usize, HistoryError> {
    let [ours, theirs] = seals;
    if ours == theirs {
        return Ok(0);
    }
    // One may have gone on from where the other was.
    let has = |chain: &String, seal: &String| seal.is_empty() || chain.lines().any(|line| line == seal.trim_end());
    let ahead: Vec<usize> =
        (0..2).filter(|at| seals.get(1 - at).is_some_and(|other| has(&chains[*at], other))).collect();
    if let [only] = ahead.as_slice() {
        return Ok(*only);
    }
    let names = [seal::parse(ours)?.name, seal::parse(theirs)?.name];
    let words = if names[0] == names[1] { ["ours", "theirs"].map(str::to_owned) } else { names.clone() };
    if let Some(at) = words.iter().position(|word| Some(word.as_str()) == keep) {
        return Ok(at);
    }
    let [ours, theirs] = names.map(|name| shown(&name));
    let words = words.map(|word| shown(&word));
    Err(HistoryError::new(
        "history-branches",
        SEALED,
        format!("both branches sealed migrations: one up to `{ours}`, the other up to `{theirs}`"),
        format!(
            "say which were deployed: `cargo cell migrate rebase --keep {}`, or `--keep {}`; the other's are open again",
            words[0], words[1]
        ),
    ))
}

/// The lines of a chain up to the sealed one.
fn sealed_lines<'t>(chain: &'t str, seal: &str) -> Vec<&'t str> {
    let end = chain.lines().position(|line| line == seal).map_or(0, |at| at + 1);
    chain.lines().take(end).collect()
}

/// What the other branch had sealed, and is open again.
fn reopened(seals: &[String; 2], chains: &[String; 2], kept: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for (seal, chain) in seals.iter().zip(chains) {
        let lines = sealed_lines(chain, seal.trim_end()).into_iter().filter(|line| !kept.contains(line));
        names.extend(lines.filter_map(|line| line.split(' ').next()).map(str::to_owned));
    }
    names
}

/// The SQL by hand of what is open: a name for its folder, and its texts. What lies in two folders runs in their order, and of
/// one folder that of `ours` first. What was edited since is as it is.
fn by_hand(tree: &Files, branches: &[Files; 2], sealed: &Files) -> Result<Option<ByHand>, HistoryError> {
    let mut found: Option<ByHand> = None;
    let paths: BTreeSet<&String> = branches.iter().flat_map(BTreeMap::keys).chain(tree.keys()).collect();
    for path in paths {
        let (Some(folder), Some(engine)) = (path.split('/').nth(1), engine(path)) else { continue };
        if !is_migration_file(path) {
            continue;
        }
        let of = |files: &Files| files.contains_key(path).then(|| text(files, path)).transpose();
        let of_sealed = of(sealed)?;
        let mut texts: Vec<String> = Vec::new();
        for text in [of(&branches[0])?, of(&branches[1])?].into_iter().flatten() {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if let Some(edited) = of(tree)?.filter(|text| !texts.contains(text)) {
            let [ours, theirs] = parted(&edited);
            if ours == theirs {
                texts = vec![edited];
            } else if !(texts.contains(&ours) && texts.contains(&theirs)) {
                let message = "it has marks of a conflict in it";
                return Err(HistoryError::new("history-branches", path, message, "resolve it, and run this again"));
            }
        }
        let name = folder.split_once('_').map_or("", |(_, name)| name);
        for text in texts.into_iter().filter(|text| Some(text) != of_sealed.as_ref()) {
            slug::number(folder, path)?;
            let (_, texts) = found.get_or_insert_with(|| (name.to_owned(), BTreeMap::new()));
            let all = texts.entry(engine).or_default();
            if !all.is_empty() {
                all.push('\n');
            }
            all.push_str(&text);
        }
    }
    Ok(found)
}

/// The engine of a file with SQL by hand.
fn engine(path: &str) -> Option<Engine> {
    let file = path.rsplit('/').next()?;
    Engine::ALL.into_iter().find(|engine| script_name(*engine, Phase::Data) == file)
}

/// A file's text, with `\n` line ends; nothing where it is not there.
fn text(files: &Files, file: &str) -> Result<String, HistoryError> {
    let bytes = files.get(file).map(Vec::as_slice).unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("byte {} is not UTF-8", error.valid_up_to());
        HistoryError::new("history-unreadable", file, message, "take it from version control")
    })?;
    Ok(text.replace("\r\n", "\n"))
}

/// A line between the parts of a conflict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Ours,
    Base,
    Theirs,
    End,
}

/// The mark that a line is, behind another: what looks like one elsewhere is text.
fn mark(line: &str, within: Mark) -> Option<Mark> {
    let is = |sign: &str| line == sign || line.strip_prefix(sign).is_some_and(|rest| rest.starts_with(' '));
    match within {
        Mark::End => is("<<<<<<<").then_some(Mark::Ours),
        Mark::Ours if is("|||||||") => Some(Mark::Base),
        Mark::Ours | Mark::Base => is("=======").then_some(Mark::Theirs),
        Mark::Theirs => is(">>>>>>>").then_some(Mark::End),
    }
}

/// A text as each branch had it.
fn parted(text: &str) -> [String; 2] {
    let mut sides = [String::new(), String::new()];
    let mut within = Mark::End;
    for line in text.split_inclusive('\n') {
        if let Some(mark) = mark(line.trim_end_matches('\n'), within) {
            within = mark;
            continue;
        }
        for (at, side) in sides.iter_mut().enumerate() {
            let belongs = match within {
                Mark::End => true,
                Mark::Ours => at == 0,
                Mark::Theirs => at == 1,
                Mark::Base => false,
            };
            if belongs {
                side.push_str(line);
            }
        }
    }
    sides
}
