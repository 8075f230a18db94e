//! Fields of a struct together, as the tuples that the runtime knows: less to emit, and to check, than a call for each.

use std::ops::Range;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{GenericArgument, Ident, Path, PathArguments, Type};

/// Fields of a struct that are plain, and stand beside each other, by their places; any other alone.
///
/// What is the same for plain fields the runtime does for all of them at once, which rustc checks once and not in each crate. With
/// another type something may be wrong: rustc points there when it stands alone.
pub(super) fn runs<'t>(types: impl IntoIterator<Item = &'t Type>) -> Vec<Range<usize>> {
    let mut runs: Vec<(bool, Range<usize>)> = Vec::new();
    for (at, ty) in types.into_iter().enumerate() {
        let plain = is_plain(ty);
        match runs.last_mut() {
            Some((true, run)) if plain && run.len() < LONGEST => run.end += 1,
            _ => runs.push((plain, at..at + 1)),
        }
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

/// Names for the values of so many fields. They are our own: a field's may be that of a constant.
pub(super) fn names(count: usize) -> Vec<Ident> {
    (0..count).map(|at| format_ident!("__{at}")).collect()
}

/// How the columns of a row are read, and the names of what was read, in the fields' order.
pub(super) fn reads(fields: &[(&Ident, &Type)]) -> (TokenStream, Vec<Ident>) {
    let names = names(fields.len());
    let reads = runs(fields.iter().map(|(_, ty)| *ty)).into_iter().filter_map(|run| {
        let names = names.get(run.clone())?;
        Some(match (names, fields.get(run)?) {
            // At the field's type, so that rustc points there when no column can hold it.
            ([name], [(_, ty)]) => quote_spanned!(ty.span()=> let #name: #ty = row.read()?;),
            (names, fields) => {
                let types = fields.iter().map(|(_, ty)| ty);
                quote!(let (#(#names,)*) = row.all::<(#(#types,)*)>()?;)
            }
        })
    });
    (quote!(#(#reads)*), names)
}

/// The longest tuple that the runtime knows.
const LONGEST: usize = 16;

/// Whether a type is one of those that every column can hold, as it is usually written.
fn is_plain(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(list) => list.args.iter().collect(),
        _ => Vec::new(),
    };
    match (last.ident.to_string().as_str(), arguments.as_slice()) {
        ("Option", [GenericArgument::Type(inner)]) => is_plain(inner),
        ("Vec", [GenericArgument::Type(Type::Path(inner))]) => inner.path.is_ident("u8"),
        ("DateTime", [GenericArgument::Type(Type::Path(zone))]) => {
            zone.path.segments.last().is_some_and(|zone| zone.ident == "Utc")
        }
        (name, []) => [
            "i16",
            "i32",
            "i64",
            "u16",
            "u32",
            "bool",
            "f32",
            "f64",
            "String",
            "Uuid",
            "NaiveDate",
            "NaiveTime",
            "Decimal",
        ]
        .contains(&name),
        _ => false,
    }
}

/// The types of the fields of a struct, together.
pub(super) fn types(parts: &[impl ToTokens], krate: &Path) -> TokenStream {
    together(parts, &|first, rest| quote!(#krate::message::More<#first, #rest>))
}

/// Values, or patterns, of the fields of a struct, together.
pub(super) fn values(parts: &[impl ToTokens], krate: &Path) -> TokenStream {
    together(parts, &|first, rest| quote!(#krate::message::More(#first, #rest)))
}

/// A tuple; of more than sixteen a tuple and the rest, since the runtime knows no longer ones.
fn together(parts: &[impl ToTokens], more: &dyn Fn(TokenStream, TokenStream) -> TokenStream) -> TokenStream {
    match parts.split_at_checked(LONGEST) {
        Some((first, rest)) if !rest.is_empty() => more(quote!((#(#first,)*)), together(rest, more)),
        _ => quote!((#(#parts,)*)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_may_be_wrong_stands_alone() {
        let types =
            ["i64", "Option<String>", "DateTime<Local>", "DateTime<chrono::Utc>", "Vec<u8>", "Vec<i64>", "u64", "Kind"];
        let types = types.map(|ty| syn::parse_str::<Type>(ty).expect("a type"));
        let many: Vec<Type> = (0..40).map(|_| syn::parse_str("i64").expect("a type")).collect();
        assert_eq!(runs(&types), [0..2, 2..3, 3..5, 5..6, 6..7, 7..8]);
        assert_eq!(runs(&many), [0..16, 16..32, 32..40]);
    }
}
