//! The options that several commands share: Cell's own, and cargo's.

use std::ffi::OsString;
use std::path::PathBuf;

use cell_codegen::scan::Options;
use cell_schema::hazard::{Allowed, Consent, HazardKind};
use cell_syntax::suggest;
use clap::{Args, ValueEnum};

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// The environment, whose topology is `cell/topology.NAME.toml`
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(super) env: Option<String>,
    /// The `Cargo.toml` of the application or of its workspace
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub(super) manifest_path: Option<PathBuf>,
    /// The application's package, where the workspace has several applications
    #[arg(long, short, global = true, value_name = "NAME", help_heading = "Global options")]
    pub(super) package: Option<String>,
    /// Text for people, or a JSON object a line on standard output
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Global options")]
    pub(super) message_format: MessageFormat,
    /// When to use colours; `NO_COLOR` is honoured
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Global options")]
    pub(super) color: Color,
    /// Say only what is wrong, and what was asked for
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(super) quiet: bool,
}

/// How results and diagnostics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Text for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// What the arguments say before they are parsed: clap's own errors are coloured, too.
    pub(super) fn of_arguments(arguments: &[OsString]) -> Self {
        let mut chosen = Self::Auto;
        let mut rest =
            arguments.iter().filter_map(|argument| argument.to_str()).take_while(|argument| *argument != "--");
        while let Some(argument) = rest.next() {
            let value = match argument.strip_prefix("--color") {
                Some("") => rest.next(),
                Some(joined) => joined.strip_prefix('='),
                None => None,
            };
            chosen = value.and_then(|value| <Self as ValueEnum>::from_str(value, false).ok()).unwrap_or(chosen);
        }
        chosen
    }
}

/// Which application.
#[derive(Clone, Debug, Default)]
pub(crate) struct Application {
    pub(crate) manifest_path: Option<PathBuf>,
    pub(crate) package: Option<String>,
    /// The environment; the one without a name where none is given.
    pub(crate) environment: Option<String>,
}

/// Which application, and how it is built: cargo's own options.
#[derive(Clone, Debug, Args)]
pub(crate) struct Compile {
    #[arg(skip)]
    pub(crate) application: Application,
    /// Let a hazard happen to an object: `lossy-cast=shop.products.price`
    ///
    /// What could lose rows or values is refused until it is allowed by name. Where it was allowed for the migration that is
    /// open, it stays so.
    #[arg(long, value_name = "HAZARD=OBJECT", value_parser = allowed)]
    pub(crate) allow: Vec<Allowed>,
    /// Features to turn on, separated by commas or spaces
    #[arg(long, short = 'F', value_name = "FEATURES", help_heading = "Cargo options")]
    pub(crate) features: Vec<String>,
    /// Turn on all features
    #[arg(long, help_heading = "Cargo options")]
    pub(crate) all_features: bool,
    /// Leave the feature `default` off
    #[arg(long, help_heading = "Cargo options")]
    pub(crate) no_default_features: bool,
    /// The target triple to build for
    #[arg(long, value_name = "TRIPLE", help_heading = "Cargo options")]
    pub(crate) target: Option<String>,
    /// Build with optimizations: the profile `release`
    #[arg(long, short, conflicts_with = "profile", help_heading = "Cargo options")]
    pub(crate) release: bool,
    /// The profile to build with
    #[arg(long, value_name = "NAME", help_heading = "Cargo options")]
    pub(crate) profile: Option<String>,
    /// Fail where `Cargo.lock` would change
    #[arg(long, help_heading = "Cargo options")]
    pub(crate) locked: bool,
    /// Use no network
    #[arg(long, help_heading = "Cargo options")]
    pub(crate) offline: bool,
}

/// `lossy-cast=shop.products.price`
fn allowed(text: &str) -> Result<Allowed, String> {
    let Some((code, object)) = text.split_once('=').filter(|(_, object)| object.contains('.')) else {
        return Err("write a hazard and its object: `lossy-cast=shop.products.price`".to_owned());
    };
    let needed = |kind: &HazardKind| kind.consent() == Consent::Needed;
    match HazardKind::from_code(code).filter(needed) {
        Some(hazard) => Ok(Allowed { hazard, object: object.to_owned() }),
        None => {
            let known = HazardKind::ALL.into_iter().filter(needed).map(HazardKind::code);
            Err(format!("`{code}` is no hazard that can be allowed; {}", suggest::help(code, known)))
        }
    }
}

impl Compile {
    /// What the scan is asked for.
    pub(crate) fn scan(&self) -> Options {
        let manifest = self.application.manifest_path.clone().unwrap_or_else(nearest_manifest);
        let profile = match &self.profile {
            Some(profile) => profile.clone(),
            None if self.release => "release".to_owned(),
            None => "dev".to_owned(),
        };
        let words = |text: &String| {
            let words = text.split([',', ' ']).filter(|word| !word.is_empty());
            words.map(str::to_owned).collect::<Vec<_>>()
        };
        Options {
            package: self.application.package.clone(),
            features: self.features.iter().flat_map(words).collect(),
            all_features: self.all_features,
            no_default_features: self.no_default_features,
            target: self.target.clone(),
            profile,
            locked: self.locked,
            offline: self.offline,
            ..Options::new(manifest)
        }
    }
}

impl Compile {
    /// The same where what is built is to be deployed: optimized, unless a profile is named.
    pub(crate) fn scan_for_release(&self) -> Options {
        let profile = self.profile.clone().unwrap_or_else(|| "release".to_owned());
        Options { profile, ..self.scan() }
    }
}

/// The manifest in this folder or the nearest above it, as cargo looks for it. Where there is none, the error names this
/// folder's.
fn nearest_manifest() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.is_file());
    found.unwrap_or_else(|| PathBuf::from("Cargo.toml"))
}
