//! Which database a statement of `sql!` is for: the one that it names, or else the only one that there is.

use syn::spanned::Spanned as _;

use crate::model::{Database, DatabaseId, Place};
use crate::program::{Program, Query, Resolved};

/// Why it is for none.
pub(crate) enum Homeless {
    /// There is no database.
    None,
    /// There are several, and none is named.
    Several,
    /// What is named is no database.
    Stranger,
}

/// The databases of every statement, as far as they can be told.
pub(super) fn lower(program: &Program, databases: &[Database], omitted: &mut Vec<Place>) -> Vec<DatabaseId> {
    let mut found = Vec::new();
    for query in program.queries() {
        match database(program, databases, query) {
            Ok(database) => found.push(database),
            Err(_) => omitted.push(place(query)),
        }
    }
    found
}

/// The database of a statement.
pub(crate) fn database(program: &Program, databases: &[Database], query: &Query) -> Result<DatabaseId, Homeless> {
    if let Some(path) = &query.query.database {
        let Resolved::Decl(decl) = program.resolve_path(query.module, path) else { return Err(Homeless::Stranger) };
        let at = databases.iter().position(|database| database.decl == decl);
        return at.map(DatabaseId).ok_or(Homeless::Stranger);
    }
    match databases {
        [] => Err(Homeless::None),
        [_] => Ok(DatabaseId(0)),
        _ => Err(Homeless::Several),
    }
}

/// Where it says which, or should.
pub(crate) fn place(query: &Query) -> Place {
    let span = query.query.database.as_ref().map_or_else(|| query.query.literal.span(), |path| path.span());
    Place { file: query.file, span }
}
