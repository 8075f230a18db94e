//! A table's struct with the scan around it: what the parts of lowering share. Absent: the database, of which there may be
//! several for one struct.

use cell_schema::schema::Type;
use cell_syntax::decl::{self, Decl};
use proc_macro2::Span;
use syn::ext::IdentExt as _;

use super::types::{Kind, Stored, Unstorable, stored};
use crate::model::Place;
use crate::program::{Declared, Program};

/// A table's struct.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) program: &'a Program,
    pub(crate) declared: &'a Declared,
    pub(crate) table: &'a decl::Table,
}

impl<'a> Row<'a> {
    /// Every table's struct, in the order of the declarations.
    pub(crate) fn all(program: &'a Program) -> impl Iterator<Item = Self> {
        program.declarations().iter().filter_map(move |declared| Self::of(program, declared))
    }

    /// A declaration as a table's struct, if it is one.
    pub(crate) fn of(program: &'a Program, declared: &'a Declared) -> Option<Self> {
        match &declared.decl {
            Decl::Table(table) => Some(Self { program, declared, table }),
            _ => None,
        }
    }

    /// A place in the struct's file.
    pub(crate) fn place(&self, span: Span) -> Place {
        Place { file: self.declared.file, span }
    }

    /// The column of a field.
    pub(crate) fn column(&self, field: &syn::Ident) -> Option<&'a decl::Column> {
        self.table.columns.iter().find(|column| column.ident == *field)
    }

    /// The SQL names of fields; those that are no columns are left out.
    pub(crate) fn names(&self, fields: &[syn::Ident]) -> Vec<String> {
        fields.iter().filter_map(|field| self.column(field)).map(sql_name).collect()
    }

    /// What a column of this table stores.
    pub(crate) fn stored(&self, column: &decl::Column) -> Result<Stored, Unstorable> {
        stored(self.program, self.declared.module, &column.ty)
    }

    /// A column's type in the schema; nothing where a rule has something to say about it.
    pub(crate) fn column_type(&self, column: &decl::Column) -> Option<Type> {
        let stored = self.stored(column).ok()?;
        let max_len = column.max_len.as_ref().map(|length| length.value);
        match (stored.kind, &column.decimal) {
            (Kind::Decimal, Some(digits)) if max_len.is_none() => {
                Some(Type::Decimal { precision: digits.value.0, scale: digits.value.1 })
            }
            (_, Some(_)) | (Kind::Decimal, None) => None,
            (Kind::Plain(Type::Text { .. }), None) => Some(Type::Text { max_len }),
            (Kind::Plain(Type::Bytes { .. }), None) => Some(Type::Bytes { max_len }),
            (_, None) if max_len.is_some() => None,
            (Kind::Plain(ty), None) => Some(ty),
            (Kind::Enumeration(id), None) => match &self.program.declared(id).decl {
                Decl::Enumeration(enumeration) => Some(Type::Enumeration { values: texts(enumeration) }),
                _ => None,
            },
        }
    }
}

/// A column's SQL name: what `name = …` says, or the field's.
pub(crate) fn sql_name(column: &decl::Column) -> String {
    column.name.as_ref().map_or_else(|| column.ident.unraw().to_string(), |name| name.value.clone())
}

/// Where a column's name comes from.
pub(crate) fn name_span(column: &decl::Column) -> Span {
    column.name.as_ref().map_or_else(|| column.ident.span(), |name| name.span)
}

/// The texts that a column of an enumeration may hold, in the enum's order.
pub(crate) fn texts(enumeration: &decl::Enumeration) -> Vec<String> {
    enumeration.values.iter().filter(|value| value.removed_to.is_none()).map(|value| value.text.clone()).collect()
}
