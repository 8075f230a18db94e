//! Carries out an order, each step remembered before it is taken, and goes back where one fails.
//!
//! `stage` migrates and starts beside what runs; `switch` lets the new processes serve; `finish` stops those of before.
//! Until then `abandon` goes back. Whoever finds a deploy that nobody carries on calls `recover`: it goes back where nothing
//! has switched, and on where it has.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;

use super::super::migrate::{self, Mode};
use super::super::record::{Deployment, Journal, Record};
use super::super::search;
use super::super::{environment, is_application};
use super::{Application, Events, copy};
use crate::failpoint;
use crate::protocol::{Event, Order, Refused};
use crate::store;

/// A disk with fewer bytes free is full.
const LITTLE: u64 = 1 << 20;

impl Application {
    /// Migrates and starts what was ordered, and waits until it is ready.
    ///
    /// # Errors
    /// Why not; then everything is as before, but for migrations that were done.
    pub(in crate::agent) async fn stage(&self, order: &Order, events: &Events) -> Result<(), Refused> {
        let mut record = self.record.lock().await;
        if record.journal.is_some() {
            // Its session is gone, or it would hold the turn of this one.
            self.settle(&mut record).await?;
        }
        // A deploy that nobody carried to its end has left this to do: what follows depends on it.
        let is_alone = |current: &Deployment| !current.recorded && order.alone == Some(current.order.release);
        if record.current.as_ref().is_some_and(is_alone) {
            self.remember(&mut record).await?;
        }
        if record.generation != order.generation {
            return Err(Refused::new(
                "plan-outdated",
                format!("since the plan was made, something else was deployed of `{}`", self.name),
            )
            .help("look at the new plan: run the command again"));
        }
        // Its log is a file of this name.
        if let Some(wanted) = order.processes.iter().find(|wanted| !is_application(&wanted.name)) {
            let message = format!("`{}` names no process", wanted.name.escape_debug());
            return Err(Refused::new("process-not-ready", message));
        }
        if !self.program(order).is_file() && !order.processes.is_empty() {
            return Err(Refused::new("bundle-missing", format!("the node lacks the bundle {}", order.bundle.short())));
        }
        let variables = self.environment(order)?;
        environment::check(&variables, &order.environment, &self.folder.join("env"))?;
        let listener = self.listen(order).await?;
        let mut next = record.clone();
        next.staged += 1;
        let deployment = Deployment {
            number: next.staged,
            since: now(),
            order: order.clone(),
            environment: environment::hash(&variables),
            withdrawn: false,
            recorded: false,
            logs: next.current.as_ref().map(|current| current.logs.other()).unwrap_or_default(),
        };
        next.journal = Some(Journal::Staged(deployment.clone()));
        if let Err(refused) = self.write(&mut record, next) {
            // A socket that was opened for this order is nobody's.
            self.close_doors(&record);
            return Err(refused);
        }
        failpoint::reach("staging");
        let prepared = self.prepare(&deployment, listener.is_some(), &variables, events).await;
        if let Err(refused) = prepared {
            self.settle(&mut record).await?;
            return Err(refused);
        }
        failpoint::reach("staged");
        Ok(())
    }

    /// The socket of an order's doors, asked for more than once: a process that is just being started has copies of sockets
    /// that were closed here, until it is another program.
    async fn listen(&self, order: &Order) -> Result<Option<TcpListener>, Refused> {
        for _ in 0..10 {
            if let Ok(listener) = self.listener(order) {
                return Ok(listener);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.listener(order)
    }

    async fn prepare(
        &self,
        deployment: &Deployment,
        doors: bool,
        variables: &BTreeMap<String, String>,
        events: &Events,
    ) -> Result<(), Refused> {
        let order = &deployment.order;
        self.migrate(order, variables, events).await?;
        failpoint::reach("migrated");
        let indexed = search::prepare(&self.release(&order.bundle), &self.program(order), variables).await?;
        for index in indexed {
            let _ = events.send(Event::Indexed { index });
        }
        let mut started = Vec::new();
        for wanted in &order.processes {
            if wanted.doors && !doors {
                let message =
                    format!("the process `{}` has HTTP doors, and no address for them was ordered", wanted.name);
                return Err(Refused::new("no-address-for-doors", message));
            }
            for replica in 1..=wanted.replicas {
                let instance = self.start(deployment, wanted, replica).await?;
                let _ = events.send(Event::Started { process: wanted.name.clone(), replica });
                started.push((instance, wanted, replica));
            }
        }
        failpoint::reach("started");
        let ready = started.into_iter().map(|(instance, wanted, replica)| async move {
            match self.supervisor.ready(instance).await {
                Ok(()) => {
                    let _ = events.send(Event::Ready { process: wanted.name.clone(), replica });
                    Ok(())
                }
                Err(error) => {
                    let message = format!("`{}` did not start: {error}", wanted.name);
                    // A process that has nowhere to write fails in ways of its own.
                    let full = store::free(&self.folder).is_ok_and(|free| free < LITTLE);
                    let refused = match full {
                        true => Refused::new("storage-full", format!("{message}; the node's disk is full"))
                            .help("make room on its disk, and run this again"),
                        false => Refused::new("process-not-ready", message),
                    };
                    Err(refused.lines(error.last_lines))
                }
            }
        });
        join_all(ready).await.into_iter().collect()
    }

    async fn migrate(
        &self,
        order: &Order,
        variables: &BTreeMap<String, String>,
        events: &Events,
    ) -> Result<(), Refused> {
        if order.migrate.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = order.migrate.keys().map(String::as_str).collect();
        let program = self.program(order);
        let found = migrate::run(&program, Mode::Status, Some(&names), variables).await?;
        for (name, planned) in &order.migrate {
            let Some(report) = found.get(name) else {
                return Err(Refused::new("migrate-failed", format!("the program knows no database `{name}`")));
            };
            if let Some(problem) = &report.problem {
                let message = format!("the database `{name}`: {}", problem.message);
                let refused = Refused::new(&problem.code, message);
                return Err(match &problem.help {
                    Some(help) => refused.help(help.clone()),
                    None => refused,
                });
            }
            if planned.as_ref().is_some_and(|planned| *planned != report.pending) {
                let pending = if report.pending.is_empty() { "nothing".to_owned() } else { report.pending.join(", ") };
                let message = format!("the database `{name}` is not as the plan says: it lacks {pending}");
                return Err(Refused::new("plan-outdated", message).help("look at the new plan: run the command again"));
            }
        }
        // What an earlier release still needs stays, as long as that is what runs.
        let mut variables = variables.clone();
        if let Some(live) = self.live() {
            variables.insert("CELL_LIVE_RELEASE".to_owned(), live.to_string());
        }
        let applied = migrate::run(&program, Mode::Apply, Some(&names), &variables).await?;
        for (name, _) in applied {
            let migrations = found.get(&name).map(|report| report.pending.clone()).unwrap_or_default();
            if !migrations.is_empty() {
                let _ = events.send(Event::Migrated { database: name, migrations });
            }
        }
        Ok(())
    }

    /// The release that serves now.
    fn live(&self) -> Option<u32> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.current.as_ref().map(|current| current.order.release)
    }

    /// Lets what was staged serve. What ran before serves on until [`Application::finish`].
    ///
    /// # Errors
    /// Nothing is staged, or a process fails now; then what was staged is stopped.
    pub(in crate::agent) async fn switch(&self, events: &Events) -> Result<(), Refused> {
        let mut record = self.record.lock().await;
        let Some(Journal::Staged(staged)) = record.journal.clone() else {
            return Err(Refused::new("nothing-staged", format!("nothing of `{}` is staged", self.name)));
        };
        let served = self.serve(&staged).await;
        if let Err(refused) = served {
            self.settle(&mut record).await?;
            return Err(refused);
        }
        failpoint::reach("serving");
        let mut next = record.clone();
        next.generation += 1;
        next.journal = Some(Journal::Switched { previous: next.current.replace(staged.clone()) });
        if let Err(refused) = self.write(&mut record, next) {
            self.settle(&mut record).await?;
            return Err(refused);
        }
        failpoint::reach("switched");
        let _ = events.send(Event::Serving { http: staged.order.http });
        Ok(())
    }

    async fn serve(&self, staged: &Deployment) -> Result<(), Refused> {
        let listener = self.listener(&staged.order)?;
        for state in self.of(&staged.label()) {
            let wanted = staged.order.processes.iter().find(|wanted| wanted.name == state.process);
            let Some(wanted) = wanted else { continue };
            let served = self.supervisor.serve(state.instance, copy(wanted, listener.as_ref())?).await;
            served.map_err(|error| {
                let message = format!("`{}` does not serve: {error}", wanted.name);
                Refused::new("process-not-ready", message).lines(error.last_lines)
            })?;
        }
        Ok(())
    }

    /// Stops what ran before, and forgets what is kept no more.
    ///
    /// # Errors
    /// The record cannot be written; what ran before is stopped nevertheless.
    pub(in crate::agent) async fn finish(&self, events: &Events) -> Result<(), Refused> {
        let mut record = self.record.lock().await;
        let Some(Journal::Switched { previous }) = record.journal.clone() else { return Ok(()) };
        if let Some(previous) = &previous {
            self.stop(previous, Some(events)).await;
        }
        failpoint::reach("stopped");
        let mut next = record.clone();
        next.journal = None;
        if let Some(previous) = previous {
            next.keep(previous);
        }
        self.write(&mut record, next)?;
        self.close_doors(&record);
        self.forget_releases(&record);
        failpoint::reach("finished");
        Ok(())
    }

    /// Goes back to what ran before.
    ///
    /// # Errors
    /// The record cannot be written.
    pub(in crate::agent) async fn abandon(&self) -> Result<(), Refused> {
        let mut record = self.record.lock().await;
        let Some(Journal::Switched { previous }) = record.journal.clone() else {
            return self.settle(&mut record).await;
        };
        let mut next = record.clone();
        let undone = std::mem::replace(&mut next.current, previous);
        next.generation += 1;
        // From here on it is a staged deployment that nobody wants: stopped now, or at the next start.
        next.journal = undone.clone().map(Journal::Staged);
        self.write(&mut record, next)?;
        self.settle(&mut record).await
    }

    /// Ends a deploy that nobody carries on.
    ///
    /// # Errors
    /// The record cannot be written.
    pub(in crate::agent) async fn recover(&self) -> Result<(), Refused> {
        let mut record = self.record.lock().await;
        self.settle(&mut record).await
    }

    pub(super) async fn settle(&self, record: &mut Record) -> Result<(), Refused> {
        let mut next = record.clone();
        match record.journal.clone() {
            None => return Ok(()),
            Some(Journal::Staged(staged)) => self.stop(&staged, None).await,
            Some(Journal::Switched { previous }) => {
                if let Some(previous) = previous {
                    self.stop(&previous, None).await;
                    next.keep(previous);
                }
            }
        }
        next.journal = None;
        self.write(record, next)?;
        self.close_doors(record);
        Ok(())
    }

    /// Has the databases remember that a release runs alone in the region, where it is what runs here.
    ///
    /// # Errors
    /// Another one runs, or a database does not answer. Then they keep what the release before needed.
    pub(in crate::agent) async fn record_alone(&self, release: u32) -> Result<(), Refused> {
        let mut record = self.record.lock().await;
        let is_current = record.current.as_ref().is_some_and(|current| current.order.release == release);
        if record.journal.is_some() || !is_current {
            return Err(Refused::new(
                "plan-outdated",
                format!("meanwhile something else was deployed of `{}`", self.name),
            ));
        }
        self.remember(&mut record).await
    }

    async fn remember(&self, record: &mut Record) -> Result<(), Refused> {
        let mut next = record.clone();
        let Some(current) = &mut next.current else { return Ok(()) };
        if !current.order.migrate.is_empty() {
            let names: Vec<&str> = current.order.migrate.keys().map(String::as_str).collect();
            let variables = self.environment(&current.order)?;
            migrate::run(&self.program(&current.order), Mode::Record, Some(&names), &variables).await?;
        }
        current.recorded = true;
        self.write(record, next)
    }

    pub(super) async fn stop(&self, deployment: &Deployment, events: Option<&Events>) {
        let label = deployment.label();
        join_all(self.of(&label).into_iter().map(|state| async move {
            self.supervisor.stop(state.instance).await;
            if let Some(events) = events {
                let _ = events.send(Event::Stopped { process: state.process, replica: state.replica });
            }
        }))
        .await;
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}
