//! A clock that every hit can afford to read. Out: nanoseconds since some time before the process, a few milliseconds behind at most.
//! Time that the machine sleeps does not pass.

use std::sync::atomic::{AtomicU64, Ordering};
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

/// A life a little shorter than it was said, never longer: what is computed together is not to end together.
pub(super) fn jittered(milliseconds: u64) -> Time {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanoseconds = milliseconds.saturating_mul(1_000_000);
    // Steps of the golden ratio spread evenly, however many there are.
    let step = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    nanoseconds - nanoseconds / 10 / 1_024 * step
}
