//! What a life and its process say to each other. In: messages, and the order to serve. Out: how far the process is, and the
//! sockets and logs that it is handed. Absent: the process's start and end.

use std::net::TcpListener;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cell_manifest::supervision::{Channel, FromProcess, Progress, ToProcess};
use tokio::time::{Instant, timeout};

use super::super::log;
use super::super::spec::{Log, Phase, Settings};
use super::{Life, enter};

/// How long sending a message may take: a process that takes none for so long is not spoken to.
const SENDING: Duration = Duration::from_secs(2);

impl Life {
    pub(super) async fn hear(&mut self, message: FromProcess) {
        let doors = self.state.borrow().doors;
        match message {
            FromProcess::Ready { doors } => self.progress(Progress::Ready, doors).await,
            FromProcess::Serving => self.progress(Progress::Serving, doors).await,
            FromProcess::Draining => self.progress(Progress::Draining, doors).await,
            FromProcess::Pong => {}
            // Said only once, and to the doorkeeper.
            FromProcess::Hello { .. } => return self.disconnect(),
        }
        self.asked = None;
    }

    pub(super) async fn greet(
        &mut self,
        channel: Channel,
        progress: Progress,
        doors: bool,
        listener: Option<TcpListener>,
    ) {
        self.channel = Some(channel);
        if let Some(listener) = listener {
            self.listener.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(Arc::new(listener));
        }
        self.progress(progress, doors).await;
        self.asked = None;
        // A process knows by this that it is known.
        self.send(&ToProcess::Ping, None).await;
        self.state.send_modify(|state| state.connected = self.channel.is_some());
    }

    async fn progress(&mut self, progress: Progress, doors: bool) {
        let phase = match progress {
            Progress::Starting => return,
            Progress::Ready => Phase::Ready,
            Progress::Serving => Phase::Serving,
            Progress::Draining => Phase::Draining,
        };
        if !self.record.was_ready {
            self.record.was_ready = true;
            self.keep();
        }
        self.ready_since.get_or_insert_with(Instant::now);
        self.state.send_modify(|state| {
            state.doors = doors;
            if state.phase != phase {
                enter(state, phase);
            }
        });
        if phase == Phase::Ready {
            self.tell_to_serve().await;
        }
    }

    pub(super) async fn order(&mut self, listener: Option<TcpListener>) {
        self.record.served = Some(listener.is_some());
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = listener.map(Arc::new);
        self.keep();
        if self.state.borrow().phase == Phase::Ready {
            self.tell_to_serve().await;
        }
    }

    /// Tells a process that is ready to serve, where that was ordered and the socket is at hand.
    async fn tell_to_serve(&mut self) {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (self.record.served, listener) {
            (Some(true), Some(listener)) => {
                self.send(&ToProcess::Serve { listener: true }, Some(listener.as_fd())).await;
            }
            (Some(false), _) => self.send(&ToProcess::Serve { listener: false }, None).await,
            // A supervisor before this one had the socket. Whoever uses this one orders again.
            _ => {}
        }
    }

    /// Gives the process a new log where the one that it writes to has grown.
    pub(super) async fn tend(&mut self) {
        let Log::File(path) = &self.record.spec.log else { return };
        // Without a connection the process would go on with the file that was put aside.
        if self.channel.is_none() {
            return;
        }
        let Settings { log_bytes, log_files, .. } = self.around.settings;
        let tended = {
            let _alone = self.around.rotation.lock().unwrap_or_else(PoisonError::into_inner);
            log::tend(path, log_bytes, log_files, self.handed)
                .and_then(|file| file.map(|file| log::identity(&file).map(|identity| (file, identity))).transpose())
        };
        match tended {
            Ok(Some((file, identity))) => {
                self.send(&ToProcess::Output, Some(file.as_fd())).await;
                self.handed = self.channel.is_some().then_some(identity);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!("the log `{}` cannot be rotated: {error}", path.display()),
        }
    }

    pub(super) async fn send(&mut self, message: &ToProcess, file: Option<BorrowedFd<'_>>) {
        let Some(channel) = &self.channel else { return };
        let sent = timeout(SENDING, channel.send(message, file)).await;
        if !matches!(sent, Ok(Ok(()))) {
            self.disconnect();
        }
    }

    pub(super) fn disconnect(&mut self) {
        self.channel = None;
        self.state.send_modify(|state| state.connected = false);
    }
}
