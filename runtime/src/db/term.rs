//! What a query computes, without its table's type: columns, and what is made of many rows. In: terms. Out: each engine's
//! expressions, and the values read back. Each means the same on both engines: sums of whole numbers and of decimals are exact,
//! whatever order the rows come in, and are refused where they are no value of their type.

use rust_decimal::Decimal;
use sea_query::{BinOper, Expr, ExprTrait, Func};

use super::column::{ColumnInfo, Type};
use super::dialect::identifier;
use super::error::DataError;
use super::model::Engine;
use super::reader::Reader;

/// Something that a query computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// A column of a row.
    Column(&'static ColumnInfo),
    /// How many rows.
    Count,
    /// How many rows hold a value.
    Values(&'static ColumnInfo),
    /// The sum of the values.
    Sum(&'static ColumnInfo),
    /// The least value.
    Min(&'static ColumnInfo),
    /// The greatest value.
    Max(&'static ColumnInfo),
}

static NUMBER: ColumnInfo = ColumnInfo::of::<Option<i64>>("number");
static TEXT: ColumnInfo = ColumnInfo::of::<Option<String>>("text");
static FLOAT: ColumnInfo = ColumnInfo::of::<Option<f64>>("float");

/// The low bits of a sum's parts.
const BITS: u32 = 32;

/// A sum.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Total {
    /// Of whole numbers; on SQLite of a decimal's units in the last place, too.
    Exact(i128),
    /// Of decimals.
    Decimal(Decimal),
    /// Of floating-point numbers.
    Float(f64),
}

impl Term {
    /// Its expressions, in the order in which [`Term`]'s readers take them.
    pub(crate) fn expressions(self, engine: Engine) -> Vec<Expr> {
        match self {
            Self::Column(info) => vec![Expr::col(info.name)],
            Self::Count => vec![Func::count(Expr::cust("*")).into()],
            Self::Values(info) => vec![Func::count(Expr::col(info.name)).into()],
            Self::Sum(info) => sum(engine, info),
            Self::Min(info) => vec![extreme(engine, info, false)],
            Self::Max(info) => vec![extreme(engine, info, true)],
        }
    }

    /// Whether there may be no value to order by.
    pub(crate) fn may_be_null(self) -> bool {
        match self {
            Self::Column(info) => info.nullable,
            Self::Min(_) | Self::Max(_) => true,
            Self::Count | Self::Values(_) | Self::Sum(_) => false,
        }
    }

    /// What rows are ordered by, the most significant first.
    pub(crate) fn order(self, engine: Engine) -> Vec<Expr> {
        match (self, engine) {
            // The low parts may add up to more than their bits.
            (Self::Sum(info), Engine::Sqlite) if !is_float(info) => {
                let [high, low] = halves(info);
                let mask = || Expr::cust(((1_i64 << BITS) - 1).to_string());
                let high = or_zero(high).add(or_zero(low.clone()).binary(BinOper::RShift, bits()));
                vec![high, or_zero(low).binary(BinOper::BitAnd, mask())]
            }
            // As a number, not as its text.
            (Self::Sum(info), engine) => vec![or_zero(Func::sum(widened_on(engine, info)).into())],
            _ => self.expressions(engine),
        }
    }
}

/// The sum of no values is 0.
fn or_zero(sum: Expr) -> Expr {
    Func::coalesce([sum, Expr::cust("0")]).into()
}

fn is_float(info: &ColumnInfo) -> bool {
    matches!(info.ty, Type::F32 | Type::F64)
}

fn bits() -> Expr {
    Expr::cust(BITS.to_string())
}

/// SQLite adds in 64 bits and fails where one of the sums on the way does not fit: so high and low bits are added apart.
fn halves(info: &'static ColumnInfo) -> [Expr; 2] {
    let column = || Expr::col(info.name);
    let mask = Expr::cust(((1_i64 << BITS) - 1).to_string());
    [
        Func::sum(column().binary(BinOper::RShift, bits())).into(),
        Func::sum(column().binary(BinOper::BitAnd, mask)).into(),
    ]
}

fn sum(engine: Engine, info: &'static ColumnInfo) -> Vec<Expr> {
    match engine {
        _ if is_float(info) => {
            vec![Func::sum(widened_on(engine, info)).into(), Func::count(Expr::col(info.name)).into()]
        }
        Engine::Sqlite => halves(info).into(),
        // It has the digits that it needs, which is more than `bigint` or a column of decimals.
        Engine::Postgres => vec![Expr::from(Func::sum(Expr::col(info.name))).cast_as("text")],
    }
}

/// PostgreSQL adds up numbers of 32 bits in 32 bits.
fn widened_on(engine: Engine, info: &'static ColumnInfo) -> Expr {
    let column = Expr::col(info.name);
    let is_narrow = engine == Engine::Postgres && info.ty == Type::F32;
    if is_narrow { column.cast_as("double precision") } else { column }
}

/// PostgreSQL knows no least and greatest of some types, and takes the first in their order instead.
fn extreme(engine: Engine, info: &'static ColumnInfo, greatest: bool) -> Expr {
    let column = || Expr::col(info.name);
    if engine == Engine::Postgres && matches!(info.ty, Type::Bool | Type::Uuid | Type::Bytes) {
        let name = identifier(info.name);
        let order = if greatest { "DESC" } else { "ASC" };
        return Expr::cust(format!("(array_agg({name} ORDER BY {name} {order}) FILTER (WHERE {name} IS NOT NULL))[1]"));
    }
    if greatest { Func::max(column()).into() } else { Func::min(column()).into() }
}

impl Reader<'_> {
    /// What [`Term::Count`] and [`Term::Values`] give.
    pub(crate) fn count(&mut self) -> Result<u64, DataError> {
        let count: Option<i64> = self.value(&NUMBER)?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// What [`Term::Sum`] gives; `None` where no row holds a value.
    pub(crate) fn total(&mut self, info: &'static ColumnInfo) -> Result<Option<Total>, DataError> {
        if is_float(info) {
            let (sum, count): (Option<f64>, u64) = (self.value(&FLOAT)?, self.count()?);
            // SQLite has nothing for what is no number.
            return match sum {
                Some(sum) if sum.is_finite() => Ok(Some(Total::Float(sum))),
                None if count == 0 => Ok(None),
                _ => Err(DataError::computed_out_of_range(self.table())),
            };
        }
        if self.engine() == Engine::Sqlite {
            let (high, low): (Option<i64>, Option<i64>) = (self.value(&NUMBER)?, self.value(&NUMBER)?);
            let parts = high.zip(low);
            return Ok(parts.map(|(high, low)| Total::Exact((i128::from(high) << BITS) + i128::from(low))));
        }
        let Some(text): Option<String> = self.value(&TEXT)? else { return Ok(None) };
        let exact = text.parse().ok().map(Total::Exact);
        let total = exact.or_else(|| Decimal::from_str_exact(&text).ok().map(Total::Decimal));
        total.map(Some).ok_or_else(|| self.too_great(info))
    }

    /// A sum as a whole number.
    pub(crate) fn whole(&self, info: &'static ColumnInfo, total: Option<Total>) -> Result<i128, DataError> {
        match total {
            None => Ok(0),
            Some(Total::Exact(sum)) => Ok(sum),
            Some(_) => Err(self.too_great(info)),
        }
    }

    /// A sum as a floating-point number.
    pub(crate) fn float(&self, info: &'static ColumnInfo, total: Option<Total>) -> Result<f64, DataError> {
        match total {
            None => Ok(0.0),
            Some(Total::Exact(sum)) => Ok(sum as f64),
            Some(Total::Float(sum)) => Ok(sum),
            Some(Total::Decimal(_)) => Err(self.too_great(info)),
        }
    }

    /// A sum as a decimal with the column's digits behind the point.
    pub(crate) fn decimal(&self, info: &'static ColumnInfo, total: Option<Total>) -> Result<Decimal, DataError> {
        let Type::Decimal { scale, .. } = info.ty else { return Err(self.too_great(info)) };
        let scale = u32::from(scale);
        let sum = match total {
            None => Some(Decimal::new(0, scale)),
            // On PostgreSQL a sum without digits behind the point is a whole number's text.
            Some(Total::Exact(sum)) if self.engine() == Engine::Postgres => {
                Decimal::try_from_i128_with_scale(sum, 0).ok()
            }
            Some(Total::Exact(units)) => Decimal::try_from_i128_with_scale(units, scale).ok(),
            Some(Total::Decimal(sum)) => Some(sum),
            Some(Total::Float(_)) => None,
        };
        let mut sum = sum.ok_or_else(|| self.too_great(info))?;
        sum.rescale(scale);
        if sum.scale() == scale { Ok(sum) } else { Err(self.too_great(info)) }
    }

    pub(crate) fn too_great(&self, info: &ColumnInfo) -> DataError {
        let reason = "the sum is more than its type holds".to_owned();
        DataError::OutOfRange { table: self.table(), column: info.name.to_owned(), reason }
    }
}
