//! A table's or column's name with control characters: no text or file could show it.

use super::sql_names::{self, shown};
use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for name in sql_names::all(context).into_iter().filter(|name| name.name.contains(char::is_control)) {
        findings.push(
            Rule::UnprintableName
                .at(name.place, format!("the {}'s name `{}` has a control character", name.kind, shown(&name.name)))
                .help("remove it; every other character may stand in a name"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn spaces_dots_and_other_scripts_are_fine() {
        accepted("#[Database::table(name = \"Größe. 大小\")] pub struct P { #[key] id: i64 }");
    }

    #[test]
    fn a_line_break_and_a_nul_are_refused() {
        refused(
            "#[Database::table(name = \"a\\nb\")] pub struct P { #[key] id: i64, #[column(name = \"\\0\")] x: i64 }",
            expect![[r#"
                error[unprintable-name]: the table's name `a\nb` has a control character
                 --> src/main.rs:2:26
                  |
                2 | #[Database::table(name = "a\nb")] pub struct P { #[key] id: i64, #[column(name = "\0")] x: i64 }
                  |                          ^^^^^^
                  |
                  = help: remove it; every other character may stand in a name

                error[unprintable-name]: the column's name `\0` has a control character
                 --> src/main.rs:2:82
                  |
                2 | #[Database::table(name = "a\nb")] pub struct P { #[key] id: i64, #[column(name = "\0")] x: i64 }
                  |                                                                                  ^^^^
                  |
                  = help: remove it; every other character may stand in a name

            "#]],
        );
    }
}
