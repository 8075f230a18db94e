//! `sql!`: a statement with its values. What `cargo cell build` has learnt of it from the engines comes in the environment, under the
//! statement's number, and becomes a constant that rustc checks the types of values and rows against.

use cell_syntax::sql::{Query, Reads};
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::compile_error;

/// `runtime; [Database,] "text"`
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter();
    let krate: TokenStream = tokens
        .by_ref()
        .take_while(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'))
        .collect();
    let query = match Query::parse(tokens.collect()) {
        Ok(query) => query,
        Err(error) => return compile_error(&error),
    };
    let fingerprint = format!("{:016x}", query.fingerprint());
    let variable = format!("CELL_SQL_{fingerprint}");
    let learnt = std::env::var(&variable).ok().and_then(|learnt| self::learnt(&learnt, &krate));
    let learnt = match learnt {
        Some(learnt) => quote!(::core::option::Option::Some(#learnt)),
        None => quote!(::core::option::Option::None),
    };
    let text = &query.text;
    let reads = match query.reads {
        Reads::Certainly => quote!(Certainly),
        Reads::Likely => quote!(Likely),
        Reads::No => quote!(No),
    };
    let names = query.parameters.iter().map(|parameter| &parameter.name);
    let database = match &query.database {
        Some(database) => quote!(#database),
        None => quote!(#krate::db::AnyDatabase),
    };
    let values = query.parameters.iter().enumerate().map(|(at, parameter)| {
        let expr = &parameter.expr;
        match parameter.scale {
            Some(scale) => quote!(#krate::db::bound_decimal::<__Query, _, #at, #scale>(&#expr)),
            None => quote!(#krate::db::bound::<__Query, _, #at>(&#expr)),
        }
    });
    quote! {{
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        struct __Query;
        impl #krate::db::Statement for __Query {
            const TEXT: &'static str = #text;
            const PARAMETERS: &'static [&'static str] = &[#(#names),*];
            const LEARNT: ::core::option::Option<#krate::db::Learnt> = #learnt;
            const READS: #krate::db::Reads = #krate::db::Reads::#reads;
        }
        // Cargo compiles the crate again when this changes.
        const _: ::core::option::Option<&str> = ::core::option_env!(#variable);
        #krate::__record! { "query", "sql", #fingerprint }
        #krate::db::Sql::<__Query, #database>::new(::std::vec![#(#values),*])
    }}
}

/// What the environment says, as `kind,…|name:kind[.scale][?],…` with each name in hexadecimal digits; `None` where it is of another version.
fn learnt(said: &str, krate: &TokenStream) -> Option<TokenStream> {
    let (parameters, columns) = said.split_once('|')?;
    let kind = |word: &str| {
        let is_word = !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !word.starts_with(|first: char| first.is_ascii_digit());
        let kind = is_word.then(|| quote::format_ident!("{word}"))?;
        Some(quote!(#krate::db::Kind::#kind))
    };
    fn entries(list: &str) -> impl Iterator<Item = &str> {
        list.split(',').filter(|entry| !entry.is_empty())
    }
    let parameters: Vec<TokenStream> = entries(parameters).map(kind).collect::<Option<_>>()?;
    let columns = entries(columns).map(|entry| {
        let (name, word) = entry.split_once(':')?;
        let nullable = word.ends_with('?');
        let (word, scale) =
            word.trim_end_matches('?').split_once('.').map_or((word, None), |(word, scale)| (word, Some(scale)));
        let kind = kind(word.trim_end_matches('?'))?;
        let scale = match scale {
            Some(scale) => {
                let scale: u8 = scale.parse().ok()?;
                quote!(::core::option::Option::Some(#scale))
            }
            None => quote!(::core::option::Option::None),
        };
        let bytes: Vec<u8> = (0..name.len() / 2)
            .map(|at| u8::from_str_radix(name.get(at * 2..at * 2 + 2)?, 16).ok())
            .collect::<Option<_>>()?;
        let name = String::from_utf8(bytes).ok()?;
        Some(quote!(#krate::db::LearntColumn { name: #name, kind: #kind, nullable: #nullable, scale: #scale }))
    });
    let columns: Vec<TokenStream> = columns.collect::<Option<_>>()?;
    Some(quote!(#krate::db::Learnt { parameters: &[#(#parameters),*], columns: &[#(#columns),*] }))
}
