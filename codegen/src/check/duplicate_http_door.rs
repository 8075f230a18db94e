//! Two doors that no request can tell apart: the same method, and paths that differ only in the names of arguments.

use std::collections::BTreeMap;

use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for cell in &context.model.cells {
        for handler in &cell.handlers {
            let Some(door) = &handler.http else { continue };
            let pattern: Vec<&str> =
                door.path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
            let key = (door.method, pattern.join("/"));
            match seen.get(&key) {
                Some(first) => findings.push(
                    Rule::DuplicateHttpDoor
                        .at(door.place, format!("two handlers have the door `{} {}`", door.method.as_str(), door.path))
                        .related(*first, "the other is here")
                        .help("give one of them another path or method"),
                ),
                None => {
                    seen.insert(key, door.place);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn two_methods_may_share_a_path() {
        accepted(
            "#[service] pub struct Shop;
             #[handler] impl Shop {
                 #[http(GET, \"/a/{id}\")] pub async fn a(&self, id: i64) -> Result<i64> { Ok(id) }
                 #[http(PUT, \"/a/{id}\")] pub async fn b(&self, id: i64) -> Result<i64> { Ok(id) }
                 #[http(GET, \"/a/all\")] pub async fn c(&self) -> Result<i64> { Ok(1) }
             }",
        );
    }

    #[test]
    fn a_name_in_braces_does_not_tell_two_doors_apart() {
        refused(
            "#[service] pub struct Shop;
             #[handler] impl Shop {
                 #[http(GET, \"/a/{id}\")] pub async fn a(&self, id: i64) -> Result<i64> { Ok(id) }
                 #[http(GET, \"/a/{key}\")] pub async fn b(&self, key: i64) -> Result<i64> { Ok(key) }
             }",
            expect![[r#"
                error[duplicate-http-door]: two handlers have the door `GET /a/{key}`
                 --> src/main.rs:5:30
                  |
                4 |                  #[http(GET, "/a/{id}")] pub async fn a(&self, id: i64) -> Result<i64> { Ok(id) }
                  |                              --------- the other is here
                5 |                  #[http(GET, "/a/{key}")] pub async fn b(&self, key: i64) -> Result<i64> { Ok(key) }
                  |                              ^^^^^^^^^^
                  |
                  = help: give one of them another path or method

            "#]],
        );
    }
}
