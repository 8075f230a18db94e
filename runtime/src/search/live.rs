//! A search index in use: what queries look into, and how far it has come. One for each indexed table of an opened database, whoever
//! writes to it. Absent: writing (see [`super::indexer`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tantivy::query::QueryParser;
use tantivy::tokenizer::TokenizerManager;
use tokio::sync::watch;
use tokio::time::Instant;

use super::error::SearchError;
use super::index::{IndexInfo, Indexed};
use super::indexer;
use super::lag::Lag;
use super::layout::{Layout, Of};
use super::standing::Standing;
use super::store::{Generation, Store};
use super::tokenizer;
use super::words::{self, Manner};
use crate::db::feed::{Consumer, Cursor, Feed};
use crate::db::model::Facts;
use crate::db::{ColumnInfo, DataError, Handle};

/// What the folder's name begins with: of another form of index, another folder.
const FORMAT: &str = "1";

/// An index in use.
pub(crate) struct Live {
    pub(super) table: &'static str,
    pub(super) info: &'static IndexInfo,
    pub(super) layout: Layout,
    /// The tables of the rows that it includes.
    pub(super) includes: Vec<Facts>,
    pub(super) store: Store,
    /// The analyzers of what is searched for.
    pub(super) questions: TokenizerManager,
    /// What parses it where nothing else is said.
    pub(super) parser: QueryParser,
    generation: RwLock<Option<Generation>>,
    state: watch::Sender<State>,
    /// Whether a search found the index damaged.
    suspect: AtomicBool,
    pub(super) lag: Mutex<Lag>,
    /// When others were last told how it stands.
    pub(super) told: Mutex<Option<Instant>>,
}

/// How an index stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    /// How far it follows the feed; nothing while it is built for the first time.
    pub(super) came: Option<Cursor>,
    /// Whether this process writes.
    pub(super) is_writer: bool,
    pub(super) standing: Standing,
}

/// The indexes of an opened database.
#[derive(Default)]
pub(crate) struct Indexes(Mutex<BTreeMap<&'static str, Arc<Live>>>);

impl Indexes {
    /// The index of a table, which is followed from now on.
    pub(crate) fn of<T: Indexed>(&self, handle: &Handle, table: &'static str) -> Result<Arc<Live>, DataError> {
        let mut indexes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = indexes.get(table) {
            return Ok(Arc::clone(live));
        }
        let live = Arc::new(Live::new::<T>(handle, table)?);
        indexes.insert(table, Arc::clone(&live));
        tokio::spawn(indexer::run::<T>(Arc::clone(&live), handle.downgrade()));
        Ok(live)
    }
}

impl Live {
    pub(super) fn new<T: Indexed>(handle: &Handle, table: &'static str) -> Result<Self, DataError> {
        let info = &T::INDEX;
        let layout = Layout::of::<T>(info);
        let includes =
            info.includes.iter().map(|include| (include.reference.facts)(handle)).collect::<Result<Vec<_>, _>>()?;
        let store = match handle.search_folder()? {
            None => Store::Memory,
            Some(folder) => {
                // All that decides what is in it; how much a word counts is decided when it is searched for.
                let fields = layout.fields.iter().map(|field| {
                    let tokenizer = field.info.text.map(|text| text.tokenizer);
                    (
                        field.info.field,
                        field.info.column.name,
                        field.info.column.ty,
                        field.info.column.earlier,
                        tokenizer,
                        field.info.filter,
                        field.info.facet,
                    )
                });
                let fields: Vec<_> = fields.collect();
                let keys: Vec<_> =
                    T::KEY.iter().filter_map(|at| T::INFO.get(*at)).map(|it| (it.name, it.ty, it.earlier)).collect();
                let references: Vec<_> =
                    info.includes.iter().map(|it| it.reference.column.name).zip(tables_of(&includes)).collect();
                let definition = format!("{FORMAT} {:?} {fields:?} {keys:?} {references:?}", info.language);
                Store::Folder(folder.join(info.name.unwrap_or(table)).join(hash(&definition)))
            }
        };
        let questions = tokenizer::of_questions(info.language);
        let parser = words::parser(&layout, &questions, Manner::default());
        let (state, _) = watch::channel(State::default());
        Ok(Self {
            table,
            info,
            layout,
            includes,
            store,
            questions,
            parser,
            generation: RwLock::new(None),
            state,
            suspect: AtomicBool::new(false),
            lag: Mutex::default(),
            told: Mutex::default(),
        })
    }

    /// Whether what changes in a table may change the index.
    pub(super) fn follows(&self, table: &str) -> bool {
        self.table == table || tables_of(&self.includes).any(|included| included == table)
    }

    /// One that follows the feed for it, by its name.
    pub(super) fn consumer(&self, feed: &Feed, name: &str) -> Consumer {
        Consumer::new(feed.clone(), format!("search:{}:{name}", self.info.name.unwrap_or(self.table)))
    }

    /// How many changes it lacks that are committed.
    pub(super) async fn lacks(&self, feed: &Feed, since: &Cursor) -> Result<u64, DataError> {
        let tables: BTreeSet<&str> = tables_of(&self.includes).chain([self.table]).collect();
        let mut lines = 0;
        for table in tables {
            lines += feed.behind(since, table).await?;
        }
        Ok(lines)
    }

    /// What is looked into; nothing before it was built.
    pub(super) fn generation(&self) -> Option<Generation> {
        self.generation.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on this is looked into.
    pub(super) fn show(&self, generation: Generation) {
        *self.generation.write().unwrap_or_else(PoisonError::into_inner) = Some(generation);
        // Who waits for it has something to look into.
        self.note(|_| ());
    }

    /// A search can't read it.
    pub(super) fn suspect(&self) {
        self.suspect.store(true, Ordering::Relaxed);
    }

    /// Whether a search could not read it since this was last asked.
    pub(super) fn is_suspect(&self) -> bool {
        self.suspect.swap(false, Ordering::Relaxed)
    }

    /// What to say where the index can't do something with a column.
    pub(super) fn not_indexed(&self, of: Of, column: &ColumnInfo, what: &'static str) -> SearchError {
        SearchError::NotIndexed { table: self.table, column: self.called(of, column), what }
    }

    /// What a column is called, with the row that it is of.
    pub(super) fn called(&self, of: Of, column: &ColumnInfo) -> String {
        let include = of.and_then(|at| self.info.includes.get(at));
        include
            .map_or_else(|| column.name.to_owned(), |include| [include.reference.relation, ".", column.name].concat())
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }

    /// Waits until it has seen all that `cursor` has; without one, until it is there.
    pub(super) async fn reached(&self, cursor: Option<&Cursor>, within: Duration) -> Result<Generation, SearchError> {
        let has = |state: &State| match (&state.came, cursor) {
            (Some(came), Some(cursor)) => came.reaches(cursor),
            // Also while a new one is built, one that is there is looked into.
            (_, None) => self.generation().is_some(),
            (None, Some(_)) => false,
        };
        if let (None, Some(generation)) = (cursor, self.generation()) {
            return Ok(generation);
        }
        let mut states = self.state.subscribe();
        let waited = tokio::time::timeout(within, states.wait_for(has)).await.is_ok();
        match self.generation() {
            Some(generation) if waited => Ok(generation),
            Some(_) => Err(SearchError::Behind { table: self.table }),
            None => Err(match self.state().standing.trouble {
                Some(trouble) => SearchError::Index { table: self.table, reason: trouble.message },
                None => SearchError::Building { table: self.table },
            }),
        }
    }
}

fn tables_of(includes: &[Facts]) -> impl Iterator<Item = &'static str> {
    includes.iter().map(|facts| facts.table)
}

/// The folder of a database's indexes, of one server among others that may be called alike.
pub(crate) fn folder_of(state: PathBuf, database: &str, url: &str) -> PathBuf {
    state.join("search").join(format!("{database}-{}", hash(url)))
}

/// Sixteen digits that stand for a text.
fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}
