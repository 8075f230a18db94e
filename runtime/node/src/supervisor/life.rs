//! The life of one instance, a task of its own: its process, the connection to it, its log, its restarts and its end.
//! In: commands. Out: a [`State`] to watch. Absent: other instances, and the socket on which processes greet.

mod talk;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use std::{io, net::TcpListener};

use cell_manifest::supervision::{Channel, FromProcess, Progress, ToProcess};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::log::{self, Identity};
use super::process::Process;
use super::record::{Record, Records, Token};
use super::spec::{Exit, Phase, Settings, State};

/// What an instance is told.
pub(super) enum Command {
    /// Its process has connected and said how far it is, and perhaps returned the socket that it listens on.
    Greeted { channel: Channel, progress: Progress, doors: bool, listener: Option<TcpListener> },
    /// Serve, on a socket where there is one.
    Serve(Option<TcpListener>),
    /// End in order.
    Stop,
    /// End at once.
    Kill,
}

/// A socket that may be handed on.
pub(super) type Shared = Arc<Mutex<Option<Arc<TcpListener>>>>;

/// What all lives of a supervisor share.
pub(super) struct Surroundings {
    pub(super) settings: Settings,
    pub(super) socket: PathBuf,
    pub(super) records: Records,
    /// Held while a log is put aside: two instances may write to one.
    pub(super) rotation: Mutex<()>,
}

/// One instance.
pub(super) struct Life {
    pub(super) around: Arc<Surroundings>,
    pub(super) token: Token,
    pub(super) record: Record,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) state: watch::Sender<State>,
    pub(super) listener: Shared,
    process: Option<Process>,
    channel: Option<Channel>,
    /// The log that the process writes to.
    handed: Option<Identity>,
    /// When it was started.
    started: Instant,
    /// Since when it owes an answer.
    asked: Option<Instant>,
    ready_since: Option<Instant>,
    failures: u32,
    /// Why it was killed.
    killed: Option<Exit>,
}

/// Longer than anyone waits.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// What happens to a process that runs.
enum Event {
    Exited(Exit),
    Said(io::Result<Option<FromProcess>>),
    Told(Option<Command>),
    Tick,
    Overdue,
}

impl Life {
    /// An instance without a process.
    pub(super) fn new(
        around: Arc<Surroundings>,
        token: Token,
        record: Record,
        commands: mpsc::UnboundedReceiver<Command>,
        state: watch::Sender<State>,
    ) -> Self {
        Self {
            around,
            token,
            record,
            commands,
            state,
            listener: Shared::default(),
            process: None,
            channel: None,
            handed: None,
            started: Instant::now(),
            asked: None,
            ready_since: None,
            failures: 0,
            killed: None,
        }
    }

    /// Starts its process.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn spawn(&mut self) -> io::Result<()> {
        self.write()?;
        let (process, log) = Process::spawn(&self.record.spec, &self.token, &self.around.socket)?;
        self.handed = log.as_ref().map(log::identity).transpose()?;
        (self.started, self.asked, self.ready_since, self.killed) = (Instant::now(), None, None, None);
        let pid = Some(process.id());
        self.process = Some(process);
        self.state.send_modify(|state| {
            (state.pid, state.doors, state.connected, state.adopted) = (pid, false, false, false);
            enter(state, Phase::Starting);
        });
        Ok(())
    }

    /// Takes a process that runs already, which will greet soon.
    pub(super) fn adopt(&mut self, process: Process) {
        let pid = Some(process.id());
        self.process = Some(process);
        self.ready_since = self.record.was_ready.then(Instant::now);
        let phase = match (self.record.was_ready, self.record.served) {
            (false, _) => Phase::Starting,
            (true, None) => Phase::Ready,
            (true, Some(_)) => Phase::Serving,
        };
        self.state.send_modify(|state| {
            (state.pid, state.adopted) = (pid, true);
            enter(state, phase);
        });
    }

    /// Sees to it that the process runs until it is told to stop, or ends before it was ever ready.
    pub(super) async fn run(mut self) {
        loop {
            let Some(exit) = self.live().await else { return self.end().await };
            self.channel = None;
            let exit = self.killed.take().unwrap_or(exit);
            if !self.record.was_ready {
                return self.over(Some(exit));
            }
            if !self.wait(exit).await {
                return self.over(None);
            }
        }
    }

    /// Until the process ends, or is told to stop: then there is no exit.
    async fn live(&mut self) -> Option<Exit> {
        let mut ticks = interval(self.around.settings.ping);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let overdue = self.overdue();
            let Self { process, channel, commands, killed, .. } = self;
            let event = tokio::select! {
                // What has come is heard before anything is held against the process.
                biased;
                exit = exited(process) => Event::Exited(exit),
                told = commands.recv() => Event::Told(told),
                said = said(channel) => Event::Said(said),
                _ = ticks.tick() => Event::Tick,
                () = sleep_until(overdue), if killed.is_none() => Event::Overdue,
            };
            match event {
                Event::Exited(exit) => {
                    self.process = None;
                    return Some(exit);
                }
                Event::Said(Ok(Some(message))) => self.hear(message).await,
                Event::Said(_) => self.disconnect(),
                Event::Told(Some(Command::Greeted { channel, progress, doors, listener })) => {
                    self.greet(channel, progress, doors, listener).await;
                }
                Event::Told(Some(Command::Serve(listener))) => self.order(listener).await,
                Event::Told(Some(Command::Kill)) => {
                    self.kill();
                    return None;
                }
                // Without the other end, nobody could stop it any more.
                Event::Told(Some(Command::Stop) | None) => return None,
                Event::Tick => {
                    if self.state.borrow().phase != Phase::Starting {
                        self.asked.get_or_insert_with(Instant::now);
                    }
                    self.send(&ToProcess::Ping, None).await;
                    self.tend().await;
                }
                Event::Overdue => {
                    let starting = self.state.borrow().phase == Phase::Starting;
                    self.killed = Some(if starting { Exit::Late } else { Exit::Silent });
                    self.kill();
                }
            }
        }
    }

    /// When it is to be killed unless it says something.
    fn overdue(&self) -> Instant {
        let settings = &self.around.settings;
        match self.state.borrow().phase {
            Phase::Starting => self.started + settings.ready,
            // Only a question that was asked can be left unanswered: this process may have stood still itself.
            _ => self.asked.map_or_else(|| Instant::now() + FAR, |asked| asked + settings.silence),
        }
    }

    fn kill(&self) {
        if let Some(process) = &self.process {
            process.kill();
        }
    }

    /// After an end that was not asked for: pauses, and starts the process again. Whether it is to go on.
    async fn wait(&mut self, mut exit: Exit) -> bool {
        loop {
            let Settings { backoff: (least, most), steady, .. } = self.around.settings;
            if self.ready_since.take().is_some_and(|since| since.elapsed() >= steady) {
                self.failures = 0;
            }
            let pause = least.saturating_mul(2_u32.saturating_pow(self.failures)).min(most);
            self.failures = self.failures.saturating_add(1);
            let application = &self.record.spec.application;
            tracing::warn!(%application, "a process {exit}, and is started again in {} ms", pause.as_millis());
            self.state.send_modify(|state| {
                (state.pid, state.connected, state.exit) = (None, false, Some(exit));
                enter(state, Phase::Waiting);
            });
            if !self.pause(Instant::now() + pause).await {
                return false;
            }
            self.state.send_modify(|state| state.restarts = state.restarts.saturating_add(1));
            match self.spawn() {
                Ok(()) => return true,
                Err(error) => exit = Exit::Failed(error.to_string()),
            }
        }
    }

    /// Whether it is not told to stop until then.
    async fn pause(&mut self, until: Instant) -> bool {
        loop {
            tokio::select! {
                () = sleep_until(until) => return true,
                told = self.commands.recv() => match told {
                    Some(Command::Serve(listener)) => self.order(listener).await,
                    // Of a process that is no more.
                    Some(Command::Greeted { .. }) => {}
                    Some(Command::Stop | Command::Kill) | None => return false,
                }
            }
        }
    }

    /// Ends the process: asks it to, and kills it after its grace, or as soon as that is said.
    async fn end(mut self) {
        self.state.send_modify(|state| enter(state, Phase::Stopping));
        if let Some(process) = &self.process {
            process.terminate();
        }
        let mut until = Instant::now() + self.around.settings.grace;
        let exit = loop {
            let Self { process, channel, commands, .. } = &mut self;
            tokio::select! {
                exit = exited(process) => break exit,
                said = said(channel) => if !matches!(said, Ok(Some(_))) { self.channel = None },
                told = commands.recv(), if !commands.is_closed() => match told {
                    Some(Command::Kill) => self.kill(),
                    Some(Command::Greeted { channel, .. }) => self.channel = Some(channel),
                    _ => {}
                },
                () = sleep_until(until) => {
                    self.kill();
                    // What cannot be killed is waited for, and tried again now and then.
                    until = Instant::now() + Duration::from_secs(1);
                }
            }
        };
        self.over(Some(exit));
    }

    fn over(&mut self, exit: Option<Exit>) {
        if let Err(error) = self.around.records.remove(&self.token) {
            tracing::error!("the record of a process that stopped cannot be removed: {error}");
        }
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.state.send_modify(|state| {
            (state.pid, state.connected) = (None, false);
            state.exit = exit.or(state.exit.take());
            enter(state, Phase::Stopped);
        });
    }

    fn write(&self) -> io::Result<()> {
        self.around.records.write(&self.token, &self.record)
    }

    /// Writes the record of a process that runs, and goes on without where that fails.
    fn keep(&self) {
        if let Err(error) = self.write() {
            tracing::error!("the record of a process cannot be written: {error}");
        }
    }
}

fn enter(state: &mut State, phase: Phase) {
    (state.phase, state.since) = (phase, SystemTime::now());
}

async fn exited(process: &mut Option<Process>) -> Exit {
    match process {
        Some(process) => process.exited().await,
        None => Exit::Unknown,
    }
}

async fn said(channel: &mut Option<Channel>) -> io::Result<Option<FromProcess>> {
    match channel {
        Some(channel) => Ok(channel.receive().await?.map(|(message, _)| message)),
        None => std::future::pending().await,
    }
}
