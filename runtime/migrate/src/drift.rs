//! How a database differs from what its migrations have made of it so far: while a second phase waits, that is the schema between two
//! releases, and the bridges between them are nobody else's. In: a target, a history that it has. Out: [`Verified`].

use std::collections::BTreeSet;

use cell_schema::history::{History, Migration};
use cell_schema::plan;
use cell_schema::schema::Schema;

use crate::compare::{Verified, verify};
use crate::journal::State;
use crate::{MigrateError, Target, apply};

/// Compares a database with what the migrations that it has have made.
///
/// # Errors
/// The database does not answer, or its journal is not of this history.
pub async fn drift(target: &Target, history: &History) -> Result<Verified, MigrateError> {
    let journal = apply::existing(target).await?.unwrap_or_default();
    let waiting = journal.rows.last().filter(|row| row.state == State::Expanded);
    let known = |number: u32| history.migrations.iter().find(|migration| migration.number == number);
    let Some((row, migration)) = waiting.and_then(|row| Some((row, known(row.number)?))) else {
        return verify(target, &history.snapshot).await;
    };
    let between = row.schema.clone().ok_or_else(|| MigrateError::Journal { target: target.to_string() })?;
    let bridges = bridges(target, history, migration)?;
    let mut verified = verify(target, &between).await?;
    verified.unmodelled.retain(|object| !bridges.contains(object));
    Ok(verified)
}

/// What keeps the release before a migration going, in the words in which it is found.
fn bridges(target: &Target, history: &History, migration: &Migration) -> Result<BTreeSet<String>, MigrateError> {
    let Some(phases) = &migration.phases else { return Ok(BTreeSet::new()) };
    let mut previous = Schema { database: history.snapshot.database.clone(), ..Schema::default() };
    for earlier in history.migrations.iter().take_while(|earlier| earlier.number < migration.number) {
        previous = plan::replay(&previous, &earlier.changes).map_err(MigrateError::Schema)?;
    }
    let objects = plan::bridge_objects(target.engine(), &previous, phases).map_err(MigrateError::Schema)?;
    Ok(objects.iter().map(ToString::to_string).collect())
}
