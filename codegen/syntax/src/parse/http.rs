//! `#[http(GET, "/crates/{name}")]`: the door of a handler.

use syn::spanned::Spanned as _;

use super::arguments::Arguments;
use super::literal;
use crate::decl::{Argument, Http, Method, Spanned};
use crate::diagnostic::{Diagnostic, Sink};
use crate::suggest;

const METHODS: [(&str, Method); 5] = [
    ("DELETE", Method::Delete),
    ("GET", Method::Get),
    ("PATCH", Method::Patch),
    ("POST", Method::Post),
    ("PUT", Method::Put),
];

impl Method {
    /// As it is written: `GET`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether what the path does not name comes from one JSON body, not from the query.
    #[must_use]
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

pub(super) fn parse(attribute: &syn::Attribute, arguments: &[Argument], sink: &mut Sink) -> Option<Http> {
    let mut written = Arguments::of(attribute, sink);
    let values = written.positional();
    written.finish(sink);
    let [method, path] = values.as_slice() else {
        sink.push(
            Diagnostic::new("attribute-syntax", attribute.span(), "a door needs a method and a path")
                .help("write `#[http(GET, \"/crates/{name}\")]`"),
        );
        return None;
    };
    let word = literal::word(method, sink);
    let path = literal::text(path, sink);
    let word = word?;
    let name = word.to_string();
    let Some((_, method)) = METHODS.iter().find(|(known, _)| *known == name) else {
        sink.push(
            Diagnostic::new("wrong-value", word.span(), format!("`{name}` is no method of a door"))
                .help(suggest::help(&name.to_uppercase(), METHODS.iter().map(|(name, _)| *name))),
        );
        return None;
    };
    let path = path?;
    let names = names(&path, sink)?;
    for name in &names {
        if !arguments.iter().any(|argument| argument.ident == name) {
            let known: Vec<String> = arguments.iter().map(|argument| argument.ident.to_string()).collect();
            sink.push(
                Diagnostic::new("http-path", path.span, format!("`{{{name}}}` is no argument of the handler"))
                    .help(suggest::help(name, known.iter().map(String::as_str))),
            );
        }
    }
    Some(Http { method: *method, path, names })
}

/// The names in braces. A name fills a whole segment, so that two doors can always be told apart.
fn names(path: &Spanned<String>, sink: &mut Sink) -> Option<Vec<String>> {
    let mut wrong = |found: String, help: &str| {
        sink.push(Diagnostic::new("http-path", path.span, found).help(help));
        None
    };
    let text = &path.value;
    if !text.starts_with('/') {
        return wrong(format!("the path `{text}` does not begin with `/`"), "write the whole path, from the root");
    }
    let mut names = Vec::new();
    for segment in text.split('/').skip(1) {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            if syn::parse_str::<syn::Ident>(name).is_err() {
                return wrong(format!("`{{{name}}}` is no name"), "write the name of an argument in braces");
            }
            if names.iter().any(|known| known == name) {
                return wrong(format!("`{{{name}}}` stands twice in the path"), "use each name once");
            }
            names.push(name.to_owned());
        } else if !segment.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c)) {
            return wrong(
                format!("the segment `{segment}` holds what a path can't"),
                "use letters, digits and `- . _ ~`, or a name in braces that fills the segment",
            );
        } else if segment.is_empty() && text.len() > 1 {
            return wrong(format!("the path `{text}` has an empty segment"), "remove the `/` too many");
        }
    }
    Some(names)
}
