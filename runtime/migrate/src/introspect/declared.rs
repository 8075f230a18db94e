//! What only the text of a table says on SQLite: the names of constraints, checks, generated expressions, `AUTOINCREMENT`.
//! In: the `CREATE TABLE` text as SQLite keeps it, `ALTER TABLE … ADD COLUMN` included. Out: [`Declared`].
//! Absent: what pragmas say. A parser of whole SQL is not used: it would reprint expressions, which must stay as they are.

use std::collections::BTreeMap;

use crate::tokens::{Kind, Token, tokens};

/// What the text of a table says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// Name and condition; a check may have no name.
    pub(super) checks: Vec<(String, String)>,
    /// Name and columns.
    pub(super) uniques: Vec<(String, Vec<String>)>,
    /// Name, in the order of declaration.
    pub(super) foreign_keys: Vec<String>,
    /// Column and expression.
    pub(super) generated: BTreeMap<String, String>,
    /// Whether the key is numbered without reuse.
    pub(super) autoincrement: bool,
    /// Clauses that the model does not know, each in a few words.
    pub(super) unmodelled: Vec<String>,
}

/// Reads the text of a table.
pub(super) fn table(sql: &str) -> Declared {
    let tokens = tokens(sql);
    let mut declared = Declared::default();
    let Some(open) = tokens.iter().position(|token| token.kind == Kind::Open) else { return declared };
    let body = group(&tokens, open);
    for item in split(body) {
        let constraint = item.first().is_some_and(|first| {
            ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|keyword| first.is(keyword))
        });
        match item {
            [] => {}
            [column, rest @ ..] if !constraint => clauses(sql, rest, Some(&column.name()), &mut declared),
            _ => clauses(sql, item, None, &mut declared),
        }
    }
    declared
}

/// The text behind an index's `WHERE`.
pub(super) fn predicate(sql: &str) -> Option<String> {
    let tokens = tokens(sql);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.is("WHERE") {
            return text(sql, &tokens[at + 1..]);
        }
        at += match token.kind {
            Kind::Open => group(&tokens, at).len() + 2,
            _ => 1,
        };
    }
    None
}

/// Reads the clauses of one column, or of one or more constraints of the table.
fn clauses(sql: &str, item: &[Token<'_>], column: Option<&str>, declared: &mut Declared) {
    let mut name = None;
    let mut at = 0;
    while let Some(token) = item.get(at) {
        let next = item.get(at + 1);
        let opens = next.is_some_and(|next| next.kind == Kind::Open);
        if token.kind == Kind::Open {
            at += group(item, at).len() + 2;
            continue;
        }
        if token.is("CONSTRAINT") {
            name = next.map(Token::name);
            at += 1;
        } else if token.is("CHECK") && opens {
            let condition = text(sql, group(item, at + 1)).unwrap_or_default();
            declared.checks.push((name.take().unwrap_or_default(), condition));
        } else if token.is("UNIQUE") {
            let columns = match column {
                Some(column) => vec![column.to_owned()],
                None if opens => {
                    split(group(item, at + 1)).iter().filter_map(|part| Some(part.first()?.name())).collect()
                }
                None => Vec::new(),
            };
            declared.uniques.push((name.take().unwrap_or_default(), columns));
        } else if token.is("PRIMARY") {
            name = None;
        } else if token.is("REFERENCES") {
            declared.foreign_keys.push(name.take().unwrap_or_default());
            // The target's name may be a keyword.
            at += 1;
        } else if token.is("AUTOINCREMENT") {
            declared.autoincrement = true;
        } else if let (true, true, Some(column)) = (token.is("AS"), opens, column) {
            let expression = text(sql, group(item, at + 1)).unwrap_or_default();
            declared.generated.insert(column.to_owned(), expression);
        } else if token.is("COLLATE") {
            let collation = next.map(Token::name).unwrap_or_default();
            declared.unmodelled.push(format!("collation `{collation}` of column `{}`", column.unwrap_or_default()));
        } else if token.is("CONFLICT") || token.is("DEFERRED") {
            declared.unmodelled.push(format!("clause `{}`", token.text));
        }
        at += 1;
    }
}

/// The tokens between the parenthesis at `open` and the one that closes it.
fn group<'g, 't>(tokens: &'g [Token<'t>], open: usize) -> &'g [Token<'t>] {
    let inside = tokens.get(open + 1..).unwrap_or_default();
    let mut depth = 0usize;
    for (at, token) in inside.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth == 0 => return &inside[..at],
            Kind::Close => depth -= 1,
            _ => {}
        }
    }
    inside
}

/// The parts between the commas that stand in no parentheses.
fn split<'g, 't>(tokens: &'g [Token<'t>]) -> Vec<&'g [Token<'t>]> {
    let mut depth = 0usize;
    tokens
        .split(|token| {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && token.kind == Kind::Comma
        })
        .collect()
}

/// The text from the first of the tokens to the last, as it stands.
fn text(sql: &str, tokens: &[Token<'_>]) -> Option<String> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    sql.get(first.start..last.end()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_expressions_are_found_whatever_they_are_called() {
        let declared = table(
            r#"CREATE TABLE "check (" (
                "constraint" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
                "a,b" TEXT DEFAULT (upper('),CHECK(x)')) CONSTRAINT "c""1" CHECK ("a,b" <> ')' /* ) */),
                [total] INTEGER GENERATED ALWAYS AS ( "constraint" * (2 + 1) ) STORED,
                other INTEGER CONSTRAINT f1 REFERENCES "unique" ("x") ON DELETE CASCADE,
                CONSTRAINT `u``1` UNIQUE ("a,b", other), CONSTRAINT "f,2" FOREIGN KEY (other) REFERENCES t2 (id)
                CHECK (other > 0)
            , "added" TEXT CHECK (length("added") <= 3)) STRICT"#,
        );
        assert_eq!(
            declared,
            Declared {
                checks: vec![
                    ("c\"1".into(), "\"a,b\" <> ')'".into()),
                    (String::new(), "other > 0".into()),
                    (String::new(), "length(\"added\") <= 3".into()),
                ],
                uniques: vec![("u`1".into(), vec!["a,b".into(), "other".into()])],
                foreign_keys: vec!["f1".into(), "f,2".into()],
                generated: [("total".to_owned(), "\"constraint\" * (2 + 1)".to_owned())].into(),
                autoincrement: true,
                unmodelled: Vec::new(),
            }
        );
    }

    #[test]
    fn a_predicate_is_what_follows_where() {
        let sql = r#"CREATE INDEX "where" ON t ("WHERE", (CASE WHEN a THEN b END)) WHERE "deleted" IS NULL"#;
        assert_eq!(predicate(sql).as_deref(), Some("\"deleted\" IS NULL"));
        assert_eq!(predicate("CREATE INDEX i ON t (a)"), None);
    }

    #[test]
    fn text_that_makes_no_sense_is_read_without_a_panic() {
        for sql in
            ["", "CREATE TABLE t (", "CREATE TABLE t (a CHECK (", "CREATE TABLE t (,,)", "x ) ( CONSTRAINT", ")("]
        {
            drop(table(sql));
            drop(predicate(sql));
        }
    }
}
