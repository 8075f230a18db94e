//! What differs between two releases. In: the last record, the next one, and the migrations that lead there. Out: lists for
//! people and programs, ordered by name. Absent: whether a difference is safe.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cell_manifest::{Cache, Engine, Handler, Index, Placement, Process, Released, ReleasedCell};
use cell_schema::history::{History, Migration};
use serde::Serialize;

use crate::model::{Database, Model};

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was not there.
    Added,
    /// It was otherwise.
    Changed,
    /// It is there no more.
    Removed,
}

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Databases that come or go, or that another engine holds.
    pub databases: Vec<DatabaseChange>,
    /// Migrations that the last release does not have, in their order.
    pub migrations: Vec<PendingMigration>,
    /// Search indexes.
    pub indexes: Vec<IndexChange>,
    /// Caches, and what they depend on.
    pub caches: Vec<CacheChange>,
    /// Calls.
    pub handlers: Vec<HandlerChange>,
    /// Cells, and where they are declared to run.
    pub cells: Vec<CellChange>,
    /// Processes, and where each topology lets them run.
    pub processes: Vec<ProcessChange>,
    /// Named types that cross between cells.
    pub types: Vec<TypeChange>,
}

/// A database that comes or goes, or that another engine holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseChange {
    /// What becomes of it.
    pub change: Kind,
    /// Its name.
    pub database: String,
    /// What holds it, or held it.
    pub engine: Engine,
    /// What held it, where that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Engine>,
}

/// A migration that the last release does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingMigration {
    /// The database's name.
    pub database: String,
    /// Number and slug: `0003_add_rating`.
    pub migration: String,
    /// Whether a later build may still rewrite it.
    pub open: bool,
    /// What its steps do, in order.
    pub steps: Vec<String>,
}

/// A search index that comes or goes, or holds something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexChange {
    /// What becomes of it.
    pub change: Kind,
    /// Its name: `shop.products`.
    pub index: String,
}

/// A cache that comes or goes, or depends on something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheChange {
    /// What becomes of it.
    pub change: Kind,
    /// Its name: `shop::goods::best`, or `shop.products`.
    pub cache: String,
    /// The tables and databases that it depends on, or did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends: Vec<String>,
    /// What it depended on, where that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Vec<String>>,
}

/// A call that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandlerChange {
    /// What becomes of it.
    pub change: Kind,
    /// Its cell.
    pub cell: String,
    /// Its name.
    pub handler: String,
    /// Its door, as it is or was: `GET /crates/{name}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// What changed: `shape`, `door`, `idempotent`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<&'static str>,
    /// The door that it had, where that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_door: Option<String>,
}

/// A cell that comes or goes, or is declared to run elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellChange {
    /// What becomes of it.
    pub change: Kind,
    /// Its name.
    pub cell: String,
    /// Where it is declared to run, or was; nothing where that is left to the topology.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Where it was declared to run, where that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Placement>,
}

/// A process that comes or goes, runs other cells, or runs elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcessChange {
    /// What becomes of it.
    pub change: Kind,
    /// The topology by which it runs so: `cell/topology.toml`.
    pub topology: String,
    /// As it is, or was.
    pub process: Process,
    /// As it was, where it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Process>,
}

/// A named type that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeChange {
    /// What becomes of it.
    pub change: Kind,
    /// Its name.
    #[serde(rename = "type")]
    pub name: String,
}

impl IndexChange {
    /// What becomes of it, in words.
    #[must_use]
    pub fn effect(&self) -> &'static str {
        match self.change {
            Kind::Added => "new",
            Kind::Changed => "changed: it is rebuilt beside the old one",
            Kind::Removed => "gone",
        }
    }
}

impl fmt::Display for IndexChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.index, self.effect())
    }
}

impl CacheChange {
    /// What becomes of it, in words.
    #[must_use]
    pub fn effect(&self) -> String {
        let list = |depends: &[String]| if depends.is_empty() { "nothing".to_owned() } else { depends.join(", ") };
        match (self.change, &self.previous) {
            (Kind::Removed, _) => "gone".to_owned(),
            (_, Some(previous)) => format!("depends on {}, before on {}", list(&self.depends), list(previous)),
            _ => format!("depends on {}", list(&self.depends)),
        }
    }
}

impl fmt::Display for CacheChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.cache, self.effect())
    }
}

impl Difference {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What differs between the last release, if there was one, and the next.
#[must_use]
pub fn between(
    last: Option<&Released>,
    next: &Released,
    model: &Model,
    histories: &BTreeMap<String, History>,
) -> Difference {
    let mut difference = Difference::default();
    let (none_databases, none_cells, none_types, none_environments) = Default::default();
    let databases = last.map_or(&none_databases, |last| &last.databases);
    for (change, name, was, is) in changes(databases, &next.databases, |database| &database.name) {
        let Some(engine) = is.or(was).map(|database| database.engine) else { continue };
        let previous = was.map(|database| database.engine).filter(|previous| *previous != engine);
        // What its migrations change is listed with them.
        if change != Kind::Changed || previous.is_some() {
            difference.databases.push(DatabaseChange { change, database: name.to_owned(), engine, previous });
        }
    }
    for database in &model.databases {
        let Some(history) = histories.get(&database.name) else { continue };
        let known = databases.iter().find(|released| released.name == database.name);
        let released = known.map_or(0, |released| released.migrations);
        let pending = history.migrations.iter().filter(|migration| migration.number > released);
        difference.migrations.extend(pending.map(|migration| self::pending(database, history, migration)));
    }
    difference.indexes = index_changes(last.map_or(&[], |last| &last.indexes), &next.indexes);
    difference.caches = cache_changes(last.map_or(&[], |last| &last.caches), &next.caches);
    let cells = last.map_or(&none_cells, |last| &last.cells);
    for (change, name, previous, cell) in changes(cells, &next.cells, |cell| &cell.name) {
        difference.handlers.extend(handlers(name, previous, cell));
        let placement = |cell: Option<&ReleasedCell>| cell.and_then(|cell| cell.placement.clone());
        let (placed, was) = (placement(cell.or(previous)), placement(previous));
        if change != Kind::Changed || placed != was {
            let previous = was.filter(|_| change == Kind::Changed);
            difference.cells.push(CellChange { change, cell: name.to_owned(), placement: placed, previous });
        }
    }
    let environments = last.map_or(&none_environments, |last| &last.environments);
    for (_, topology, previous, next) in changes(environments, &next.environments, |environment| &environment.topology)
    {
        let processes = |environment: Option<&cell_manifest::Environment>| {
            environment.map(|environment| environment.processes.clone()).unwrap_or_default()
        };
        let (previous, next) = (processes(previous), processes(next));
        for (change, _, was, is) in changes(&previous, &next, |process| &process.name) {
            let Some(process) = is.or(was).cloned() else { continue };
            let previous = was.filter(|_| change == Kind::Changed).cloned();
            difference.processes.push(ProcessChange { change, topology: topology.to_owned(), process, previous });
        }
    }
    let types = last.map_or(&none_types, |last| &last.types);
    let names: BTreeSet<&String> = types.keys().chain(next.types.keys()).collect();
    for name in names {
        if let Some(change) = kind(types.get(name), next.types.get(name)) {
            difference.types.push(TypeChange { change, name: name.clone() });
        }
    }
    difference
}

/// What differs between search indexes.
#[must_use]
pub fn index_changes(previous: &[Index], next: &[Index]) -> Vec<IndexChange> {
    let changes = changes(previous, next, |index| &index.name);
    changes.into_iter().map(|(change, name, _, _)| IndexChange { change, index: name.to_owned() }).collect()
}

fn cache_changes(previous: &[Cache], next: &[Cache]) -> Vec<CacheChange> {
    let changes = changes(previous, next, |cache| &cache.name).into_iter();
    changes
        .map(|(change, name, was, is)| {
            let depends = is.or(was).map(|cache| cache.depends.clone()).unwrap_or_default();
            let previous = was.filter(|_| change == Kind::Changed).map(|cache| cache.depends.clone());
            CacheChange { change, cache: name.to_owned(), depends, previous }
        })
        .collect()
}

fn kind<T: PartialEq>(previous: Option<&T>, next: Option<&T>) -> Option<Kind> {
    match (previous, next) {
        (None, Some(_)) => Some(Kind::Added),
        (Some(_), None) => Some(Kind::Removed),
        (previous, next) => (previous != next).then_some(Kind::Changed),
    }
}

/// What differs between two lists, by name.
fn changes<'a, T: PartialEq>(
    previous: &'a [T],
    next: &'a [T],
    name: impl Fn(&'a T) -> &'a String,
) -> Vec<(Kind, &'a str, Option<&'a T>, Option<&'a T>)> {
    let mut sides: BTreeMap<&str, (Option<&T>, Option<&T>)> = BTreeMap::new();
    for item in previous {
        sides.entry(name(item)).or_default().0 = Some(item);
    }
    for item in next {
        sides.entry(name(item)).or_default().1 = Some(item);
    }
    let changed = sides
        .into_iter()
        .filter_map(|(name, (previous, next))| kind(previous, next).map(|kind| (kind, name, previous, next)));
    changed.collect()
}

fn handlers(cell: &str, previous: Option<&ReleasedCell>, next: Option<&ReleasedCell>) -> Vec<HandlerChange> {
    let of = |cell: Option<&'_ ReleasedCell>| cell.map(|cell| cell.handlers.clone()).unwrap_or_default();
    let (previous, next) = (of(previous), of(next));
    let door = |handler: &Handler| handler.http.as_ref().map(|http| format!("{} {}", http.method, http.path));
    let mut found = Vec::new();
    for (change, name, was, is) in changes(&previous, &next, |handler| &handler.name) {
        let mut what = Vec::new();
        if let (Some(was), Some(is)) = (was, is) {
            // Types may be called otherwise and mean the same: the hash says so.
            let parts = [
                ("shape", was.hash != is.hash),
                ("door", was.http != is.http),
                ("idempotent", was.idempotent != is.idempotent),
            ];
            what.extend(parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part));
            if what.is_empty() {
                continue;
            }
        }
        let previous_door = was.filter(|_| what.contains(&"door")).and_then(door);
        let door = is.or(was).and_then(door);
        found.push(HandlerChange {
            change,
            cell: cell.to_owned(),
            handler: name.to_owned(),
            door,
            what,
            previous_door,
        });
    }
    found
}

fn pending(database: &Database, history: &History, migration: &Migration) -> PendingMigration {
    PendingMigration {
        database: database.name.clone(),
        migration: migration.name.clone(),
        open: migration.number > history.sealed,
        steps: migration.told(database.engine),
    }
}
