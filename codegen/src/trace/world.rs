//! What the whole program has that a trace asks for: databases with their tables, methods by type and name, and what types may hold.
//! In: a program. Out: answers. Absent: any function's body.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use cell_syntax::decl::Decl;
use syn::ext::IdentExt as _;

use super::value::{Asked, Kind, Value};
use crate::lower::databases;
use crate::program::bodies::{FunctionId, OwnerKind};
use crate::program::names::ItemId;
use crate::program::{DeclId, Program, Resolved, TypeKind};

/// How deep lists and tuples may be in each other for a function to be followed with what is known of them: a call that wraps its own
/// argument again would otherwise never end.
pub(super) const NESTED: usize = 4;

/// How many values a tuple may have in all.
const LARGEST: usize = 64;

/// A field of a database whose type is a table.
pub(super) struct Field {
    pub(super) name: String,
    /// The SQL name.
    pub(super) table: String,
    pub(super) row: DeclId,
}

/// What the whole program has.
pub(super) struct World<'a> {
    pub(super) program: &'a Program,
    pub(super) databases: BTreeMap<DeclId, Vec<Field>>,
    /// Functions that are no methods.
    pub(super) functions: BTreeMap<ItemId, FunctionId>,
    /// Methods by the path of their type and their name.
    methods: BTreeMap<(String, String), Vec<FunctionId>>,
    /// Methods by name alone.
    by_name: BTreeMap<String, Vec<FunctionId>>,
    /// The traits of which methods are an impl's or a trait's own, where that is the workspace's.
    traits: BTreeMap<FunctionId, String>,
    /// Methods of types that have no path in the workspace: of all types, of references, of foreign ones.
    anyones: BTreeSet<FunctionId>,
    /// What types may hold, as far as it was asked.
    held: RefCell<BTreeMap<Value, BTreeSet<DeclId>>>,
    /// The types and traits that are being looked through: one that holds itself adds nothing more.
    through: RefCell<BTreeSet<Value>>,
}

impl<'a> World<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        let databases = databases::all(program).map(|(declared, database)| {
            let fields = database.tables.iter().filter_map(|field| {
                let row = databases::row_of(program, declared, field)?;
                let Decl::Table(table) = &program.declared(row).decl else { return None };
                let name = field.ident.unraw().to_string();
                let table = table.name.as_ref().map_or_else(|| name.clone(), |name| name.value.clone());
                Some(Field { name, table, row })
            });
            (declared.id, fields.collect())
        });
        let mut world = Self {
            program,
            databases: databases.collect(),
            functions: BTreeMap::new(),
            methods: BTreeMap::new(),
            by_name: BTreeMap::new(),
            traits: BTreeMap::new(),
            anyones: BTreeSet::new(),
            held: RefCell::default(),
            through: RefCell::default(),
        };
        for at in 0..program.bodies.functions.len() {
            world.add(FunctionId(at));
        }
        world
    }

    fn add(&mut self, id: FunctionId) {
        let Some(function) = self.program.bodies.functions.get(id.0) else { return };
        let name = function.item.sig.ident.unraw().to_string();
        if let Some(item) = function.named {
            self.functions.insert(item, id);
        }
        let Some(owner) = &function.owner else { return };
        self.by_name.entry(name.clone()).or_default().push(id);
        if let OwnerKind::Impl { of, .. } = &owner.kind
            && let Resolved::Item(path) = self.program.resolve_path(function.module, of)
        {
            self.traits.insert(id, path);
        }
        let path = owner.ty().and_then(|ty| match self.program.resolve_type(function.module, ty).kind {
            TypeKind::Named { resolved: Resolved::Decl(id), .. } => Some(self.path(id)),
            TypeKind::Named { resolved: Resolved::Item(path), .. } => Some(path),
            _ => None,
        });
        match path {
            Some(path) => self.methods.entry((path, name)).or_default().push(id),
            None => drop(self.anyones.insert(id)),
        }
    }

    /// The path of a declaration's item.
    pub(super) fn path(&self, id: DeclId) -> String {
        let declared = self.program.declared(id);
        format!("{}::{}", declared.module_path, declared.name())
    }

    /// The methods of a type by name.
    pub(super) fn methods(&self, path: &str, name: &str) -> Vec<FunctionId> {
        self.methods.get(&(path.to_owned(), name.to_owned())).cloned().unwrap_or_default()
    }

    /// The methods of this name that a value of any type may have: those of traits themselves, and of impls for all types or foreign ones.
    pub(super) fn anyones(&self, name: &str) -> Vec<FunctionId> {
        let named = self.by_name.get(name).into_iter().flatten();
        named.copied().filter(|id| self.anyones.contains(id)).collect()
    }

    /// Whether all of these may be another's as well, so that a value may have none of them.
    pub(super) fn are_anyones(&self, ids: &[FunctionId]) -> bool {
        ids.iter().all(|id| self.anyones.contains(id))
    }

    /// Whether a trait asks for this method, and has no body for it that could be followed.
    pub(super) fn is_asked_for(&self, id: FunctionId) -> bool {
        let function = self.program.bodies.functions.get(id.0);
        function.is_some_and(|function| {
            let owner = function.owner.as_ref().map(|owner| &owner.kind);
            matches!(owner, Some(OwnerKind::Trait)) && function.item.block.stmts.is_empty()
        })
    }

    /// Every method of this name with so many arguments behind `self`.
    pub(super) fn named(&self, name: &str, arguments: usize) -> Vec<FunctionId> {
        let named = self.by_name.get(name).into_iter().flatten().copied();
        let fits = |id: &FunctionId| {
            let function = self.program.bodies.functions.get(id.0);
            function.is_some_and(|function| {
                let signature = &function.item.sig;
                signature.receiver().is_some() && signature.inputs.len() == arguments + 1
            })
        };
        named.filter(fits).collect()
    }

    /// Every method of this name, whoever has it.
    pub(super) fn all_named(&self, name: &str) -> Vec<FunctionId> {
        self.by_name.get(name).cloned().unwrap_or_default()
    }

    /// The methods of this name that one of these traits may mean.
    pub(super) fn of_traits(&self, traits: &BTreeSet<String>, name: &str) -> Vec<FunctionId> {
        let named = self.by_name.get(name).into_iter().flatten().copied();
        named
            .filter(|id| match self.traits.get(id) {
                Some(path) => traits.contains(path),
                None => self.anyones.contains(id),
            })
            .collect()
    }

    /// Whether something of this path may be a type of the workspace.
    pub(super) fn is_type(&self, path: &str) -> bool {
        self.program.bodies.structures.contains_key(path)
    }

    /// The tables of a struct in a database.
    pub(super) fn tables_in(&self, database: DeclId, row: DeclId) -> impl Iterator<Item = (DeclId, String)> {
        let fields = self.databases.get(&database).into_iter().flatten();
        fields.filter(move |field| field.row == row).map(move |field| (database, field.table.clone()))
    }

    /// The tables of a struct in every database.
    pub(super) fn tables_of(&self, row: DeclId) -> BTreeSet<(DeclId, String)> {
        self.databases.keys().flat_map(|database| self.tables_in(*database, row)).collect()
    }

    /// Every table of a struct as it is where nobody has asked it anything.
    pub(super) fn table(&self, row: DeclId, tables: BTreeSet<(DeclId, String)>, kind: Kind) -> Value {
        Value::Asked(Asked { row, tables, kind, sure: true, gives: Box::new(Value::Rows(row)) })
    }

    /// What a field of something unknown may be, where it is called as a field of a database is.
    pub(super) fn guessed(&self, name: &str) -> Value {
        let all = self.databases.iter().flat_map(|(id, fields)| fields.iter().map(move |field| (*id, field)));
        let named: Vec<(DeclId, &Field)> = all.filter(|(_, field)| field.name == name).collect();
        let Some((_, first)) = named.first() else { return Value::Unknown };
        if named.iter().any(|(_, field)| field.row != first.row) {
            return Value::carrier(named.iter().map(|(id, _)| *id).collect());
        }
        let tables = named.iter().map(|(id, field)| (*id, field.table.clone())).collect();
        let gives = Box::new(Value::Rows(first.row));
        Value::Asked(Asked { row: first.row, tables, kind: Kind::Table, sure: false, gives })
    }

    /// The databases of which a value may hold handles.
    pub(super) fn carries(&self, value: &Value) -> BTreeSet<DeclId> {
        match value {
            Value::Plain | Value::Unknown | Value::Rows(_) | Value::Statement(_) => BTreeSet::new(),
            Value::Database(id) => BTreeSet::from([*id]),
            Value::Some(inner) => self.carries(inner),
            Value::Asked(asked) => asked.tables.iter().map(|(id, _)| *id).collect(),
            Value::Carrier(databases) | Value::Has { databases, .. } => databases.clone(),
            Value::Tuple(values) => values.iter().flat_map(|value| self.carries(value)).collect(),
            Value::Typed(path) => self.looking_through(value, || {
                let structures = self.program.bodies.structures.get(path).into_iter().flatten();
                let fields =
                    structures.flat_map(|structure| structure.fields.iter().map(move |(_, ty)| (structure, ty)));
                fields.flat_map(|(structure, ty)| self.carries(&self.field_type(structure, ty))).collect()
            }),
            Value::Traits(traits) => self.looking_through(value, || {
                let impls = self.traits.iter().filter(|(_, path)| traits.contains(*path)).map(|(id, _)| *id);
                impls.filter_map(|id| self.own(id)).flat_map(|own| self.carries(&own)).collect()
            }),
        }
    }

    /// What a type or a trait may hold, which may lead to itself. Only once the outermost is done, everything that it leads to is in it.
    fn looking_through(&self, value: &Value, look: impl FnOnce() -> BTreeSet<DeclId>) -> BTreeSet<DeclId> {
        if let Some(held) = self.held.borrow().get(value) {
            return held.clone();
        }
        let outermost = self.through.borrow().is_empty();
        if !self.through.borrow_mut().insert(value.clone()) {
            return BTreeSet::new();
        }
        let held = look();
        if outermost {
            self.through.borrow_mut().clear();
            self.held.borrow_mut().insert(value.clone(), held.clone());
        }
        held
    }

    /// Several values as one. What is nested or large is only what all of it holds: a value could be doubled again and again.
    pub(super) fn tuple(&self, values: Vec<Value>) -> Value {
        if values.iter().all(|value| *value == Value::Plain) {
            return Value::Plain;
        }
        let tuple = Value::Tuple(values);
        if tuple.nesting() <= NESTED && tuple.size() <= LARGEST { tuple } else { self.blurred(&tuple) }
    }

    /// No more of a value than what it may hold.
    pub(super) fn blurred(&self, value: &Value) -> Value {
        let carried = self.carries(value);
        if carried.is_empty() && value.has_unknown() { Value::Unknown } else { Value::carrier(carried) }
    }

    /// What two ways give.
    pub(super) fn join(&self, left: Value, right: Value) -> Value {
        match (left, right) {
            (left, right) if left == right => left,
            (Value::Plain, other) | (other, Value::Plain) => other,
            (Value::Unknown, other) | (other, Value::Unknown) => other,
            (Value::Some(inner), other) | (other, Value::Some(inner)) if *inner == other => other.some(),
            (left, right) => {
                let carried: BTreeSet<_> = self.carries(&left).union(&self.carries(&right)).copied().collect();
                Value::carrier(carried)
            }
        }
    }
}
