//! The doors of a process, checked and ordered by their paths.
//! In: the doors of all cells. Out: for each path, what its methods lead to. Two doors that answer one request are refused,
//! and so is a door whose arguments its path and query cannot hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Door, Method};
use crate::message::{Definition, Shape, Shapes};
use crate::{Error, Result};

/// The path of the OpenAPI description.
pub(crate) const DESCRIPTION: &str = "/openapi.json";

/// The doors, by the form of their paths: `/crates/{0}/versions`.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    pub(crate) paths: BTreeMap<String, BTreeMap<Method, Arc<Opened>>>,
}

/// A door, and the names in its path.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) door: Door,
    pub(crate) names: Vec<&'static str>,
}

impl Opened {
    /// The arguments that the path does not name.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &crate::service::Argument> {
        self.door.handler.arguments.iter().filter(|argument| !self.names.contains(&argument.name))
    }
}

impl Routes {
    /// Checks the doors.
    ///
    /// # Errors
    /// The first door that cannot be opened.
    pub(crate) fn new(doors: impl IntoIterator<Item = Door>) -> Result<Self> {
        let mut routes = Self::default();
        for door in doors {
            let (form, names) = split(&door)?;
            if form == DESCRIPTION {
                return refused(&door, "this path is where the runtime describes the doors: choose another");
            }
            let opened = Opened { door, names };
            opened.check()?;
            let methods = routes.paths.entry(form).or_default();
            if let Some(other) = methods.get(&opened.door.method) {
                let why = format!("{} answers the same requests: change one of them", other.door);
                return refused(&opened.door, &why);
            }
            // One path has one description, with one name for each of its variable parts.
            if let Some(other) = methods.values().find(|other| other.names != opened.names) {
                let why = format!("{} names the same path differently: use the same names", other.door);
                return refused(&opened.door, &why);
            }
            methods.insert(opened.door.method, Arc::new(opened));
        }
        Ok(routes)
    }

    /// All doors, ordered by path and method.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &Opened> {
        self.paths.values().flat_map(|methods| methods.values().map(|opened| &**opened))
    }
}

impl Opened {
    /// Whether the path and the query can hold their arguments.
    fn check(&self) -> Result<()> {
        let mut shapes = Shapes::new();
        for argument in &self.door.handler.arguments {
            let shape = (argument.shape)(&mut shapes);
            let name = argument.name;
            if self.names.contains(&name) {
                if !is_text(&shape, &shapes) {
                    return refused(&self.door, &format!("`{name}` is in the path, which holds only plain values"));
                }
            } else if !self.door.method.has_body() {
                let held = match &shape {
                    Shape::Option(inner) | Shape::List(inner) | Shape::Set(inner) => inner,
                    plain => plain,
                };
                if !is_text(held, &shapes) {
                    let why =
                        format!("`{name}` would be in the query, which holds only plain values: open it with POST");
                    return refused(&self.door, &why);
                }
            }
        }
        Ok(())
    }
}

/// Whether a value of that shape is written as one text.
fn is_text(shape: &Shape, shapes: &Shapes) -> bool {
    match shape {
        Shape::Type(name) => shapes
            .definitions()
            .any(|(known, definition)| known == name && matches!(definition, Definition::Enumeration(_))),
        Shape::Unit | Shape::Json | Shape::Html | Shape::Option(_) | Shape::List(_) | Shape::Set(_) => false,
        Shape::Map(_) | Shape::Tuple(_) => false,
        _ => true,
    }
}

/// The form of a door's path, with its names replaced by their positions, and the names.
fn split(door: &Door) -> Result<(String, Vec<&'static str>)> {
    let Some(path) = door.path.strip_prefix('/') else {
        return refused(door, "a path begins with `/`");
    };
    let mut form = String::new();
    let mut names = Vec::new();
    for segment in path.split('/') {
        form.push('/');
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => {
                if !door.handler.arguments.iter().any(|argument| argument.name == name) {
                    return refused(door, &format!("the handler has no argument `{name}`"));
                }
                if names.contains(&name) {
                    return refused(door, &format!("`{name}` is in the path twice"));
                }
                form.push_str(&format!("{{{}}}", names.len()));
                names.push(name);
            }
            None if segment.contains(['{', '}', '*', '?', '#']) => {
                return refused(door, &format!("`{segment}` is neither a plain segment nor one `{{name}}`"));
            }
            None => form.push_str(segment),
        }
    }
    Ok((form, names))
}

fn refused<T>(door: &Door, why: &str) -> Result<T> {
    Err(Error::message(format!("cannot open {door}: {why}")))
}
