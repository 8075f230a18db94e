//! Measures how long rustc takes for a crate of 100 tables of 15 columns with one query each, written for Cell and for other libraries.
//! In: nothing, or the names of libraries; cargo, and a registry that has them. Out: a table of times: of the crate alone, with all that
//! it depends on built, without incremental compilation and then incrementally after a query was edited; and whether Cell is within its bar.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod crates;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crates::{LIBRARIES, Library};

/// The part of the fastest other library's time that Cell may take.
const BAR: f64 = 0.5;

/// The best of so many builds.
const RUNS: usize = 3;

/// The name of the crate, whatever it is written for.
const NAME: &str = "tables";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let folder = tempfile::tempdir()?;
    let mut measured = Vec::new();
    println!("| library | clean | after an edit |\n| --- | --: | --: |");
    for library in
        LIBRARIES.iter().filter(|library| wanted.is_empty() || wanted.iter().any(|name| name == library.name))
    {
        let (clean, edited) = measure(library, &folder.path().join(library.name))?;
        println!("| {} | {:.2} s | {:.2} s |", library.name, clean.as_secs_f64(), edited.as_secs_f64());
        measured.push((library.name, clean, edited));
    }
    let Some((_, clean, edited)) = measured.iter().find(|(name, ..)| *name == "cell") else {
        return Ok(ExitCode::SUCCESS);
    };
    let others = || measured.iter().filter(|(name, ..)| *name != "cell");
    let (Some(best_clean), Some(best_edited)) =
        (others().map(|(_, clean, _)| *clean).min(), others().map(|(.., edited)| *edited).min())
    else {
        return Ok(ExitCode::SUCCESS);
    };
    let part = |ours: &Duration, theirs: Duration| ours.as_secs_f64() / theirs.as_secs_f64();
    let (clean, edited) = (part(clean, best_clean), part(edited, best_edited));
    println!("\nOf the fastest other: {clean:.2} clean, {edited:.2} after an edit.");
    let within = clean <= BAR && edited <= BAR;
    println!("{}", if within { "Within the bar." } else { "NOT within the bar." });
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The times of a build of the crate alone, and of one after an edit.
fn measure(library: &Library, folder: &Path) -> Result<(Duration, Duration), Box<dyn Error>> {
    fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"{NAME}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{}\n\n[workspace]\n\n\
         [profile.dev]\ndebug = \"line-tables-only\"\n",
        library.dependencies()
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    let source = folder.join("src/lib.rs");
    fs::write(&source, (library.source)(0))?;
    build(folder, "0")?;
    let mut clean = Duration::MAX;
    for _ in 0..RUNS {
        cargo(folder, &["clean", "--quiet", "--package", NAME], "0")?;
        clean = clean.min(build(folder, "0")?);
    }
    build(folder, "1")?;
    let mut edited = Duration::MAX;
    for run in 1..=RUNS {
        fs::write(&source, (library.source)(run))?;
        edited = edited.min(build(folder, "1")?);
    }
    Ok((clean, edited))
}

fn build(folder: &Path, incremental: &str) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    cargo(folder, &["build", "--quiet"], incremental)?;
    Ok(begun.elapsed())
}

fn cargo(folder: &Path, arguments: &[&str], incremental: &str) -> Result<(), Box<dyn Error>> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_INCREMENTAL", incremental)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`cargo {}` failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into())
}
