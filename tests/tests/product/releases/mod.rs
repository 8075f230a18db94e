//! Two releases of one application on one database at once, real programs of both, for each kind of change between them:
//! what one writes the other reads, and nothing is lost when the earlier one is gone and what waited for that is done.

mod both;
mod kinds;

use std::collections::BTreeMap;
use std::sync::Mutex;

use cell_migrate::throwaway::{Cluster, sqlite};
use serde_json::Value;

use both::{Both, Fields, rows, write};
use kinds::{Act, By, KINDS, Row};

/// Where each release is asked; nothing while it does not run.
#[derive(Clone, Copy)]
struct Addresses<'a> {
    first: Option<&'a str>,
    second: Option<&'a str>,
}

impl<'a> Addresses<'a> {
    fn of(self, by: By) -> Option<&'a str> {
        match by {
            By::First => self.first,
            By::Second => self.second,
        }
    }
}

/// What each release should read of a row, and the second when nothing waits any more.
struct Expected {
    first: Option<Fields>,
    second: Option<Fields>,
    after: Option<Fields>,
}

/// The rows that were written, by table and key.
#[derive(Default)]
struct Written(Mutex<BTreeMap<(&'static str, i64), Expected>>);

/// A row of the list of kinds in one round; nothing where a release does not know its table.
fn fields(text: &str, round: u32) -> Option<Fields> {
    let parse = || serde_json::from_str(&text.replace('#', &round.to_string())).expect("JSON");
    (!text.is_empty()).then(parse)
}

fn without_id(mut row: Fields) -> Fields {
    row.remove("id");
    row
}

fn key(row: &Fields) -> i64 {
    row.get("id").and_then(Value::as_i64).expect("a key")
}

fn read(address: &str, table: &str, id: i64) -> Result<Fields, String> {
    let found = rows(address, table)?.into_iter().find(|row| key(row) == id);
    found.map(without_id).ok_or_else(|| format!("the row {id} is not there"))
}

impl Written {
    /// Writes the rows of one round: of each as much as those releases can do that run.
    fn play(&self, releases: Addresses<'_>, round: u32) {
        let rows = KINDS.iter().flat_map(|kind| kind.rows.iter().map(|row| (kind.table, row)));
        let play = |(table, row)| self.row(table, row, releases, round).map_err(|error| format!("{table}: {error}"));
        let problems: Vec<String> = rows.filter_map(|row| play(row).err()).collect();
        assert!(problems.is_empty(), "in round {round}:\n{}", problems.join("\n"));
    }

    fn row(&self, table: &'static str, row: &Row, releases: Addresses<'_>, round: u32) -> Result<(), String> {
        let mut id = None;
        for (at, Act { by, sent, first, second }) in row.acts.iter().enumerate() {
            let Some(address) = releases.of(*by) else { break };
            let mut whole = Fields::new();
            if let Some(id) = id {
                whole = read(address, table, id)?;
                whole.insert("id".to_owned(), id.into());
            }
            whole.extend(fields(sent, round).expect("it sends something"));
            let method = if id.is_some() { "PUT" } else { "POST" };
            let id = *id.insert(key(&write(address, method, table, &whole)?));
            let [first, second] = [first, second].map(|text| fields(text, round).map(without_id));
            let after = row.after.get(at).map_or_else(|| second.clone(), |text| fields(text, round));
            for (release, expected) in [(By::First, &first), (By::Second, &second)] {
                if let Some((address, expected)) = releases.of(release).zip(expected.as_ref()) {
                    let found = read(address, table, id).map_err(|error| format!("{release:?} reads: {error}"))?;
                    if found != *expected {
                        let [found, expected] = [&found, expected].map(|row| serde_json::json!(row));
                        return Err(format!("{by:?} wrote {sent}, {release:?} reads {found}, not {expected}"));
                    }
                }
            }
            self.0.lock().expect("no panic").insert((table, id), Expected { first, second, after });
        }
        Ok(())
    }

    /// Sees that a release reads every row as it should, and no other.
    fn check(&self, address: &str, reads: impl Fn(&Expected) -> Option<&Fields>) {
        let written = self.0.lock().expect("no panic");
        let mut problems = Vec::new();
        for kind in KINDS {
            let of_table = written.range((kind.table, i64::MIN)..=(kind.table, i64::MAX));
            let expected: Vec<_> = of_table.filter_map(|((_, id), row)| Some((*id, reads(row)?.clone()))).collect();
            if expected.is_empty() {
                continue;
            }
            match rows(address, kind.table) {
                Err(error) => problems.push(format!("{}: {error}", kind.table)),
                Ok(rows) => {
                    let found: Vec<_> = rows.into_iter().map(|row| (key(&row), without_id(row))).collect();
                    if found != expected {
                        problems.push(format!("{}:\n    {found:?} is read, not\n    {expected:?}", kind.table));
                    }
                }
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}

fn check(both: &Both) {
    let written = Written::default();
    both.migrate(By::First);
    both.record(By::First);
    let first = both.start(By::First);
    written.play(Addresses { first: Some(&first.address), second: None }, 1);

    // While it runs, the second comes, and there is nothing that the first cannot live with.
    both.migrate(By::Second);
    let waiting = both.ask(&["migrate", "status"]);
    assert!(waiting.out.contains("0002"), "{}{}", waiting.out, waiting.err);
    let second = both.start(By::Second);
    written.check(&first.address, |expected| expected.first.as_ref());
    written.check(&second.address, |expected| expected.second.as_ref());
    written.play(Addresses { first: Some(&first.address), second: Some(&second.address) }, 2);
    // The first can even be started again.
    first.stop();
    let first = both.start(By::First);
    let releases = Addresses { first: Some(&first.address), second: Some(&second.address) };
    written.play(releases, 3);
    std::thread::scope(|threads| {
        for round in [4, 5] {
            let written = &written;
            threads.spawn(move || written.play(releases, round));
        }
    });
    written.check(&first.address, |expected| expected.first.as_ref());
    written.check(&second.address, |expected| expected.second.as_ref());

    // What it needs is not taken away by hand.
    let said = both.ask(&["migrate", "contract"]);
    assert!(said.code == Some(1) && said.err.contains("contract-waits"), "{}{}", said.out, said.err);
    written.check(&first.address, |expected| expected.first.as_ref());

    // Then it goes, and the second runs on while what waited for that is done.
    first.stop();
    both.record(By::Second);
    let said = both.ask(&["migrate", "contract"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    written.check(&second.address, |expected| expected.after.as_ref());
    written.play(Addresses { first: None, second: Some(&second.address) }, 6);
    written.check(&second.address, |expected| expected.after.as_ref());
    second.stop();
    let said = both.ask(&["migrate", "verify"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}

#[tokio::test]
async fn two_releases_run_side_by_side_on_sqlite() {
    let file = sqlite().expect("a folder");
    let both = Both::released("releases-sqlite", file.url().as_str(), |_| ());
    check(&both);
}

#[tokio::test]
async fn two_releases_run_side_by_side_on_postgres() {
    let cluster = Cluster::start().await.expect("a cluster");
    let url = cluster.create_database("depot").await.expect("a database");
    let both = Both::released("releases-postgres", url.as_str(), |application| {
        for release in ["first", "second"] {
            let attribute = "#[Database::sqlite(file = \"depot.db\")]";
            let postgres = "#[Database::postgres(url = env(\"DATABASE_URL\"))]";
            application.replace(&format!("src/{release}/mod.rs"), attribute, postgres);
        }
    });
    check(&both);
}
