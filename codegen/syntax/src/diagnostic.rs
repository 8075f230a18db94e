//! What is wrong with a source, where, and what to do about it. Absent: rendering; a macro makes a compile error of it, the
//! command renders it as rustc does.

use proc_macro2::Span;

/// The printed name of a kind of error, such as `unknown-key`: lower case, words joined by hyphens, unique in all of Cell.
pub type Code = &'static str;

/// One error.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Its kind; `cargo cell explain CODE` has a page for it.
    pub code: Code,
    /// The place in the source.
    pub span: Span,
    /// What was found: lower case, no final stop, names in backticks.
    pub message: String,
    /// A few words at the place itself.
    pub label: Option<String>,
    /// Other places that belong to it, each with a few words.
    pub related: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), label: None, related: Vec::new(), help: None }
    }

    /// With words at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With another place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Collects diagnostics, so that one mistake does not hide the next.
#[derive(Debug, Default)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
}

impl Sink {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds syn's error, whose message names what was expected.
    pub fn syntax(&mut self, error: &syn::Error) {
        for error in error.clone() {
            self.push(Diagnostic::new("attribute-syntax", error.span(), error.to_string()));
        }
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// What was added, in that order.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}
