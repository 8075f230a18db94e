//! Cells: what `#[service]` and `#[handler]` implement, and how cells of one process reach each other.
//! In: the impls that the attributes emit. Out: a [`Synapse`] through which a call is a plain call.
//! Absent: other processes (a [`Handle`] has no remote form yet), and starting them all, which is [`crate::start`].

mod call;
mod context;
mod interface;
mod registry;
mod synapse;

use std::future::Future;

pub use call::{Call, CallError, CallResult, Deadline, Fault, Outcome};
pub use context::{Context, StartError};
pub use interface::{Argument, Handler, HandlerBuilder, Interface};
pub use registry::{Handling, Service};
pub use synapse::{Handle, Synapse};

pub(crate) use interface::Surface;
pub(crate) use registry::{Cells, surfaces};
pub(crate) use synapse::{forget_current, set_current};

use crate::Result;

/// A cell: a struct that a process makes once, and that answers calls. Implemented by `#[service]`.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a cell", note = "put `#[service]` on `{Self}`")]
pub trait Cell: Send + Sync + Sized + 'static {
    /// Its name, unique in an application.
    const NAME: &'static str;

    /// Makes it, from its fields or by the function that `service(start = path)` names.
    fn start(cx: &Context) -> impl Future<Output = Result<Self>> + Send;
}

/// What a cell answers. Implemented by `#[handler]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no handlers",
    note = "a `Synapse<{Self}>` calls the handlers of a cell: put `#[service]` on the struct and `#[handler]` on its impl"
)]
pub trait Handlers: Send + Sync + Sized + 'static {
    /// What a [`Synapse`] dereferences to: a method for each handler.
    type Client: From<Handle<Self>> + Clone + Send + Sync + 'static;

    /// Lists the handlers, their doors and the cell's tasks.
    fn interface(interface: &mut Interface<Self>);
}

/// What a field of a cell can be. `M` only tells apart impls that would overlap for the compiler and never do for a
/// type; it is always inferred.
#[diagnostic::on_unimplemented(
    message = "Cell can't build a field of type `{Self}`",
    note = "a cell is built from databases, `Synapse<T>`, `Config<T>` and `Secret<T>`; for anything else write `#[service(start = path)]`"
)]
pub trait Field<M = ()>: Sized {
    /// Makes the field `name` of the cell that `cx` is starting.
    fn grow(cx: &Context, name: &'static str) -> impl Future<Output = Result<Self>> + Send;
}
