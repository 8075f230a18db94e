//! The pipeline, on one screen: `scan → parse → lower → check → diff → plan → emit`, in memory.
//! In: where the application is. Out: all that is known of it and the files it should have. Absent: writing them, rehearsals,
//! and `cargo build`: the command does those with what is returned here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use cell_schema::hazard::Allowed;
use cell_schema::history::History;

use crate::emit::{self, Artifacts, FileError, Previous};
use crate::model::Model;
use crate::program::{Located, Program};
use crate::topology::{self, Topologies};
use crate::{check, lower, scan};

/// A compiled application.
#[derive(Debug)]
pub struct Compiled {
    /// What was scanned.
    pub program: Program,
    /// What it means.
    pub model: Model,
    /// Each database's history, by the database's name.
    pub histories: BTreeMap<String, History>,
    /// The environments it may run in.
    pub topologies: Topologies,
    /// The files under `cell/` as they are.
    pub previous: Previous,
    /// The files under `cell/` as they are to be.
    pub artifacts: Artifacts,
    /// The application's folder, which the artifacts' paths are relative to.
    pub root: PathBuf,
}

/// Why an application does not compile.
#[derive(Debug)]
pub enum Failure {
    /// Cargo or rustc could not be asked.
    Scan(scan::ScanError),
    /// The sources, the topologies, or the histories they lead to, are wrong.
    Diagnostics {
        /// What the diagnostics point into; see [`crate::render`].
        program: Box<Program>,
        /// At least one.
        diagnostics: Vec<Located>,
    },
    /// A file under `cell/` could not be read.
    File(FileError),
    /// A hazard is allowed to happen to an object of no database.
    Stranger {
        /// What was allowed.
        allowed: Allowed,
        /// The databases that there are.
        databases: Vec<String>,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan(error) => write!(f, "{error}"),
            Self::Diagnostics { diagnostics, .. } => write!(f, "{} errors in the application", diagnostics.len()),
            Self::File(error) => write!(f, "{error}"),
            Self::Stranger { allowed: Allowed { hazard, object }, .. } => {
                write!(f, "`--allow {hazard}={object}` names no object of a database")
            }
        }
    }
}

impl std::error::Error for Failure {}

/// What an application says, before it is held against the files under `cell/`.
#[derive(Debug)]
pub struct Read {
    /// What was scanned.
    pub program: Program,
    /// What it means.
    pub model: Model,
    /// The environments it may run in.
    pub topologies: Topologies,
    /// The application's folder.
    pub root: PathBuf,
}

/// Reads an application: the first half of [`check()`].
///
/// # Errors
/// What is wrong with it, of the first stage that finds anything.
pub fn read(options: &scan::Options) -> Result<Read, Failure> {
    let scan::Scanned { mut program, diagnostics } = scan::scan(options).map_err(Failure::Scan)?;
    if !diagnostics.is_empty() {
        return Err(refused(program, diagnostics));
    }
    let root = program.application_package().map(|package| package.root.clone()).unwrap_or_default();
    let files = emit::topologies(&root).map_err(Failure::File)?;
    let topologies = match Topologies::parse(&files) {
        Ok(topologies) => topologies,
        Err(errors) => {
            let diagnostics = topology::located(&mut program, &root, &files, errors);
            return Err(refused(program, diagnostics));
        }
    };
    let model = lower::lower(&program);
    let diagnostics = check::check(&program, &model, &topologies);
    if diagnostics.is_empty() {
        Ok(Read { program, model, topologies, root })
    } else {
        Err(refused(program, diagnostics))
    }
}

/// Compiles an application, and writes nothing. `allowed` are hazards that may happen besides those that the sources allow.
///
/// # Errors
/// What is wrong with it: of the first stage that finds anything, everything, since a later one would only report its echo.
pub fn check(options: &scan::Options, allowed: &BTreeSet<Allowed>) -> Result<Compiled, Failure> {
    let Read { program, model, topologies, root } = read(options)?;
    // Before anything is refused that it was perhaps to allow.
    let owned = |allowed: &&Allowed| model.databases.iter().any(|database| database.owns(&allowed.object));
    if let Some(stranger) = allowed.iter().find(|allowed| !owned(allowed)) {
        let databases = model.databases.iter().map(|database| database.name.clone()).collect();
        return Err(Failure::Stranger { allowed: stranger.clone(), databases });
    }
    let previous = emit::read(&root, &model).map_err(Failure::File)?;
    let histories = match emit::histories(&model, &previous, allowed) {
        Ok(histories) => histories,
        Err(diagnostics) => return Err(refused(program, diagnostics)),
    };
    let artifacts = emit::emit(&model, &histories, &topologies, &previous);
    Ok(Compiled { program, model, histories, topologies, previous, artifacts, root })
}

fn refused(program: Program, diagnostics: Vec<Located>) -> Failure {
    Failure::Diagnostics { program: Box::new(program), diagnostics }
}
