//! A query's own text: its filters, order and page, as its engine writes them.
//! In: the tree of conditions. Out: a statement and its values. Absent: running it, and the statements of single rows
//! ([`super::statement`]).

use std::borrow::Cow;
use std::sync::Arc;

use sea_query::{
    Condition, ConditionalStatement, Expr, ExprTrait, Func, NullOrdering, Order, Query, SelectStatement, Value as Place,
};

use super::assign::Write;
use super::call::{About, Call, Reads};
use super::column::{ColumnInfo, Type};
use super::condition::Lowering;
use super::dialect::Arguments;
use super::error::DataError;
use super::filter::Node;
use super::model::{Engine, Facts};
use super::page::{Cursor, whole_order};
use super::shape::{Shape, arguments};
use super::sort::{Direction, SortKey};
use super::statement::{Statements, render};
use super::term::Term;
use super::value::Value;

/// What a query asks for, without its table's type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) filters: Vec<Node>,
    pub(crate) page: Cut,
    /// Only rows behind this place in their order.
    pub(crate) after: Option<Cursor>,
}

/// Which of many, in which order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut {
    pub(crate) sorts: Vec<SortKey>,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: Option<u64>,
}

/// What a query asks for that gives no rows: what is computed, and over what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) rows: Ask,
    /// What rows of a group have in common, and which groups.
    pub(crate) groups: Option<(Vec<Term>, Cut)>,
    pub(crate) terms: Vec<Term>,
    /// Each answer once.
    pub(crate) distinct: bool,
}

/// The one column of [`Ask::count`].
pub(crate) const COUNT: &[ColumnInfo] = &[ColumnInfo::of::<i64>("count")];

impl Ask {
    /// Its rows.
    pub(crate) fn rows(&self, engine: Engine, facts: Facts) -> Result<Call, DataError> {
        let mut lowering = Lowering::new(engine, facts);
        let mut select = self.select(&mut lowering)?;
        select.columns(facts.columns.iter().map(|info| info.name));
        order(&self.sorts(facts), &mut select, engine);
        finish(&select, lowering, Reads::Certainly)
    }

    /// Its rows, by a text that is kept where only its values are new.
    pub(crate) fn rows_kept(&self, statements: &Statements, engine: Engine, facts: Facts) -> Result<Call, DataError> {
        let Some((shape, values)) = Shape::of(self, engine) else { return self.rows(engine, facts) };
        if let Some(text) = statements.asked(&shape) {
            let numbers = [
                self.page.is_some().then(|| count(self.page.limit)),
                self.page.offset.map(|_| count(self.page.offset)),
            ];
            let arguments = arguments(engine, facts, &values, numbers.into_iter().flatten())?;
            return Ok(Call {
                text,
                arguments,
                persistent: true,
                reads: Reads::Certainly,
                bounded: false,
                facts,
                about: About::Rows,
            });
        }
        let call = self.rows(engine, facts)?;
        statements.keep_asked(shape, &call.text);
        Ok(call)
    }

    /// How many rows there are.
    pub(crate) fn count(&self, engine: Engine, facts: Facts) -> Result<Call, DataError> {
        let mut lowering = Lowering::new(engine, facts);
        let mut select = self.select(&mut lowering)?;
        if self.page.is_some() {
            select.expr(Expr::cust("1"));
            select = Query::select().from_subquery(select, "page").take();
        }
        select.expr(Func::count(Expr::cust("*")));
        let call = finish(&select, lowering, Reads::Certainly)?;
        Ok(Call { facts: Facts { columns: COUNT, ..facts }, ..call })
    }

    /// Whether there is one: a row, of no columns that anyone reads, or none.
    pub(crate) fn exists(&self, engine: Engine, facts: Facts) -> Result<Call, DataError> {
        let mut lowering = Lowering::new(engine, facts);
        let mut select = Self { page: self.page.clone().first(), ..self.clone() }.select(&mut lowering)?;
        select.expr(Expr::cust("1"));
        finish(&select, lowering, Reads::Certainly)
    }

    /// Its rows' removal.
    pub(crate) fn delete(&self, engine: Engine, facts: Facts) -> Result<Call, DataError> {
        let mut lowering = Lowering::new(engine, facts);
        let mut delete = Query::delete();
        delete.from_table(facts.table);
        self.narrow(&mut delete, &mut lowering)?;
        finish(&delete, lowering, Reads::No)
    }

    /// Its rows' columns, written anew.
    pub(crate) fn update(&self, writes: &[Write], engine: Engine, facts: Facts) -> Result<Call, DataError> {
        let mut lowering = Lowering::new(engine, facts);
        let mut update = Query::update();
        update.table(facts.table);
        update.values(lowering.writes(writes)?);
        self.narrow(&mut update, &mut lowering)?;
        finish(&update, lowering, Reads::No)
    }

    /// Only these rows of a statement that changes rows.
    fn narrow(&self, statement: &mut impl ConditionalStatement, lowering: &mut Lowering) -> Result<(), DataError> {
        if self.page.is_some() {
            let facts = lowering.facts;
            let mut page = self.select(lowering)?;
            page.columns(facts.key_columns().map(|info| info.name));
            order(&self.sorts(facts), &mut page, lowering.engine);
            let key = Expr::tuple(facts.key_columns().map(|info| Expr::col(info.name)));
            statement.and_where(key.in_subquery(page));
        } else {
            statement.cond_where(self.condition(lowering)?);
        }
        Ok(())
    }

    fn condition(&self, lowering: &mut Lowering) -> Result<Condition, DataError> {
        let mut all = Condition::all();
        for node in &self.filters {
            all = all.add(lowering.condition(node)?);
        }
        match &self.after {
            Some(cursor) => Ok(all.add(lowering.behind(cursor, &self.sorts(lowering.facts))?)),
            None => Ok(all),
        }
    }

    /// The order of its rows: behind a cursor every row has a place of its own.
    fn sorts(&self, facts: Facts) -> Cow<'_, [SortKey]> {
        match self.after {
            Some(_) => Cow::Owned(whole_order(&self.page.sorts, facts)),
            None => Cow::Borrowed(&self.page.sorts),
        }
    }

    fn select(&self, lowering: &mut Lowering) -> Result<SelectStatement, DataError> {
        let mut select = Query::select();
        select.from(lowering.facts.table).cond_where(self.condition(lowering)?);
        self.page.cut(&mut select, lowering)?;
        Ok(select)
    }

    /// Its rows as the table of another query.
    fn table(&self, lowering: &mut Lowering) -> Result<SelectStatement, DataError> {
        if self.page.is_some() {
            let mut rows = self.select(lowering)?;
            rows.columns(lowering.facts.columns.iter().map(|info| info.name));
            order(&self.sorts(lowering.facts), &mut rows, lowering.engine);
            return Ok(Query::select().from_subquery(rows, "page").take());
        }
        // What is computed over all of them is the same in any order.
        self.select(lowering)
    }
}

impl Asked {
    /// At most one answer.
    pub(crate) fn take_one(&mut self) {
        let page = self.groups.as_mut().map_or(&mut self.rows.page, |(_, page)| page);
        *page = std::mem::take(page).first();
    }

    pub(crate) fn call(&self, engine: Engine, facts: Facts) -> Result<Call, DataError> {
        let mut lowering = Lowering::new(engine, facts);
        let is_row = self.terms.iter().all(|term| matches!(term, Term::Column(_)));
        let mut select = match &self.groups {
            Some((key, page)) => {
                let mut select = self.rows.table(&mut lowering)?;
                for term in self.terms.iter().chain(page.sorts.iter().map(|sort| &sort.term)) {
                    if let Term::Column(info) = term
                        && !key.contains(term)
                    {
                        return Err(DataError::other(
                            ["the rows of a group may differ in `", info.name, "`: group by it, or take its `min`"]
                                .concat(),
                        ));
                    }
                }
                select.add_group_by(key.iter().flat_map(|term| term.expressions(engine)));
                page.cut(&mut select, &mut lowering)?;
                order(&page.sorts, &mut select, engine);
                select
            }
            None if is_row => {
                let mut select = self.rows.select(&mut lowering)?;
                order(&self.rows.sorts(facts), &mut select, engine);
                select
            }
            None => self.rows.table(&mut lowering)?,
        };
        select.exprs(self.terms.iter().flat_map(|term| term.expressions(engine)));
        if self.distinct {
            let rows = self.rows.sorts(facts);
            let sorts = self.groups.as_ref().map_or(&*rows, |(_, page)| &page.sorts);
            if !sorts.iter().all(|sort| self.terms.contains(&sort.term)) {
                return Err(DataError::other("distinct answers are ordered by something that is not selected"));
            }
            // These have no one text by which the engine could tell them apart.
            if self.terms.iter().any(|term| matches!(term, Term::Sum(_))) {
                return Err(DataError::other(
                    "sums and averages are not made distinct: one answer may have several forms",
                ));
            }
            select.distinct();
        }
        finish(&select, lowering, Reads::Certainly)
    }
}

impl Cut {
    pub(crate) fn is_some(&self) -> bool {
        self.limit.is_some() || self.offset.is_some()
    }

    /// For how many rows there should be room before the first one comes: the limit is often reached, but need not be.
    pub(crate) fn expected(&self) -> usize {
        const MOST: usize = 128;
        self.limit.map_or(0, |limit| usize::try_from(limit).unwrap_or(MOST).min(MOST))
    }

    /// At most one of them.
    pub(crate) fn first(mut self) -> Self {
        self.limit = Some(Ord::min(self.limit.unwrap_or(1), 1));
        self
    }

    fn cut(&self, select: &mut SelectStatement, lowering: &mut Lowering) -> Result<(), DataError> {
        // The statement's limit is the place of the value that is bound for it. SQLite knows no offset without a limit.
        if self.is_some() {
            select.limit(lowering.place(count(self.limit), Type::I64)?);
        }
        if self.offset.is_some() {
            select.offset(lowering.place(count(self.offset), Type::I64)?);
        }
        Ok(())
    }
}

/// Puts the rows in an order.
fn order(sorts: &[SortKey], select: &mut SelectStatement, engine: Engine) {
    for sort in sorts {
        let order = if sort.direction == Direction::Ascending { Order::Asc } else { Order::Desc };
        // Saying what the engine does anyway could keep it from using an index.
        let says_nulls = sort.term.may_be_null() && sort.nulls_first != engine.puts_nulls_first(sort.direction);
        let nulls = if sort.nulls_first { NullOrdering::First } else { NullOrdering::Last };
        for expression in sort.term.order(engine) {
            if says_nulls {
                select.order_by_expr_with_nulls(expression, order.clone(), nulls);
            } else {
                select.order_by_expr(expression, order.clone());
            }
        }
    }
}

/// No limit is the highest one.
fn count(number: Option<u64>) -> Value<'static> {
    Value::Int(number.map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX)))
}

impl Engine {
    /// Where rows without a value stand when nothing is said.
    fn puts_nulls_first(self, direction: Direction) -> bool {
        match self {
            Self::Sqlite => direction == Direction::Ascending,
            Self::Postgres => direction == Direction::Descending,
        }
    }
}

/// The statement with its values in the order in which its text has them.
fn finish(
    statement: &impl sea_query::QueryStatementWriter,
    lowering: Lowering,
    reads: Reads,
) -> Result<Call, DataError> {
    let (text, places) = render(lowering.engine, statement);
    let mut arguments = Arguments::new(lowering.engine, places.0.len());
    let mut values: Vec<_> = lowering.values.into_iter().map(Some).collect();
    for place in places {
        let Place::BigUnsigned(Some(place)) = place else {
            return Err(DataError::other("a parameter without a value"));
        };
        let value = usize::try_from(place).ok().and_then(|place| values.get_mut(place)?.take());
        let (value, ty) = value.ok_or_else(|| DataError::other("a parameter without a value"))?;
        arguments.push(value, ty).map_err(DataError::other)?;
    }
    Ok(Call {
        text: Arc::from(text),
        arguments,
        persistent: !lowering.varying,
        reads,
        bounded: false,
        facts: lowering.facts,
        about: About::Rows,
    })
}
