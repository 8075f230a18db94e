//! Problem documents (RFC 9457): what a request gets instead of what it asked for.
//! In: a fault of the request, or a handler's error. Out: a status and a body that tells no inner detail of the process.

use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use uuid::Uuid;

use crate::Error;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::db::DataError;
#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
use crate::search::SearchError;
use crate::service::Fault;

/// A problem that is told to whoever sent the request. A handler may return one as its error:
/// `Err(Problem::new(409, "the order has been shipped"))?`.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: Option<&'static str>,
    detail: String,
    argument: Option<&'static str>,
    /// Not told, only logged, under an id that is told.
    hidden: Option<Box<(Uuid, Error)>>,
    allow: Option<String>,
}

/// The text form.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl Problem {
    /// A problem with an HTTP status of 400 to 599 (any other counts as 500), told as `detail`.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, kind: None, detail: detail.into(), argument: None, hidden: None, allow: None }
    }

    /// The kind of problem, as a URI that a client may compare.
    #[must_use]
    pub fn kind(mut self, uri: &'static str) -> Self {
        self.kind = Some(uri);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// An argument that cannot be read.
    pub(crate) fn argument(name: &'static str, detail: impl fmt::Display) -> Self {
        let mut problem = Self::new(400, format!("the argument `{name}` {detail}"));
        problem.argument = Some(name);
        problem
    }

    /// A method that the path does not know.
    pub(crate) fn method(allow: String) -> Self {
        let mut problem = Self::new(405, format!("this path answers {allow}"));
        problem.allow = Some(allow);
        problem
    }

    /// What went wrong inside: only its id is told.
    pub(crate) fn hidden(error: Error) -> Self {
        let mut problem = Self::new(500, "");
        problem.hidden = Some(Box::new((Uuid::new_v4(), error)));
        problem
    }

    /// The problem that a handler's error stands for.
    pub(crate) fn of(error: Error) -> Self {
        // A problem that the handler itself returned is told as it is.
        match error.into_std().downcast::<Self>() {
            Ok(problem) => *problem,
            Err(error) => explain(&*error).unwrap_or_else(|| Self::hidden(Error::boxed(error))),
        }
    }

    /// What is logged and not told: an id and the error.
    pub(crate) fn inner(&self) -> Option<&(Uuid, Error)> {
        self.hidden.as_deref()
    }

    pub(crate) fn into_response(self) -> Response {
        let document = Document {
            r#type: self.kind.unwrap_or("about:blank"),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            argument: self.argument,
            instance: self.inner().map(|(id, _)| id.urn().to_string()),
        };
        // Text and numbers only, so serializing cannot fail; an empty body would still carry the status.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for Problem {}

/// Says which problem an error of some type stands for. Submitted by [`crate::problem!`], for all doors of the program.
#[derive(Debug)]
pub struct Explanation {
    explain: fn(&(dyn std::error::Error + 'static)) -> Option<Problem>,
}

impl Explanation {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(explain: fn(&(dyn std::error::Error + 'static)) -> Option<Problem>) -> Self {
        Self { explain }
    }
}

inventory::collect!(Explanation);

/// Says which [`Problem`] an error stands for when a handler behind a door returns it, or any error caused by it;
/// `None` leaves it a `500` that tells nothing.
///
/// ```
/// # use cell::http::Problem;
/// # #[derive(Debug)] struct Sold;
/// # impl std::fmt::Display for Sold { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("sold") } }
/// # impl std::error::Error for Sold {}
/// cell::problem!(|_error: &Sold| Some(Problem::new(409, "it is sold")));
/// ```
#[macro_export]
macro_rules! problem {
    (|$error:ident: &$ty:ty| $problem:expr) => {
        $crate::__private::inventory::submit! {
            $crate::http::Explanation::new(|error| {
                let $error = error.downcast_ref::<$ty>()?;
                $problem
            })
        }
    };
}

/// The first explanation of `error` or of one of its causes.
fn explain(error: &(dyn std::error::Error + 'static)) -> Option<Problem> {
    let mut next = Some(error);
    while let Some(error) = next {
        let explained = inventory::iter::<Explanation>.into_iter().find_map(|known| (known.explain)(error));
        if explained.is_some() {
            return explained;
        }
        next = error.source();
    }
    None
}

crate::problem!(|fault: &Fault| Some(match fault {
    Fault::Deadline => Problem::new(504, "the request took too long"),
    Fault::Unreachable | Fault::Overloaded | Fault::Starting => Problem::new(503, "try again later"),
}));

// What a request can be told without knowing the schema. A broken check or a missing value is the handler's to explain.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
crate::problem!(|error: &DataError| match error {
    DataError::NotFound { .. } => Some(Problem::new(404, "there is no such thing")),
    DataError::UniqueViolation { .. } => Some(Problem::new(409, "there is one like it already")),
    DataError::ReferenceViolation { .. } =>
        Some(Problem::new(409, "something it refers to, or that refers to it, is in the way")),
    // What was sent is well formed, and no column can hold it.
    DataError::OutOfRange { .. } => Some(Problem::new(422, "a value does not fit where it is to be stored")),
    DataError::Cursor { .. } => Some(Problem::new(400, "the cursor is not one of this list")),
    DataError::Serialization | DataError::Busy | DataError::Timeout => Some(Problem::new(503, "try again later")),
    _ => None,
});

// A text that is searched for is the request's. What an index can't do is the handler's mistake.
#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
crate::problem!(|error: &SearchError| match error {
    SearchError::Syntax { .. } | SearchError::TooMuch { .. } => Some(Problem::new(400, error.to_string())),
    SearchError::Building { .. } | SearchError::Behind { .. } => Some(Problem::new(503, "try again later")),
    SearchError::Data(error) => explain(error),
    _ => None,
});

#[cfg(test)]
mod tests {
    use super::Problem;
    use crate::Error;
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    use crate::db::DataError;
    #[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
    use crate::search::SearchError;
    use crate::service::{CallError, Fault};

    fn status(error: CallError<Error>) -> u16 {
        Problem::of(error.into()).status()
    }

    #[test]
    fn a_fault_of_a_call_is_told_as_what_it_is() {
        assert_eq!(status(CallError::NotSent(Fault::Overloaded)), 503);
        assert_eq!(status(CallError::MayHaveRun(Fault::Deadline)), 504);
        assert_eq!(status(CallError::Handler(Problem::new(418, "short and stout").into())), 418);
        assert_eq!(status(CallError::Handler(Error::message("no"))), 500);
    }

    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    #[test]
    fn a_databases_error_tells_nothing_of_its_schema() {
        let problem = |error: DataError| Problem::of(error.into()).to_string();
        let clash = DataError::UniqueViolation { table: "shop.products", columns: vec!["sku"] };
        assert_eq!(problem(clash), "409 Conflict: there is one like it already");
        assert_eq!(problem(DataError::NotFound { table: "shop.products" }), "404 Not Found: there is no such thing");
        let unfit = DataError::OutOfRange { table: "shop.products", column: "price".to_owned(), reason: String::new() };
        assert_eq!(problem(unfit), "422 Unprocessable Entity: a value does not fit where it is to be stored");
        let cursor = DataError::Cursor { reason: "of another query".to_owned() };
        assert_eq!(problem(cursor), "400 Bad Request: the cursor is not one of this list");
        assert_eq!(problem(DataError::Busy), "503 Service Unavailable: try again later");
        assert_eq!(problem(DataError::Other { reason: "of the schema".to_owned() }), "500 Internal Server Error");
    }

    #[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
    #[test]
    fn a_text_that_cannot_be_searched_for_is_the_requests_fault() {
        let problem = |error: SearchError| Problem::of(error.into()).to_string();
        let syntax = SearchError::Syntax { at: 4, reason: "no end".to_owned() };
        assert_eq!(problem(syntax), "400 Bad Request: what is searched for is not well formed at byte 4: no end");
        let long = SearchError::TooMuch { what: "too many words", most: 64 };
        assert_eq!(problem(long), "400 Bad Request: too many words: at most 64 are searched for at once");
        assert_eq!(
            problem(SearchError::Building { table: "shop.products" }),
            "503 Service Unavailable: try again later"
        );
        assert_eq!(problem(DataError::Busy.into()), "503 Service Unavailable: try again later");
        let index = SearchError::Index { table: "shop.products", reason: "of the disk".to_owned() };
        assert_eq!(problem(index), "500 Internal Server Error");
    }

    #[test]
    fn a_status_that_is_no_error_counts_as_500() {
        assert_eq!([200, 302, 404, 999, 7].map(|status| Problem::new(status, "").status()), [500, 500, 404, 500, 500]);
    }

    #[test]
    fn a_hidden_error_is_kept_and_not_shown() {
        let problem = Problem::of(Error::message("the password is hunter2"));
        assert!(problem.inner().is_some_and(|(_, error)| error.to_string().contains("hunter2")));
        assert!(!problem.to_string().contains("hunter2"));
    }
}
