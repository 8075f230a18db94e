//! What stands on one item: a table and its search index, a cell and its placement. In: a declaration. Out: those of its item.

use crate::program::{Declared, Program};

/// The declarations of an item, this one among them: they have one name at one place. (A file that two modules name is two
/// modules' items.)
pub(super) fn beside<'a>(program: &'a Program, declared: &'a Declared) -> impl Iterator<Item = &'a Declared> {
    program.declarations().iter().filter(move |other| {
        other.module == declared.module
            && other.file == declared.file
            && other.span().byte_range() == declared.span().byte_range()
    })
}
