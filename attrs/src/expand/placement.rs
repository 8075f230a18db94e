//! `#[Placement]`: the struct as it is, and the record by which the compiler knows that rustc saw the same. Where the cell runs
//! is for the manifest to say; nothing of it is in the binary.

use cell_syntax::decl::Placement;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Item;

use super::{record, runtime, word};

pub(super) fn expand(decl: &Placement, item: &Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let record = record(&krate, "placement", &word(&decl.ident), fingerprint);
    quote!(#item #record)
}
