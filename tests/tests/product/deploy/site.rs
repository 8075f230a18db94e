//! A client with a key of its own, and a daemon that it deploys an application to.

use std::path::{Path, PathBuf};
use std::process::Command;

use cell_tests::application::Application;
use cell_tests::command::Said;
use cell_tests::daemon::{Daemon, free_address};

/// A client with a key, and a daemon that it deploys to.
pub(super) struct Site {
    folder: tempfile::TempDir,
    pub(super) daemon: Daemon,
    /// Where its doors are.
    pub(super) http: String,
    environment: &'static str,
}

impl Site {
    pub(super) fn new(environment: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let daemon = Daemon::start(&folder.path().join("node"));
        Self { folder, daemon, http: free_address(), environment }
    }

    /// The client's folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("client/key")
    }

    pub(super) fn command(&self, application: &Application, arguments: &[&str]) -> Command {
        let mut command = application.cell(&[arguments, &["--env", self.environment]].concat());
        command.env("CELL_KEY", self.key());
        command
    }

    pub(super) fn run(&self, application: &Application, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(application, arguments))
    }

    pub(super) fn succeed(&self, application: &Application, arguments: &[&str]) -> Said {
        let said = self.run(application, arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}{}\n{}", said.out, said.err, self.daemon.log());
        said
    }

    /// Writes the topology, and adds the daemon to it.
    pub(super) fn add(&self, application: &Application) {
        let topology = format!("cell/topology.{}.toml", self.environment);
        application.write(&topology, "format = 1\n\n[regions.here]\n");
        let code = self.daemon.code.as_deref().expect("a code");
        let address = self.daemon.address.as_str();
        let add = ["node", "add", "one", address, "--region", "here", "--http", &self.http, "--code", code];
        self.succeed(application, &add);
    }

    pub(super) fn release(&self, application: &Application) {
        self.succeed(application, &["release", "--profile", "dev"]);
    }

    pub(super) fn deploy(&self, application: &Application) -> Said {
        self.succeed(application, &["deploy", "--region", "here", "--yes", "--profile", "dev"])
    }
}
