//! The scan on small applications: which declarations it finds, and what it says about sources that are wrong.

mod applications;
mod bad_input;
mod caches;
mod fixture;
mod names;
mod records;
