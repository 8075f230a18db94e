//! From a field's type to a column's. In: a type as written. Out: what a column stores of it, or why no column can hold it
//! and what to write instead. Absent: `#[decimal]` and `max_len`, which `columns` adds.

use cell_schema::schema::Type;
use cell_syntax::decl::Decl;
use proc_macro2::Span;

use crate::program::{DeclId, ModuleId, Program, Resolved, TypeKind, TypeRef};

/// What a column of some Rust type stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
}

/// The kinds of stored values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A type that needs nothing said beside it.
    Plain(Type),
    /// A `Decimal`, whose digits `#[decimal]` says.
    Decimal,
    /// An enumeration.
    Enumeration(DeclId),
}

/// A type that no column can hold.
#[derive(Clone, Debug)]
pub(crate) struct Unstorable {
    /// Where the field's type is written.
    pub(crate) span: Span,
    /// What was found: `` `u64` has values that no engine's integers hold``.
    pub(crate) found: String,
    /// What to write instead.
    pub(crate) instead: String,
    /// Whether the mistake is inside a `#[Database::value]` that the type names.
    pub(crate) inside_value: bool,
}

/// What a column of this type stores.
pub(crate) fn stored(program: &Program, module: ModuleId, ty: &syn::Type) -> Result<Stored, Unstorable> {
    let span = syn::spanned::Spanned::span(ty);
    named(program, &program.resolve_type(module, ty), &mut Vec::new()).map_err(|refused| Unstorable { span, ..refused })
}

fn refused<T>(found: impl Into<String>, instead: impl Into<String>) -> Result<T, Unstorable> {
    Err(Unstorable { span: Span::call_site(), found: found.into(), instead: instead.into(), inside_value: false })
}

fn plain(ty: Type) -> Result<Stored, Unstorable> {
    Ok(Stored { kind: Kind::Plain(ty), nullable: false })
}

/// `through` holds the values (`#[Database::value]`) on the way here, so that one that wraps itself ends.
fn named(program: &Program, ty: &TypeRef, through: &mut Vec<DeclId>) -> Result<Stored, Unstorable> {
    match &ty.kind {
        TypeKind::Named { resolved: Resolved::External(path), args } => external(program, path, args, through),
        TypeKind::Named { resolved: Resolved::Decl(id), .. } => declared(program, *id, through),
        TypeKind::Named { resolved: Resolved::New(_), .. } => refused(
            "this is what an insert takes, not a value",
            "store the other table's key, and put `#[references(…)]` on it",
        ),
        TypeKind::Named { resolved: Resolved::Item(path), .. } => {
            let name = path.rsplit("::").next().unwrap_or(path);
            refused(
                format!("`{name}` is a type that Cell does not know how to store"),
                format!(
                    "put `#[Database::value]` on `{name}` if it wraps one value, `#[Database::enumeration]` if it is an \
                     enum without fields, or store it as `Json<{name}>`"
                ),
            )
        }
        TypeKind::Named { resolved: Resolved::Unknown, .. } => refused(
            "this name means nothing that Cell can see",
            "import the type by a `use`; a type that another macro makes cannot be a column",
        ),
        TypeKind::Reference(_) => {
            refused("a row owns its values, but this is a reference", "write `String` or `Vec<u8>`")
        }
        TypeKind::Tuple(_) => refused("a tuple is several values", "give each value a field of its own"),
        TypeKind::Array(_) | TypeKind::Slice(_) => {
            refused("an array is no column's type", "write `Vec<u8>` for bytes, or `Json<…>` for a list")
        }
        TypeKind::ImplTrait | TypeKind::Other => {
            refused("this is no column's type", "write the name of a type, such as `i64` or `Option<String>`")
        }
    }
}

fn declared(program: &Program, id: DeclId, through: &mut Vec<DeclId>) -> Result<Stored, Unstorable> {
    let declared = program.declared(id);
    match &declared.decl {
        Decl::Enumeration(_) => Ok(Stored { kind: Kind::Enumeration(id), nullable: false }),
        Decl::Value(value) => {
            if through.contains(&id) {
                return refused(format!("`{}` wraps itself", value.ident), "wrap a type that a column can hold");
            }
            through.push(id);
            let stored = named(program, &program.resolve_type(declared.module, &value.inner), through);
            through.pop();
            // Also where the value wraps itself: the value is where that is to be mended.
            stored.map_err(|refused| Unstorable { inside_value: true, ..refused })
        }
        Decl::Row(row) => refused(
            format!("`{}` is a row of a query, not a column's value", row.ident),
            "give each of its fields a column of its own",
        ),
        Decl::Table(table) => refused(
            format!("`{}` is a table", table.ident),
            format!("store its key, and refer to it by `#[references({})]`", table.ident),
        ),
        Decl::Message(message) => refused(
            format!("`{}` is a message, not a column's value", message.ident),
            format!("store it as `Json<{}>`, or give its values fields of their own", message.ident),
        ),
        Decl::Database(_)
        | Decl::Service(_)
        | Decl::Handlers(_)
        | Decl::Placement(_)
        | Decl::SearchIndex(_)
        | Decl::Memoize(_) => refused("this is no value", "a column holds a value, such as `i64` or `String`"),
    }
}

fn external(program: &Program, path: &str, args: &[TypeRef], through: &mut Vec<DeclId>) -> Result<Stored, Unstorable> {
    let (krate, name) = ends(path);
    match (krate, name, args) {
        (_, "i16", _) => plain(Type::I16),
        (_, "i32", _) => plain(Type::I32),
        (_, "i64", _) => plain(Type::I64),
        (_, "u16", _) => plain(Type::U16),
        (_, "u32", _) => plain(Type::U32),
        (_, "bool", _) => plain(Type::Bool),
        (_, "f32", _) => plain(Type::F32),
        (_, "f64", _) => plain(Type::F64),
        ("std", "String", _) => plain(Type::Text { max_len: None }),
        ("std", "Vec", [item]) if is_external(item, "u8") => plain(Type::Bytes { max_len: None }),
        ("uuid", "Uuid", _) => plain(Type::Uuid),
        ("chrono", "DateTime", [zone]) if is_external(zone, "Utc") => plain(Type::Instant),
        ("chrono", "NaiveDate", _) => plain(Type::Date),
        ("chrono", "NaiveTime", _) => plain(Type::Time),
        ("rust_decimal", "Decimal", _) => Ok(Stored { kind: Kind::Decimal, nullable: false }),
        ("cell", "Json", _) => plain(Type::Json),
        ("std", "Option", [inner]) => {
            let inner = named(program, inner, through)?;
            if inner.nullable {
                return refused("an `Option` inside an `Option`: a column has only one null", "keep one of them");
            }
            Ok(Stored { nullable: true, ..inner })
        }
        _ => unsupported(krate, name),
    }
}

/// What a developer may have meant by a type that columns do not have.
fn unsupported(krate: &str, name: &str) -> Result<Stored, Unstorable> {
    let (found, instead) = match (krate, name) {
        (_, "u64") => (
            "no engine's integers hold every value of `u64`".to_owned(),
            "write `i64`; a `#[check(… >= 0)]` keeps it from being negative",
        ),
        (_, "usize" | "isize") => {
            (format!("`{name}` has another size on other machines"), "write `i64`, or a smaller integer")
        }
        (_, "u8") => (format!("no engine has an integer as small as `{name}`"), "write `u16`, or `Vec<u8>` for bytes"),
        (_, "i8") => (format!("no engine has an integer as small as `{name}`"), "write `i16`"),
        (_, "u128" | "i128") => {
            (format!("no engine has an integer as large as `{name}`"), "write `Uuid` for an identifier, or `i64`")
        }
        (_, "str") => (format!("a row owns its text, but `{name}` is borrowed"), "write `String`"),
        (_, "char") => {
            (format!("no engine has a type for one `{name}`"), "write `String` with `#[column(max_len = 1)]`")
        }
        ("std", "Vec" | "VecDeque" | "HashSet" | "BTreeSet") => (
            "lists in columns do not work in this version of Cell".to_owned(),
            "make a table of its own that refers to this one, or store a document: `Json<Vec<…>>`",
        ),
        ("std", "HashMap" | "BTreeMap") => (
            format!("a `{name}` is no single value"),
            "make a table of its own that refers to this one, or store a document: `Json<…>`",
        ),
        ("chrono", "DateTime") => (
            "an instant is stored in UTC; another zone would be lost".to_owned(),
            "write `DateTime<Utc>`, and keep the zone in a column of its own where it matters",
        ),
        ("chrono", "NaiveDateTime") => {
            ("a date and time without a zone names no instant".to_owned(), "write `DateTime<Utc>`")
        }
        ("std", "SystemTime" | "Instant") => (format!("`{name}` is the clock of one machine"), "write `DateTime<Utc>`"),
        ("std", "Duration") | ("chrono", "Duration" | "TimeDelta") => {
            ("no type of both engines holds a length of time".to_owned(), "write `i64`, in microseconds")
        }
        ("std", "Box" | "Rc" | "Arc" | "Cow") => {
            (format!("a `{name}` is no value of its own"), "write the type inside it")
        }
        ("serde_json", "Value") => {
            ("a bare JSON value is not marked as a document".to_owned(), "write `Json<serde_json::Value>`")
        }
        _ => (
            format!("`{name}` is no type that both engines can hold"),
            "wrap a type that they can in a `#[Database::value]`, or store a document: `Json<…>`",
        ),
    };
    refused(found, instead)
}

/// The crate and the last name of a canonical path: `chrono` and `DateTime`; of `i64`, twice `i64`.
pub(crate) fn ends(path: &str) -> (&str, &str) {
    let krate = path.split("::").next().unwrap_or(path);
    let name = path.rsplit("::").next().unwrap_or(path);
    (krate, name)
}

/// Whether a type is the external one of this last name.
pub(crate) fn is_external(ty: &TypeRef, wanted: &str) -> bool {
    matches!(&ty.kind, TypeKind::Named { resolved: Resolved::External(path), .. } if ends(path).1 == wanted)
}
