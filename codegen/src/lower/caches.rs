//! From caches as they are declared, and what their functions reach, to what each depends on. In: the declarations, the databases and the
//! traces. Out: caches, ordered by name. What cannot be lowered is left out and noted; a rule of `check` reports it.

use std::collections::{BTreeMap, BTreeSet};

use cell_syntax::decl::{Decl, Memoize, Memoized};
use syn::spanned::Spanned as _;

use super::beside::beside;
use super::row::Row;
use crate::model::{Cache, CacheOf, Database, DatabaseId, Dependency, Place, Unfollowed, Write};
use crate::program::{DeclId, Declared, Program, Resolved};
use crate::trace::{self, Reached, Traced};

/// Every cache.
pub(crate) fn all(program: &Program) -> impl Iterator<Item = (&Declared, &Memoize)> {
    program.declarations().iter().filter_map(|declared| match &declared.decl {
        Decl::Memoize(memoize) => Some((declared, memoize)),
        _ => None,
    })
}

/// The table on whose struct a cache stands, if it stands on one.
pub(crate) fn row<'a>(program: &'a Program, declared: &'a Declared) -> Option<Row<'a>> {
    beside(program, declared).find_map(|other| Row::of(program, other))
}

/// The struct that `reads` or `ignores` names, where a database of the application has a table of it.
pub(crate) fn named(
    program: &Program,
    databases: &[Database],
    declared: &Declared,
    path: &syn::Path,
) -> Option<DeclId> {
    let Resolved::Decl(id) = program.resolve_path(declared.module, path) else { return None };
    let is_table = databases.iter().flat_map(|database| &database.tables).any(|table| table.decl == id);
    is_table.then_some(id)
}

pub(super) fn lower(program: &Program, databases: &[Database], omitted: &mut Vec<Place>) -> Vec<Cache> {
    let mut traces = trace::trace(program);
    let mut caches = Vec::new();
    for (declared, memoize) in all(program) {
        match &memoize.of {
            Memoized::Function(function) => {
                let mut ignored = BTreeSet::new();
                for path in &function.ignores {
                    ignored.extend(named(program, databases, declared, path));
                }
                for path in function.reads.iter().chain(&function.ignores) {
                    if named(program, databases, declared, path).is_none() {
                        omitted.push(Place { file: declared.file, span: path.span() });
                    }
                }
                let traced = traces.remove(&declared.id).unwrap_or_default();
                let name = format!("{}::{}", declared.module_path, declared.name());
                let mut cache = cache(declared, memoize, name, CacheOf::Function);
                cache.depends = depends(databases, &traced, &ignored);
                cache.writes = traced.writes.iter().map(|written| write(program, databases, written)).collect();
                cache.unfollowed = unfollowed(databases, &traced);
                caches.push(cache);
            }
            Memoized::Table(ident) => {
                let Some(row) = row(program, declared) else {
                    omitted.push(Place { file: declared.file, span: ident.span() });
                    continue;
                };
                for (at, database) in databases.iter().enumerate() {
                    for table in database.tables.iter().filter(|table| table.decl == row.declared.id) {
                        let name = format!("{}.{}", database.name, table.name);
                        let mut cache = cache(declared, memoize, name, CacheOf::Rows);
                        let table = Some(table.name.clone());
                        let because = "it holds its rows".to_owned();
                        cache.depends = vec![Dependency { database: DatabaseId(at), table, because }];
                        caches.push(cache);
                    }
                }
            }
        }
    }
    caches.sort_by(|left, right| left.name.cmp(&right.name));
    caches
}

/// Says which tables must tell of their changes.
pub(super) fn follow(caches: &[Cache], databases: &mut [Database]) {
    for on in caches.iter().flat_map(|cache| &cache.depends) {
        let Some(database) = databases.get_mut(on.database.index()) else { continue };
        let tables = database.schema.tables.iter_mut();
        for table in tables.filter(|table| on.table.as_ref().is_none_or(|name| *name == table.name)) {
            table.followed = true;
        }
    }
}

fn cache(declared: &Declared, memoize: &Memoize, name: String, of: CacheOf) -> Cache {
    Cache {
        name,
        of,
        decl: declared.id,
        place: Place { file: declared.file, span: declared.span() },
        ttl: memoize.ttl.as_ref().map(|ttl| ttl.value),
        idle: memoize.idle.as_ref().map(|idle| idle.value),
        none_ttl: memoize.none_ttl.as_ref().map(|ttl| ttl.value),
        capacity: memoize.capacity.as_ref().map(|capacity| capacity.value),
        tags: memoize.tags.iter().map(|tag| tag.value.clone()).collect(),
        depends: Vec::new(),
        writes: Vec::new(),
        unfollowed: Vec::new(),
    }
}

fn id(databases: &[Database], decl: DeclId) -> Option<DatabaseId> {
    databases.iter().position(|database| database.decl == decl).map(DatabaseId)
}

/// What is reached, without what is ignored. A whole database of which some is ignored is all its other tables.
fn depends(databases: &[Database], traced: &Traced, ignored: &BTreeSet<DeclId>) -> Vec<Dependency> {
    let mut found: BTreeMap<(DatabaseId, Option<String>), String> = BTreeMap::new();
    for ((decl, table), because) in &traced.reads {
        let Some(at) = id(databases, *decl) else { continue };
        let Some(database) = databases.get(at.index()) else { continue };
        let is_ignored =
            |name: &str| database.tables.iter().any(|table| table.name == name && ignored.contains(&table.decl));
        let whole = traced.reads.contains_key(&(*decl, None));
        match table {
            Some(table) if is_ignored(table) => {}
            Some(table) => {
                if !whole || database.tables.iter().any(|table| is_ignored(&table.name)) {
                    found.insert((at, Some(table.clone())), because.clone());
                }
            }
            None if database.tables.iter().any(|table| is_ignored(&table.name)) => {
                for table in database.tables.iter().filter(|table| !is_ignored(&table.name)) {
                    // What is known of a table itself comes later, and says more.
                    found.entry((at, Some(table.name.clone()))).or_insert_with(|| because.clone());
                }
            }
            None => drop(found.insert((at, None), because.clone())),
        }
    }
    found.into_iter().map(|((database, table), because)| Dependency { database, table, because }).collect()
}

fn write(program: &Program, databases: &[Database], written: &trace::Written) -> Write {
    let name = |(decl, table): &Reached| {
        let database = id(databases, *decl).and_then(|id| databases.get(id.index()));
        let database = database.map_or_else(|| program.declared(*decl).name(), |database| database.name.clone());
        table.as_ref().map_or_else(|| database.clone(), |table| format!("{database}.{table}"))
    };
    let what = written.what.iter().map(name).collect();
    Write { what, place: written.place, because: written.because.clone() }
}

fn unfollowed(databases: &[Database], traced: &Traced) -> Vec<Unfollowed> {
    let left = traced.left.iter().filter_map(|left| {
        Some(Unfollowed { database: id(databases, left.database)?, place: left.place, how: left.how.clone() })
    });
    left.collect()
}
