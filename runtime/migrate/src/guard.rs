//! Asks a live database what a migration's guards want to know, before its first step. In: guards, a connection. Out: what was
//! counted, or a refusal that names all of it; then nothing has changed. Absent: the questions, which `cell-schema` writes.

use cell_schema::history::GuardSql;

use crate::connection::Connection;
use crate::error::Counted;
use crate::{MigrateError, Target};

/// Asks all guards in order. The first that cannot be answered after one has refused ends it: it may rest on the other.
pub(crate) async fn ask(
    connection: &mut Connection,
    target: &Target,
    migration: &str,
    guards: &[GuardSql],
) -> Result<Vec<Counted>, MigrateError> {
    let (mut told, mut found) = (Vec::new(), Vec::new());
    for guard in guards {
        let (count, example) = match connection.counted(&guard.sql).await {
            Ok(counted) => counted,
            Err(_) if !found.is_empty() => break,
            Err(error) => return Err(MigrateError::engine(target, "count the rows that stand in the way", &error)),
        };
        if count > 0 {
            let hazard = guard.hazard.code().to_owned();
            let counted = Counted { hazard, object: guard.object.clone(), count, example };
            if guard.refuses { found.push(counted) } else { told.push(counted) }
        }
    }
    if found.is_empty() {
        return Ok(told);
    }
    Err(MigrateError::Guarded { target: target.to_string(), migration: migration.to_owned(), found })
}
