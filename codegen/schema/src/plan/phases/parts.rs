//! Constraints and indexes between two releases. In: what a table is made of. Out: the same with its parts.

use super::Making;
use crate::expr::Expression;
use crate::schema::{Reference, Unique};

/// The constraints between two releases: what binds both, and what the earlier one needs and the next does not break.
pub(super) fn parts(making: &mut Making<'_>) {
    let twin = |column: &str| making.twins.iter().any(|(from, to)| from == column || to == column);
    let earlier = |column: &str| making.twins.iter().any(|(from, _)| from == column);
    let there =
        |columns: &[String]| columns.iter().all(|column| making.table.columns.iter().any(|it| it.name == *column));
    let leaves = |column: &str| making.leaving.contains(column);
    let added = |column: &str| making.before.column(column).is_none() && !twin(column);

    let mut uniques = making.next.uniques.clone();
    uniques.retain(|unique| binds_already(making, unique) || is_left_empty(making, unique));
    // What the earlier release needs of a column with two names.
    for unique in &making.before.uniques {
        let needed = unique.columns.iter().any(|column| earlier(column)) && there(&unique.columns);
        let known = uniques.iter().any(|other| other.name == unique.name);
        if needed && !known && !unique.columns.iter().any(|column| leaves(column)) {
            uniques.push(unique.clone());
        }
    }
    let mut indexes = making.next.indexes.clone();
    for index in &making.before.indexes {
        let columns: Vec<String> = index.columns.iter().map(|part| part.column.clone()).collect();
        let mentions: Vec<String> =
            index.predicate.iter().flat_map(Expression::mentions).map(ToOwned::to_owned).collect();
        let needed = columns.iter().chain(&mentions).any(|column| earlier(column));
        let known = indexes.iter().any(|other| other.name == index.name);
        if needed && !known && there(&columns) && there(&mentions) {
            indexes.push(index.clone());
        }
    }
    let mut checks = Vec::new();
    for check in &making.before.checks {
        let mentions = check.expression.mentions();
        let stays = making.next.checks.contains(check) || mentions.iter().any(|column| earlier(column));
        if stays && !mentions.iter().any(|column| leaves(column)) {
            checks.push(check.clone());
        }
    }
    for check in &making.next.checks {
        // Rows of the earlier release hold nothing in a column that is new, or its default.
        let mentions = check.expression.mentions();
        let about_new = !mentions.is_empty() && mentions.iter().all(|column| added(column));
        if about_new && !checks.iter().any(|other: &crate::schema::Check| other.name == check.name) {
            checks.push(check.clone());
        }
    }
    let mut references = Vec::new();
    for reference in &making.before.references {
        // What it does to rows may change, and what it points at does not.
        let is_alike = |other: &Reference| {
            (&other.columns, &other.table, &other.target) == (&reference.columns, &reference.table, &reference.target)
        };
        let stays =
            making.next.references.iter().any(is_alike) || reference.columns.iter().any(|column| earlier(column));
        if stays && !reference.columns.iter().any(|column| leaves(column)) {
            references.push(reference.clone());
        }
    }
    for reference in &making.next.references {
        let about_new = reference.columns.iter().all(|column| added(column));
        if about_new && !references.iter().any(|other: &Reference| other.name == reference.name) {
            references.push(reference.clone());
        }
    }
    making.table.uniques = uniques;
    making.table.indexes = indexes;
    making.table.checks = checks;
    making.table.references = references;
}

/// Whether the rows that the earlier release writes are unique by these columns.
fn binds_already(making: &Making<'_>, unique: &Unique) -> bool {
    let name =
        |column: &String| making.twins.iter().find(|(_, to)| to == column).map_or(column, |(from, _)| from).clone();
    let columns: Vec<String> = unique.columns.iter().map(name).collect();
    let bound = making.before.uniques.iter().map(|unique| &unique.columns).chain([&making.before.key]);
    bound.into_iter().any(|bound| bound.iter().all(|column| columns.contains(column)))
}

/// Whether the rows that the earlier release writes hold nothing in one of these columns, and so are like no others.
fn is_left_empty(making: &Making<'_>, unique: &Unique) -> bool {
    let is_empty = |column: &String| {
        let is_twin = making.twins.iter().any(|(_, to)| to == column);
        let made = making.next.column(column).filter(|_| making.before.column(column).is_none() && !is_twin);
        made.is_some_and(|made| made.nullable && made.default.is_none() && made.generated.is_none())
    };
    unique.columns.iter().any(is_empty)
}
