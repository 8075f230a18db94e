//! The text of a table's statements, made by sea-query once for each table and engine and kept.
//! In: the facts of a table. Out: text whose parameters stand in the order in which [`super::binder`] binds them.
//! Absent: filters and orders (see [`super::select`]), and values.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use sea_query::{
    DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, PostgresQueryBuilder, Query, QueryStatementWriter,
    ReturningClause, SelectStatement, SqliteQueryBuilder, UpdateStatement, Values,
};

use super::binder::{Given, Part};
use super::error::DataError;
use super::model::{Engine, Facts};
use super::shape::{MOST_SHAPES, Shape};

/// The statements of one table on one engine.
#[derive(Debug)]
pub(crate) struct Statements {
    engine: Engine,
    facts: Facts,
    get: OnceLock<Arc<str>>,
    update: OnceLock<Arc<str>>,
    delete: OnceLock<Arc<str>>,
    upsert: OnceLock<Arc<str>>,
    inserts: RwLock<HashMap<(Given, usize), Arc<str>>>,
    upserts: RwLock<HashMap<usize, Arc<str>>>,
    asked: RwLock<HashMap<Shape, Arc<str>>>,
}

/// Which rows a statement gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Returning {
    Rows,
    Nothing,
}

impl Statements {
    pub(crate) fn new(engine: Engine, facts: Facts) -> Self {
        Self {
            engine,
            facts,
            get: OnceLock::new(),
            update: OnceLock::new(),
            delete: OnceLock::new(),
            upsert: OnceLock::new(),
            inserts: RwLock::default(),
            upserts: RwLock::default(),
            asked: RwLock::default(),
        }
    }

    /// The text of a question of this shape.
    pub(crate) fn asked(&self, shape: &Shape) -> Option<Arc<str>> {
        self.asked.read().unwrap_or_else(PoisonError::into_inner).get(shape).map(Arc::clone)
    }

    /// Keeps it.
    pub(crate) fn keep_asked(&self, shape: Shape, text: &Arc<str>) {
        let mut asked = self.asked.write().unwrap_or_else(PoisonError::into_inner);
        if asked.len() < MOST_SHAPES {
            asked.insert(shape, Arc::clone(text));
        }
    }

    /// One row by its key, which is bound as [`Part::Key`].
    pub(crate) fn get(&self) -> Arc<str> {
        self.keep(&self.get, || {
            let mut select: SelectStatement = Query::select();
            select.columns(self.names(|_| true)).from(self.facts.table);
            for info in self.facts.key_columns() {
                select.and_where(Expr::col(info.name).eq(parameter()));
            }
            select
        })
    }

    /// One row's other columns by its key: [`Part::Rest`], then [`Part::KeyOfRow`].
    pub(crate) fn update(&self) -> Arc<str> {
        self.keep(&self.update, || {
            let mut update: UpdateStatement = Query::update();
            update.table(self.facts.table);
            let rest = self.part(Part::Rest);
            update.values(rest.iter().map(|name| (*name, parameter())));
            if rest.is_empty() {
                // A row that is all key is written as it is, which still tells whether it is there.
                update.values(self.part(Part::KeyOfRow).into_iter().map(|name| (name, Expr::col(name))));
            }
            for name in self.part(Part::KeyOfRow) {
                update.and_where(Expr::col(name).eq(parameter()));
            }
            update
        })
    }

    /// One row by its key, which is bound as [`Part::Key`].
    pub(crate) fn delete(&self) -> Arc<str> {
        self.keep(&self.delete, || {
            let mut delete: DeleteStatement = Query::delete();
            delete.from_table(self.facts.table);
            for info in self.facts.key_columns() {
                delete.and_where(Expr::col(info.name).eq(parameter()));
            }
            delete
        })
    }

    /// One whole row, [`Part::Written`], in the place of the one with its key.
    pub(crate) fn upsert(&self) -> Result<Arc<str>, DataError> {
        if let Some(text) = self.upsert.get() {
            return Ok(Arc::clone(text));
        }
        let insert = self.upsert_of(1, Returning::Rows)?;
        Ok(self.keep(&self.upsert, || insert))
    }

    /// This many whole rows, [`Part::Written`], each in the place of the one with its key.
    pub(crate) fn upsert_many(&self, rows: usize) -> Result<Arc<str>, DataError> {
        if let Some(text) = self.upserts.read().unwrap_or_else(PoisonError::into_inner).get(&rows) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = render(self.engine, &self.upsert_of(rows, Returning::Nothing)?).0.into();
        self.upserts.write().unwrap_or_else(PoisonError::into_inner).insert(rows, Arc::clone(&text));
        Ok(text)
    }

    fn upsert_of(&self, rows: usize, returning: Returning) -> Result<InsertStatement, DataError> {
        let mut insert = self.insert_of(&self.part(Part::Written), rows, returning)?;
        let rest = self.part(Part::Rest);
        let mut conflict = OnConflict::columns(self.facts.key_columns().map(|info| info.name));
        // Without a written column there would be nothing to give back.
        conflict.update_columns(if rest.is_empty() { self.part(Part::KeyOfRow) } else { rest });
        insert.on_conflict(conflict);
        Ok(insert)
    }

    /// A row of the columns that are given, and the whole row back.
    pub(crate) fn insert(&self, given: &Given) -> Result<Arc<str>, DataError> {
        self.insert_kept(given, 1, Returning::Rows)
    }

    /// This many rows of the columns that are given.
    pub(crate) fn insert_many(&self, given: &Given, rows: usize) -> Result<Arc<str>, DataError> {
        self.insert_kept(given, rows, Returning::Nothing)
    }

    /// The columns that are given, as a list.
    #[cfg(feature = "postgres")]
    pub(crate) fn listed(&self, given: &Given) -> Arc<str> {
        let names = self.names(|at| given.has(at)).map(super::dialect::identifier);
        names.collect::<Vec<_>>().join(", ").into()
    }

    fn insert_kept(&self, given: &Given, rows: usize, returning: Returning) -> Result<Arc<str>, DataError> {
        // Zero rows stand for the one that is given back.
        let key = (given.clone(), if returning == Returning::Rows { 0 } else { rows });
        if let Some(text) = self.inserts.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(text));
        }
        let names: Vec<_> = self.names(|at| given.has(at)).collect();
        let (text, _) = render(self.engine, &self.insert_of(&names, rows, returning)?);
        let text: Arc<str> = text.into();
        self.inserts.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&text));
        Ok(text)
    }

    fn insert_of(
        &self,
        names: &[&'static str],
        rows: usize,
        returning: Returning,
    ) -> Result<InsertStatement, DataError> {
        let mut insert = Query::insert();
        insert.into_table(self.facts.table);
        if names.is_empty() {
            insert.or_default_values();
        } else {
            insert.columns(names.iter().copied());
            for _ in 0..rows {
                insert.values(names.iter().map(|_| parameter())).map_err(DataError::other)?;
            }
        }
        if returning == Returning::Rows {
            insert.returning(ReturningClause::Columns(
                self.names(|_| true).map(sea_query::IntoColumnRef::into_column_ref).collect(),
            ));
        }
        Ok(insert)
    }

    fn names(&self, takes: impl Fn(usize) -> bool) -> impl Iterator<Item = &'static str> {
        self.facts.columns.iter().enumerate().filter(move |(at, _)| takes(*at)).map(|(_, info)| info.name)
    }

    fn part(&self, part: Part) -> Vec<&'static str> {
        let columns = self.facts.columns.iter().enumerate();
        columns.filter(|(at, info)| part.takes(self.facts, *at, info)).map(|(_, info)| info.name).collect()
    }

    fn keep<S: QueryStatementWriter>(&self, place: &OnceLock<Arc<str>>, make: impl FnOnce() -> S) -> Arc<str> {
        Arc::clone(place.get_or_init(|| render(self.engine, &make()).0.into()))
    }
}

/// A parameter. Only its place matters here; the value is bound by the binder.
fn parameter() -> Expr {
    Expr::val(0_u64)
}

/// The text of a statement, and the values that sea-query holds for its parameters, in their order.
pub(crate) fn render(engine: Engine, statement: &impl QueryStatementWriter) -> (String, Values) {
    match engine {
        Engine::Sqlite => statement.build(SqliteQueryBuilder),
        Engine::Postgres => statement.build(PostgresQueryBuilder),
    }
}
