//! Where cells run: the placements of a model, given the regions of a topology. In: both. Out: each cell's place, and the
//! processes that follow. Absent: nodes and costs; and whether it can be, which the rules of [`crate::check`] say.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{CellId, Model};
use crate::topology::Topology;

/// The regions that something runs in, and in how many copies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Ordered by name; at least one.
    pub regions: Vec<String>,
    /// In each region; at least one.
    pub replicas: u32,
}

/// Cells that run in the same places, and therefore in one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The application's name where there is one process, otherwise the name of its first cell.
    pub name: String,
    /// Ordered by name.
    pub cells: Vec<CellId>,
    /// Where it runs.
    pub spot: Spot,
}

/// What a topology makes of the placements of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// A [`CellId`] counts in it.
    spots: Vec<Spot>,
    /// Ordered by name.
    pub processes: Vec<Process>,
}

impl Placed {
    /// Where a cell runs.
    #[must_use]
    pub fn spot(&self, cell: CellId) -> &Spot {
        &self.spots[cell.0]
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regions: Vec<&str> = self.regions.iter().map(String::as_str).collect();
        write!(f, "{}", cell_syntax::suggest::list(&regions))?;
        match self.replicas {
            1 => Ok(()),
            replicas => write!(f, " in {replicas} copies"),
        }
    }
}

/// Places every cell: where it is declared to run, or else once in the topology's first region.
#[must_use]
pub fn place(model: &Model, topology: &Topology) -> Placed {
    let first = || topology.regions.first().map(|region| region.name.clone());
    let mut spots = Vec::with_capacity(model.cells.len());
    let mut together: BTreeMap<Spot, Vec<CellId>> = BTreeMap::new();
    for (at, cell) in model.cells.iter().enumerate() {
        let declared = cell.placement.as_ref();
        let mut regions: Vec<String> = declared.map(|placement| placement.region_names()).unwrap_or_default();
        if regions.is_empty() {
            regions.extend(first());
        }
        let replicas = declared.and_then(|placement| placement.replicas).unwrap_or(1);
        let spot = Spot { regions, replicas };
        together.entry(spot.clone()).or_default().push(CellId(at));
        spots.push(spot);
    }
    let alone = together.len() == 1;
    let mut processes: Vec<Process> = together
        .into_iter()
        .map(|(spot, cells)| {
            let first = cells.first().map(|cell| model.cell(*cell).name.clone()).unwrap_or_default();
            Process { name: if alone { model.application.clone() } else { first }, cells, spot }
        })
        .collect();
    processes.sort_by(|left, right| left.name.cmp(&right.name));
    Placed { spots, processes }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::place;
    use crate::lower::lower;
    use crate::scan;
    use crate::topology::{DEFAULT, Topologies};

    /// The processes of an application in a topology with these regions.
    fn processes(source: &str, regions: &[&str]) -> Vec<String> {
        let source = format!("use cell::prelude::*;\n{source}");
        let scanned = scan::from_sources(&[("src/main.rs", &source)]);
        assert!(scanned.diagnostics.is_empty(), "{:?}", scanned.diagnostics);
        let regions: String = regions.iter().map(|region| format!("[regions.{region}]\n")).collect();
        let files = BTreeMap::from([(DEFAULT.to_owned(), format!("format = 1\n{regions}").into_bytes())]);
        let topologies = Topologies::parse(&files).expect("a topology");
        let model = lower(&scanned.program);
        let placed = place(&model, topologies.get(None).expect("the default"));
        let cells = |process: &super::Process| {
            process.cells.iter().map(|cell| model.cell(*cell).name.clone()).collect::<Vec<_>>().join(" ")
        };
        placed
            .processes
            .iter()
            .map(|process| format!("{}: {} in {}", process.name, cells(process), process.spot))
            .collect()
    }

    #[test]
    fn what_is_placed_nowhere_runs_once_in_the_first_region() {
        let source = "#[service] struct B; #[service] struct A;";
        assert_eq!(processes(source, &["us", "eu"]), ["app: a b in `us`"]);
        assert_eq!(processes("", &["us"]), [""; 0]);
    }

    #[test]
    fn cells_of_one_place_share_a_process_however_it_was_said() {
        let source = "#[service] struct A;
            #[Placement(region = \"us\")] #[service] struct B;
            #[service] #[Placement(regions = [\"us\", \"eu\"])] struct D;
            #[Placement(regions = [\"eu\", \"us\"], replicas = 1)] #[service] struct C;
            #[service] #[Placement(replicas = 2)] struct E;";
        let expected = ["a: a b in `us`", "c: c d in `eu` and `us`", "e: e in `us` in 2 copies"];
        assert_eq!(processes(source, &["us", "eu"]), expected);
        // In another topology another region is the first.
        let expected = ["a: a in `eu`", "b: b in `us`", "c: c d in `eu` and `us`", "e: e in `eu` in 2 copies"];
        assert_eq!(processes(source, &["eu", "us"]), expected);
    }
}
