//! Work that goes on for a while. In: how far it has come, again and again. Out: on a terminal one line that changes, elsewhere a line now
//! and then, so that a log of it stays short.

use std::fmt::Display;
use std::time::{Duration, Instant};

use super::{Output, error};

/// How often a line is written where there is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

/// Shows how far something has come.
pub(crate) struct Meter<'a> {
    output: &'a Output,
    /// What the last line is about, and when it was written.
    shown: Option<(String, Instant)>,
    /// Whether a line is open on the terminal.
    is_open: bool,
}

impl Output {
    /// Shows how far something has come.
    pub(crate) fn meter(&self) -> Meter<'_> {
        Meter { output: self, shown: None, is_open: false }
    }
}

impl Meter<'_> {
    /// `what` has come so far.
    pub(crate) fn show(&mut self, verb: &str, what: &str, text: impl Display) {
        if self.output.quiet {
            return;
        }
        let line = format!("{} {what}: {text}", self.output.progress.verb(verb));
        let is_other = self.shown.as_ref().is_none_or(|(last, _)| *last != what);
        if self.output.terminal {
            if is_other {
                self.end();
            }
            error(&format!("\r{line}\u{1b}[K"));
            self.is_open = true;
        } else if is_other || self.shown.as_ref().is_some_and(|(_, at)| at.elapsed() >= PAUSE) {
            error(&format!("{line}\n"));
        } else {
            return;
        }
        self.shown = Some((what.to_owned(), Instant::now()));
    }

    /// Nothing more comes: the line is closed.
    pub(crate) fn end(&mut self) {
        if std::mem::take(&mut self.is_open) {
            error("\n");
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.end();
    }
}
