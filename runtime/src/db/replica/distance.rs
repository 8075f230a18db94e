//! How far away a server is: the shortest time to it and back of late. An answer that took longer waited for something else.

use std::time::Duration;

use tokio::time::Instant;

/// After so long a time is forgotten, or up to twice as long.
const MEMORY: Duration = Duration::from_secs(2);

/// The time to a server and back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Distance {
    /// The shortest of this period, which began then.
    now: Option<(Instant, Duration)>,
    /// That of the period before.
    before: Option<Duration>,
}

impl Distance {
    pub(super) fn note(&mut self, took: Duration) {
        self.now = match self.now {
            Some((begun, shortest)) if begun.elapsed() < MEMORY => Some((begun, shortest.min(took))),
            last => {
                self.before = last.map(|(_, shortest)| shortest);
                Some((Instant::now(), took))
            }
        };
    }

    pub(super) fn get(self) -> Option<Duration> {
        let now = self.now.map(|(_, shortest)| shortest);
        now.into_iter().chain(self.before).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_shortest_time_of_late_counts() {
        let (near, far) = (Duration::from_millis(1), Duration::from_millis(50));
        let mut distance = Distance::default();
        assert_eq!(distance.get(), None);
        distance.note(far);
        distance.note(near);
        distance.note(far);
        assert_eq!(distance.get(), Some(near), "one that took longer says nothing");
        tokio::time::advance(MEMORY).await;
        distance.note(far);
        assert_eq!(distance.get(), Some(near));
        tokio::time::advance(MEMORY).await;
        distance.note(far);
        assert_eq!(distance.get(), Some(far), "it is further away by now");
        distance.note(near);
        assert_eq!(distance.get(), Some(near));
    }
}
