//! The way back from a migration as one script for a person to look at and run. In: its steps. Out: SQL that makes all of them or
//! none, with the care that apply takes around a copy of tables, and takes the migration out of the journal.
//! Absent: which steps, and running them.

use cell_schema::Engine;
use cell_schema::history::StepSql;

use crate::rebuild;

/// The script that undoes the migration of this number by these steps.
#[must_use]
pub fn undo(engine: Engine, number: u32, steps: &[StepSql]) -> String {
    let (begin, end) = match engine {
        Engine::Sqlite => (
            format!("{};\nBEGIN IMMEDIATE;\n\n", rebuild::CARE.join(";\n")),
            format!("COMMIT;\n{};\n", rebuild::NO_CARE.join(";\n")),
        ),
        Engine::Postgres => ("BEGIN;\n\n".to_owned(), "COMMIT;\n".to_owned()),
    };
    let steps: String = steps.iter().map(|step| format!("-- {}\n{}\n\n", step.title, step.sql)).collect();
    format!(
        "{begin}{steps}-- forget the migration\nDELETE FROM cell_migrations WHERE number = {number};\n\n\
         DELETE FROM cell_journal WHERE migration = {number};\n\n{end}"
    )
}
