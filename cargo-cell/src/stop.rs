//! Why a command ends before it is done, and the codes with which it ends. What a user can put right is a [`Mistake`]; what
//! only Cell's makers can is a bug. Absent: how either is shown.

use std::collections::BTreeSet;
use std::fmt;
use std::process::ExitCode;

use cell_schema::hazard::{Consent, HazardKind};

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: what was asked for is done.
    Done,
    /// 1: something is wrong, and was said.
    Diagnostics,
    /// 2: the arguments.
    Usage,
    /// 3: something committed is out of date, or something is not applied.
    OutOfDate,
    /// 4: all that is in the way are hazards that were not allowed.
    HazardRefused,
    /// 101: Cell.
    Bug,
    /// The application's own.
    Application(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Diagnostics => 1,
            Exit::Usage => 2,
            Exit::OutOfDate => 3,
            Exit::HazardRefused => 4,
            Exit::Bug => 101,
            Exit::Application(code) => code,
        })
    }
}

/// Why a command is not done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Diagnostics, which were shown.
    Diagnostics(Count),
    /// Something that a user can put right.
    Mistake(Mistake),
    /// Something that only Cell's makers can.
    Bug(String),
}

/// How many diagnostics were shown, and of which kinds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    pub(crate) errors: usize,
    pub(crate) codes: BTreeSet<&'static str>,
}

/// One thing that is wrong, at no place in a source.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) exit: Exit,
    /// What `explain` has a page for.
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Count {
    /// How a command ends that found these: hazards alone are for the user to allow.
    pub(crate) fn exit(&self) -> Exit {
        if !self.codes.is_empty() && self.hazards().count() == self.codes.len() {
            Exit::HazardRefused
        } else {
            Exit::Diagnostics
        }
    }

    /// The hazards among them that may be allowed.
    pub(crate) fn hazards(&self) -> impl Iterator<Item = HazardKind> {
        let kinds = self.codes.iter().filter_map(|code| HazardKind::ALL.into_iter().find(|kind| kind.code() == *code));
        kinds.filter(|kind| kind.consent() == Consent::Needed)
    }
}

impl Mistake {
    /// Something that is wrong.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { exit: Exit::Diagnostics, code: None, message: message.into(), help: None }
    }

    /// Something that is wrong with the arguments.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new(message) }
    }

    /// Something that is out of date.
    pub(crate) fn out_of_date(message: impl Into<String>) -> Self {
        Self { exit: Exit::OutOfDate, ..Self::new(message) }
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The code of a refusal that came from elsewhere; one without a page is left out.
    pub(crate) fn code_of(mut self, code: &str) -> Self {
        self.code = crate::explain::page(code).map(|page| page.code);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// What the system said about a file.
    pub(crate) fn file(tried: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(format!("cannot {tried} `{}`: {error}", path.display()))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Self {
        Self::Mistake(mistake)
    }
}

impl From<cell_migrate::MigrateError> for Stop {
    fn from(error: cell_migrate::MigrateError) -> Self {
        Mistake::new(error.to_string()).code(error.code()).maybe_help(error.help()).into()
    }
}

impl From<cell_migrate::throwaway::ThrowawayError> for Stop {
    fn from(error: cell_migrate::throwaway::ThrowawayError) -> Self {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        Mistake::new(format!("{error}{source}")).code(error.code()).maybe_help(error.help()).into()
    }
}

impl From<cell_codegen::emit::FileError> for Stop {
    fn from(error: cell_codegen::emit::FileError) -> Self {
        Mistake::new(error.to_string()).into()
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::{Count, Exit};

    #[test]
    fn only_hazards_alone_are_refused_as_hazards() {
        let exit =
            |codes: &[&'static str]| Count { errors: codes.len(), codes: codes.iter().copied().collect() }.exit();
        assert_eq!(exit(&["lossy-cast", "rows-deleted"]), Exit::HazardRefused);
        assert_eq!(exit(&["lossy-cast", "unsupported-change"]), Exit::Diagnostics);
        assert_eq!(exit(&["unique-over-rows"]), Exit::Diagnostics, "nobody can allow what loses nothing");
        assert_eq!(exit(&[]), Exit::Diagnostics);
    }

    #[test]
    fn each_end_has_the_code_that_help_lists() {
        let codes = [
            (Exit::Done, 0),
            (Exit::Diagnostics, 1),
            (Exit::Usage, 2),
            (Exit::OutOfDate, 3),
            (Exit::HazardRefused, 4),
            (Exit::Bug, 101),
            (Exit::Application(7), 7),
        ];
        for (exit, code) in codes {
            assert_eq!(ExitCode::from(exit), ExitCode::from(code));
        }
    }
}
