//! `#[Database::table]`: the columns for queries, the type for inserts, how a row is bound and read, and what it leads to.

use cell_syntax::decl::{Column, Numbering, Reference, Table};
use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Item, Path, Type, Visibility, parse_quote};

use super::{keep_helpers, message, optional, record, runtime, serde, together, word};

pub(super) fn expand(decl: &Table, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let Item::Struct(definition) = &mut item else { return quote!(#item) };
    let visibility = definition.vis.clone();
    let fields: Vec<_> = decl.columns.iter().map(|column| (&column.ident, &column.ty)).collect();
    let form = serde::implement(definition, &fields, &decl.skipped, &krate);
    keep_helpers(&mut item, &krate);

    let new = new_type(decl, &visibility, &krate);
    let model = model(decl, &krate);
    let relations = relations(decl, &visibility, &krate);
    let shape = shape(decl, &krate);
    let record = record(&krate, "table", &word(&decl.ident), fingerprint);
    quote! {
        #item
        #new
        const _: () = {
            #model
            #relations
            #shape
            #form
            #record
        };
    }
}

/// How an insert treats a column.
enum Given {
    /// It must be given.
    Always,
    /// It has a default.
    Optionally,
    /// The engine fills it.
    Never,
}

fn given(decl: &Table, column: &Column) -> Given {
    let numbered = decl.numbering == Numbering::Automatic && decl.key.contains(&column.ident);
    if numbered || column.generated.is_some() {
        Given::Never
    } else if column.default.is_some() {
        Given::Optionally
    } else {
        Given::Always
    }
}

fn new_ident(decl: &Table) -> Ident {
    let span = decl.new.as_ref().unwrap_or(&decl.ident).span();
    Ident::new(&decl.new_name(), span)
}

/// The type for inserts. It is named by the application, so it stands beside the struct.
fn new_type(decl: &Table, visibility: &Visibility, krate: &Path) -> TokenStream {
    let ident = new_ident(decl);
    let doc = format!("A [`{}`] to insert: without what the database fills in.", decl.ident);
    let given_fields: Vec<(&Ident, Type)> = decl
        .columns
        .iter()
        .filter_map(|column| {
            let (name, ty) = (&column.ident, &column.ty);
            match given(decl, column) {
                Given::Always => Some((name, ty.clone())),
                Given::Optionally => Some((name, parse_quote!(::core::option::Option<#ty>))),
                Given::Never => None,
            }
        })
        .collect();
    let fields = decl.columns.iter().filter_map(|column| {
        let (name, ty) = (&column.ident, &column.ty);
        match given(decl, column) {
            Given::Always => Some(quote!(#[doc = "As in the row."] pub #name: #ty)),
            Given::Optionally => Some(quote!(
                #[doc = "As in the row; `None`: the column's default."]
                pub #name: ::core::option::Option<#ty>
            )),
            Given::Never => None,
        }
    });
    let gives = |column: &Column| {
        let (name, span) = (&column.ident, column.ty.span());
        match given(decl, column) {
            Given::Always => quote_spanned!(span=> &self.#name),
            Given::Optionally => quote_spanned!(span=> #krate::db::OrDefault(&self.#name)),
            Given::Never => quote!(#krate::db::Skip),
        }
    };
    let binds = together::runs(decl.columns.iter().map(|column| &column.ty)).into_iter().filter_map(|run| {
        let columns = decl.columns.get(run)?;
        if let [column] = columns {
            // At the field's type, as in `info`: what no column can hold is then wrong in one place only.
            let (name, span) = (&column.ident, column.ty.span());
            return Some(match given(decl, column) {
                Given::Always => quote_spanned!(span=> values.push(&self.#name);),
                Given::Optionally => quote_spanned!(span=> values.optional(&self.#name);),
                Given::Never => quote!(values.skip();),
            });
        }
        let parts = columns.iter().map(gives);
        Some(quote!(values.all((#(#parts,)*));))
    });
    let described = decl.columns.iter().filter_map(|column| {
        let (name, ty) = (word(&column.ident), &column.ty);
        match given(decl, column) {
            Given::Always => Some((name, quote!(#ty))),
            Given::Optionally => Some((name, quote!(#krate::message::Defaulted<#ty>))),
            Given::Never => None,
        }
    });
    let (names, types): (Vec<_>, Vec<_>) = described.unzip();
    let shape = message::structure(&ident, &names, &types, krate);
    let model = &decl.ident;
    let form_fields: Vec<_> = given_fields.iter().map(|(name, ty)| (*name, ty)).collect();
    let form = serde::of(&ident, &form_fields, &[], krate);
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #visibility struct #ident { #(#fields),* }
        const _: () = {
            impl #krate::db::New for #ident {
                type Model = #model;
                fn bind(&self, values: &mut #krate::db::NewBinder) { #(#binds)* }
            }
            #shape
            #form
        };
    }
}

fn model(decl: &Table, krate: &Path) -> TokenStream {
    let ident = &decl.ident;
    let columns_ident = format_ident!("{ident}Columns");
    let new = new_ident(decl);
    let struct_name = word(ident);
    let name = optional(decl.name.as_ref().map(|name| name.value.to_token_stream()));
    let column_fields = decl.columns.iter().map(|column| {
        let (name, ty) = (&column.ident, &column.ty);
        quote!(pub #name: #krate::db::Column<#ident, #ty>)
    });
    let column_values = decl.columns.iter().enumerate().map(|(at, column)| {
        let name = &column.ident;
        quote!(#name: #krate::db::Column::new(&<#ident as #krate::db::Model>::INFO[#at]))
    });
    let infos = decl.columns.iter().map(|column| info(decl, column, krate));
    let places = decl.key.iter().filter_map(|key| decl.columns.iter().position(|column| column.ident == *key));
    let keys: Vec<&Column> =
        decl.key.iter().filter_map(|key| decl.columns.iter().find(|column| column.ident == *key)).collect();
    let key_type = match keys.as_slice() {
        [only] => only.ty.clone(),
        several => {
            let types = several.iter().map(|column| &column.ty);
            parse_quote!((#(#types,)*))
        }
    };
    let key_values = keys.iter().map(|column| {
        let name = &column.ident;
        quote!(::core::clone::Clone::clone(&self.#name))
    });
    let key_value = match keys.len() {
        1 => quote!(#(#key_values)*),
        _ => quote!((#(#key_values,)*)),
    };
    let fields: Vec<(&Ident, &Type)> = decl.columns.iter().map(|column| (&column.ident, &column.ty)).collect();
    let binds =
        together::runs(fields.iter().map(|(_, ty)| *ty)).into_iter().filter_map(|run| match fields.get(run)? {
            [(name, ty)] => Some(quote_spanned!(ty.span()=> values.push(&self.#name);)),
            several => {
                let names = several.iter().map(|(name, _)| name);
                Some(quote!(values.all((#(&self.#names,)*));))
            }
        });
    let (reads, read) = together::reads(&fields);
    let fields = fields.iter().map(|(name, _)| name);
    let skipped = &decl.skipped;
    quote! {
        #[allow(missing_debug_implementations, non_snake_case, reason = "its fields bear the names of the columns")]
        pub struct #columns_ident { #(#column_fields),* }
        impl #krate::db::Model for #ident {
            type Columns = #columns_ident;
            type Key = #key_type;
            type New = #new;
            const STRUCT: &'static str = #struct_name;
            const NAME: ::core::option::Option<&'static str> = #name;
            const COLUMNS: &'static #columns_ident = &#columns_ident { #(#column_values),* };
            const INFO: &'static [#krate::db::ColumnInfo] = &[#(#infos),*];
            const KEY: &'static [usize] = &[#(#places),*];
            fn key(&self) -> Self::Key { #key_value }
            fn bind(&self, values: &mut #krate::db::Binder) { #(#binds)* }
            fn read(row: &mut #krate::db::Reader<'_>) -> ::core::result::Result<Self, #krate::db::DataError> {
                #reads
                ::core::result::Result::Ok(Self {
                    #(#fields: #read,)*
                    #(#skipped: ::core::default::Default::default(),)*
                })
            }
        }
    }
}

/// What leads to rows of other tables: methods of a row, and the relations that `with` takes.
fn relations(decl: &Table, visibility: &Visibility, krate: &Path) -> TokenStream {
    let ident = &decl.ident;
    let ones: Vec<_> = decl.references.iter().filter_map(|reference| One::of(decl, reference)).collect();
    if ones.is_empty() && decl.many.is_empty() {
        return TokenStream::new();
    }
    let relations_ident = format_ident!("{ident}Relations");
    let one_fields = ones.iter().map(|One { name, column, target, .. }| {
        let ty = &column.ty;
        quote!(pub #name: #krate::db::One<#ident, #ty, #target>)
    });
    let one_values = ones.iter().map(|One { name, column, place, .. }| {
        let field = &column.ident;
        quote!(#name: #krate::db::One::new(&<#ident as #krate::db::Model>::INFO[#place], |row| &row.#field))
    });
    let one_methods = ones.iter().map(|One { name, column, target, .. }| {
        let (field, ty) = (&column.ident, &column.ty);
        let doc = format!("The row that `{field}` refers to.");
        quote_spanned! {target.span()=>
            #[doc = #doc]
            ///
            /// # Errors
            /// Those of reading; `NotFound` where the row has gone since.
            #visibility async fn #name(
                &self,
                database: &impl #krate::db::Has<#target>,
            ) -> ::core::result::Result<<#ty as #krate::db::Referring>::Loaded<#target>, #krate::db::DataError> {
                #krate::db::one(database.table(), &self.#field).await
            }
        }
    });
    // Of two references to one table neither is "the" one.
    let alike = |one: &One<'_>, other: &One<'_>| {
        one.target.to_token_stream().to_string() == other.target.to_token_stream().to_string()
    };
    let refers = ones.iter().filter(|one| ones.iter().filter(|other| alike(one, other)).count() == 1);
    let refers = refers.map(|One { column, target, place, .. }| {
        let field = &column.ident;
        quote_spanned! {target.span()=>
            impl #krate::db::Refers<#target> for #ident {
                const COLUMN: usize = #place;
                fn referred(&self) -> ::core::option::Option<#krate::db::Value<'_>> {
                    #krate::db::Referring::key(&self.#field)
                }
            }
        }
    });
    let many_fields = decl.many.iter().map(|many| {
        let (name, row) = (&many.ident, &many.row);
        quote!(pub #name: #krate::db::Many<#ident, #row>)
    });
    let many_values = decl.many.iter().map(|many| {
        let name = &many.ident;
        quote!(#name: #krate::db::Many::new())
    });
    let many_methods = decl.many.iter().map(|many| {
        let (name, row) = (&many.ident, &many.row);
        quote_spanned! {row.span()=>
            /// The rows that refer to this one.
            #visibility fn #name(&self, database: &impl #krate::db::Has<#row>) -> #krate::db::Query<#row> {
                #krate::db::many::<Self, #row>(database.table(), self)
            }
        }
    });
    quote! {
        #[allow(
            missing_debug_implementations,
            non_snake_case,
            private_interfaces,
            reason = "its fields bear the names of the relations, and lead to rows that may be private to the crate"
        )]
        pub struct #relations_ident { #(#one_fields,)* #(#many_fields,)* }
        impl #krate::db::Related for #ident {
            type Relations = #relations_ident;
            const RELATIONS: &'static #relations_ident =
                &#relations_ident { #(#one_values,)* #(#many_values,)* };
        }
        #[allow(
            dead_code,
            private_bounds,
            private_interfaces,
            reason = "an application need not ask one row for what belongs to it, which may be private to the crate"
        )]
        impl #ident { #(#one_methods)* #(#many_methods)* }
        #(#refers)*
    }
}

/// A reference by one column.
struct One<'a> {
    name: Ident,
    column: &'a Column,
    target: &'a Path,
    place: usize,
}

impl<'a> One<'a> {
    fn of(decl: &'a Table, reference: &'a Reference) -> Option<Self> {
        let name = decl.relation(reference)?;
        let [only] = reference.columns.as_slice() else { return None };
        let place = decl.columns.iter().position(|column| column.ident == *only)?;
        Some(Self { name, column: decl.columns.get(place)?, target: &reference.target, place })
    }
}

/// What the runtime knows of a column.
fn info(decl: &Table, column: &Column, krate: &Path) -> TokenStream {
    let ty = &column.ty;
    let field = word(&column.ident);
    let name = column.name.as_ref().map_or(field.as_str(), |name| name.value.as_str());
    let decimal = column.decimal.as_ref().map(|decimal| {
        let (precision, scale) = decimal.value;
        quote_spanned!(decimal.span=> .decimal(#precision, #scale))
    });
    let automatic =
        (decl.numbering == Numbering::Automatic && decl.key.contains(&column.ident)).then(|| quote!(.automatic()));
    let generated = column.generated.is_some().then(|| quote!(.generated()));
    let defaulted = column.default.is_some().then(|| quote!(.defaulted()));
    // At the field's type, so that rustc points there when no column can hold it.
    quote_spanned!(ty.span()=> #krate::db::ColumnInfo::of::<#ty>(#name) #decimal #automatic #generated #defaulted)
}

fn shape(decl: &Table, krate: &Path) -> TokenStream {
    let fields = decl.columns.iter().map(|column| (word(&column.ident), column.ty.to_token_stream()));
    let (names, types): (Vec<_>, Vec<_>) = fields.unzip();
    message::structure(&decl.ident, &names, &types, krate)
}
