//! What a cell shows: its handlers with their shapes, the doors to them, and its tasks.
//! In: the calls that `#[handler]` emits, on a started cell. Out: a [`Surface`] without the cell's type.
//! Absent: opening doors ([`crate::http`]) and running tasks ([`crate::task`]).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Handlers, Outcome};
use crate::Result;
use crate::message::{Message, Shape, Shapes};
use crate::task::Task;

/// Describes the handlers of a cell.
pub struct Interface<T> {
    cell: Arc<T>,
    surface: Surface,
}

/// What one cell shows.
#[derive(Default)]
pub(crate) struct Surface {
    pub(crate) cell: &'static str,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) tasks: Vec<Task>,
    #[cfg(feature = "http")]
    pub(crate) doors: Vec<crate::http::Door>,
}

/// A handler, for those who do not know its types.
#[derive(Clone)]
pub struct Handler {
    /// Its name.
    pub name: &'static str,
    /// Whether it may run twice for one call.
    pub idempotent: bool,
    /// In the order of the source.
    pub arguments: Vec<Argument>,
    /// The shape of what it returns when all goes well.
    pub result: fn(&mut Shapes) -> Shape,
}

/// An argument of a handler.
#[derive(Clone, Copy)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// Its shape.
    pub shape: fn(&mut Shapes) -> Shape,
}

impl<T: Handlers> Interface<T> {
    pub(crate) fn of(name: &'static str, cell: Arc<T>) -> Surface {
        let mut interface = Self { cell, surface: Surface { cell: name, ..Surface::default() } };
        T::interface(&mut interface);
        interface.surface
    }

    /// A handler, described further by what is called on the value.
    pub fn handler(&mut self, name: &'static str) -> HandlerBuilder<'_, T> {
        let result = <() as Message>::shape;
        let handler = Handler { name, idempotent: false, arguments: Vec::new(), result };
        HandlerBuilder {
            instance: &self.cell,
            cell: self.surface.cell,
            handler: self.surface.handlers.push_mut(handler),
            #[cfg(feature = "http")]
            doors: &mut self.surface.doors,
        }
    }

    /// Background work that runs from the start, for as long as it likes, or again and again.
    /// `every` is in milliseconds, from the end of one run to the start of the next.
    pub fn task(&mut self, name: &'static str, every: Option<u64>, run: fn(Arc<T>) -> BoxFuture<'static, Result<()>>) {
        let cell = Arc::clone(&self.cell);
        self.surface.tasks.push(Task {
            cell: self.surface.cell,
            name,
            every: every.map(Duration::from_millis),
            run: Box::new(move || run(Arc::clone(&cell))),
        });
    }
}

/// One handler being described.
pub struct HandlerBuilder<'a, T> {
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only a door calls the cell"))]
    instance: &'a Arc<T>,
    cell: &'static str,
    handler: &'a mut Handler,
    #[cfg(feature = "http")]
    doors: &'a mut Vec<crate::http::Door>,
}

impl<T: Handlers> HandlerBuilder<'_, T> {
    /// The handler may run twice for one call.
    pub fn idempotent(self) -> Self {
        self.handler.idempotent = true;
        self
    }

    /// The next argument.
    pub fn argument<A: Message>(self, name: &'static str) -> Self {
        self.handler.arguments.push(Argument { name, shape: A::shape });
        self
    }

    /// What the handler returns.
    pub fn result<R>(self) -> Self
    where
        R: Outcome,
        R::Ok: Message,
    {
        self.handler.result = <R::Ok as Message>::shape;
        self
    }

    /// The door to the handler, once its arguments and its result are described.
    #[cfg(feature = "http")]
    pub fn door(self, method: crate::http::Method, path: &'static str, call: crate::http::Call<T>) {
        let cell = Arc::clone(self.instance);
        self.doors.push(crate::http::Door {
            method,
            path,
            cell: self.cell,
            handler: self.handler.clone(),
            call: Arc::new(move |input| call(Arc::clone(&cell), input)),
        });
    }

    /// A door that stays shut, because this program was built without the feature `http`.
    #[cfg(not(feature = "http"))]
    pub fn closed_door(self, method: &str, path: &str) {
        let (cell, handler) = (self.cell, self.handler.name);
        tracing::warn!(cell, handler, "{method} {path} is closed: cell-runtime was built without its feature `http`");
    }
}

impl<T> fmt::Debug for HandlerBuilder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandlerBuilder({}.{})", self.cell, self.handler.name)
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<&str> = self.arguments.iter().map(|argument| argument.name).collect();
        write!(f, "Handler({}({}))", self.name, arguments.join(", "))
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Argument({})", self.name)
    }
}

impl<T> fmt::Debug for Interface<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interface({})", self.surface.cell)
    }
}
