//! What a handler returned, as the response to a request.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::Problem;
use crate::Error;
use crate::message::{Answer, Message};
use crate::service::Outcome;

/// The response that a handler's value makes.
#[derive(Debug)]
pub struct Reply {
    pub(crate) response: Response,
}

/// The response to a handler's outcome: JSON, a page, nothing (204), `None` (404), or the error as a problem.
///
/// # Errors
/// The handler's, as a problem.
pub fn answer<R>(outcome: R) -> Result<Reply, Problem>
where
    R: Outcome,
    R::Ok: Message,
    R::Err: Into<Error>,
{
    let value = outcome.into_result().map_err(|error| Problem::of(error.into()))?;
    let response = match value.answer() {
        Answer::Empty => StatusCode::NO_CONTENT.into_response(),
        Answer::Missing => return Err(Problem::new(404, "there is no such thing")),
        Answer::Html(page) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.to_owned()).into_response(),
        Answer::Json => {
            let body = serde_json::to_vec(&value).map_err(|error| Problem::hidden(error.into()))?;
            ([(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
    };
    Ok(Reply { response })
}
