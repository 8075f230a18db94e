//! Goes into functions, each once with what is known of its arguments: so circles end. In: a function, and values. Out: what it gives.

use std::collections::BTreeMap;

use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, ReturnType, Stmt};

use super::Tracer;
use super::frame::Frame;
use super::value::Value;
use crate::program::bodies::FunctionId;

/// How deep lists and tuples may be in each other for a function to be followed with what is known of them: a call that wraps its own
/// argument again would otherwise never end.
const NESTED: usize = 4;

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
                given = Value::carrier(world.carries(&given));
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
        if !self.followed.insert((id, own.clone(), values.clone())) {
            return declared;
        }
        let call = Call { id, own, values, declared };
        if self.depth >= DEEPEST || manner == Manner::Loosely {
            let declared = call.declared.clone();
            self.later.push_back((self.chain.clone(), call));
            return declared;
        }
        self.walk(call)
    }

    /// Walks a function's body. Out: what it gives.
    pub(super) fn walk(&mut self, call: Call) -> Value {
        let world = self.world;
        let Call { id, own, values, declared } = call;
        let Some(function) = world.program.bodies.functions.get(id.0) else { return declared };
        let signature = &function.item.sig;
        self.chain.push(signature.ident.unraw().to_string());
        self.depth += 1;
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
