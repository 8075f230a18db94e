//! The logs of an application's processes: their last lines, and what comes. In: files that the processes write.
//! Out: events. Absent: rotation, which is the supervisor's.

use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::Agent;
use super::application::Events;
use crate::protocol::{Event, LogRequest, Refused};
use crate::supervisor::last_lines;

/// How often a followed log is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The most lines of one log that are there already.
const MOST: usize = 10_000;

/// A line longer than this is cut.
const LINE: usize = 64 << 10;

/// Sends lines until the client hangs up, or until all are sent.
///
/// # Errors
/// The application has never run here, or has no such process.
pub(super) async fn send(agent: &Agent, wanted: &LogRequest, events: &Events) -> Result<(), Refused> {
    let application = agent.known(&wanted.application).await?;
    let record = application.glimpse();
    let newest = record.current.as_ref().map(|current| current.logs).unwrap_or_default();
    let mut logs = Vec::new();
    for process in record.deployments().flat_map(|deployment| &deployment.order.processes) {
        if wanted.process.as_ref().is_some_and(|name| *name != process.name) {
            continue;
        }
        for replica in 1..=process.replicas {
            for which in [newest, newest.other()] {
                let path = application.log(&process.name, replica, which);
                if !logs.iter().any(|log: &Log| log.path == path) {
                    logs.push(Log { process: process.name.clone(), replica, path, open: None, rest: Vec::new() });
                }
            }
        }
    }
    if logs.is_empty() {
        let what =
            wanted.process.as_ref().map_or_else(String::new, |name| format!(" as process `{}`", name.escape_debug()));
        let message = format!("`{}` has not run on this node{what}", wanted.application);
        return Err(Refused::new("no-log", message));
    }
    let mut last: BTreeMap<(&str, u32), Vec<String>> = BTreeMap::new();
    for log in &logs {
        let lines = last.entry((&log.process, log.replica)).or_default();
        // The newest log comes first here; what it lacks is of the release before.
        let wanted = wanted.lines.min(MOST).saturating_sub(lines.len());
        let mut earlier = last_lines(&log.path, wanted).unwrap_or_default();
        earlier.append(lines);
        *lines = earlier;
    }
    for ((process, replica), lines) in last {
        for text in lines {
            let _ = events.send(Event::Line { process: process.to_owned(), replica, text });
        }
    }
    if wanted.follow {
        for log in &mut logs {
            log.open_at_end().await;
        }
    }
    if !wanted.follow {
        return Ok(());
    }
    // Until the client hangs up, which drops this.
    loop {
        tokio::time::sleep(LOOK).await;
        for log in &mut logs {
            log.follow(events).await;
        }
    }
}

struct Log {
    process: String,
    replica: u32,
    path: PathBuf,
    /// The file, and its number in the file system.
    open: Option<(File, u64)>,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
}

impl Log {
    fn send(&self, text: String, events: &Events) {
        let _ = events.send(Event::Line { process: self.process.clone(), replica: self.replica, text });
    }

    async fn open_at_end(&mut self) {
        if let Ok(mut file) = File::open(&self.path).await
            && let Ok(metadata) = file.metadata().await
            && file.seek(SeekFrom::End(0)).await.is_ok()
        {
            self.open = Some((file, metadata.ino()));
        }
    }

    /// Sends the lines that came since; goes on with the next file where the log was rotated.
    async fn follow(&mut self, events: &Events) {
        self.drain(events).await;
        let there = tokio::fs::metadata(&self.path).await.map(|metadata| metadata.ino());
        let Ok(there) = there else { return };
        if self.open.as_ref().is_none_or(|(_, number)| *number != there) {
            // What was written between the last look and the rotation.
            self.drain(events).await;
            self.open = File::open(&self.path).await.ok().map(|file| (file, there));
            self.drain(events).await;
        }
    }

    async fn drain(&mut self, events: &Events) {
        let mut piece = vec![0; 16 << 10];
        while let Some((file, _)) = &mut self.open {
            let Ok(length @ 1..) = file.read(&mut piece).await else { break };
            self.rest.extend_from_slice(piece.get(..length).unwrap_or_default());
            while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned();
                self.send(line, events);
            }
            if self.rest.len() > LINE {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned();
                self.send(line, events);
            }
        }
    }
}
