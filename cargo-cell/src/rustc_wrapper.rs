//! The command as a wrapper around rustc, which cargo runs in its place while a release is built: it adds flags and becomes rustc.
//! In: rustc's arguments, flags in an environment variable. Out: rustc. Absent: which flags, which `cell_codegen` decides.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::{Command, ExitCode};

use cell_codegen::records::{SEPARATOR, WRAPPED, WRAPPER_FLAGS};

/// Becomes rustc, where cargo asks for it; `None` where the command is a person's.
pub(crate) fn run() -> Option<ExitCode> {
    let flags = std::env::var(WRAPPER_FLAGS).ok()?;
    let mut arguments = std::env::args_os().skip(1).peekable();
    // A build script or a macro that runs `cargo cell` inherits the variable.
    if arguments.peek().is_none_or(|first| first == "cell" || first.to_string_lossy().starts_with('-')) {
        return None;
    }
    let mut line: Vec<OsString> = std::env::var_os(WRAPPED).into_iter().chain(arguments).collect();
    line.extend(flags.split(SEPARATOR).filter(|flag| !flag.is_empty()).map(OsString::from));
    let (program, arguments) = line.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    let error = become_it(&mut command);
    match error {
        Ok(code) => Some(code),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: `{}` cannot be run: {error}", program.display());
            Some(ExitCode::FAILURE)
        }
    }
}

#[cfg(unix)]
fn become_it(command: &mut Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> std::io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
