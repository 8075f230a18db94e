//! An application on a node: carries out orders, one at a time, and remembers each step before it is taken.
//! In: an [`Order`] whose bundle is here. Out: processes that serve, or what ran before and the reason.
//! [`order`] is the way of an order; this file is what it stands on. Absent: who may order, and what is best.

mod order;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::Mutex as Turn;
use tokio::sync::mpsc::UnboundedSender;

use super::migrate::{self, Mode};
use super::record::{Deployment, Logs, Record};
use super::{environment, storage};
use crate::digest::Digest;
use crate::protocol::{Event, Order, Refused, Wanted};
use crate::supervisor::{Instance, Log, Phase, Settings, Spec, State, Supervisor, SupervisorError};

/// Where events of a call go; nobody may be listening.
pub(super) type Events = UnboundedSender<Event>;

/// An application on this node.
pub(super) struct Application {
    pub(super) name: String,
    folder: PathBuf,
    supervisor: Supervisor,
    /// Held while an order is carried out.
    record: Turn<Record>,
    /// The record as it was last written, for those who only look.
    latest: Mutex<Record>,
    doors: Mutex<Doors>,
}

/// The sockets that listen, by their address as it was ordered. Two only between `switch` and `finish`.
#[derive(Default)]
struct Doors {
    open: BTreeMap<String, TcpListener>,
}

impl Application {
    /// Opens an application's folder: takes over what runs, ends a deploy that was interrupted, and starts what should run.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) async fn open(name: &str, folder: &Path, settings: Settings) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("`{}`: {error}", folder.display());
        for part in ["releases", "state", "logs"] {
            std::fs::create_dir_all(folder.join(part)).map_err(|error| failed(&error))?;
        }
        let record = Record::read(&folder.join("run.json"))?;
        let supervisor =
            Supervisor::open(&folder.join("supervisor"), settings).await.map_err(|error| failed(&error))?;
        let application = Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            supervisor,
            latest: Mutex::new(record.clone()),
            record: Turn::new(record),
            doors: Mutex::default(),
        };
        application.take_over().await;
        Ok(application)
    }

    /// Takes over what an earlier daemon left running, and starts what is missing.
    async fn take_over(&self) {
        let mut record = self.record.lock().await;
        {
            let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
            let orders = record
                .deployments()
                .filter_map(|deployment| Some((deployment.label(), deployment.order.http.clone()?)));
            for (label, address) in orders {
                let given = self.of(&label).into_iter().find_map(|state| self.supervisor.listener(state.instance));
                if let Some(listener) = given {
                    doors.open.insert(address, listener);
                }
            }
        }
        if let Err(error) = self.settle(&mut record).await {
            tracing::error!(application = self.name, "an interrupted deploy could not be ended: {error}");
        }
        let known: Vec<String> = record.current.iter().map(Deployment::label).collect();
        for state in self.supervisor.instances() {
            if !known.contains(&state.release) {
                self.supervisor.stop(state.instance).await;
            }
        }
        self.forget_releases(&record);
    }

    /// Starts what should run and does not, as after the machine was started.
    ///
    /// # Errors
    /// What is in the way, such as an address in use. It may be tried again.
    pub(super) async fn restore(&self) -> Result<(), Refused> {
        let begun = self.begin().await?;
        // Orders, which may replace what does not come up, need not wait for it.
        let served = begun.into_iter().map(|(name, instance, listener)| async move {
            // It serves as soon as it can, however long that takes.
            self.supervisor.serve(instance, listener).await.map_err(|error| {
                Refused::new("process-not-ready", format!("`{name}` does not serve: {error}")).lines(error.last_lines)
            })
        });
        join_all(served).await.into_iter().collect()
    }

    /// Starts what is missing of what should run. Out: each process, and the socket that it is to serve on.
    async fn begin(&self) -> Result<Vec<(String, Instance, Option<TcpListener>)>, Refused> {
        let record = self.record.lock().await;
        let mut begun = Vec::new();
        let Some(current) = &record.current else { return Ok(begun) };
        let listener = self.listener(&current.order)?;
        let label = current.label();
        // What ended before it was ready is not started again by itself.
        for ended in self.of(&label).into_iter().filter(|state| state.phase == Phase::Stopped) {
            self.supervisor.stop(ended.instance).await;
        }
        for wanted in &current.order.processes {
            for replica in 1..=wanted.replicas {
                let states = self.of(&label);
                let running = states.iter().find(|state| state.process == wanted.name && state.replica == replica);
                let instance = match running {
                    Some(running) => running.instance,
                    None => self.start(current, wanted, replica).await?,
                };
                begun.push((wanted.name.clone(), instance, copy(wanted, listener.as_ref())?));
            }
        }
        Ok(begun)
    }

    /// The record as it is; waits for an order that is being carried out.
    pub(super) async fn record(&self) -> Record {
        self.record.lock().await.clone()
    }

    /// The record as it is just now, in the midst of an order.
    pub(super) fn glimpse(&self) -> Record {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends: stops its processes, or leaves them to the next daemon.
    pub(super) async fn close(&self, stop: bool) {
        let _turn = self.record.lock().await;
        if stop {
            join_all(self.supervisor.instances().into_iter().map(|state| self.supervisor.stop(state.instance))).await;
        }
        self.supervisor.clone().leave().await;
    }

    /// The processes as they are.
    pub(super) fn instances(&self) -> Vec<State> {
        self.supervisor.instances()
    }

    /// The folder of a release.
    pub(super) fn release(&self, bundle: &Digest) -> PathBuf {
        self.folder.join("releases").join(bundle.to_string())
    }

    /// The folder of the databases' files and whatever else processes keep.
    pub(super) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The log of a replica.
    pub(super) fn log(&self, process: &str, replica: u32, logs: Logs) -> PathBuf {
        self.folder.join("logs").join(format!("{process}.{replica}.{}.log", logs.name()))
    }

    /// What the current release's program says of its databases.
    pub(super) async fn databases(&self, current: &Deployment) -> Result<migrate::Reports, Refused> {
        let environment = self.environment(&current.order)?;
        migrate::run(&self.program(&current.order), Mode::Status, None, &environment).await
    }

    async fn start(&self, deployment: &Deployment, wanted: &Wanted, replica: u32) -> Result<Instance, Refused> {
        let order = &deployment.order;
        let mut environment = self.environment(order)?;
        environment.insert("CELL_PART".to_owned(), wanted.cells.join(","));
        let spec = Spec {
            application: self.name.clone(),
            process: wanted.name.clone(),
            replica,
            release: deployment.label(),
            program: self.program(order),
            arguments: Vec::new(),
            environment,
            inherit_environment: false,
            folder: self.state(),
            log: Log::File(self.log(&wanted.name, replica, deployment.logs)),
            lifeline: false,
        };
        self.supervisor.start(spec).await.map_err(|error| match &error {
            SupervisorError::Start(program, error) if error.kind() == ErrorKind::StorageFull => storage(program, error),
            _ => Refused::new("process-not-ready", format!("the process `{}`: {error}", wanted.name)),
        })
    }

    fn of(&self, label: &str) -> Vec<State> {
        self.supervisor.instances().into_iter().filter(|state| state.release == label).collect()
    }

    /// The socket of an order's doors: the one that listens already, or a new one.
    fn listener(&self, order: &Order) -> Result<Option<TcpListener>, Refused> {
        let Some(address) = &order.http else { return Ok(None) };
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: std::io::Error| {
            let refused = Refused::new("address-in-use", format!("the node cannot listen on `{address}`: {error}"));
            refused.help("stop what listens there, or give the node another `http` address in the topology")
        };
        if let Some(listener) = doors.open.get(address) {
            return listener.try_clone().map(Some).map_err(failed);
        }
        // A process that was taken over may have given its socket back only now.
        let given = self.supervisor.instances().into_iter().find_map(|state| {
            let listener = self.supervisor.listener(state.instance)?;
            (listener.local_addr().ok()? == address.parse().ok()?).then_some(listener)
        });
        let listener = match given {
            Some(listener) => listener,
            None => TcpListener::bind(address.as_str()).map_err(failed)?,
        };
        let copy = listener.try_clone().map_err(failed)?;
        doors.open.insert(address.clone(), listener);
        Ok(Some(copy))
    }

    /// Whether the file with the environment says something else than when a deployment was started.
    pub(super) fn environment_changed(&self, deployment: &Deployment) -> bool {
        // A file that cannot be read is told by the next deploy.
        self.environment(&deployment.order)
            .is_ok_and(|variables| environment::hash(&variables) != deployment.environment)
    }

    fn program(&self, order: &Order) -> PathBuf {
        self.release(&order.bundle).join("bin").join(&self.name)
    }

    fn environment(&self, order: &Order) -> Result<BTreeMap<String, String>, Refused> {
        let mut variables = environment::read(&self.folder.join("env"))?;
        let own = [
            ("CELL_ROOT", self.release(&order.bundle).display().to_string()),
            ("CELL_STATE", self.state().display().to_string()),
            ("CELL_REGION", order.region.clone()),
            ("CELL_RELEASE", order.release.to_string()),
        ];
        variables.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Ok(variables)
    }

    fn write(&self, record: &mut Record, next: Record) -> Result<(), Refused> {
        let path = self.folder.join("run.json");
        next.write(&path).map_err(|error| storage(&path, &error))?;
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&next);
        *record = next;
        Ok(())
    }

    /// Closes the sockets that nothing serves on any more.
    fn close_doors(&self, record: &Record) {
        let current = record.current.as_ref().and_then(|current| current.order.http.clone());
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.open.retain(|address, _| Some(address) == current.as_ref());
    }

    /// Removes the releases that are kept no more.
    fn forget_releases(&self, record: &Record) {
        let kept: Vec<String> = record.deployments().map(|kept| kept.order.bundle.to_string()).collect();
        for entry in std::fs::read_dir(self.folder.join("releases")).into_iter().flatten().flatten() {
            if !kept.iter().any(|kept| entry.file_name().to_string_lossy() == *kept) {
                // What stays is tried again after the next deploy.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// The socket for a process, where it has doors.
fn copy(wanted: &Wanted, listener: Option<&TcpListener>) -> Result<Option<TcpListener>, Refused> {
    let copied = listener.filter(|_| wanted.doors).map(TcpListener::try_clone).transpose();
    copied.map_err(|error| Refused::new("storage-failed", format!("the node has no more descriptors: {error}")))
}
