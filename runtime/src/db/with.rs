//! Rows with what belongs to them: [`Query::with`]. In: a query, relations. Out: tuples of a row and what was loaded for it, so that
//! what was not loaded cannot be touched.

use std::fmt;

use super::error::DataError;
use super::handle::Handle;
use super::page::Page;
use super::query::Query;
use super::relation::{Related, Relation};

/// A query whose rows come with rows of other tables.
#[must_use = "a query asks nothing until `all` or `first`"]
pub struct With<T: Related, R> {
    query: Query<T>,
    relations: R,
}

impl<T: Related, R: Clone> Clone for With<T, R> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone(), relations: self.relations.clone() }
    }
}

impl<T: Related, R> fmt::Debug for With<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With").field("query", &self.query).finish_non_exhaustive()
    }
}

/// What a query has loaded with its rows.
#[doc(hidden)]
pub trait Loads<T>: Send + Sync {
    /// A row with it.
    type Out: Send;

    /// Loads it for rows, in their order.
    fn load(&self, handle: &Handle, rows: Vec<T>) -> impl Future<Output = Result<Vec<Self::Out>, DataError>> + Send;
}

/// The same with one more.
#[doc(hidden)]
pub trait And<R> {
    /// All of them.
    type Out;

    /// Adds it.
    fn and(self, relation: R) -> Self::Out;
}

impl<T: Related> Query<T> {
    /// Each row with what belongs to it: `with(|o| o.customer).with(|o| o.lines)` gives `(order, customer, lines)`. It takes a query
    /// for each relation, however many rows there are; inside a transaction all see the same rows.
    pub fn with<R: Relation<T>>(self, relation: impl FnOnce(&'static T::Relations) -> R) -> With<T, (R,)> {
        With { query: self, relations: (relation(T::RELATIONS),) }
    }
}

impl<T: Related, R> With<T, R> {
    /// See [`Query::with`].
    pub fn with<N: Relation<T>>(self, relation: impl FnOnce(&'static T::Relations) -> N) -> With<T, R::Out>
    where
        R: And<N>,
    {
        With { query: self.query, relations: self.relations.and(relation(T::RELATIONS)) }
    }
}

impl<T: Related, R: Loads<T>> With<T, R> {
    /// The rows.
    ///
    /// # Errors
    /// As [`Query::all`]; [`DataError::NotFound`] where another one removed a row between the queries.
    pub async fn all(self) -> Result<Vec<R::Out>, DataError> {
        Ok(self.read(Which::All).await?.rows)
    }

    /// The first row.
    ///
    /// # Errors
    /// As [`With::all`].
    pub async fn first(self) -> Result<Option<R::Out>, DataError> {
        Ok(self.read(Which::First).await?.rows.into_iter().next())
    }

    /// See [`Query::page`].
    ///
    /// # Errors
    /// As [`With::all`] and [`Query::page`].
    pub async fn page(self, rows: u32) -> Result<Page<R::Out>, DataError> {
        self.read(Which::Page(rows)).await
    }

    /// Rows with what belongs to them, from one server: another may not have come as far.
    #[cfg(feature = "postgres")]
    async fn read(self, which: Which) -> Result<Page<R::Out>, DataError> {
        let Self { query, relations } = self;
        let handle = query.handle().at_one().await?;
        if handle.is_at_replica() {
            // What goes wrong there, the primary may do.
            match read_at(query.clone().on(&handle), &relations, which).await {
                Err(error) if error != DataError::Timeout => {}
                result => return result,
            }
        }
        read_at(query.on(&handle.at_primary()), &relations, which).await
    }

    #[cfg(not(feature = "postgres"))]
    async fn read(self, which: Which) -> Result<Page<R::Out>, DataError> {
        read_at(self.query, &self.relations, which).await
    }
}

/// Which rows of a query.
#[derive(Clone, Copy)]
enum Which {
    All,
    First,
    Page(u32),
}

/// Rows, and what belongs to them, where the query is asked.
async fn read_at<T: Related, R: Loads<T>>(
    query: Query<T>,
    relations: &R,
    which: Which,
) -> Result<Page<R::Out>, DataError> {
    let handle = query.handle().clone();
    let Page { rows, next } = match which {
        Which::All => Page { rows: query.all().await?, next: None },
        Which::First => Page { rows: query.first().await?.into_iter().collect(), next: None },
        Which::Page(rows) => query.page(rows).await?,
    };
    Ok(Page { rows: relations.load(&handle, rows).await?, next })
}

macro_rules! loads_tuples {
    ($(($($name:ident $loaded:ident),+))+) => {$(
        impl<T: Send + Sync, $($name: Relation<T>),+> Loads<T> for ($($name,)+) {
            type Out = (T, $($name::Loaded,)+);

            #[expect(non_snake_case, reason = "each type parameter names its element")]
            async fn load(&self, handle: &Handle, rows: Vec<T>) -> Result<Vec<Self::Out>, DataError> {
                let ($($name,)+) = self;
                if rows.is_empty() {
                    return Ok(Vec::new());
                }
                $(let mut $loaded = $name.load(handle, &rows).await?.into_iter();)+
                let lost = || DataError::other("what was loaded is not of these rows");
                rows.into_iter().map(|row| Ok((row, $($loaded.next().ok_or_else(lost)?,)+))).collect()
            }
        }
    )+};
}

loads_tuples! { (A a) (A a, B b) (A a, B b, C c) (A a, B b, C c, D d) (A a, B b, C c, D d, E e) (A a, B b, C c, D d, E e, F f) }

macro_rules! and_tuples {
    ($(($($name:ident),+))+) => {$(
        impl<$($name,)+ Next> And<Next> for ($($name,)+) {
            type Out = ($($name,)+ Next);

            #[expect(non_snake_case, reason = "each type parameter names its element")]
            fn and(self, next: Next) -> Self::Out {
                let ($($name,)+) = self;
                ($($name,)+ next)
            }
        }
    )+};
}

and_tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) }
