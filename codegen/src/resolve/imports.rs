//! Completes every scope with what its `use` declarations bring in.
//! Each round resolves every import anew against the scopes of the round before, until nothing changes: so neither the order
//! of imports nor a circle of them matters, and a name that appears late takes back what was found without it.

use super::external;
use super::lookup::Lookup;
use crate::program::names::{Definition, Entry, Names, Namespace, Origin, Scope, Visibility};
use crate::program::{Crate, Module, ModuleId};

/// Completes the scopes. `items`: the scopes without what imports bring.
pub(crate) fn complete(modules: &[Module], crates: &[Crate], names: &mut Names, items: &[Scope]) {
    // A chain of re-exports gains at least one link a round. The limit ends what would swing for ever, which rustc refuses.
    for _ in 0..names.imports.len() + 2 {
        let next = round(modules, crates, names, items.to_vec());
        if next == names.scopes {
            break;
        }
        names.scopes = next;
    }
}

fn round(modules: &[Module], crates: &[Crate], names: &Names, mut next: Vec<Scope>) -> Vec<Scope> {
    for (index, import) in names.imports.iter().enumerate() {
        let lookup = Lookup { modules, crates, names, ignored: Some(index) };
        match &import.name {
            Some(name) => {
                for namespace in Namespace::ALL {
                    if import.only_types && namespace != Namespace::Type {
                        continue;
                    }
                    let found = lookup.path(import.module, namespace, import.absolute, &import.path);
                    if let Some(definition) = found {
                        let entry = Entry { definition, visibility: import.visibility, origin: Origin::Import(index) };
                        insert(&mut next[import.module.0], namespace, name, entry);
                    }
                }
            }
            None => {
                let target = lookup.path(import.module, Namespace::Type, import.absolute, &import.path);
                for (namespace, name, definition) in glob(modules, names, import.module, target.as_ref()) {
                    let entry = Entry { definition, visibility: import.visibility, origin: Origin::Glob };
                    insert(&mut next[import.module.0], namespace, &name, entry);
                }
            }
        }
    }
    next
}

/// What a glob brings into a module.
fn glob(
    modules: &[Module],
    names: &Names,
    into: ModuleId,
    target: Option<&Definition>,
) -> Vec<(Namespace, String, Definition)> {
    match target {
        Some(Definition::Module(target)) if *target != into => names.scopes[target.0]
            .entries
            .iter()
            .filter(|(_, entry)| visible(modules, into, entry.visibility))
            .map(|((namespace, name), entry)| (*namespace, name.clone(), entry.definition.clone()))
            .collect(),
        Some(Definition::External(path)) => external::glob(path)
            .into_iter()
            .map(|(namespace, name, path)| (namespace, name, Definition::External(path)))
            .collect(),
        _ => Vec::new(),
    }
}

fn visible(modules: &[Module], from: ModuleId, visibility: Visibility) -> bool {
    match visibility {
        Visibility::Public => true,
        Visibility::Within(within) => {
            let mut module = Some(from);
            while let Some(here) = module {
                if here == within {
                    return true;
                }
                module = modules[here.0].parent;
            }
            false
        }
    }
}

fn insert(scope: &mut Scope, namespace: Namespace, name: &str, entry: Entry) {
    let key = (namespace, name.to_owned());
    let Some(present) = scope.entries.get_mut(&key) else {
        scope.entries.insert(key, entry);
        return;
    };
    match (present.origin, entry.origin) {
        (Origin::Item, _) | (Origin::Import(_), Origin::Glob) => {}
        (Origin::Glob, Origin::Glob) => {
            if present.definition == entry.definition {
                if entry.visibility == Visibility::Public {
                    present.visibility = Visibility::Public;
                }
            } else {
                present.definition = Definition::Ambiguous;
            }
        }
        // A foreign name counts in every namespace, since its own is not known: what is known goes first.
        (Origin::Import(_), Origin::Import(_)) => {
            if matches!(present.definition, Definition::External(_))
                && !matches!(entry.definition, Definition::External(_))
            {
                *present = entry;
            }
        }
        (Origin::Glob, _) | (Origin::Import(_), Origin::Item) => *present = entry,
    }
}
