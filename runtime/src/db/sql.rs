//! Statements of the developer's own: what `sql!` makes. In: a text whose values are bound, and what the compiler has learnt of it, where it
//! has. Out: rows of any type that has their columns. A value or a row that does not fit what was learnt is an error of rustc's; where
//! nothing was learnt, the first row says. Absent: reading the macro, and asking engines.

mod learnt;
mod parameter;
mod row;
mod words;

use std::fmt;
use std::marker::PhantomData;

use super::call::{About, Call, Reads};
use super::column::Type;
use super::dialect::{self, Arguments};
use super::error::DataError;
use super::handle::Handle;
use super::model::{Database, Facts};
use super::query::Rows;
use super::transaction::Tx;
use super::value::Value;
use words::Words;

#[doc(hidden)]
pub use learnt::{Kind, Learnt, LearntColumn};
pub use parameter::{DecimalParameter, Parameter};
pub use row::FromRow;

use learnt::{check_execute, check_parameter, check_row};
use row::read;

/// A statement of one's own, whose values are named in braces and bound: `sql!("select name from products where id = {id}")`.
///
/// In braces stands a variable or a field of one; of a decimal also its digits behind the point, `{price:.2}`. `{{` is a brace. Where an
/// application has several databases, the first argument says which: `sql!(Shop, "…")`. Then [`Sql::all`], [`Sql::first`],
/// [`Sql::stream`] or [`Sql::execute`].
///
/// `cargo cell build` prepares the statement on both engines; what it learns there of columns and values rustc then checks.
#[macro_export]
macro_rules! sql {
    ($($tokens:tt)*) => {
        $crate::__private::sql! { $crate; $($tokens)* }
    };
}

/// A statement as `sql!` emits it.
#[doc(hidden)]
pub trait Statement: Send + Sync + 'static {
    /// The text with `$1`, `$2`, …
    const TEXT: &'static str;
    /// What these are called.
    const PARAMETERS: &'static [&'static str];
    /// What the engines said of it.
    const LEARNT: Option<Learnt>;
    /// Whether it only reads, by its words.
    const READS: Reads;
}

/// A value that was taken for a statement.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Bound {
    value: Value<'static>,
    ty: Type,
}

/// Takes a value.
#[doc(hidden)]
pub fn bound<S: Statement, P: Parameter, const AT: usize>(value: &P) -> Bound {
    const {
        let name = S::PARAMETERS[AT];
        if matches!(P::TYPE, Type::Decimal { .. }) {
            let words =
                Words::new().with("the value `").with(name).with("` of this `sql!` is a decimal: say its digits, `{");
            panic!("{}", words.with(name).with(":.2}`; they are those of the column").text());
        }
        check_parameter::<S>(AT, Kind::of_value(P::TYPE));
    }
    Bound { value: value.value().into_owned(), ty: P::TYPE }
}

/// Takes a decimal of so many digits behind the point.
#[doc(hidden)]
pub fn bound_decimal<S: Statement, P: DecimalParameter, const AT: usize, const SCALE: u8>(value: &P) -> Bound {
    const {
        check_parameter::<S>(AT, Kind::Decimal);
    }
    Bound { value: value.value().into_owned(), ty: Type::Decimal { precision: 18, scale: SCALE } }
}

/// Where a statement without a database of its own may run: wherever it is sent.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct AnyDatabase;

/// What a statement for `D` can be sent to: that database, or a transaction of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the database of this `sql!`",
    note = "give a reference to it, `&shop`; inside a transaction the `tx` itself"
)]
pub trait Runs<D> {
    /// Its connections.
    fn connections(&self) -> &Handle;
}

impl<D: Database> Runs<D> for D {
    fn connections(&self) -> &Handle {
        self.handle()
    }
}

impl<D: Database> Runs<D> for Tx<D> {
    fn connections(&self) -> &Handle {
        self.handle()
    }
}

impl<D: Database> Runs<AnyDatabase> for D {
    fn connections(&self) -> &Handle {
        self.handle()
    }
}

impl<D: Database> Runs<AnyDatabase> for Tx<D> {
    fn connections(&self) -> &Handle {
        self.handle()
    }
}

/// A statement with its values; nothing is run before [`Sql::all`] or one of its kind.
#[must_use = "a statement does nothing until `all`, `first`, `stream` or `execute`"]
pub struct Sql<S, D = AnyDatabase> {
    values: Vec<Bound>,
    statement: PhantomData<fn() -> (S, D)>,
}

impl<S: Statement, D> Sql<S, D> {
    #[doc(hidden)]
    pub fn new(values: Vec<Bound>) -> Self {
        Self { values, statement: PhantomData }
    }

    // The types are checked in what the application calls itself, so that rustc points there.

    /// The rows.
    ///
    /// # Errors
    /// The engine refuses the statement or a value; [`DataError::Decode`] for a row that has other columns, or holds something else.
    pub fn all<R: FromRow>(self, database: &impl Runs<D>) -> impl Future<Output = Result<Vec<R>, DataError>> {
        const { check_row::<S>(R::COLUMNS, R::NAMED) }
        let handle = database.connections();
        async { handle.rows(self.call::<R>(handle)?, read::<R>()).await }
    }

    /// The first row.
    ///
    /// # Errors
    /// As [`Sql::all`].
    pub fn first<R: FromRow>(self, database: &impl Runs<D>) -> impl Future<Output = Result<Option<R>, DataError>> {
        const { check_row::<S>(R::COLUMNS, R::NAMED) }
        let handle = database.connections();
        async { handle.leading(self.call::<R>(handle)?, read::<R>()).await }
    }

    /// The rows one after the other; see [`super::Query::stream`].
    pub fn stream<R: FromRow>(self, database: &impl Runs<D>) -> Rows<R> {
        const { check_row::<S>(R::COLUMNS, R::NAMED) }
        let handle = database.connections();
        Rows::of(self.call::<R>(handle).map(|call| handle.stream(call, read::<R>())))
    }

    /// Runs it for what it does. Out: how many rows an `insert`, an `update` or a `delete` changed; of another statement the number
    /// says nothing.
    ///
    /// # Errors
    /// As [`Sql::all`].
    pub fn execute(self, database: &impl Runs<D>) -> impl Future<Output = Result<u64, DataError>> {
        const { check_execute::<S>() }
        let handle = database.connections();
        async { handle.changed(self.statement(handle, handle.facts())?).await }
    }

    fn call<R: FromRow>(self, handle: &Handle) -> Result<Call, DataError> {
        self.statement(handle, Facts { columns: R::COLUMNS, ..handle.facts() })
    }

    fn statement(self, handle: &Handle, facts: Facts) -> Result<Call, DataError> {
        let engine = handle.engine();
        let mut arguments = Arguments::new(engine, self.values.len());
        let types: String = self.values.iter().map(|bound| Kind::of_value(bound.ty).letter()).collect();
        for (Bound { value, ty }, name) in self.values.into_iter().zip(S::PARAMETERS) {
            value.fit(ty).and_then(|value| arguments.push(value, ty)).map_err(|reason| DataError::OutOfRange {
                table: facts.table,
                column: (*name).to_owned(),
                reason,
            })?;
        }
        Ok(Call {
            text: dialect::told_apart(engine, S::TEXT, &types),
            arguments,
            persistent: true,
            reads: S::READS,
            bounded: false,
            facts,
            about: About::Anything,
        })
    }
}

impl<S: Statement, D> fmt::Debug for Sql<S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql").field("text", &S::TEXT).field("values", &self.values).finish()
    }
}
