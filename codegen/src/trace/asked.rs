//! What tables, questions to them, rows and statements do: which of their methods read, which write, and what they give.

use std::collections::BTreeSet;

use cell_syntax::decl::Decl;
use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, Member, Pat, Stmt};

use super::frame::Frame;
use super::value::{Asked, Kind, Statement, Value};
use crate::program::{DeclId, Resolved};

/// Methods of tables and questions that write.
const WRITING: [&str; 6] = ["delete", "insert", "insert_many", "update", "upsert", "upsert_many"];

/// Methods that give what is asked for.
const GIVING: [&str; 5] = ["all", "first", "get", "page", "stream"];

/// Methods that give a number, or whether there is one.
const COUNTING: [&str; 8] = ["avg", "count", "exists", "max", "min", "search_status", "sum", "verify_search"];

/// Methods that ask more.
const ASKING: [&str; 7] = ["after", "distinct", "filter", "limit", "offset", "order_by", "query"];

/// Whether a method of this name asks a table something.
pub(super) fn is_asking(name: &str) -> bool {
    let others = ["group_by", "search", "select", "with"];
    GIVING.contains(&name) || COUNTING.contains(&name) || ASKING.contains(&name) || others.contains(&name)
}

/// What leads to rows of another table.
struct Relation {
    target: DeclId,
    many: bool,
}

impl Frame<'_, '_> {
    /// A table is read, for a reason.
    fn reads(&mut self, tables: &BTreeSet<(DeclId, String)>, text: &str) {
        self.tracer.reads(Self::reached(tables.iter().cloned()), text);
    }

    pub(super) fn reads_asked(&mut self, asked: &Asked, written: &Expr) {
        let text = self.text(written.span());
        self.reads(&asked.tables, &text);
    }

    /// Why a table is read: as it is named, or by which method of what.
    fn reason(&self, written: &Expr, name: &str) -> String {
        let mut inner = written;
        while let Expr::Reference(syn::ExprReference { expr, .. }) | Expr::Paren(syn::ExprParen { expr, .. }) = inner {
            inner = expr;
        }
        let text = self.text(inner.span());
        if matches!(inner, Expr::Field(_)) { text } else { format!("{text}.{name}(…)") }
    }

    pub(super) fn method_of_asked(
        &mut self,
        mut asked: Asked,
        written: &Expr,
        name: &str,
        arguments: &[&Expr],
        span: Span,
    ) -> Value {
        let reason = self.reason(written, name);
        if WRITING.contains(&name) {
            self.let_go(arguments, name);
            self.reads(&asked.tables, &reason);
            let what = Self::reached(asked.tables.iter().cloned()).into_iter().collect();
            let place = self.place(span);
            if asked.sure {
                let text = format!("{}.{name}(…)", self.text(written.span()));
                self.tracer.writes(what, place, &text);
            }
            return if ["insert", "upsert"].contains(&name) { Value::Rows(asked.row) } else { Value::Plain };
        }
        let searches = asked.kind == Kind::Search;
        match name {
            "as_ref" | "borrow" | "by_ref" | "clone" | "to_owned" | "unwrap" | "expect" => {
                self.let_go(arguments, name);
                Value::Asked(asked)
            }
            "name" => Value::Plain,
            "with" => {
                self.reads(&asked.tables, &reason);
                self.with(asked, written, arguments, span)
            }
            "search" => {
                self.let_go(arguments, name);
                self.reads(&asked.tables, &reason);
                self.included(&asked, &format!("{}.search(…)", self.text(written.span())));
                asked.kind = Kind::Search;
                Value::Asked(asked)
            }
            "select" | "group_by" => {
                self.let_go(arguments, name);
                self.reads(&asked.tables, &reason);
                asked.kind = Kind::Query;
                asked.gives = Box::new(Value::Plain);
                Value::Asked(asked)
            }
            _ if COUNTING.contains(&name) => {
                self.let_go(arguments, name);
                self.reads(&asked.tables, &reason);
                Value::Plain
            }
            _ if GIVING.contains(&name) => {
                self.let_go(arguments, name);
                self.reads(&asked.tables, &reason);
                *asked.gives
            }
            _ if searches || ASKING.contains(&name) => {
                self.let_go(arguments, name);
                self.reads(&asked.tables, &reason);
                asked.kind = if searches { Kind::Search } else { Kind::Query };
                Value::Asked(asked)
            }
            _ => {
                let methods = self.methods_of(&Value::Asked(asked.clone()), name);
                if methods.is_empty() {
                    self.let_go(arguments, name);
                    self.leaves(&Value::Asked(asked), span, &format!("is used by `{name}`"));
                    return Value::Plain;
                }
                let values = arguments.iter().map(|argument| self.eval(argument)).collect();
                self.follow_all(&methods, &Value::Asked(asked), values)
            }
        }
    }

    /// `with(|o| o.customer)`: the tables that the relation leads to are read, in the same database.
    fn with(&mut self, mut asked: Asked, written: &Expr, arguments: &[&Expr], span: Span) -> Value {
        let text = format!("{}.with({})", self.text(written.span()), self.list(arguments));
        let found = match arguments {
            [Expr::Closure(closure)] => self.relations_in(asked.row, closure),
            _ => None,
        };
        let Some((targets, first)) = found else {
            self.leaves(&Value::Asked(asked.clone()), span, "is asked for a relation that is not seen here");
            asked.gives = Box::new(Value::Plain);
            return Value::Asked(asked);
        };
        for target in targets {
            let tables = asked.tables.iter().flat_map(|(database, _)| self.tracer.world.tables_in(*database, target));
            let tables: BTreeSet<_> = tables.collect();
            self.reads(&tables, &text);
        }
        let mut given = match *asked.gives {
            Value::Tuple(values) => values,
            value => vec![value],
        };
        given.push(Value::Rows(first));
        asked.gives = Box::new(Value::Tuple(given));
        asked.kind = Kind::Query;
        Value::Asked(asked)
    }

    fn list(&self, arguments: &[&Expr]) -> String {
        arguments.iter().map(|argument| self.text(argument.span())).collect::<Vec<_>>().join(", ")
    }

    /// The structs that a closure over relations leads to, and the first of them.
    fn relations_in(&self, row: DeclId, closure: &syn::ExprClosure) -> Option<(Vec<DeclId>, DeclId)> {
        let mut input = closure.inputs.first()?;
        while let Pat::Type(syn::PatType { pat, .. }) | Pat::Paren(syn::PatParen { pat, .. }) = input {
            input = pat;
        }
        let Pat::Ident(ident) = input else { return None };
        self.relation_of(row, &ident.ident, &closure.body)
    }

    fn relation_of(&self, row: DeclId, of: &syn::Ident, expr: &Expr) -> Option<(Vec<DeclId>, DeclId)> {
        match expr {
            Expr::Paren(paren) => self.relation_of(row, of, &paren.expr),
            Expr::Group(group) => self.relation_of(row, of, &group.expr),
            Expr::Block(block) => match block.block.stmts.as_slice() {
                [Stmt::Expr(expr, None)] => self.relation_of(row, of, expr),
                _ => None,
            },
            Expr::Field(field) => {
                let Member::Named(name) = &field.member else { return None };
                let is_own = matches!(&*field.base, Expr::Path(path) if path.path.is_ident(of));
                let found = self.find_relation(row, &name.unraw().to_string()).filter(|_| is_own)?;
                Some((vec![found.target], found.target))
            }
            Expr::MethodCall(call) if call.method == "with" && call.args.len() == 1 => {
                let (mut targets, target) = self.relation_of(row, of, &call.receiver)?;
                let Some(Expr::Closure(inner)) = call.args.first() else { return None };
                targets.extend(self.relations_in(target, inner)?.0);
                Some((targets, target))
            }
            _ => None,
        }
    }

    fn find_relation(&self, row: DeclId, name: &str) -> Option<Relation> {
        let program = self.tracer.world.program;
        let declared = program.declared(row);
        let Decl::Table(table) = &declared.decl else { return None };
        let one = table
            .references
            .iter()
            .find(|reference| table.relation(reference).is_some_and(|relation| relation.unraw() == name));
        let many = table.many.iter().find(|many| many.ident.unraw() == name);
        let path = one.map(|one| &one.target).or(many.map(|many| &many.row))?;
        match program.resolve_path(declared.module, path) {
            Resolved::Decl(target) => Some(Relation { target, many: one.is_none() }),
            _ => None,
        }
    }

    /// `order.customer(&shop)`, if it is one.
    pub(super) fn relation(&mut self, row: DeclId, written: &Expr, name: &str, arguments: &[&Expr]) -> Option<Value> {
        let [database] = arguments else { return None };
        let Relation { target, many } = self.find_relation(row, name)?;
        let handle = self.eval(database);
        let world = self.tracer.world;
        let among: BTreeSet<_> =
            self.carries(&handle).into_iter().flat_map(|database| world.tables_in(database, target)).collect();
        let tables = if among.is_empty() { world.tables_of(target) } else { among };
        let text = format!("{}.{name}({})", self.text(written.span()), self.list(arguments));
        self.reads(&tables, &text);
        Some(if many { world.table(target, tables, Kind::Query) } else { Value::Rows(target) })
    }

    /// The tables whose rows an index of this one includes.
    fn included(&mut self, asked: &Asked, text: &str) {
        let program = self.tracer.world.program;
        for (_, index, row) in crate::lower::indexes::all(program) {
            let Some(row) = row.filter(|row| row.declared.id == asked.row) else { continue };
            for include in &index.includes {
                let Some(target) = crate::lower::indexes::target(&row, include) else { continue };
                let databases = asked.tables.iter().map(|(database, _)| *database);
                let tables: BTreeSet<_> =
                    databases.flat_map(|database| self.tracer.world.tables_in(database, target.declared.id)).collect();
                self.reads(&tables, text);
            }
        }
    }

    /// A field of rows, or of a list of them: a column, or further rows.
    pub(super) fn column(&self, row: DeclId, name: &str) -> Value {
        let Decl::Table(table) = &self.tracer.world.program.declared(row).decl else { return Value::Plain };
        let fields = table.columns.iter().map(|column| &column.ident).chain(&table.skipped);
        if fields.into_iter().any(|field| field.unraw() == name) { Value::Plain } else { Value::Rows(row) }
    }

    /// A statement is sent to a database, of which it may read every table.
    pub(super) fn method_of_statement(
        &mut self,
        statement: &Statement,
        written: &Expr,
        name: &str,
        arguments: &[&Expr],
    ) -> Value {
        if !["all", "execute", "first", "stream"].contains(&name) {
            self.let_go(arguments, name);
            return if name == "clone" { Value::Statement(statement.clone()) } else { Value::Plain };
        }
        let handle = self.all(arguments.iter().copied());
        let mut databases = self.carries(&handle);
        if databases.is_empty() {
            let all = self.tracer.world.databases.keys().copied();
            databases = statement.database.map_or_else(|| all.collect(), |database| BTreeSet::from([database]));
        }
        self.leaves(&Value::carrier(databases.clone()), written.span(), "is asked by `sql!`, which may read any table");
        if statement.writes {
            let what = databases.into_iter().map(|database| (database, None)).collect();
            let (place, text) = (self.place(written.span()), self.text(written.span()));
            self.tracer.writes(what, place, &text);
        }
        Value::Plain
    }
}
