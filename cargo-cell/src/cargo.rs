//! `cargo build`, and whether what it made agrees with what was scanned. In: a compiled application. Out: the program.

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use cell_codegen::compile::Compiled;
use cell_codegen::records::{self, BuildError, BuildOutcome};
use cell_codegen::scan::Options;

use crate::output::Output;
use crate::stop::{Mistake, Stop};

/// Builds the application; cargo's and rustc's words go to standard error as they come.
///
/// # Errors
/// The build fails, or the program is not what the sources say.
pub(crate) fn build(compiled: &Compiled, options: &Options, output: &Output) -> Result<BuildOutcome, Stop> {
    let program = &compiled.program;
    let mut held = Vec::new();
    let outcome = records::build(program, options, output.colors_progress(), &mut |bytes| {
        if output.is_quiet() {
            // Only a build that fails has something to say.
            held.extend_from_slice(bytes);
        } else {
            output.pass(bytes);
        }
    });
    let outcome = outcome.map_err(|error| {
        output.pass(&held);
        match error {
            BuildError::NoApplication => Stop::Bug(error.to_string()),
            error => Mistake::new(error.to_string()).into(),
        }
    })?;
    let differences = records::verify(program, &outcome).map_err(|error| Mistake::new(error.to_string()))?;
    output.notes(program, &differences.notes);
    if differences.errors.is_empty() {
        return Ok(outcome);
    }
    Err(Stop::Diagnostics(output.diagnostics(program, &differences.errors)))
}

/// The folder of what cargo builds. `None` where cargo does not say.
pub(crate) fn target_folder(root: &Path) -> Option<PathBuf> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec().ok()?;
    Some(metadata.target_directory.into_std_path_buf())
}
