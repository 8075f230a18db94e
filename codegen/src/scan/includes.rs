//! The files that `include!`, `include_str!` and `include_bytes!` name: rustc reads them, and no module does.
//! In: a macro's invocation. Absent: what is in them. Items of an included file are not scanned; their records tell.

use syn::LitStr;
use syn::spanned::Spanned as _;

use crate::program::{FileId, Include};

/// What an invocation includes, if it does.
pub(super) fn include(invocation: &syn::Macro, file: FileId) -> Option<Include> {
    let name = invocation.path.segments.last()?.ident.to_string();
    let code = match name.as_str() {
        "include" => true,
        "include_bytes" | "include_str" => false,
        _ => return None,
    };
    let path = invocation.parse_body::<LitStr>().ok().map(|path| path.value());
    Some(Include { file, span: invocation.path.span(), path, code })
}
