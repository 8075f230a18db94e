//! A program is the same from every checkout, and holds no path of the machine that built it.

use std::path::{Path, PathBuf};
use std::process::Command;

use cell_codegen::records::{self, How, Reproducible, SEPARATOR, WRAPPED, WRAPPER_FLAGS};
use cell_codegen::scan::{Options, scan};
use cell_tests::application::{Application, Purpose, target};
use cell_tests::command::{Said, tested_cell};
use cell_tests::daemon::Daemon;
use rustix::process::Signal;

/// Builds the example at a place as a release is built, but for the profile: all of its dependencies are compiled once more
/// for each place, and unoptimized that takes half the time. Out: the program, and the paths of this machine in it.
fn built(place: &str) -> (Vec<u8>, Vec<String>) {
    let application = Application::example_called(place, "reproducible", Purpose::Apart);
    let manifest = application.path("Cargo.toml");
    let mut options = Options::new(&manifest);
    // Not below the copy, whose files are replaced in every run.
    options.target_dir = Some(target().join("cell-tests").join(format!("{place}-target")));
    let program = scan(&options).expect("a scan").program;
    let plan = Reproducible::plan(&manifest, &options, tested_cell()).expect("a plan");
    let mut said = Vec::new();
    let outcome = records::build(&program, &options, &How::Reproducible(&plan), false, &mut |bytes| {
        said.extend_from_slice(bytes)
    });
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&said)));
    let differences = records::verify(&program, &outcome).expect("records");
    assert!(differences.errors.is_empty() && differences.notes.is_empty(), "at {place}");
    let paths = plan.machine_paths(&outcome.executable).expect("the program");
    (std::fs::read(&outcome.executable).expect("the program"), paths)
}

#[test]
fn two_checkouts_give_one_program_that_names_no_place() {
    let (one, paths) = built("reproducible/one");
    assert_eq!(paths, [""; 0]);
    let (other, paths) = built("reproducible/deep/other");
    assert_eq!(paths, [""; 0]);
    assert!(one == other, "the programs differ: {} and {} bytes", one.len(), other.len());

    // And so are the bundles with them: every byte of what is sent to a node.
    let folder = tempfile::tempdir().expect("a folder");
    let mut daemon = Daemon::start(&folder.path().join("node"));
    let key = folder.path().join("key");
    let one = bundled("reproducible/one", &daemon, &key);
    assert_eq!(one.len(), 64, "{one}");
    assert_eq!(one, bundled("reproducible/deep/other", &daemon, &key));
    daemon.stop(Signal::INT);
}

/// The hash of the bundle that a deploy would make at a place. Out: 64 digits.
fn bundled(place: &str, daemon: &Daemon, key: &Path) -> String {
    let application = Application::example_called(place, "reproducible", Purpose::Apart);
    let command = |arguments: &[&str]| {
        let mut command = application.cell(arguments);
        command.env("CELL_KEY", key);
        command
    };
    let said = Said::of(&mut command(&["release", "--profile", "dev"]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let mut add = command(&["node", "add", "one", &daemon.address, "--region", "local"]);
    let said = Said::of(add.args(["--code", &daemon.pair("deploy")]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let mut deploy =
        command(&["deploy", "--region", "local", "--dry-run", "--profile", "dev", "--message-format", "json"]);
    let said = Said::of(deploy.env("CARGO_TARGET_DIR", target().join("cell-tests").join(format!("{place}-target"))));
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    let value: serde_json::Value = serde_json::from_str(said.out.lines().last().expect("a line")).expect("JSON");
    value["plan"]["bundle"].as_str().expect("a hash").to_owned()
}

fn rustc() -> PathBuf {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()).into()
}

#[test]
fn the_command_is_a_wrapper_where_cargo_runs_it_as_one() {
    let flags = ["--cfg", "from_the_wrapper"].join(&SEPARATOR.to_string());
    let wrapper = |arguments: &[&str]| {
        let mut command = Command::new(tested_cell());
        command.env_remove(WRAPPED).env(WRAPPER_FLAGS, &flags).args(arguments);
        command
    };
    let rustc = rustc();
    let rustc = rustc.to_str().expect("UTF-8");
    let said = Said::of(&mut wrapper(&[rustc, "--print", "cfg"]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.lines().any(|line| line == "from_the_wrapper"), "{}", said.out);

    // A wrapper of the user's own is run with all of it.
    let said = Said::of(wrapper(&[rustc, "-vV"]).env(WRAPPED, "echo"));
    assert_eq!(said.out, format!("{rustc} -vV --cfg from_the_wrapper\n"));

    // Rustc's exit code is the wrapper's.
    assert_eq!(Said::of(&mut wrapper(&[rustc, "no-such-file.rs"])).code, Some(1));
    let said = Said::of(&mut wrapper(&["no-such-program"]));
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("error: `no-such-program` cannot be run"), "{}", said.err);

    // A build script that runs the command is no rustc.
    let said = Said::of(&mut wrapper(&["cell", "--version"]));
    assert!(said.code == Some(0) && said.out.starts_with("cargo cell "), "{}{}", said.out, said.err);
}
