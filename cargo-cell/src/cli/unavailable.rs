//! What is said to the name of a command that Cell is to have and does not have in this version. A name that means nothing
//! is clap's to answer, with the nearest command.

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// Their names.
const COMMANDS: [&str; 10] = ["completions", "dev", "doctor", "eject", "graph", "init", "new", "ps", "secret", "top"];

/// The error for what clap refused: one of our own where the word is known.
pub(super) fn error(clap: &mut Command, error: Error) -> Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if !COMMANDS.contains(&word.as_str()) {
        return error;
    }
    clap.error(ErrorKind::InvalidSubcommand, format!("`cargo cell {word}` does not work in this version of Cell"))
}
