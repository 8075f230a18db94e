//! What a machine can run, and what an executable needs.
//! In: this machine, an executable. Out: a [`Host`], a [`Requirement`], and whether one meets the other, in words that say what
//! to do. Absent: trying. A release that cannot run is refused before it is sent.

mod elf;
mod libc;

use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

pub use elf::{Requirement, RequirementError, requirement};
pub use libc::{Glibc, GlibcError, Libc};

/// What a machine runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The target that its Cell was built for. The C library it names may be another than the machine's.
    pub target: String,
    /// The C library of the machine; `static` where it has none that is known.
    pub libc: Libc,
}

/// Why a machine cannot run a release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another processor or operating system.
    #[error(
        "the release was built for `{release}`, but the machine is `{machine}`: build it with `--target {machine}`"
    )]
    Target {
        /// What it was built for.
        release: String,
        /// What the machine is.
        machine: String,
    },
    /// A glibc that is older than the one it was linked with.
    #[error(
        "the release needs glibc {release}, but the machine has {machine}: build it where glibc is no newer, or for \
         `{static_target}`, which needs none"
    )]
    Glibc {
        /// What it needs.
        release: Glibc,
        /// What the machine has.
        machine: String,
        /// A target that needs no C library.
        static_target: String,
    },
    /// A musl that is not there.
    #[error(
        "the release is linked with musl dynamically, but the machine has {machine}: build it with \
         `-C target-feature=+crt-static`"
    )]
    Musl {
        /// What the machine has.
        machine: String,
    },
}

impl Host {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        let target = env!("CELL_TARGET").to_owned();
        let libc = this_libc(arch(&target));
        Self { target, libc }
    }

    /// Whether a release that was built for `target` and needs `libc` runs here.
    ///
    /// # Errors
    /// It does not; the error names both sides and says what to do.
    pub fn runs(&self, target: &str, libc: &Libc) -> Result<(), Mismatch> {
        if arch(target) != arch(&self.target) || system(target) != system(&self.target) {
            return Err(Mismatch::Target { release: target.to_owned(), machine: self.target.clone() });
        }
        let machine = || self.libc.to_string();
        match (libc, &self.libc) {
            (Libc::Static, _) | (Libc::Musl, Libc::Musl) => Ok(()),
            (Libc::Gnu(needed), Libc::Gnu(present)) if needed <= present => Ok(()),
            (Libc::Gnu(needed), _) => Err(Mismatch::Glibc {
                release: *needed,
                machine: machine(),
                static_target: format!("{}-unknown-linux-musl", arch(target)),
            }),
            (Libc::Musl, _) => Err(Mismatch::Musl { machine: machine() }),
        }
    }
}

/// `x86_64` of `x86_64-unknown-linux-gnu`.
fn arch(target: &str) -> &str {
    target.split('-').next().unwrap_or_default()
}

/// `linux` of `x86_64-unknown-linux-gnu`: a machine runs more than the environment that its own programs were built for.
fn system(target: &str) -> Option<&str> {
    let mut parts = target.split('-').skip(1);
    let second = parts.next();
    // Some targets leave the vendor out: `wasm32-wasip1`.
    parts.next().or(second)
}

fn this_libc(arch: &str) -> Libc {
    if let Some(version) = getconf() {
        return Libc::Gnu(version);
    }
    // `getconf` may be missing where glibc is not.
    let places = [
        format!("/lib/{arch}-linux-gnu/libc.so.6"),
        "/lib64/libc.so.6".into(),
        "/usr/lib/libc.so.6".into(),
        "/lib/libc.so.6".into(),
    ];
    if let Some(version) = places.iter().find_map(|place| elf::provided(Path::new(place))) {
        return Libc::Gnu(version);
    }
    if Path::new(&format!("/lib/ld-musl-{arch}.so.1")).exists() { Libc::Musl } else { Libc::Static }
}

/// What `getconf GNU_LIBC_VERSION` says: `glibc 2.36`.
fn getconf() -> Option<Glibc> {
    let output =
        Command::new("getconf").arg("GNU_LIBC_VERSION").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = output.status.success().then_some(output.stdout)?;
    std::str::from_utf8(&text).ok()?.trim().strip_prefix("glibc ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::{Glibc, Host, Libc, elf, getconf};

    fn host(target: &str, libc: Libc) -> Host {
        Host { target: target.to_owned(), libc }
    }

    const GNU: &str = "x86_64-unknown-linux-gnu";
    const MUSL: &str = "x86_64-unknown-linux-musl";

    #[test]
    fn this_machine_runs_what_runs_here() {
        let this = Host::this();
        let own = std::env::current_exe().expect("a test is a program");
        let needed = super::requirement(&own).expect("an executable");
        assert_eq!(needed.arch, std::env::consts::ARCH);
        assert_eq!(this.runs(&this.target, &needed.libc), Ok(()));
        assert_eq!(this.runs(&this.target, &Libc::Static), Ok(()));
    }

    #[test]
    fn both_ways_to_find_glibc_agree() {
        // What this machine lacks cannot disagree: one of the two is enough.
        let place = format!("/lib/{}-linux-gnu/libc.so.6", std::env::consts::ARCH);
        let (asked, read) = (getconf(), elf::provided(place.as_ref()));
        assert!(asked.is_none() || read.is_none() || asked == read, "{asked:?} {read:?}");
        assert!(asked.is_some() || read.is_some() || !cfg!(target_env = "gnu"));
    }

    #[test]
    fn a_release_that_cannot_run_is_refused_with_both_sides_named() {
        let debian = host(GNU, Libc::Gnu(Glibc { major: 2, minor: 34 }));
        let needs = |minor| Libc::Gnu(Glibc { major: 2, minor });
        assert_eq!(debian.runs(GNU, &needs(34)), Ok(()));
        assert_eq!(debian.runs(MUSL, &Libc::Static), Ok(()));
        expect!["the release needs glibc 2.39, but the machine has glibc 2.34: build it where glibc is no newer, or for `x86_64-unknown-linux-musl`, which needs none"]
            .assert_eq(&debian.runs(GNU, &needs(39)).expect_err("refused").to_string());
        expect!["the release was built for `aarch64-unknown-linux-gnu`, but the machine is `x86_64-unknown-linux-gnu`: build it with `--target x86_64-unknown-linux-gnu`"]
            .assert_eq(&debian.runs("aarch64-unknown-linux-gnu", &needs(17)).expect_err("refused").to_string());
        expect!["the release was built for `x86_64-apple-darwin`, but the machine is `x86_64-unknown-linux-gnu`: build it with `--target x86_64-unknown-linux-gnu`"]
            .assert_eq(&debian.runs("x86_64-apple-darwin", &Libc::Static).expect_err("refused").to_string());
        expect!["the release is linked with musl dynamically, but the machine has glibc 2.34: build it with `-C target-feature=+crt-static`"]
            .assert_eq(&debian.runs(MUSL, &Libc::Musl).expect_err("refused").to_string());
        // A Cell without a C library of its own runs on a machine that has one.
        let own_static = host(MUSL, needs(34));
        assert_eq!(own_static.runs(GNU, &needs(31)), Ok(()));
        expect!["the release needs glibc 2.31, but the machine has musl: build it where glibc is no newer, or for `x86_64-unknown-linux-musl`, which needs none"]
            .assert_eq(&host(MUSL, Libc::Musl).runs(GNU, &needs(31)).expect_err("refused").to_string());
    }
}
