//! A region of two nodes: replicas on both, and all of its nodes switch or none.

use std::net::TcpListener;

use cell_migrate::throwaway::Cluster;
use cell_tests::application::{Application, Purpose};
use cell_tests::daemon::{Daemon, free_address};
use cell_tests::web::get;

use super::load::Load;
use super::site::Site;

#[tokio::test]
async fn replicas_are_on_both_nodes_and_a_node_that_fails_keeps_the_other_from_switching() {
    let cluster = Cluster::start().await.expect("a cluster");
    let url = cluster.create_database("registry").await.expect("a database");
    let application = Application::example("deploy", Purpose::Build);
    application.switch_to_postgres();
    application.replace("src/browse.rs", "#[service]\n", "#[service]\n#[Placement(replicas = 2)]\n");
    application.replace(
        "src/importer/mod.rs",
        "#[service]\n",
        "#[service]\n#[Placement(region = \"here\", replicas = 2)]\n",
    );
    application.write("cell/topology.toml", "format = 1\n\n[regions.here]\n");

    let site = Site::new("region");
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = Daemon::start(&folder.path().join("node"));
    let (other_http, taken) = (free_address(), free_address());
    site.add(&application);
    let code = other.code.clone().expect("a code");
    let add = ["node", "add", "two", &other.address, "--region", "here", "--http", &other_http, "--code", &code];
    site.succeed(&application, &add);
    for daemon in [&site.daemon, &other] {
        daemon.environment("catalog", &[("DATABASE_URL", url.as_str())]);
    }
    site.release(&application);
    let said = site.deploy(&application);
    // One of the nodes migrates, for both.
    assert_eq!(said.out.matches("+ migrate registry").count(), 1, "{}", said.out);
    assert_eq!(said.out.matches("+ start catalog × 1 (catalog, importer)").count(), 2, "{}", said.out);
    for http in [&site.http, &other_http] {
        assert_eq!(get(http, "/crates").status, 200);
    }

    // The doors of the second are to move to where something else listens.
    let load = Load::on(&site.http, "/crates?limit=3");
    let load_other = Load::on(&other_http, "/crates?limit=3");
    let listener = TcpListener::bind(&taken).expect("a socket");
    let topology = "cell/topology.region.toml";
    application.replace(topology, &other_http, &taken);
    application.replace("src/browse.rs", "limit.unwrap_or(50)", "limit.unwrap_or(7)");
    let deploy = ["deploy", "--region", "here", "--yes", "--profile", "dev"];
    let said = site.run(&application, &deploy);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("error[address-in-use]: the node `two`: "), "{}", said.err);
    assert!(said.err.contains("what ran before runs"), "{}", said.err);
    for daemon in [&site.daemon, &other] {
        assert_eq!(daemon.processes().len(), 1, "{}", daemon.log());
    }
    load.end();
    load_other.end();

    drop(listener);
    let said = site.deploy(&application);
    assert!(said.out.contains(&format!("~ move doors from {other_http} to {taken}")), "{}", said.out);
    assert_eq!(get(&taken, "/crates").status, 200);
    assert!(std::net::TcpStream::connect(&other_http).is_err(), "the doors have moved");

    // A node that is down keeps a deploy from beginning.
    other.kill();
    let said = site.run(&application, &deploy);
    assert!(said.err.contains("error[node-unreachable]: the node `two`: "), "{}", said.err);
    assert_eq!(get(&site.http, "/crates").status, 200);
    let status = site.run(&application, &["status"]);
    assert_eq!(status.code, Some(1), "{}", status.out);
    assert!(status.out.contains("one in here: release 1 (") && status.out.contains("two in here: `"), "{}", status.out);
}
