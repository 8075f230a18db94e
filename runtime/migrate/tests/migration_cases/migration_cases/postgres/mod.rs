//! Cases of PostgreSQL: types and what stands on them, constraints with names, keys, what builds beside those who write.

mod enumerations;
mod keys;
mod objects;
mod types;
