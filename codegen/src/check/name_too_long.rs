//! A table's or column's name of more bytes than PostgreSQL keeps: it cuts them, and then two may be the same.

use cell_schema::names::MAX_BYTES;

use super::sql_names::{self, shown};
use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for name in sql_names::all(context).into_iter().filter(|name| name.name.len() > MAX_BYTES) {
        let bytes = name.name.len();
        findings.push(
            Rule::NameTooLong
                .at(name.place, format!("the {}'s name `{}` has {bytes} bytes", name.kind, shown(&name.name)))
                .help(format!("shorten it, or say another by `name = \"…\"`; a name has {MAX_BYTES} bytes at most")),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_name_of_63_bytes_is_fine() {
        let name = "a".repeat(63);
        accepted(&format!("#[Database::table] pub struct P {{ #[key] id: i64, {name}: i64 }}"));
    }

    #[test]
    fn bytes_count_not_characters() {
        let name = "ü".repeat(32);
        refused(
            &format!("#[Database::table(name = \"{name}\")] pub struct P {{ #[key] id: i64 }}"),
            expect![[r#"
            error[name-too-long]: the table's name `üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü` has 64 bytes
             --> src/main.rs:2:26
              |
            2 | #[Database::table(name = "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü")] pub struct P { #[key] id: i64 }
              |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: shorten it, or say another by `name = "…"`; a name has 63 bytes at most

        "#]],
        );
    }
}
