//! The guide's way, as its reader goes it: its command lines, in order, with this test's addresses in place of the usual ones.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use cell_tests::application::{Application, Purpose, repository};
use cell_tests::command::Said;
use cell_tests::web::{get, page};
use rustix::process::{Pid, Signal, kill_process};

use super::site::Site;

/// The command lines of the first blocks of a document's part, without comments.
fn lines(document: &str, part: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository().join(document)).expect("a document");
    let part = text.split("\n## ").find(|found| found.starts_with(part)).expect("the part").to_owned();
    let blocks = part.split("\n```").filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// A command line of the guide, typed by someone who says yes.
fn typed(site: &Site, application: &Application, line: &str) -> Command {
    let words: Vec<&str> = line.strip_prefix("cargo cell ").expect("a command of ours").split(' ').collect();
    let mut words: Vec<&str> = words
        .into_iter()
        .map(|word| if word == "127.0.0.1:7431" { site.daemon.address.as_str() } else { word })
        .collect();
    match words.first() {
        // Where something else may listen at the usual place.
        Some(&"node") => words.extend(["--http", &site.http]),
        Some(&"release") => words.extend(["--profile", "dev"]),
        Some(&"deploy") => words.extend(["--yes", "--profile", "dev"]),
        Some(&"rollback") => words.push("--yes"),
        _ => {}
    }
    words.dedup();
    let mut command = application.cell(&words);
    command.env("CELL_KEY", site.folder().join("key"));
    command
}

/// Waits for a line of a log, and presses Ctrl-C.
fn follow(mut command: Child) {
    let lines = BufReader::new(command.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    assert!(lines.into_iter().any(|line| line.starts_with("catalog 1 | ")), "there is a log");
    let pid = Pid::from_raw(command.id().cast_signed()).expect("a process");
    kill_process(pid, Signal::INT).expect("the command is there");
    assert_eq!(command.wait().expect("it ends").code(), Some(0));
}

#[test]
fn the_guide_leads_from_nothing_to_an_application_and_back() {
    let application = Application::example("deploy", Purpose::Build);
    let site = Site::new("");
    let readme = lines("README.md", "From a laptop to a machine");
    let guide = lines("docs/deploy.md", "From nothing to a deployed application");
    assert_eq!(readme.first().map(String::as_str), Some("cargo cell daemon"));
    assert_eq!(readme.get(1..), guide.get(..3), "the README begins as the guide does");
    assert_eq!(guide.len(), 8);

    for line in guide.iter().take(3) {
        let mut command = typed(&site, &application, line);
        let mut command =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let code = site.daemon.code.as_deref().expect("a code");
        // Only the first of them asks.
        let _ = writeln!(command.stdin.take().expect("a pipe"), "{code}");
        let output = command.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let list = page(&format!("http://{}/", site.http));
    assert!(list.contains("crates"), "{list}");

    application.replace("src/browse.rs", "limit.unwrap_or(50)", "limit.unwrap_or(7)");
    for line in guide.iter().skip(3) {
        let mut command = typed(&site, &application, line);
        if line.contains("--follow") {
            follow(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it runs"));
            continue;
        }
        let said = Said::of(&mut command);
        assert_eq!(said.code, Some(0), "{line}: {}{}", said.out, said.err);
    }
    assert_eq!(get(&site.http, "/crates").status, 200);
}
