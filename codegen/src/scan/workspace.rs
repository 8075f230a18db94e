//! What cargo and rustc say: packages, how they depend on each other, and the `cfg` of the target.
//! In: the options. Out: cargo's metadata and a [`Cfg`]. Absent: sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};

use super::cfg::Cfg;
use super::{Options, ScanError};

/// The package that is the runtime, whatever a dependency on it is called.
const RUNTIME_PACKAGE: &str = "cell-runtime";

/// A workspace and the build that is asked for.
pub(super) struct Workspace {
    pub(super) metadata: Metadata,
    /// Of the target and the profile, without features.
    pub(super) cfg: Cfg,
}

impl Workspace {
    pub(super) fn load(options: &Options) -> Result<Self, ScanError> {
        let manifest = std::path::absolute(&options.manifest_path).unwrap_or_else(|_| options.manifest_path.clone());
        if !manifest.is_file() {
            return Err(ScanError::Manifest(options.manifest_path.clone()));
        }
        let (host, mut cfg) = ask_rustc(options.target.as_deref())?;
        let metadata = ask_cargo(&manifest, options, options.target.as_deref().unwrap_or(&host))?;
        let root = metadata.workspace_root.join("Cargo.toml");
        let profile = Profile::read(root.as_std_path(), &options.profile);
        cfg.set("debug_assertions", profile.debug_assertions);
        if profile.panic_aborts {
            cfg.set_only_value("panic", "abort");
        }
        Ok(Self { metadata, cfg })
    }

    /// The workspace's own manifest.
    pub(super) fn manifest(&self) -> PathBuf {
        self.metadata.workspace_root.join("Cargo.toml").into_std_path_buf()
    }
}

/// Whether a package is Cell's runtime.
pub(super) fn is_runtime(package: &Package) -> bool {
    package.name.as_str() == RUNTIME_PACKAGE
}

/// The host's triple, and the `cfg` of the target.
fn ask_rustc(target: Option<&str>) -> Result<(String, Cfg), ScanError> {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.args(["--print", "host-tuple", "--print", "cfg"]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    // As cargo does: flags may set a `cfg`.
    match (std::env::var("CARGO_ENCODED_RUSTFLAGS"), std::env::var("RUSTFLAGS")) {
        (Ok(flags), _) if !flags.is_empty() => command.args(flags.split('\u{1f}')),
        (_, Ok(flags)) => command.args(flags.split_whitespace()),
        _ => &mut command,
    };
    let output = command.output().map_err(|error| ScanError::Rustc(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.split_once('\n') {
        Some((host, cfg)) if output.status.success() => Ok((host.trim().to_owned(), Cfg::parse(cfg))),
        _ => Err(ScanError::Rustc(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}

fn ask_cargo(manifest: &Path, options: &Options, platform: &str) -> Result<Metadata, ScanError> {
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest);
    if options.all_features {
        command.features(CargoOpt::AllFeatures);
    }
    if options.no_default_features {
        command.features(CargoOpt::NoDefaultFeatures);
    }
    if !options.features.is_empty() {
        command.features(CargoOpt::SomeFeatures(options.features.clone()));
    }
    let mut others = vec!["--filter-platform".to_owned(), platform.to_owned()];
    others.extend(options.locked.then(|| "--locked".to_owned()));
    others.extend(options.offline.then(|| "--offline".to_owned()));
    command.other_options(others);
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::CargoMetadata { stderr } => ScanError::Metadata(stderr.trim().to_owned()),
        other => ScanError::Metadata(other.to_string()),
    })
}

/// What a profile sets that a `cfg` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Profile {
    debug_assertions: bool,
    panic_aborts: bool,
}

impl Profile {
    fn read(manifest: &Path, name: &str) -> Self {
        let text = std::fs::read_to_string(manifest).unwrap_or_default();
        Self::find(&text, name)
    }

    /// Follows `inherits` to what cargo has built in. A profile that is not there is cargo's to refuse.
    fn find(manifest: &str, name: &str) -> Self {
        let document: toml_edit::DocumentMut = manifest.parse().unwrap_or_default();
        let mut debug_assertions = None;
        let mut panic_aborts = None;
        let mut name = if name == "debug" { "dev".to_owned() } else { name.to_owned() };
        // Each profile is passed at most once; a circle is cargo's to refuse, too.
        for _ in 0..16 {
            let profile = document.get("profile").and_then(|profiles| profiles.get(&name));
            let value = |key| profile.and_then(|profile| profile.get(key));
            debug_assertions = debug_assertions.or_else(|| value("debug-assertions")?.as_bool());
            panic_aborts = panic_aborts.or_else(|| Some(value("panic")?.as_str()? == "abort"));
            name = match (name.as_str(), value("inherits").and_then(|parent| parent.as_str())) {
                ("dev" | "release", _) => break,
                ("test", _) => "dev".to_owned(),
                ("bench", _) => "release".to_owned(),
                (_, Some(parent)) => parent.to_owned(),
                (_, None) => break,
            };
        }
        Self {
            debug_assertions: debug_assertions.unwrap_or(name == "dev"),
            panic_aborts: panic_aborts.unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;

    #[test]
    fn a_profile_inherits_what_it_does_not_say() {
        let manifest = r#"
            [profile.release]
            panic = "abort"
            [profile.careful]
            inherits = "release"
            debug-assertions = true
            [profile.circle]
            inherits = "circle"
        "#;
        let profile = |name| {
            let profile = Profile::find(manifest, name);
            (profile.debug_assertions, profile.panic_aborts)
        };
        assert_eq!(profile("dev"), (true, false));
        assert_eq!(profile("release"), (false, true));
        assert_eq!(profile("careful"), (true, true));
        assert_eq!(profile("circle"), (false, false));
    }
}
