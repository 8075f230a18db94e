//! Follows calls by path into the functions of the workspace, and says what literals make. A call that leads elsewhere lets go of the
//! handles it is given.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprPath, PathArguments, Type};

use super::Reached;
use super::frame::Frame;
use super::types::Around;
use super::value::Value;
use crate::lower::types::ends;
use crate::program::bodies::FunctionId;
use crate::program::names::{Definition, Namespace};

/// The functions of the standard library that give what they are given.
const GIVING: [&str; 6] = ["clone", "from", "identity", "new", "pin", "ready"];

/// The traits of the standard library whose names are everywhere.
const TRAITS: [&str; 11] = [
    "AsRef",
    "Clone",
    "Default",
    "Extend",
    "IntoIterator",
    "Iterator",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "ToOwned",
    "TryFrom",
];

/// What a database runs with a transaction or a snapshot of itself.
pub(super) const RUNNING: [&str; 7] =
    ["savepoint", "snapshot", "transaction", "transaction_at", "try_snapshot", "try_transaction", "try_transaction_at"];

impl Frame<'_, '_> {
    fn takes_self(&self, id: FunctionId) -> bool {
        let function = self.tracer.world.program.bodies.functions.get(id.0);
        function.is_some_and(|function| function.item.sig.receiver().is_some())
    }

    /// A path that is not called: a local, a static, a function that is handed on.
    pub(super) fn path(&mut self, path: &ExprPath) -> Value {
        if let Some(ident) = path.path.get_ident()
            && let Some(local) = self.local(&ident.unraw().to_string())
        {
            return local.clone();
        }
        let world = self.tracer.world;
        let (functions, own) = self.functions(path);
        if !functions.is_empty() {
            return self.follow_all(&functions, &own, Vec::new());
        }
        match world.program.define(self.module, Namespace::Value, &path.path) {
            Some(Definition::Item(id)) => match world.program.bodies.globals.get(&id) {
                Some(global) => world.value(&Around::nothing(global.module), &global.ty),
                None => match world.program.names.items.get(id.0) {
                    Some(item) if world.is_type(&item.path) => Value::Typed(item.path.clone()),
                    _ => Value::Plain,
                },
            },
            Some(_) => Value::Plain,
            // An associated constant, or a variant without fields, of something that may hold handles.
            None => match self.prefix(path) {
                Some(value @ (Value::Database(_) | Value::Carrier(_))) => value,
                Some(_) => Value::Plain,
                None if self.is_foreign(&path.path) => Value::Plain,
                None => Value::Unknown,
            },
        }
    }

    /// The functions that a path means, and what `Self` is in them.
    pub(super) fn functions(&self, path: &ExprPath) -> (Vec<FunctionId>, Value) {
        let world = self.tracer.world;
        if path.qself.is_none()
            && let Some(Definition::Item(id)) = world.program.define(self.module, Namespace::Value, &path.path)
        {
            return (world.functions.get(&id).copied().into_iter().collect(), Value::Plain);
        }
        let Some(own) = self.prefix(path) else { return (Vec::new(), Value::Plain) };
        let name = path.path.segments.last().map(|last| last.ident.unraw().to_string()).unwrap_or_default();
        (self.methods_of(&own, &name), own)
    }

    /// The methods of a value by its type.
    pub(super) fn methods_of(&self, value: &Value, name: &str) -> Vec<FunctionId> {
        let world = self.tracer.world;
        let own = match value {
            Value::Database(id) | Value::Rows(id) => world.methods(&world.path(*id), name),
            Value::Typed(path) => world.methods(path, name),
            Value::Traits(traits) => return world.of_traits(traits, name),
            Value::Plain | Value::Unknown | Value::Statement(_) | Value::Tuple(_) => return Vec::new(),
            Value::Some(inner) => return self.methods_of(inner, name),
            Value::Asked(_) | Value::Carrier(_) | Value::Has { .. } => Vec::new(),
        };
        if own.is_empty() { world.anyones(name) } else { own }
    }

    /// The type in front of a path's last name; nothing where that is no type.
    fn prefix(&self, path: &ExprPath) -> Option<Value> {
        if let Some(own) = &path.qself {
            return Some(self.type_value(&own.ty).innermost());
        }
        let mut prefix = path.path.clone();
        prefix.segments.pop();
        prefix.segments.pop_punct();
        if prefix.segments.is_empty() {
            return None;
        }
        match self.type_value(&Type::Path(syn::TypePath { attrs: Vec::new(), qself: None, path: prefix })).innermost() {
            Value::Plain | Value::Unknown => None,
            Value::Typed(path) if !self.tracer.world.is_type(&path) => None,
            value => Some(value),
        }
    }

    pub(super) fn call(&mut self, call: &syn::ExprCall) -> Value {
        let mut called = &*call.func;
        while let Expr::Paren(syn::ExprParen { expr, .. }) | Expr::Group(syn::ExprGroup { expr, .. }) = called {
            called = expr;
        }
        let arguments: Vec<&Expr> = call.args.iter().collect();
        let Expr::Path(path) = called else {
            let value = self.eval(called);
            self.leaves(&value, called.span(), "is called");
            self.let_go(&arguments, &self.text(called.span()));
            return Value::Plain;
        };
        let name = path.path.segments.last().map(|last| last.ident.unraw().to_string()).unwrap_or_default();
        if path.path.get_ident().is_some()
            && let Some(local) = self.local(&name).cloned()
        {
            self.leaves(&local, path.span(), "is called");
            self.let_go(&arguments, &name);
            return Value::Plain;
        }
        let (functions, own) = self.functions(path);
        if !functions.is_empty() {
            return self.into(&functions, own, &arguments);
        }
        if let Some(own) = self.prefix(path) {
            return self.associated(own, &name, &arguments, call);
        }
        let world = self.tracer.world;
        match world.program.define(self.module, Namespace::Value, &path.path) {
            Some(Definition::Item(id)) => match world.program.names.items.get(id.0) {
                Some(item) => self.made(&item.path, &arguments),
                None => Value::Plain,
            },
            None if RUNNING.contains(&name.as_str()) && self.is_runtimes(&path.path) => {
                self.running(&arguments, call.span())
            }
            // A trait's method, whose first argument is what it is of.
            Some(Definition::Member(_)) if !arguments.is_empty() => {
                self.method_of_first(&name, &arguments, call.span())
            }
            Some(Definition::External(path)) if ends(&path).0 == "std" && GIVING.contains(&name.as_str()) => {
                self.all(arguments)
            }
            None if path.path.segments.len() == 1 && ["Err", "Ok", "Some"].contains(&name.as_str()) => {
                self.all(arguments).some()
            }
            None if name == "clone" && self.is_foreign(&path.path) => self.all(arguments),
            _ if name == "drop" => {
                self.all(arguments);
                Value::Plain
            }
            found => {
                self.let_go(&arguments, &name);
                let named = path.path.segments.iter().flat_map(|part| self.mentioned(&part.arguments));
                let named = Value::carrier(named.collect());
                let made = found.is_none() && !self.is_foreign(&path.path);
                if named == Value::Plain && made { Value::Unknown } else { named }
            }
        }
    }

    /// Whether a path leads into the runtime, of whose functions no names are known.
    fn is_runtimes(&self, path: &syn::Path) -> bool {
        self.foreign(path).is_some_and(|path| ends(&path).0 == "cell")
    }

    /// Whether a path leads into a crate that is not of the workspace: what that makes is no handle unless it says so.
    fn is_foreign(&self, path: &syn::Path) -> bool {
        let first = path.segments.first().map(|first| first.ident.to_string()).unwrap_or_default();
        first == "None" || path.segments.len() > 1 && TRAITS.contains(&first.as_str()) || self.foreign(path).is_some()
    }

    fn foreign(&self, path: &syn::Path) -> Option<String> {
        let mut module = path.clone();
        module.segments.pop();
        module.segments.pop_punct();
        match self.tracer.world.program.define(self.module, Namespace::Type, &module)? {
            Definition::External(path) => Some(path),
            _ => None,
        }
    }

    /// Calls functions with these arguments.
    fn into(&mut self, functions: &[FunctionId], own: Value, arguments: &[&Expr]) -> Value {
        let mut values: Vec<Value> = arguments.iter().map(|argument| self.eval(argument)).collect();
        let mut own = own;
        if functions.iter().any(|id| self.takes_self(*id)) && !values.is_empty() {
            let receiver = values.remove(0);
            if receiver != Value::Plain {
                own = receiver;
            }
        }
        self.follow_all(functions, &own, values)
    }

    /// Calls what stands under a type's name, and is no method of the workspace.
    fn associated(&mut self, own: Value, name: &str, arguments: &[&Expr], call: &syn::ExprCall) -> Value {
        match &own {
            Value::Database(_) if ["open", "open_at", "open_replicated", "rebind"].contains(&name) => {
                self.all(arguments.iter().copied());
                own
            }
            Value::Database(_) if RUNNING.contains(&name) => self.running(arguments, call.span()),
            Value::Typed(path) if name.starts_with(char::is_uppercase) => {
                let path = path.clone();
                self.made(&path, arguments)
            }
            _ if arguments.is_empty() => Value::carrier(self.carries(&own)),
            _ => {
                let given = self.method_of_first(name, arguments, call.span());
                let more = Value::carrier(self.carries(&own));
                self.tracer.world.join(given, more)
            }
        }
    }

    fn method_of_first(&mut self, name: &str, arguments: &[&Expr], span: Span) -> Value {
        let Some((first, rest)) = arguments.split_first() else { return Value::Plain };
        let receiver = self.eval(first);
        self.method(receiver, first, name, rest, span)
    }

    /// `transaction(&shop, async |tx| …)`
    fn running(&mut self, arguments: &[&Expr], span: Span) -> Value {
        let Some((first, rest)) = arguments.split_first() else { return Value::Plain };
        let database = self.eval(first);
        self.run(database, rest, span)
    }

    /// A database runs the last argument with itself.
    pub(super) fn run(&mut self, database: Value, arguments: &[&Expr], span: Span) -> Value {
        let Some((work, before)) = arguments.split_last() else { return Value::Plain };
        self.all(before.iter().copied());
        let value = match work {
            Expr::Closure(closure) => self.closure(closure, &[database]),
            Expr::Path(path) if !self.functions(path).0.is_empty() => {
                let (functions, own) = self.functions(path);
                self.follow_all(&functions, &own, vec![database])
            }
            other => {
                self.eval(other);
                self.leaves(&database, span, "runs what is not seen here");
                Value::Plain
            }
        };
        self.leaves(&value, span, "leaves its transaction");
        if self.carries(&value).is_empty() { value } else { Value::Plain }
    }

    /// A value of a type of the workspace is made of these.
    fn made(&mut self, path: &str, arguments: &[&Expr]) -> Value {
        let parts: Vec<(Value, Span)> =
            arguments.iter().map(|argument| (self.eval(argument), argument.span())).collect();
        self.stored(Value::Typed(path.to_owned()), parts)
    }

    pub(super) fn literal(&mut self, literal: &syn::ExprStruct) -> Value {
        let ty =
            Type::Path(syn::TypePath { attrs: Vec::new(), qself: literal.qself.clone(), path: literal.path.clone() });
        let path = ExprPath { attrs: Vec::new(), qself: literal.qself.clone(), path: literal.path.clone() };
        let value = match self.type_value(&ty).innermost() {
            Value::Typed(path) if self.tracer.world.is_type(&path) => Value::Typed(path),
            Value::Plain | Value::Unknown | Value::Typed(_) => self.prefix(&path).unwrap_or_default(),
            value => value,
        };
        let mut parts = Vec::new();
        for field in &literal.fields {
            parts.push((self.eval(&field.expr), field.expr.span()));
        }
        if let Some(rest) = &literal.rest {
            parts.push((self.eval(rest), rest.span()));
        }
        self.stored(value, parts)
    }

    /// What is stored in a value whose type does not show it, nobody follows.
    fn stored(&mut self, value: Value, parts: Vec<(Value, Span)>) -> Value {
        let shown = self.carries(&value);
        for (part, span) in parts {
            if !self.carries(&part).is_subset(&shown) {
                self.leaves(&part, span, "is stored");
            }
        }
        value
    }

    /// What is handed to something that nobody follows.
    pub(super) fn let_go(&mut self, arguments: &[&Expr], to: &str) {
        for argument in arguments {
            let value = self.eval(argument);
            self.leaves(&value, argument.span(), &format!("is passed to `{to}`"));
        }
    }

    /// The databases in a path's own arguments: `shared::<Shop>()`.
    pub(super) fn mentioned(&self, arguments: &PathArguments) -> Vec<crate::program::DeclId> {
        let PathArguments::AngleBracketed(arguments) = arguments else { return Vec::new() };
        let types = arguments.args.iter().filter_map(|argument| match argument {
            syn::GenericArgument::Type(ty) => Some(self.type_value(ty)),
            _ => None,
        });
        types.flat_map(|value| self.carries(&value)).collect()
    }

    /// Tables as what is reached.
    pub(super) fn reached(tables: impl IntoIterator<Item = (crate::program::DeclId, String)>) -> Vec<Reached> {
        tables.into_iter().map(|(database, table)| (database, Some(table))).collect()
    }
}
