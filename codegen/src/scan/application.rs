//! Which binary is the application. In: the workspace and the options. Out: its package and target, or what is wrong.
//! A package is an application by its `cell::main!()`, not by its name or a setting.

use std::path::Path;

use cargo_metadata::{Package, Target, TargetKind};
use cell_syntax::diagnostic::Diagnostic;
use cell_syntax::suggest;
use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::Options;
use super::features::Features;
use super::read::place;
use super::sources::Sources;
use super::workspace::{Workspace, is_runtime};
use crate::program::FileId;

/// The application.
pub(super) struct Application<'a> {
    pub(super) package: &'a Package,
    pub(super) target: &'a Target,
    pub(super) features: Features<'a>,
}

/// A binary with a `cell::main!()`.
struct Found<'a> {
    package: &'a Package,
    target: &'a Target,
    file: FileId,
    span: Span,
}

/// Finds the application. Where there is none, or more than one, that is reported.
pub(super) fn find<'a>(workspace: &'a Workspace, options: &Options, sources: &mut Sources) -> Option<Application<'a>> {
    let metadata = &workspace.metadata;
    let mut members = metadata.workspace_packages();
    members.sort_by(|first, second| first.name.cmp(&second.name));
    let chosen = match &options.package {
        Some(name) => match members.iter().find(|package| package.name.as_str() == name) {
            Some(package) => vec![*package],
            None => {
                let names: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
                let message = format!("this workspace has no package `{name}`");
                report(sources, &workspace.manifest(), "no-application", &message, &suggest_package(name, &names));
                return None;
            }
        },
        None => metadata.root_package().map_or_else(|| members.clone(), |package| vec![package]),
    };
    let mut found = search(workspace, options, sources, &chosen);
    let root_of_workspace =
        chosen.iter().all(|package| package.manifest_path.as_std_path() == workspace.manifest().as_path());
    if found.is_empty() && options.package.is_none() && root_of_workspace {
        // The package beside `[workspace]` is often only a library; then the workspace is meant.
        found = search(workspace, options, sources, &members);
    }
    // A root that does not parse hides what it is, and its own diagnostic says more.
    if found.is_empty() && !sources.diagnostics.is_empty() {
        return None;
    }
    match found.as_slice() {
        [] => {
            let (manifest, what) = match chosen.as_slice() {
                [package] => (package.manifest_path.as_std_path().to_path_buf(), format!("`{}`", package.name)),
                _ => (workspace.manifest(), "this workspace".to_owned()),
            };
            let message = format!("{what} is no application: no binary has a `cell::main!()`");
            let help =
                "write `cell::main!();` in `src/main.rs` in place of `fn main`, or name another package with `-p`";
            report(sources, &manifest, "no-application", &message, help);
            None
        }
        [only] => {
            let features = Features::resolve(metadata, only.package, options);
            Some(Application { package: only.package, target: only.target, features })
        }
        [first, second, ..] => {
            let diagnostic = if first.package.id == second.package.id {
                let message = format!("`{}` has more than one binary with `cell::main!()`", first.package.name);
                Diagnostic::new("several-applications", second.span, message)
                    .label(format!("`{}` has one, as has `{}`", second.target.name, first.target.name))
                    .help("move all but one to packages of their own: an application is one binary")
            } else {
                let names: Vec<&str> = found.iter().map(|found| found.package.name.as_str()).collect();
                let message = format!("this workspace has more than one application: {}", suggest::list(&names));
                Diagnostic::new("several-applications", second.span, message)
                    .help(format!("choose one with `-p`, such as `-p {}`", first.package.name))
            };
            sources.report(second.file, diagnostic);
            None
        }
    }
}

fn suggest_package(name: &str, names: &[&str]) -> String {
    match suggest::nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its packages are {}", suggest::list(names)),
    }
}

fn report(sources: &mut Sources, manifest: &Path, code: &'static str, message: &str, help: &str) {
    if let Ok(file) = sources.open(manifest) {
        let text = &sources.files[file.0].text;
        let span = ["[package]", "[workspace]"]
            .iter()
            .find_map(|table| text.find(table).map(|at| place(at, table.len())))
            .unwrap_or_else(Span::call_site);
        sources.report(file, Diagnostic::new(code, span, message).help(help));
    }
}

/// The binaries of these packages that have a `cell::main!()`.
fn search<'a>(
    workspace: &'a Workspace,
    options: &Options,
    sources: &mut Sources,
    packages: &[&'a Package],
) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for package in packages.iter().filter(|package| !is_runtime(package)) {
        let mut features = None;
        let mut binaries: Vec<&Target> =
            package.targets.iter().filter(|target| target.is_kind(TargetKind::Bin)).collect();
        binaries.sort_by(|first, second| first.name.cmp(&second.name));
        for target in binaries {
            let Ok(file) = sources.open(target.src_path.as_std_path()) else { continue };
            if !sources.files[file.0].text.contains("main") {
                continue;
            }
            let features = features.get_or_insert_with(|| Features::resolve(&workspace.metadata, package, options));
            let enabled = features.of(&package.id);
            if !target.required_features.iter().all(|required| enabled.contains(required)) {
                continue;
            }
            let tree = match sources.tree(file) {
                Ok(tree) => tree,
                Err(diagnostic) => {
                    sources.report(file, *diagnostic);
                    continue;
                }
            };
            let cfg = workspace.cfg.with_features(&enabled);
            let foreign = |name: &str| {
                features
                    .crates(&package.id)
                    .any(|(known, krate)| known == name && !is_runtime(krate) && krate.source.is_some())
            };
            for item in &tree.items {
                if let syn::Item::Macro(item) = item
                    && is_main(item, &foreign)
                    && cfg.unfold(&item.attrs).presence.holds()
                {
                    found.push(Found { package, target, file, span: item.mac.path.span() });
                }
            }
        }
    }
    found
}

/// Whether an item is `cell::main!()`, also where the runtime was renamed or a package of the workspace passes it on.
fn is_main(item: &syn::ItemMacro, foreign: &impl Fn(&str) -> bool) -> bool {
    let segments: Vec<String> = item.mac.path.segments.iter().map(|part| part.ident.unraw().to_string()).collect();
    item.mac.tokens.is_empty()
        && segments.last().is_some_and(|last| last == "main")
        && !(segments.len() > 1 && segments.first().is_some_and(|first| foreign(first)))
}
