//! A number that two readings of one declaration share: the macro leaves it in the binary, the scan compares it.
//! It covers what the grammar reads: the attribute, its arguments, the item without bodies, and only Cell's own helper
//! attributes, because a macro no longer sees the attributes that ran before it. Absent: spans and white space.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::VisitMut;
use syn::{Attribute as RustAttribute, ImplItem, Item};

use crate::Attribute;
use crate::parse::HELPERS;

/// The fingerprint of an item under an attribute with these arguments.
#[must_use]
pub fn fingerprint(attribute: Attribute, arguments: &TokenStream, item: &Item) -> u64 {
    let mut item = item.clone();
    Strip.visit_item_mut(&mut item);
    let mut hash = Fnv::default();
    hash.write(attribute.path());
    hash.tokens(arguments.clone());
    hash.tokens(item.to_token_stream());
    hash.0
}

/// Takes away what one of the two readers may not see, and what changes nothing: other attributes, bodies, docs.
struct Strip;

impl VisitMut for Strip {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<RustAttribute>) {
        attributes.retain(|attribute| HELPERS.iter().any(|helper| attribute.path().is_ident(helper)));
    }

    /// A handler's own attributes are gone when those beside `#[handler]` are read.
    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        item.attrs.clear();
        item.block.stmts.clear();
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        self.visit_attributes_mut(&mut item.attrs);
        for member in &mut item.items {
            if let ImplItem::Fn(function) = member {
                self.visit_attributes_mut(&mut function.attrs);
                function.block.stmts.clear();
            }
        }
        // Constants and private types of the impl are no part of what the grammar reads.
        item.items.retain(|member| matches!(member, ImplItem::Fn(_)));
    }
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo; RFC 9923): short, and enough to tell two readings of one item apart.
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(crate) fn finish(self) -> u64 {
        self.0
    }

    pub(crate) fn write(&mut self, text: &str) {
        // A separator that occurs in no token keeps `ab c` and `a bc` apart.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                        proc_macro2::Delimiter::Brace => ("{", "}"),
                        proc_macro2::Delimiter::Bracket => ("[", "]"),
                        // The compiler puts invisible groups around what a macro captured; a file has none.
                        proc_macro2::Delimiter::None => {
                            self.tokens(group.stream());
                            continue;
                        }
                    };
                    self.write(open);
                    self.tokens(group.stream());
                    self.write(close);
                }
                TokenTree::Ident(ident) => self.write(&ident.to_string()),
                TokenTree::Punct(punct) => self.write(punct.as_char().encode_utf8(&mut [0; 4])),
                TokenTree::Literal(literal) => self.write(&literal.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use syn::parse_quote;

    use super::fingerprint;
    use crate::Attribute;

    #[test]
    fn docs_and_other_attributes_do_not_count() {
        let plain = parse_quote! { struct A { #[key] id: i64 } };
        let dressed = parse_quote! { /** A. */ #[derive(Debug)] struct A { #[key] #[serde(skip)] id: i64 } };
        let none = TokenStream::new();
        let table = Attribute::DatabaseTable;
        assert_eq!(fingerprint(table, &none, &plain), fingerprint(table, &none, &dressed));
    }

    #[test]
    fn a_field_or_a_helper_more_counts() {
        let none = TokenStream::new();
        let table = Attribute::DatabaseTable;
        let previous = fingerprint(table, &none, &parse_quote! { struct A { #[key] id: i64 } });
        let field = fingerprint(table, &none, &parse_quote! { struct A { #[key] id: i64, b: bool } });
        let helper = fingerprint(table, &none, &parse_quote! { struct A { #[key] #[unique] id: i64 } });
        assert!(previous != field && previous != helper && field != helper);
    }

    #[test]
    fn of_a_function_the_signature_counts_alone() {
        let none = TokenStream::new();
        let memoize = Attribute::CacheMemoize;
        let one = fingerprint(memoize, &none, &parse_quote! { #[http(GET, "/")] pub async fn f(&self) -> R { 1 } });
        let two = fingerprint(memoize, &none, &parse_quote! { pub async fn f(&self) -> R { 2 } });
        let other = fingerprint(memoize, &none, &parse_quote! { pub async fn f(&self, a: u8) -> R { 2 } });
        assert_eq!(one, two);
        assert_ne!(one, other);
    }

    #[test]
    fn a_handlers_body_does_not_count_but_its_signature_does() {
        let none = TokenStream::new();
        let handler = Attribute::Handler;
        let one = fingerprint(handler, &none, &parse_quote! { impl A { pub async fn f(&self) -> R { 1 } } });
        let two = fingerprint(handler, &none, &parse_quote! { impl A { pub async fn f(&self) -> R { 2 } } });
        let other = fingerprint(handler, &none, &parse_quote! { impl A { pub async fn g(&self) -> R { 2 } } });
        assert_eq!(one, two);
        assert_ne!(one, other);
    }
}
