//! Laws of migrations on real engines, for any two schemas: what is migrated is what is made anew, every row that has to survive
//! does, and the way back leads back.

mod back;
mod change;
mod conversions;
mod draw;
mod names;
#[path = "../support/mod.rs"]
mod support;

use cell_migrate::{RehearseError, rehearse};
use cell_schema::Engine;
use cell_schema::diff::diff;
use cell_schema::hints::Hints;
use cell_schema::history::{History, next, seal};
use cell_schema::schema::Schema;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use change::{Next, change_draws};
use draw::any_schema;

/// How many cases: so many, or as many as `PROPTEST_CASES` says. They are the same at every run where it does not.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let explores = std::env::var_os("PROPTEST_CASES").is_some();
    let config = Config { failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    if explores {
        return TestRunner::new(config);
    }
    let random = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(Config { cases, ..config }, random)
}

/// The history of a schema and the one that follows it.
pub(crate) fn history(previous: &Schema, after: &Next) -> History {
    let first = next(None, previous, &Hints::default()).expect("a history");
    next(Some(&seal(&first)), &after.schema, &after.hints).expect("a history")
}

pub(crate) fn scripts(history: &History, engine: Engine) -> String {
    let scripts = history.migrations.iter().flat_map(|migration| &migration.scripts);
    scripts.filter(|script| script.engine == engine).map(|script| script.text.as_str()).collect()
}

fn migrates(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let law = |(previous, draws): (Schema, Vec<change::ChangeDraw>)| {
        let after = change::next(&previous, &draws, |_| true);
        let history = history(&previous, &after);
        match runtime.block_on(rehearse(engine, &history)) {
            Ok(_) => Ok(()),
            Err(error) => Err(said(&error, &history, engine)),
        }
    };
    runner(cases).run(&(any_schema(), change_draws()), law).unwrap_or_else(|error| panic!("{error}"));
}

fn said(error: &RehearseError, history: &History, engine: Engine) -> TestCaseError {
    TestCaseError::fail(format!("{error}\n{}", scripts(history, engine)))
}

#[test]
fn nothing_changes_between_a_schema_and_itself() {
    let law = |schema: Schema| {
        prop_assert_eq!(cell_schema::check::check(&schema), vec![]);
        prop_assert_eq!(diff(&schema, &schema, &Hints::default()), Ok(vec![]));
        Ok(())
    };
    runner(200).run(&any_schema(), law).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_is_migrated_on_sqlite_is_what_is_made_anew() {
    migrates(Engine::Sqlite, 48);
}

#[test]
fn what_is_migrated_on_postgres_is_what_is_made_anew() {
    migrates(Engine::Postgres, 12);
}

#[test]
fn the_way_back_on_sqlite_leads_back() {
    back::leads_back(Engine::Sqlite, back::Point::End, 48);
}

#[test]
fn the_way_back_on_postgres_leads_back() {
    back::leads_back(Engine::Postgres, back::Point::End, 12);
}

#[test]
fn the_way_back_between_the_phases_on_sqlite_leads_back() {
    back::leads_back(Engine::Sqlite, back::Point::Between, 48);
}

#[test]
fn the_way_back_between_the_phases_on_postgres_leads_back() {
    back::leads_back(Engine::Postgres, back::Point::Between, 12);
}
