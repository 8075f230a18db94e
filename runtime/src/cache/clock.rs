//! A clock that every hit can afford to read. Out: nanoseconds since some time before the process, a few milliseconds behind at most.
//! Time that the machine sleeps does not pass.

use std::time::Duration;

/// A point in time, in nanoseconds.
pub(super) type Time = u64;

/// Never.
pub(super) const NEVER: Time = Time::MAX;

/// Now.
#[cfg(target_os = "linux")]
pub(super) fn now() -> Time {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(now.tv_nsec).unwrap_or_default())
}

/// Now.
#[cfg(not(target_os = "linux"))]
pub(super) fn now() -> Time {
    use std::sync::OnceLock;
    use std::time::Instant;

    static BEGUN: OnceLock<Instant> = OnceLock::new();
    // Zero is before the process.
    1 + nanoseconds(BEGUN.get_or_init(Instant::now).elapsed())
}

/// So many nanoseconds.
pub(super) fn nanoseconds(duration: Duration) -> Time {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER)
}
