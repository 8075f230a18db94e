//! From search indexes to their definitions, once for each database that has the table. In: the declarations and the databases.
//! Out: what is in each index, ordered by name. What cannot be lowered is left out and noted; a rule of `check` reports it.

use cell_manifest::{IndexColumn, IndexDefinition, IndexField, IndexText};
use cell_schema::schema::Type;
use cell_syntax::decl::{self, Decl, SearchField, SearchIndex};
use proc_macro2::Span;

use super::beside::beside;
use super::row::{Row, sql_name};
use super::types::Kind;
use crate::model::{Database, DatabaseId, Index, Place};
use crate::program::{DeclId, Declared, Program};

/// Every search index, with the table on whose struct it stands, if it stands on one.
pub(crate) fn all(program: &Program) -> impl Iterator<Item = (&Declared, &SearchIndex, Option<Row<'_>>)> {
    program.declarations().iter().filter_map(|declared| {
        let Decl::SearchIndex(index) = &declared.decl else { return None };
        Some((declared, index, beside(program, declared).find_map(|other| Row::of(program, other))))
    })
}

/// Whether a search index stands on a table's struct.
pub(crate) fn is_indexed(row: &Row<'_>) -> bool {
    beside(row.program, row.declared).any(|other| matches!(other.decl, Decl::SearchIndex(_)))
}

/// What a search does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Text,
    Filter,
    Facet,
}

impl Use {
    /// What a field is declared to be used for, each with its place.
    pub(crate) fn of(field: &SearchField) -> impl Iterator<Item = (Self, Span)> {
        let text = field.text.as_ref().map(|text| (Self::Text, text.span));
        let filter = field.filter.map(|span| (Self::Filter, span));
        let facet = field.facet.map(|span| (Self::Facet, span));
        text.into_iter().chain(filter).chain(facet)
    }

    /// Whether values of this kind can be used so.
    pub(crate) fn takes(self, kind: &Kind) -> bool {
        match (self, kind) {
            (_, Kind::Plain(Type::Text { .. })) | (Self::Filter | Self::Facet, Kind::Enumeration(_)) => true,
            (Self::Filter, Kind::Plain(ty)) => !matches!(ty, Type::Bytes { .. } | Type::Json),
            (Self::Filter, Kind::Decimal) => true,
            (Self::Facet, Kind::Plain(ty)) => {
                matches!(ty, Type::Bool | Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32)
            }
            (Self::Text | Self::Facet, _) => false,
        }
    }
}

/// What an index of a table is called where its attribute does not say.
pub(crate) fn name_in<'a>(index: &'a SearchIndex, table: &'a str) -> &'a str {
    index.name.as_ref().map_or(table, |name| name.value.as_str())
}

pub(super) fn lower(program: &Program, databases: &[Database], omitted: &mut Vec<Place>) -> Vec<Index> {
    let mut indexes = Vec::new();
    for (declared, index, row) in all(program) {
        let span = index.name.as_ref().map_or_else(|| index.ident.span(), |name| name.span);
        let place = Place { file: declared.file, span };
        let Some(row) = row else {
            omitted.push(place);
            continue;
        };
        let fields = index.fields.iter();
        let fields: Vec<IndexField> = fields.filter_map(|field| self::field(&row, field, omitted)).collect();
        for (at, database, table) in tables(databases, row.declared.id) {
            let mut definition = IndexDefinition {
                format: IndexDefinition::FORMAT,
                database: database.name.clone(),
                table: table.to_owned(),
                name: format!("{}.{}", database.name, name_in(index, table)),
                language: index.language.as_ref().map(|language| language.value.clone()),
                key: key(&row),
                fields: fields.clone(),
                hash: String::new(),
            };
            definition.hash = hash(&definition);
            indexes.push(Index { database: DatabaseId(at), definition, place });
        }
    }
    indexes.sort_by(|left, right| left.definition.name.cmp(&right.definition.name));
    indexes
}

/// The tables of a struct, each with its database and that one's place in the model.
fn tables(databases: &[Database], row: DeclId) -> impl Iterator<Item = (usize, &Database, &str)> {
    databases.iter().enumerate().flat_map(move |(at, database)| {
        let tables = database.tables.iter().filter(move |table| table.decl == row);
        tables.map(move |table| (at, database, table.name.as_str()))
    })
}

fn key(row: &Row<'_>) -> Vec<IndexColumn> {
    let columns = row.table.key.iter().filter_map(|field| row.column(field));
    columns.filter_map(|column| Some(IndexColumn { column: sql_name(column), ty: column_type(row, column)? })).collect()
}

fn field(row: &Row<'_>, field: &SearchField, omitted: &mut Vec<Place>) -> Option<IndexField> {
    let column = row.column(&field.ident)?;
    let kind = row.stored(column).ok().map(|stored| stored.kind);
    let fits = kind.is_some_and(|kind| Use::of(field).all(|(wanted, _)| wanted.takes(&kind)));
    let (true, Some(ty)) = (fits, column_type(row, column)) else {
        omitted.push(row.place(field.ident.span()));
        return None;
    };
    Some(IndexField {
        column: sql_name(column),
        ty,
        text: field
            .text
            .as_ref()
            .map(|text| IndexText { boost: text.boost, tokenizer: text.tokenizer.as_str().to_owned() }),
        filter: field.filter.is_some() || field.facet.is_some(),
        facet: field.facet.is_some(),
    })
}

/// A column's type in a word. What only limits its values is left out: an index holds whatever the table does.
fn column_type(row: &Row<'_>, column: &decl::Column) -> Option<String> {
    Some(match row.column_type(column)? {
        Type::I16 => "i16".to_owned(),
        Type::I32 => "i32".to_owned(),
        Type::I64 => "i64".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::F32 => "f32".to_owned(),
        Type::F64 => "f64".to_owned(),
        Type::Text { .. } => "text".to_owned(),
        Type::Bytes { .. } => "bytes".to_owned(),
        Type::Uuid => "uuid".to_owned(),
        Type::Instant => "instant".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Decimal { precision, scale } => format!("decimal({precision}, {scale})"),
        Type::Json => "json".to_owned(),
        Type::Enumeration { .. } => "enumeration".to_owned(),
    })
}

/// The hash of what decides what is in an index. A boost is not: it weighs what a search finds.
fn hash(definition: &IndexDefinition) -> String {
    let IndexDefinition { format, table, language, key, fields, .. } = definition;
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            (&field.column, &field.ty, field.text.as_ref().map(|text| &text.tokenizer), field.filter, field.facet)
        })
        .collect();
    // Neither maps nor floats, so serde_json cannot fail and has one text for each.
    let text = serde_json::to_vec(&(format, table, language, key, fields)).unwrap_or_default();
    blake3::hash(&text).to_hex().to_string()
}
