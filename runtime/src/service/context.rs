//! What a cell is started with: the way to databases, other cells and configuration.
//! In: the cells that this process runs and its environment. Out: the values of fields, each shared thing made once.
//! Absent: an order of starting. A cell starts the cells it asks for, so the order is that of the need.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::OnceCell;

use super::{Cell, Cells, Field, Handle, Handlers, Service, Synapse};
use crate::config::Environment;
use crate::{Error, Result};

/// What a cell is started with.
#[derive(Clone)]
pub struct Context {
    cell: &'static str,
    process: Arc<Process>,
}

/// What the cells of one process share.
struct Process {
    cells: Cells,
    environment: Environment,
    begun: Mutex<BTreeSet<TypeId>>,
    /// `Arc<OnceLock<Arc<T>>>` by the cell `T`.
    slots: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    /// `Arc<OnceCell<T>>` by the shared type `T`.
    shared: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Context {
    pub(crate) fn new(cells: Cells, environment: Environment) -> Self {
        let process =
            Process { cells, environment, begun: Mutex::default(), slots: Mutex::default(), shared: Mutex::default() };
        Self { cell: "", process: Arc::new(process) }
    }

    /// The name of the cell that is being started.
    #[must_use]
    pub fn cell(&self) -> &'static str {
        self.cell
    }

    /// The environment that configuration is read from.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.process.environment
    }

    /// Makes the field `name` of the cell that is being started.
    ///
    /// # Errors
    /// The field's own, with the names of cell and field.
    pub async fn field<F: Field<M>, M>(&self, name: &'static str) -> Result<F> {
        F::grow(self, name).await.map_err(|error| {
            let cell = self.cell;
            StartError { what: format!("make the field `{name}` of the cell `{cell}`"), source: error.into_std() }
                .into()
        })
    }

    /// A handle to the cell `T` of this process. It is started first where it is not yet; where it is waiting for the
    /// cell that asks, the two call each other in a circle, and the handle leads to it once both have started.
    ///
    /// # Errors
    /// This process does not run `T`, or its start failed.
    pub async fn synapse<T: Cell + Handlers>(&self) -> Result<Synapse<T>> {
        let slot = self.slot::<T>();
        if slot.get().is_none() {
            let service = self.process.cells.find(TypeId::of::<T>(), T::NAME)?;
            self.begin(service).await?;
        }
        Ok(Synapse::new(match slot.get() {
            Some(cell) => Handle::Local(Arc::clone(cell)),
            None => Handle::Late(slot),
        }))
    }

    /// The process's one `T`: made by `open` at the first call, the same for every cell after it.
    ///
    /// # Errors
    /// Those of `open`; the next call tries again.
    pub async fn shared<T, E, F>(&self, open: impl FnOnce() -> F + Send) -> Result<T>
    where
        T: Clone + Send + Sync + 'static,
        E: Into<Error>,
        F: Future<Output = Result<T, E>> + Send,
    {
        let once = any_of::<OnceCell<T>>(&self.process.shared, TypeId::of::<T>());
        once.get_or_try_init(|| async { open().await.map_err(Into::into) }).await.cloned()
    }

    /// Whether both are of one process.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.process, &other.process)
    }

    /// Starts every cell that this process runs.
    pub(crate) async fn begin_all(&self) -> Result<()> {
        for service in self.process.cells.iter() {
            self.begin(service).await?;
        }
        Ok(())
    }

    /// Starts the cell of `service` unless that has begun already.
    pub(crate) async fn begin(&self, service: &Service) -> Result<()> {
        let first = self.process.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(service.id());
        if !first {
            return Ok(());
        }
        let cx = Self { cell: service.name, process: Arc::clone(&self.process) };
        let started = service.start(&cx).await;
        started.map_err(|error| {
            // The innermost cell is the one that failed; those that wait for it add nothing to its name.
            if error.downcast_ref::<StartError>().is_some() {
                return error;
            }
            StartError { what: format!("start the cell `{}`", service.name), source: error.into_std() }.into()
        })
    }

    /// Makes a started cell known to those that hold or will ask for a handle.
    pub(crate) fn fill<T: Cell>(&self, cell: T) {
        // A cell begins once, so its slot is empty.
        let _ = self.slot::<T>().set(Arc::new(cell));
    }

    /// The cell, where it has started.
    pub(crate) fn get<T: 'static + Send + Sync>(&self) -> Option<Arc<T>> {
        self.slot::<T>().get().cloned()
    }

    fn slot<T: Send + Sync + 'static>(&self) -> Arc<OnceLock<Arc<T>>> {
        any_of(&self.process.slots, TypeId::of::<T>())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.cell)
    }
}

/// The entry of `id`, made where there is none. `id` always stands for the same `V`.
fn any_of<V: Default + Send + Sync + 'static>(
    map: &Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    id: TypeId,
) -> Arc<V> {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = map.entry(id).or_insert_with(|| Arc::new(V::default()));
    Arc::clone(entry).downcast().unwrap_or_default()
}

/// A cell could not be started.
#[derive(Debug)]
pub struct StartError {
    what: String,
    source: Box<dyn std::error::Error + Send + Sync + 'static>,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.what)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
