//! Compares declarations with records. In: the program, a binary's records. Out: what is in one of them only, or differs.
//! Two items may share a kind, a module and a name (in two functions): then as many of one as of the other must match.

use std::collections::{BTreeMap, BTreeSet};

use cell_syntax::diagnostic::Diagnostic;

use super::Record;
use crate::program::names::Definition;
use crate::program::{CrateId, DeclId, FileId, Located, ModuleId, Program};
use crate::scan::place;

/// The kind of a record that a statement of `sql!` leaves.
const QUERY: &str = "query";

/// The modules in which there are statements that no source shows: another macro made them, and nobody has checked them.
#[must_use]
pub fn unseen_queries(program: &Program, records: &[Record]) -> Vec<Located> {
    let seen: BTreeSet<u64> = program.queries().iter().map(|query| query.query.fingerprint()).collect();
    let unseen = records.iter().filter(|record| record.kind == QUERY && !seen.contains(&record.fingerprint));
    let modules: BTreeSet<&str> = unseen.map(|record| record.module_path.as_str()).collect();
    let note = |path: &str| {
        let file = nearest(program, path).map_or(FileId(0), |module| program.module(module).file);
        let message = format!("a `sql!` in `{path}` that another macro makes is not checked");
        let help = "write the statement out where it is used, or test it";
        Located::new(file, Diagnostic::new("unscanned-declaration", place(0, 1), message).help(help))
    };
    modules.into_iter().map(note).collect()
}

/// What a declaration and its record share.
type Key = (String, String, String);

/// One side's share of a key.
#[derive(Default)]
struct Sides {
    declared: Vec<(u64, DeclId)>,
    recorded: Vec<u64>,
}

/// Every difference between the declarations and the records, by place.
#[must_use]
pub fn compare(program: &Program, records: &[Record]) -> Vec<Located> {
    let mut sides: BTreeMap<Key, Sides> = BTreeMap::new();
    for declared in program.declarations() {
        let key = (declared.module_path.clone(), declared.name(), declared.kind().to_owned());
        sides.entry(key).or_default().declared.push((declared.fingerprint, declared.id));
    }
    for record in records.iter().filter(|record| record.kind != QUERY) {
        let key = (record.module_path.clone(), record.name.clone(), record.kind.clone());
        sides.entry(key).or_default().recorded.push(record.fingerprint);
    }
    let mut located = Vec::new();
    let mut unlinked = Vec::new();
    for ((module_path, name, kind), Sides { mut declared, mut recorded }) in sides {
        declared.retain(|(fingerprint, _)| match recorded.iter().position(|recorded| recorded == fingerprint) {
            Some(at) => {
                recorded.swap_remove(at);
                false
            }
            None => true,
        });
        let stale = declared.len().min(recorded.len());
        located.extend(declared.drain(..stale).map(|(_, id)| stale_record(program, id)));
        recorded.truncate(recorded.len() - stale);
        unlinked.extend(declared.into_iter().map(|(_, id)| id));
        located.extend(recorded.iter().map(|_| unscanned(program, &kind, &module_path, &name)));
    }
    located.extend(unlinked_declarations(program, &unlinked, records));
    located.sort_by_cached_key(|located| {
        let start = located.diagnostic.span.byte_range().start;
        (program.file(located.file).name.clone(), start, located.diagnostic.message.clone())
    });
    located
}

/// What a kind of record is of, in words.
fn noun(kind: &str) -> &str {
    match kind {
        "memoize" => "cache",
        "search" => "search index",
        other => other,
    }
}

fn stale_record(program: &Program, id: DeclId) -> Located {
    let declared = program.declared(id);
    let message =
        format!("the binary has the {} `{}` in another form than this file", noun(declared.kind()), declared.name());
    let diagnostic = Diagnostic::new("stale-record", declared.span(), message).help(
        "build again; if this stays, another macro changes the item before Cell's attribute sees it: put that below",
    );
    Located::new(declared.file, diagnostic)
}

/// A record without a declaration: the place is where its module, or the nearest one above that is known, has its name.
fn unscanned(program: &Program, kind: &str, module_path: &str, name: &str) -> Located {
    let module = nearest(program, module_path);
    let file = module.map_or(FileId(0), |module| program.module(module).file);
    let span = match program.files().nth(file.0).and_then(|(_, file)| word(&file.text, name)) {
        Some(at) => place(at, name.len()),
        None => place(0, 1),
    };
    let kind = noun(kind);
    let message = format!("the binary has a {kind} `{name}` in `{module_path}` that no source shows");
    let help =
        "write the item out where a macro makes it; if it is under a `cfg` that a build script sets, remove that";
    Located::new(file, Diagnostic::new("unscanned-declaration", span, message).help(help))
}

fn nearest(program: &Program, module_path: &str) -> Option<ModuleId> {
    let modules = || program.modules.iter().enumerate().filter(|(_, module)| !module.block);
    let mut path = module_path;
    loop {
        if let Some((index, _)) = modules().find(|(_, module)| module.path == path) {
            return Some(ModuleId(index));
        }
        match path.rsplit_once("::") {
            Some((above, _)) => path = above,
            None => return program.application().map(|krate| program.krate(krate).root),
        }
    }
}

/// Where a word first stands in a text.
fn word(text: &str, word: &str) -> Option<usize> {
    let inside = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let (before, after) = (text.get(..*at), text.get(at + word.len()..));
        !before.is_some_and(|text| text.ends_with(inside)) && !after.is_some_and(|text| text.starts_with(inside))
    })
}

/// Declarations without a record. Where a library left none at all, nothing of it was linked, which is one mistake.
fn unlinked_declarations(program: &Program, unlinked: &[DeclId], records: &[Record]) -> Vec<Located> {
    let linked: BTreeSet<&str> = records.iter().filter_map(|record| record.module_path.split("::").next()).collect();
    let mut crates: BTreeSet<CrateId> = BTreeSet::new();
    let mut located = Vec::new();
    for id in unlinked {
        let declared = program.declared(*id);
        let krate = program.module(declared.module).krate;
        let name = &program.krate(krate).name;
        let what = format!("the {} `{}`", noun(declared.kind()), declared.name());
        let (message, help) = if linked.contains(name.as_str()) || program.krate(krate).binary {
            let help = "rustc leaves it out: a macro or a build script decides about it; write it without a `cfg`";
            (format!("{what} is not in the binary"), help.to_owned())
        } else if crates.insert(krate) {
            let (known_as, user) = user(program, krate);
            let file = &program.file(program.module(program.krate(user).root).file).name;
            let help = format!("add `use {known_as} as _;` to `{file}`: a crate that nothing names is not linked");
            (format!("{what} is not in the binary, nor is anything else of `{name}`"), help)
        } else {
            continue;
        };
        let diagnostic = Diagnostic::new("unlinked-declaration", declared.span(), message).help(help);
        located.push(Located::new(declared.file, diagnostic));
    }
    located
}

/// A crate that depends on this one, the application first, and what it calls it.
fn user(program: &Program, krate: CrateId) -> (String, CrateId) {
    let root = Definition::Module(program.krate(krate).root);
    let users = program.application().into_iter().chain(program.crates().map(|(id, _)| id));
    for user in users.filter(|user| *user != krate) {
        let externs = program.names.externs.get(user.0).into_iter().flatten();
        if let Some((name, _)) = externs.into_iter().find(|(_, definition)| **definition == root) {
            return (name.clone(), user);
        }
    }
    (program.krate(krate).name.clone(), program.application().unwrap_or(krate))
}
