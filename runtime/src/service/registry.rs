//! The cells of a program: registered at link time, one entry by `#[service]` and one by `#[handler]`.
//! In: what the linker collected. Out: the cells that this process runs, ordered by name.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Cell, Context, Handlers, Interface, Surface};
use crate::{Error, Result};

/// A cell of this program. `#[service]` submits one to `inventory`.
pub struct Service {
    /// The cell's name.
    pub name: &'static str,
    id: TypeId,
    start: for<'a> fn(&'a Context) -> BoxFuture<'a, Result<()>>,
}

impl Service {
    /// The entry of a cell.
    #[must_use]
    pub const fn of<T: Cell>() -> Self {
        Self { name: T::NAME, id: TypeId::of::<T>(), start: start::<T> }
    }

    pub(crate) fn id(&self) -> TypeId {
        self.id
    }

    pub(crate) async fn start(&self, cx: &Context) -> Result<()> {
        (self.start)(cx).await
    }
}

/// Boxed, since a cell that starts another would otherwise hold a future of its own type.
fn start<T: Cell>(cx: &Context) -> BoxFuture<'_, Result<()>> {
    async {
        cx.fill(T::start(cx).await?);
        Ok(())
    }
    .boxed()
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({})", self.name)
    }
}

/// The handlers of a cell. `#[handler]` submits one to `inventory`.
pub struct Handling {
    id: TypeId,
    surface: fn(&Context) -> Option<Surface>,
}

impl Handling {
    /// The entry of a cell.
    #[must_use]
    pub const fn of<T: Cell + Handlers>() -> Self {
        Self { id: TypeId::of::<T>(), surface: |cx| Some(Interface::of(T::NAME, cx.get::<T>()?)) }
    }
}

impl fmt::Debug for Handling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handling({:?})", self.id)
    }
}

inventory::collect!(Service);
inventory::collect!(Handling);

/// The cells that one process runs.
pub(crate) struct Cells {
    running: BTreeMap<&'static str, &'static Service>,
}

impl Cells {
    /// All cells of this program, or those of `part`.
    ///
    /// # Errors
    /// Two cells have one name, or `part` names a cell that is not there.
    pub(crate) fn collect(part: Option<&BTreeSet<String>>) -> Result<Self> {
        let mut all = BTreeMap::new();
        for service in inventory::iter::<Service> {
            if all.insert(service.name, service).is_some() {
                let name = service.name;
                return Err(Error::message(format!(
                    "two cells are called `{name}`: give one of them another name, with `#[service(name = \"…\")]`"
                )));
            }
        }
        let Some(part) = part else { return Ok(Self { running: all }) };
        for name in part {
            if !all.contains_key(name.as_str()) {
                let known = listed(all.keys());
                return Err(Error::message(format!("there is no cell `{name}` in this program, which has {known}")));
            }
        }
        all.retain(|name, _| part.contains(*name));
        Ok(Self { running: all })
    }

    /// The cell of that type.
    ///
    /// # Errors
    /// This process does not run it.
    pub(crate) fn find(&self, id: TypeId, name: &str) -> Result<&'static Service> {
        self.running.values().copied().find(|service| service.id == id).ok_or_else(|| {
            let known = listed(self.running.keys());
            Error::message(format!(
                "this process does not run the cell `{name}`, only {known}: calls between processes do not work yet, so name both in `CELL_PART`"
            ))
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static Service> + '_ {
        self.running.values().copied()
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a &'static str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// What the started cells show, ordered by the cells' names.
pub(crate) fn surfaces(cx: &Context) -> Vec<Surface> {
    let mut surfaces: Vec<Surface> =
        inventory::iter::<Handling>.into_iter().filter_map(|handling| (handling.surface)(cx)).collect();
    surfaces.sort_by_key(|surface| surface.cell);
    surfaces
}
