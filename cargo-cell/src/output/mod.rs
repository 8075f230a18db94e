//! The only place that prints. In: what happened. Out: text for people, or JSON objects, one a line on standard output.
//! Progress and errors go to standard error, results to standard output. Absent: deciding anything.

mod difference;
mod meter;
mod style;

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;

use cell_codegen::program::{Located, Program};
use cell_codegen::render;
use cell_schema::hazard::HazardKind;
use serde::Serialize;

pub(crate) use difference::difference;
pub(crate) use style::Style;

use crate::cli::{Color, MessageFormat};
use crate::stop::{Count, Mistake};

/// Where reports of bugs go.
const ISSUES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: MessageFormat,
    quiet: bool,
    /// Of standard output.
    results: Style,
    /// Of standard error.
    progress: Style,
    /// Whether standard error is a terminal.
    terminal: bool,
}

/// One line of JSON.
#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    kind: &'a str,
    #[serde(flatten)]
    value: T,
}

/// A mistake at no place, as JSON.
#[derive(Serialize)]
struct MistakeLine<'a> {
    code: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

impl Output {
    pub(crate) fn new(format: MessageFormat, color: Color, quiet: bool) -> Self {
        let style = |terminal: bool| match color {
            Color::Always => Style::Colored,
            Color::Auto if terminal && style::wanted(|name| std::env::var_os(name)) => Style::Colored,
            Color::Auto | Color::Never => Style::Plain,
        };
        let terminal = io::stderr().is_terminal();
        Self { format, quiet, results: style(io::stdout().is_terminal()), progress: style(terminal), terminal }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == MessageFormat::Json
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether what goes to standard error is coloured.
    pub(crate) fn colors_progress(&self) -> bool {
        self.progress == Style::Colored
    }

    /// What is being done, or was: a verb and what it is about.
    pub(crate) fn progress(&self, verb: &str, text: impl Display) {
        if !self.quiet {
            error(&format!("{} {text}\n", self.progress.verb(verb)));
        }
    }

    /// A remark that changes nothing.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            error(&format!("{}: {text}\n", self.progress.note("note")));
        }
    }

    /// Where the application serves, in a line for whoever started this command. Standard output is for JSON alone where
    /// JSON was asked for.
    pub(crate) fn listening(&self, address: SocketAddr) {
        let line = format!("listening on http://{address}\n");
        if self.is_json() { error(&line) } else { out(&line) }
    }

    /// What another program prints about its progress.
    pub(crate) fn pass(&self, bytes: &[u8]) {
        // Nobody may be reading.
        let _ = io::stderr().lock().write_all(bytes);
    }

    /// What a command did, in a line that `-q` leaves out.
    pub(crate) fn done(&self, verb: &str, text: impl Display) {
        if !self.is_json() && !self.quiet {
            out(&format!("{} {text}\n", self.results.verb(verb)));
        }
    }

    /// What was asked for, as text for people. `text` gets the style to use.
    pub(crate) fn text(&self, text: impl FnOnce(Style) -> String) {
        if !self.is_json() {
            out(&text(self.results));
        }
    }

    /// What was asked for, as a value for programs.
    pub(crate) fn value(&self, value: impl Serialize) {
        if self.is_json() {
            line("result", value);
        }
    }

    /// Shows diagnostics, each once, sorted by place.
    pub(crate) fn diagnostics(&self, program: &Program, diagnostics: &[Located]) -> Count {
        let messages = render::messages(program, diagnostics);
        let count = Count {
            errors: messages.len(),
            codes: diagnostics.iter().map(|located| located.diagnostic.code).collect(),
        };
        if self.is_json() {
            messages.iter().for_each(|message| line("diagnostic", message));
        } else {
            error(&render::human(program, diagnostics, self.progress.render()));
        }
        count
    }

    /// Shows remarks that have places, with their sources.
    pub(crate) fn remarks(&self, program: &Program, notes: &[Located]) {
        if self.is_json() {
            render::messages(program, notes).iter().for_each(|message| line("note", message));
        } else if !self.quiet {
            error(&render::notes(program, notes, self.progress.render()));
        }
    }

    /// Shows remarks that have places, a line each.
    pub(crate) fn notes(&self, program: &Program, notes: &[Located]) {
        for message in render::messages(program, notes) {
            let place = &message.place;
            self.note(format_args!("{} ({}:{}:{})", message.message, place.file, place.line, place.column));
        }
    }

    /// The lines behind all diagnostics.
    pub(crate) fn count(&self, count: &Count) {
        if self.is_json() {
            return;
        }
        let errors = match count.errors {
            1 => "1 error".to_owned(),
            several => format!("{several} errors"),
        };
        // With one code it is that one; otherwise each diagnostic has its own in brackets.
        let mut codes = count.codes.iter();
        let code = match (codes.next(), codes.next()) {
            (Some(only), None) => only,
            _ => "CODE",
        };
        let label = self.progress.error("error");
        error(&format!("{label}: {errors}; run `cargo cell explain {code}` for more\n"));
        self.ways(count);
    }

    /// How what was refused as a hazard is allowed.
    fn ways(&self, count: &Count) {
        let hazards: Vec<HazardKind> = count.hazards().collect();
        let (code, word) = match hazards.as_slice() {
            [] => return,
            [only] => (only.code(), only.code().replace('-', "_")),
            _ => ("CODE", "code_with_underscores".to_owned()),
        };
        // A table that is dropped has no field.
        let field = match hazards.as_slice() {
            [HazardKind::RowsDeleted] => String::new(),
            _ => format!(", or `#[column(allow({word}))]` on a field that is there"),
        };
        self.note(format_args!("what may happen is allowed by its code and object: `--allow {code}=OBJECT`{field}"));
    }

    /// Something that is wrong at no place.
    pub(crate) fn mistake(&self, mistake: &Mistake) {
        let Mistake { code, message, help, .. } = mistake;
        if self.is_json() {
            return line("diagnostic", MistakeLine { code: *code, message, help: help.as_deref() });
        }
        let title = match code {
            Some(code) => format!("error[{code}]"),
            None => "error".to_owned(),
        };
        let mut text = format!("{}: {message}\n", self.progress.error(&title));
        if let Some(help) = help {
            text.push_str(&format!("{}: {help}\n", self.progress.help("help")));
        }
        error(&text);
    }

    /// Cell is wrong.
    pub(crate) fn bug(&self, message: &str) {
        bug(message);
    }
}

/// Cell is wrong, and nothing is known about how to print.
pub(crate) fn bug(message: &str) {
    error(&format!(
        "error: Cell {} has a bug: {message}\nhelp: please report it, with the command and this text, at {ISSUES}\n",
        env!("CARGO_PKG_VERSION"),
    ));
}

fn line(kind: &str, value: impl Serialize) {
    // Every key is text, so serde_json cannot fail.
    if let Ok(text) = serde_json::to_string(&Line { kind, value }) {
        out(&(text + "\n"));
    }
}

fn out(text: &str) {
    // Nobody may be reading.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
