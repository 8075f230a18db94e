//! From declarations to the model. In: a [`Program`] without diagnostics. Out: a [`Model`].
//! Names are resolved, types become columns' types and shapes, paths become tables, cells and values. Lowering reports
//! nothing: what it cannot lower it leaves out and notes in [`Model::omitted`], and a rule of [`crate::check`], which calls
//! the same functions, says why. Absent: rules, SQL, files.

mod beside;
pub(crate) mod caches;
pub(crate) mod cells;
pub(crate) mod databases;
pub(crate) mod defaults;
pub(crate) mod expression;
mod hints;
pub(crate) mod indexes;
pub(crate) mod queries;
pub(crate) mod row;
pub(crate) mod shapes;
mod tables;
#[cfg(test)]
mod tests;
pub(crate) mod types;

use crate::model::Model;
use crate::program::Program;

/// The model of an application.
#[must_use]
pub fn lower(program: &Program) -> Model {
    let mut omitted = Vec::new();
    let mut databases: Vec<_> = databases::all(program)
        .map(|(declared, database)| databases::database(program, declared, database, &mut omitted))
        .collect();
    databases.sort_by(|left, right| left.name.cmp(&right.name));
    let indexes = indexes::lower(program, &databases, &mut omitted);
    let caches = caches::lower(program, &databases, &mut omitted);
    caches::follow(&caches, &mut databases);
    let (cells, types) = cells::lower(program, &databases, &mut omitted);
    let queries = queries::lower(program, &databases, &mut omitted);
    let package = program.application_package();
    Model {
        application: package.map(|package| package.name.clone()).unwrap_or_default(),
        features: package.map(|package| package.features.clone()).unwrap_or_default(),
        databases,
        indexes,
        caches,
        cells,
        types,
        queries,
        omitted,
    }
}
