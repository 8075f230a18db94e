//! An applier that never gets past a step: what the tests of killed appliers start and kill.
//! In: a URL, the name of one of the tests' stories, the number of a step of it, and `before`, `within` or `after` its SQL. It ends only by a signal.

#[path = "../tests/support/mod.rs"]
mod support;

use cell_migrate::{Target, Url};
use cell_schema::Engine;
use support::*;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, name, step, side] = arguments.as_slice() else {
        panic!("a URL, a story, a step and a side are given")
    };
    let target = Target::new(Url::new(url.as_str())).unwrap();
    let engine = target.engine();
    let endless = match engine {
        Engine::Postgres => "SELECT pg_sleep(1000000);",
        // It writes until its transaction no longer fits into memory, so that others see it at work.
        Engine::Sqlite => {
            "CREATE TABLE endless (x BLOB); INSERT INTO endless WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL \
             SELECT x + 1 FROM n) SELECT zeroblob(4000) FROM n;"
        }
    };
    let mut history = match name.as_str() {
        "everything" => everything(),
        _ => story(),
    };
    let scripts = history.migrations.iter_mut().flat_map(|migration| &mut migration.scripts);
    let mut steps: Vec<_> =
        scripts.filter(|script| script.engine == engine).flat_map(|script| &mut script.steps).collect();
    let step = &mut steps[step.parse::<usize>().unwrap() - 1];
    let mut statements: Vec<&str> = step.statements();
    let place = match side.as_str() {
        "before" => 0,
        "within" => 1,
        _ => statements.len(),
    };
    statements.insert(place, endless);
    step.sql = statements.join("\n");
    applied(&target, &history).await.unwrap();
}
