//! Hands the name of the target on to `host`. In: cargo's environment. Out: `CELL_TARGET`.

fn main() {
    // Cargo sets it for every build script.
    if let Ok(target) = std::env::var("TARGET") {
        println!("cargo::rustc-env=CELL_TARGET={target}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
