//! Finds the processes that an earlier supervisor left running, by the token in their environment.
//! In: tokens. Out: for each, the process that leads its group, held so that no other can take its place. What is left of an
//! instance whose leader has ended is killed. Absent: systems without `/proc`, where nothing is found.

use std::collections::BTreeMap;

#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
#[cfg(target_os = "linux")]
use std::{fs, io};

#[cfg(target_os = "linux")]
use cell_manifest::supervision::INSTANCE;
#[cfg(target_os = "linux")]
use rustix::process::{Pid, PidfdFlags, Signal, getpgid, pidfd_open, pidfd_send_signal};

use super::process::Process;
use super::record::Token;

/// The processes that run for these tokens.
#[cfg(target_os = "linux")]
pub(super) fn find(tokens: &[Token]) -> BTreeMap<Token, Process> {
    let mut leaders: BTreeMap<Token, (u64, Pid, OwnedFd)> = BTreeMap::new();
    let mut others = Vec::new();
    if tokens.is_empty() {
        return BTreeMap::new();
    }
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        // Held before it is looked at: what is read is then of the process that is held, or of none.
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        let Some(token) = token_of(pid).ok().flatten().filter(|token| tokens.contains(token)) else { continue };
        let leads = getpgid(Some(pid)).is_ok_and(|group| group == pid);
        if !leads {
            others.push((token, handle));
            continue;
        }
        // A child that leads a group of its own has the token, too, and was started later.
        let started = started(pid).unwrap_or(u64::MAX);
        if leaders.get(&token).is_some_and(|(first, _, _)| *first <= started) {
            continue;
        }
        leaders.insert(token, (started, pid, handle));
    }
    let mut found = BTreeMap::new();
    for (token, (_, pid, handle)) in leaders {
        match Process::adopt(pid, handle) {
            Ok(process) => drop(found.insert(token, process)),
            Err(error) => tracing::error!("the process {} cannot be adopted: {error}", pid.as_raw_pid()),
        }
    }
    for (token, handle) in others {
        if !found.contains_key(&token) {
            let _ = pidfd_send_signal(&handle, Signal::KILL);
        }
    }
    found
}

/// When a process was started, in the system's ticks since its own start.
#[cfg(target_os = "linux")]
fn started(pid: Pid) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    // The name before it may hold anything, but for what follows its last bracket.
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

/// The processes that run for these tokens: here, none is found.
#[cfg(not(target_os = "linux"))]
pub(super) fn find(_: &[Token]) -> BTreeMap<Token, Process> {
    BTreeMap::new()
}

/// The token in a process's environment, which one that has ended has no more, and other users' do not show.
#[cfg(target_os = "linux")]
fn token_of(pid: Pid) -> io::Result<Option<Token>> {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_pid()))?;
    Ok(environment
        .split(|byte| *byte == 0)
        .filter_map(|variable| std::str::from_utf8(variable).ok())
        .filter_map(|variable| variable.strip_prefix(INSTANCE)?.strip_prefix('='))
        .find_map(Token::parse))
}
