//! One process, every cell: `cargo cell run` starts it.

// The cells register at link time, so the library must be linked.
use catalog as _;

cell::main!();
