//! From candidates to declarations: finds out which attributes are Cell's, and hands the item to the grammar.
//! In: the candidates, with all names resolved. Out: declarations, and what is wrong with them.

use cell_syntax::attribute::Attribute;
use cell_syntax::diagnostic::Diagnostic;
use cell_syntax::parse::HELPERS;
use cell_syntax::suggest;
use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::{Item, Meta};

use super::candidates::{Candidate, is_schema};
use super::cfg::Unconditional;
use crate::program::names::{Definition, ItemId, Namespace};
use crate::program::{DeclId, Declared, Located, Program};
use crate::resolve::{self, RUNTIME};

/// Adds the candidates that are declarations to the program. Gives what is wrong.
pub(super) fn declare(program: &mut Program, candidates: Vec<Candidate>) -> Vec<Located> {
    let mut located = Vec::new();
    let mut declared: Vec<(Declared, Option<ItemId>)> = Vec::new();
    for candidate in &candidates {
        for (index, attribute) in candidate.attributes.iter().enumerate() {
            match meaning(program, candidate, attribute) {
                Meaning::Cells(known) => {
                    if let Some(diagnostic) = misplaced(candidate, attribute, known) {
                        located.extend((candidate.live && attribute.active).then_some(diagnostic));
                    } else if decides_schema(known)
                        && let Some(diagnostic) = conditional(candidate, attribute, known)
                    {
                        located.push(diagnostic);
                    } else if candidate.live && attribute.active {
                        let (declaration, diagnostics) = parse(program, candidate, index, known);
                        located
                            .extend(diagnostics.into_iter().map(|diagnostic| Located::new(candidate.file, diagnostic)));
                        declared.extend(declaration.map(|declaration| (declaration, candidate.named)));
                    }
                }
                Meaning::Misspelt(diagnostic) if candidate.live && attribute.active => {
                    located.push(Located::new(candidate.file, diagnostic));
                }
                Meaning::Misspelt(_) | Meaning::Others => {}
            }
        }
    }
    declared.sort_by_cached_key(|(declared, _)| {
        let krate = program.modules[declared.module.0].krate;
        (declared.module_path.clone(), declared.name(), declared.kind(), krate, declared.module)
    });
    for (index, (mut declaration, named)) in declared.into_iter().enumerate() {
        declaration.id = DeclId(index);
        program.declarations.push(declaration);
        if let Some(item) = named {
            // One item may be declared twice; its schema's side is the one that others name.
            // A placement, a search index and a cache only add to what another attribute declares.
            let previous = program.names.items[item.0].declaration;
            let keep = previous.is_some_and(|previous| is_schema(program.declarations[previous.0].attribute));
            let adds = matches!(
                program.declarations[index].attribute,
                Attribute::Placement | Attribute::SearchIndex | Attribute::CacheMemoize
            );
            if !keep && !adds {
                program.names.items[item.0].declaration = Some(DeclId(index));
            }
        }
    }
    located
}

/// Whether the schema of a database hangs on an attribute: which tables are followed does, too.
fn decides_schema(known: Attribute) -> bool {
    is_schema(known) || matches!(known, Attribute::SearchIndex | Attribute::CacheMemoize)
}

/// The diagnostic for a cache of what a trait asks for: its callers may know only the trait, and the macro sees no impl.
fn misplaced(candidate: &Candidate, attribute: &Unconditional, known: Attribute) -> Option<Located> {
    if !(known == Attribute::CacheMemoize && candidate.of_trait) {
        return None;
    }
    let message = "`#[Cache::memoize]` stands on a method of a trait";
    let diagnostic = Diagnostic::new("wrong-item", attribute.attribute.path().span(), message)
        .help("put it on a function, or on a method of an impl without a trait, and call that from here");
    Some(Located::new(candidate.file, diagnostic))
}

/// What an attribute is.
enum Meaning {
    Cells(Attribute),
    /// Its path leads to the runtime, which has nothing of its name.
    Misspelt(Diagnostic),
    /// Another crate's or rustc's own.
    Others,
}

fn meaning(program: &Program, candidate: &Candidate, attribute: &Unconditional) -> Meaning {
    let path = attribute.attribute.path();
    let below = format!("{RUNTIME}::");
    match program.define(candidate.module, Namespace::Macro, path) {
        Some(Definition::External(found)) => {
            return resolve::attribute(&found).map_or(Meaning::Others, Meaning::Cells);
        }
        Some(_) => return Meaning::Others,
        None => {}
    }
    let mut parent = path.clone();
    let (Some(last), Some(_)) = (parent.segments.pop(), parent.segments.last()) else { return Meaning::Others };
    parent.segments.pop_punct();
    let inside = match program.define(candidate.module, Namespace::Type, &parent) {
        Some(Definition::External(found)) if found == RUNTIME => String::new(),
        Some(Definition::External(found)) => match found.strip_prefix(&below) {
            Some(inside) => format!("{inside}::"),
            None => return Meaning::Others,
        },
        _ => return Meaning::Others,
    };
    let written = format!("{inside}{}", last.ident);
    let known = Attribute::ALL.iter().map(|attribute| attribute.path());
    let siblings: Vec<&str> = known.clone().filter(|path| !inside.is_empty() && path.starts_with(&inside)).collect();
    let help = match suggest::nearest(&written, known) {
        Some(near) => format!("did you mean `#[{near}]`?"),
        // What comes near to none may be a crate's that the runtime passes on; if there is nothing, rustc says so.
        None if siblings.is_empty() => return Meaning::Others,
        None => format!("the attributes there: {}", suggest::list(&siblings)),
    };
    let message = format!("Cell has no attribute `{written}`");
    Meaning::Misspelt(Diagnostic::new("unknown-attribute", path.span(), message).help(help))
}

/// The diagnostic for an item of the schema that hangs on the build: by its own `cfg`, by one around it, or by `cfg_attr`.
fn conditional(candidate: &Candidate, attribute: &Unconditional, known: Attribute) -> Option<Located> {
    let helper = || {
        let is_helper = |other: &&Unconditional| HELPERS.iter().any(|helper| other.attribute.path().is_ident(helper));
        candidate.attributes.iter().filter(is_helper).find_map(|other| other.condition)
    };
    let beside = known == Attribute::SearchIndex
        || (known == Attribute::CacheMemoize && matches!(candidate.item, Item::Struct(_)));
    let (file, span) = if beside {
        // Of the item itself its table says so.
        (candidate.file, attribute.condition?)
    } else {
        attribute.condition.or_else(helper).map(|span| (candidate.file, span)).or(candidate.condition)?
    };
    let what = match known {
        Attribute::SearchIndex => "search index",
        Attribute::CacheMemoize => "cache",
        Attribute::DatabaseTable => "table",
        Attribute::DatabaseEnumeration => "enumeration",
        Attribute::DatabaseValue => "value",
        _ => "database",
    };
    let name = ident(&candidate.item);
    let message = match &name {
        Some(name) => format!("the {what} `{name}` depends on `cfg`"),
        None => format!("this {what} depends on `cfg`"),
    };
    let place = name.map_or_else(|| attribute.attribute.span(), syn::Ident::span);
    let mut diagnostic = Diagnostic::new("schema-depends-on-cfg", place, message)
        .help("remove the `cfg`: all builds share one database, so all must have one schema (only `test` may differ)");
    let words = "the condition".to_owned();
    let mut elsewhere = Vec::new();
    if file == candidate.file {
        diagnostic = diagnostic.related(span, words);
    } else {
        elsewhere.push((file, span, words));
    }
    Some(Located { elsewhere, ..Located::new(candidate.file, diagnostic) })
}

fn ident(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Struct(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        _ => None,
    }
}

fn parse(
    program: &Program,
    candidate: &Candidate,
    index: usize,
    attribute: Attribute,
) -> (Option<Declared>, Vec<Diagnostic>) {
    let Some(written) = candidate.attributes.get(index) else { return (None, Vec::new()) };
    let arguments = match &written.attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(value) => {
            let message = "an attribute macro takes its arguments in parentheses";
            let help = format!("write `#[{}(…)]`", attribute.path());
            return (None, vec![Diagnostic::new("attribute-syntax", value.eq_token.span(), message).help(help)]);
        }
    };
    // As the macro sees the item: without itself, with every `cfg_attr` around the others resolved.
    let mut item = candidate.item.clone();
    let others = candidate.attributes.iter().enumerate();
    let others: Vec<syn::Attribute> = others
        .filter(|(other, attribute)| *other != index && attribute.active)
        .map(|(_, attribute)| attribute.attribute.clone())
        .collect();
    set_attributes(&mut item, others);
    let (decl, diagnostics) = cell_syntax::parse(attribute, arguments.clone(), &item);
    let module = &program.modules[candidate.module.0];
    let declared = decl.map(|decl| Declared {
        id: DeclId(0),
        decl,
        attribute,
        file: candidate.file,
        module: candidate.module,
        module_path: module.path.clone(),
        fingerprint: cell_syntax::fingerprint(attribute, &arguments, &item),
    });
    (declared, diagnostics)
}

fn set_attributes(item: &mut Item, attributes: Vec<syn::Attribute>) {
    let place = match item {
        Item::Const(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Fn(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        Item::Mod(item) => &mut item.attrs,
        Item::Static(item) => &mut item.attrs,
        Item::Struct(item) => &mut item.attrs,
        Item::Trait(item) => &mut item.attrs,
        Item::Type(item) => &mut item.attrs,
        Item::Union(item) => &mut item.attrs,
        Item::Use(item) => &mut item.attrs,
        _ => return,
    };
    *place = attributes;
}
