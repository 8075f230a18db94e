//! Attributes that come near to a helper without being one. rustc only says that it cannot find them; it does not know what was meant.

use syn::Attribute;
use syn::spanned::Spanned as _;

use super::HELPERS;
use crate::diagnostic::{Diagnostic, Sink};
use crate::suggest;

/// The helpers of a table.
pub(super) const OF_TABLES: [&str; 10] =
    ["check", "column", "decimal", "generated", "index", "key", "many", "references", "skip", "unique"];

/// The helpers of a search index.
pub(super) const OF_SEARCH: [&str; 4] = ["facet", "filter", "include", "text"];

/// The helper that an attribute's name comes near to, without being one or a well-known other attribute.
#[must_use]
pub fn misspelt(attribute: &Attribute) -> Option<&'static str> {
    // Attributes of rustc and of common derives that happen to be near a helper.
    const OTHERS: [&str; 8] = ["allow", "cfg", "deny", "deprecated", "doc", "expect", "serde", "test"];
    let word = attribute.path().get_ident()?.to_string();
    if HELPERS.contains(&word.as_str()) || OTHERS.contains(&word.as_str()) {
        return None;
    }
    suggest::nearest(&word, OF_TABLES).or_else(|| suggest::nearest(&word, OF_SEARCH))
}

/// Refuses what comes near to one of these helpers. Returns what was meant.
pub(super) fn refuse(attributes: &[Attribute], of: &[&str], sink: &mut Sink) -> Vec<&'static str> {
    let mut meant = Vec::new();
    for attribute in attributes {
        if let Some(near) = misspelt(attribute).filter(|near| of.contains(near)) {
            let word = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
            sink.push(
                Diagnostic::new("unknown-attribute", attribute.span(), format!("`#[{word}]` is unknown here"))
                    .help(format!("did you mean `#[{near}]`?")),
            );
            meant.push(near);
        }
    }
    meant
}
