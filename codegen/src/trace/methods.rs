//! Follows calls of methods. In: what is known of the receiver. Out: what the call gives. A method of the workspace is gone into, a table's
//! is known; any other lets go of what its receiver holds, and of its arguments.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, PathArguments};

use super::calls::RUNNING;
use super::follow::Manner;
use super::frame::Frame;
use super::value::Value;
use crate::program::bodies::FunctionId;

/// Methods of wrappers that give what is in them, in whatever number.
const PASSING: [&str; 44] = [
    "as_deref",
    "as_mut",
    "as_ref",
    "as_slice",
    "borrow",
    "by_ref",
    "chain",
    "clone",
    "cloned",
    "collect",
    "copied",
    "deref",
    "expect",
    "filter",
    "first",
    "get",
    "get_or_init",
    "into_boxed_slice",
    "into_inner",
    "into_iter",
    "iter",
    "iter_mut",
    "last",
    "next",
    "nth",
    "ok",
    "ok_or",
    "ok_or_else",
    "or",
    "peekable",
    "pop",
    "rev",
    "skip",
    "skip_while",
    "take",
    "take_while",
    "to_owned",
    "to_vec",
    "unwrap",
    "unwrap_or_default",
    "unwrap_or_else",
    "wait",
    "map_err",
    "inspect",
];

/// Those of them that give what an option or a result holds.
const STRIPPING: [&str; 4] = ["expect", "unwrap", "unwrap_or_default", "unwrap_or_else"];

/// Methods of wrappers that hand what is in them to a closure, and to nobody else.
const HANDING: [&str; 9] =
    ["and_then", "filter_map", "flat_map", "for_each", "is_some_and", "map", "map_or", "map_or_else", "then"];

/// What a handle is asked that reads no rows and gives no handle.
const HARMLESS: [&str; 4] = ["close", "engine", "name", "replicas"];

impl Frame<'_, '_> {
    pub(super) fn method_call(&mut self, call: &syn::ExprMethodCall) -> Value {
        let receiver = self.eval(&call.receiver);
        let name = call.method.unraw().to_string();
        let arguments: Vec<&Expr> = call.args.iter().collect();
        let value = self.method(receiver, &call.receiver, &name, &arguments, call.span());
        let turbofish = call.turbofish.clone().map(PathArguments::AngleBracketed).unwrap_or_default();
        // `cx.shared::<Shop>()` may give what its arguments name.
        let named = self.mentioned(&turbofish).into_iter().collect();
        self.tracer.world.join(value, Value::carrier(named))
    }

    /// Calls a method of a value.
    pub(super) fn method(
        &mut self,
        receiver: Value,
        written: &Expr,
        name: &str,
        arguments: &[&Expr],
        span: Span,
    ) -> Value {
        let holds = matches!(receiver, Value::Some(_));
        let whole = receiver.clone();
        let receiver = receiver.innermost();
        match receiver {
            Value::Asked(asked) => return self.method_of_asked(asked, written, name, arguments, span),
            Value::Statement(statement) => return self.method_of_statement(&statement, written, name, arguments),
            Value::Database(_) if RUNNING.contains(&name) => return self.run(receiver, arguments, span),
            Value::Database(_) | Value::Has { .. } if name == "stale_ok" => {
                self.all(arguments.iter().copied());
                return receiver;
            }
            Value::Has { ref rows, ref databases } if name == "table" && rows.len() == 1 => {
                if let Some(row) = rows.first().copied() {
                    let world = self.tracer.world;
                    let tables = databases.iter().flat_map(|database| world.tables_in(*database, row)).collect();
                    return world.table(row, tables, super::value::Kind::Table);
                }
            }
            Value::Rows(row) => {
                if let Some(value) = self.relation(row, written, name, arguments) {
                    return value;
                }
            }
            _ => {}
        }
        if receiver == Value::Plain {
            return self.method_of_plain(name, arguments);
        }
        if receiver == Value::Unknown {
            return self.method_of_unknown(name, arguments, span);
        }
        let mut methods = self.methods_of(&receiver, name);
        let mut own = receiver.clone();
        if methods.is_empty()
            && let Value::Typed(path) = &receiver
            && let Some(inner) = self.methods_give(path, "deref")
        {
            methods = self.methods_of(&inner, name);
            if methods.is_empty() && !matches!(inner, Value::Typed(_)) {
                return self.method(inner, written, name, arguments, span);
            }
            own = inner;
        }
        let passes = PASSING.contains(&name);
        let mut guessed = Value::Plain;
        let mut may_be_ours = false;
        if self.is_doubtful(&receiver, &methods) {
            let world = self.tracer.world;
            let any = matches!(receiver, Value::Carrier(_) | Value::Has { .. });
            let mut candidates = if any { world.named(name, arguments.len()) } else { Vec::new() };
            candidates.retain(|id| !methods.contains(id) && !world.is_asked_for(*id));
            may_be_ours = !candidates.is_empty();
            if may_be_ours || !methods.is_empty() {
                let values = self.each(arguments);
                guessed = self.guess(&methods, &own, values.clone());
                self.follow_as(&candidates, &receiver, values, Manner::Loosely);
            }
            if let Value::Typed(path) = &receiver
                && let Some(inner) = self.methods_give(path, "deref").filter(|inner| *inner != receiver)
                && own == receiver
            {
                let given = self.method(inner, written, name, arguments, span);
                return self.tracer.world.join(guessed, given);
            }
        } else if !methods.is_empty() {
            let values = self.each(arguments);
            let value = self.follow_all(&methods, &own, values);
            if !(holds && passes) {
                return value;
            }
            // The list may be meant as well as what is in it.
            if !self.carries(&value).is_subset(&self.carries(&receiver)) {
                self.leaves(&value, span, &format!("is given by `{name}`"));
            }
            return if STRIPPING.contains(&name) { whole.inner() } else { whole };
        }
        let hands = HANDING.contains(&name) && matches!(arguments.last(), Some(Expr::Closure(_)));
        let mut handed = Value::Plain;
        for (at, argument) in arguments.iter().enumerate() {
            let value = match argument {
                // What a list or an option holds is what its closures get.
                Expr::Closure(closure) => {
                    let last = closure.inputs.len().saturating_sub(1);
                    let given: Vec<Value> = (0..closure.inputs.len())
                        .map(|input| if input == last { receiver.clone() } else { Value::Plain })
                        .collect();
                    let given = self.closure(closure, &given);
                    handed = if hands { given.clone() } else { Value::Plain };
                    if hands && self.carries(&given).is_subset(&self.carries(&receiver)) { continue } else { given }
                }
                other => self.eval(other),
            };
            // A default is of the same type as what it stands for.
            let same = passes && at == 0 && self.carries(&value).is_subset(&self.carries(&receiver));
            if !same {
                self.leaves(&value, argument.span(), &format!("is passed to `{name}`"));
            }
        }
        if passes {
            if may_be_ours {
                self.leaves(&receiver, span, &format!("is used by `{name}`"));
            }
            return if STRIPPING.contains(&name) { whole.inner() } else { whole };
        }
        if hands {
            return handed.some();
        }
        if !(matches!(receiver, Value::Database(_)) && HARMLESS.contains(&name)) {
            self.leaves(&receiver, span, &format!("is used by `{name}`"));
        }
        guessed
    }

    /// Whether a value may have none of the methods that were found for it, but one that is not seen.
    fn is_doubtful(&mut self, receiver: &Value, methods: &[FunctionId]) -> bool {
        let world = self.tracer.world;
        let unseen = match receiver {
            Value::Carrier(_) | Value::Has { .. } => true,
            Value::Typed(path) => !methods.is_empty() && !world.methods(path, "deref").is_empty(),
            _ => false,
        };
        world.are_anyones(methods)
            && (unseen || !methods.is_empty() && methods.iter().all(|id| world.is_asked_for(*id)))
    }

    fn each(&mut self, arguments: &[&Expr]) -> Vec<Value> {
        arguments.iter().map(|argument| self.eval(argument)).collect()
    }

    /// Goes into functions that may be meant, by their types: what they read counts, but a write would be no mistake to show.
    fn guess(&mut self, ids: &[FunctionId], own: &Value, arguments: Vec<Value>) -> Value {
        let around = std::mem::replace(&mut self.tracer.guessed, true);
        let given = self.follow_all(ids, own, arguments);
        self.tracer.guessed = around;
        given
    }

    /// A method of a value of which nothing is known. Where it is called as one of a handle or a table is, it may be one.
    fn method_of_unknown(&mut self, name: &str, arguments: &[&Expr], span: Span) -> Value {
        if RUNNING.contains(&name) {
            return self.run(Value::Unknown, arguments, span);
        }
        let mut values = Vec::new();
        for argument in arguments {
            let value = match argument {
                Expr::Closure(closure) => self.closure(closure, &vec![Value::Unknown; closure.inputs.len()]),
                other => self.eval(other),
            };
            self.leaves(&value, argument.span(), &format!("is passed to `{name}`"));
            values.push(value);
        }
        let may_ask = name == "table" || super::asked::is_asking(name);
        if may_ask {
            let all = Value::carrier(self.tracer.world.databases.keys().copied().collect());
            self.leaves(&all, span, &format!("may be what is asked by `{name}`, of which nothing is known here"));
        }
        let candidates = self.tracer.world.named(name, arguments.len());
        self.follow_as(&candidates, &Value::Unknown, values, Manner::Loosely);
        // Once every database is read, nothing more can be.
        if may_ask { Value::Plain } else { Value::Unknown }
    }

    /// A method of a value that holds no handle. What is meant is not known; a method of the workspace's may reach handles by itself.
    fn method_of_plain(&mut self, name: &str, arguments: &[&Expr]) -> Value {
        let mut values = Vec::new();
        for argument in arguments {
            let value = self.eval(argument);
            self.leaves(&value, argument.span(), &format!("is passed to `{name}`"));
            values.push(value);
        }
        let candidates = self.tracer.world.named(name, arguments.len());
        self.follow_as(&candidates, &Value::Plain, values, Manner::Loosely);
        Value::Plain
    }
}
