//! `#[Database::table]`: a struct of columns. This file reads the attribute and joins what fields and struct say;
//! `table_column` reads a field, `table_struct` the helpers above the fields.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::{Ident, Item};

use super::arguments::Arguments;
use super::misspelt::{self, OF_TABLES};
use super::{item_name, structs, table_column, table_struct};
use crate::Attribute;
use crate::decl::{Column, Numbering, Reference, Table};
use crate::diagnostic::{Diagnostic, Sink};
use crate::suggest;

/// What `#[key]` or `#[key(…)]` says of a key's numbering.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyWord {
    Unsaid,
    Assigned,
    Automatic,
}

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Table> {
    let attribute = Attribute::DatabaseTable;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let name = arguments.text("name", sink);
    let renamed_from = arguments.text("renamed_from", sink);
    let new = arguments.word("new", sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);

    let (item, fields) = structs::named(attribute, item, sink)?;
    let mut table = Table {
        ident: item.ident.clone(),
        name,
        renamed_from,
        new,
        krate,
        columns: Vec::new(),
        skipped: Vec::new(),
        key: Vec::new(),
        numbering: Numbering::Assigned,
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        many: Vec::new(),
        checks: Vec::new(),
        searched: Vec::new(),
    };
    let mut meant = misspelt::refuse(&item.attrs, &OF_TABLES, sink);
    let mut word = KeyWord::Unsaid;
    for field in fields {
        meant.extend(misspelt::refuse(&field.attrs, &OF_TABLES, sink));
        table_column::parse(field, &mut table, &mut word, sink);
    }
    table_struct::parse(item, &mut table, sink);
    // A misspelt key is one mistake, not two.
    if !meant.contains(&"key") {
        check_key(item, &table, word, sink);
    }
    table.numbering = numbering(&table, word);
    Some(table)
}

impl Table {
    /// What the row is called that a reference by one column leads to: the field's name, without an `_id` at its end where that is
    /// no other field's.
    #[must_use]
    pub fn relation(&self, reference: &Reference) -> Option<Ident> {
        let [column] = reference.columns.as_slice() else { return None };
        Some(relation(column, self.columns.iter().map(|column| &column.ident)))
    }

    /// How the type for inserts is called: what `new = …` says, or `New` and the struct's name.
    #[must_use]
    pub fn new_name(&self) -> String {
        self.new.as_ref().map_or_else(|| format!("New{}", self.ident.unraw()), ToString::to_string)
    }
}

/// What the row is called that a field of these leads to.
pub(super) fn relation<'a>(field: &Ident, mut fields: impl Iterator<Item = &'a Ident>) -> Ident {
    let name = field.to_string();
    let short = name.strip_suffix("_id").filter(|short| syn::parse_str::<Ident>(short).is_ok());
    let free = short.filter(|short| fields.all(|other| other != short));
    free.map_or_else(|| field.clone(), |short| Ident::new(short, field.span()))
}

fn check_key(item: &syn::ItemStruct, table: &Table, word: KeyWord, sink: &mut Sink) {
    if table.key.is_empty() {
        let help = match table.columns.iter().find(|column| column.ident == "id") {
            Some(_) => "put `#[key]` on the field `id`",
            None => "put `#[key]` on the field that tells rows apart, or `#[key(a, b)]` on the struct",
        };
        sink.push(
            Diagnostic::new("table-without-key", item.ident.span(), format!("the table `{}` has no key", item.ident))
                .help(help),
        );
    }
    if word == KeyWord::Automatic
        && let [first, second, ..] = table.key.as_slice()
    {
        sink.push(
            Diagnostic::new("conflicting-attributes", second.span(), "a key of several columns cannot be automatic")
                .related(first.span(), "the first column of the key")
                .help("remove `automatic`, and assign the key when you insert"),
        );
    }
}

/// A key is numbered by the engine where it is a single `i64` that nothing else gives a value.
fn numbering(table: &Table, word: KeyWord) -> Numbering {
    let [key] = table.key.as_slice() else { return Numbering::Assigned };
    let Some(column) = table.columns.iter().find(|column| column.ident == *key) else { return Numbering::Assigned };
    let referring = table.references.iter().any(|reference| reference.columns.contains(key));
    match word {
        KeyWord::Automatic => Numbering::Automatic,
        KeyWord::Unsaid if is_i64(column) && column.default.is_none() && column.generated.is_none() && !referring => {
            Numbering::Automatic
        }
        _ => Numbering::Assigned,
    }
}

fn is_i64(column: &Column) -> bool {
    matches!(&column.ty, syn::Type::Path(path) if path.path.is_ident("i64"))
}

/// The column of a field, or an error that names the nearest one.
pub(super) fn known_field(ident: &Ident, table: &Table, sink: &mut Sink) -> bool {
    let known = table.columns.iter().any(|column| column.ident == *ident);
    if !known {
        let names: Vec<String> = table.columns.iter().map(|column| column.ident.to_string()).collect();
        sink.push(
            Diagnostic::new("unknown-field", ident.span(), format!("`{}` has no column `{ident}`", table.ident))
                .help(suggest::help(&ident.to_string(), names.iter().map(String::as_str))),
        );
    }
    known
}
