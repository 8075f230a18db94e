//! What is known of the crates that are not scanned: the runtime's names, the prelude, and where a type is re-exported from.
//! Any other foreign name counts as it is written. Absent: reading those crates.

use cell_syntax::Attribute;

use crate::program::names::Namespace;

/// The runtime's library name, which its canonical paths begin with whatever it is imported as.
pub(crate) const RUNTIME: &str = "cell";

/// The crates whose types the runtime re-exports at its root, and which.
const REEXPORTED: [(&str, &[&str]); 3] =
    [("chrono", &["DateTime", "NaiveDate", "NaiveTime", "Utc"]), ("rust_decimal", &["Decimal"]), ("uuid", &["Uuid"])];

/// The runtime's own types, which its prelude has too.
const TYPES: [&str; 15] = [
    "CallError",
    "Config",
    "Context",
    "Cursor",
    "DataError",
    "Error",
    "Fault",
    "Has",
    "Html",
    "Json",
    "Result",
    "Secret",
    "Synapse",
    "Table",
    "Tx",
];

/// The runtime's other macros.
const MACROS: [&str; 3] = ["dec", "main", "sql"];

/// The names that are in scope everywhere, by what they stand for.
const PRELUDE: [(&str, &str); 8] = [
    ("Box", "std::boxed::Box"),
    ("Option", "std::option::Option"),
    ("Result", "std::result::Result"),
    ("String", "std::string::String"),
    ("ToString", "std::string::ToString"),
    ("Vec", "std::vec::Vec"),
    ("From", "std::convert::From"),
    ("Into", "std::convert::Into"),
];

const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8",
    "usize",
];

/// Modules that hold what is also, and better known, one or two levels up.
const INNER: [(&str, &str); 16] = [
    ("std::collections::binary_heap", "std::collections"),
    ("std::collections::btree_map", "std::collections"),
    ("std::collections::btree_set", "std::collections"),
    ("std::collections::hash_map", "std::collections"),
    ("std::collections::hash_set", "std::collections"),
    ("std::collections::linked_list", "std::collections"),
    ("std::collections::vec_deque", "std::collections"),
    ("chrono::naive", "chrono"),
    ("chrono::offset", "chrono"),
    ("chrono::prelude", "chrono"),
    ("rust_decimal::prelude", "rust_decimal"),
    ("serde_json::value", "serde_json"),
    ("cell::chrono", "chrono"),
    ("cell::rust_decimal", "rust_decimal"),
    ("cell::uuid", "uuid"),
    ("cell::prelude", "cell"),
];

/// What the globs of foreign modules bring, as far as a schema or a message may name it.
const GLOBS: [(&str, &[&str]); 4] = [
    ("chrono", &["DateTime", "Duration", "Local", "NaiveDate", "NaiveDateTime", "NaiveTime", "TimeDelta", "Utc"]),
    ("rust_decimal", &["Decimal"]),
    ("std::collections", &["BTreeMap", "BTreeSet", "BinaryHeap", "HashMap", "HashSet", "LinkedList", "VecDeque"]),
    ("uuid", &["Uuid"]),
];

/// The meaning of a name that every module has.
pub(super) fn prelude(name: &str) -> Option<String> {
    if PRIMITIVES.contains(&name) {
        return Some(name.to_owned());
    }
    PRELUDE.iter().find(|(known, _)| *known == name).map(|(_, path)| (*path).to_owned())
}

/// The canonical path of a name below a foreign module.
pub(super) fn step(path: &str, namespace: Namespace, name: &str) -> Option<String> {
    if path == "cell::prelude" {
        return runtime(namespace, name);
    }
    let parent = INNER.iter().find(|(inner, _)| *inner == path).map_or(path, |(_, outer)| outer);
    if parent == RUNTIME || parent.starts_with("cell::") {
        let inside =
            parent.strip_prefix("cell::").map_or_else(|| name.to_owned(), |inside| format!("{inside}::{name}"));
        return runtime(namespace, &inside).or_else(|| {
            // What the runtime has besides is a type or a module as far as anyone can tell from outside, and no attribute.
            (namespace == Namespace::Type && !is_macro_only(&inside)).then(|| format!("{RUNTIME}::{inside}"))
        });
    }
    Some(format!("{parent}::{name}"))
}

/// The names that a glob of a foreign module brings: namespace, name and canonical path.
pub(super) fn glob(path: &str) -> Vec<(Namespace, String, String)> {
    let path = INNER.iter().find(|(inner, _)| *inner == path).map_or(path, |(_, outer)| outer);
    if let Some(inside) = path.strip_prefix("cell::") {
        return attributes_below(inside)
            .map(|name| (Namespace::Macro, name.to_owned(), format!("{path}::{name}")))
            .collect();
    }
    if path != RUNTIME {
        return GLOBS
            .iter()
            .filter(|(module, _)| *module == path)
            .flat_map(|(_, names)| names.iter())
            .map(|name| (Namespace::Type, (*name).to_owned(), format!("{path}::{name}")))
            .collect();
    }
    let reexported = REEXPORTED.iter().flat_map(|(_, names)| names.iter().copied());
    let first = |attribute: &Attribute| attribute.path().split("::").next().unwrap_or_default();
    let mut names: Vec<&str> = reexported.chain(TYPES).chain(MACROS).chain(Attribute::ALL.iter().map(first)).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .flat_map(|name| Namespace::ALL.map(|namespace| (namespace, name)))
        .filter_map(|(namespace, name)| runtime(namespace, name).map(|path| (namespace, name.to_owned(), path)))
        .collect()
}

/// The attribute that a canonical path means.
pub(crate) fn attribute(path: &str) -> Option<Attribute> {
    Attribute::from_path(path.strip_prefix("cell::")?)
}

/// The canonical path of what the runtime is known to have at this path below its root.
fn runtime(namespace: Namespace, inside: &str) -> Option<String> {
    let known = match namespace {
        Namespace::Macro => Attribute::from_path(inside).is_some() || MACROS.contains(&inside),
        Namespace::Type => {
            if let Some((krate, _)) = REEXPORTED.iter().find(|(_, names)| names.contains(&inside)) {
                return Some(format!("{krate}::{inside}"));
            }
            TYPES.contains(&inside) || attributes_below(inside).next().is_some()
        }
        Namespace::Value => false,
    };
    known.then(|| format!("{RUNTIME}::{inside}"))
}

fn is_macro_only(inside: &str) -> bool {
    runtime(Namespace::Macro, inside).is_some() && runtime(Namespace::Type, inside).is_none()
}

/// The last names of the attributes in one of the runtime's modules.
fn attributes_below(module: &str) -> impl Iterator<Item = &'static str> {
    Attribute::ALL.iter().filter_map(move |attribute| attribute.path().strip_prefix(module)?.strip_prefix("::"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use syn::{Item, UseTree};

    use super::{Namespace, glob};

    fn leaves(tree: &UseTree, names: &mut BTreeSet<String>) {
        match tree {
            UseTree::Path(tree) => leaves(&tree.tree, names),
            UseTree::Group(tree) => tree.items.iter().for_each(|tree| leaves(tree, names)),
            UseTree::Name(tree) => drop(names.insert(tree.ident.to_string())),
            // A trait of which only the methods are wanted has no name.
            UseTree::Rename(tree) if tree.rename == "_" => {}
            UseTree::Rename(tree) => drop(names.insert(tree.rename.to_string())),
            UseTree::Glob(_) => {}
        }
    }

    #[test]
    fn the_table_has_what_the_runtimes_prelude_has() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/prelude.rs");
        let prelude =
            syn::parse_file(&std::fs::read_to_string(path).expect("the runtime's prelude")).expect("it parses");
        let mut names = BTreeSet::new();
        for item in &prelude.items {
            if let Item::Use(item) = item {
                leaves(&item.tree, &mut names);
            }
        }
        let known: BTreeSet<String> = glob("cell::prelude").into_iter().map(|(_, name, _)| name).collect();
        let missing: Vec<&String> = names.difference(&known).collect();
        assert!(missing.is_empty(), "the prelude has {missing:?}, which this table lacks");
        let types = glob("cell::prelude").into_iter().filter(|(namespace, _, path)| {
            *namespace == Namespace::Type && super::attributes_below(path.trim_start_matches("cell::")).next().is_none()
        });
        let stale: Vec<String> = types.map(|(_, name, _)| name).filter(|name| !names.contains(name)).collect();
        assert!(stale.is_empty(), "this table has {stale:?}, which the prelude lacks");
    }
}
