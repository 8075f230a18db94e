//! What servers are asked of their logs, and what they have in common. Absent: what follows from it (see [`crate::db::replica`]).

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
