//! `#[Database::sqlite]` and `#[Database::postgres]`: a handle behind the tables, and the way to open it.

use cell_syntax::decl::{Database, DatabaseField, Engine, Timeouts};
use cell_syntax::name::replica_variable;
use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Fields, Item, Path, parse_quote};

use super::{optional, record, runtime, word};

pub(super) fn expand(decl: &Database, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let Item::Struct(definition) = &mut item else { return quote!(#item) };
    if let Fields::Named(fields) = &mut definition.fields {
        fields.named.push(parse_quote!(#[doc(hidden)] __cell: #krate::db::Handle));
    }
    let ident = &decl.ident;
    let tables = decl.tables.iter().map(|table| {
        let (field, row) = (&table.ident, &table.row);
        let name = word(field);
        // At the row's type, so that rustc points there when it is no table.
        quote_spanned!(row.span()=> #field: #krate::db::table::<#row>(&handle, #name))
    });
    let has = decl.tables.iter().filter(|table| is_only_table_of_its_row(table, decl)).map(|table| {
        let (field, row) = (&table.ident, &table.row);
        quote_spanned! {row.span()=>
            impl #krate::db::Has<#row> for #ident {
                fn table(&self) -> &#krate::db::Table<#row> { &self.#field }
            }
        }
    });
    let info = info(decl, &krate);
    let record = record(&krate, "database", &word(ident), fingerprint);
    quote! {
        #item
        const _: () = {
            impl ::core::clone::Clone for #ident {
                fn clone(&self) -> Self {
                    <Self as #krate::db::Database>::rebind(::core::clone::Clone::clone(&self.__cell))
                }
            }
            impl #krate::db::Database for #ident {
                const INFO: &'static #krate::db::DatabaseInfo = &#info;
                fn handle(&self) -> &#krate::db::Handle { &self.__cell }
                fn rebind(handle: #krate::db::Handle) -> Self {
                    Self { #(#tables,)* __cell: handle }
                }
            }
            #(#has)*
            #krate::__database! { #ident }
            #record
        };
    }
}

/// Two tables of one struct cannot both be "the" table of it; relations then name theirs.
fn is_only_table_of_its_row(table: &DatabaseField, decl: &Database) -> bool {
    let row = table.row.to_token_stream().to_string();
    decl.tables.iter().filter(|other| other.row.to_token_stream().to_string() == row).count() == 1
}

fn info(decl: &Database, krate: &Path) -> TokenStream {
    let name = decl.database_name();
    let engine = match &decl.engine {
        Engine::Sqlite { file } => {
            let file = &file.value;
            quote!(#krate::db::EngineInfo::Sqlite { file: #file })
        }
        Engine::Postgres { url, replicas, .. } => {
            let url = &url.value;
            let replicas = replicas.iter().map(|region| {
                let (region, variable) = (&region.value, replica_variable(url, &region.value));
                quote!(#krate::db::ReplicaInfo { region: #region, url_env: #variable })
            });
            quote!(#krate::db::EngineInfo::Postgres { url_env: #url, replicas: &[#(#replicas),*] })
        }
    };
    let tables = decl.tables.iter().map(|table| {
        let (name, row) = (word(&table.ident), &table.row);
        quote_spanned!(row.span()=> #krate::__table_info!(#row, #name))
    });
    let pool = optional(decl.pool.as_ref().map(|pool| pool.value.to_token_stream()));
    let statements = optional(decl.statements.as_ref().map(|statements| statements.value.to_token_stream()));
    let slow = optional(decl.slow.as_ref().map(|slow| slow.value.to_token_stream()));
    let Timeouts { acquire, statement, lock, idle, replica, behind } = decl.timeouts;
    let [acquire, statement, lock, idle, replica, behind] = [acquire, statement, lock, idle, replica, behind]
        .map(|timeout| optional(timeout.map(|milliseconds| milliseconds.to_token_stream())));
    quote! {
        #krate::db::DatabaseInfo {
            name: #name,
            engine: #engine,
            pool: #pool,
            statements: #statements,
            slow: #slow,
            timeouts: #krate::db::Timeouts { acquire: #acquire, statement: #statement, lock: #lock, idle: #idle, replica: #replica, behind: #behind },
            tables: &[#(#tables),*],
        }
    }
}
