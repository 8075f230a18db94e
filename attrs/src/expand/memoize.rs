//! `#[Cache::memoize]`: a function that looks for its result before it computes it; a table whose rows are held by their keys.

use cell_syntax::decl::{KeyArgument, Memoize, Memoized, MemoizedFunction};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Block, Ident, Item, Path, Type, parse_quote};

use super::{keep_helpers, optional, record, runtime, word};

pub(super) fn expand(decl: &Memoize, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    match (&decl.of, &mut item) {
        (Memoized::Function(of), Item::Fn(function)) => {
            let record = record(&krate, "memoize", &word(&of.ident), fingerprint);
            let body = body(decl, of, &function.block, &krate);
            let block: Block = parse_quote!({ #record #krate::__memoize! { #body } });
            *function.block = block;
            quote!(#item)
        }
        (Memoized::Table(ident), _) => {
            keep_helpers(&mut item, &krate);
            let record = record(&krate, "memoize", &word(ident), fingerprint);
            let options = options(decl, &krate);
            quote! {
                #item
                const _: () = {
                    #krate::__memoize_rows! {
                        impl #krate::cache::HeldRows for #ident {
                            const OPTIONS: #krate::cache::Options = #options;
                        }
                    }
                    #record
                };
            }
        }
        (Memoized::Function(_), _) => quote!(#item),
    }
}

/// What stands in the place of a function's body.
fn body(decl: &Memoize, of: &MemoizedFunction, block: &Block, krate: &Path) -> TokenStream {
    let (name, options, output) = (word(&of.ident), options(decl, krate), &of.output);
    let rows = |paths: &[Path]| {
        let rows = paths.iter().map(|path| {
            quote_spanned! {path.span()=>
                ::core::any::TypeId::of::<#path> as fn() -> ::core::any::TypeId
            }
        });
        quote!(&[#(#rows),*])
    };
    let (reads, ignores) = (rows(&of.reads), rows(&of.ignores));
    let key = key(of, krate);
    let is_none = optional(decl.none_ttl.as_ref().map(|none_ttl| {
        // Where it is no `Option`, rustc says so here.
        quote_spanned!(none_ttl.span=> ::core::option::Option::is_none)
    }));
    let (outcome, work, field) = if is_result(output) {
        (quote!(#output), quote!(async move #block), None)
    } else {
        // Of an alias a macro does not see what it is.
        let told = "an alias of `Result` hides that errors are not to be held: write `Result<…>` itself";
        let is_said = quote_spanned! {output.span()=>
            const _: () = {
                #[allow(unused_imports, reason = "it answers for what is no `Result`")]
                use #krate::cache::NoResult as _;
                ::core::assert!(!#krate::cache::ResultProbe::<#output>::IS_RESULT, #told);
            };
        };
        // An item knows of no `Self`.
        let is_said = (!mentions_self(output)).then_some(is_said);
        let work = quote! {
            async move {
                #is_said
                #krate::cache::Plain((async move #block).await)
            }
        };
        (quote!(#krate::cache::Plain<#output>), work, Some(quote!(.0)))
    };
    // The body stands where these are known, and has names of its own.
    let (ask, held) = (Ident::new("ask", Span::mixed_site()), Ident::new("held", Span::mixed_site()));
    quote! {
        static __CELL_SITE: #krate::cache::Site = #krate::cache::Site::new(
            ::core::concat!(::core::module_path!(), "::", #name),
            #options,
            #reads,
            #ignores,
        );
        let #held = match #krate::cache::look::<_, _, #outcome>(&__CELL_SITE, #key, #is_none) {
            ::core::result::Result::Ok(#held) => #held,
            ::core::result::Result::Err(#ask) => #ask.computed(#work).await,
        };
        #held #field
    }
}

/// What tells calls apart, as a tuple of references.
fn key(of: &MemoizedFunction, krate: &Path) -> TokenStream {
    let known = |argument: &KeyArgument| {
        let (ident, span) = (&argument.ident, argument.ty.span());
        let reference = if argument.borrowed { quote!(#ident) } else { quote!(&#ident) };
        quote_spanned!(span=> #krate::cache::tells_calls_apart(#reference))
    };
    let Some(key) = &of.key else {
        let parts = of.arguments.iter().map(known);
        let instance = of.receiver.map(|span| quote_spanned!(span=> &#krate::cache::instance::<Self>(self),));
        return quote!((#instance #(#parts,)*));
    };
    // Databases and cells tell calls apart whatever the key says: what it says is of one of them.
    let mut handles: Vec<TokenStream> =
        of.receiver.map(|span| probed(&Ident::new("self", span), true, krate)).into_iter().collect();
    handles.extend(of.arguments.iter().map(|argument| probed(&argument.ident, argument.borrowed, krate)));
    let (expression, this) =
        (&key.value, of.receiver.map(|span| quote_spanned!(span=> &#krate::cache::type_of::<Self>(),)));
    let count = handles.len();
    quote_spanned! {key.span=>
        (
            #this
            &{
                #[allow(unused_imports, reason = "it answers for what has no number")]
                use #krate::cache::NoInstance as _;
                let numbers: [::core::primitive::u64; #count] = [#(#handles),*];
                numbers
            },
            #krate::cache::tells_calls_apart(&#expression),
        )
    }
}

fn probed(ident: &Ident, borrowed: bool, krate: &Path) -> TokenStream {
    let reference = if borrowed { quote!(#ident) } else { quote!(&#ident) };
    quote!(#krate::cache::Probe(#reference).number())
}

fn options(decl: &Memoize, krate: &Path) -> TokenStream {
    let mut given = Vec::new();
    for (name, value) in [("ttl", &decl.ttl), ("idle", &decl.idle), ("none_ttl", &decl.none_ttl)] {
        if let Some(value) = value {
            let (name, value) = (Ident::new(name, Span::call_site()), value.value);
            given.push(quote!(#name: ::core::option::Option::Some(#value)));
        }
    }
    if let Some(capacity) = &decl.capacity {
        let capacity = u64::from(capacity.value);
        given.push(quote!(capacity: #capacity));
    }
    if !decl.tags.is_empty() {
        let tags = decl.tags.iter().map(|tag| &tag.value);
        given.push(quote!(tags: &[#(#tags),*]));
    }
    given.push(quote!(..#krate::cache::Options::DEFAULT));
    quote!(#krate::cache::Options { #(#given),* })
}

/// Whether a type is said by what `Self` is.
fn mentions_self(ty: &Type) -> bool {
    fn is_in(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "Self",
            TokenTree::Group(group) => is_in(group.stream()),
            _ => false,
        })
    }
    is_in(ty.to_token_stream())
}

/// Whether a type is a `Result`, by its name.
fn is_result(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Result"),
        Type::Paren(inner) => is_result(&inner.elem),
        _ => false,
    }
}
