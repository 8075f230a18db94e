//! From services and handlers to cells. In: the declarations and the databases. Out: cells with what they need and answer,
//! and the definitions of the types that cross. Absent: background work, which nobody calls.

use std::collections::BTreeMap;

use cell_manifest::{Definition, Parameter, Shape, Signature};
use cell_syntax::decl::{self, Decl};
use syn::ext::IdentExt as _;

use super::beside::beside;
use super::shapes::{Shapes, Uncrossable};
use super::types::{ends, is_external};
use crate::model::{Cell, CellId, Database, DatabaseId, Door, Handler, Place, Placement};
use crate::program::{DeclId, Declared, ModuleId, Program, Resolved, TypeKind, TypeRef};

/// What a cell's field is filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A handle to a database.
    Database(DeclId),
    /// `Synapse<T>` of a cell.
    Cell(DeclId),
    /// `Config<T>`, or `Secret<…>`: from the environment.
    Environment,
    /// `Synapse<T>` of something that is no cell.
    SynapseOfNothing,
    /// Something that only the application can make.
    Unknown,
}

/// What a field's type says is needed.
pub(crate) fn need(program: &Program, module: ModuleId, ty: &syn::Type) -> Need {
    let TypeKind::Named { resolved, args } = program.resolve_type(module, ty).kind else { return Need::Unknown };
    match resolved {
        Resolved::Decl(id) if matches!(program.declared(id).decl, Decl::Database(_)) => Need::Database(id),
        Resolved::External(path) => match ends(&path) {
            ("cell", "Config" | "Secret") => Need::Environment,
            ("cell", "Synapse") => match args.first().map(|cell| &cell.kind) {
                Some(TypeKind::Named { resolved: Resolved::Decl(id), .. })
                    if matches!(program.declared(*id).decl, Decl::Service(_)) =>
                {
                    Need::Cell(*id)
                }
                _ => Need::SynapseOfNothing,
            },
            _ => Need::Unknown,
        },
        _ => Need::Unknown,
    }
}

/// Every service, in the order of the declarations.
pub(crate) fn services(program: &Program) -> impl Iterator<Item = (&Declared, &decl::Service)> {
    program.declarations().iter().filter_map(|declared| match &declared.decl {
        Decl::Service(service) => Some((declared, service)),
        _ => None,
    })
}

/// Every impl with `#[handler]`, with the service it belongs to, if it belongs to one.
pub(crate) fn handlers(program: &Program) -> impl Iterator<Item = (&Declared, &decl::Handlers, Option<DeclId>)> {
    program.declarations().iter().filter_map(|declared| {
        let Decl::Handlers(handlers) = &declared.decl else { return None };
        let service = match program.resolve_path(declared.module, &handlers.cell) {
            Resolved::Decl(id) if matches!(program.declared(id).decl, Decl::Service(_)) => Some(id),
            _ => None,
        };
        Some((declared, handlers, service))
    })
}

/// Every placement, with the service on whose struct it stands, if it stands on one.
pub(crate) fn placements(program: &Program) -> impl Iterator<Item = (&Declared, &decl::Placement, Option<DeclId>)> {
    program.declarations().iter().filter_map(|declared| {
        let Decl::Placement(placement) = &declared.decl else { return None };
        let service = beside(program, declared).find(|other| matches!(other.decl, Decl::Service(_)));
        Some((declared, placement, service.map(|service| service.id)))
    })
}

fn placement(program: &Program, service: DeclId) -> Option<Placement> {
    let (declared, placement, _) = placements(program).find(|(_, _, of)| *of == Some(service))?;
    let place = |span| Place { file: declared.file, span };
    let mut regions: Vec<(String, Place)> =
        placement.regions.iter().map(|region| (region.value.clone(), place(region.span))).collect();
    regions.sort_by(|left, right| left.0.cmp(&right.0));
    let written = placement.replicas.as_ref().map_or_else(|| placement.ident.span(), |replicas| replicas.span);
    let replicas = placement.replicas.as_ref().map(|replicas| replicas.value);
    Some(Placement { regions, replicas, place: place(written) })
}

pub(super) fn lower(
    program: &Program,
    databases: &[Database],
    omitted: &mut Vec<Place>,
) -> (Vec<Cell>, BTreeMap<String, Definition>) {
    let mut found: Vec<_> =
        services(program).map(|(declared, service)| (service.cell_name(), declared, service)).collect();
    found.sort_by(|left, right| left.0.cmp(&right.0));
    let ids: BTreeMap<DeclId, CellId> =
        found.iter().enumerate().map(|(at, (_, declared, _))| (declared.id, CellId(at))).collect();
    let mut shapes = Shapes::new(program);
    let mut cells = Vec::new();
    for (name, declared, service) in found {
        let place = Place { file: declared.file, span: service.ident.span() };
        let mut cell = Cell {
            name,
            decl: declared.id,
            place,
            databases: Vec::new(),
            cells: Vec::new(),
            placement: placement(program, declared.id),
            handlers: Vec::new(),
        };
        for field in &service.fields {
            match need(program, declared.module, &field.ty) {
                Need::Database(id) => {
                    cell.databases.extend(databases.iter().position(|database| database.decl == id).map(DatabaseId));
                }
                Need::Cell(id) => cell.cells.extend(ids.get(&id)),
                Need::Environment => {}
                Need::SynapseOfNothing => omitted.push(Place { file: declared.file, span: field.ident.span() }),
                Need::Unknown if service.start.is_some() => {}
                Need::Unknown => omitted.push(Place { file: declared.file, span: field.ident.span() }),
            }
        }
        // Ids count in name order, so this is by name too.
        cell.databases.sort_unstable();
        cell.databases.dedup();
        cell.cells.sort_unstable();
        cell.cells.dedup();
        for (place, list, _) in handlers(program).filter(|(_, _, service)| *service == Some(declared.id)) {
            for written in list.handlers.iter().filter(|handler| handler.task.is_none()) {
                match handler(&mut shapes, place, written) {
                    Some(handler) => cell.handlers.push(handler),
                    None => omitted.push(Place { file: place.file, span: written.ident.span() }),
                }
            }
        }
        cell.handlers.sort_by(|left, right| left.name.cmp(&right.name));
        cells.push(cell);
    }
    (cells, shapes.into_definitions())
}

fn handler(shapes: &mut Shapes<'_>, declared: &Declared, written: &decl::Handler) -> Option<Handler> {
    let mut arguments = Vec::new();
    for argument in &written.arguments {
        let shape = shapes.shape(declared.module, &argument.ty).ok()?;
        arguments.push(Parameter { name: argument.ident.unraw().to_string(), shape });
    }
    let (result, error) = output(shapes, declared.module, written.output.as_ref()).ok()?;
    Some(Handler {
        name: written.ident.unraw().to_string(),
        place: Place { file: declared.file, span: written.ident.span() },
        signature: Signature { arguments, result, error },
        idempotent: written.idempotent,
        http: written.http.as_ref().map(|http| Door {
            method: http.method,
            path: http.path.value.clone(),
            place: Place { file: declared.file, span: http.path.span },
        }),
    })
}

/// The shapes of a handler's result and of its own error: `Result<T>` has Cell's error, which has no shape to describe.
pub(crate) fn output(
    shapes: &mut Shapes<'_>,
    module: ModuleId,
    written: Option<&syn::Type>,
) -> Result<(Shape, Option<Shape>), Uncrossable> {
    let Some(written) = written else { return Ok((Shape::Unit, None)) };
    let ty = shapes.resolve(module, written);
    match &ty.kind {
        TypeKind::Named { resolved: Resolved::External(path), args } if ends(path).1 == "Result" => {
            let Some(result) = args.first() else { return Ok((Shape::Unit, None)) };
            let result = page_or_shape(shapes, result)?;
            let error = match args.get(1) {
                Some(error) if !is_cell_error(error) => Some(shapes.resolved(error)?),
                _ => None,
            };
            Ok((result, error))
        }
        _ => Ok((page_or_shape(shapes, &ty)?, None)),
    }
}

/// A page, or none (which a door answers by "not found"): only here may a page stand.
fn page_or_shape(shapes: &mut Shapes<'_>, ty: &TypeRef) -> Result<Shape, Uncrossable> {
    match &ty.kind {
        TypeKind::Named { resolved: Resolved::External(path), args } => match (ends(path), args.as_slice()) {
            (("cell", "Html"), _) => Ok(Shape::Html),
            (("std", "Option"), [page]) if is_external(page, "Html") => Ok(Shape::Option(Box::new(Shape::Html))),
            _ => shapes.resolved(ty),
        },
        _ => shapes.resolved(ty),
    }
}

fn is_cell_error(ty: &TypeRef) -> bool {
    matches!(&ty.kind, TypeKind::Named { resolved: Resolved::External(path), .. } if ends(path) == ("cell", "Error"))
}
