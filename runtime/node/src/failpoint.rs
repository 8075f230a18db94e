//! Places where a test has this process die, as if by SIGKILL or a loss of power. In: a place's name.
//! Absent, unless the feature `failpoints` is on: everything.

/// Dies here where the environment variable `CELL_FAILPOINT` names this place.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(place: &str) {
    use rustix::process::{Signal, getpid, kill_process};
    if std::env::var_os("CELL_FAILPOINT").is_some_and(|wanted| wanted == place) {
        // Nothing is tidied up, no destructor runs.
        let _ = kill_process(getpid(), Signal::KILL);
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn reach(_place: &str) {}
