//! What a node has, for those who ask: what runs, what is kept, what its databases and folders hold.
//! In: an application's name. Out: [`Deployed`]. Absent: changing anything.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use cell_manifest::Manifest;

use super::application::Application;
use super::{Agent, is_application};
use crate::protocol::{Current, DatabaseState, Deployed, Kept, Order, ProcessState, Refused, SERVING};
use crate::store;
use crate::supervisor::Phase;

impl Agent {
    /// What the node has of an application.
    ///
    /// # Errors
    /// The name is none, or its state cannot be read.
    pub async fn deployed(&self, name: &str) -> Result<Deployed, Refused> {
        let folder = self.folder.join("applications").join(name);
        if is_application(name) && !folder.exists() {
            return Ok(self.nothing(name));
        }
        let application = self.application(name).await?;
        let under_way = self.under_way(name).await;
        let record = match under_way {
            // It holds the turn for as long as it takes.
            Some(_) => application.glimpse(),
            None => application.record().await,
        };
        let mut databases = BTreeMap::new();
        if let Some(current) = record.current.as_ref().filter(|_| under_way.is_none()) {
            for database in
                self.manifest(&application, &current.order).map(|manifest| manifest.databases).unwrap_or_default()
            {
                databases.insert(database.name, DatabaseState::Unknown("its program does not say".to_owned()));
            }
            match application.databases(current).await {
                Ok(reports) => databases.extend(reports.into_iter().map(|(name, report)| {
                    let state = match report.problem {
                        Some(problem) => DatabaseState::Unknown(problem.message),
                        None => DatabaseState::Head(report.head),
                    };
                    (name, state)
                })),
                Err(refused) => {
                    databases.values_mut().for_each(|state| *state = DatabaseState::Unknown(refused.message.clone()))
                }
            }
        }
        let environment_changed =
            record.current.as_ref().is_some_and(|current| application.environment_changed(current));
        let instances = application.instances();
        let current = record.current.map(|current| Current {
            processes: instances
                .iter()
                .filter(|state| state.release == current.label())
                .map(|state| ProcessState {
                    name: state.process.clone(),
                    replica: state.replica,
                    pid: state.pid,
                    phase: phase(state.phase).to_owned(),
                    restarts: state.restarts,
                    last_exit: state.exit.as_ref().map(ToString::to_string),
                })
                .collect(),
            since: current.since,
            order: current.order,
        });
        let kept = record
            .kept
            .into_iter()
            .map(|kept| Kept { order: kept.order, since: kept.since, withdrawn: kept.withdrawn })
            .collect();
        let files = files(&application.state());
        Ok(Deployed {
            generation: record.generation,
            current,
            kept,
            environment_changed,
            under_way,
            databases,
            files,
            ..self.nothing(name)
        })
    }

    /// What the node has of all its applications.
    ///
    /// # Errors
    /// The state of one cannot be read.
    pub async fn all(&self) -> Result<Vec<Deployed>, Refused> {
        let names: Vec<String> = self.applications.lock().await.keys().cloned().collect();
        let mut all = Vec::new();
        for name in names {
            all.push(self.deployed(&name).await?);
        }
        Ok(all)
    }

    fn manifest(&self, application: &Application, order: &Order) -> Option<Manifest> {
        let text = fs::read_to_string(application.release(&order.bundle).join("cell/manifest.json")).ok()?;
        Manifest::from_json(&text).ok()
    }

    fn nothing(&self, name: &str) -> Deployed {
        Deployed {
            application: name.to_owned(),
            generation: 0,
            current: None,
            kept: Vec::new(),
            environment_changed: false,
            under_way: None,
            databases: BTreeMap::new(),
            files: Vec::new(),
            free: store::free(&self.folder).unwrap_or_default(),
        }
    }
}

/// A phase in a word.
fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Serving => SERVING,
        Phase::Draining => "draining",
        Phase::Waiting => "waiting to be started again",
        Phase::Stopping => "stopping",
        Phase::Stopped => "stopped",
    }
}

/// The SQLite databases below a folder, by their path. Whatever else an application keeps there is its own.
fn files(folder: &Path) -> Vec<String> {
    /// More entries than this are an application's files by far: its database is found near the top.
    const MOST: usize = 100_000;
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut folders = VecDeque::from([folder.to_owned()]);
    while let Some(next) = folders.pop_front() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST {
                break;
            }
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push_back(path),
                Ok(kind) if kind.is_file() && is_sqlite(&path) => {
                    found.extend(path.strip_prefix(folder).ok().and_then(Path::to_str).map(str::to_owned));
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Whether a file begins as every SQLite database does (the file format's section 1.3).
fn is_sqlite(path: &Path) -> bool {
    let mut head = [0; 16];
    fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok() && head == *b"SQLite format 3\0")
}
