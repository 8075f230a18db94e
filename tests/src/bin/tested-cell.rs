//! `cargo cell` under a name of the tests' own: a test's package finds its own binaries only.

fn main() -> std::process::ExitCode {
    cargo_cell::main()
}
