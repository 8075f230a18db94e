//! Which features this build of one application enables in each package, and which dependencies it has thereby.
//! Cargo's metadata answers for the whole workspace at once, where another member may enable a feature that this build does
//! not have. So the rules are applied here, on the graph that cargo resolved, from the application on.
//! Absent: build scripts, procedural macros and tests, which are built for themselves.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Dependency, DependencyKind, Metadata, Node, NodeDep, Package, PackageId};

use super::Options;

/// What is built.
pub(super) struct Features<'a> {
    packages: BTreeMap<&'a PackageId, &'a Package>,
    nodes: BTreeMap<&'a PackageId, &'a Node>,
    enabled: BTreeMap<&'a PackageId, BTreeSet<String>>,
    /// For each package, the crates it can name.
    edges: BTreeMap<&'a PackageId, BTreeMap<&'a str, &'a PackageId>>,
    /// For each package, its dependencies that are built, as it calls them.
    active: BTreeSet<(&'a PackageId, &'a str)>,
    /// `dependency?/feature`: asked for should the dependency be built.
    weak: Vec<(&'a PackageId, String, String)>,
}

impl<'a> Features<'a> {
    /// What is built for an application.
    pub(super) fn resolve(metadata: &'a Metadata, application: &'a Package, options: &Options) -> Self {
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let mut features = Self {
            packages: metadata.packages.iter().map(|package| (&package.id, package)).collect(),
            nodes: nodes.map(|node| (&node.id, node)).collect(),
            enabled: BTreeMap::new(),
            edges: BTreeMap::new(),
            active: BTreeSet::new(),
            weak: Vec::new(),
        };
        features.add(application);
        if options.all_features {
            for feature in application.features.keys() {
                features.enable(application, feature);
            }
        } else if !options.no_default_features {
            features.enable(application, "default");
        }
        for feature in options.features.iter().flat_map(|list| list.split([',', ' '])) {
            // `package/feature` names the application, or a dependency of it, which `value` understands.
            let own = format!("{}/", application.name);
            let feature = feature.strip_prefix(&own).unwrap_or(feature);
            features.value(application, feature);
        }
        features
    }

    /// The features of a package, sorted.
    pub(super) fn of(&self, package: &PackageId) -> Vec<String> {
        self.enabled.get(package).map(|features| features.iter().cloned().collect()).unwrap_or_default()
    }

    /// The crates that a package can name.
    pub(super) fn crates(&self, package: &PackageId) -> impl Iterator<Item = (&'a str, &'a Package)> {
        self.edges.get(package).into_iter().flatten().filter_map(|(name, id)| Some((*name, *self.packages.get(*id)?)))
    }

    /// Builds a package, with the dependencies that are not optional.
    fn add(&mut self, package: &'a Package) {
        if self.enabled.contains_key(&package.id) {
            return;
        }
        self.enabled.insert(&package.id, BTreeSet::new());
        self.edges.insert(&package.id, BTreeMap::new());
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.optional) {
            self.activate(package, dependency);
        }
    }

    fn activate(&mut self, package: &'a Package, dependency: &'a Dependency) {
        if dependency.kind != DependencyKind::Normal {
            return;
        }
        let Some((edge, target)) = self.target(package, dependency) else { return };
        let first = self.active.insert((&package.id, known_as(dependency)));
        if let Some(edges) = self.edges.get_mut(&package.id) {
            edges.insert(&edge.name, &target.id);
        }
        self.add(target);
        if dependency.uses_default_features {
            self.enable(target, "default");
        }
        for feature in &dependency.features {
            self.enable(target, feature);
        }
        if first {
            let waiting: Vec<String> = self
                .weak
                .iter()
                .filter(|(id, name, _)| **id == package.id && *name == known_as(dependency))
                .map(|(_, _, feature)| feature.clone())
                .collect();
            for feature in waiting {
                self.enable(target, &feature);
            }
        }
    }

    /// The package that a dependency resolved to. There is none where it is for another platform.
    fn target(&self, package: &Package, dependency: &Dependency) -> Option<(&'a NodeDep, &'a Package)> {
        let node: &'a Node = self.nodes.get(&package.id)?;
        let renamed = dependency.rename.as_ref().map(|rename| rename.replace('-', "_"));
        node.deps.iter().find_map(|edge| {
            let target: &'a Package = self.packages.get(&edge.pkg)?;
            let kind = edge
                .dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal && kind.target == dependency.target);
            (kind
                && target.name.as_str() == dependency.name
                && renamed.as_ref().is_none_or(|name| *name == edge.name)
                && (dependency.req.matches(&target.version) || dependency.path.is_some()))
            .then_some((edge, target))
        })
    }

    fn enable(&mut self, package: &'a Package, feature: &str) {
        let Some((_, values)) = package.features.get_key_value(feature) else { return };
        let new = self.enabled.get_mut(&package.id).is_some_and(|enabled| enabled.insert(feature.to_owned()));
        if new {
            for value in values {
                self.value(package, value);
            }
        }
    }

    /// What one entry of a feature's list says.
    fn value(&mut self, package: &'a Package, value: &str) {
        if let Some(name) = value.strip_prefix("dep:") {
            self.activate_by_name(package, name);
        } else if let Some((name, feature)) = value.split_once("?/") {
            self.weak.push((&package.id, name.to_owned(), feature.to_owned()));
            if self.active.contains(&(&package.id, name)) {
                self.enable_in(package, name, feature);
            }
        } else if let Some((name, feature)) = value.split_once('/') {
            self.activate_by_name(package, name);
            self.enable(package, name);
            self.enable_in(package, name, feature);
        } else {
            self.enable(package, value);
        }
    }

    fn activate_by_name(&mut self, package: &'a Package, name: &str) {
        for dependency in package.dependencies.iter().filter(|dependency| known_as(dependency) == name) {
            self.activate(package, dependency);
        }
    }

    fn enable_in(&mut self, package: &'a Package, name: &str, feature: &str) {
        for dependency in package.dependencies.iter().filter(|dependency| known_as(dependency) == name) {
            if dependency.kind == DependencyKind::Normal
                && let Some((_, target)) = self.target(package, dependency)
            {
                self.enable(target, feature);
            }
        }
    }
}

/// What a dependency is called in its manifest.
fn known_as(dependency: &Dependency) -> &str {
    dependency.rename.as_deref().unwrap_or(&dependency.name)
}
