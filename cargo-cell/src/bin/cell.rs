//! `cell …`, the same as `cargo cell …`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_cell::main()
}
