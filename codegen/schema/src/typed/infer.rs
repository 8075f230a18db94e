//! The types of comparisons, logic and functions. A literal takes the type of what it stands beside.

use super::{Kind, Node, Scope, Typed};
use crate::constant::{Constant, decimal, float};
use crate::expr::{Binary, Expr, Function, Literal, Unary};
use crate::refusal::{Refusal, shown};
use crate::schema::Type;

impl Scope<'_> {
    pub(super) fn infer(&self, expr: &Expr) -> Result<Typed, Refusal> {
        if let Some(literal) = literal(expr) {
            return self.natural(&literal, expr);
        }
        match expr {
            Expr::Column(name) => self.column(name),
            Expr::Literal(literal) => self.natural(literal, expr),
            Expr::Unary { op: Unary::Not, operand } => {
                let operand = self.logical(operand)?;
                Ok(Typed::new(Kind::Bool, Node::Not(Box::new(operand))))
            }
            Expr::Unary { op: Unary::Negate, operand } => {
                let operand = self.number(operand)?;
                let (kind, range) = (operand.kind.clone(), (-operand.range.1, -operand.range.0));
                Ok(Typed { kind, node: Node::Negate(Box::new(operand)), range })
            }
            Expr::Binary { op, left, right } => match op {
                Binary::And | Binary::Or => {
                    let (left, right) = (self.logical(left)?, self.logical(right)?);
                    Ok(Typed::new(Kind::Bool, Node::Binary { op: *op, left: Box::new(left), right: Box::new(right) }))
                }
                Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Remainder => {
                    let (left, right) = self.pair(left, right)?;
                    self.arithmetic(*op, left, right, expr)
                }
                _ => {
                    let (left, right) = self.pair(left, right)?;
                    self.comparison(*op, left, right, expr)
                }
            },
            Expr::Call { function, arguments } => self.call(*function, arguments, expr),
        }
    }

    fn column(&self, name: &str) -> Result<Typed, Refusal> {
        let Some(column) = self.table.column(name) else {
            let names: Vec<String> =
                self.table.columns.iter().map(|column| format!("`{}`", shown(&column.name))).collect();
            return Err(self.refuse(
                format!("table `{}` has no column `{}`", shown(&self.table.name), shown(name)),
                format!("use one of {}", names.join(", ")),
            ));
        };
        let range = match (&column.ty, column.ty.integers()) {
            (_, Some((least, greatest))) => (i128::from(least), i128::from(greatest)),
            (Type::Decimal { precision, .. }, _) => {
                let most = crate::constant::power(*precision) - 1;
                (-most, most)
            }
            _ => (0, 0),
        };
        let node = Node::Column { name: column.name.clone(), ty: column.ty.clone() };
        Ok(Typed { kind: Kind::of(&column.ty), node, range })
    }

    fn logical(&self, expr: &Expr) -> Result<Typed, Refusal> {
        let typed = self.infer(expr)?;
        if typed.kind == Kind::Bool {
            return Ok(typed);
        }
        Err(self.refuse(
            format!("`{expr}` is {}, not a condition", typed.kind.shown()),
            "write a comparison, such as `price >= 0`",
        ))
    }

    /// A number that fits 64 bits.
    fn number(&self, expr: &Expr) -> Result<Typed, Refusal> {
        let typed = self.infer(expr)?;
        if typed.kind.scale().is_none() && !matches!(typed.kind, Kind::Float { .. }) {
            return Err(self.refuse(format!("`{expr}` is {}, not a number", typed.kind.shown()), "use a number"));
        }
        self.fits(&typed)?;
        Ok(typed)
    }

    fn text(&self, expr: &Expr) -> Result<Typed, Refusal> {
        let typed = self.infer(expr)?;
        if matches!(typed.kind, Kind::Text | Kind::Enumeration(_)) {
            return Ok(typed);
        }
        Err(self.refuse(format!("`{expr}` is {}, not text", typed.kind.shown()), "use a text"))
    }

    /// Both sides of an operator, a literal with the type of the other side.
    fn pair(&self, left: &Expr, right: &Expr) -> Result<(Typed, Typed), Refusal> {
        match (literal(left), literal(right)) {
            (Some(value), None) => {
                let right = self.infer(right)?;
                Ok((self.beside(&value, left, &right)?, right))
            }
            (None, Some(value)) => {
                let left = self.infer(left)?;
                let right = self.beside(&value, right, &left)?;
                Ok((left, right))
            }
            _ => Ok((self.infer(left)?, self.infer(right)?)),
        }
    }

    /// A literal by itself.
    fn natural(&self, literal: &Literal, expr: &Expr) -> Result<Typed, Refusal> {
        match literal {
            Literal::Null => Err(self.refuse(
                "nothing compares with `null`: the result is always unknown",
                "use `is_null(column)` or `!is_null(column)`",
            )),
            Literal::Bool(value) => Ok(Typed::constant(Kind::Bool, Constant::Bool(*value))),
            Literal::Integer(value) => Ok(Typed::constant(Kind::Integer, Constant::Integer(*value))),
            Literal::Number(_) => self.exact(literal, expr),
            Literal::Text(_) => self.of(&Type::Text { max_len: None }, literal, expr),
        }
    }

    fn exact(&self, literal: &Literal, expr: &Expr) -> Result<Typed, Refusal> {
        match decimal(literal) {
            Some((digits, _)) if matches!(literal, Literal::Integer(_)) => {
                Ok(Typed::constant(Kind::Integer, Constant::Integer(digits)))
            }
            Some((digits, scale)) => Ok(Typed::constant(Kind::Decimal { scale }, Constant::Decimal { digits, scale })),
            None => Err(self.refuse(
                format!("`{expr}` is no number that fits exactly"),
                "write at most 18 digits, without an exponent",
            )),
        }
    }

    fn of(&self, ty: &Type, literal: &Literal, expr: &Expr) -> Result<Typed, Refusal> {
        Constant::of(ty, literal)
            .map(|constant| Typed::constant(Kind::of(ty), constant))
            .map_err(|wanted| self.refuse(format!("`{expr}` does not fit here"), format!("write {wanted}")))
    }

    /// A literal with the type of what it stands beside.
    fn beside(&self, literal: &Literal, expr: &Expr, other: &Typed) -> Result<Typed, Refusal> {
        let ty = match (&other.kind, literal) {
            (_, Literal::Null) => return self.natural(literal, expr),
            (Kind::Integer | Kind::Decimal { .. }, Literal::Integer(_) | Literal::Number(_)) => {
                return self.exact(literal, expr);
            }
            (Kind::Float { single }, Literal::Integer(_) | Literal::Number(_)) => {
                let constant = float(literal, *single)
                    .ok_or_else(|| self.refuse(format!("`{expr}` is no number that `f64` holds"), "write another"))?;
                return Ok(Typed::constant(other.kind.clone(), constant));
            }
            (Kind::Enumeration(values), Literal::Text(_)) => Type::Enumeration { values: values.clone() },
            (Kind::Uuid, Literal::Text(_)) => Type::Uuid,
            (Kind::Instant, Literal::Text(_)) => Type::Instant,
            (Kind::Date, Literal::Text(_)) => Type::Date,
            (Kind::Time, Literal::Text(_)) => Type::Time,
            _ => return self.natural(literal, expr),
        };
        self.of(&ty, literal, expr)
    }

    fn comparison(&self, op: Binary, left: Typed, right: Typed, whole: &Expr) -> Result<Typed, Refusal> {
        let floats = matches!((&left.kind, &right.kind), (Kind::Float { .. }, Kind::Float { .. }));
        let exact = left.kind.scale().is_some() && right.kind.scale().is_some();
        if !floats && !exact && !left.kind.same(&right.kind) {
            return Err(self.refuse(
                format!("`{whole}` compares {} with {}", left.kind.shown(), right.kind.shown()),
                "compare values of one type",
            ));
        }
        let ordering = !matches!(op, Binary::Equal | Binary::NotEqual);
        let refused = match &left.kind {
            Kind::Json => Some("JSON documents are equal in one engine and not in the other"),
            Kind::Bool if ordering => Some("conditions have no order"),
            Kind::Enumeration(_) if ordering => Some("the values of an enumeration have no order in a database"),
            _ => None,
        };
        if let Some(why) = refused {
            return Err(self.refuse(format!("`{whole}` cannot be decided: {why}"), "use `==` or `!=` on plain values"));
        }
        self.outside(&left, &right, whole)?;
        self.outside(&right, &left, whole)?;
        let (left, right) = self.common(left, right)?;
        self.fits(&left)?;
        self.fits(&right)?;
        Ok(Typed::new(Kind::Bool, Node::Binary { op, left: Box::new(left), right: Box::new(right) }))
    }

    /// A whole number that the column beside it can never hold makes a comparison that is always the same.
    fn outside(&self, column: &Typed, constant: &Typed, whole: &Expr) -> Result<(), Refusal> {
        let (Node::Column { ty, .. }, Node::Constant(Constant::Integer(value))) = (&column.node, &constant.node) else {
            return Ok(());
        };
        match ty.integers() {
            Some((least, greatest)) if !(least..=greatest).contains(value) => Err(Refusal::new(
                "expression-overflow",
                self.object,
                format!("`{whole}` is always the same: an {} lies between {least} and {greatest}", ty.shown()),
                "write a number that the column can hold, or give the column a larger type",
            )),
            _ => Ok(()),
        }
    }

    fn call(&self, function: Function, arguments: &[Expr], whole: &Expr) -> Result<Typed, Refusal> {
        let (least, most) = function.arity();
        let (Some(first), true) = (arguments.first(), (least..=most).contains(&arguments.len())) else {
            let wanted = if least == most { least.to_string() } else { format!("at least {least}") };
            return Err(self.refuse(
                format!("`{}` takes {wanted} arguments, not {}", function.name(), arguments.len()),
                "see `cargo cell explain expression-type` for the functions",
            ));
        };
        let texts = || arguments.iter().map(|argument| self.text(argument)).collect::<Result<Vec<_>, _>>();
        let (kind, range, arguments) = match function {
            Function::IsNull if literal(first).is_some() => {
                return Err(self.refuse(format!("`{whole}` asks a constant"), "name a column"));
            }
            Function::IsNull => (Kind::Bool, (0, 0), vec![self.infer(first)?]),
            Function::Len => {
                let argument = self.infer(first)?;
                let argument = if argument.kind == Kind::Bytes { argument } else { self.text(first)? };
                (Kind::Integer, (0, i128::from(i32::MAX)), vec![argument])
            }
            Function::Abs => {
                let argument = self.number(first)?;
                let most = argument.range.0.abs().max(argument.range.1.abs());
                (argument.kind.clone(), (0, most), vec![argument])
            }
            Function::Lower | Function::Upper | Function::Trim | Function::Concat => (Kind::Text, (0, 0), texts()?),
            Function::StartsWith | Function::Contains => (Kind::Bool, (0, 0), texts()?),
            Function::Coalesce => return self.coalesce(arguments, whole),
        };
        Ok(Typed { kind, node: Node::Call { function, arguments }, range })
    }

    fn coalesce(&self, arguments: &[Expr], whole: &Expr) -> Result<Typed, Refusal> {
        let Some(model) = arguments.iter().find(|argument| literal(argument).is_none()) else {
            return Err(self.refuse(format!("`{whole}` has only constants"), "name a column that may be null"));
        };
        let model = self.infer(model)?;
        let mut typed = Vec::with_capacity(arguments.len());
        for argument in arguments {
            typed.push(match literal(argument) {
                Some(value) => self.beside(&value, argument, &model)?,
                None => self.infer(argument)?,
            });
        }
        let scales = typed.iter().map(|argument| argument.kind.scale()).collect::<Option<Vec<_>>>();
        let kind = match scales.and_then(|scales| scales.into_iter().max()) {
            Some(scale) if typed.iter().any(|argument| argument.kind != Kind::Integer) => Kind::Decimal { scale },
            _ => model.kind,
        };
        let mut arguments = Vec::with_capacity(typed.len());
        for argument in typed {
            let argument = match kind {
                Kind::Decimal { scale } => self.widen(argument, scale)?,
                _ => argument,
            };
            self.fits(&argument)?;
            if argument.kind.scale() != kind.scale() || (kind.scale().is_none() && !argument.kind.same(&kind)) {
                return Err(self.refuse(
                    format!("`{whole}` has {} and {}", kind.shown(), argument.kind.shown()),
                    "give all arguments one type",
                ));
            }
            arguments.push(argument);
        }
        let least = arguments.iter().map(|argument| argument.range.0).min().unwrap_or(0);
        let greatest = arguments.iter().map(|argument| argument.range.1).max().unwrap_or(0);
        Ok(Typed { kind, node: Node::Call { function: Function::Coalesce, arguments }, range: (least, greatest) })
    }
}

/// The constant that an expression is: a literal, or one with a minus sign before it.
pub(super) fn literal(expr: &Expr) -> Option<Literal> {
    match expr {
        Expr::Literal(literal) => Some(literal.clone()),
        Expr::Unary { op: Unary::Negate, operand } => match operand.as_ref() {
            Expr::Literal(Literal::Integer(value)) => Some(Literal::Integer(value.checked_neg()?)),
            Expr::Literal(Literal::Number(digits)) => Some(Literal::Number(match digits.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None => format!("-{digits}"),
            })),
            _ => None,
        },
        _ => None,
    }
}
