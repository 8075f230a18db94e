//! Where the objects of a schema are declared, so that what a later stage refuses by name is shown in the source.

use std::collections::BTreeMap;

use cell_syntax::diagnostic::Diagnostic;
use proc_macro2::Span;

use crate::program::{FileId, Located};

/// A place in the sources.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

impl Place {
    /// A diagnostic whose places are all in this place's file.
    #[must_use]
    pub fn locate(self, diagnostic: Diagnostic) -> Located {
        Located::new(self.file, diagnostic)
    }
}

/// The places of one database's objects, by their full names: `shop`, `shop.products`, `shop.products.price`.
#[derive(Clone, Debug)]
pub struct Places {
    database: Place,
    objects: BTreeMap<String, Place>,
}

impl Places {
    /// The places of a database of which only the struct is known.
    #[must_use]
    pub fn new(database: Place) -> Self {
        Self { database, objects: BTreeMap::new() }
    }

    /// Notes where an object is declared. The first place of a name stays.
    pub fn insert(&mut self, object: String, place: Place) {
        self.objects.entry(object).or_insert(place);
    }

    /// Where an object is declared; for one that is declared no more, where that is declared which it belonged to.
    #[must_use]
    pub fn of(&self, object: &str) -> Place {
        let mut name = object;
        loop {
            if let Some(place) = self.objects.get(name) {
                return *place;
            }
            // A name may itself contain a dot, so shorten it step by step instead of splitting it into parts.
            match name.rsplit_once('.') {
                Some((owner, _)) => name = owner,
                None => return self.database,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::{Place, Places};
    use crate::program::FileId;

    #[test]
    fn a_removed_column_has_the_place_of_its_table() {
        let at = |file| Place { file: FileId(file), span: Span::call_site() };
        let mut places = Places::new(at(0));
        places.insert("shop.products".to_owned(), at(1));
        places.insert("shop.products.price".to_owned(), at(2));
        assert_eq!(places.of("shop.products.price").file, FileId(2));
        assert_eq!(places.of("shop.products.gone").file, FileId(1));
        assert_eq!(places.of("shop.gone.price").file, FileId(0));
    }
}
