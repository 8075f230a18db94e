//! Whoever dies during a deploy, and whenever: it is done or undone, requests are answered all along, and the same command
//! again goes on.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use cell_tests::application::{Application, Purpose};
use rustix::process::Signal;

use super::load::Load;
use super::site::Site;

/// Where a daemon dies, in the order in which a deploy comes there.
const OF_A_DAEMON: [&str; 8] =
    ["staging", "migrated", "started", "staged", "serving", "switched", "stopped", "finished"];

/// Where a command dies.
const OF_A_COMMAND: [&str; 2] = ["all-staged", "all-switched"];

/// The words behind which a command is killed.
const SAID: [&str; 4] = ["Started", "Ready", "Serving", "Stopped"];

/// A site where release 1 runs and release 2 is made.
fn site(application: &Application) -> Site {
    let site = Site::new("killed");
    site.add(application);
    site.release(application);
    site.deploy(application);
    application.add_a_field();
    site.release(application);
    site
}

/// How to get to a release: the first time by a deploy.
fn way(release: u32, known: bool) -> Vec<String> {
    let number = release.to_string();
    let words: &[&str] = if known {
        &["rollback", "--region", "here", "--yes", "--to", &number]
    } else {
        &["deploy", "--region", "here", "--yes", "--profile", "dev"]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Sees that a release runs, alone.
fn check(site: &Site, application: &Application, release: u32) {
    let status = site.succeed(application, &["status"]);
    assert!(status.out.contains(&format!(": release {release} (")), "{}", status.out);
    assert!(status.out.contains("  catalog 1: serving"), "{}", status.out);
    assert_eq!(site.daemon.processes().len(), 1, "{}", status.out);
}

#[test]
fn a_deploy_during_which_anyone_is_killed_is_done_or_undone_and_the_same_again_goes_on() {
    let application = Application::example("deploy", Purpose::Build);
    let mut site = site(&application);
    let load = Load::on(&site.http, "/crates?limit=3");
    let (mut next, mut known) = (2, false);
    for place in OF_A_DAEMON {
        site.daemon.stop(Signal::TERM);
        site.daemon.failpoint = Some(place);
        site.daemon.start_again();
        let way = way(next, known);
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        let said = site.run(&application, &way);
        site.daemon.wait_for_its_death();
        assert_eq!(said.code, Some(1), "{place}: {}{}", said.out, said.err);

        site.daemon.failpoint = None;
        site.daemon.start_again();
        site.succeed(&application, &way);
        check(&site, &application, next);
        (next, known) = (3 - next, true);
    }
    for place in OF_A_COMMAND {
        let way = way(next, known);
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        let status = site.command(&application, &way).env("CELL_FAILPOINT", place).output().expect("the command runs");
        assert_eq!(status.status.code(), None, "{place}");
        site.succeed(&application, &way);
        check(&site, &application, next);
        next = 3 - next;
    }
    for word in SAID {
        let way = way(next, known);
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        let mut command = site.command(&application, &way);
        let mut command = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the command runs");
        let lines = BufReader::new(command.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        assert!(lines.into_iter().any(|line| line.contains(word)), "`{word}` is said");
        command.kill().expect("it can be killed");
        command.wait().expect("it ended");
        site.succeed(&application, &way);
        check(&site, &application, next);
        next = 3 - next;
    }
    load.end();
}
