//! Doors: handlers opened as JSON over HTTP.
//! In: the doors that `#[http(GET, "/crates/{name}")]` emits on a handler. Out: one server for the process, whose every
//! failure is a problem document (RFC 9457), and an OpenAPI description at `/openapi.json`.
//! Absent: TLS and identity (a proxy's work), and any handler that is not marked.

mod answer;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod caller;
mod input;
mod listener;
mod openapi;
mod problem;
mod routes;
mod server;
mod text;

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

pub use answer::{Reply, answer};
pub use input::Input;
pub use problem::{Explanation, Problem};

pub(crate) use server::{Doors, Server, listen};

use crate::message::{Answer, Message, Shape, Shapes};
use crate::service::Handler;

/// A page for a browser: a handler that returns `Result<Html>` behind a door serves it as `text/html`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Html(pub String);

impl Message for Html {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::Html
    }

    fn answer(&self) -> Answer<'_> {
        Answer::Html(&self.0)
    }
}

impl<T: Into<String>> From<T> for Html {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// The method of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the method of its name")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As it stands in a request.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether arguments that the path does not name stand in a body, rather than in the query.
    pub(crate) const fn has_body(self) -> bool {
        !matches!(self, Self::Get | Self::Delete)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a door calls its handler, on a cell `T`.
pub type Call<T> = fn(Arc<T>, Input) -> BoxFuture<'static, Result<Reply, Problem>>;

/// A handler opened over HTTP.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) cell: &'static str,
    pub(crate) handler: Handler,
    pub(crate) call: Arc<dyn Fn(Input) -> BoxFuture<'static, Result<Reply, Problem>> + Send + Sync>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Door({self})")
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of `{}.{}`", self.method, self.path, self.cell, self.handler.name)
    }
}
