//! The names that tables' macros add beside their structs: `NewProduct`, the type that an insert takes. No source has them,
//! but sources import and use them. In: the declarations. Out: complete scopes with those names.

use cell_syntax::decl::Decl;
use syn::ext::IdentExt as _;

use super::complete;
use crate::program::Program;
use crate::program::names::{Definition, Entry, Item, ItemId, Namespace, Origin, Scope};

/// Adds the names to `items`, the scopes without what imports bring, and completes the scopes again.
pub(crate) fn add_inserts(program: &mut Program, mut items: Vec<Scope>) {
    for declared in &program.declarations {
        let Decl::Table(table) = &declared.decl else { continue };
        let Some(scope) = items.get_mut(declared.module.0) else { continue };
        let Some(row) = scope.entries.get(&(Namespace::Type, table.ident.unraw().to_string())) else { continue };
        let name = table.new_name();
        let definition = Definition::Item(ItemId(program.names.items.len()));
        let entry = Entry { definition, visibility: row.visibility, origin: Origin::Item };
        let path = format!("{}::{name}", declared.module_path);
        // A name that is taken stays: rustc reports the two.
        if let std::collections::btree_map::Entry::Vacant(vacant) = scope.entries.entry((Namespace::Type, name)) {
            vacant.insert(entry);
            let insert_of = Some(declared.id);
            program.names.items.push(Item { module: declared.module, path, alias: None, declaration: None, insert_of });
        }
    }
    complete(&program.modules, &program.crates, &mut program.names, &items);
}
