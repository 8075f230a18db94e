//! A handler's arguments, out of a request: path names first; for GET and DELETE the rest from the query; otherwise from
//! one JSON body, which is the one remaining argument, or an object of the remaining arguments' names.

use axum::body::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Problem;
use super::text::Texts;
use crate::message::Message;

/// A request's values, by the names of a handler's arguments.
#[derive(Debug)]
pub struct Input {
    path: Vec<(&'static str, String)>,
    rest: Rest,
}

/// Where the arguments are that the path does not name.
#[derive(Debug)]
pub(crate) enum Rest {
    Query(Vec<(String, String)>),
    /// The body is the one argument.
    Whole(Bytes),
    /// The body is an object of arguments.
    Object(Map<String, Value>),
}

impl Input {
    pub(crate) fn new(path: Vec<(&'static str, String)>, rest: Rest) -> Self {
        Self { path, rest }
    }

    /// The argument `name`. Each is taken once.
    ///
    /// # Errors
    /// It is missing, or is no `T`.
    pub fn take<T: Message>(&mut self, name: &'static str) -> Result<T, Problem> {
        if let Some((_, value)) = self.path.iter().find(|(known, _)| *known == name) {
            return of_texts(name, &[value]);
        }
        match &mut self.rest {
            Rest::Query(pairs) => {
                let values: Vec<&str> =
                    pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect();
                of_texts(name, &values)
            }
            Rest::Whole(body) if body.is_empty() => of_texts(name, &[]),
            Rest::Whole(body) => {
                let mut json = serde_json::Deserializer::from_slice(body);
                let value = of_json(name, &mut json)?;
                json.end().map_err(|error| Problem::argument(name, format_args!("cannot be read: {error}")))?;
                Ok(value)
            }
            Rest::Object(fields) => match fields.remove(name) {
                Some(value) => of_json(name, value),
                None => of_texts(name, &[]),
            },
        }
    }
}

/// The body as an object of arguments.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(400, format!("the body is no JSON object of arguments: {error}")))
}

fn of_texts<T: DeserializeOwned>(name: &'static str, values: &[&str]) -> Result<T, Problem> {
    T::deserialize(Texts(values)).map_err(|error| Problem::argument(name, error))
}

fn of_json<'de, T: DeserializeOwned>(name: &'static str, json: impl serde::Deserializer<'de>) -> Result<T, Problem> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if path == "." {
            Problem::argument(name, format_args!("cannot be read: {inner}"))
        } else {
            Problem::argument(name, format_args!("cannot be read at `{path}`: {inner}"))
        }
    })
}
