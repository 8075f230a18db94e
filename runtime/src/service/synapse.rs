//! The typed handle to a cell. In: a cell of this process, started or still starting. Out: its client.
//! Absent: cells of other processes, which a second form of [`Handle`] will lead to, and methods: they would shadow handlers'.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::call::{CallError, Outcome, Unsent};
use super::{Cell, Context, Fault, Field, Handlers, Interface};
use crate::{Error, Result};

/// Where a cell is. Resolved once, when the synapse to it grows.
pub enum Handle<T> {
    /// In this process.
    Local(Arc<T>),
    /// In this process, but started after the cell that holds this handle: the two call each other in a circle, and so
    /// keep each other until the process ends.
    Late(Arc<OnceLock<Arc<T>>>),
}

impl<T> Handle<T> {
    #[doc(hidden)]
    #[inline]
    pub fn cell(&self) -> Result<&T, Unsent> {
        match self {
            Self::Local(cell) => Ok(cell),
            Self::Late(slot) => slot.get().map(|cell| &**cell).ok_or(Unsent(Fault::Starting)),
        }
    }

    #[doc(hidden)]
    #[inline]
    pub fn answer<R: Outcome>(outcome: R) -> Result<R::Ok, CallError<R::Err>> {
        outcome.into_result().map_err(CallError::Handler)
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Local(cell) => Self::Local(Arc::clone(cell)),
            Self::Late(slot) => Self::Late(Arc::clone(slot)),
        }
    }
}

/// A typed handle to a cell. It dereferences to the cell's client, which has a method for each handler:
/// `self.tax.calculate(&order).await?`.
pub struct Synapse<T: Handlers> {
    client: T::Client,
}

impl<T: Handlers> Synapse<T> {
    /// A handle to a cell made by hand, as in a test. Cells that a process starts get theirs as fields.
    #[must_use]
    pub fn local(cell: Arc<T>) -> Self {
        Self::new(Handle::Local(cell))
    }

    pub(crate) fn new(handle: Handle<T>) -> Self {
        Self { client: handle.into() }
    }
}

impl Synapse<Named> {
    /// A handle to a cell from outside of any cell: `Synapse::to::<Tax>().await?`.
    ///
    /// # Errors
    /// No cells run in this process, or this one does not.
    pub async fn to<T: Cell + Handlers>() -> Result<Synapse<T>> {
        let cx = current().ok_or_else(|| {
            Error::message(format!(
                "there is no cell `{}` yet: no cells run in this process (`cell::main!()` starts them)",
                T::NAME
            ))
        })?;
        cx.synapse().await
    }
}

impl<T: Handlers> Clone for Synapse<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone() }
    }
}

impl<T: Handlers> Deref for Synapse<T> {
    type Target = T::Client;

    #[inline]
    fn deref(&self) -> &T::Client {
        &self.client
    }
}

impl<T: Handlers> fmt::Debug for Synapse<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Synapse<{}>", std::any::type_name::<T>())
    }
}

impl<T: Cell + Handlers> Field for Synapse<T> {
    async fn grow(cx: &Context, _name: &'static str) -> Result<Self> {
        cx.synapse().await
    }
}

/// No cell: the type by which `Synapse::to` is found without saying a cell twice.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Named {}

#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct NamedClient;

impl From<Handle<Named>> for NamedClient {
    fn from(_: Handle<Named>) -> Self {
        Self
    }
}

impl Handlers for Named {
    type Client = NamedClient;

    fn interface(_: &mut Interface<Self>) {}
}

/// The cells that run in this process: those started last, where a test starts several times.
static CURRENT: RwLock<Option<Context>> = RwLock::new(None);

fn current() -> Option<Context> {
    CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Makes `context` the one that [`Synapse::to`] asks.
pub(crate) fn set_current(context: &Context) {
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
}

/// [`Synapse::to`] asks `context` no more.
pub(crate) fn forget_current(context: &Context) {
    let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
    if current.as_ref().is_some_and(|current| current.is(context)) {
        *current = None;
    }
}
