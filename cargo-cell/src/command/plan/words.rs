//! What both texts of a plan say in the same words. In: one change. Out: a few words, without marks.

use std::fmt::Write as _;

use cell_codegen::release::{CellChange, DatabaseChange, HandlerChange, Kind, ProcessChange};
use cell_manifest::{Engine, Placement, Process};

use super::Changes;
use crate::source::counted;

impl Changes<'_> {
    /// What it is compared with: ` against release 3`.
    pub(super) fn base(&self) -> String {
        self.release
            .map_or_else(|| ": there is no release yet".to_owned(), |number| format!(" against release {number}"))
    }

    /// Whether what is committed under `cell/` is as the sources say.
    pub(super) fn committed(&self) -> String {
        match self.outdated.len() {
            0 => "everything under `cell/` is up to date".to_owned(),
            1 => "1 file under `cell/` is out of date; `cargo cell build` writes it".to_owned(),
            several => {
                format!("{} under `cell/` are out of date; `cargo cell build` writes them", counted(several, "file"))
            }
        }
    }
}

/// `+`, `~` or `-`.
pub(super) fn sign(change: Kind) -> &'static str {
    match change {
        Kind::Added => "+",
        Kind::Changed => "~",
        Kind::Removed => "-",
    }
}

/// `added`, `changed` or `removed`.
pub(super) fn word(change: Kind) -> &'static str {
    match change {
        Kind::Added => "added",
        Kind::Changed => "changed",
        Kind::Removed => "removed",
    }
}

pub(super) fn database(change: &DatabaseChange) -> String {
    let title = |engine| match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    let was = change.previous.map(|engine| format!(", was {}", title(engine))).unwrap_or_default();
    format!("on {}{was}", title(change.engine))
}

/// What a call's door and form are, and were.
pub(super) fn handler(change: &HandlerChange) -> String {
    let mut text = change.door.clone().unwrap_or_default();
    if !change.what.is_empty() {
        let _ = write!(text, "{}changed: {}", if text.is_empty() { "" } else { ", " }, change.what.join(", "));
    }
    if let Some(door) = &change.previous_door {
        let _ = write!(text, ", was {door}");
    }
    text
}

pub(super) fn cell(change: &CellChange) -> String {
    let was = match change.change {
        Kind::Changed => format!(", was {}", placement(change.previous.as_ref())),
        _ => String::new(),
    };
    format!("{}{was}", placement(change.placement.as_ref()))
}

fn placement(placement: Option<&Placement>) -> String {
    let regions = placement.map(|placement| placement.regions.as_slice()).unwrap_or_default();
    let place = match regions {
        [] => "in the topology's first region".to_owned(),
        regions => format!("in {}", regions.join(", ")),
    };
    place + &copies(placement.and_then(|placement| placement.replicas).unwrap_or(1), regions)
}

pub(super) fn process(change: &ProcessChange) -> String {
    let was = change.previous.as_ref().map(|previous| format!("; was {}", runs(previous))).unwrap_or_default();
    format!("{}{was}", runs(&change.process))
}

fn runs(process: &Process) -> String {
    format!(
        "{} in {}{}",
        process.cells.join(", "),
        process.regions.join(", "),
        copies(process.replicas, &process.regions)
    )
}

fn copies(replicas: u32, regions: &[String]) -> String {
    match (replicas, regions.len()) {
        (1, _) => String::new(),
        (replicas, 0 | 1) => format!(", {replicas} copies"),
        (replicas, _) => format!(", {replicas} copies in each"),
    }
}
