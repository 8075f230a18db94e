//! Places in a primary's log. What was committed before one, every server that has replayed so far shows.
//! In: what servers say of their logs. Out: numbers that compare. Absent: logs themselves.

use tokio::sync::watch;

/// A place in a primary's log, in bytes from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(pub(crate) i64);

/// Where a primary is: behind everything whose commit was told to anybody before this is asked. What commits without waiting
/// for the disk is told of before it is flushed; the setting is that of this connection.
pub(crate) const OF_PRIMARY: &str = "SELECT (CASE WHEN current_setting('synchronous_commit') = 'off' \
     THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::bigint";

/// Whether a server follows another, how far it is, and when it was started.
pub(crate) const OF_REPLICA: &str = "SELECT pg_is_in_recovery(), \
     coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0), \
     (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint";

/// What a primary and its replicas have in common, and no other server has.
pub(crate) const IDENTITY: &str = "SELECT system_identifier FROM pg_control_system()";

/// The position of a write, which is asked for once the write is done and known a little later.
#[derive(Clone, Debug)]
pub(crate) struct Mark(watch::Receiver<Told>);

/// What is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Asked,
    At(Position),
    /// Nobody can say yet.
    Unknown,
}

impl Mark {
    /// One that is asked for, and where to say it.
    pub(crate) fn asked() -> (watch::Sender<Told>, Self) {
        let (tell, told) = watch::channel(Told::Asked);
        (tell, Self(told))
    }

    /// Whether the answer is on its way.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow() == Told::Asked
    }

    /// The position, as soon as it is known; nothing where nobody can say.
    pub(crate) async fn position(&self) -> Option<Position> {
        let mut told = self.0.clone();
        let told = told.wait_for(|told| *told != Told::Asked).await.ok()?;
        match *told {
            Told::At(position) => Some(position),
            Told::Asked | Told::Unknown => None,
        }
    }
}
