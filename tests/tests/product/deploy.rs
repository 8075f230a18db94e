//! `cargo cell deploy` on real daemons: from nothing to an application that serves, a change under load, and back.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cell_migrate::throwaway::Cluster;
use cell_tests::application::{Application, Purpose};
use cell_tests::command::Said;
use cell_tests::daemon::{Daemon, free_address};
use cell_tests::web::get;
use rustix::process::Signal;

/// A client with a key, and a daemon that it deploys to.
struct Site {
    folder: tempfile::TempDir,
    daemon: Daemon,
    http: String,
    environment: &'static str,
}

impl Site {
    fn new(environment: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let daemon = Daemon::start(&folder.path().join("node"));
        Self { folder, daemon, http: free_address(), environment }
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("client/key")
    }

    fn command(&self, application: &Application, arguments: &[&str]) -> Command {
        let mut command = application.cell(&[arguments, &["--env", self.environment]].concat());
        command.env("CELL_KEY", self.key());
        command
    }

    fn run(&self, application: &Application, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(application, arguments))
    }

    fn succeed(&self, application: &Application, arguments: &[&str]) -> Said {
        let said = self.run(application, arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}{}\n{}", said.out, said.err, self.daemon.log());
        said
    }

    /// Writes the topology, and adds the daemon to it.
    fn add(&self, application: &Application) {
        let topology = format!("cell/topology.{}.toml", self.environment);
        application.write(&topology, "format = 1\n\n[regions.here]\n");
        let code = self.daemon.code.as_deref().expect("a code");
        let address = self.daemon.address.as_str();
        let add = ["node", "add", "one", address, "--region", "here", "--http", &self.http, "--code", code];
        self.succeed(application, &add);
    }

    fn release(&self, application: &Application) {
        self.succeed(application, &["release", "--profile", "dev"]);
    }

    fn deploy(&self, application: &Application) -> Said {
        self.succeed(application, &["deploy", "--region", "here", "--yes", "--profile", "dev"])
    }
}

/// Requests without an end, each over a connection of its own.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<Result<(), String>>,
}

impl Load {
    fn on(address: &str, path: &'static str) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (address, stopped, count) = (address.to_owned(), Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let asked = || -> std::io::Result<String> {
                    let mut stream = TcpStream::connect(&address)?;
                    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
                    let mut text = String::new();
                    stream.read_to_string(&mut text)?;
                    Ok(text)
                };
                let answer =
                    asked().map_err(|error| format!("after {} answers: {error}", count.load(Ordering::Relaxed)))?;
                if !answer.starts_with("HTTP/1.1 200 ") {
                    return Err(format!("after {} answers: {answer:?}", count.load(Ordering::Relaxed)));
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        Self { stop, answered, thread }
    }

    /// Ends it; there must have been no failed request.
    fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load").expect("no request fails");
        self.answered.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn two_engines_are_deployed_to_two_daemons_and_one_is_changed_under_load() {
    let cluster = Cluster::start().await.expect("a cluster");
    let url = cluster.create_database("registry").await.expect("a database");

    let on_sqlite = Application::example("deploy", Purpose::Build);
    let mut first = Site::new("first");
    first.add(&on_sqlite);
    first.release(&on_sqlite);
    let said = first.deploy(&on_sqlite);
    assert!(said.out.contains("+ migrate registry: 1 migration"), "{}", said.out);
    assert!(said.out.contains("+ start catalog × 1 (catalog, importer)"), "{}", said.out);
    assert_eq!(get(&first.http, "/crates").status, 200);
    let again = first.deploy(&on_sqlite);
    assert!(again.out.contains("runs release 1"), "{}", again.out);

    {
        let on_postgres = Application::example("deploy-postgres", Purpose::Apart);
        on_postgres.switch_to_postgres();
        let second = Site::new("second");
        second.add(&on_postgres);
        second.release(&on_postgres);
        let missing = second.run(&on_postgres, &["deploy", "--region", "here", "--yes", "--profile", "dev"]);
        assert_eq!(missing.code, Some(1), "{}", missing.out);
        assert!(
            missing.err.contains("[environment-missing]") && missing.err.contains("`DATABASE_URL`"),
            "{}",
            missing.err
        );
        second.daemon.environment("catalog", &[("DATABASE_URL", url.as_str())]);
        second.deploy(&on_postgres);
        assert_eq!(get(&second.http, "/crates").status, 200);
    }

    // A handler changed, and a column added, while requests come in.
    let load = Load::on(&first.http, "/crates?limit=3");
    on_sqlite.add_a_field();
    first.release(&on_sqlite);
    let said = first.deploy(&on_sqlite);
    assert!(said.out.contains("release 1 (") && said.out.contains("→ release 2 ("), "{}", said.out);
    assert!(said.out.contains("~ replace catalog × 1"), "{}", said.out);
    let answered = load.end();
    assert!(answered > 20, "{answered} requests were answered");

    let status = first.succeed(&on_sqlite, &["status"]);
    assert!(status.out.contains("release 2 (") && status.out.contains("  catalog 1: serving"), "{}", status.out);
    assert!(status.out.contains("  kept: release 1 ("), "{}", status.out);
    let logs = first.succeed(&on_sqlite, &["logs", "--region", "here"]);
    assert!(logs.out.contains("catalog 1 | "), "{}", logs.out);

    // And back, under load again: release 1 runs on the schema of release 2.
    let load = Load::on(&first.http, "/crates?limit=3");
    let said = first.succeed(&on_sqlite, &["rollback", "--region", "here", "--yes"]);
    assert!(said.out.contains("→ release 1 ("), "{}", said.out);
    load.end();
    assert_eq!(get(&first.http, "/crates").status, 200);

    // A daemon that is killed leaves its processes serving, and the next one takes them over.
    let load = Load::on(&first.http, "/crates?limit=3");
    let before = first.daemon.processes();
    first.daemon.kill();
    assert_eq!(first.daemon.processes(), before);
    first.daemon.start_again();
    let status = first.succeed(&on_sqlite, &["status"]);
    assert!(status.out.contains("release 1 (") && status.out.contains("  catalog 1: serving"), "{}", status.out);
    assert_eq!(first.daemon.processes(), before, "nothing was started anew");
    first.succeed(&on_sqlite, &["rollback", "--region", "here", "--to", "2", "--yes"]);
    load.end();

    first.daemon.stop(Signal::INT);
    assert_eq!(first.daemon.processes(), [0; 0], "it stops what it runs");
    assert!(TcpStream::connect(&first.http).is_err(), "nobody listens any more");
    let audit = fs::read_to_string(first.daemon.state().join("audit.log")).expect("the audit log");
    for what in ["pair", "commit", "stage", "switch", "finish"] {
        assert!(audit.contains(&format!("\"{what}\"")), "{what}: {audit}");
    }
}
