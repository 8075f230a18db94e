//! From types to shapes: what may cross a synapse or a door, described down to plain types. In: a type as written. Out: its
//! shape, and the definitions of the named types it leads to, each once. Absent: bytes on a wire.

use std::collections::BTreeMap;

use cell_manifest::{Definition, Field, Shape, Variant, VariantBody};
use cell_syntax::decl::{self, Decl, MessageBody, Numbering};
use syn::ext::IdentExt as _;

use super::types::{ends, is_external};
use crate::program::{DeclId, ModuleId, Program, Resolved, TypeKind, TypeRef};

/// Why a type cannot cross.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uncrossable {
    /// What was found.
    pub(crate) found: String,
    /// What to do.
    pub(crate) instead: String,
}

fn refused<T>(found: impl Into<String>, instead: impl Into<String>) -> Result<T, Uncrossable> {
    Err(Uncrossable { found: found.into(), instead: instead.into() })
}

/// A named type: a declaration, or what an insert into a table takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Declared(DeclId),
    New(DeclId),
}

/// Describes types, and keeps the definitions of those that have a name.
pub(crate) struct Shapes<'a> {
    program: &'a Program,
    names: BTreeMap<Named, String>,
    /// Described, or being described: so a type may lead to itself.
    definitions: BTreeMap<Named, Definition>,
}

impl<'a> Shapes<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        Self { program, names: names(program), definitions: BTreeMap::new() }
    }

    /// The shape of a type in a module.
    pub(crate) fn shape(&mut self, module: ModuleId, ty: &syn::Type) -> Result<Shape, Uncrossable> {
        self.of(&self.program.resolve_type(module, ty), &mut Vec::new())
    }

    /// A type with its names resolved.
    pub(crate) fn resolve(&self, module: ModuleId, ty: &syn::Type) -> TypeRef {
        self.program.resolve_type(module, ty)
    }

    /// The shape of a type whose names are resolved.
    pub(crate) fn resolved(&mut self, ty: &TypeRef) -> Result<Shape, Uncrossable> {
        self.of(ty, &mut Vec::new())
    }

    /// The definitions that the shapes so far refer to, by name.
    pub(crate) fn into_definitions(self) -> BTreeMap<String, Definition> {
        let names = self.names;
        self.definitions
            .into_iter()
            .filter_map(|(named, definition)| Some((names.get(&named)?.clone(), definition)))
            .collect()
    }

    /// `through` holds the newtypes on the way here: they have no name on the wire, so one that wraps itself has no end.
    fn of(&mut self, ty: &TypeRef, through: &mut Vec<DeclId>) -> Result<Shape, Uncrossable> {
        match &ty.kind {
            TypeKind::Named { resolved: Resolved::External(path), args } => self.external(path, args, through),
            TypeKind::Named { resolved: Resolved::Decl(id), .. } => self.declared(*id, through),
            TypeKind::Named { resolved: Resolved::New(id), .. } => self.named(Named::New(*id)),
            TypeKind::Named { resolved: Resolved::Item(path), .. } => {
                let name = ends(path).1;
                refused(
                    format!("`{name}` is not known to both sides of a call"),
                    format!(
                        "put `#[message]` on `{name}`, `#[Database::value]` if it wraps a column's value, or `#[Database::enumeration]`"
                    ),
                )
            }
            TypeKind::Named { resolved: Resolved::Unknown, .. } => refused(
                "this name means nothing that Cell can see",
                "import the type by a `use`; a type that another macro makes cannot cross",
            ),
            TypeKind::Reference(inner) => self.of(inner, through),
            TypeKind::Tuple(items) if items.is_empty() => Ok(Shape::Unit),
            TypeKind::Tuple(items) => {
                items.iter().map(|item| self.of(item, through)).collect::<Result<_, _>>().map(Shape::Tuple)
            }
            TypeKind::Array(item) | TypeKind::Slice(item) => Ok(Shape::List(Box::new(self.of(item, through)?))),
            TypeKind::ImplTrait | TypeKind::Other => {
                refused("a type without a name cannot cross", "write the name of a type, or take a `Vec`")
            }
        }
    }

    fn declared(&mut self, id: DeclId, through: &mut Vec<DeclId>) -> Result<Shape, Uncrossable> {
        let declared = self.program.declared(id);
        let inner = match &declared.decl {
            Decl::Value(value) => &value.inner,
            Decl::Message(decl::Message { body: MessageBody::Newtype(inner), .. }) => inner,
            Decl::Table(_) | Decl::Row(_) | Decl::Enumeration(_) | Decl::Message(_) => {
                return self.named(Named::Declared(id));
            }
            Decl::Database(database) => {
                return refused(
                    format!("`{}` is a database, which stays where it is", database.ident),
                    "pass a key or a row; each cell has its databases as fields",
                );
            }
            Decl::Service(service) => {
                return refused(
                    format!("`{}` is a cell, which stays where it is", service.ident),
                    format!("give the cell that needs it a field `Synapse<{}>`", service.ident),
                );
            }
            Decl::Handlers(_) | Decl::Placement(_) | Decl::SearchIndex(_) | Decl::Memoize(_) => {
                return refused("this is no value", "write the name of a type");
            }
        };
        if through.contains(&id) {
            return refused(
                "this type wraps itself, so it has no shape",
                "name its field: `struct Tree { children: Vec<Tree> }`",
            );
        }
        through.push(id);
        let shape = self.of(&self.program.resolve_type(declared.module, inner), through);
        through.pop();
        shape
    }

    /// A named type, described where this is the first time. A field that cannot cross is left out: the type's own rule
    /// reports it where it is written.
    fn named(&mut self, named: Named) -> Result<Shape, Uncrossable> {
        if !self.definitions.contains_key(&named) {
            self.definitions.insert(named, Definition::Struct(Vec::new()));
            let definition = self.definition(named);
            self.definitions.insert(named, definition);
        }
        Ok(Shape::Type(self.names.get(&named).cloned().unwrap_or_default()))
    }

    fn definition(&mut self, named: Named) -> Definition {
        let program = self.program;
        let (Named::Declared(id) | Named::New(id)) = named;
        let declared = program.declared(id);
        let module = declared.module;
        match &declared.decl {
            Decl::Table(table) => {
                let new = matches!(named, Named::New(_));
                let automatic = |column: &decl::Column| {
                    table.numbering == Numbering::Automatic && table.key.contains(&column.ident)
                };
                let columns = table
                    .columns
                    .iter()
                    .filter(|column| !new || (column.generated.is_none() && !automatic(column)))
                    .map(|column| (&column.ident, &column.ty, new && column.default.is_some()));
                Definition::Struct(self.fields(module, columns))
            }
            Decl::Row(row) => {
                Definition::Struct(self.fields(module, row.fields.iter().map(|field| (&field.ident, &field.ty, false))))
            }
            Decl::Enumeration(enumeration) => {
                Definition::Enumeration(enumeration.values.iter().map(|value| value.text.clone()).collect())
            }
            Decl::Message(decl::Message { body: MessageBody::Enum(variants), .. }) => {
                Definition::Enum(variants.iter().map(|variant| self.variant(module, variant)).collect())
            }
            Decl::Message(decl::Message { body: MessageBody::Struct(fields), .. }) => {
                Definition::Struct(self.fields(module, fields.iter().map(|field| (&field.ident, &field.ty, false))))
            }
            _ => Definition::Struct(Vec::new()),
        }
    }

    fn variant(&mut self, module: ModuleId, variant: &decl::MessageVariant) -> Variant {
        let body = match &variant.body {
            decl::VariantBody::Unit => VariantBody::Unit,
            decl::VariantBody::Newtype(ty) => VariantBody::Newtype(self.shape(module, ty).unwrap_or_default()),
            decl::VariantBody::Struct(fields) => {
                VariantBody::Struct(self.fields(module, fields.iter().map(|field| (&field.ident, &field.ty, false))))
            }
        };
        Variant { name: variant.ident.unraw().to_string(), body }
    }

    fn fields<'f>(
        &mut self,
        module: ModuleId,
        fields: impl Iterator<Item = (&'f syn::Ident, &'f syn::Type, bool)>,
    ) -> Vec<Field> {
        fields
            .filter_map(|(name, ty, optional)| {
                let shape = self.shape(module, ty).ok()?;
                Some(Field { name: name.unraw().to_string(), shape, optional })
            })
            .collect()
    }

    fn external(&mut self, path: &str, args: &[TypeRef], through: &mut Vec<DeclId>) -> Result<Shape, Uncrossable> {
        let mut boxed = |ty: &TypeRef| self.of(ty, through).map(Box::new);
        Ok(match (ends(path), args) {
            ((_, "bool"), _) => Shape::Bool,
            ((_, "i8"), _) => Shape::I8,
            ((_, "i16"), _) => Shape::I16,
            ((_, "i32"), _) => Shape::I32,
            ((_, "i64"), _) => Shape::I64,
            ((_, "u8"), _) => Shape::U8,
            ((_, "u16"), _) => Shape::U16,
            ((_, "u32"), _) => Shape::U32,
            ((_, "u64"), _) => Shape::U64,
            ((_, "f32"), _) => Shape::F32,
            ((_, "f64"), _) => Shape::F64,
            ((_, "char"), _) => Shape::Char,
            (("str" | "std", "str" | "String") | ("cell", "Cursor"), _) => Shape::String,
            (("std", "Vec"), [item]) => Shape::List(boxed(item)?),
            (("std", "BTreeSet" | "HashSet"), [item, ..]) => Shape::Set(boxed(item)?),
            (("std", "BTreeMap" | "HashMap"), [key, value, ..]) if *boxed(key)? == Shape::String => {
                Shape::Map(boxed(value)?)
            }
            (("std", "BTreeMap" | "HashMap"), _) => {
                return refused(
                    "a map whose keys are not text cannot cross an HTTP door",
                    "use `String` as the key, or a `Vec` of pairs",
                );
            }
            (("std", "Option"), [inner]) => Shape::Option(boxed(inner)?),
            (("std", "Box"), [inner]) => *boxed(inner)?,
            (("uuid", "Uuid"), _) => Shape::Uuid,
            (("chrono", "DateTime"), [zone]) if is_external(zone, "Utc") => Shape::Instant,
            (("chrono", "NaiveDate"), _) => Shape::Date,
            (("chrono", "NaiveTime"), _) => Shape::Time,
            (("rust_decimal", "Decimal"), _) => Shape::Decimal,
            (("cell", "Json") | ("serde_json", "Value"), _) => Shape::Json,
            (("cell", "Html"), _) => {
                return refused(
                    "a page is what a handler returns, and nothing else",
                    "return `Result<Html>` or `Result<Option<Html>>`, or pass a `String`",
                );
            }
            ((_, "usize" | "isize"), _) => {
                return refused(
                    "the machines at both ends of a call may differ in this integer's size",
                    "write `u64` or `i64`",
                );
            }
            ((_, "u128" | "i128"), _) => {
                return refused(
                    "JSON's readers do not hold integers as large as this",
                    "write `Uuid`, `String` or `u64`",
                );
            }
            ((_, name), _) => {
                return refused(
                    format!("`{name}` is not among the types that both sides of a call know"),
                    "carry its parts in a `#[message]`",
                );
            }
        })
    }
}

/// A name for each type that may cross: its own, or its path where two have the same.
fn names(program: &Program) -> BTreeMap<Named, String> {
    let mut found: Vec<(Named, String, &str)> = Vec::new();
    for declared in program.declarations() {
        let path = declared.module_path.as_str();
        match &declared.decl {
            Decl::Table(table) => {
                found.push((Named::Declared(declared.id), table.ident.to_string(), path));
                found.push((Named::New(declared.id), table.new_name(), path));
            }
            Decl::Enumeration(decl::Enumeration { ident, .. })
            | Decl::Message(decl::Message { ident, .. })
            | Decl::Row(decl::Row { ident, .. }) => {
                found.push((Named::Declared(declared.id), ident.to_string(), path));
            }
            _ => {}
        }
    }
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, name, _) in &found {
        *count.entry(name).or_default() += 1;
    }
    found
        .iter()
        .map(|(named, name, path)| {
            let unique = count.get(name.as_str()) == Some(&1);
            (*named, if unique { name.clone() } else { format!("{path}::{name}") })
        })
        .collect()
}
