//! Two cells of one name.

use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for pair in context.model.cells.windows(2) {
        let [first, second] = pair else { continue };
        if first.name == second.name {
            findings.push(
                Rule::DuplicateCell
                    .at(second.place, format!("two cells are called `{}`", second.name))
                    .related(first.place, "the other is here")
                    .help("name one of them otherwise: `#[service(name = \"…\")]`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused_files};

    #[test]
    fn a_name_that_is_said_tells_two_structs_apart() {
        accepted(
            "#[service] pub struct Tax; mod other { use cell::prelude::*; #[service(name = \"duty\")] pub struct Tax; }",
        );
    }

    #[test]
    fn two_structs_of_one_name_are_refused() {
        refused_files(
            &[
                ("src/main.rs", "mod other;\n#[service] pub struct Tax;"),
                ("src/other.rs", "#[service] pub struct Tax;"),
            ],
            expect![[r#"
                error[duplicate-cell]: two cells are called `tax`
                 --> src/other.rs:2:23
                  |
                2 | #[service] pub struct Tax;
                  |                       ^^^
                  |
                 ::: src/main.rs:3:23
                  |
                3 | #[service] pub struct Tax;
                  |                       --- the other is here
                  |
                  = help: name one of them otherwise: `#[service(name = "…")]`

            "#]],
        );
    }
}
