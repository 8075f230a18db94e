//! Looks after the indexes of a program. In: what is asked for, the databases that were linked, the environment. Out: how each index
//! stands, and what came of it. A database that can't be opened, and an index that can't be had, are problems of their own: the others
//! are still told.

use std::collections::BTreeMap;

use cell_manifest::{SearchProgress, SearchState, SearchWork, SearchedIndex};

use super::status::unknown;
use super::tend::Tended;
use crate::db::open::{Place, variable};
use crate::db::{DatabaseInfo, Handle};
use crate::search_mode::{Asked, Mode};
use crate::{Error, Result};

/// A database of this program. Its macro submits one to `inventory`.
#[derive(Debug)]
pub struct Linked(pub &'static DatabaseInfo);

inventory::collect!(Linked);

/// An index, where it is declared.
struct Declared {
    info: &'static DatabaseInfo,
    field: &'static str,
    follow: super::Follow,
}

/// How the indexes stand, in the order of their names, after what is asked for was done to each.
///
/// # Errors
/// There is no index of a name that is asked for.
pub(crate) async fn indexes(
    application: &str,
    asked: &Asked,
    hears: &(dyn Fn(SearchProgress) + Send + Sync),
) -> Result<Vec<SearchedIndex>> {
    let declared = declared();
    check(application, asked, &declared)?;
    let mut opened: BTreeMap<&str, std::result::Result<Handle, SearchedIndex>> = BTreeMap::new();
    let mut told = Vec::new();
    for (name, index) in declared {
        if !asked.indexes.is_empty() && !asked.indexes.contains(&name) {
            continue;
        }
        let info = index.info;
        if !opened.contains_key(info.name) {
            opened.insert(info.name, open(info).await);
        }
        let Some(opened) = opened.get(info.name) else { continue };
        let (index_name, table) = (index.follow.name(index.field), index.follow.table(index.field));
        told.push(match opened {
            Ok(handle) => done(asked.mode, &name, &index, handle, hears).await,
            // Whoever is started for it says that it can't be opened.
            Err(why) if asked.mode == Mode::Prepare => {
                let (index, table) = (index_name.to_owned(), table.to_owned());
                SearchedIndex { index, table, problem: None, ..why.clone() }
            }
            Err(why) => SearchedIndex { index: index_name.to_owned(), table: table.to_owned(), ..why.clone() },
        });
    }
    Ok(told)
}

/// All indexes, by their names.
fn declared() -> BTreeMap<String, Declared> {
    let mut found = BTreeMap::new();
    for Linked(info) in inventory::iter::<Linked> {
        for table in info.tables {
            let Some(follow) = table.follow else { continue };
            let name = [info.name, ".", follow.name(table.field)].concat();
            found.insert(name, Declared { info, field: table.field, follow });
        }
    }
    found
}

fn check(application: &str, asked: &Asked, declared: &BTreeMap<String, Declared>) -> Result<()> {
    let Some(stranger) = asked.indexes.iter().find(|name| !declared.contains_key(*name)) else { return Ok(()) };
    let there = match declared.len() {
        0 => "it has none".to_owned(),
        _ => ["it has `", &declared.keys().map(String::as_str).collect::<Vec<_>>().join("`, `"), "`"].concat(),
    };
    let text =
        ["`CELL_SEARCH_INDEXES` names `", stranger, "`, which is no search index of `", application, "`: ", &there];
    Err(Error::message(text.concat()))
}

/// Opens a database, without following its tables; or what is to be said of each of its indexes.
async fn open(info: &'static DatabaseInfo) -> std::result::Result<Handle, SearchedIndex> {
    let unopened = |problem: String| SearchedIndex { problem: Some(problem), ..unknown(info.name, "", "") };
    let place = Place::find(info.name, info.engine.into(), |name| variable(info.name, name));
    match place.map_err(|error| unopened(error.to_string()))? {
        Place::SqliteMemory => Err(SearchedIndex { state: SearchState::InMemory, ..unknown(info.name, "", "") }),
        // Opened, it would be made.
        Place::SqliteFile(path) if !path.exists() => {
            let text = ["the database `", info.name, "` is not there yet: `", &path.display().to_string(), "`"];
            Err(unopened(text.concat()))
        }
        place => place.unfollowed(info).await.map_err(|error| unopened(error.to_string())),
    }
}

/// Does what is asked for to one index.
async fn done(
    mode: Mode,
    name: &str,
    index: &Declared,
    handle: &Handle,
    hears: &(dyn Fn(SearchProgress) + Send + Sync),
) -> SearchedIndex {
    let known = || unknown(index.info.name, index.follow.name(index.field), index.follow.table(index.field));
    let tended: Box<dyn Tended> = match index.follow.tend(handle.clone(), index.field) {
        Ok(tended) => tended,
        Err(error) => return SearchedIndex { problem: Some(error.to_string()), ..known() },
    };
    let hears = |work| {
        let index = name.to_owned();
        move |rows| hears(SearchProgress { index: index.clone(), work, rows })
    };
    let (compared, failed) = match mode {
        Mode::Status => (None, None),
        Mode::Verify => match tended.verify(&hears(SearchWork::Compare)).await {
            Ok(compared) => (Some(compared), None),
            Err(error) => (None, Some(error)),
        },
        Mode::Rebuild => (None, tended.rebuild(&hears(SearchWork::Build)).await.err()),
        Mode::Prepare => (None, tended.prepare(&hears(SearchWork::Build)).await.err()),
    };
    let mut told = match tended.status().await {
        Ok(told) => told,
        Err(error) => SearchedIndex { problem: Some(error.to_string()), ..known() },
    };
    told.compared = compared;
    told.problem = failed.map(|error| error.to_string()).or(told.problem);
    told
}
