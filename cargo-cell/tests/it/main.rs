//! The command as people and CI jobs call it: real processes, real folders, real signals.

mod application;
mod caches;
mod check;
mod fixture;
mod hazards;
mod release;
mod supervise;
mod usage;
