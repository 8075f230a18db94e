//! What the package promises, through its public interface. Its SQL meets real engines in `cell-migrate`.

mod bridge;
mod build;
mod codes;
mod diff;
mod expression;
mod feed;
mod history;
mod hostile;
mod laws;
mod names;
mod phases;
mod plan;
mod rebase;
mod refusal;
mod seal;
mod sql;
mod typing;
