//! What the guard is made of. The models of its threads put others in their place (`tests/guard.rs`).

pub(super) use std::sync::Mutex;
pub(super) use std::sync::atomic::{AtomicU64, Ordering};
