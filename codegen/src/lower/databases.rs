//! From a database's struct to its schema: which tables it has, under which names, and where its files belong.

use std::path::{Component, Path, PathBuf};

use cell_schema::Engine;
use cell_schema::hints::Hints;
use cell_schema::schema::Schema;
use cell_syntax::decl::{self, Decl};
use cell_syntax::name::replica_variable;
use syn::ext::IdentExt as _;

use super::row::Row;
use super::tables;
use crate::model::{Database, Place, Places, Replica, Table};
use crate::program::{DeclId, Declared, Program, Resolved, TypeKind};

/// The tables of one database by SQL name, before their columns are known: what a reference can find.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    /// The database's name.
    pub(crate) database: String,
    /// In the order of the database's fields.
    pub(crate) tables: Vec<Member>,
}

/// A field of a database whose type is a table.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The SQL name.
    pub(crate) name: String,
    /// The table's struct.
    pub(crate) decl: DeclId,
    /// The database's field.
    pub(crate) field: Place,
}

impl Members {
    /// The tables of a database.
    pub(crate) fn of(program: &Program, declared: &Declared, database: &decl::Database) -> Self {
        let tables = database
            .tables
            .iter()
            .filter_map(|field| {
                let decl = row_of(program, declared, field)?;
                let Decl::Table(table) = &program.declared(decl).decl else { return None };
                let name =
                    table.name.as_ref().map_or_else(|| field.ident.unraw().to_string(), |name| name.value.clone());
                Some(Member { name, decl, field: Place { file: declared.file, span: field.ident.span() } })
            })
            .collect();
        Self { database: database.database_name(), tables }
    }

    /// The SQL names of a struct's tables.
    pub(crate) fn tables_of(&self, decl: DeclId) -> impl Iterator<Item = &str> {
        self.tables.iter().filter(move |member| member.decl == decl).map(|member| member.name.as_str())
    }
}

/// Every database's struct, in the order of the declarations.
pub(crate) fn all(program: &Program) -> impl Iterator<Item = (&Declared, &decl::Database)> {
    program.declarations().iter().filter_map(|declared| match &declared.decl {
        Decl::Database(database) => Some((declared, database)),
        _ => None,
    })
}

/// The table's struct of a database's field; nothing where its type is no table of Cell's.
pub(crate) fn row_of(program: &Program, database: &Declared, field: &decl::DatabaseField) -> Option<DeclId> {
    let ty = program.resolve_type(database.module, &field.ty);
    let TypeKind::Named { resolved: Resolved::External(path), args } = ty.kind else { return None };
    if super::types::ends(&path) != ("cell", "Table") {
        return None;
    }
    match args.into_iter().next()?.kind {
        TypeKind::Named { resolved: Resolved::Decl(id), .. } => {
            matches!(program.declared(id).decl, Decl::Table(_)).then_some(id)
        }
        _ => None,
    }
}

pub(super) fn database(
    program: &Program,
    declared: &Declared,
    database: &decl::Database,
    omitted: &mut Vec<Place>,
) -> Database {
    let place = Place { file: declared.file, span: database.ident.span() };
    let members = Members::of(program, declared, database);
    for field in &database.tables {
        if row_of(program, declared, field).is_none() {
            omitted.push(Place { file: declared.file, span: field.ident.span() });
        }
    }
    let mut places = Places::new(place);
    let mut tables = Vec::new();
    let mut schema = Schema { database: members.database.clone(), tables: Vec::new() };
    let mut hints = Hints::default();
    for member in &members.tables {
        let Some(row) = Row::of(program, program.declared(member.decl)) else { continue };
        let object = format!("{}.{}", members.database, member.name);
        hints.tables.insert(member.name.clone(), super::hints::table(&row, &object, &mut hints.allowed));
        schema.tables.push(tables::table(row, &member.name, &members, &mut places, omitted));
        tables.push(Table { name: member.name.clone(), decl: member.decl, field: member.field });
    }
    schema.tables.sort_by(|left, right| left.name.cmp(&right.name));
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    let (engine, file, url_env, primary, replicas) = match &database.engine {
        decl::Engine::Sqlite { file } => (Engine::Sqlite, Some(below(&file.value)), None, None, Vec::new()),
        decl::Engine::Postgres { url, primary, replicas } => {
            let primary = primary.as_ref().map(|region| region.value.clone());
            let replicas = replicas.iter().map(|region| Replica {
                region: region.value.clone(),
                url_env: replica_variable(&url.value, &region.value),
            });
            (Engine::Postgres, None, Some(url.value.clone()), primary, replicas.collect())
        }
    };
    let folder = folder(program, declared, &members.database);
    Database {
        name: members.database,
        decl: declared.id,
        place,
        engine,
        file,
        url_env,
        primary,
        replicas,
        folder,
        tables,
        schema,
        hints,
        places,
    }
}

/// A relative path with `/` between its parts, and no part that says nothing.
fn below(path: &str) -> String {
    let parts = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// `cell/shop` of the package that declares the database, as seen from the application's folder.
fn folder(program: &Program, declared: &Declared, name: &str) -> String {
    let package = &program.package_of(declared.id).root;
    let application = program.application_package().map_or(package, |application| &application.root);
    let mut parts: Vec<String> = relative(application, package)
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.extend(["cell".to_owned(), name.to_owned()]);
    parts.join("/")
}

/// The way from one folder to another, by `..` where it must be.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(left, right)| left == right).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::relative;

    #[test]
    fn a_package_beside_the_application_is_reached_through_its_parent() {
        assert_eq!(relative(Path::new("/w/app"), Path::new("/w/crates/domain")), Path::new("../crates/domain"));
        assert_eq!(relative(Path::new("/w/app"), Path::new("/w/app")), Path::new(""));
    }
}
