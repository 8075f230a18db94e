//! Colours, or none. In: words. Out: words with escape sequences around them where there is colour.

use std::ffi::OsString;

use cell_codegen::render;

/// How text is set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Not at all.
    Plain,
    /// By colour and weight.
    Colored,
}

/// The width of verbs, as cargo sets them.
const VERB: usize = 12;

/// Whether the environment lets a terminal have colours.
pub(super) fn wanted(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let no_color = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_color && variable("TERM").is_none_or(|terminal| terminal != "dumb")
}

impl Style {
    fn set(self, codes: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colored => format!("\u{1b}[{codes}m{text}\u{1b}[0m"),
        }
    }

    /// What was done.
    pub(super) fn verb(self, verb: &str) -> String {
        self.set("1;32", &format!("{verb:>VERB$}"))
    }

    pub(super) fn error(self, text: &str) -> String {
        self.set("1;31", text)
    }

    pub(super) fn help(self, text: &str) -> String {
        self.set("1;36", text)
    }

    pub(super) fn note(self, text: &str) -> String {
        self.set("1", text)
    }

    pub(crate) fn heading(self, text: &str) -> String {
        self.set("1", text)
    }

    /// A line of a difference that is to go.
    pub(crate) fn removed(self, text: &str) -> String {
        self.set("31", text)
    }

    /// A line of a difference that is to come.
    pub(crate) fn added(self, text: &str) -> String {
        self.set("32", text)
    }

    pub(super) fn render(self) -> render::Color {
        match self {
            Self::Plain => render::Color::Never,
            Self::Colored => render::Color::Always,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::wanted;

    fn with(name: &'static str, value: &'static str) -> bool {
        wanted(move |asked| (asked == name).then(|| value.into()))
    }

    #[test]
    fn no_color_counts_where_it_is_not_empty() {
        assert!(!with("NO_COLOR", "1"));
        assert!(with("NO_COLOR", ""));
        assert!(!with("TERM", "dumb"));
        assert!(with("TERM", "xterm"));
    }
}
