//! Two releases of the fixture `depot`, each with its program and its `cell/`, as a deploy has them, and what they are asked.
//! In: an engine. Out: processes of either on one database. Absent: a daemon, which would end the first release at once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use cell_tests::application::{Application, Purpose, target};
use cell_tests::command::{Running, Said};
use cell_tests::web::{Answer, ask, get};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::kinds::By;

/// What the second release loses, and that it may.
const ALLOWED: [&str; 6] = [
    "--allow",
    "rows-deleted=depot.table_removed",
    "--allow",
    "values-deleted=depot.column_removed.weight",
    "--allow",
    "values-deleted=depot.generated_removed.folded",
];

/// The application, and both of its releases.
pub(super) struct Both {
    pub(super) application: Application,
    url: String,
    folder: tempfile::TempDir,
}

impl Both {
    /// Builds and releases the application twice, for a database that may be nowhere yet.
    pub(super) fn released(place: &str, url: &str, change: impl Fn(&Application)) -> Self {
        let application = Application::fixture(place, "depot", "", Purpose::Build);
        change(&application);
        let both = Self { application, url: url.to_owned(), folder: tempfile::tempdir().expect("a folder") };
        both.application.succeed(&["release", "--profile", "dev", "-q"]);
        both.keep(By::First);
        both.application.replace("src/main.rs", "first/mod.rs", "second/mod.rs");
        both.application.succeed(&[&["release", "--profile", "dev", "-q"], &ALLOWED[..]].concat());
        both.keep(By::Second);
        both
    }

    fn root(&self, release: By) -> PathBuf {
        self.folder.path().join(format!("{release:?}"))
    }

    /// Puts a release aside, as a node keeps it.
    fn keep(&self, release: By) {
        let root = self.root(release);
        for (path, content) in self.application.emitted() {
            let path = root.join("cell").join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        fs::copy(target().join("debug/depot"), root.join("depot")).expect("the program");
    }

    fn program(&self, release: By) -> Command {
        let mut command = cell_tests::command::program(&self.root(release).join("depot"));
        command.env("CELL_ROOT", self.root(release)).env("CELL_DEPOT_URL", &self.url).env("CELL_REGION", "here");
        command
    }

    /// Brings the database to a release, as a deploy does it while another one runs.
    pub(super) fn migrate(&self, release: By) -> String {
        let mut command = self.program(release);
        command.env("CELL_MIGRATE", "apply").env("CELL_RELEASE", if release == By::First { "1" } else { "2" });
        if release == By::Second {
            command.env("CELL_LIVE_RELEASE", "1");
        }
        let said = Said::of(&mut command);
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        said.out
    }

    /// Tells the database that a release runs alone, as a deploy does it when the other is gone.
    pub(super) fn record(&self, release: By) {
        let mut command = self.program(release);
        command.env("CELL_MIGRATE", "record").env("CELL_RELEASE", if release == By::First { "1" } else { "2" });
        let said = Said::of(&mut command);
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    }

    /// A command about the database.
    pub(super) fn ask(&self, arguments: &[&str]) -> Said {
        Said::of(self.application.cell(arguments).env("CELL_DEPOT_URL", &self.url))
    }

    /// Starts a release's process, and waits until it serves.
    pub(super) fn start(&self, release: By) -> Process {
        let mut running = Running::start(&mut self.program(release));
        let address = running.address();
        Process { running, address }
    }
}

/// A process of a release.
pub(super) struct Process {
    running: Running,
    pub(super) address: String,
}

impl Process {
    /// Tells it to end, which it does without a mistake.
    pub(super) fn stop(self) {
        let said = self.running.interrupt();
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    }
}

/// A row as JSON.
pub(super) type Fields = Map<String, Value>;

/// Every row of a table, as the release at an address reads them.
pub(super) fn rows(address: &str, table: &str) -> Result<Vec<Fields>, String> {
    parsed(&get(address, &format!("/{table}")))
}

/// Sends a row to the release at an address. Out: the row that it answers.
pub(super) fn write(address: &str, method: &str, table: &str, row: &Fields) -> Result<Fields, String> {
    let body = serde_json::to_string(row).expect("JSON");
    parsed(&ask(address, method, &format!("/{table}"), &body)).map_err(|error| format!("{method} {body}: {error}"))
}

fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, String> {
    match answer.status {
        200 => serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body)),
        status => Err(format!("{status}: {}", answer.body)),
    }
}
