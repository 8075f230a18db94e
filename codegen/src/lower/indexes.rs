//! From search indexes to their definitions, once for each database that has the table. In: the declarations and the databases.
//! Out: what is in each index, ordered by name. What cannot be lowered is left out and noted; a rule of `check` reports it.

use cell_manifest::{IndexColumn, IndexDefinition, IndexField, IndexIncluded, IndexText};
use cell_schema::schema::Type;
use cell_syntax::decl::{self, Decl, SearchInclude, SearchIndex, SearchUses};
use proc_macro2::Span;
use syn::Ident;

use super::beside::beside;
use super::databases::Members;
use super::row::{Row, sql_name};
use super::types::Kind;
use crate::model::{Database, DatabaseId, Index, Place};
use crate::program::{DeclId, Declared, Program, Resolved};

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

/// The table's struct of which an index includes fields; nothing where the reference is a rule's to report.
pub(crate) fn target<'a>(row: &Row<'a>, include: &SearchInclude) -> Option<Row<'a>> {
    match row.program.resolve_path(row.declared.module, &include.target) {
        Resolved::Decl(target) => Row::of(row.program, row.program.declared(target)),
        _ => None,
    }
}

/// Whether an index of one of these tables includes fields of a struct.
pub(crate) fn is_included(program: &Program, among: &Members, decl: DeclId) -> bool {
    all(program).any(|(_, index, row)| {
        let row = row.filter(|row| among.tables_of(row.declared.id).next().is_some());
        row.is_some_and(|row| {
            index.includes.iter().filter_map(|include| target(&row, include)).any(|target| target.declared.id == decl)
        })
    })
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
    pub(crate) fn of(uses: &SearchUses) -> impl Iterator<Item = (Self, Span)> {
        let text = uses.text.as_ref().map(|text| (Self::Text, text.span));
        let filter = uses.filter.map(|span| (Self::Filter, span));
        let facet = uses.facet.map(|span| (Self::Facet, span));
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
        let fields = index.fields.iter().filter_map(|field| {
            let found = self::field(&row, &field.ident, &field.uses);
            if found.is_none() {
                omitted.push(row.place(field.ident.span()));
            }
            found
        });
        let fields: Vec<IndexField> = fields.collect();
        for (at, database, table) in tables(databases, row.declared.id) {
            let included = index.includes.iter().filter_map(|include| {
                let found = self::included(&row, include, database);
                if found.is_none() {
                    omitted.push(row.place(include.span));
                }
                found
            });
            let included = included.collect();
            let mut definition = IndexDefinition {
                format: IndexDefinition::FORMAT,
                database: database.name.clone(),
                table: table.to_owned(),
                name: format!("{}.{}", database.name, name_in(index, table)),
                language: index.language.as_ref().map(|language| language.value.clone()),
                key: key(&row),
                fields: fields.clone(),
                included,
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

/// The row that a field leads to, with all fields that are included; nothing where one of them cannot be.
fn included(row: &Row<'_>, include: &SearchInclude, database: &Database) -> Option<IndexIncluded> {
    let target = target(row, include)?;
    // Of two, neither is "the" one; a rule of references reports it.
    let mut tables = database.tables.iter().filter(|table| table.decl == target.declared.id);
    let (Some(table), None) = (tables.next(), tables.next()) else { return None };
    let fields = include.fields.iter().map(|(ident, uses)| field(&target, ident, uses));
    Some(IndexIncluded {
        column: sql_name(row.column(&include.field)?),
        table: table.name.clone(),
        fields: fields.collect::<Option<_>>()?,
    })
}

/// A field, if a search can do with it what it is to do.
fn field(row: &Row<'_>, ident: &Ident, uses: &SearchUses) -> Option<IndexField> {
    let column = row.column(ident)?;
    let kind = row.stored(column).ok()?.kind;
    if !Use::of(uses).all(|(wanted, _)| wanted.takes(&kind)) {
        return None;
    }
    Some(IndexField {
        column: sql_name(column),
        ty: column_type(row, column)?,
        text: uses
            .text
            .as_ref()
            .map(|text| IndexText { boost: text.boost, tokenizer: text.tokenizer.as_str().to_owned() }),
        filter: uses.filter.is_some() || uses.facet.is_some(),
        facet: uses.facet.is_some(),
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
    let IndexDefinition { format, table, language, key, fields, included, .. } = definition;
    let of = |field: &IndexField| {
        let tokenizer = field.text.as_ref().map(|text| text.tokenizer.clone());
        (field.column.clone(), field.ty.clone(), tokenizer, field.filter, field.facet)
    };
    let fields: Vec<_> = fields.iter().map(of).collect();
    let included = included.iter().map(|it| (&it.column, &it.table, it.fields.iter().map(of).collect::<Vec<_>>()));
    let included: Vec<_> = included.collect();
    // Neither maps nor floats, so serde_json cannot fail and has one text for each.
    let text = serde_json::to_vec(&(format, table, language, key, fields, included)).unwrap_or_default();
    blake3::hash(&text).to_hex().to_string()
}
