//! From the expressions of `check`, `generated`, `backfill` and `where` to the schema's. Fields become columns by their SQL
//! names, and an enumeration's value its text. Absent: the types of operands, which each dialect knows.

use cell_schema::expr::{Binary, Expr, Expression, Function, Literal, Unary};
use cell_syntax::decl::{Decl, EnumerationValue, Rule};
use cell_syntax::rule::MAX_DEPTH;
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{BinOp, Lit, UnOp};

use super::row::{Row, sql_name};
use crate::program::{DeclId, ModuleId, Program, Resolved};

/// What is wrong with an expression.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// A name that is no field of the struct.
    UnknownField { span: Span, name: String },
    /// A path that is no value of an enumeration.
    UnknownValue { span: Span },
    /// Syntax or a constant outside the language.
    Unsupported { span: Span, found: String },
}

/// A rule in the schema's terms, and the columns it names, each once, in the order of their first mention.
pub(crate) fn rule(row: &Row<'_>, rule: &Rule) -> Result<(Expression, Vec<String>), Vec<Fault>> {
    match rule {
        Rule::Raw { sqlite, postgres } => {
            let text = |text: &Option<cell_syntax::decl::Spanned<String>>| text.as_ref().map(|text| text.value.clone());
            Ok((Expression::Raw { sqlite: text(sqlite), postgres: text(postgres) }, Vec::new()))
        }
        Rule::Portable(written) => {
            let mut lowering = Lowering { row, faults: Vec::new(), columns: Vec::new() };
            match lowering.lower(written, 0) {
                Some(expression) if lowering.faults.is_empty() => {
                    Ok((Expression::Portable(expression), lowering.columns))
                }
                _ => Err(lowering.faults),
            }
        }
    }
}

struct Lowering<'a> {
    row: &'a Row<'a>,
    faults: Vec<Fault>,
    columns: Vec<String>,
}

impl Lowering<'_> {
    /// Nothing where a fault was noted.
    fn lower(&mut self, written: &syn::Expr, depth: usize) -> Option<Expr> {
        if depth > MAX_DEPTH {
            return self.unsupported(written.span(), "this expression nests too deep");
        }
        match written {
            syn::Expr::Paren(inner) => self.lower(&inner.expr, depth + 1),
            syn::Expr::Group(inner) => self.lower(&inner.expr, depth + 1),
            syn::Expr::Lit(literal) => match constant(&literal.lit, false) {
                Ok(value) => Some(Expr::Literal(value)),
                Err(found) => self.unsupported(literal.span(), &found),
            },
            syn::Expr::Path(path) => self.path(&path.path),
            syn::Expr::Unary(unary) => {
                // `-9223372036854775808` is a constant, but `9223372036854775808` is none.
                if let (UnOp::Neg(_), syn::Expr::Lit(literal)) = (unary.op, &*unary.expr) {
                    return match constant(&literal.lit, true) {
                        Ok(value) => Some(Expr::Literal(value)),
                        Err(found) => self.unsupported(written.span(), &found),
                    };
                }
                let op = match unary.op {
                    UnOp::Not(_) => Unary::Not,
                    UnOp::Neg(_) => Unary::Negate,
                    _ => return self.unsupported(written.span(), "this operator is not part of this language"),
                };
                Some(Expr::Unary { op, operand: Box::new(self.lower(&unary.expr, depth + 1)?) })
            }
            syn::Expr::Binary(binary) => {
                let Some(op) = operator(&binary.op) else {
                    return self.unsupported(binary.op.span(), "this operator is not part of this language");
                };
                // Both sides before either is given up, so that both sides' faults are shown.
                let left = self.lower(&binary.left, depth + 1);
                let right = self.lower(&binary.right, depth + 1);
                Some(Expr::Binary { op, left: Box::new(left?), right: Box::new(right?) })
            }
            syn::Expr::Call(call) => self.call(call, depth),
            other => self.unsupported(other.span(), "this expression is not part of this language"),
        }
    }

    fn call(&mut self, call: &syn::ExprCall, depth: usize) -> Option<Expr> {
        let name = match &*call.func {
            syn::Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
            _ => None,
        };
        let known = Function::ALL.into_iter().find(|(known, _)| Some(*known) == name.as_deref());
        let Some((_, function)) = known else {
            return self.unsupported(call.func.span(), "this function is not part of this language");
        };
        let (least, most) = function.arity();
        if call.args.len() < least || call.args.len() > most {
            return self.unsupported(call.span(), "this function takes another number of arguments");
        }
        let arguments: Vec<Option<Expr>> = call.args.iter().map(|argument| self.lower(argument, depth + 1)).collect();
        Some(Expr::Call { function, arguments: arguments.into_iter().collect::<Option<_>>()? })
    }

    fn path(&mut self, path: &syn::Path) -> Option<Expr> {
        if let Some(field) = path.get_ident() {
            let Some(column) = self.row.column(field) else {
                self.faults.push(Fault::UnknownField { span: field.span(), name: field.to_string() });
                return None;
            };
            let name = sql_name(column);
            if !self.columns.contains(&name) {
                self.columns.push(name.clone());
            }
            return Some(Expr::Column(name));
        }
        match enumeration_value(self.row.program, self.row.declared.module, path) {
            Some((_, value)) => Some(Expr::Literal(Literal::Text(value.text.clone()))),
            None => {
                self.faults.push(Fault::UnknownValue { span: path.span() });
                None
            }
        }
    }

    fn unsupported(&mut self, span: Span, found: &str) -> Option<Expr> {
        self.faults.push(Fault::Unsupported { span, found: found.to_owned() });
        None
    }
}

/// The value that `Category::Book` names, with its enumeration.
pub(crate) fn enumeration_value<'a>(
    program: &'a Program,
    module: ModuleId,
    path: &syn::Path,
) -> Option<(DeclId, &'a EnumerationValue)> {
    let mut owner = path.clone();
    let variant = owner.segments.pop()?.ident;
    owner.segments.pop_punct();
    if owner.segments.is_empty() {
        return None;
    }
    let Resolved::Decl(id) = program.resolve_path(module, &owner) else { return None };
    match &program.declared(id).decl {
        Decl::Enumeration(enumeration) => {
            enumeration.values.iter().find(|value| value.ident == variant).map(|value| (id, value))
        }
        _ => None,
    }
}

/// A literal's constant, or what is wrong with it.
pub(crate) fn constant(literal: &Lit, negative: bool) -> Result<Literal, String> {
    let sign = if negative { "-" } else { "" };
    match literal {
        Lit::Int(number) => format!("{sign}{}", number.base10_digits())
            .parse()
            .map(Literal::Integer)
            .map_err(|_| "this number is beyond 64 bits".to_owned()),
        Lit::Float(number) => {
            let digits = number.base10_digits();
            if digits.contains(['e', 'E']) {
                return Err("a number with an exponent is not exact".to_owned());
            }
            Ok(Literal::Number(format!("{sign}{}", digits.strip_suffix('.').unwrap_or(digits))))
        }
        Lit::Bool(value) if !negative => Ok(Literal::Bool(value.value)),
        Lit::Str(text) if !negative => Ok(Literal::Text(text.value())),
        _ => Err("this constant is not part of this language".to_owned()),
    }
}

fn operator(op: &BinOp) -> Option<Binary> {
    Some(match op {
        BinOp::And(_) => Binary::And,
        BinOp::Or(_) => Binary::Or,
        BinOp::Eq(_) => Binary::Equal,
        BinOp::Ne(_) => Binary::NotEqual,
        BinOp::Lt(_) => Binary::Less,
        BinOp::Le(_) => Binary::LessOrEqual,
        BinOp::Gt(_) => Binary::Greater,
        BinOp::Ge(_) => Binary::GreaterOrEqual,
        BinOp::Add(_) => Binary::Add,
        BinOp::Sub(_) => Binary::Subtract,
        BinOp::Mul(_) => Binary::Multiply,
        BinOp::Div(_) => Binary::Divide,
        BinOp::Rem(_) => Binary::Remainder,
        _ => return None,
    })
}
