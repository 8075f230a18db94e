//! What a deploy refuses before it changes anything.

use cell_tests::application::{Application, Purpose};
use cell_tests::daemon::{Daemon, free_address};
use cell_tests::web::get;
use rustix::process::Signal;

use super::site::Site;

#[test]
fn a_deploy_says_what_is_missing_before_it_builds_anything() {
    let application = Application::example("deploy-refused", Purpose::Read);
    let site = Site::new("refused");
    application.write("cell/topology.refused.toml", "format = 1\n\n[regions.here]\n[regions.there]\n");
    let deploy = |region: &str| site.run(&application, &["deploy", "--region", region, "--yes"]);
    let said = deploy("here");
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("error[not-released]: "), "{}", said.err);

    let status = |region: &str| site.run(&application, &["status", "--region", region]);
    assert!(status("here").out.contains("has no nodes there"), "{}", status("here").err);
    let said = site.run(&application, &["rollback", "--region", "here", "--yes"]);
    assert!(said.err.contains("error[no-node]: the region `here` has no node"), "{}", said.err);
    assert!(said.err.contains("help: add one with `cargo cell node add NAME ADDRESS --region here`"), "{}", said.err);
    let said = site.run(&application, &["rollback", "--region", "moon", "--yes"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("has no region `moon`, it has `here`, `there`"), "{}", said.err);

    let add = |arguments: &[&str]| site.run(&application, &[&["node", "add", "one"], arguments].concat());
    let said = add(&[&site.daemon.address, "--region", "moon", "--code", "AAAA-BBBB-CCCC"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    let said = add(&[&site.daemon.address, "--region", "here", "--code", "AAAA-BBBB-CCCC"]);
    assert!(said.err.contains("error[wrong-code]: "), "{}", said.err);
    let said = add(&[&site.daemon.address, "--region", "here", "--code", "no code"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    let said = add(&[&free_address(), "--region", "here", "--code", "AAAA-BBBB-CCCC"]);
    assert!(said.err.contains("error[node-unreachable]: "), "{}", said.err);
    assert!(!application.emitted().contains_key("topology.refused.toml.tmp"));

    let code = site.daemon.code.as_deref().expect("a code");
    let said = add(&[&site.daemon.address, "--region", "here", "--code", code]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(status("here").out.contains("one in here: nothing runs"), "{}", status("here").out);
    let said = site.run(&application, &["rollback", "--region", "here", "--yes"]);
    assert!(said.err.contains("error[release-not-kept]: "), "{}", said.err);
    let said = site.run(&application, &["logs", "--region", "here"]);
    assert!(said.err.contains("error[unknown-application]: "), "{}", said.err);

    // Somebody else at the node's address.
    let folder = tempfile::tempdir().expect("a folder");
    let mut other = Daemon::start(&folder.path().join("node"));
    let topology = String::from_utf8(application.emitted()["topology.refused.toml"].clone()).expect("UTF-8");
    let elsewhere = topology.replace(&site.daemon.address, &other.address);
    application.write("cell/topology.refused.toml", &elsewhere);
    let said = status("here");
    assert!(said.out.contains("shows the key cell1"), "{}{}", said.out, said.err);
    application.write("cell/topology.refused.toml", &topology);
    other.stop(Signal::INT);
}

#[test]
fn keys_decide_who_may_look_and_who_may_deploy() {
    let application = Application::example("deploy", Purpose::Build);
    let site = Site::new("keys");
    site.add(&application);
    site.release(&application);
    site.deploy(&application);
    let with = |key: &str, arguments: &[&str]| {
        let mut command = site.command(&application, arguments);
        cell_tests::command::Said::of(command.env("CELL_KEY", site.folder().join(key)))
    };
    let deploy = ["deploy", "--region", "here", "--yes", "--profile", "dev"];
    let said = with("stranger", &deploy);
    assert!(said.err.contains("error[unknown-key]: the node `one`: "), "{}", said.err);
    let said = with("stranger", &["status"]);
    assert!(said.out.contains("does not know this key"), "{}{}", said.out, said.err);

    let code = site.daemon.pair("observe");
    let address = site.daemon.address.as_str();
    let said = with("observer", &["node", "add", "one", address, "--region", "here", "--code", &code]);
    assert!(said.out.contains("with the role observe"), "{}{}", said.out, said.err);
    let said = with("observer", &["status"]);
    assert!(said.out.contains("release 1 ("), "{}{}", said.out, said.err);
    let said = with("observer", &["plan", "--region", "here", "--profile", "dev"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    application.add_a_field();
    site.release(&application);
    let said = with("observer", &deploy);
    assert!(said.err.contains("error[key-observes]: "), "{}", said.err);
    assert_eq!(get(&site.http, "/crates").status, 200);

    // A plan that is not the one that was looked at.
    let plan = with("observer", &["plan", "--region", "here", "--profile", "dev", "--format", "markdown"]);
    assert_eq!(plan.code, Some(3), "{}{}", plan.out, plan.err);
    assert!(plan.out.starts_with("### `catalog` in `here`: release 2\n"), "{}", plan.out);
    let hash = plan.out.rsplit('`').nth(1).expect("a hash").to_owned();
    let expect =
        |hash: &str| site.run(&application, &["deploy", "--region", "here", "--expect", hash, "--profile", "dev"]);
    let said = expect(&"0".repeat(64));
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    assert!(said.err.contains("error[plan-outdated]: "), "{}", said.err);
    let said = expect(&hash);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let said = expect(&hash);
    assert!(said.out.contains("runs release 2"), "{}{}", said.out, said.err);
    let audit = std::fs::read_to_string(site.daemon.state().join("audit.log")).expect("the audit log");
    assert!(audit.contains("\"unknown-key\"") && audit.contains("\"key-observes\""), "{audit}");
}
