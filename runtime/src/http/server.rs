//! The server of a process's doors: from a request to a door's handler and back.
//! Every request has a deadline, a body has a limit, and a panic ends its own request only.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Query, RawPathParams, Request};
use axum::http::{Method as Verb, header, request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::input::{self, Input, Rest};
use super::listener::Bounded;
use super::openapi::describe;
use super::routes::{DESCRIPTION, Opened, Routes};
use super::{Method, Problem};
use crate::service::Surface;
use crate::task::panic_text;
use crate::{Error, Result};

/// The largest body of a request.
const BODY: usize = 1024 * 1024;

/// How long a request may take, its body included.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a connection that has just been accepted may take to send the first byte of its request once the server stops.
const LINGER: Duration = Duration::from_secs(1);

/// The doors of a process, still closed.
pub(crate) struct Doors {
    routes: Routes,
    description: String,
}

impl Doors {
    /// The doors of what cells show, if there are any. `title` and `version` are the application's.
    ///
    /// # Errors
    /// A door that cannot be opened.
    pub(crate) fn of(surfaces: &[Surface], title: &str, version: &str) -> Result<Option<Self>> {
        let routes = Routes::new(surfaces.iter().flat_map(|surface| surface.doors.iter().cloned()))?;
        if routes.paths.is_empty() {
            return Ok(None);
        }
        let description = describe(&routes, title, version)?;
        Ok(Some(Self { routes, description }))
    }
}

/// Listens on an address.
///
/// # Errors
/// It cannot be listened on.
pub(crate) async fn listen(address: &str) -> Result<std::net::TcpListener> {
    let failed = |error| Error::message(format!("cannot listen on `{address}` (from `CELL_HTTP`): {error}"));
    TcpListener::bind(address).await.and_then(TcpListener::into_std).map_err(failed)
}

/// A server that listens.
pub(crate) struct Server {
    address: SocketAddr,
    /// Tells the server to accept no more, and to end what is open.
    stop: watch::Sender<Stop>,
    /// The accepting loop, alone in it.
    running: JoinSet<io::Result<()>>,
}

/// How far a server has stopped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Stop {
    Not,
    /// It accepts no more.
    Draining,
    /// What is under way ends, too.
    Now,
}

impl Server {
    /// Serves `doors` on a socket that listens.
    ///
    /// # Errors
    /// The socket is none that listens.
    pub(crate) fn start(listener: std::net::TcpListener, doors: &Doors) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(Stop::Not);
        let router = router(&doors.routes, doors.description.clone(), &stopped);
        let (listener, awaited) = Bounded::new(listener, stopped);
        let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
            // Told to stop, the server below ends a connection of which it has read nothing. The request of one that was just
            // accepted is on its way, and nobody else would answer it.
            awaited.closed().await;
            let _ = tokio::time::timeout(LINGER, awaited.spoken()).await;
        });
        let mut running = JoinSet::new();
        running.spawn(serving.into_future());
        tracing::debug!("listening on http://{address}");
        Ok(Self { address, stop, running })
    }

    /// The address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, waits up to `grace` for requests under way, and ends those that remain.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.stop.send_replace(Stop::Draining);
        if tokio::time::timeout(grace, self.running.join_next()).await.is_err() {
            tracing::warn!("some requests did not end within {} s and are cut off", grace.as_secs());
            self.stop.send_replace(Stop::Now);
            self.running.shutdown().await;
        }
    }
}

fn router(routes: &Routes, description: String, stopped: &watch::Receiver<Stop>) -> Router {
    let mut router =
        Router::new().fallback(|| async { Problem::new(404, "nothing answers at this path").into_response() });
    let description: Bytes = description.into();
    router = router.route(
        DESCRIPTION,
        any(move |verb: Verb| {
            let description = description.clone();
            async move {
                if verb == Verb::GET || verb == Verb::HEAD {
                    ([(header::CONTENT_TYPE, "application/json")], description).into_response()
                } else {
                    Problem::method("GET, HEAD".to_owned()).into_response()
                }
            }
        }),
    );
    for (form, methods) in &routes.paths {
        let methods = Arc::new(methods.clone());
        let stopped = stopped.clone();
        router = router.route(
            form,
            any(move |values: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
                let (methods, mut stopped) = (Arc::clone(&methods), stopped.clone());
                async move {
                    // HEAD is GET without the body, which the server below leaves out.
                    let verb = if request.method() == Verb::HEAD { "GET" } else { request.method().as_str() };
                    let Some(opened) = methods.values().find(|opened| opened.door.method.name() == verb) else {
                        return Problem::method(allowed(methods.keys())).into_response();
                    };
                    tokio::select! {
                        response = serve(opened, values, request) => response,
                        _ = stopped.wait_for(|stop| *stop == Stop::Now) => {
                            Problem::new(503, "the process is stopping").into_response()
                        }
                    }
                }
            }),
        );
    }
    router
}

/// The value of `Allow`.
fn allowed<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut names: Vec<&str> = methods.map(|method| method.name()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.join(", ")
}

/// One request to a door that answers it, as a caller of its own.
async fn serve(opened: &Opened, values: Result<RawPathParams, RawPathParamsRejection>, request: Request) -> Response {
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    {
        let before = super::caller::written(request.headers());
        super::caller::answer_as(before, answer(opened, values, request)).await
    }
    #[cfg(not(any(feature = "postgres", feature = "sqlite")))]
    answer(opened, values, request).await
}

/// An answer, whatever comes of the request.
async fn answer(opened: &Opened, values: Result<RawPathParams, RawPathParamsRejection>, request: Request) -> Response {
    let (cell, handler) = (opened.door.cell, opened.door.handler.name);
    let called = AssertUnwindSafe(call(opened, values, request)).catch_unwind();
    let problem = match tokio::time::timeout(DEADLINE, called).await {
        Ok(Ok(Ok(response))) => return response,
        Ok(Ok(Err(problem))) => problem,
        Ok(Err(panic)) => Problem::hidden(Error::message(format!("the handler panicked: {}", panic_text(&*panic)))),
        Err(_) => Problem::new(504, format!("no answer within {} s", DEADLINE.as_secs())),
    };
    match problem.inner() {
        Some((id, error)) => tracing::error!(cell, handler, %id, "a request failed: {error}"),
        None => tracing::debug!(cell, handler, "a request was refused: {problem}"),
    }
    problem.into_response()
}

async fn call(
    opened: &Opened,
    values: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let path = match values {
        Ok(values) => opened.names.iter().copied().zip(values.iter().map(|(_, value)| value.to_owned())).collect(),
        Err(_) if opened.names.is_empty() => Vec::new(),
        Err(_) => return Err(Problem::new(400, "the path is not valid UTF-8")),
    };
    let (head, body) = request.into_parts();
    // Another site's page can send a body that is no JSON, or none, without asking; only a browser says where from.
    let from_another_site = head.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if from_another_site && opened.door.method.has_body() && !says_json(&head) {
        return Err(Problem::new(403, "a page of another site cannot send this"));
    }
    let rest = if opened.door.method.has_body() {
        match opened.rest().count() {
            0 => Rest::Object(serde_json::Map::new()),
            1 => Rest::Whole(json(&head, body).await?),
            _ => Rest::Object(input::object(&json(&head, body).await?)?),
        }
    } else {
        let Query(pairs) = Query::try_from_uri(&head.uri)
            .map_err(|error| Problem::new(400, format!("the query cannot be read: {error}")))?;
        Rest::Query(pairs)
    };
    Ok((opened.door.call)(Input::new(path, rest)).await?.response)
}

/// The bytes of a body that says it is JSON: a browser's form cannot say so, which keeps other sites out.
async fn json(head: &request::Parts, body: Body) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| Problem::new(400, format!("the body ends early: {error}")))?;
        if bytes.len() + piece.len() > BODY {
            return Err(Problem::new(413, format!("the body is larger than {BODY} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    if bytes.is_empty() || says_json(head) {
        return Ok(bytes.into());
    }
    Err(Problem::new(415, "the body must be JSON, with the header `content-type: application/json`"))
}

fn says_json(head: &request::Parts) -> bool {
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
}
