//! One thing that a rule found, with places in one file or several.

use cell_syntax::diagnostic::Diagnostic;

use super::Rule;
use crate::model::Place;
use crate::program::Located;

/// What rules found.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

/// One thing that a rule found.
#[derive(Debug)]
pub(crate) struct Finding(Located);

impl Rule {
    /// A finding of this rule.
    pub(super) fn at(self, place: Place, message: impl Into<String>) -> Finding {
        Finding(place.locate(Diagnostic::new(self.code(), place.span, message)))
    }
}

impl Finding {
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.0.diagnostic.label = Some(label.into());
        self
    }

    pub(super) fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        if place.file == self.0.file {
            self.0.diagnostic.related.push((place.span, label.into()));
        } else {
            self.0.elsewhere.push((place.file, place.span, label.into()));
        }
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.diagnostic.help = Some(help.into());
        self
    }
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub(super) fn into_located(self) -> Vec<Located> {
        self.0.into_iter().map(|finding| finding.0).collect()
    }
}

/// What is said where lowering left out what no rule refuses: a mistake of the compiler's.
pub(super) fn omitted(place: Place) -> Located {
    let diagnostic = Diagnostic::new("internal", place.span, "Cell does not understand this, and no rule says why")
        .help("this is a mistake in Cell; please report it with this declaration");
    place.locate(diagnostic)
}
