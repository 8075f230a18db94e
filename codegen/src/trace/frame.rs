//! Walks the body of one function. In: what is known of its arguments. Out: what it reads, writes and lets go of, in the
//! [`super::Tracer`]; and what each expression gives. Both branches are taken, and loops once: what a name stands for only grows.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Block, Expr, Member, Stmt, UnOp};

use super::Tracer;
use super::types::Around;
use super::value::Value;
use crate::model::Place;
use crate::program::bodies::Function;
use crate::program::{DeclId, ModuleId};

/// A function's body, being walked.
pub(super) struct Frame<'t, 'a> {
    pub(super) tracer: &'t mut Tracer<'a>,
    pub(super) function: &'a Function,
    /// The scope of the block where the walk is.
    pub(super) module: ModuleId,
    /// What `Self` is.
    pub(super) own: Value,
    /// The names of locals, the innermost scope last.
    pub(super) scopes: Vec<BTreeMap<String, Value>>,
    /// The databases that whoever calls it expects in what it returns.
    pub(super) returns: BTreeSet<DeclId>,
    /// How many closures and async blocks are around: their `return` is not the function's.
    pub(super) closures: usize,
}

impl<'a> Frame<'_, 'a> {
    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.function.file, span }
    }

    pub(super) fn text(&self, span: Span) -> String {
        self.tracer.text(self.function.file, span)
    }

    pub(super) fn around(&self) -> Around<'a> {
        let around = self.function.owner.as_ref().map(|owner| &owner.generics);
        let generics = around.into_iter().chain([&self.function.item.sig.generics]).collect();
        let owner = self.function.owner.as_deref();
        Around { generics, own: self.own.clone(), owner, ..Around::nothing(self.module) }
    }

    pub(super) fn type_value(&self, ty: &syn::Type) -> Value {
        self.tracer.world.value(&self.around(), ty)
    }

    pub(super) fn carries(&self, value: &Value) -> BTreeSet<DeclId> {
        self.tracer.world.carries(value)
    }

    /// A value goes where nobody follows it.
    pub(super) fn leaves(&mut self, value: &Value, span: Span, how: &str) {
        let text = self.text(span);
        let place = self.place(span);
        self.tracer.leaves(value, place, &text, how);
    }

    pub(super) fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(BTreeMap::new());
        let done = work(self);
        self.scopes.pop();
        done
    }

    pub(super) fn local(&self, name: &str) -> Option<&Value> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    pub(super) fn block(&mut self, block: &Block) -> Value {
        let start = block.brace_token.span.open().byte_range().start;
        let scope = self.tracer.world.program.bodies.blocks.get(&(self.module, start)).copied();
        let around = self.module;
        self.module = scope.unwrap_or(around);
        let value = self.scoped(|frame| {
            let mut last = Value::Plain;
            for stmt in &block.stmts {
                last = frame.stmt(stmt);
            }
            last
        });
        self.module = around;
        value
    }

    fn stmt(&mut self, stmt: &Stmt) -> Value {
        match stmt {
            Stmt::Local(local) => {
                let mut value = Value::Plain;
                if let Some(init) = &local.init {
                    value = self.eval(&init.expr);
                    if let Some((_, other)) = &init.diverge {
                        self.eval(other);
                    }
                }
                self.bind(&local.pat, value);
                Value::Plain
            }
            Stmt::Item(_) => Value::Plain,
            Stmt::Expr(expr, semicolon) => {
                let value = self.eval(expr);
                if semicolon.is_some() { Value::Plain } else { value }
            }
            Stmt::Macro(stmt) => {
                let value = self.invocation(&stmt.mac);
                if stmt.semi_token.is_some() { Value::Plain } else { value }
            }
        }
    }

    /// What an expression gives.
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Array(array) => self.all(&array.elems).some(),
            Expr::Assign(assign) => self.assign(assign),
            Expr::Async(block) => self.apart(|frame| frame.block(&block.block)),
            Expr::Await(awaited) => self.awaited(&awaited.base),
            Expr::Binary(binary) => {
                let values = [(&binary.left, self.eval(&binary.left)), (&binary.right, self.eval(&binary.right))];
                for (side, value) in values {
                    self.leaves(&value, side.span(), "meets an operator");
                }
                Value::Plain
            }
            Expr::Block(block) => self.block(&block.block),
            Expr::Break(out) => {
                if let Some(expr) = &out.expr {
                    let value = self.eval(expr);
                    self.leaves(&value, expr.span(), "leaves a loop");
                }
                Value::Plain
            }
            Expr::Call(call) => self.call(call),
            Expr::Cast(cast) => {
                let value = self.eval(&cast.expr);
                let ty = self.type_value(&cast.ty);
                if self.carries(&ty).is_superset(&self.carries(&value)) { ty } else { value }
            }
            Expr::Closure(closure) => {
                let value = self.closure(closure, &[]);
                self.leaves(&value, closure.body.span(), "is what a closure gives");
                Value::Plain
            }
            Expr::Const(block) => self.block(&block.block),
            Expr::Field(field) => self.field(field),
            Expr::ForLoop(looped) => self.scoped(|frame| {
                let each = frame.eval(&looped.expr).inner();
                let each = frame.implied(each, &["next", "into_iter"]);
                frame.bind(&looped.pat, each);
                frame.block(&looped.body);
                Value::Plain
            }),
            Expr::Group(group) => self.eval(&group.expr),
            Expr::If(branch) => {
                let then = self.scoped(|frame| {
                    frame.eval(&branch.cond);
                    frame.block(&branch.then_branch)
                });
                let other = branch.else_branch.as_ref().map(|(_, other)| self.eval(other));
                self.tracer.world.join(then, other.unwrap_or_default())
            }
            Expr::Index(index) => {
                self.eval(&index.index);
                self.eval(&index.expr).inner()
            }
            Expr::Let(condition) => {
                let value = self.eval(&condition.expr);
                self.bind(&condition.pat, value);
                Value::Plain
            }
            Expr::Loop(looped) => {
                self.block(&looped.body);
                Value::Plain
            }
            Expr::Macro(invocation) => self.invocation(&invocation.mac),
            Expr::Match(matched) => {
                let value = self.eval(&matched.expr);
                let mut given = Value::Plain;
                for arm in &matched.arms {
                    let value = value.clone();
                    let body = self.scoped(|frame| {
                        frame.bind(&arm.pat, value);
                        frame.eval(&arm.body)
                    });
                    given = self.tracer.world.join(given, body);
                }
                given
            }
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Paren(paren) => self.eval(&paren.expr),
            Expr::Path(path) => self.path(path),
            Expr::Range(range) => {
                for side in range.start.iter().chain(&range.end) {
                    self.eval(side);
                }
                Value::Plain
            }
            Expr::RawAddr(raw) => self.eval(&raw.expr),
            Expr::Reference(reference) => self.eval(&reference.expr),
            Expr::Repeat(repeat) => self.eval(&repeat.expr).some(),
            Expr::Return(out) => {
                if let Some(expr) = &out.expr {
                    let value = self.eval(expr);
                    self.returned(&value, expr.span());
                }
                Value::Plain
            }
            Expr::Struct(literal) => self.literal(literal),
            Expr::Try(tried) => self.eval(&tried.expr).inner(),
            Expr::TryBlock(block) => self.block(&block.block),
            Expr::Tuple(tuple) if tuple.elems.is_empty() => Value::Plain,
            Expr::Tuple(tuple) => {
                let values = tuple.elems.iter().map(|expr| self.eval(expr)).collect();
                self.tracer.world.tuple(values)
            }
            Expr::Unary(unary) => {
                let value = self.eval(&unary.expr);
                if matches!(unary.op, UnOp::Deref(_)) {
                    return value;
                }
                self.leaves(&value, unary.expr.span(), "meets an operator");
                Value::Plain
            }
            Expr::Unsafe(block) => self.block(&block.block),
            Expr::While(looped) => self.scoped(|frame| {
                frame.eval(&looped.cond);
                frame.block(&looped.body);
                Value::Plain
            }),
            Expr::Continue(_) | Expr::Infer(_) | Expr::Lit(_) => Value::Plain,
            // What syn does not know, or rustc not yet: every name in it may be a handle.
            other => {
                self.tokens(&quote::ToTokens::to_token_stream(other));
                Value::Plain
            }
        }
    }

    /// Several values of one type.
    pub(super) fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Value {
        let mut value = Value::Plain;
        for expr in exprs {
            let next = self.eval(expr);
            value = self.tracer.world.join(value, next);
        }
        value
    }

    /// Walks what has a `return` of its own.
    pub(super) fn apart<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.closures += 1;
        let done = work(self);
        self.closures -= 1;
        done
    }

    /// Walks a closure that gets these values; one that is not given is what its pattern says.
    pub(super) fn closure(&mut self, closure: &syn::ExprClosure, given: &[Value]) -> Value {
        self.apart(|frame| {
            frame.scoped(|frame| {
                for (at, input) in closure.inputs.iter().enumerate() {
                    frame.bind(input, given.get(at).cloned().unwrap_or_default());
                }
                frame.eval(&closure.body)
            })
        })
    }

    /// A value is what the function gives.
    pub(super) fn returned(&mut self, value: &Value, span: Span) {
        if self.closures > 0 || !self.carries(value).is_subset(&self.returns) {
            self.leaves(value, span, "is returned");
        }
    }

    fn assign(&mut self, assign: &syn::ExprAssign) -> Value {
        let value = self.eval(&assign.right);
        let known = self.eval(&assign.left);
        if let Expr::Path(path) = &*assign.left
            && let Some(ident) = path.path.get_ident()
            && known.is_bare()
            && self.carries(&value).is_empty()
        {
            let name = ident.unraw().to_string();
            if let Some(local) = self.scopes.iter_mut().rev().find_map(|scope| scope.get_mut(&name)) {
                *local = value;
            }
        } else if !self.carries(&value).is_subset(&self.carries(&known)) {
            self.leaves(&value, assign.right.span(), "is assigned");
        }
        Value::Plain
    }

    fn awaited(&mut self, base: &Expr) -> Value {
        match self.eval(base) {
            Value::Asked(asked) => {
                self.reads_asked(&asked, base);
                *asked.gives
            }
            value => self.implied(value, &["poll", "into_future"]),
        }
    }

    /// A value of which the language calls methods by itself. Out: what they give, or the value where it has none of them.
    fn implied(&mut self, value: Value, names: &[&str]) -> Value {
        let Value::Typed(path) = &value else { return value };
        let methods: Vec<_> = names.iter().flat_map(|name| self.tracer.world.methods(path, name)).collect();
        if methods.is_empty() {
            return value;
        }
        let given = self.follow_all(&methods, &value, Vec::new());
        if given.is_bare() { Value::carrier(self.carries(&value)) } else { given }
    }

    fn field(&mut self, field: &syn::ExprField) -> Value {
        let base = self.eval(&field.base);
        let name = match &field.member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        self.part(&base, &name, field.span())
    }

    /// A field of a value.
    pub(super) fn part(&mut self, base: &Value, name: &str, span: Span) -> Value {
        let world = self.tracer.world;
        if let Value::Some(inner) = base {
            return self.part(inner, name, span);
        }
        let found = match base {
            Value::Plain | Value::Statement(_) => return Value::Plain,
            Value::Unknown => return world.guessed(name),
            Value::Database(id) => world.databases.get(id).and_then(|fields| {
                let field = fields.iter().find(|field| field.name == name)?;
                Some(world.table(field.row, BTreeSet::from([(*id, field.table.clone())]), super::value::Kind::Table))
            }),
            Value::Rows(row) => Some(self.column(*row, name)),
            Value::Tuple(values) => name.parse().ok().and_then(|at: usize| values.get(at)).cloned(),
            Value::Typed(path) => world.field(path, name).or_else(|| {
                // Behind a `Deref`, of which a second is not looked for.
                match self.methods_give(path, "deref")? {
                    Value::Typed(inner) => world.field(&inner, name),
                    inner => Some(self.part(&inner, name, span)),
                }
            }),
            Value::Asked(_) | Value::Carrier(_) | Value::Has { .. } | Value::Some(_) | Value::Traits(_) => None,
        };
        found.unwrap_or_else(|| {
            self.leaves(base, span, "is taken apart");
            Value::Plain
        })
    }

    /// What a method gives by its type, without going into it.
    pub(super) fn methods_give(&mut self, path: &str, name: &str) -> Option<Value> {
        let id = *self.tracer.world.methods(path, name).first()?;
        let function = self.tracer.world.program.bodies.functions.get(id.0)?;
        let syn::ReturnType::Type(_, ty) = &function.item.sig.output else { return None };
        let own = self.tracer.world.own(id).unwrap_or_default();
        // `&Self::Target` says nothing by itself.
        let value = self.tracer.world.value(&self.tracer.world.around(function, own.clone()), ty);
        Some(if value.is_bare() { Value::carrier(self.carries(&own)) } else { value })
    }
}
