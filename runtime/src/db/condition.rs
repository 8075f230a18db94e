//! Conditions as an engine writes them, so that each means the same on both.
//! In: a filter's tree. Out: sea-query's condition, whose parameters are places in a list of values. Absent: binding.

use sea_query::extension::postgres::PgFunc;
use sea_query::extension::sqlite::SqliteBinOper;
use sea_query::{BinOper, Condition, Expr, ExprTrait, Func, Keyword};

use super::column::{ColumnInfo, Type};
use super::decimal::{self, Scaled};
use super::error::DataError;
use super::filter::{Comparison, Node, TextTest};
use super::model::{Engine, Facts};
use super::operand::Side;
use super::value::Value;

/// The most values of one statement; SQLite's limit, kept on both engines.
pub(crate) const MOST_VALUES: usize = 32_766;

/// With how many values SQLite's text of a list of so many is written: the last stands there several times, which means the same. So lists
/// of any length have few texts, which are worth keeping. None where the list is too long for that.
pub(crate) fn padded(values: usize) -> Option<usize> {
    (1..=1_024).contains(&values).then(|| values.next_power_of_two())
}

/// A statement in the making: its values so far.
pub(crate) struct Lowering {
    pub(crate) engine: Engine,
    pub(crate) facts: Facts,
    pub(crate) values: Vec<(Value<'static>, Type)>,
    /// Whether the text depends on how many values there are, so that keeping it prepared would not pay.
    pub(crate) varying: bool,
}

impl Lowering {
    pub(crate) fn new(engine: Engine, facts: Facts) -> Self {
        Self { engine, facts, values: Vec::new(), varying: false }
    }

    /// Where a value will stand.
    pub(crate) fn place(&mut self, value: Value<'static>, ty: Type) -> Result<u64, DataError> {
        if self.values.len() >= MOST_VALUES {
            return Err(too_many());
        }
        self.values.push((value, ty));
        Ok(self.values.len() as u64 - 1)
    }

    pub(crate) fn condition(&mut self, node: &Node) -> Result<Condition, DataError> {
        Ok(match node {
            Node::And(nodes) if nodes.is_empty() => Condition::all().add(Expr::cust("1 = 1")),
            Node::Or(nodes) if nodes.is_empty() => Condition::all().add(Expr::cust("1 = 0")),
            Node::And(nodes) => self.each(Condition::all(), nodes)?,
            Node::Or(nodes) => self.each(Condition::any(), nodes)?,
            Node::Not(node) => Condition::all().add(self.condition(node)?).not(),
            Node::Null { column, negated: false } => Condition::all().add(Expr::col(column.name).is_null()),
            Node::Null { column, negated: true } => Condition::all().add(Expr::col(column.name).is_not_null()),
            Node::Compare { column, comparison, side } => {
                Condition::all().add(self.comparison(column, *comparison, side)?)
            }
            Node::In { column, sides } => Condition::all().add(self.one_of(column, sides)?),
            Node::Text { column, test, text } => self.text(column, *test, text)?,
        })
    }

    fn each(&mut self, start: Condition, nodes: &[Node]) -> Result<Condition, DataError> {
        nodes.iter().try_fold(start, |condition, node| Ok(condition.add(self.condition(node)?)))
    }

    pub(crate) fn comparison(
        &mut self,
        column: &'static ColumnInfo,
        comparison: Comparison,
        side: &Side,
    ) -> Result<Expr, DataError> {
        let left = Expr::col(column.name);
        match side {
            Side::Value(Value::Null) => Ok(match comparison {
                Comparison::Equal => left.is_null(),
                Comparison::NotEqual => left.is_not_null(),
                // Neither true nor false of any row.
                _ => Expr::from(Keyword::Null),
            }),
            Side::Value(value) => {
                let value = self.fit(column, value)?;
                match value {
                    Value::Decimal(value) if self.engine == Engine::Sqlite => {
                        self.scaled_comparison(column, comparison, value)
                    }
                    value => {
                        let earlier: Vec<&str> = column.names(&value).collect();
                        let first = self.parameter(value, column.ty)?;
                        if earlier.is_empty() || !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
                            return Ok(left.binary(operator(comparison), first));
                        }
                        let mut names = vec![first];
                        for name in earlier {
                            names.push(self.parameter(Value::Text(name.into()), column.ty)?);
                        }
                        Ok(if comparison == Comparison::Equal { left.is_in(names) } else { left.is_not_in(names) })
                    }
                }
            }
            Side::Column(other) if other.ty == column.ty => {
                Ok(left.binary(operator(comparison), Expr::col(other.name)))
            }
            Side::Computed(node) => Ok(left.binary(operator(comparison), self.computed(column, node)?)),
            // A scaled integer of one scale says nothing beside one of another.
            Side::Column(other) => Err(self.refuse(
                column,
                ["it has another type than `", other.name, "`; compare columns of one precision and scale"].concat(),
            )),
        }
    }

    /// A comparison of a scaled integer with any decimal, exact even where the decimal has more digits.
    fn scaled_comparison(
        &mut self,
        column: &'static ColumnInfo,
        comparison: Comparison,
        value: rust_decimal::Decimal,
    ) -> Result<Expr, DataError> {
        let Type::Decimal { scale, .. } = column.ty else {
            return Err(self.refuse(column, "it holds no decimals".into()));
        };
        let left = || Expr::col(column.name);
        let (comparison, bound) = match (decimal::split(value, scale), comparison) {
            (Scaled::Exact(bound), comparison) => (comparison, bound),
            (Scaled::Above(bound), Comparison::Less | Comparison::LessOrEqual) => (Comparison::LessOrEqual, bound),
            (Scaled::Above(bound), Comparison::Greater | Comparison::GreaterOrEqual) => (Comparison::Greater, bound),
            (_, Comparison::Equal) => return Ok(left().ne(left())),
            (_, Comparison::NotEqual) => return Ok(left().eq(left())),
            (Scaled::TooHigh, Comparison::Less | Comparison::LessOrEqual)
            | (Scaled::TooLow, Comparison::Greater | Comparison::GreaterOrEqual) => return Ok(left().eq(left())),
            (Scaled::TooHigh | Scaled::TooLow, _) => return Ok(left().ne(left())),
        };
        Ok(left().binary(operator(comparison), self.parameter(Value::Int(bound), Type::I64)?))
    }

    fn one_of(&mut self, column: &'static ColumnInfo, sides: &[Side]) -> Result<Expr, DataError> {
        let (mut values, mut others) = (Vec::with_capacity(sides.len()), Vec::new());
        let mut ty = column.ty;
        for side in sides {
            match side {
                Side::Value(Value::Null) => {}
                Side::Value(value) => match (self.fit(column, value)?, column.ty) {
                    (Value::Decimal(value), Type::Decimal { scale, .. }) if self.engine == Engine::Sqlite => {
                        ty = Type::I64;
                        if let Scaled::Exact(value) = decimal::split(value, scale) {
                            values.push(Value::Int(value));
                        }
                    }
                    (value, _) => {
                        values.extend(column.names(&value).map(|name| Value::Text(name.into())));
                        values.push(value);
                    }
                },
                Side::Column(other) => others.push(Expr::col(other.name)),
                Side::Computed(node) => others.push(self.computed(column, node)?),
            }
        }
        let left = || Expr::col(column.name);
        let among = match self.engine {
            _ if values.is_empty() => None,
            // Whatever their number, the text is the same.
            Engine::Postgres => Some(left().eq(PgFunc::any(self.list(values, ty)?))),
            Engine::Sqlite => {
                if let Some(padded) = padded(values.len()) {
                    values.resize(padded, values.last().cloned().unwrap_or(Value::Null));
                } else {
                    self.varying = true;
                }
                let values = values.into_iter().map(|value| self.parameter(value, ty));
                Some(left().is_in(values.collect::<Result<Vec<_>, _>>()?))
            }
        };
        Ok(match (among, others.is_empty()) {
            (Some(among), true) => among,
            (Some(among), false) => among.or(left().is_in(others)),
            (None, false) => left().is_in(others),
            (None, true) => Expr::cust("1 = 0"),
        })
    }

    fn list(&mut self, values: Vec<Value<'static>>, ty: Type) -> Result<Expr, DataError> {
        if values.len() > MOST_VALUES {
            return Err(too_many());
        }
        self.parameter(Value::List(values), ty)
    }

    fn text(&mut self, column: &'static ColumnInfo, test: TextTest, text: &str) -> Result<Condition, DataError> {
        let left = || Expr::col(column.name);
        let value = |text: &str| Value::Text(text.to_owned().into());
        self.fit(column, &value(text))?;
        Ok(Condition::all().add(match test {
            TextTest::Contains => {
                let find = if self.engine == Engine::Sqlite { "instr" } else { "strpos" };
                let place = self.parameter(value(text), Type::Text)?;
                Expr::from(Func::cust(find).arg(left()).arg(place)).gt(Expr::cust("0"))
            }
            TextTest::StartsWith => {
                let from = left().gte(self.parameter(value(text), Type::Text)?);
                let Some(end) = successor(text) else { return Ok(Condition::all().add(from)) };
                return Ok(Condition::all().add(from).add(left().lt(self.parameter(value(&end), Type::Text)?)));
            }
            TextTest::Like => {
                let glob = glob(text).ok_or_else(|| self.refuse(column, "a pattern can't end with one `\\`".into()))?;
                match self.engine {
                    // SQLite's LIKE knows no case; its GLOB does, and has other signs.
                    Engine::Sqlite => left().binary(SqliteBinOper::Glob, self.parameter(value(&glob), Type::Text)?),
                    Engine::Postgres => left().binary(BinOper::Like, self.parameter(value(text), Type::Text)?),
                }
            }
        }))
    }

    /// A value that a column holds, to be compared with it.
    pub(crate) fn operand(&mut self, column: &'static ColumnInfo, value: &Value<'static>) -> Result<Expr, DataError> {
        match (self.fit(column, value)?, column.ty) {
            (Value::Decimal(value), Type::Decimal { scale, .. }) if self.engine == Engine::Sqlite => {
                match decimal::split(value, scale) {
                    Scaled::Exact(scaled) => self.parameter(Value::Int(scaled), Type::I64),
                    _ => Err(self.refuse(column, "it has more digits than the column holds".to_owned())),
                }
            }
            (value, ty) => self.parameter(value, ty),
        }
    }

    pub(crate) fn fit(&self, column: &'static ColumnInfo, value: &Value<'static>) -> Result<Value<'static>, DataError> {
        value.clone().fit_operand(column.ty).map_err(|reason| self.refuse(column, reason))
    }

    pub(crate) fn parameter(&mut self, value: Value<'static>, ty: Type) -> Result<Expr, DataError> {
        self.place(value, ty).map(Expr::val)
    }

    pub(crate) fn refuse(&self, column: &ColumnInfo, reason: String) -> DataError {
        DataError::OutOfRange { table: self.facts.table, column: column.name.to_owned(), reason }
    }
}

fn too_many() -> DataError {
    DataError::other(["a statement takes at most ", &MOST_VALUES.to_string(), " values"].concat())
}

fn operator(comparison: Comparison) -> BinOper {
    match comparison {
        Comparison::Equal => BinOper::Equal,
        Comparison::NotEqual => BinOper::NotEqual,
        Comparison::Less => BinOper::SmallerThan,
        Comparison::LessOrEqual => BinOper::SmallerThanOrEqual,
        Comparison::Greater => BinOper::GreaterThan,
        Comparison::GreaterOrEqual => BinOper::GreaterThanOrEqual,
    }
}

/// The first text behind all that begin with `prefix`, by code point; none where only the highest code points stand in it.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // The code points of the surrogates are no characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// A pattern of `%`, `_` and `\` in the signs of SQLite's GLOB; none where it ends with a lone `\`.
fn glob(pattern: &str) -> Option<String> {
    let mut glob = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '\\' => push_literal(&mut glob, chars.next()?),
            char => push_literal(&mut glob, char),
        }
    }
    Some(glob)
}

fn push_literal(glob: &mut String, char: char) {
    if matches!(char, '*' | '?' | '[') {
        glob.extend(['[', char, ']']);
    } else {
        glob.push(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_becomes_a_glob_whose_own_signs_mean_themselves() {
        for (pattern, expected) in
            [("a%b_", Some("a*b?")), ("*?[x]", Some("[*][?][[]x]")), (r"100\%\\", Some(r"100%\")), ("x\\", None)]
        {
            assert_eq!(glob(pattern).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn the_end_of_a_prefix_is_the_next_text_by_code_point() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(successor("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(successor("\u{10ffff}"), None);
        assert_eq!(successor(""), None);
    }
}
