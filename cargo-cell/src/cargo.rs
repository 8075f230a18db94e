//! `cargo build`, and whether what it made agrees with what was scanned. In: a compiled application. Out: the program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use cell_codegen::compile::Compiled;
use cell_codegen::records::{self, BuildError, BuildOutcome, How, Reproducible};
use cell_codegen::scan::Options;

use crate::output::Output;
use crate::stop::{Mistake, Stop};

/// Builds the application; cargo's and rustc's words go to standard error as they come. `learnt` is what its macros find in their
/// environment.
///
/// # Errors
/// The build fails, or the program is not what the sources say.
pub(crate) fn build(
    compiled: &Compiled,
    options: &Options,
    learnt: &BTreeMap<String, String>,
    output: &Output,
) -> Result<BuildOutcome, Stop> {
    run(compiled, options, &How::Usual(learnt), output)
}

/// Builds the application so that the program is the same from every checkout, in a target folder of its own. Where a path of
/// this machine is in it all the same, a note names it.
///
/// # Errors
/// As [`build`]; this command's own path is not known, or cargo or rustc cannot be asked.
pub(crate) fn build_release(compiled: &Compiled, options: &Options, output: &Output) -> Result<BuildOutcome, Stop> {
    let wrapper = std::env::current_exe()
        .map_err(|error| Mistake::new(format!("the path of this command is not known: {error}")))?;
    let manifest = compiled.root.join("Cargo.toml");
    let plan = Reproducible::plan(&manifest, options, wrapper).map_err(Mistake::new)?;
    let outcome = run(compiled, options, &How::Reproducible(&plan), output)?;
    let paths = plan
        .machine_paths(&outcome.executable)
        .map_err(|error| Mistake::new(format!("cannot read `{}`: {error}", outcome.executable.display())))?;
    if !paths.is_empty() {
        output.note(format_args!(
            "the program holds paths of this machine, so a build on another one differs: `{}`",
            paths.join("`, `")
        ));
    }
    Ok(outcome)
}

fn run(compiled: &Compiled, options: &Options, how: &How<'_>, output: &Output) -> Result<BuildOutcome, Stop> {
    let program = &compiled.program;
    let mut held = Vec::new();
    let outcome = records::build(program, options, how, output.colors_progress(), &mut |bytes| {
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
