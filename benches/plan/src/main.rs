//! Measures a plan of many tables, beside Django's `makemigrations` on the same tables in the same run.
//! In: nothing, or `alone` to leave Django out, for a profiler; else Python 3 with `venv` has to be there. Out: a table of times, and whether they keep within the bars.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod django;
mod shop;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cell_schema::Engine;
use cell_schema::hazard::{Allowed, HazardKind};
use cell_schema::hints::Hints;
use cell_schema::plan::plan;
use mimalloc::MiMalloc;

/// The one that `cargo cell` has.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Tables and changes.
const SIZES: [(usize, usize); 2] = [(200, 50), (2000, 500)];

/// Growth from the first size to the second, at most, as a multiple of what is linear.
const LINEAR: f64 = 1.3;

/// The part of the time that Django's process takes, at most.
const PART: f64 = 0.01;

/// The best of so many runs.
const RUNS: usize = 7;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let plans: Vec<Duration> = SIZES.iter().map(|(tables, changes)| planned(*tables, *changes)).collect();
    if std::env::args().nth(1).is_some_and(|word| word == "alone") {
        println!("{plans:?}");
        return Ok(ExitCode::SUCCESS);
    }
    let django = django::measure(&SIZES)?;
    println!("| tables | changes | plan | Django: detect | command | process | of detect | of command | of process |");
    println!("| --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    let mut within = true;
    for (((tables, changes), plan), django) in SIZES.iter().zip(&plans).zip(&django) {
        let part = |of: Duration| plan.as_secs_f64() / of.as_secs_f64();
        let shown = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        println!(
            "| {tables} | {changes} | {} | {} | {} | {} | 1/{:.0} | 1/{:.0} | 1/{:.0} |",
            shown(*plan),
            shown(django.detect),
            shown(django.command),
            shown(django.process),
            1.0 / part(django.detect),
            1.0 / part(django.command),
            1.0 / part(django.process),
        );
        within &= part(django.process) < PART;
    }
    let times = SIZES[1].0 as f64 / SIZES[0].0 as f64;
    let growth = plans[1].as_secs_f64() / plans[0].as_secs_f64() / times;
    println!("\n{times} times the tables take {:.2} times as long: {growth:.2} of linear.", growth * times);
    within &= growth <= LINEAR;
    println!("{}", if within { "Within the bars." } else { "NOT within the bars." });
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The time from two schemas to the SQL steps of both engines.
fn planned(tables: usize, changes: usize) -> Duration {
    let (previous, next) = (shop::previous(tables).sorted(), shop::next(tables, changes));
    let lost = (0..changes).filter(|at| at % shop::KINDS == 1);
    let allowed: BTreeSet<Allowed> = lost
        .map(|at| Allowed {
            hazard: HazardKind::ValuesDeleted,
            object: format!("shop.table_{:05}.field_19", at * tables / changes),
        })
        .collect();
    let hints = Hints { allowed, ..Hints::default() };
    let run = || {
        let begun = Instant::now();
        let plan = plan(&previous, &next, &hints).expect("a plan");
        let time = begun.elapsed();
        assert_eq!(plan.changes.len(), changes, "the tables are not what was meant");
        assert_eq!(plan.programs.len(), Engine::ALL.len(), "an engine has no program");
        time
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}
