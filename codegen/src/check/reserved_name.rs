//! A name that an engine or Cell keeps for itself.

use super::sql_names::{self, shown};
use super::{Context, Findings, Rule};

/// The columns that every table of PostgreSQL has already.
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for name in sql_names::all(context) {
        let lower = name.name.to_ascii_lowercase();
        let owner = match name.kind {
            "column" if SYSTEM_COLUMNS.contains(&lower.as_str()) => "PostgreSQL",
            "table" if lower.starts_with("sqlite_") => "SQLite",
            "table" if lower.starts_with("cell_") => "Cell",
            _ => continue,
        };
        findings.push(
            Rule::ReservedName
                .at(name.place, format!("{owner} keeps the name `{}` for itself", shown(&name.name)))
                .help("say another one: `name = \"…\"`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_keyword_is_a_name_as_any() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64, select: i64, sqlite_x: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { order: Table<P> }",
        );
    }

    #[test]
    fn the_engines_own_names_are_refused() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, xmin: i64 }
             #[Database::table(name = \"SQLite_master\")] pub struct Q { #[key] id: i64 }
             #[Database::table] pub struct R { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P>, q: Table<Q>, cell_r: Table<R> }",
            expect![[r#"
                error[reserved-name]: PostgreSQL keeps the name `xmin` for itself
                 --> src/main.rs:2:51
                  |
                2 | #[Database::table] pub struct P { #[key] id: i64, xmin: i64 }
                  |                                                   ^^^^
                  |
                  = help: say another one: `name = "…"`

                error[reserved-name]: SQLite keeps the name `SQLite_master` for itself
                 --> src/main.rs:3:39
                  |
                3 |              #[Database::table(name = "SQLite_master")] pub struct Q { #[key] id: i64 }
                  |                                       ^^^^^^^^^^^^^^^
                  |
                  = help: say another one: `name = "…"`

                error[reserved-name]: Cell keeps the name `cell_r` for itself
                 --> src/main.rs:5:93
                  |
                5 |              #[Database::sqlite(file = "s.db")] pub struct Shop { p: Table<P>, q: Table<Q>, cell_r: Table<R> }
                  |                                                                                             ^^^^^^
                  |
                  = help: say another one: `name = "…"`

            "#]],
        );
    }
}
