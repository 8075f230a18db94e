//! An argument, a result or a message's field that cannot cross a synapse.

use cell_syntax::decl::{Decl, MessageBody, MessageField, VariantBody};
use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::cells;
use crate::lower::shapes::{Shapes, Uncrossable};
use crate::model::Place;
use crate::program::Declared;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut shapes = Shapes::new(context.program);
    for declared in context.program.declarations() {
        if let Decl::Message(message) = &declared.decl {
            for ty in types(&message.body) {
                let crossed = shapes.shape(declared.module, ty).map(drop);
                report(declared, ty, crossed, "a message", findings);
            }
        }
    }
    for (declared, handlers, _) in cells::handlers(context.program) {
        // Background work takes nothing and gives its result to nobody.
        for handler in handlers.handlers.iter().filter(|handler| handler.task.is_none()) {
            for argument in &handler.arguments {
                let crossed = shapes.shape(declared.module, &argument.ty).map(drop);
                report(declared, &argument.ty, crossed, "an argument", findings);
            }
            if let Some(output) = &handler.output {
                let crossed = cells::output(&mut shapes, declared.module, Some(output)).map(drop);
                report(declared, output, crossed, "a result", findings);
            }
        }
    }
}

fn report(declared: &Declared, ty: &syn::Type, crossed: Result<(), Uncrossable>, what: &str, findings: &mut Findings) {
    if let Err(uncrossable) = crossed {
        let place = Place { file: declared.file, span: ty.span() };
        findings.push(
            Rule::MessageType
                .at(place, uncrossable.found)
                .label(format!("{what} crosses between processes"))
                .help(uncrossable.instead),
        );
    }
}

fn types(body: &MessageBody) -> Vec<&syn::Type> {
    match body {
        MessageBody::Struct(fields) => of_fields(fields),
        MessageBody::Newtype(ty) => vec![ty],
        MessageBody::Enum(variants) => variants
            .iter()
            .flat_map(|variant| match &variant.body {
                VariantBody::Unit => Vec::new(),
                VariantBody::Newtype(ty) => vec![ty],
                VariantBody::Struct(fields) => of_fields(fields),
            })
            .collect(),
    }
}

fn of_fields(fields: &[MessageField]) -> Vec<&syn::Type> {
    fields.iter().map(|field| &field.ty).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn tables_their_inserts_enumerations_values_and_messages_cross() {
        accepted(
            "#[Database::enumeration] pub enum Kind { A }
             #[Database::value] pub struct Name(String);
             #[Database::table] pub struct Product { #[key] id: i64, kind: Kind, name: Name }
             #[message] pub struct Tree { name: Name, children: Vec<Tree>, kind: Option<Kind> }
             #[message] pub enum Event { Grown(Tree), Cut { at: DateTime<Utc> }, Gone }
             #[service] pub struct Garden;
             #[handler] impl Garden {
                 pub async fn add(&self, product: NewProduct, names: &[Name]) -> Result<Product> { answer() }
                 pub async fn page(&self, tags: std::collections::BTreeMap<String, u64>) -> Result<Option<Html>> { answer() }
                 pub async fn events(&self, text: &str) -> std::result::Result<Vec<Event>, Tree> { answer() }
             }",
        );
    }

    #[test]
    fn what_the_other_side_does_not_know_does_not_cross() {
        refused(
            "pub struct Local;
             #[service] pub struct Garden;
             #[message] pub struct Packet { local: Local, size: usize }
             #[handler] impl Garden {
                 pub async fn a(&self, local: &Local, file: std::fs::File) -> Result<Vec<Local>> { answer() }
                 pub async fn b(&self, garden: Garden, page: Html, missing: Missing) -> Result<()> { answer() }
             }",
            expect![[r#"
                error[message-type]: `Local` is not known to both sides of a call
                 --> src/main.rs:4:52
                  |
                4 |              #[message] pub struct Packet { local: Local, size: usize }
                  |                                                    ^^^^^ a message crosses between processes
                  |
                  = help: put `#[message]` on `Local`, `#[Database::value]` if it wraps a column's value, or `#[Database::enumeration]`

                error[message-type]: the machines at both ends of a call may differ in this integer's size
                 --> src/main.rs:4:65
                  |
                4 |              #[message] pub struct Packet { local: Local, size: usize }
                  |                                                                 ^^^^^ a message crosses between processes
                  |
                  = help: write `u64` or `i64`

                error[message-type]: `Local` is not known to both sides of a call
                 --> src/main.rs:6:48
                  |
                6 |                  pub async fn a(&self, local: &Local, file: std::fs::File) -> Result<Vec<Local>> { answer() }
                  |                                                ^^^^^ an argument crosses between processes
                  |
                  = help: put `#[message]` on `Local`, `#[Database::value]` if it wraps a column's value, or `#[Database::enumeration]`

                error[message-type]: `File` is not among the types that both sides of a call know
                 --> src/main.rs:6:61
                  |
                6 |                  pub async fn a(&self, local: &Local, file: std::fs::File) -> Result<Vec<Local>> { answer() }
                  |                                                             ^^^^^^^^^^^^^ an argument crosses between processes
                  |
                  = help: carry its parts in a `#[message]`

                error[message-type]: `Local` is not known to both sides of a call
                 --> src/main.rs:6:79
                  |
                6 |                  pub async fn a(&self, local: &Local, file: std::fs::File) -> Result<Vec<Local>> { answer() }
                  |                                                                               ^^^^^^^^^^^^^^^^^^ a result crosses between processes
                  |
                  = help: put `#[message]` on `Local`, `#[Database::value]` if it wraps a column's value, or `#[Database::enumeration]`

                error[message-type]: `Garden` is a cell, which stays where it is
                 --> src/main.rs:7:48
                  |
                7 |                  pub async fn b(&self, garden: Garden, page: Html, missing: Missing) -> Result<()> { answer() }
                  |                                                ^^^^^^ an argument crosses between processes
                  |
                  = help: give the cell that needs it a field `Synapse<Garden>`

                error[message-type]: a page is what a handler returns, and nothing else
                 --> src/main.rs:7:62
                  |
                7 |                  pub async fn b(&self, garden: Garden, page: Html, missing: Missing) -> Result<()> { answer() }
                  |                                                              ^^^^ an argument crosses between processes
                  |
                  = help: return `Result<Html>` or `Result<Option<Html>>`, or pass a `String`

                error[message-type]: this name means nothing that Cell can see
                 --> src/main.rs:7:77
                  |
                7 |                  pub async fn b(&self, garden: Garden, page: Html, missing: Missing) -> Result<()> { answer() }
                  |                                                                             ^^^^^^^ an argument crosses between processes
                  |
                  = help: import the type by a `use`; a type that another macro makes cannot cross

            "#]],
        );
    }
}
