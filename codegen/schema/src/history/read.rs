//! Reads files back and verifies them: formats, numbers, hashes, and that the migrations lead to the snapshot.
//! In: relative paths and bytes. Out: a [`History`], or the first thing that is wrong. Whatever the bytes are, nothing panics.

use std::collections::{BTreeMap, BTreeSet};

use super::seal::Seal;
use super::{
    CHAIN, CHANGE, Hash, History, HistoryError, MIGRATIONS, Migration, SEALED, SNAPSHOT, chain, document, script, seal,
    slug,
};
use crate::check::check;
use crate::engine::Engine;
use crate::plan::{Phase, Phases};
use crate::refusal::shown;
use crate::schema::Schema;

const RESTORE: &str = "take the files from version control; a sealed migration never changes, and an open one is rewritten by \
                       `cargo cell build`";

/// Reads and verifies a history: every hash, every number, the seal, and that the migrations lead to the snapshot.
///
/// # Errors
/// The first thing that is wrong, with its file.
pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<History, HistoryError> {
    let reader = Reader { files, until: u32::MAX };
    let history = reader.history()?;
    let snapshot = document::parse_snapshot(SNAPSHOT, &reader.text(SNAPSHOT)?)?;
    let migrated = Schema { database: snapshot.database.clone(), ..history.snapshot.clone() };
    if snapshot != migrated || history.migrations.last().is_some_and(|_| snapshot.database != history.snapshot.database)
    {
        return Err(HistoryError::new(
            "history-snapshot",
            SNAPSHOT,
            "the snapshot is not what the migrations lead to",
            RESTORE,
        ));
    }
    Ok(History { snapshot, ..history })
}

/// Reads and verifies a history up to the last sealed migration: what [`super::next`] builds on. Later migrations
/// and the snapshot are not looked at, so that an open migration that was edited or merged badly can be written again.
///
/// # Errors
/// The first thing that is wrong, with its file.
pub fn read_sealed(files: &BTreeMap<String, Vec<u8>>) -> Result<History, HistoryError> {
    let reader = Reader { files, until: 0 };
    let until = reader.seal()?.map_or(0, |seal| seal.number);
    Reader { until, ..reader }.history()
}

struct Reader<'a> {
    files: &'a BTreeMap<String, Vec<u8>>,
    /// The number of the last migration that is read.
    until: u32,
}

impl Reader<'_> {
    fn history(&self) -> Result<History, HistoryError> {
        let mut snapshot = Schema::default();
        let mut migrations: Vec<Migration> = Vec::new();
        if self.until == 0 {
            return Ok(History { snapshot, migrations, sealed: 0 });
        }
        for (name, hash) in self.lines()? {
            let number = slug::number(&name, CHAIN)?;
            let wanted = migrations.last().map_or(1, |migration| migration.number + 1);
            let misplaced = |name: &str| {
                let message = format!("`{name}` stands where migration {wanted} belongs");
                HistoryError::new("history-order", CHAIN, message, RESTORE)
            };
            // Only the first may have another number, where it stands for those before it.
            if number != wanted && !migrations.is_empty() {
                return Err(misplaced(&name));
            }
            let previous = migrations.last().map(|migration| migration.chain);
            let (migration, database) = self.migration(number, name, previous)?;
            let is_first = migrations.is_empty();
            if (number != wanted && migration.squashed.is_none()) || (migration.squashed.is_some() && !is_first) {
                return Err(misplaced(&migration.name));
            }
            if migration.chain.to_string() != hash {
                return Err(HistoryError::new(
                    "history-edited",
                    &migration.folder(),
                    format!("`{}` or an earlier migration is not as it was when it was accepted", migration.name),
                    RESTORE,
                ));
            }
            self.replay(&mut snapshot, &migration, database)?;
            migrations.push(migration);
            if number == self.until {
                break;
            }
        }
        let seal = self.seal()?;
        if let Some(seal) = &seal {
            seal::check(seal, &migrations)?;
        }
        self.strays(&migrations)?;
        if let (Some(refusal), Some(last)) = (check(&snapshot).first(), migrations.last()) {
            let message = format!("it leads to a schema that cannot be: {}: {}", refusal.object, refusal.message);
            return Err(HistoryError::new("history-change", &format!("{}/{CHANGE}", last.folder()), message, RESTORE));
        }
        Ok(History { snapshot, migrations, sealed: seal.map_or(0, |seal| seal.number) })
    }

    /// What is sealed; `None` where nothing is.
    fn seal(&self) -> Result<Option<Seal>, HistoryError> {
        if !self.files.contains_key(SEALED) {
            return Ok(None);
        }
        seal::parse(&self.text(SEALED)?).map(Some)
    }

    fn replay(&self, snapshot: &mut Schema, migration: &Migration, database: String) -> Result<(), HistoryError> {
        let file = format!("{}/{CHANGE}", migration.folder());
        if !snapshot.database.is_empty() && snapshot.database != database {
            let message = format!("it belongs to database `{}`, not `{}`", shown(&database), shown(&snapshot.database));
            return Err(HistoryError::new("history-change", &file, message, RESTORE));
        }
        snapshot.database = database;
        let divided = match &migration.phases {
            Some(phases) => Some(divided(snapshot, phases, &file)?),
            None => None,
        };
        for change in &migration.changes {
            snapshot
                .apply(change)
                .map_err(|mismatch| HistoryError::new("history-change", &file, mismatch.message, RESTORE))?;
        }
        if divided.is_some_and(|divided| unordered(divided) != unordered(snapshot.clone())) {
            let message = "its phases do not lead where its changes lead";
            return Err(HistoryError::new("history-change", &file, message, RESTORE));
        }
        Ok(())
    }

    /// The lines of the chain: names and hashes.
    fn lines(&self) -> Result<Vec<(String, String)>, HistoryError> {
        let text = self.text(CHAIN)?;
        let mut lines = Vec::new();
        for (line, place) in text.lines().zip(1..) {
            let parts: Vec<&str> = line.split(' ').collect();
            let [name, hash] = parts.as_slice() else {
                return Err(HistoryError::new(
                    "history-format",
                    CHAIN,
                    format!("line {place} is no migration's name and hash"),
                    "where two branches added migrations, `cargo cell migrate rebase` puts one after the other",
                ));
            };
            lines.push(((*name).to_owned(), (*hash).to_owned()));
        }
        Ok(lines)
    }

    fn migration(
        &self,
        number: u32,
        name: String,
        previous: Option<Hash>,
    ) -> Result<(Migration, String), HistoryError> {
        let folder = format!("{MIGRATIONS}/{name}");
        let file = format!("{folder}/{CHANGE}");
        let change_text = self.text(&file)?;
        let document::Changes { database, changes, allowed, phases, squashed, .. } =
            document::parse_changes(&file, &change_text)?;
        let mut scripts = Vec::new();
        for engine in Engine::ALL {
            for phase in Phase::ALL {
                let file = format!("{folder}/{}", super::script_name(engine, phase));
                if self.files.contains_key(&file) {
                    scripts.push(script::parse(engine, phase, &file, self.text(&file)?)?);
                }
            }
        }
        let hash = chain::migration(&name, &change_text, &scripts);
        let chain = chain::link(previous, hash);
        Ok((
            Migration { number, name, changes, allowed, phases, squashed, scripts, hash, chain, change_text },
            database,
        ))
    }

    /// Files among the migrations that belong to none.
    fn strays(&self, migrations: &[Migration]) -> Result<(), HistoryError> {
        let mut known = BTreeSet::new();
        for migration in migrations {
            let folder = migration.folder();
            known.insert(format!("{folder}/{CHANGE}"));
            known.extend(migration.scripts.iter().map(|script| format!("{folder}/{}", script.file_name())));
        }
        let head = format!("{MIGRATIONS}/");
        for file in self.files.keys().filter(|file| !known.contains(*file)) {
            let Some(rest) = file.strip_prefix(&head) else { continue };
            let folder = rest.split('/').next().unwrap_or(rest);
            if slug::number(folder, file).is_ok_and(|number| number > self.until) {
                continue;
            }
            return Err(HistoryError::new(
                "history-stray",
                file,
                "this file belongs to no migration in the chain",
                "remove it, or take `chain` from version control",
            ));
        }
        Ok(())
    }

    /// A file's text, with `\n` line ends.
    fn text(&self, file: &str) -> Result<String, HistoryError> {
        let Some(bytes) = self.files.get(file) else {
            return Err(HistoryError::new("history-missing", file, "this file is missing", RESTORE));
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let message = format!("byte {} is not UTF-8", error.valid_up_to());
            HistoryError::new("history-unreadable", file, message, RESTORE)
        })?;
        Ok(text.replace("\r\n", "\n"))
    }
}

/// The schema after both phases.
fn divided(snapshot: &Schema, phases: &Phases, file: &str) -> Result<Schema, HistoryError> {
    let mut schema = snapshot.clone();
    for change in phases.expand.iter().chain(&phases.contract) {
        schema
            .apply(change)
            .map_err(|mismatch| HistoryError::new("history-change", file, mismatch.message, RESTORE))?;
    }
    Ok(schema)
}

/// A schema without regard to the order of its columns and of an enumeration's values.
fn unordered(mut schema: Schema) -> Schema {
    for table in &mut schema.tables {
        table.columns.sort_by(|left, right| left.name.cmp(&right.name));
        for column in &mut table.columns {
            if let crate::schema::Type::Enumeration { values } = &mut column.ty {
                values.sort();
            }
        }
    }
    schema
}
