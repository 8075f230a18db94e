//! Goes into functions, each once with what is known of its arguments: so circles end. In: a function, and values. Out: what it gives.

use std::collections::BTreeMap;

use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, ReturnType, Stmt};

use super::Tracer;
use super::frame::Frame;
use super::value::Value;
use super::world::NESTED;
use crate::program::bodies::FunctionId;

/// With how many states of its arguments a function is followed as they are; then they are only what they may hold.
const STATES: usize = 32;

/// How many calls deep a trace goes at once: few enough for the stack. What is further down is followed afterwards.
const DEEPEST: usize = 24;

/// What a function's arguments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// What their types say, or the call where these say less.
    ByTypes,
    /// What the call says alone: it may be another function that is meant.
    Loosely,
}

/// A call of a function: what is known of its arguments, and what its type says that it gives.
pub(super) struct Call {
    id: FunctionId,
    own: Value,
    values: Vec<Value>,
    declared: Value,
    guessed: bool,
}

impl<'a> Tracer<'a> {
    /// Goes into a function. Out: what it gives.
    pub(super) fn follow(&mut self, id: FunctionId, own: Value, arguments: Vec<Value>, manner: Manner) -> Value {
        let world = self.world;
        let Some(function) = world.program.bodies.functions.get(id.0) else { return Value::Plain };
        let own = match world.own(id) {
            Some(typed) if manner == Manner::ByTypes && (!typed.is_open() || own.is_bare()) => typed,
            _ => own,
        };
        let around = world.around(function, own.clone());
        let signature = &function.item.sig;
        let mut given = arguments.into_iter();
        let mut values = Vec::new();
        for input in &signature.inputs {
            let FnArg::Typed(input) = input else { continue };
            let mut given = given.next().unwrap_or_default();
            if given.nesting() > NESTED {
                given = world.blurred(&given);
            }
            let declared = if manner == Manner::ByTypes { world.value(&around, &input.ty) } else { Value::Plain };
            values.push(match declared {
                // By its type a handle has a table, and by the call it is of a database.
                Value::Has { rows, .. } if !world.carries(&given).is_empty() => {
                    Value::Has { rows, databases: world.carries(&given) }
                }
                declared if declared.is_open() && given != Value::Plain => given,
                declared => declared,
            });
        }
        let declared = match &signature.output {
            ReturnType::Type(_, ty) => world.value(&around, ty),
            ReturnType::Default => Value::Plain,
        };
        let mut call = Call { id, own, values, declared, guessed: self.guessed || manner == Manner::Loosely };
        if !self.is_new(&mut call) {
            return call.declared;
        }
        if self.depth >= DEEPEST || manner == Manner::Loosely {
            let declared = call.declared.clone();
            self.later.push_back((self.chain.clone(), call));
            return declared;
        }
        self.walk(call)
    }

    /// Whether a function is not followed yet with what is known of its arguments, which is less where there were many states of them.
    fn is_new(&mut self, call: &mut Call) -> bool {
        let world = self.world;
        let states = self.followed.entry(call.id).or_default();
        if states.contains(&(call.guessed, call.own.clone(), call.values.clone())) {
            return false;
        }
        if states.len() >= STATES {
            // Of ever more databases in ever more arguments there are many states, too.
            let all = Value::carrier(world.databases.keys().copied().collect());
            let many = states.len() >= 2 * STATES;
            // Whose method it is stays known: there are only so many types.
            let typed = matches!(call.own, Value::Typed(_) | Value::Database(_) | Value::Rows(_));
            for value in call.values.iter_mut().chain(Some(&mut call.own).filter(|_| !typed)) {
                *value = if many { all.clone() } else { world.blurred(value) };
            }
        }
        states.insert((call.guessed, call.own.clone(), call.values.clone()))
    }

    /// Walks a function's body. Out: what it gives.
    pub(super) fn walk(&mut self, call: Call) -> Value {
        let world = self.world;
        let Call { id, own, values, declared, guessed } = call;
        let Some(function) = world.program.bodies.functions.get(id.0) else { return declared };
        let signature = &function.item.sig;
        self.chain.push(signature.ident.unraw().to_string());
        self.depth += 1;
        let around = std::mem::replace(&mut self.guessed, guessed);
        self.said(id);
        let returns = world.carries(&declared);
        let mut frame = Frame {
            tracer: self,
            function,
            module: function.module,
            own: own.clone(),
            scopes: vec![BTreeMap::from([("self".to_owned(), own)])],
            returns,
            closures: 0,
        };
        for (input, value) in signature.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).zip(values) {
            if let FnArg::Typed(input) = input {
                frame.bind(&input.pat, value);
            }
        }
        let value = frame.block(&function.item.block);
        if let Some(Stmt::Expr(last, None)) = function.item.block.stmts.last() {
            frame.returned(&value, last.span());
        }
        self.chain.pop();
        self.depth -= 1;
        self.guessed = around;
        if declared.is_bare() && world.carries(&value).is_empty() { value } else { declared }
    }
}

impl Frame<'_, '_> {
    /// Goes into functions, of which one is called. A method's first argument may stand for its receiver.
    pub(super) fn follow_all(&mut self, ids: &[FunctionId], own: &Value, arguments: Vec<Value>) -> Value {
        self.follow_as(ids, own, arguments, Manner::ByTypes)
    }

    pub(super) fn follow_as(
        &mut self,
        ids: &[FunctionId],
        own: &Value,
        arguments: Vec<Value>,
        manner: Manner,
    ) -> Value {
        let mut value = Value::Plain;
        for id in ids {
            let next = self.tracer.follow(*id, own.clone(), arguments.clone(), manner);
            value = self.tracer.world.join(value, next);
        }
        value
    }
}
