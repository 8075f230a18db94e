//! What a rename takes with it: whatever names the table or the column, and the names that are derived from theirs.
//! In: a schema and a rename that fits it. Out: the schema with the new name everywhere. A name that a developer chose stays.

use crate::names;
use crate::schema::{Schema, Table};

/// Numbers of constraints over the same columns: the first has none.
const MOST: usize = 9;

/// Gives a table another name.
pub(crate) fn table(schema: &mut Schema, from: &str, to: &str) {
    for table in &mut schema.tables {
        for reference in table.references.iter_mut().filter(|reference| reference.table == from) {
            to.clone_into(&mut reference.table);
        }
        if table.name == from {
            let previous = table.clone();
            to.clone_into(&mut table.name);
            names_of(&previous, table);
        }
    }
    schema.tables.sort_by(|left, right| left.name.cmp(&right.name));
}

/// Gives a column another name.
pub(crate) fn column(schema: &mut Schema, of: &str, from: &str, to: &str) {
    let rename = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    for table in &mut schema.tables {
        for reference in table.references.iter_mut().filter(|reference| reference.table == of) {
            reference.target.iter_mut().for_each(rename);
        }
        if table.name != of {
            continue;
        }
        let previous = table.clone();
        for column in &mut table.columns {
            rename(&mut column.name);
            if let Some(generated) = &mut column.generated {
                generated.expression.rename(from, to);
            }
        }
        table.key.iter_mut().for_each(rename);
        table.uniques.iter_mut().flat_map(|unique| &mut unique.columns).for_each(rename);
        table.references.iter_mut().flat_map(|reference| &mut reference.columns).for_each(rename);
        for index in &mut table.indexes {
            index.columns.iter_mut().for_each(|part| rename(&mut part.column));
            if let Some(predicate) = &mut index.predicate {
                predicate.rename(from, to);
            }
        }
        for check in &mut table.checks {
            check.expression.rename(from, to);
        }
        names_of(&previous, table);
    }
}

/// Derives the names anew that were derived before. Both tables have the same parts in the same order.
fn names_of(previous: &Table, table: &mut Table) {
    let (before, after) = (previous.name.as_str(), table.name.clone());
    for (was, is) in previous.uniques.iter().zip(&mut table.uniques) {
        derive(&mut is.name, (before, &texts(&was.columns)), (&after, &texts(&is.columns)), "key");
    }
    for (was, is) in previous.references.iter().zip(&mut table.references) {
        derive(&mut is.name, (before, &texts(&was.columns)), (&after, &texts(&is.columns)), "fkey");
    }
    for (was, is) in previous.indexes.iter().zip(&mut table.indexes) {
        let columns = |index: &crate::schema::Index| -> Vec<String> {
            index.columns.iter().map(|part| part.column.clone()).collect()
        };
        let (were, are) = (columns(was), columns(is));
        derive(&mut is.name, (before, &texts(&were)), (&after, &texts(&are)), "idx");
    }
    for (was, is) in previous.checks.iter().zip(&mut table.checks) {
        let (were, are) = (was.expression.mentions(), is.expression.mentions());
        let are: Vec<String> = are.into_iter().map(ToOwned::to_owned).collect();
        derive(&mut is.name, (before, &were), (&after, &texts(&are)), "check");
    }
    table.sort();
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Replaces a derived name; `suffix` is what such names end in, with a number from the second on.
fn derive(name: &mut String, before: (&str, &[&str]), after: (&str, &[&str]), suffix: &str) {
    for number in 1..=MOST {
        let suffix = if number == 1 { suffix.to_owned() } else { format!("{suffix}{number}") };
        if *name == names::constraint(before.0, before.1, &suffix) {
            *name = names::constraint(after.0, after.1, &suffix);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::change::Change;
    use crate::expr::{Binary, Expr, Expression, Literal};
    use crate::schema::{Action, Check, Column, Reference, Schema, Table, Type, Unique};

    fn column(name: &str) -> Column {
        Column { name: name.into(), ty: Type::I64, nullable: false, automatic: false, default: None, generated: None }
    }

    fn table(name: &str, columns: &[&str]) -> Table {
        Table {
            name: name.into(),
            columns: columns.iter().map(|name| column(name)).collect(),
            key: vec![columns[0].into()],
            uniques: Vec::new(),
            indexes: Vec::new(),
            references: Vec::new(),
            checks: Vec::new(),
            followed: false,
        }
    }

    #[test]
    fn what_names_a_table_or_a_column_follows_it() {
        let mut users = table("users", &["id", "mail"]);
        users.uniques.push(Unique { name: "users_mail_key".into(), columns: vec!["mail".into()] });
        users.uniques.push(Unique { name: "mine".into(), columns: vec!["id".into(), "mail".into()] });
        users.uniques.sort_by(|left, right| left.name.cmp(&right.name));
        let positive = Expr::Binary {
            op: Binary::Greater,
            left: Box::new(Expr::Column("mail".into())),
            right: Box::new(Expr::Literal(Literal::Integer(0))),
        };
        users.checks.push(Check { name: "users_mail_check".into(), expression: Expression::Portable(positive) });
        let mut posts = table("posts", &["id", "author"]);
        posts.references.push(Reference {
            name: "posts_author_fkey".into(),
            columns: vec!["author".into()],
            table: "users".into(),
            target: vec!["mail".into()],
            on_delete: Action::Refuse,
        });
        let mut schema = Schema { database: "shop".into(), tables: vec![posts, users] };
        let renames = [
            Change::RenameColumn { table: "users".into(), from: "mail".into(), to: "email".into() },
            Change::RenameTable { from: "users".into(), to: "accounts".into() },
        ];
        for rename in &renames {
            schema.apply(rename).expect("it fits");
        }
        let accounts = schema.table("accounts").expect("the table");
        let names: Vec<&str> = accounts.uniques.iter().map(|unique| unique.name.as_str()).collect();
        assert_eq!(names, ["accounts_email_key", "mine"]);
        assert_eq!(accounts.checks[0].name, "accounts_email_check");
        assert_eq!(accounts.checks[0].expression.mentions(), ["email"]);
        let reference = &schema.table("posts").expect("the table").references[0];
        assert_eq!((reference.table.as_str(), reference.target[0].as_str()), ("accounts", "email"));
    }
}
