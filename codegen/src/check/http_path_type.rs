//! A name in a door's path whose argument is more than one value: a path's segment is a single text.

use cell_manifest::{Definition, Shape};

use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for handler in context.model.cells.iter().flat_map(|cell| &cell.handlers) {
        let Some(door) = &handler.http else { continue };
        for argument in &handler.signature.arguments {
            let named = door.path.split('/').any(|part| part == format!("{{{}}}", argument.name));
            if named && !is_single(context, &argument.shape) {
                findings.push(
                    Rule::HttpPathType
                        .at(door.place, format!("`{{{}}}` cannot be read from a path", argument.name))
                        .help(
                            "give the argument the type of a single value, such as `i64`, `String` or an enumeration",
                        ),
                );
            }
        }
    }
}

fn is_single(context: &Context<'_>, shape: &Shape) -> bool {
    match shape {
        Shape::Type(name) => matches!(context.model.types.get(name), Some(Definition::Enumeration(_))),
        Shape::Unit
        | Shape::Json
        | Shape::Html
        | Shape::Option(_)
        | Shape::List(_)
        | Shape::Set(_)
        | Shape::Map(_)
        | Shape::Tuple(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn single_values_are_read_from_a_path() {
        accepted(
            "#[Database::enumeration] pub enum Kind { A, B }
             #[Database::value] pub struct Name(String);
             #[service] pub struct Shop;
             #[handler] impl Shop {
                 #[http(GET, \"/a/{kind}/{name}/{id}\")]
                 pub async fn a(&self, kind: Kind, name: Name, id: Uuid) -> Result<()> { Ok(()) }
                 #[http(GET, \"/b/{text}\")] pub async fn b(&self, text: &str) -> Result<()> { Ok(()) }
             }",
        );
    }

    #[test]
    fn lists_and_messages_are_not() {
        refused(
            "#[message] pub struct Page { from: i64 }
             #[service] pub struct Shop;
             #[handler] impl Shop {
                 #[http(GET, \"/a/{ids}/{page}\")]
                 pub async fn a(&self, ids: Vec<i64>, page: Page) -> Result<()> { Ok(()) }
             }",
            expect![[r#"
                error[http-path-type]: `{ids}` cannot be read from a path
                 --> src/main.rs:5:30
                  |
                5 |                  #[http(GET, "/a/{ids}/{page}")]
                  |                              ^^^^^^^^^^^^^^^^^
                  |
                  = help: give the argument the type of a single value, such as `i64`, `String` or an enumeration

                error[http-path-type]: `{page}` cannot be read from a path
                 --> src/main.rs:5:30
                  |
                5 |                  #[http(GET, "/a/{ids}/{page}")]
                  |                              ^^^^^^^^^^^^^^^^^
                  |
                  = help: give the argument the type of a single value, such as `i64`, `String` or an enumeration

            "#]],
        );
    }
}
