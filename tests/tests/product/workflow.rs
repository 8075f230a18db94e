//! The workflow that the templates offer: its lines are run as a CI machine runs them, on a copy of the example.

use std::fs;
use std::path::Path;
use std::process::Command;

use cell_tests::application::{Application, Purpose, repository};
use cell_tests::command::Said;

/// The scripts of a workflow's steps, in order: `run: line`, or the lines below `run: |`.
fn scripts(workflow: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = workflow.lines().peekable();
    let mut scripts = Vec::new();
    while let Some(line) = lines.next() {
        match line.trim_start().strip_prefix("run: ") {
            Some("|") => {
                let mut script = String::new();
                while let Some(inner) = lines.next_if(|inner| indent(inner) > indent(line)) {
                    script.push_str(inner.trim_start());
                    script.push('\n');
                }
                scripts.push(script);
            }
            Some(script) => scripts.push(script.to_owned()),
            None => {}
        }
    }
    scripts
}

/// Runs a script as a step does: by bash, which ends at the first failure, where `cargo cell` is the command under test.
fn step(application: &Application, bin: &Path, summary: &Path, script: &str) -> Said {
    let cell = application.cell(&[]);
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(application.folder());
    for (name, value) in cell.get_envs() {
        match value {
            Some(value) => bash.env(name, value),
            None => bash.env_remove(name),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
    bash.env("PATH", std::env::join_paths(paths).expect("a path"))
        .env("CI", "true")
        .env("GITHUB_STEP_SUMMARY", summary);
    Said::of(&mut bash)
}

/// A folder with a `cargo` that has the command under test for `cell`, whatever a configuration's aliases say.
fn cargo_with_the_command(application: &Application) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let cell = application.cell(&[]);
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = cell ]; then exec '{}' \"$@\"; fi\nexec '{cargo}' \"$@\"\n",
        cell.get_program().to_string_lossy()
    );
    let path = folder.path().join("cargo");
    fs::write(&path, script).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    folder
}

#[test]
fn the_workflow_checks_what_is_committed_and_shows_the_plan() {
    let workflow = fs::read_to_string(repository().join("templates/ci/cell.yml")).expect("the workflow");
    let scripts = scripts(&workflow);
    let [install, check, plan] = scripts.as_slice() else { panic!("three steps: {scripts:?}") };
    assert_eq!(install, "cargo install --locked --git \"$CELL_REPOSITORY\" cargo-cell");
    assert_eq!(check, "cargo cell build --check");

    let application = Application::example("workflow", Purpose::Build);
    let bin = cargo_with_the_command(&application);
    let run = |script: &str| {
        let summary = tempfile::NamedTempFile::new().expect("a file");
        let said = step(&application, bin.path(), summary.path(), script);
        (said, fs::read_to_string(summary.path()).expect("the summary"))
    };
    let (said, _) = run(check);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let (said, summary) = run(plan);
    assert_eq!(said.code, Some(0), "what differs is no failure: {}", said.err);
    assert!(summary.starts_with("## `catalog`"), "{summary}");
    assert!(summary.contains("Everything under `cell/` is up to date."), "{summary}");

    application.add_a_field();
    let (said, _) = run(check);
    assert_eq!(said.code, Some(3), "{}", said.err);
    let (said, summary) = run(plan);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(summary.contains("- `cell/registry/snapshot.json` differs from line "), "{summary}");

    application.replace("src/registry.rs", "#[Database::sqlite(", "#[Database::sqlit(");
    let (said, summary) = run(plan);
    assert_eq!(said.code, Some(1), "what is wrong is a failure: {}", said.err);
    assert_eq!(summary, "");
}
