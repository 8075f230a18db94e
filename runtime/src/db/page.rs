//! Pages of many rows that go on behind the last row, however many came before it. In: a query's order, a row's values in it. Out: a
//! [`Cursor`], a text that may go to strangers and come back from them, and the condition that it stands for. Absent: how many pages
//! there are, which would mean to count all rows.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use sea_query::{Condition, Expr, ExprTrait};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::column::{ColumnInfo, Type};
use super::condition::Lowering;
use super::error::DataError;
use super::filter::Comparison;
use super::model::Facts;
use super::operand::Side;
use super::reader::{Reader, Slot, Unreadable};
use super::sort::{Direction, SortKey};
use super::term::Term;
use super::value::Value;

/// The most characters of a cursor.
const LONGEST: usize = 16 * 1024;

/// Some rows of a query, and where it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the query's order.
    pub rows: Vec<T>,
    /// What [`Query::after`](super::Query::after) takes for the next page; nothing behind the last row.
    pub next: Option<Cursor>,
}

/// A place in the order of a query's rows: behind one of them, whether it is still there or not. As a text it may be given away: it
/// holds that row's values in the columns of the order and of the key, readable by anyone, and is checked when it comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Cursor {
    table: String,
    /// By column, as its name behind `+` or `-`, and `!` where rows without a value come first.
    order: Vec<String>,
    values: Vec<Json>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = serde_json::json!([self.table, self.order, self.values]);
        f.write_str(&URL_SAFE_NO_PAD.encode(parts.to_string()))
    }
}

impl FromStr for Cursor {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let wrong = || DataError::cursor("it is no text that a page gave");
        if text.len() > LONGEST {
            return Err(wrong());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let (table, order, values): (String, Vec<String>, Vec<Json>) =
            serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        if order.len() == values.len() { Ok(Self { table, order, values }) } else { Err(wrong()) }
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

impl TryFrom<String> for Cursor {
    type Error = DataError;

    fn try_from(text: String) -> Result<Self, DataError> {
        text.parse()
    }
}

/// An order in which every row has a place of its own: the key decides what is left open.
pub(crate) fn whole_order(sorts: &[SortKey], facts: Facts) -> Vec<SortKey> {
    let mut order = sorts.to_vec();
    for info in facts.key_columns() {
        if !order.iter().any(|sort| sort.term == Term::Column(info)) {
            order.push(SortKey { term: Term::Column(info), direction: Direction::Ascending, nulls_first: false });
        }
    }
    order
}

fn column(sort: &SortKey) -> Result<&'static ColumnInfo, DataError> {
    match sort.term {
        Term::Column(info) => Ok(info),
        _ => Err(DataError::cursor("rows are ordered by something that is computed")),
    }
}

fn signature(sort: &SortKey, info: &ColumnInfo) -> String {
    let direction = if sort.direction == Direction::Ascending { "+" } else { "-" };
    [direction, if sort.nulls_first { "!" } else { "" }, info.name].concat()
}

impl Cursor {
    /// Behind a row that has these values in the columns of an order.
    pub(crate) fn behind(values: &[Value<'_>], order: &[SortKey], facts: Facts) -> Result<Self, DataError> {
        let signed = order.iter().map(|sort| Ok(signature(sort, column(sort)?)));
        let order = signed.collect::<Result<_, DataError>>()?;
        Ok(Self { table: facts.table.to_owned(), order, values: values.iter().map(written).collect() })
    }

    /// The values of an order's columns, where the cursor is one of this order.
    fn read(&self, order: &[SortKey], facts: Facts) -> Result<Vec<(&'static ColumnInfo, Value<'static>)>, DataError> {
        let mut values = Vec::with_capacity(order.len());
        let is_other = || DataError::cursor("it belongs to another query, or to another order");
        if self.table != facts.table || self.order.len() != order.len() {
            return Err(is_other());
        }
        for ((sort, said), value) in order.iter().zip(&self.order).zip(&self.values) {
            let info = column(sort)?;
            if *said != signature(sort, info) {
                return Err(is_other());
            }
            let value = read(value, info).ok_or_else(|| DataError::cursor("it holds no value of its columns"))?;
            values.push((info, value));
        }
        Ok(values)
    }
}

impl Lowering {
    /// Whether a row stands behind a cursor.
    pub(crate) fn behind(&mut self, cursor: &Cursor, order: &[SortKey]) -> Result<Condition, DataError> {
        let values = cursor.read(order, self.facts)?;
        let first = order.first().map(|sort| sort.direction);
        let is_plain = order.iter().all(|sort| Some(sort.direction) == first && !sort.term.may_be_null());
        if is_plain && values.len() > 1 {
            // An index on these columns goes right to the place.
            let columns = Expr::tuple(values.iter().map(|(info, _)| Expr::col(info.name)));
            let mut places = Vec::with_capacity(values.len());
            for (info, value) in values {
                places.push(self.operand(info, &value)?);
            }
            let places = Expr::tuple(places);
            let is_ascending = first == Some(Direction::Ascending);
            return Ok(Condition::all().add(if is_ascending { columns.gt(places) } else { columns.lt(places) }));
        }
        let mut behind = Condition::any();
        for (at, sort) in order.iter().enumerate() {
            let mut all = Condition::all();
            for (info, value) in values.iter().take(at) {
                all = all.add(self.comparison(info, Comparison::Equal, &Side::Value(value.clone()))?);
            }
            if let Some((info, value)) = values.get(at)
                && let Some(further) = self.further(info, sort, value)?
            {
                behind = behind.add(all.add(further));
            }
        }
        // A bound that an index can use; an `OR` alone it cannot.
        if let (Some(sort), Some((info, value))) = (order.first(), values.first())
            && !info.nullable
        {
            let comparison = match sort.direction {
                Direction::Ascending => Comparison::GreaterOrEqual,
                Direction::Descending => Comparison::LessOrEqual,
            };
            let bound = self.comparison(info, comparison, &Side::Value(value.clone()))?;
            return Ok(Condition::all().add(bound).add(behind));
        }
        Ok(behind)
    }

    /// Whether a row stands behind a value in one column's order; nothing where none does.
    fn further(
        &mut self,
        info: &'static ColumnInfo,
        sort: &SortKey,
        value: &Value<'static>,
    ) -> Result<Option<Condition>, DataError> {
        let column = || Expr::col(info.name);
        if *value == Value::Null {
            return Ok(sort.nulls_first.then(|| Condition::all().add(column().is_not_null())));
        }
        let comparison = match sort.direction {
            Direction::Ascending => Comparison::Greater,
            Direction::Descending => Comparison::Less,
        };
        let further = Condition::any().add(self.comparison(info, comparison, &Side::Value(value.clone()))?);
        Ok(Some(if info.nullable && !sort.nulls_first { further.add(column().is_null()) } else { further }))
    }
}

/// The values that a row has in the columns of an order.
pub(crate) fn place(row: &Reader<'_>, order: &[SortKey], facts: Facts) -> Result<Vec<Value<'static>>, DataError> {
    let columns = order.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    values(row, columns, facts)
}

/// The values that a row has in some of its table's columns.
pub(crate) fn values(
    row: &Reader<'_>,
    columns: impl IntoIterator<Item = &'static ColumnInfo>,
    facts: Facts,
) -> Result<Vec<Value<'static>>, DataError> {
    let value = |info: &'static ColumnInfo| {
        let at = facts.columns.iter().position(|known| known.name == info.name);
        let slot = at.and_then(|at| row.slot(at)).ok_or_else(|| DataError::other("the order is of another table"))?;
        any(&slot, info.ty).map_err(|unreadable| unreadable.of(facts.table, info))
    };
    columns.into_iter().map(value).collect()
}

/// A column's value, whatever its type.
fn any(slot: &Slot<'_>, ty: Type) -> Result<Value<'static>, Unreadable> {
    if slot.is_null()? {
        return Ok(Value::Null);
    }
    Ok(match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => Value::Int(slot.int()?),
        Type::Bool => Value::Bool(slot.bool()?),
        Type::F32 => Value::F32(slot.f32()?),
        Type::F64 => Value::F64(slot.f64()?),
        Type::Text => Value::Text(slot.text()?.to_owned().into()),
        Type::Bytes => Value::Bytes(slot.bytes()?.to_vec().into()),
        Type::Uuid => Value::Uuid(slot.uuid()?),
        Type::Instant => Value::Instant(slot.instant()?),
        Type::Date => Value::Date(slot.date()?),
        Type::Time => Value::Time(slot.time()?),
        Type::Decimal { .. } => Value::Decimal(slot.decimal()?),
        Type::Json => return Err(Unreadable::new("documents have no order")),
    })
}

fn written(value: &Value<'_>) -> Json {
    match value {
        Value::Null | Value::Json(_) | Value::Unfit(_) | Value::List(_) => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        // JSON has no number without end.
        Value::F32(value) => value.to_string().into(),
        Value::F64(value) => value.to_string().into(),
        Value::Text(text) => (**text).into(),
        Value::Bytes(bytes) => URL_SAFE_NO_PAD.encode(bytes).into(),
        Value::Uuid(uuid) => uuid.to_string().into(),
        Value::Instant(instant) => instant.to_rfc3339_opts(SecondsFormat::Micros, true).into(),
        Value::Date(date) => date.to_string().into(),
        Value::Time(time) => time.to_string().into(),
        Value::Decimal(decimal) => decimal.to_string().into(),
    }
}

fn read(value: &Json, info: &ColumnInfo) -> Option<Value<'static>> {
    let text = value.as_str();
    let read = match info.ty {
        _ if value.is_null() => info.nullable.then_some(Value::Null),
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => value.as_i64().map(Value::Int),
        Type::Bool => value.as_bool().map(Value::Bool),
        Type::F32 => text?.parse().ok().map(Value::F32),
        Type::F64 => text?.parse().ok().map(Value::F64),
        Type::Text => Some(Value::Text(text?.to_owned().into())),
        Type::Bytes => URL_SAFE_NO_PAD.decode(text?).ok().map(|bytes| Value::Bytes(bytes.into())),
        Type::Uuid => text?.parse().ok().map(Value::Uuid),
        Type::Instant => {
            DateTime::parse_from_rfc3339(text?).ok().map(|instant| Value::Instant(instant.with_timezone(&Utc)))
        }
        Type::Date => text?.parse::<NaiveDate>().ok().map(Value::Date),
        Type::Time => text?.parse::<NaiveTime>().ok().map(Value::Time),
        Type::Decimal { .. } => Decimal::from_str_exact(text?).ok().map(Value::Decimal),
        Type::Json => None,
    }?;
    let fits = match (&read, info.ty) {
        (Value::Int(number), Type::I16) => i16::try_from(*number).is_ok(),
        (Value::Int(number), Type::I32) => i32::try_from(*number).is_ok(),
        (Value::Int(number), Type::U16) => u16::try_from(*number).is_ok(),
        (Value::Int(number), Type::U32) => u32::try_from(*number).is_ok(),
        _ => true,
    };
    fits.then(|| read.fit(info.ty).ok()).flatten()
}
