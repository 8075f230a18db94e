//! Cases of PostgreSQL.
