//! A table or column whose name is empty.

use super::{Context, Findings, Rule, sql_names};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for name in sql_names::all(context).into_iter().filter(|name| name.name.is_empty()) {
        findings.push(
            Rule::EmptyName
                .at(name.place, format!("the {}'s name is empty", name.kind))
                .help("write a name, or leave `name` out: then the field's name counts"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_name_of_one_letter_is_a_name() {
        accepted("#[Database::table(name = \"p\")] pub struct P { #[key] #[column(name = \"i\")] id: i64 }");
    }

    #[test]
    fn an_empty_name_is_refused() {
        refused(
            "#[Database::table(name = \"\")] pub struct P { #[key] #[column(name = \"\")] id: i64 }",
            expect![[r#"
            error[empty-name]: the table's name is empty
             --> src/main.rs:2:26
              |
            2 | #[Database::table(name = "")] pub struct P { #[key] #[column(name = "")] id: i64 }
              |                          ^^
              |
              = help: write a name, or leave `name` out: then the field's name counts

            error[empty-name]: the column's name is empty
             --> src/main.rs:2:69
              |
            2 | #[Database::table(name = "")] pub struct P { #[key] #[column(name = "")] id: i64 }
              |                                                                     ^^
              |
              = help: write a name, or leave `name` out: then the field's name counts

        "#]],
        );
    }
}
