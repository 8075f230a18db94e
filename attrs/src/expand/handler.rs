//! `#[handler]`: the client, a method for each handler; the interface; the doors and tasks.

use cell_syntax::decl::{Argument, Handler, Handlers, Http, Method};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, ImplItem, Item, ItemImpl, Path, Type, parse_quote};

use super::{hide_helpers_of_methods, record, runtime, word};

pub(super) fn expand(decl: &Handlers, item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let Item::Impl(mut item) = item else { return quote!(#item) };
    let Some(name) = decl.cell.segments.last().map(|segment| segment.ident.clone()) else { return quote!(#item) };
    let cell = &decl.cell;
    let client = format_ident!("{name}Client");
    let doc = format!("The calls of the cell [`{name}`], wherever it runs: what a `Synapse<{name}>` dereferences to.");
    // A task is not called, so it is no method of the client.
    let methods: Vec<TokenStream> = decl
        .handlers
        .iter()
        .filter(|handler| handler.task.is_none())
        .map(|handler| method(handler, cell, &docs(&item, &handler.ident), &krate))
        .collect();
    let interface = decl.handlers.iter().map(|handler| describe(handler, &krate));
    let record = record(&krate, "handler", &word(&name), fingerprint);
    hide_helpers_of_methods(&mut item);
    quote! {
        #item
        #[doc = #doc]
        #[allow(private_interfaces, unreachable_pub, reason = "the cell may be private to its crate")]
        pub struct #client(#krate::service::Handle<#cell>);
        #[allow(private_interfaces, unreachable_pub, reason = "the cell may be private to its crate")]
        const _: () = {
            impl ::core::clone::Clone for #client {
                fn clone(&self) -> Self {
                    Self(::core::clone::Clone::clone(&self.0))
                }
            }
            impl ::core::convert::From<#krate::service::Handle<#cell>> for #client {
                fn from(handle: #krate::service::Handle<#cell>) -> Self {
                    Self(handle)
                }
            }
            impl #client { #(#methods)* }
            impl #krate::service::Handlers for #cell {
                type Client = #client;
                fn interface(interface: &mut #krate::service::Interface<Self>) {
                    let _ = &interface;
                    #(#interface)*
                }
            }
            #krate::__private::inventory::submit! { #krate::service::Handling::of::<#cell>() }
            #record
        };
    }
}

/// A method of the client: the handler's own signature, with a call's result.
fn method(handler: &Handler, cell: &Path, docs: &[Attribute], krate: &Path) -> TokenStream {
    let ident = &handler.ident;
    let output = output(handler);
    let parameters = handler.arguments.iter().map(|argument| {
        let (ident, ty) = (&argument.ident, &argument.ty);
        if argument.borrowed { quote!(#ident: &#ty) } else { quote!(#ident: #ty) }
    });
    let names: Vec<&Ident> = handler.arguments.iter().map(|argument| &argument.ident).collect();
    // At the result's type, so that rustc points there when it is no `Result`.
    quote_spanned! {output.span()=>
        #(#docs)*
        pub fn #ident(&self, #(#parameters),*) -> #krate::service::Call<
            impl ::core::future::Future<Output = #krate::service::CallResult<#output>> + ::core::marker::Send,
        > {
            #krate::service::Call::new(async move {
                #krate::service::Handle::<#cell>::answer(self.0.cell()?.#ident(#(#names),*).await)
            })
        }
    }
}

/// The handler's entry in the cell's interface, with its door.
fn describe(handler: &Handler, krate: &Path) -> TokenStream {
    let ident = &handler.ident;
    let name = word(ident);
    if let Some(task) = &handler.task {
        let every = match &task.every {
            Some(every) => {
                let every = every.value;
                quote!(::core::option::Option::Some(#every))
            }
            None => quote!(::core::option::Option::None),
        };
        return quote! {
            interface.task(#name, #every, |cell| ::std::boxed::Box::pin(async move {
                ::core::result::Result::map_err(cell.#ident().await, ::core::convert::Into::into)
            }));
        };
    }
    let arguments = handler.arguments.iter().map(|argument| {
        let (name, ty) = (word(&argument.ident), owned(argument));
        quote!(.argument::<#ty>(#name))
    });
    let idempotent = handler.idempotent.then(|| quote!(.idempotent()));
    let output = output(handler);
    let described = quote_spanned! {output.span()=>
        interface.handler(#name) #(#arguments)* #idempotent .result::<#output>()
    };
    match &handler.http {
        Some(http) => door(handler, http, &described, krate),
        None => quote!(#described;),
    }
}

fn door(handler: &Handler, http: &Http, described: &TokenStream, krate: &Path) -> TokenStream {
    let ident = &handler.ident;
    let method = match http.method {
        Method::Get => quote!(Get),
        Method::Post => quote!(Post),
        Method::Put => quote!(Put),
        Method::Patch => quote!(Patch),
        Method::Delete => quote!(Delete),
    };
    let path = &http.path.value;
    let takes = handler.arguments.iter().map(|argument| {
        let (ident, name, ty) = (&argument.ident, word(&argument.ident), owned(argument));
        quote!(let #ident: #ty = __input.take(#name)?;)
    });
    let passes = handler.arguments.iter().map(|argument| {
        let ident = &argument.ident;
        if argument.borrowed { quote!(&#ident) } else { quote!(#ident) }
    });
    quote! {
        #krate::__door!(#described, #method, #path, |__cell, __input| { #(#takes)* __cell.#ident(#(#passes),*).await });
    }
}

/// What an argument is once it is read from somewhere else: `&str` becomes a `String`, `&[T]` a `Vec<T>`.
fn owned(argument: &Argument) -> TokenStream {
    match &argument.ty {
        Type::Path(path) if argument.borrowed && path.path.is_ident("str") => quote!(::std::string::String),
        Type::Slice(slice) if argument.borrowed => {
            let element = &slice.elem;
            quote!(::std::vec::Vec<#element>)
        }
        ty => quote!(#ty),
    }
}

fn output(handler: &Handler) -> Type {
    handler.output.clone().unwrap_or_else(|| parse_quote!(()))
}

/// A handler's docs are its client's method's docs.
fn docs(item: &ItemImpl, ident: &Ident) -> Vec<Attribute> {
    let function = item.items.iter().find_map(|member| match member {
        ImplItem::Fn(function) if function.sig.ident == *ident => Some(function),
        _ => None,
    });
    let docs = function.map(|function| {
        function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc")).cloned().collect::<Vec<_>>()
    });
    docs.unwrap_or_default()
}
