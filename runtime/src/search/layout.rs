//! How an index holds rows. In: the facts of an index and its table. Out: tantivy's schema, documents of rows, terms of keys.
//!
//! A field's words are in a field of its name; the value that filters, orders and counts is in a column of its own beside it: integers
//! of every kind, instants, dates, times, scaled decimals as one, floating-point numbers as another, texts as terms. The key is the
//! term that a document is deleted by. Rows themselves are not kept: they are the table's.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveTime, Timelike as _};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::{TantivyDocument, Term};

use super::index::{FieldInfo, IndexInfo, Indexed};
use super::tokenizer;
use crate::db::{ColumnInfo, DataError, Type, Value, decimal};

/// The name of the key's field.
pub(super) const KEY: &str = "#key";
/// The name of the field with a print of all that is indexed of a row.
pub(super) const PRINT: &str = "#print";

/// How an index holds the rows of a table.
pub(super) struct Layout {
    pub(super) schema: Schema,
    pub(super) fields: Vec<LaidOut>,
    key: Field,
    print: Field,
    /// Whether the key is one integer.
    pub(super) is_number: bool,
    key_columns: Vec<&'static ColumnInfo>,
}

/// A field of the table, or of a row that it refers to, in the index.
pub(super) struct LaidOut {
    pub(super) info: &'static FieldInfo,
    /// Which of the index's included rows has it.
    pub(super) of: Of,
    /// Its words.
    pub(super) text: Option<Field>,
    /// Its value.
    pub(super) value: Option<ValueField>,
}

/// Whose column is meant: the table's own, or that of a row which the index includes, by its place among them.
pub(super) type Of = Option<usize>;

/// The column of a field's values.
pub(super) struct ValueField {
    field: Field,
    pub(super) name: String,
    pub(super) form: Form,
}

/// What values are in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Integer,
    Float,
    Text,
}

/// A value in an index.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(super) enum Stored {
    Integer(i64),
    Float(f64),
    Text(String),
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Form {
    fn of(ty: Type) -> Self {
        match ty {
            Type::F32 | Type::F64 => Self::Float,
            Type::Text | Type::Uuid | Type::Bytes | Type::Json => Self::Text,
            _ => Self::Integer,
        }
    }
}

impl Layout {
    pub(super) fn of<T: Indexed>(info: &'static IndexInfo) -> Self {
        let mut schema = SchemaBuilder::new();
        let key_columns: Vec<&'static ColumnInfo> = T::KEY.iter().filter_map(|at| T::INFO.get(*at)).collect();
        let is_number = matches!(key_columns.as_slice(), [only] if Form::of(only.ty) == Form::Integer);
        let key = if is_number {
            schema.add_i64_field(KEY, NumericOptions::default() | INDEXED | FAST)
        } else {
            schema.add_text_field(KEY, raw())
        };
        let print = schema.add_u64_field(PRINT, FAST);
        let own = info.fields.iter().map(|field| (None, field));
        let included = info.includes.iter().enumerate();
        let included = included.flat_map(|(at, include)| include.fields.iter().map(move |field| (Some(at), field)));
        let fields = own.chain(included).enumerate().map(|(place, (of, field))| {
            let text = field.text.map(|text| {
                let indexing = TextFieldIndexing::default()
                    .set_tokenizer(&tokenizer::name(text.tokenizer, info.language))
                    .set_index_option(IndexRecordOption::WithFreqsAndPositions);
                schema.add_text_field(field.field, TextOptions::default().set_indexing_options(indexing))
            });
            let value = field.filter.then(|| {
                let (name, form) = (format!("#{place}"), Form::of(field.column.ty));
                let added = match form {
                    Form::Integer => schema.add_i64_field(&name, FAST),
                    Form::Float => schema.add_f64_field(&name, FAST),
                    Form::Text => schema.add_text_field(&name, TextOptions::default().set_fast("raw")),
                };
                ValueField { field: added, name, form }
            });
            LaidOut { info: field, of, text, value }
        });
        let fields = fields.collect();
        Self { schema: schema.build(), fields, key, print, is_number, key_columns }
    }

    /// The place of a column among the fields.
    pub(super) fn place_of(&self, of: Of, column: &ColumnInfo) -> Option<usize> {
        self.fields.iter().position(|field| field.of == of && field.info.column.name == column.name)
    }

    /// The field over a column.
    pub(super) fn field_of(&self, of: Of, column: &ColumnInfo) -> Option<&LaidOut> {
        self.fields.get(self.place_of(of, column)?)
    }

    /// The field over a column, where the index has its values.
    pub(super) fn value_of(&self, of: Of, column: &ColumnInfo) -> Option<&ValueField> {
        self.field_of(of, column)?.value.as_ref()
    }

    /// The document of a row: its key, and the values of the indexed fields.
    pub(super) fn document(&self, key: &[Value<'_>], values: Vec<Value<'_>>) -> Result<TantivyDocument, DataError> {
        let mut document = TantivyDocument::new();
        match self.key(key)? {
            Stored::Integer(number) => document.add_i64(self.key, number),
            Stored::Text(text) => document.add_text(self.key, text),
            Stored::Float(_) => return Err(DataError::other("a floating-point number is no key")),
        }
        document.add_u64(self.print, self.print(&values));
        for (field, value) in self.fields.iter().zip(values) {
            if let (Some(into), Value::Text(text)) = (field.text, &value) {
                document.add_text(into, text);
            }
            if let Some(into) = &field.value {
                match stored(&value, field.info.column)? {
                    Some(Stored::Integer(number)) => document.add_i64(into.field, number),
                    Some(Stored::Float(number)) => document.add_f64(into.field, number),
                    Some(Stored::Text(text)) => document.add_text(into.field, text),
                    None => {}
                }
            }
        }
        Ok(document)
    }

    /// A number that stands for all that is indexed of a row.
    pub(super) fn print(&self, values: &[Value<'_>]) -> u64 {
        let mut hasher = blake3::Hasher::new();
        for value in values {
            match value {
                // Behind its length, so that no two texts run into one another.
                Value::Text(text) => hasher.update(&text.len().to_le_bytes()).update(text.as_bytes()),
                other => hasher.update(format!("{other:?}").as_bytes()),
            };
        }
        let mut print = [0; 8];
        hasher.finalize_xof().fill(&mut print);
        u64::from_le_bytes(print)
    }

    /// The term that a key's document is deleted by.
    pub(super) fn term(&self, key: &[Value<'_>]) -> Result<Term, DataError> {
        Ok(match self.key(key)? {
            Stored::Integer(number) => Term::from_field_i64(self.key, number),
            Stored::Text(text) => Term::from_field_text(self.key, &text),
            Stored::Float(_) => return Err(DataError::other("a floating-point number is no key")),
        })
    }

    /// A key as the index has it.
    pub(super) fn key(&self, key: &[Value<'_>]) -> Result<Stored, DataError> {
        if key.len() != self.key_columns.len() {
            return Err(DataError::other("the key has another number of columns"));
        }
        let parts = key.iter().zip(&self.key_columns).map(|(value, column)| stored(value, column)?.ok_or_else(nothing));
        let parts: Vec<Stored> = parts.collect::<Result<_, _>>()?;
        if self.is_number {
            return parts.into_iter().next().ok_or_else(nothing);
        }
        // As JSON, so that no two keys are one text.
        let parts: Vec<serde_json::Value> = parts
            .into_iter()
            .map(|part| match part {
                Stored::Integer(number) => number.into(),
                Stored::Float(number) => number.into(),
                Stored::Text(text) => text.into(),
            })
            .collect();
        Ok(Stored::Text(serde_json::Value::from(parts).to_string()))
    }

    /// The values of a key that the index has as this text.
    pub(super) fn values(&self, key: &Stored) -> Result<Vec<Value<'static>>, DataError> {
        let refused = || DataError::other("the index has a key that is none");
        let parts: Vec<serde_json::Value> = match key {
            Stored::Integer(number) => vec![(*number).into()],
            Stored::Text(text) => serde_json::from_str(text).map_err(|_| refused())?,
            Stored::Float(_) => return Err(refused()),
        };
        if parts.len() != self.key_columns.len() {
            return Err(refused());
        }
        let parts = parts.iter().zip(&self.key_columns).map(|(part, column)| value(part, column).ok_or_else(refused));
        parts.collect()
    }
}

fn nothing() -> DataError {
    DataError::other("a key is never empty")
}

fn raw() -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer("raw").set_index_option(IndexRecordOption::Basic);
    TextOptions::default().set_indexing_options(indexing).set_fast("raw")
}

/// A value as an index has it; nothing where it is none. The order of two is that of the values.
pub(super) fn stored(value: &Value<'_>, column: &ColumnInfo) -> Result<Option<Stored>, DataError> {
    let unfit = |reason: String| DataError::other(["`", column.name, "`: ", &reason].concat());
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(value) => Stored::Integer(i64::from(*value)),
        Value::Int(value) => Stored::Integer(*value),
        Value::F32(value) => Stored::Float(f64::from(*value)),
        Value::F64(value) => Stored::Float(*value),
        Value::Text(text) => Stored::Text(text.clone().into_owned()),
        Value::Uuid(uuid) => Stored::Text(uuid.to_string()),
        Value::Instant(value) => Stored::Integer(value.timestamp_micros()),
        Value::Date(value) => Stored::Integer(i64::from(value.num_days_from_ce())),
        Value::Time(value) => Stored::Integer(
            i64::from(value.num_seconds_from_midnight()) * 1_000_000 + i64::from(value.nanosecond() / 1_000),
        ),
        Value::Decimal(value) => Stored::Integer(decimal::scaled(*value, column.ty).map_err(unfit)?),
        Value::Bytes(bytes) => Stored::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        _ => return Err(unfit("no such value is in an index".to_owned())),
    }))
}

/// What [`stored`] made of a key's value.
fn value(part: &serde_json::Value, column: &ColumnInfo) -> Option<Value<'static>> {
    Some(match column.ty {
        Type::Bool => Value::Bool(part.as_i64()? != 0),
        Type::Instant => Value::Instant(DateTime::from_timestamp_micros(part.as_i64()?)?),
        Type::Date => Value::Date(chrono::NaiveDate::from_num_days_from_ce_opt(i32::try_from(part.as_i64()?).ok()?)?),
        Type::Time => {
            let micros = part.as_i64()?;
            let seconds = u32::try_from(micros / 1_000_000).ok()?;
            let nanos = u32::try_from(micros % 1_000_000 * 1_000).ok()?;
            Value::Time(NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)?)
        }
        Type::Decimal { scale, .. } => {
            Value::Decimal(rust_decimal::Decimal::try_new(part.as_i64()?, u32::from(scale)).ok()?)
        }
        Type::Text => Value::Text(part.as_str()?.to_owned().into()),
        Type::Uuid => Value::Uuid(part.as_str()?.parse().ok()?),
        Type::Bytes => {
            let digits = part.as_str()?;
            let bytes = (0..digits.len() / 2).map(|at| u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok());
            Value::Bytes(bytes.collect::<Option<Vec<u8>>>()?.into())
        }
        _ => Value::Int(part.as_i64()?),
    })
}
