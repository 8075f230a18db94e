//! A whole application: built, migrated and run.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions as _, Executor as _};

use crate::fixture::Fixture;

/// A new column, behind the last one.
fn add_a_field(fixture: &Fixture) {
    let field = "    pub sku: String,\n";
    fixture.replace("src/main.rs", field, &format!("{field}    #[column(default = 0)]\n    pub stock: i64,\n"));
}

#[test]
fn a_build_writes_once_and_check_names_what_is_outdated() {
    let fixture = Fixture::new("app-build");
    let said = fixture.run(&["build"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("       Added cell/shop/snapshot.json\n"), "{}", said.out);
    let built = fixture.emitted();
    assert_eq!(built.len(), 7, "{built:#?}");

    let said = fixture.run(&["build", "-q"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    let said = fixture.run(&["build"]);
    assert!(said.out.starts_with("   Unchanged app-build: nothing to write"), "{}", said.out);
    assert_eq!(said.out.lines().count(), 1);
    assert!(!said.err.contains("Rehearsed"), "what was rehearsed is not rehearsed again: {}", said.err);
    assert_eq!(fixture.run(&["build", "--check", "-q"]).code, Some(0));

    add_a_field(&fixture);
    let said = fixture.run(&["build", "--check"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.contains("`cell/shop/snapshot.json` differs from line "), "{}", said.out);
    assert!(said.out.lines().any(|line| line.starts_with("  +") && line.contains("\"stock\"")), "{}", said.out);
    assert!(said.err.contains("under `cell/` are out of date\nhelp: run `cargo cell build`"), "{}", said.err);
    let said = fixture.run(&["build", "--check", "--message-format", "json"]);
    assert_eq!(said.code, Some(3));
    for line in said.out.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON only");
        assert!(value["kind"] == "result" || value["kind"] == "diagnostic", "{value}");
    }
    assert_eq!(fixture.emitted(), built, "nothing was written");

    fixture.replace("src/main.rs", "Ok(self.shop", "wrong(self.shop");
    let said = fixture.run(&["build"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("cannot find function `wrong`"), "rustc's words pass through: {}", said.err);
    assert_eq!(fixture.emitted(), built, "nothing is written where the build fails");
}

#[test]
fn what_a_macro_declares_is_found_in_the_program() {
    let fixture = Fixture::new("app-records");
    let source = "macro_rules! hidden { () => { #[Database::table] pub struct Hidden { #[key] pub id: i64 } } }\nhidden!();\n\n\
                  cell::main!();";
    fixture.replace("src/main.rs", "cell::main!();", source);
    let said = fixture.run(&["build"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("error[unscanned-declaration]"), "{}", said.err);
    assert!(fixture.emitted().is_empty(), "nothing is written");
}

#[tokio::test]
async fn a_database_is_brought_up_to_date_and_its_drift_is_shown() {
    let fixture = Fixture::new("app-migrate");
    assert_eq!(fixture.run(&["build", "-q"]).code, Some(0));

    let said = fixture.run(&["migrate", "status"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.out.contains("0001_create_products  not applied"), "{}", said.out);
    let said = fixture.run(&["migrate", "apply", "--dry-run"]);
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("CREATE TABLE \"products\""), "{}", said.out);
    assert!(!fixture.path(".cell").exists(), "nothing has run");

    let said = fixture.run(&["migrate", "apply"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("step 1: create table `products`"), "{}", said.out);
    assert!(fixture.path(".cell/shop.db").is_file());
    assert_eq!(std::fs::read_to_string(fixture.path(".cell/.gitignore")).expect("a file"), "*\n");
    assert_eq!(fixture.run(&["migrate", "status"]).code, Some(0));
    assert_eq!(fixture.run(&["migrate", "apply"]).out, "shop: nothing to apply\n");
    assert_eq!(fixture.run(&["migrate", "verify"]).out, "shop is as its migrations say\n");

    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(fixture.path(".cell/shop.db"));
    let mut connection = options.connect().await.expect("the database");
    connection.execute("ALTER TABLE products ADD COLUMN note TEXT").await.expect("by hand");
    drop(connection);
    let said = fixture.run(&["migrate", "verify"]);
    assert_eq!(said.code, Some(3));
    assert!(said.out.contains("  shop.products.note\n  + "), "{}", said.out);
    let said = fixture.run(&["migrate", "verify", "--message-format", "json"]);
    let first = said.out.lines().next().expect("a line");
    let value: serde_json::Value = serde_json::from_str(first).expect("JSON");
    assert_eq!((&value["kind"], &value["database"]), (&"result".into(), &"shop".into()), "{value}");
}

#[test]
fn an_application_runs_until_ctrl_c_and_leaves_nothing_behind() {
    let fixture = Fixture::new("app-run");
    for signal in [Signal::INT, Signal::KILL] {
        let mut command = fixture.command(&["run", "-q"]);
        let mut command = command.stdout(Stdio::piped()).spawn().expect("the command runs");
        let mut out = BufReader::new(command.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
        assert!(fixture.path(".cell/shop.db").is_file(), "the database is migrated");
        let pid = Pid::from_raw(command.id().cast_signed()).expect("a process");
        kill_process(pid, signal).expect("the command is there");
        // The pipe's end says that none of its processes is there any more.
        out.read_to_string(&mut line).expect("the end of the pipe");
        let status = command.wait().expect("the command ends");
        assert_eq!(status.code(), (signal == Signal::INT).then_some(0));
    }
}

/// The process that runs a program of this name.
fn process(program: &str) -> Option<Pid> {
    let runs = |entry: &std::fs::DirEntry| {
        let program_of = std::fs::read_link(entry.path().join("exe"));
        program_of.is_ok_and(|path| path.file_name().is_some_and(|name| name == program))
    };
    let mut found = std::fs::read_dir("/proc").expect("processes").flatten().filter(runs);
    found.find_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

#[test]
fn an_application_that_dies_is_started_again_where_it_was() {
    let fixture = Fixture::new("app-dies");
    let mut command = fixture.command(&["run"]);
    let mut command = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command runs");
    let mut out = BufReader::new(command.stdout.take().expect("a pipe"));
    let mut log = BufReader::new(command.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let address = line.trim_end().strip_prefix("listening on http://").expect("an address").to_owned();
    kill_process(process("app-dies").expect("the application runs"), Signal::KILL).expect("it is there");
    let note = log.find(|line| line.contains("is started again")).expect("a note");
    assert_eq!(note, "note: the application ended with exit code 137, and is started again");
    let mut socket = TcpStream::connect(&address).expect("the socket stayed");
    socket.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let pid = Pid::from_raw(command.id().cast_signed()).expect("a process");
    kill_process(pid, Signal::INT).expect("the command is there");
    line.clear();
    out.read_to_string(&mut line).expect("the end of the pipe");
    assert_eq!((line.as_str(), command.wait().expect("the command ends").code()), ("", Some(0)));

    // Somebody else listens there.
    let taken = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = taken.local_addr().expect("an address").to_string();
    let said =
        crate::fixture::said(fixture.command(&["run", "-q"]).env("CELL_HTTP", &address).output().expect("it ends"));
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.err);
    assert!(said.err.contains(&format!("error: cannot listen on `{address}` (from `CELL_HTTP`): ")), "{}", said.err);
}
