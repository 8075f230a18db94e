//! From nothing to an application that serves, a change under load, and back.

use std::fs;
use std::net::TcpStream;

use cell_migrate::throwaway::Cluster;
use cell_tests::application::{Application, Purpose};
use cell_tests::web::get;
use rustix::process::Signal;

use super::load::Load;
use super::site::Site;

#[tokio::test]
async fn two_engines_are_deployed_to_two_daemons_and_one_is_changed_under_load() {
    let cluster = Cluster::start().await.expect("a cluster");
    let url = cluster.create_database("registry").await.expect("a database");

    let on_sqlite = Application::example("deploy", Purpose::Build);
    let mut first = Site::new("first");
    first.add(&on_sqlite);
    first.release(&on_sqlite);
    let said = first.deploy(&on_sqlite);
    assert!(said.out.contains("+ migrate registry: 5 migrations"), "{}", said.out);
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
    // Two of each from now on.
    on_sqlite.replace("src/browse.rs", "#[service]\n", "#[service]\n#[Placement(replicas = 2)]\n");
    on_sqlite.replace("src/importer/mod.rs", "#[service]\n", "#[service]\n#[Placement(replicas = 2)]\n");
    first.release(&on_sqlite);
    let said = first.deploy(&on_sqlite);
    assert!(said.out.contains("release 1 (") && said.out.contains("→ release 2 ("), "{}", said.out);
    assert!(said.out.contains("~ replace catalog × 1 by × 2 (catalog, importer)"), "{}", said.out);
    let answered = load.end();
    assert!(answered > 20, "{answered} requests were answered");

    let status = first.succeed(&on_sqlite, &["status"]);
    assert!(status.out.contains("release 2 (") && status.out.contains("  catalog 1: serving"), "{}", status.out);
    assert!(status.out.contains("  catalog 2: serving"), "{}", status.out);
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
